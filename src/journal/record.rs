//! What a store remembers of a slot: its states, how they follow each other, and how it is written.
//! Pure: the time and the owners come from outside.

mod encoding;
mod secret;
#[cfg(test)]
mod tests;

use jiff::Timestamp;

use super::ledger::Seen;
use super::{Entry, Filter, State};
use crate::component::{
    AccountMark, Fallout, Kept, Known, MessageKey, NumberHash, Scope, Seal, Slot, Wanted,
};

pub use encoding::Unreadable;
pub use secret::Secret;

/// Who claims: random, another for each opened store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Owner(pub [u8; 16]);

/// What is remembered of a number: enough to find it again by somebody who knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The first 8 bytes of the number's HMAC-SHA256 under the store's secret, sealed.
    pub hash: [u8; 8],
    /// Its last two digits; fewer, if it has no more, and none of what is not a number.
    pub last_digits: String,
}

impl Mark {
    /// The number's hash, as people and the command line see it.
    pub fn number(&self) -> NumberHash {
        NumberHash(self.hash)
    }
}

/// A slot that is not free.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The state. A claim of a dead owner is still written as claimed.
    pub state: State,
    /// Who claimed it last.
    pub owner: Owner,
    /// The claim that the state is of, or the claim whose late acceptance was written.
    pub attempt: u64,
    /// Whether the claim was made although an earlier one may have been sent. That happens once.
    pub resent: bool,
    /// When it was claimed, to the microsecond.
    pub claimed: Timestamp,
    /// When its state was last settled, to the microsecond.
    pub settled: Option<Timestamp>,
    /// The run or step.
    pub scope: Scope,
    /// The action's name.
    pub action: String,
    /// The tracker that went with it.
    pub tracker: Option<String>,
    /// The number's mark.
    pub mark: Option<Mark>,
    /// The account's.
    pub account: Option<AccountMark>,
    /// iSendPro's return code.
    pub code: Option<i64>,
    /// SMS parts billed.
    pub parts: Option<u32>,
    /// What else an action remembers of the answer.
    pub data: Option<Box<str>>,
}

/// What a slot means for somebody who wants to claim it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It can be claimed.
    Free,
    /// A living owner is calling it.
    Busy,
    /// It was called before and may not be called again.
    Known(Known),
}

/// What to do with a slot's record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It stays as it is.
    Keep,
    /// It is replaced by this one.
    Write(Box<Record>),
    /// It goes: the slot is free.
    Remove,
}

impl Change {
    /// The slot's record is replaced by this one.
    pub fn write(record: Record) -> Self {
        Self::Write(Box::new(record))
    }
}

/// Who claims, when, by which attempt.
#[derive(Debug, Clone, Copy)]
pub struct Claimant {
    /// The owner.
    pub owner: Owner,
    /// The attempt's token, which no other attempt has.
    pub attempt: u64,
    /// The time.
    pub now: Timestamp,
}

impl Record {
    /// The record of a slot that is being claimed.
    pub fn claimed(by: Claimant, wanted: &Wanted<'_>, slot: &Slot<'_>, secret: &Secret) -> Self {
        Self {
            state: State::Claimed,
            owner: by.owner,
            attempt: by.attempt,
            resent: false,
            claimed: whole_microseconds(by.now),
            settled: None,
            scope: wanted.scope,
            action: wanted.action.to_owned(),
            tracker: slot.tracker.map(str::to_owned),
            mark: secret.mark_of(slot),
            account: wanted.account.as_ref().map(|it| secret.account(it)),
            code: None,
            parts: None,
            data: None,
        }
    }

    /// The record of a claim on a slot that may have been sent before.
    #[must_use]
    pub fn sent_again(self) -> Self {
        Self { resent: true, ..self }
    }

    /// The record of a store without a key, as one with this seal has it.
    #[must_use]
    pub fn sealed(self, seal: &Seal) -> Self {
        Self {
            mark: self.mark.map(|it| Mark { hash: seal.of(it.hash), ..it }),
            account: self.account.map(|it| AccountMark(seal.of(it.0))),
            ..self
        }
    }

    /// Whether this owner claimed it.
    pub fn is_of(&self, owner: Owner) -> bool {
        self.owner == owner
    }

    /// What this slot means for a claim. `alive` says whether the owner of a claim is.
    pub fn standing(&self, alive: bool, resend: bool) -> Standing {
        match self.seen(alive) {
            State::Claimed => Standing::Busy,
            State::Refused => Standing::Free,
            State::Unknown if resend && !self.resent => Standing::Free,
            State::Unknown => Standing::Known(Known::Unknown {
                since: self.claimed,
                tracker: self.tracker.clone(),
            }),
            State::Accepted => Standing::Known(Known::Accepted(Kept {
                at: self.claimed,
                code: self.code,
                parts: self.parts,
                data: self.data.clone(),
            })),
        }
    }

    /// The state as it has to be taken: what a dead owner claimed is unknown.
    pub fn seen(&self, alive: bool) -> State {
        match self.state {
            State::Claimed if !alive => State::Unknown,
            state => state,
        }
    }

    /// When it was last written.
    pub fn written(&self) -> Timestamp {
        self.settled.map_or(self.claimed, |it| it.max(self.claimed))
    }

    /// The record of a claim whose owner has died.
    #[must_use]
    pub fn given_up(self, now: Timestamp) -> Self {
        self.settled_as(State::Unknown, now)
    }

    /// What an attempt's outcome, that may come late, makes of the slot. A slot that nobody
    /// mentions gets [`Fallout::Unknown`].
    ///
    /// An acceptance is always written: what was accepted, was. Any other outcome is that of the
    /// attempt which still has the claim, or it changes nothing. Where an earlier claim may have been
    /// sent, nothing frees the slot.
    pub fn settle(self, attempt: u64, fallout: &Fallout, now: Timestamp) -> Change {
        let own = self.state == State::Claimed && self.attempt == attempt;
        match fallout {
            Fallout::Accepted(_) if self.state == State::Accepted => Change::Keep,
            Fallout::Accepted(kept) => Change::write(Self {
                attempt,
                code: kept.code,
                parts: kept.parts,
                data: kept.data.clone(),
                ..self.settled_as(State::Accepted, now)
            }),
            _ if !own => Change::Keep,
            _ if self.resent => Change::write(self.settled_as(State::Unknown, now)),
            Fallout::Refused { code } => {
                Change::write(Self { code: *code, ..self.settled_as(State::Refused, now) })
            }
            Fallout::Unknown => Change::write(self.settled_as(State::Unknown, now)),
            Fallout::Released => Change::Remove,
        }
    }

    /// What a person's word that it was accepted makes of the slot, if it is in doubt.
    pub fn accept(self, alive: bool, now: Timestamp) -> Change {
        match self.seen(alive) {
            State::Unknown => Change::write(self.settled_as(State::Accepted, now)),
            _ => Change::Keep,
        }
    }

    fn settled_as(self, state: State, now: Timestamp) -> Self {
        Self { state, settled: Some(whole_microseconds(now)), ..self }
    }

    /// Whether the filter means this slot.
    pub fn is_meant(&self, message: MessageKey, slot: u32, alive: bool, by: &Sought) -> bool {
        let seen = Seen {
            message,
            slot,
            state: self.seen(alive),
            at: self.claimed,
            tracker: self.tracker.as_deref(),
            number: self.mark.as_ref().map(Mark::number),
        };
        by.filter.means(&seen, by.number)
    }

    /// The slot as people see it.
    pub fn into_entry(self, message: MessageKey, slot: u32, alive: bool) -> Entry {
        Entry {
            message,
            slot,
            scope: self.scope,
            state: self.seen(alive),
            action: self.action,
            at: self.claimed,
            settled: self.settled,
            resent: self.resent,
            code: self.code,
            parts: self.parts,
            tracker: self.tracker,
            number: self.mark.as_ref().map(Mark::number),
            last_digits: self.mark.map(|it| it.last_digits).filter(|it| !it.is_empty()),
            account: self.account,
            data: self.data,
        }
    }
}

/// A filter, with the hash of the number that it names.
#[derive(Debug, Clone)]
pub struct Sought {
    filter: Filter,
    number: Option<NumberHash>,
}

impl Sought {
    /// Makes the filter ready for a store with this secret.
    pub fn new(filter: &Filter, secret: &Secret) -> Self {
        let mark = filter.tel.as_deref().and_then(|tel| secret.mark(tel));
        Self { filter: filter.clone(), number: mark.map(|it| it.number()) }
    }

    /// The one message that is meant, if it is one.
    pub fn message(&self) -> Option<MessageKey> {
        self.filter.message
    }
}

/// The time as it is written, so that a record is the same before and after.
fn whole_microseconds(time: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(time.as_microsecond()).unwrap_or(time)
}
