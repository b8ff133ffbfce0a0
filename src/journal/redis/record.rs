//! How a slot is written down in Redis: a head of fixed width that the scripts read, and a body of
//! JSON that they only carry.
//!
//! ```text
//! 1 version | 1 state | 1 doubt | 16 owner | 16 token | 16 scope | 16 claimed | 16 settled | body
//! ```
//!
//! Times are microseconds since 1970 by the server's clock, in decimal digits; what is not settled has
//! dashes there. The doubt is `?` when the claim resends a slot that was unknown, otherwise `-`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::component::{
    AccountMark, Error, Fallout, Kept, Kind, Known, MessageKey, NumberHash, Scope,
};
use crate::journal::{Entry, State};

const VERSION: u8 = b'1';
const HEAD: usize = 83;
const NOT_SETTLED: &[u8; 16] = &[b'-'; 16];

/// A random number of 16 bytes: an owner, or an attempt's token.
pub(super) type Id = [u8; 16];

/// What the scripts only carry. A reader ignores fields that it does not know; what it must not
/// ignore gets a new version of the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Body {
    /// The action.
    #[serde(rename = "a")]
    pub action: Box<str>,
    /// The tracker.
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    pub tracker: Option<Box<str>>,
    /// The keyed hash of the number, in hexadecimal digits.
    #[serde(rename = "h", default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<Box<str>>,
    /// The number's last two digits.
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    pub digits: Option<Box<str>>,
    /// The account's mark, in hexadecimal digits.
    #[serde(rename = "k", default, skip_serializing_if = "Option::is_none")]
    pub account: Option<Box<str>>,
    /// iSendPro's return code.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub code: Option<i64>,
    /// SMS parts billed.
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    pub parts: Option<u32>,
    /// What the action remembers.
    #[serde(rename = "x", default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Box<str>>,
}

impl Body {
    pub fn encode(&self) -> Vec<u8> {
        // Texts and numbers under fixed names always have a JSON.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The number's hash.
    pub fn number(&self) -> Option<NumberHash> {
        eight_bytes(self.hash.as_deref()).map(NumberHash)
    }

    /// The account's mark.
    pub fn account(&self) -> Option<AccountMark> {
        eight_bytes(self.account.as_deref()).map(AccountMark)
    }

    /// With what an outcome adds.
    pub fn with(mut self, fallout: &Fallout) -> Self {
        match fallout {
            Fallout::Accepted(kept) => {
                (self.code, self.parts) = (kept.code, kept.parts);
                self.data.clone_from(&kept.data);
            }
            Fallout::Refused { code } => self.code = *code,
            Fallout::Released | Fallout::Unknown => {}
        }
        self
    }
}

fn eight_bytes(digits: Option<&str>) -> Option<[u8; 8]> {
    let digits = digits.filter(|it| it.len() == 16)?;
    u64::from_str_radix(digits, 16).ok().map(u64::to_be_bytes)
}

/// A slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub state: State,
    pub owner: Id,
    pub token: Id,
    pub scope: Scope,
    pub at: Timestamp,
    /// When the script settled it; not written here.
    pub settled: Option<Timestamp>,
    /// Whether it was claimed again although it may have been sent; not written here.
    pub resent: bool,
    pub body: Body,
}

impl Record {
    pub fn encode(&self) -> Vec<u8> {
        let state = match self.state {
            State::Claimed => b'c',
            State::Accepted => b'a',
            State::Refused => b'r',
            State::Unknown => b'u',
        };
        let mut bytes = vec![VERSION, state, b'-'];
        bytes.extend(self.owner);
        bytes.extend(self.token);
        bytes.extend(self.scope.0);
        bytes.extend(format!("{:016}", self.at.as_microsecond()).as_bytes());
        bytes.extend(NOT_SETTLED);
        bytes.extend(self.body.encode());
        bytes
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        match bytes.first() {
            Some(&VERSION) => Self::parse(bytes).ok_or_else(damaged),
            Some(&version) => Err(strange(char::from(version))),
            None => Err(damaged()),
        }
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let (head, body) = bytes.split_at_checked(HEAD)?;
        let state = match head[1] {
            b'c' => State::Claimed,
            b'a' => State::Accepted,
            b'r' => State::Refused,
            b'u' => State::Unknown,
            _ => return None,
        };
        Some(Self {
            state,
            owner: head[3..19].try_into().ok()?,
            token: head[19..35].try_into().ok()?,
            scope: Scope(head[35..51].try_into().ok()?),
            at: time(&head[51..67])?,
            settled: if &head[67..] == NOT_SETTLED { None } else { Some(time(&head[67..])?) },
            resent: head[2] == b'?',
            body: serde_json::from_slice(body).ok()?,
        })
    }

    /// What a claim says of it, if it is claimed no more.
    pub fn known(self) -> Known {
        if self.state == State::Accepted {
            let Body { code, parts, data, .. } = self.body;
            Known::Accepted(Kept { at: self.at, code, parts, data })
        } else {
            Known::Unknown { since: self.at, tracker: self.body.tracker.map(String::from) }
        }
    }

    /// What people see of it.
    pub fn entry(self, message: MessageKey, slot: u32) -> Entry {
        let (number, account) = (self.body.number(), self.body.account());
        Entry {
            message,
            slot,
            scope: self.scope,
            action: self.body.action.into(),
            state: self.state,
            at: self.at,
            settled: self.settled,
            resent: self.resent,
            code: self.body.code,
            parts: self.body.parts,
            tracker: self.body.tracker.map(String::from),
            number,
            last_digits: self.body.digits.map(String::from).filter(|it| !it.is_empty()),
            account,
            data: self.body.data,
        }
    }
}

/// A time, as the scripts write it.
pub(super) fn time(digits: &[u8]) -> Option<Timestamp> {
    let micros = std::str::from_utf8(digits).ok()?.parse().ok()?;
    Timestamp::from_microsecond(micros).ok()
}

/// The error of a record of another version.
pub(super) fn strange(version: impl std::fmt::Display) -> Error {
    Error::new(
        Kind::Unavailable,
        format!("the journal holds a record of version {version:?}", version = version.to_string()),
    )
    .hint("use the version of the connector that wrote it, or a later one")
}

fn damaged() -> Error {
    Error::new(Kind::Unavailable, "the journal holds a record that is damaged")
        .hint("restore the journal's Redis from a backup, or give it another prefix")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sample() -> Record {
        Record {
            state: State::Accepted,
            owner: *b"0123456789abcdef",
            token: *b"ABCDEFGHIJKLMNOP",
            scope: Scope(*b"abcdefghijklmnop"),
            at: Timestamp::from_microsecond(1_795_000_000_123_456).unwrap(),
            settled: None,
            resent: false,
            body: Body {
                action: "sendSms".into(),
                tracker: Some("t1".into()),
                hash: Some("0011223344556677".into()),
                digits: Some("78".into()),
                account: None,
                code: Some(0),
                parts: Some(2),
                data: Some(r#"{"a":1}"#.into()),
            },
        }
    }

    /// What was written once has to be read for ever.
    #[test]
    fn the_first_version_stays_readable() {
        let written = "1a-0123456789abcdefABCDEFGHIJKLMNOPabcdefghijklmnop1795000000123456\
            ----------------{\"a\":\"sendSms\",\"t\":\"t1\",\"h\":\"0011223344556677\",\"d\":\"78\",\
            \"c\":0,\"p\":2,\"x\":\"{\\\"a\\\":1}\"}";
        assert_eq!(String::from_utf8(sample().encode()).unwrap(), written);
        assert_eq!(Record::decode(written.as_bytes()).unwrap(), sample());
        let later = written.replace("\"p\":2", "\"p\":2,\"later\":[]");
        assert_eq!(Record::decode(later.as_bytes()).unwrap(), sample());
        let other = Record::decode(format!("2{}", &written[1..]).as_bytes()).unwrap_err();
        assert!(other.to_string().contains("version \"2\""), "{other}");
        let mut marked = sample();
        marked.body.account = Some("8899aabbccddeeff".into());
        let with_account = written.replace(",\"c\":0", ",\"k\":\"8899aabbccddeeff\",\"c\":0");
        assert_eq!(String::from_utf8(marked.encode()).unwrap(), with_account);
        assert_eq!(Record::decode(with_account.as_bytes()).unwrap(), marked);
        let settled = written.replace("1a-", "1a?").replace(&"-".repeat(16), "1795000000123457");
        let settled = Record::decode(settled.as_bytes()).unwrap();
        assert!(settled.resent && settled.settled.is_some_and(|it| it > settled.at));
        assert!(Record::decode(&written.as_bytes()[..80]).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(mut bytes: Vec<u8>, head in any::<bool>()) {
            if head {
                bytes.splice(0..0, sample().encode()[..HEAD].to_vec());
            }
            prop_assert!(Record::decode(&bytes).is_err() || bytes.len() > HEAD);
        }
    }
}
