//! What the sends share: the rules of a step, what a message asks for, and the texts.

mod content;
mod order;
mod rules;

pub use content::{Content, check_blank, doubts};
pub use order::{Ask, Order, Terms, Time, is_abroad, local};
pub use rules::{Account, Numbers, Purpose, Rules, TextPolicy, cost, national};

use std::sync::Arc;

use jiff::Timestamp;

use crate::component::Error;
use crate::sms::tracker;

/// A request, with what each of its recipients gets, in their order.
#[derive(Debug, Clone)]
pub struct Sending<R> {
    /// The request.
    pub request: R,
    /// What each recipient gets.
    pub contents: Vec<Arc<Content>>,
    /// When; `None` for at once.
    pub at: Option<Timestamp>,
}

/// What is said of a marketing message that has to wait.
pub const DEFERRED: &str = "marketing is not sent at this hour where the recipient is (8:00 to \
    20:00, not on Sundays and public holidays): it leaves at sendAt";

/// A tracker must be one.
///
/// # Errors
/// Names the field.
pub fn check_tracker(field: &str, tracker: &str) -> Result<(), Error> {
    if tracker::is_valid(tracker) {
        return Ok(());
    }
    Err(Error::invalid(field, "must be 1 to 49 letters and digits"))
}
