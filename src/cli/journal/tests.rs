//! What the tests of these commands share.

use jiff::Timestamp;

use crate::component::{MessageKey, Scope};
use crate::journal::{Entry, State};

/// An entry in doubt, of this message and place.
pub fn entry(message: u8, slot: u32) -> Entry {
    Entry {
        message: MessageKey([message; 32]),
        slot,
        scope: Scope([1; 16]),
        action: "sendSms".to_owned(),
        state: State::Unknown,
        at: Timestamp::UNIX_EPOCH,
        settled: None,
        resent: false,
        code: None,
        parts: None,
        tracker: None,
        last_digits: None,
        number: None,
        account: None,
        data: None,
    }
}
