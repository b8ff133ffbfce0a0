//! Before anything is told as not sent, the journal is asked: an earlier delivery may have sent it, or
//! another worker since this one asked last. A false "not sent" is an invitation to send twice.

use super::{Drive, Ended};
use crate::component::{Effect, Error, Job, Known, Mode, Outcome, Problem, Slot, clock};
use crate::delivery::JournalFailure;
use crate::delivery::decide::{Decision, Word, decide};
use crate::delivery::facts::{Facts, Read, Rest, Stage};
use crate::delivery::history::History;
use crate::delivery::words::{ELSEWHERE, id_of_others, in_doubt};

/// What the journal has said of a message whose requests are through.
struct Asked {
    /// Whether it has heard what the result returns.
    marked: Read,
    /// Whether it was read since.
    read: Read,
    history: Option<History>,
}

impl Drive<'_> {
    /// Sees to it that nothing is told as not sent that may have been. Where the result of the message
    /// returns what was not sent, that is remembered first.
    ///
    /// # Errors
    /// The message is refused as a whole, or comes again, and nothing may be told.
    pub(super) async fn close(
        &mut self,
        job: &mut dyn Job,
        mut outcomes: Vec<Outcome>,
    ) -> Result<Vec<Outcome>, Ended> {
        let live = self.shared.mode == Mode::Live;
        let is_once = |request| job.part(request).is_some_and(|it| it.effect == Effect::Once);
        let unsent: Vec<usize> = (0..outcomes.len())
            .filter(|it| live && is_once(*it) && outcomes[*it].may_be_tried_again())
            .collect();
        let left_out = live && !job.left_out().is_empty();
        let asked = self.asked_at_the_end(job, &outcomes, !unsent.is_empty(), left_out).await?;
        for request in unsent {
            let told = self.unmade(job, request, &outcomes[request], &asked);
            if let Some(told) = told {
                outcomes[request] = told;
            }
        }
        if left_out {
            self.restate(job, &asked);
        }
        Ok(outcomes)
    }

    async fn asked_at_the_end(
        &mut self,
        job: &dyn Job,
        outcomes: &[Outcome],
        unsent: bool,
        left_out: bool,
    ) -> Result<Asked, Ended> {
        let mut asked = Asked { marked: Read::NotYet, read: Read::NotYet, history: None };
        loop {
            let (marked, read) = (asked.marked, asked.read);
            let stage = Stage::Closing {
                id_of_others: self.progress.id_of_others,
                unsent,
                left_out,
                marked,
                read,
            };
            let message = self.facts(job.returns());
            match (decide(&Facts { message, stage }), &self.identity) {
                (Decision::Mark, Some(identity)) => {
                    let marking = self.shared.mark_returned(identity.record, job, outcomes).await;
                    asked.marked = self.heard(marking).map_or(Read::Failed, |()| Read::Answered);
                }
                (Decision::Look, Some(identity)) => {
                    let reading = self.shared.read_past(identity.record).await;
                    asked.history = self.heard(reading);
                    asked.read =
                        if asked.history.is_some() { Read::Answered } else { Read::Failed };
                }
                (Decision::Refuse(_), _) => {
                    let denied =
                        |it: &Outcome| matches!(it, Outcome::Refused(_) | Outcome::NotSent(_));
                    let called = !outcomes.iter().all(denied);
                    return Err(Ended::Refused(id_of_others(called)));
                }
                (Decision::ComeAgain, _) => {
                    let why = self.failure().map(|it| it.why);
                    return Err(Ended::ComesAgain(why.unwrap_or_else(|| ELSEWHERE.to_owned())));
                }
                _ => return Ok(asked),
            }
        }
    }

    /// What the journal has answered, or nothing where it fails.
    fn heard<T>(&mut self, answered: Result<T, Error>) -> Option<T> {
        match answered {
            Ok(answer) => Some(answer),
            Err(error) => {
                tracing::warn!(%error, "the journal cannot be asked");
                if self.facts(false).comes_again() {
                    self.fail(JournalFailure::of_claims(&error));
                }
                None
            }
        }
    }

    /// What is told of a request that was not made, or refused for the account, if it is not just that.
    fn unmade(
        &self,
        job: &mut dyn Job,
        request: usize,
        outcome: &Outcome,
        asked: &Asked,
    ) -> Option<Outcome> {
        let (mut replayed, mut rest, mut others) = (None, Rest::Unreadable, false);
        if let (Some(identity), Some(history)) = (&self.identity, &asked.history) {
            let slots = identity.slots(job, request);
            let is_busy = slots.iter().any(|it| history.is_busy(it.index));
            rest = if is_busy { Rest::Busy } else { Rest::Some };
            others = identity.record.journal.is_shared()
                && history.has_others(&self.progress.claimed, identity.record.since);
            let known = identity.known_of(&slots, history);
            drop(slots);
            if !known.is_empty() {
                replayed = job.settle(request, known);
            }
        }
        if replayed.is_some() {
            rest = Rest::Nothing;
        }
        let stage = Stage::Unmade { marked: asked.marked != Read::Failed, rest, others };
        match decide(&Facts { message: self.facts(job.returns()), stage }) {
            Decision::Tell(Word::Replayed) => replayed,
            Decision::Tell(Word::InDoubt(doubt)) => {
                Some(in_doubt(doubt, problem_of(outcome), self.unrecorded()))
            }
            _ => None,
        }
    }

    /// Tells of recipients that were refused without a call what is known of them instead.
    fn restate(&self, job: &mut dyn Job, asked: &Asked) {
        let rest = if asked.history.is_some() { Rest::Some } else { Rest::Unreadable };
        let stage = Stage::Unmade { marked: true, rest, others: false };
        let decision = decide(&Facts { message: self.facts(job.returns()), stage });
        let left_out = job.left_out();
        let mut known = match decision {
            Decision::Tell(Word::InDoubt(_)) => all_in_doubt(&left_out),
            _ => Vec::new(),
        };
        if let (Some(identity), Some(history)) = (&self.identity, &asked.history) {
            known.extend(identity.known_of(&left_out, history));
        }
        drop(left_out);
        job.restate(known);
    }

    /// What happened and could not be recorded, in words.
    pub(super) fn unrecorded(&self) -> Option<String> {
        self.failure().filter(|it| it.unrecorded).map(|it| it.why)
    }
}

fn problem_of(outcome: &Outcome) -> Option<&Problem> {
    match outcome {
        Outcome::NotSent(problem) | Outcome::Refused(problem) | Outcome::InDoubt(problem) => {
            Some(problem)
        }
        Outcome::Done(_) | Outcome::Planned => None,
    }
}

fn all_in_doubt(slots: &[Slot<'_>]) -> Vec<(u32, Known)> {
    let since = clock::now();
    let unknown = |it: &Slot<'_>| (it.index, Known::Unknown { since, tracker: None });
    slots.iter().map(unknown).collect()
}
