//! How a record is written: one byte of version, a head of fixed places, then what varies.
//!
//! | bytes | what |
//! | --- | --- |
//! | 1 | version: 2 with an account, otherwise 1 |
//! | 1 | state: `C`laimed, `A`ccepted, `R`efused, `U`nknown |
//! | 16 | owner |
//! | 8 | attempt |
//! | 8 | claimed: microseconds since 1970, signed |
//! | 8 | settled, the same; the lowest number of all when it is not |
//! | 16 | scope |
//! | 1 | bits: 1 code, 2 parts, 4 tracker, 8 mark, 16 data, 32 sent again, 64 account |
//! | 4 + n | action: its length and its UTF-8 |
//! | 8 | code, signed, if there is one |
//! | 4 | parts, if there are any |
//! | 4 + n | tracker, if there is one |
//! | 8, 4 + n | the number's hash and last digits, if there is one |
//! | 4 + n | data, if there is any |
//! | 8 | the account's mark, if there is one |
//!
//! All numbers are big-endian. A later version changes the first byte; this one reads these two.

use std::fmt;

use jiff::Timestamp;

use super::{Mark, Owner, Record, State};
use crate::component::{AccountMark, Scope};

/// The latest version that is written and read.
const VERSION: u8 = 2;
/// The version of a record without an account: as it was written before there were any.
const WITHOUT_ACCOUNT: u8 = 1;

const NOT_SETTLED: i64 = i64::MIN;

const CODE: u8 = 1;
const PARTS: u8 = 2;
const TRACKER: u8 = 4;
const MARK: u8 = 8;
const DATA: u8 = 16;
const RESENT: u8 = 32;
const ACCOUNT: u8 = 64;

/// Why a record cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    /// Another version has written it.
    Version(u8),
    /// It is cut off, or nothing that this version writes.
    Damaged,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(it) => write!(
                f,
                "has a record of version {it}, and this version of the connector reads {VERSION}"
            ),
            Self::Damaged => write!(f, "has a damaged record"),
        }
    }
}

impl Record {
    /// The record as it is written.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(128);
        let version = if self.account.is_some() { VERSION } else { WITHOUT_ACCOUNT };
        out.extend([version, state_letter(self.state)]);
        out.extend(self.owner.0);
        out.extend(self.attempt.to_be_bytes());
        out.extend(self.claimed.as_microsecond().to_be_bytes());
        let settled = self.settled.map_or(NOT_SETTLED, Timestamp::as_microsecond);
        out.extend(settled.to_be_bytes());
        out.extend(self.scope.0);
        out.push(self.bits());
        put_text(&mut out, &self.action);
        out.extend(self.code.iter().flat_map(|it| it.to_be_bytes()));
        out.extend(self.parts.iter().flat_map(|it| it.to_be_bytes()));
        if let Some(tracker) = &self.tracker {
            put_text(&mut out, tracker);
        }
        if let Some(mark) = &self.mark {
            out.extend(mark.hash);
            put_text(&mut out, &mark.last_digits);
        }
        if let Some(data) = &self.data {
            put_text(&mut out, data);
        }
        out.extend(self.account.iter().flat_map(|it| it.0));
        out
    }

    fn bits(&self) -> u8 {
        let there = [
            (CODE, self.code.is_some()),
            (PARTS, self.parts.is_some()),
            (TRACKER, self.tracker.is_some()),
            (MARK, self.mark.is_some()),
            (DATA, self.data.is_some()),
            (RESENT, self.resent),
            (ACCOUNT, self.account.is_some()),
        ];
        there.iter().filter(|it| it.1).fold(0, |bits, it| bits | it.0)
    }

    /// Reads a record.
    ///
    /// # Errors
    /// When another version has written it, or it is not whole.
    pub fn decode(bytes: &[u8]) -> Result<Self, Unreadable> {
        let mut rest = Rest(bytes);
        let [version] = rest.take()?;
        if ![WITHOUT_ACCOUNT, VERSION].contains(&version) {
            return Err(Unreadable::Version(version));
        }
        let record = rest.record().filter(|_| rest.0.is_empty());
        let written = |it: &Record| it.account.is_some() == (version == VERSION);
        record.filter(written).ok_or(Unreadable::Damaged)
    }
}

/// What is still to be read.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn record(&mut self) -> Option<Record> {
        let [letter] = self.take().ok()?;
        let state = state_of(letter)?;
        let owner = Owner(self.take().ok()?);
        let attempt = u64::from_be_bytes(self.take().ok()?);
        let claimed = Timestamp::from_microsecond(self.number()?).ok()?;
        let settled = match self.number()? {
            NOT_SETTLED => None,
            time => Some(Timestamp::from_microsecond(time).ok()?),
        };
        let scope = Scope(self.take().ok()?);
        let [bits] = self.take().ok()?;
        if bits >= ACCOUNT << 1 {
            return None;
        }
        let has = |bit| bits & bit != 0;
        Some(Record {
            state,
            owner,
            attempt,
            resent: has(RESENT),
            claimed,
            settled,
            scope,
            action: self.text()?,
            code: if has(CODE) { Some(self.number()?) } else { None },
            parts: if has(PARTS) { Some(u32::from_be_bytes(self.take().ok()?)) } else { None },
            tracker: if has(TRACKER) { Some(self.text()?) } else { None },
            mark: if has(MARK) { Some(self.mark()?) } else { None },
            data: if has(DATA) { Some(self.text()?.into()) } else { None },
            account: if has(ACCOUNT) { Some(AccountMark(self.take().ok()?)) } else { None },
        })
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], Unreadable> {
        let (head, rest) = self.0.split_first_chunk().ok_or(Unreadable::Damaged)?;
        self.0 = rest;
        Ok(*head)
    }

    fn number(&mut self) -> Option<i64> {
        self.take().ok().map(i64::from_be_bytes)
    }

    fn text(&mut self) -> Option<String> {
        let length = u32::from_be_bytes(self.take().ok()?);
        let (text, rest) = self.0.split_at_checked(usize::try_from(length).ok()?)?;
        self.0 = rest;
        std::str::from_utf8(text).ok().map(str::to_owned)
    }

    fn mark(&mut self) -> Option<Mark> {
        Some(Mark { hash: self.take().ok()?, last_digits: self.text()? })
    }
}

/// A text longer than 4 GiB does not come this far: a request that large is never made.
fn put_text(out: &mut Vec<u8>, text: &str) {
    out.extend(u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend(text.as_bytes());
}

const fn state_letter(state: State) -> u8 {
    match state {
        State::Claimed => b'C',
        State::Accepted => b'A',
        State::Refused => b'R',
        State::Unknown => b'U',
    }
}

const fn state_of(letter: u8) -> Option<State> {
    match letter {
        b'C' => Some(State::Claimed),
        b'A' => Some(State::Accepted),
        b'R' => Some(State::Refused),
        b'U' => Some(State::Unknown),
        _ => None,
    }
}
