//! The journal's side of a request: claim, look, record, give back.

use std::collections::{HashMap, HashSet};

use tracing::{Instrument as _, debug_span};

use super::Drive;
use super::request::Attempt;
use crate::component::{
    Claim, Error, Fallout, Job, Known, Outcome, PartInfo, Slot, Ticket, Wanted,
};
use crate::delivery::JournalFailure;
use crate::delivery::facts::{ClaimAnswer, IdUse, Rest, SendAgain, Stage};
use crate::delivery::history::History;
use crate::delivery::marks::Withdrawn;
use crate::delivery::words::unavailable;

impl Drive<'_> {
    /// Claims what is left of the request.
    pub(super) async fn claim(
        &mut self,
        job: &dyn Job,
        request: usize,
        part: PartInfo,
        resend: bool,
        attempt: &mut Attempt,
    ) -> Stage {
        attempt.resent = resend;
        let (answer, stands) = match self.asked(job, request, resend).await {
            Some(Ok(Claim::Granted(ticket, again))) => {
                let slots = job.slots(request).into_iter().map(|it| it.index);
                self.progress.claimed.extend(slots);
                attempt.doubts.extend(again);
                let stands = self.stands(&ticket);
                attempt.ticket = Some(ticket);
                (ClaimAnswer::Granted, stands)
            }
            Some(Ok(Claim::Known(known))) => {
                attempt.known = known;
                (ClaimAnswer::Known, false)
            }
            Some(Ok(Claim::Busy(wait))) => {
                attempt.busy = wait;
                (ClaimAnswer::Busy, false)
            }
            Some(Err(error)) => {
                self.fail(JournalFailure::of_claims(&error));
                attempt.unread = Some(error);
                (ClaimAnswer::Failed, false)
            }
            None => (ClaimAnswer::Failed, false),
        };
        Stage::Claimed { answer, stands, late: part.missed().is_some(), waited: false }
    }

    async fn asked(
        &self,
        job: &dyn Job,
        request: usize,
        resend: bool,
    ) -> Option<Result<Claim, Error>> {
        let identity = self.identity.as_ref()?;
        let record = identity.record;
        let slots = identity.slots(job, request);
        let wanted = Wanted {
            message: record.key,
            scope: record.scope,
            action: self.shared.name,
            account: identity.account,
            slots: &slots,
            resend,
            lasts: self.api.longest_call(slots.len()),
            progress: record.progress,
        };
        Some(record.journal.claim(wanted).instrument(debug_span!("claim")).await)
    }

    /// Whether a claim still stands for a call that begins now.
    fn stands(&self, ticket: &Ticket) -> bool {
        self.identity.as_ref().is_some_and(|it| it.record.journal.covers(ticket))
    }

    /// Waits for somebody else who has the request in hand.
    pub(super) async fn wait(&mut self, attempt: &mut Attempt) -> Stage {
        self.out.waits("another process has this message in hand", attempt.busy);
        if self.shared.pause(attempt.busy).await {
            return Stage::Begun { once: true, obstructed: false, stopped: false, late: false };
        }
        self.progress.elsewhere = true;
        attempt.waited = true;
        Stage::Claimed { answer: ClaimAnswer::Busy, stands: false, late: false, waited: true }
    }

    /// Reads what the journal remembers. Where no claim is held, leaves that out of the request.
    pub(super) async fn look(
        &mut self,
        job: &mut dyn Job,
        request: usize,
        part: PartInfo,
        attempt: &mut Attempt,
    ) -> Stage {
        let read = match &self.identity {
            Some(identity) => Some(self.shared.read_past(identity.record).await),
            None => None,
        };
        let (mut id, mut rest) = (IdUse::Own, Rest::Unreadable);
        match read {
            Some(Ok(history)) => (id, rest) = self.compare(job, request, &history, attempt),
            Some(Err(error)) => {
                tracing::warn!(%error, "the journal cannot be read");
                if attempt.ticket.is_none() && !attempt.waited {
                    self.fail(JournalFailure::of_claims(&error));
                }
                attempt.unread = Some(error);
            }
            None => {}
        }
        match &attempt.ticket {
            Some(ticket) => Stage::Confirmed {
                readable: rest != Rest::Unreadable,
                id,
                withdrawn: attempt.withdrawn.is_some(),
                stands: self.stands(ticket),
                late: part.missed().is_some(),
            },
            None => Stage::Recalled { id, rest, waited: attempt.waited },
        }
    }

    /// Compares a request with the history of its message: whose the id is, and whether anything is left
    /// to be made.
    fn compare(
        &mut self,
        job: &mut dyn Job,
        request: usize,
        history: &History,
        attempt: &mut Attempt,
    ) -> (IdUse, Rest) {
        let message = self.facts(job.returns());
        let Some(identity) = &self.identity else { return (IdUse::Own, Rest::Unreadable) };
        let id = identity.id_use(job, request, [request], history);
        if id != IdUse::Own {
            self.progress.id_of_others = true;
            return (id, Rest::Some);
        }
        if attempt.ticket.is_some() {
            if message.may_be_withdrawn() {
                attempt.withdrawn = Withdrawn::by(history, message.returns, self.put_back_since);
            }
            return (id, Rest::Some);
        }
        let slots = identity.slots(job, request);
        let known = if attempt.waited {
            identity.known_of(&slots, history)
        } else {
            let again = message.send_again != SendAgain::Never && !attempt.resent;
            let of: HashMap<u32, &Slot<'_>> = slots.iter().map(|it| (it.index, it)).collect();
            let compared = |(slot, known): (u32, Known)| match of.get(&slot) {
                Some(asked) => (slot, identity.compared(asked, history, known)),
                None => (slot, known),
            };
            let known = std::mem::take(&mut attempt.known).into_iter().map(compared);
            known.filter(|it| !again || !matches!(it.1, Known::Unknown { .. })).collect()
        };
        drop(slots);
        if !known.is_empty() {
            attempt.replayed = job.settle(request, known);
        }
        (id, if attempt.replayed.is_some() { Rest::Nothing } else { Rest::Some })
    }

    /// Records what came of a call.
    pub(super) async fn record(
        &mut self,
        job: &dyn Job,
        request: usize,
        ticket: Ticket,
        outcome: &Outcome,
    ) {
        let Some(identity) = &self.identity else { return };
        let fallout = job.fallout(request, outcome);
        let recording = identity.record.journal.record(ticket, &fallout);
        if let Err(error) = recording.instrument(debug_span!("record")).await {
            tracing::error!(%error, "the outcome of a call was not recorded");
            self.fail(JournalFailure::of_records("an outcome could not be recorded", &error));
        } else {
            self.let_go(&fallout);
        }
    }

    /// Gives a claim back: nothing came of it.
    pub(super) async fn give_back(&mut self, job: &dyn Job, request: usize, attempt: &mut Attempt) {
        let (Some(identity), Some(ticket)) = (&self.identity, attempt.ticket.take()) else {
            return;
        };
        let nothing = Outcome::NotSent(unavailable("it was given back"));
        let fallout = job.fallout(request, &nothing);
        if let Err(error) = identity.record.journal.record(ticket, &fallout).await {
            tracing::error!(%error, "a claim could not be given back");
            self.fail(JournalFailure::of_records("a claim could not be given back", &error));
        } else {
            self.let_go(&fallout);
        }
    }

    /// What was not sent is anybody's again.
    fn let_go(&mut self, fallout: &[(u32, Fallout)]) {
        let is_free = |it: &Fallout| matches!(it, Fallout::Refused { .. } | Fallout::Released);
        let free: HashSet<u32> =
            fallout.iter().filter(|it| is_free(&it.1)).map(|it| it.0).collect();
        self.progress.claimed.retain(|it| !free.contains(it));
    }
}
