//! Runs in which the id alone tells what is the same: what an id was used for before.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::sync::atomic::Ordering;

use super::call::{Call, not_sent};
use super::memory::{Amnesia, Remembered};
use super::past::History;
use crate::component::{Error, Job, Kind, Outcome, Problem, Reason, Slot, Ticket, WHOLE};

/// The error of a message whose id counts, and is another's. `called` says whether some of its
/// recipients may have been sent to under that id: then nobody may be told that nothing was sent.
pub(super) fn used_for_others(called: bool) -> Error {
    let said = "was used before, for other recipients, in another order, or for something else";
    let error = Error::invalid("reference", said).in_own_words();
    if called {
        let what = format!("{}; some of these were sent to then, or may have been", error.what);
        return Error { kind: Kind::Unknown, what, ..error };
    }
    error.hint("give each message a reference, or an id, of its own")
}

/// The outcome of a message that came before, where the journal cannot say for whom: an acceptance is
/// perhaps about somebody else.
pub(super) fn for_nobody_knows_whom() -> Outcome {
    let said = "this message came before, and the journal cannot say for whom";
    Outcome::InDoubt(Problem::new(Reason::Unavailable, said))
}

impl Call<'_> {
    /// Whether the id is another's by now: what is said of its request then.
    pub(super) fn conflict_in(
        &self,
        job: &dyn Job,
        index: usize,
        history: &History,
    ) -> Option<Outcome> {
        self.remembered.filter(Remembered::by_id)?;
        if !self.is_for_others(job, index, history) {
            return None;
        }
        self.for_others.store(true, Ordering::Relaxed);
        let called = self.has_called(job, index, history);
        let problem = Problem::new(Reason::Other, used_for_others(called).what);
        Some(if called { Outcome::InDoubt(problem) } else { Outcome::Refused(problem) })
    }

    /// The same, as the journal has it now.
    ///
    /// # Errors
    /// When the journal cannot be read.
    async fn conflict(&self, job: &dyn Job, index: usize) -> Result<Option<Outcome>, Error> {
        let Some(remembered) = self.remembered.filter(Remembered::by_id) else { return Ok(None) };
        let history = History::new(remembered.recall().await?);
        Ok(self.conflict_in(job, index, &history))
    }

    /// Whether a recipient of this request may have been sent to, at whatever place.
    pub(super) fn has_called(&self, job: &dyn Job, index: usize, history: &History) -> bool {
        let number = |tel: &str| self.remembered.and_then(|it| it.journal.number(tel));
        let slots = self.slots(job, index);
        slots.iter().any(|slot| history.has_called(slot.index, number(slot.tel)))
    }

    /// Whether the id was used for other recipients than those of this request.
    pub(super) fn is_for_others(&self, job: &dyn Job, index: usize, history: &History) -> bool {
        let number = |tel: &str| self.remembered.and_then(|it| it.journal.number(tel));
        // Several texts for one number have a slot each.
        let everyone: OnceCell<HashMap<u32, &str>> = OnceCell::new();
        let now = |slot: u32| {
            let slots = || job.everyone().into_iter().map(|it| (it.index, it.tel)).collect();
            everyone.get_or_init(slots).get(&slot).and_then(|tel| number(tel))
        };
        let slots = self.slots(job, index);
        slots.iter().any(|slot| history.is_for_others(slot.index, number(slot.tel), now))
    }

    /// What a request does that must happen at most once. Where the id tells what is the same, what has
    /// no number is marked with what it was used for.
    pub(super) fn slots<'s>(&'s self, job: &'s dyn Job, index: usize) -> Vec<Slot<'s>> {
        let mut slots = job.slots(index);
        if let Some(purpose) = &self.purpose {
            let whole = slots.iter_mut().filter(|it| it.index == WHOLE);
            whole.for_each(|it| it.tel = purpose);
        }
        slots
    }

    /// Looks once more when a claim is granted: another message of the same id may have claimed the
    /// same number for another place at the same moment, so that at most one of them goes on; or this
    /// same message may have been told as not sent.
    ///
    /// # Errors
    /// What became of the request, which is given back.
    pub(super) async fn still_free(
        &self,
        remembered: Remembered<'_>,
        job: &mut dyn Job,
        index: usize,
        ticket: Ticket,
    ) -> Result<(), Outcome> {
        if !remembered.by_id() && self.leaves_to(job).is_none() {
            return Ok(());
        }
        // All of it, before any of it is settled.
        let back = job.fallout(index, &not_sent("it was given back"));
        let conflict = match self.conflict(job, index).await {
            Ok(None) => self.withdrawn_meanwhile(job, index).await,
            other => other,
        };
        let Some(conflict) = conflict.transpose() else { return Ok(()) };
        if let Err(error) = remembered.journal.record(ticket, &back).await {
            tracing::error!(%error, "a claim could not be given back");
            let why = format!("a claim could not be given back: {}", error.what);
            self.forgets(remembered, Amnesia { why, unrecorded: true });
        }
        Err(match conflict {
            Ok(outcome) => outcome,
            Err(error) => self.unclaimed(remembered, &error),
        })
    }
}
