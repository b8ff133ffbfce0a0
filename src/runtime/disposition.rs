//! Decides what a host does with a message: acknowledge it, put it back, report it, or leave it. No
//! other place does.
//!
//! All of it is pure: facts in, a [`Disposition`] out. A host gathers the facts, asks, acts, and asks
//! what follows from how the act went, until the delivery has an [`End`], or stays in its queue:
//!
//! | after | it asks |
//! |---|---|
//! | the engine's verdict | [`disposition`] |
//! | [`Act::PutBack`] | [`after_put_back`] |
//! | [`Act::GiveUp`] | [`after_giving_up`] |
//! | [`Act::Report`] | [`after_report`] |
//! | the wish to stop, before the engine has the message | [`unbegun`], or [`blocked`] where the broker takes nothing |
//! | a message that cannot be read, or has lost its body | [`illegible`], [`without_body`] |
//! | a panic | [`broken`] |

mod end;
mod words;

use std::time::Duration;

use crate::component::{Error, Kind};
use crate::delivery::{JournalFailure, Verdict};
pub use end::End;
pub(super) use end::UNHEARD;
pub(super) use words::defect;

/// For how long a journal that fails is waited for.
pub const JOURNAL_PATIENCE: Duration = Duration::from_secs(300);

/// The facts of a delivery, beside the engine's verdict.
#[derive(Debug, Clone, Copy)]
pub struct Delivery<'a> {
    /// The broker says that it has delivered it before.
    pub redelivered: bool,
    /// It is the copy of a message that was put back.
    pub was_put_back: bool,
    /// It may be put back once more: rebounds are left, and it has not waited for too long.
    pub may_come_back: bool,
    /// The host is being stopped.
    pub stopping: bool,
    /// Nothing is tried for long: a message that was not sent is an error at once.
    pub impatient: bool,
    /// It has waited for the account once.
    pub waited_for_account: bool,
    /// For how long it has waited for the journal; none if it does not wait for it.
    pub waited_for_journal: Option<Duration>,
    /// Why its results could not be published; none if all of them were.
    pub unpublished: Option<&'a Unpublished>,
    /// The action's deed, as a participle: `sent`, `done`.
    pub deed: &'static str,
}

/// Why something was not published.
#[derive(Debug, Clone, PartialEq)]
pub enum Unpublished {
    /// No queue takes it, or the broker does not: it would be so again.
    Unroutable(Error),
    /// The broker is gone, or refuses for too long.
    GaveUp(Error),
}

impl From<Unpublished> for Error {
    fn from(unpublished: Unpublished) -> Self {
        match unpublished {
            Unpublished::Unroutable(error) | Unpublished::GaveUp(error) => error,
        }
    }
}

/// The next act of a host with a delivery, and the end of the host itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Disposition {
    /// The act.
    pub act: Act,
    /// Why the process has to end once that is done. The host takes no more messages before it acts.
    pub fatal: Option<Error>,
}

/// An act of a host with a delivery.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    /// Tells the broker.
    End(End),
    /// Publishes a copy that comes back later, and says why.
    PutBack(String),
    /// Publishes the error with the message that met it.
    Report(Error),
    /// Has the journal note that no copy of the message is to be sent any more, and then reports this.
    GiveUp(Error),
    /// Gives the message to the engine again.
    TryAgain(Until),
    /// Tells the broker nothing, so that it delivers the message to somebody else, and ends the process,
    /// for this reason.
    Leave(Error),
}

/// Until when a host holds a message before it gives it to the engine again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Until {
    /// Not at all.
    Now,
    /// Until the account works.
    AccountWorks,
    /// Until the journal works, which fails for this reason.
    JournalWorks(String),
}

impl From<Act> for Disposition {
    fn from(act: Act) -> Self {
        Self { act, fatal: None }
    }
}

/// Decides by the engine's verdict.
///
/// A message that may have been sent is told, and neither tried again nor put back. A journal that
/// could not be told of it ends the process: no other message may rely on it.
pub fn disposition(verdict: &Verdict, delivery: &Delivery<'_>) -> Disposition {
    if let Some(unpublished) = delivery.unpublished {
        let unrecorded = verdict.journal_failure.as_ref().filter(|it| it.unrecorded);
        return Disposition {
            act: untold(unpublished, verdict),
            fatal: unrecorded.map(words::forgetful),
        };
    }
    let fatal = verdict.journal_failure.as_ref().map(words::forgetful);
    let Some(error) = &verdict.error else {
        return Disposition { act: Act::End(End::of(&verdict.tally)), fatal };
    };
    if may_have_happened(verdict) {
        return Disposition { act: Act::Report(error.clone()), fatal };
    }
    if let Some(failure) = verdict.journal_failure.as_ref().filter(|it| !it.unrecorded)
        && error.retryable()
    {
        return until_the_journal_works(failure, delivery);
    }
    let delivery = Delivery { stopping: delivery.stopping || fatal.is_some(), ..*delivery };
    // Once: where the account works and this message is still too much for it, others go first.
    if verdict.account.is_some() && !delivery.impatient && !delivery.waited_for_account {
        let act = if delivery.stopping {
            unbegun(&delivery).act
        } else {
            Act::TryAgain(Until::AccountWorks)
        };
        return Disposition { act, fatal };
    }
    Disposition { act: unsent(error, &delivery), fatal }
}

/// Decides about a message that a host has not begun when it is to stop. One that was delivered before
/// stays in the queue: a copy of it would not say so, and be taken for new.
pub fn unbegun(delivery: &Delivery<'_>) -> Disposition {
    let why = words::STOPPING;
    if delivery.redelivered {
        return Act::Leave(Error::new(Kind::NotSent, why)).into();
    }
    Act::PutBack(why.to_owned()).into()
}

/// Decides about a message that a host has not begun when it is to stop, because the broker takes
/// nothing: no copy of it either.
pub fn blocked() -> Disposition {
    Act::Leave(words::blocked()).into()
}

/// Decides about a message that a defect has stopped.
pub fn broken() -> Disposition {
    Act::Report(words::defect()).into()
}

/// Decides about a message that cannot be read. That it was delivered before is no matter: nobody can
/// have sent what nobody can read.
pub fn illegible(error: Error) -> Disposition {
    Act::Report(error).into()
}

/// Decides about a message whose body cannot be had. Without it the journal cannot be asked either
/// what an earlier delivery has done: it may have sent the message.
pub fn without_body(error: Error, delivery: &Delivery<'_>) -> Disposition {
    let came_before = delivery.redelivered || delivery.was_put_back;
    let error = if came_before { words::after_another(error, delivery.deed) } else { error };
    Act::Report(error).into()
}

/// Decides once a copy was published that comes back after `wait`, or could not be published. Where there
/// are two copies, the other one may have been sent.
pub fn after_put_back(
    published: Result<(), Unpublished>,
    wait: Duration,
    delivery: &Delivery<'_>,
) -> Disposition {
    let act = match published {
        Ok(()) => Act::End(End::PutBack(wait)),
        Err(Unpublished::Unroutable(error)) if delivery.was_put_back => {
            Act::Report(words::after_another(error, delivery.deed))
        }
        Err(Unpublished::Unroutable(error)) => Act::Report(error),
        Err(Unpublished::GaveUp(error)) => Act::Leave(error),
    };
    act.into()
}

/// Decides once the journal was asked to give a message up. `given` is false where another copy was
/// faster: the engine tells what became of that one.
pub fn after_giving_up(
    given: Result<bool, JournalFailure>,
    error: Error,
    delivery: &Delivery<'_>,
) -> Disposition {
    match given {
        Ok(true) => Act::Report(error).into(),
        Ok(false) => Act::TryAgain(Until::Now).into(),
        Err(failure) => until_the_journal_works(&failure, delivery),
    }
}

/// Decides once an error was published, or could not be. A message that nobody can be told of stays in
/// the queue.
pub fn after_report(published: Result<(), Unpublished>) -> Disposition {
    let act = match published {
        Ok(()) => Act::End(End::Failed),
        Err(Unpublished::Unroutable(error)) => Act::Leave(words::untellable(&error)),
        Err(Unpublished::GaveUp(error)) => Act::Leave(error),
    };
    act.into()
}

/// True if something of a message may have happened: then it is told, whatever else there is.
fn may_have_happened(verdict: &Verdict) -> bool {
    let is_unknown = |it: &Error| it.kind == Kind::Unknown;
    verdict.tally.accepted + verdict.tally.unknown > 0
        || verdict.error.as_ref().is_some_and(is_unknown)
}

/// A message whose results could not be published.
fn untold(unpublished: &Unpublished, verdict: &Verdict) -> Act {
    match unpublished {
        Unpublished::GaveUp(error) => Act::Leave(error.clone()),
        Unpublished::Unroutable(error) if may_have_happened(verdict) => {
            Act::Report(words::result_lost(error))
        }
        Unpublished::Unroutable(error) => Act::Report(error.clone()),
    }
}

/// A message of which nothing was sent, for a reason that is not the journal's.
fn unsent(error: &Error, delivery: &Delivery<'_>) -> Act {
    // A step that is being stopped puts back once more than it may: the message has done nothing.
    if error.retryable() && (delivery.may_come_back || delivery.stopping) {
        // Neither the log nor a header, which nobody encrypts, shows the words of others.
        return Act::PutBack(error.logged().to_string());
    }
    if delivery.was_put_back { Act::GiveUp(error.clone()) } else { Act::Report(error.clone()) }
}

/// A message whose claim could not be written is neither lost nor sent: it stays where it is.
fn until_the_journal_works(failure: &JournalFailure, delivery: &Delivery<'_>) -> Disposition {
    let too_long = delivery.waited_for_journal.is_some_and(|it| it > JOURNAL_PATIENCE);
    if too_long || delivery.stopping {
        return Act::Leave(words::forgetful(failure)).into();
    }
    Act::TryAgain(Until::JournalWorks(failure.why.clone())).into()
}

#[cfg(test)]
mod tests;
