//! What people and the command line need of a store, beside claims.

use jiff::Timestamp;

use crate::component::{BoxFuture, Error, Journal, MessageKey, Scope};

/// A run that has begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// Its scope.
    pub scope: Scope,
    /// How many slots it has accepted already, if it was interrupted and is resumed now.
    pub resumed: Option<u64>,
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
    /// iSendPro's return code.
    pub code: Option<i64>,
    /// SMS parts billed.
    pub parts: Option<u32>,
    /// Its tracker.
    pub tracker: Option<String>,
    /// The last two digits of the number.
    pub last_digits: Option<String>,
}

/// Which entries are meant. All that is given must hold.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// In this state.
    pub state: Option<State>,
    /// Of this message.
    pub message: Option<MessageKey>,
    /// With this tracker.
    pub tracker: Option<String>,
    /// To this number, as it is called.
    pub tel: Option<String>,
    /// Claimed before this.
    pub before: Option<Timestamp>,
}

/// A store that people can look into.
pub trait Ledger: Journal {
    /// What people should know of this store, in words: that it may lose what it is told, say.
    fn warnings(&self) -> &[String] {
        &[]
    }

    /// Says that nothing more is claimed. Without it, what was claimed and not recorded counts as
    /// being called for a while longer.
    fn close(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Begins a run of this job: a new one, or the last one, if that did not end.
    fn begin<'a>(&'a self, job: &'a str) -> BoxFuture<'a, Result<Run, Error>>;

    /// Says that the last run of this job has reached the end of its input.
    fn end<'a>(&'a self, job: &'a str) -> BoxFuture<'a, Result<(), Error>>;

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
