//! What people and the command line need of a store, beside claims.

use std::collections::HashSet;
use std::ops::RangeInclusive;

use jiff::Timestamp;

use super::runs::{Begin, EndedRun, Job, Run};
use crate::component::{
    self, AccountMark, BoxFuture, Error, Journal, MessageKey, NumberHash, Scope,
};

/// For how long a store remembers what is settled, after it was last written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// In days.
    pub days: u32,
    /// Whether the store's address says so; otherwise it is the store's own.
    pub chosen: bool,
}

/// The longest that an address may say: a hundred years.
const MOST_DAYS: u32 = 36_500;

impl Retention {
    /// As an address says it after `keep=`.
    ///
    /// # Errors
    /// When that is no number of days from 1 to 36500.
    pub(super) fn chosen(days: &str) -> Result<Self, Error> {
        let number = days.parse().ok().filter(|it| (1..=MOST_DAYS).contains(it));
        let said = || format!("keep must be 1 to {MOST_DAYS} days, such as keep=90");
        let days = number.ok_or_else(|| Error::config("journal", said()))?;
        Ok(Self { days, chosen: true })
    }

    /// In milliseconds.
    pub fn millis(self) -> u64 {
        u64::from(self.days) * 24 * 3600 * 1000
    }
}

/// The state of a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Somebody is calling it, or died while calling it.
    Claimed,
    /// Accepted.
    Accepted,
    /// Refused; it may be claimed again.
    Refused,
    /// It may have been sent.
    Unknown,
}

/// A slot, as it is remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The message.
    pub message: MessageKey,
    /// The recipient's place in it.
    pub slot: u32,
    /// The run or step.
    pub scope: Scope,
    /// The action's name.
    pub action: String,
    /// The state. A claim of an owner that is known to be dead is `Unknown`.
    pub state: State,
    /// When it was claimed.
    pub at: Timestamp,
    /// When its state was last settled; `None` for a claim that nobody has settled.
    pub settled: Option<Timestamp>,
    /// Whether it was claimed again although it may have been sent before.
    pub resent: bool,
    /// iSendPro's return code.
    pub code: Option<i64>,
    /// SMS parts billed.
    pub parts: Option<u32>,
    /// Its tracker.
    pub tracker: Option<String>,
    /// The last two digits of the number.
    pub last_digits: Option<String>,
    /// The number's hash.
    pub number: Option<NumberHash>,
    /// Whose key it was claimed for, if that was said.
    pub account: Option<AccountMark>,
    /// What else the action remembers of the answer, as JSON.
    pub data: Option<Box<str>>,
}

/// Which entries are meant. All that is given must hold.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// In this state.
    pub state: Option<State>,
    /// Of this message.
    pub message: Option<MessageKey>,
    /// Of a message from the first to the last of these.
    pub messages: Option<RangeInclusive<MessageKey>>,
    /// At this place in its message.
    pub slot: Option<u32>,
    /// With this tracker.
    pub tracker: Option<String>,
    /// With one of these trackers.
    pub trackers: Option<HashSet<String>>,
    /// To this number, as it is called.
    pub tel: Option<String>,
    /// Claimed before this.
    pub before: Option<Timestamp>,
}

/// What a filter looks at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen<'a> {
    /// The message.
    pub message: MessageKey,
    /// The place in it.
    pub slot: u32,
    /// The state, as people see it.
    pub state: State,
    /// When it was claimed.
    pub at: Timestamp,
    /// Its tracker.
    pub tracker: Option<&'a str>,
    /// The number's hash.
    pub number: Option<NumberHash>,
}

impl Filter {
    /// Whether this one is meant. `number` is the hash of [`tel`](Self::tel).
    pub(super) fn means(&self, it: &Seen<'_>, number: Option<NumberHash>) -> bool {
        let Self { state, message, messages, slot, tracker, trackers, tel, before } = self;
        let is_one_of = |them: &HashSet<String>| it.tracker.is_some_and(|own| them.contains(own));
        state.is_none_or(|state| state == it.state)
            && message.is_none_or(|message| message == it.message)
            && messages.as_ref().is_none_or(|range| range.contains(&it.message))
            && slot.is_none_or(|slot| slot == it.slot)
            && tracker.as_ref().is_none_or(|tracker| it.tracker == Some(tracker))
            && trackers.as_ref().is_none_or(is_one_of)
            && before.is_none_or(|before| it.at < before)
            && (tel.is_none() || number.is_some() && number == it.number)
    }
}

/// A store that people can look into.
pub trait Ledger: Journal + component::State {
    /// What people should know of this store, in words: that it may lose what it is told, say.
    fn warnings(&self) -> &[String] {
        &[]
    }

    /// True if it was made when it was opened.
    fn is_new(&self) -> bool {
        false
    }

    /// For how long what is settled is remembered; for ever, unless it says otherwise.
    fn retention(&self) -> Option<Retention> {
        None
    }

    /// True if it remembers all that an open run has sent, however old that is.
    fn spares_open_runs(&self) -> bool {
        false
    }

    /// Whether the store answered when it was last heard of, which is also while nobody claims. A
    /// store that asks nobody always answers.
    fn answers(&self) -> bool {
        true
    }

    /// Says that nothing more is claimed. Without it, what was claimed and not recorded counts as
    /// being called for a while longer.
    fn close(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Begins a run of this job. `first` is the hash of the first message of its input.
    fn begin<'a>(
        &'a self,
        job: &'a Job,
        first: [u8; 32],
        how: Begin,
    ) -> BoxFuture<'a, Result<Run, Error>>;

    /// Says that each message of a run of this job has a final word. A run that sent nothing leaves
    /// nothing behind.
    fn end<'a>(&'a self, job: &'a Job, run: EndedRun) -> BoxFuture<'a, Result<(), Error>>;

    /// The runs of this job that ended within the last [`RECENT`](super::RECENT), the latest last.
    fn ended<'a>(&'a self, job: &'a Job) -> BoxFuture<'a, Result<Vec<EndedRun>, Error>>;

    /// The entries that are meant, oldest first as far as the store knows, `limit` at most.
    fn entries<'a>(
        &'a self,
        filter: &'a Filter,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Entry>, Error>>;

    /// Settles a slot that is `Unknown`, or claimed by a dead owner, as accepted. Says whether it was
    /// one.
    fn accept(&self, message: MessageKey, slot: u32) -> BoxFuture<'_, Result<bool, Error>>;

    /// Forgets the entries that are meant, but never what a living owner has claimed. Says how many.
    /// What is forgotten may be sent again.
    fn forget<'a>(&'a self, filter: &'a Filter) -> BoxFuture<'a, Result<u64, Error>>;
}
