//! Claim, call, record: what may have happened is never done again on its own.

use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::atomic::Ordering;
use std::sync::{MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tracing::{Instrument as _, debug_span};

use super::Engine;
use super::call::{Call, not_sent};
use super::ids::for_nobody_knows_whom;
use super::memory::{Amnesia, Remembered};
use super::past::{History, delivered_before};
use crate::component::{
    Claim, Effect, Error, Fallout, Job, Known, Outcome, PartInfo, Slot, Status, Ticket, Wanted,
    faults,
};

impl Call<'_> {
    /// Claims, calls and records.
    pub(super) async fn once(
        &self,
        job: &mut dyn Job,
        index: usize,
        part: &PartInfo,
    ) -> (Outcome, Vec<u32>) {
        if part.effect != Effect::Once {
            return (self.in_time(job, index, part).await, Vec::new());
        }
        // A doubt that nobody else knows of is of all that it is about.
        let mut doubts = Vec::new();
        if self.came.in_doubt {
            doubts.extend(job.slots(index).iter().map(|it| it.index));
        }
        let Some(remembered) = self.remembered else {
            if self.came.in_doubt && !self.resend {
                return (delivered_before(), doubts);
            }
            return (self.in_time(job, index, part).await, doubts);
        };
        let claiming = self.claim(remembered, job, index).instrument(debug_span!("claim"));
        let ticket = match claiming.await {
            Ok((ticket, again)) => {
                doubts.extend(again);
                ticket
            }
            Err(outcome) => return (outcome, doubts),
        };
        faults::point("after-claim");
        let outcome = if remembered.journal.covers(ticket) {
            self.in_time(job, index, part).await
        } else {
            not_sent("this process was stopped for too long after it had claimed the message")
        };
        faults::point("after-call");
        let fallout = job.fallout(index, &outcome);
        let recording = remembered.journal.record(ticket, &fallout);
        if let Err(error) = recording.instrument(debug_span!("record")).await {
            tracing::error!(%error, "the outcome of a call was not recorded");
            let why = format!("an outcome could not be recorded: {}", error.what);
            self.forgets(remembered, Amnesia { why, unrecorded: true });
        } else {
            self.lets_go(&fallout);
        }
        faults::point("after-record");
        self.doubted.fetch_or(!doubts.is_empty() || is_doubtful(&outcome), Ordering::Relaxed);
        (outcome, doubts)
    }

    /// The slots that this delivery has claimed, and not let go.
    pub(super) fn claimed(&self) -> MutexGuard<'_, Vec<u32>> {
        self.claimed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was not sent is anybody's again.
    fn lets_go(&self, fallout: &[(u32, Fallout)]) {
        let is_free = |it: &Fallout| matches!(it, Fallout::Refused { .. } | Fallout::Released);
        let free: HashSet<u32> =
            fallout.iter().filter(|it| is_free(&it.1)).map(|it| it.0).collect();
        self.claimed().retain(|it| !free.contains(it));
    }

    /// Calls, unless it is too late: waiting for the rate and for claims takes time.
    async fn in_time(&self, job: &dyn Job, index: usize, part: &PartInfo) -> Outcome {
        if let Some(problem) = part.missed() {
            return Outcome::NotSent(problem);
        }
        let once = part.effect == Effect::Once;
        self.under_way.fetch_or(once, Ordering::Relaxed);
        let span =
            debug_span!("call", action = self.engine.name, part = index, otel.kind = "client");
        self.guarded(job, index).instrument(span).await
    }

    /// Claims a request, without what is known of it from an earlier delivery.
    ///
    /// # Errors
    /// What became of the request, if it is not to be called.
    async fn claim(
        &self,
        remembered: Remembered<'_>,
        job: &mut dyn Job,
        index: usize,
    ) -> Result<(Ticket, Vec<u32>), Outcome> {
        // What is in doubt would be granted whoever it was for: it is looked at first.
        let mut resend = false;
        loop {
            if let Some(amnesia) = self.amnesia() {
                return Err(not_sent(&amnesia.why));
            }
            let claim = {
                let slots = self.slots(job, index);
                let wanted = Wanted {
                    message: remembered.key,
                    scope: remembered.scope,
                    action: self.engine.name,
                    account: self.account,
                    slots: &slots,
                    resend,
                    lasts: self.api.longest_call(slots.len()),
                    progress: remembered.progress,
                };
                remembered.journal.claim(wanted).await
            };
            match claim {
                Ok(Claim::Granted(ticket, again)) => {
                    let slots = job.slots(index).into_iter().map(|it| it.index);
                    self.claimed().extend(slots);
                    self.still_free(remembered, job, index, ticket).await?;
                    return Ok((ticket, again));
                }
                Ok(Claim::Known(known)) => {
                    let again = self.resend && !resend;
                    resend |= again;
                    let outcome = self.settle_known(remembered, job, index, (known, again)).await;
                    if let Some(outcome) = outcome {
                        return Err(outcome);
                    }
                }
                Ok(Claim::Busy(wait)) => {
                    self.out.waits("another process has this message in hand", wait);
                    if !self.pause(wait).await {
                        self.elsewhere.store(true, Ordering::Relaxed);
                        return Err(self.unmade_elsewhere(remembered, job, index).await);
                    }
                }
                Err(error) => return Err(self.unclaimed(remembered, &error)),
            }
        }
    }

    /// Leaves out of a request what a claim has answered, compared with what the journal remembers of
    /// it; but not what is to be sent `again`. Says what became of the request, if nothing is left of it.
    async fn settle_known(
        &self,
        remembered: Remembered<'_>,
        job: &mut dyn Job,
        index: usize,
        (known, again): (Vec<(u32, Known)>, bool),
    ) -> Option<Outcome> {
        let history = match remembered.recall().await {
            Ok(past) => History::new(past),
            Err(error) => {
                self.forgets(remembered, unclaimable(&error));
                return Some(for_nobody_knows_whom());
            }
        };
        if let Some(conflict) = self.conflict_in(job, index, &history) {
            return Some(conflict);
        }
        let slots = self.slots(job, index);
        let of: HashMap<u32, &Slot<'_>> = slots.iter().map(|it| (it.index, it)).collect();
        let known = known.into_iter().map(|(slot, known)| match of.get(&slot) {
            Some(asked) => (slot, self.compared(asked, &history, known)),
            None => (slot, known),
        });
        let known = known.filter(|it| !again || !matches!(it.1, Known::Unknown { .. }));
        let known: Vec<_> = known.collect();
        drop(slots);
        if known.is_empty() { None } else { job.settle(index, known) }
    }

    /// What is said of a request that cannot be claimed.
    pub(super) fn unclaimed(&self, remembered: Remembered<'_>, error: &Error) -> Outcome {
        self.forgets(remembered, unclaimable(error));
        not_sent(&error.what)
    }

    /// Why the journal cannot be relied on any more.
    pub(super) fn amnesia(&self) -> Option<Amnesia> {
        let of_all = || self.remembered.and_then(|it| it.failed).and_then(OnceLock::get);
        self.amnesia.get().or_else(of_all).cloned()
    }

    /// Says that the journal cannot be relied on any more. The first to say so is remembered.
    pub(super) fn forgets(&self, remembered: Remembered<'_>, amnesia: Amnesia) {
        if let Some(failed) = remembered.failed {
            failed.get_or_init(|| amnesia.clone());
        }
        self.amnesia.get_or_init(|| amnesia);
    }

    /// Waits; false if the run is stopped before.
    pub(super) async fn pause(&self, wait: Duration) -> bool {
        self.engine.pause(wait).await
    }
}

impl Engine {
    /// Waits; false if the run is stopped before.
    pub(super) async fn pause(&self, wait: Duration) -> bool {
        tokio::select! {
            () = tokio::time::sleep(wait) => true,
            () = self.stop.requested() => false,
        }
    }
}

pub(super) fn unclaimable(error: &Error) -> Amnesia {
    Amnesia { why: format!("nothing can be claimed: {}", error.what), unrecorded: false }
}

/// Whether nobody knows of some recipient whether it was sent.
fn is_doubtful(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::InDoubt(_) => true,
        Outcome::Done(reply) => reply.answers.iter().any(|it| it.status == Status::Unknown),
        _ => false,
    }
}
