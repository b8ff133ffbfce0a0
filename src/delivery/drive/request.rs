//! One request: claimed, made and recorded, again and again while that is safe and there is time.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::time::Instant;
use tracing::{Instrument as _, debug_span};

use super::Drive;
use crate::component::{
    Effect, Error, Job, Known, Outcome, PartInfo, Problem, Reason, Status, Ticket, faults, metrics,
};
use crate::delivery::JournalFailure;
use crate::delivery::decide::{Decision, Word, decide};
use crate::delivery::facts::{Facts, Made, NotMade, Provenance, Rest, Stage};
use crate::delivery::marks::Withdrawn;
use crate::delivery::shared::BETWEEN_TRIES;
use crate::delivery::words::{ELSEWHERE, id_of_others, in_doubt, unavailable};

/// What one request has come to.
#[derive(Default)]
pub(super) struct Attempt {
    /// Why it is not made, if a guard, the account or another copy of the message stands in the way.
    pub(super) obstacle: Option<Problem>,
    /// The right to make it, while it is held.
    pub(super) ticket: Option<Ticket>,
    /// Whether it was claimed with what may have been sent.
    pub(super) resent: bool,
    /// What the journal has answered to a claim, until it is left out of the request.
    pub(super) known: Vec<(u32, Known)>,
    /// How long to wait for somebody else who has it in hand.
    pub(super) busy: Duration,
    /// Whether that wait has ended.
    pub(super) waited: bool,
    /// What became of it by what the journal remembers, if nothing of it is left.
    pub(super) replayed: Option<Outcome>,
    /// How the message was left to others, as was seen after the claim.
    pub(super) withdrawn: Option<Withdrawn>,
    /// What came of the last try.
    pub(super) made: Option<Outcome>,
    /// Why the journal could not be asked, in this try.
    pub(super) unread: Option<Error>,
    /// Whether the rate has let this try pass.
    permitted: bool,
    /// The slots that may have been sent before this delivery made the request.
    pub(super) doubts: Vec<u32>,
    /// How many tries there were that did not come to an end.
    pub(super) tries: u32,
    /// How long to wait before the next try.
    pub(super) delay: Duration,
}

impl Drive<'_> {
    /// Makes one request, unless something stands in the way or the journal knows what became of it.
    pub(super) async fn request(
        &mut self,
        job: &mut dyn Job,
        request: usize,
        obstacle: Option<Problem>,
        deadline: Instant,
    ) -> Outcome {
        let Some(part) = job.part(request) else { return defect() };
        let mut attempt = Attempt { obstacle, ..Attempt::default() };
        let outcome = self.carried(job, request, part, deadline, &mut attempt).await;
        if attempt.doubts.is_empty() {
            return outcome;
        }
        job.doubt(request, outcome, &attempt.doubts)
    }

    async fn carried(
        &mut self,
        job: &mut dyn Job,
        request: usize,
        part: PartInfo,
        deadline: Instant,
        attempt: &mut Attempt,
    ) -> Outcome {
        let stopped = request > 0 && self.shared.stop.wanted_for(self.shared.grace);
        let mut stage = self.begin(job, request, part, attempt, stopped);
        loop {
            let message = self.facts(job.returns());
            let decision = decide(&Facts { message, stage });
            if let (Stage::Begun { .. }, false) = (stage, matches!(decision, Decision::Tell(_)))
                && !attempt.permitted
                && !self.permitted().await
            {
                let doubt = attempt.made.take().filter(|it| matches!(it, Outcome::InDoubt(_)));
                let said = "the run was stopped before this message was sent";
                return doubt.unwrap_or_else(|| Outcome::NotSent(unavailable(said)));
            }
            attempt.permitted = true;
            stage = match decision {
                Decision::Claim { resend } => self.claim(job, request, part, resend, attempt).await,
                Decision::Wait => self.wait(attempt).await,
                Decision::Look => self.look(job, request, part, attempt).await,
                Decision::Call => self.call(job, request, part, attempt, deadline).await,
                Decision::GiveBack(why) => {
                    self.give_back(job, request, attempt).await;
                    if let (NotMade::Journal, Some(error)) = (why, &attempt.unread) {
                        self.fail(JournalFailure::of_claims(error));
                    }
                    attempt.made = Some(Outcome::NotSent(self.why_not(why, part, attempt)));
                    let patience =
                        why == NotMade::ClaimTooOld && self.has_patience(part, attempt, deadline);
                    Stage::GivenBack { why, patience }
                }
                Decision::GiveBackForOthers(id) => {
                    self.give_back(job, request, attempt).await;
                    Stage::Recalled { id, rest: Rest::Some, waited: false }
                }
                Decision::Diagnose => self.diagnosed(job, request, part, attempt).await,
                Decision::TryAgain => {
                    if !self.shared.pause(attempt.delay).await {
                        return attempt.made.take().unwrap_or_else(defect);
                    }
                    self.count_retry();
                    attempt.permitted = false;
                    self.begin(job, request, part, attempt, false)
                }
                Decision::Tell(word) => return self.told(word, part, attempt),
                _ => return defect(),
            };
        }
    }

    /// The beginning of a try.
    fn begin(
        &self,
        job: &dyn Job,
        request: usize,
        part: PartInfo,
        attempt: &mut Attempt,
        stopped: bool,
    ) -> Stage {
        let once = part.effect == Effect::Once;
        attempt.unread = None;
        // A doubt that nobody else knows of is of all that it is about.
        if once && self.provenance == Provenance::InDoubt && attempt.obstacle.is_none() {
            attempt.doubts.extend(job.slots(request).iter().map(|it| it.index));
        }
        let late = part.missed().is_some();
        Stage::Begun { once, obstructed: attempt.obstacle.is_some(), stopped, late }
    }

    /// Makes the request, and records what came of it.
    async fn call(
        &mut self,
        job: &dyn Job,
        request: usize,
        part: PartInfo,
        attempt: &mut Attempt,
        deadline: Instant,
    ) -> Stage {
        let once = part.effect == Effect::Once;
        if attempt.ticket.is_some() {
            faults::point("after-claim");
        }
        self.progress.called |= once;
        let name = self.shared.name;
        let span = debug_span!("call", action = name, part = request, otel.kind = "client");
        let outcome = self.guarded(job, request).instrument(span).await;
        if let Some(ticket) = attempt.ticket.take() {
            faults::point("after-call");
            self.record(job, request, ticket, &outcome).await;
            faults::point("after-record");
        }
        self.progress.doubted |= once && (is_doubtful(&outcome) || !attempt.doubts.is_empty());
        let made = match &outcome {
            Outcome::Done(_) | Outcome::Planned => Made::Answered,
            Outcome::Refused(it) if it.reason == Reason::Other && it.code.is_some() => {
                Made::RefusedUnexplained
            }
            Outcome::Refused(_) => Made::Refused,
            Outcome::NotSent(_) => Made::NotSent,
            Outcome::InDoubt(_) => Made::InDoubt,
        };
        attempt.made = Some(outcome);
        let may_be_repeated = matches!(made, Made::NotSent | Made::InDoubt);
        let patience = may_be_repeated && self.has_patience(part, attempt, deadline);
        Stage::Made { once, made, patience }
    }

    /// Calls. From here on a defect means that nobody knows what happened.
    async fn guarded(&mut self, job: &dyn Job, request: usize) -> Outcome {
        faults::point("before-call");
        let called = AssertUnwindSafe(job.call(self.api, request)).catch_unwind().await;
        let outcome = called.unwrap_or_else(|_| {
            let said = "a defect of the connector stopped the call";
            Outcome::InDoubt(Problem::new(Reason::Other, said))
        });
        self.saw_server(!matches!(&outcome, Outcome::NotSent(it) if it.unreached));
        outcome
    }

    /// Asks whether the account is what was refused.
    async fn diagnosed(
        &mut self,
        job: &dyn Job,
        request: usize,
        part: PartInfo,
        attempt: &mut Attempt,
    ) -> Stage {
        if let Some(Outcome::Refused(problem)) = &mut attempt.made {
            // What an earlier delivery has sent is left out of the request by now.
            let left = job.part(request).map_or(part.units, |it| it.units);
            problem.account =
                self.shared.diagnose(self.guest(), problem.reason, problem.code, left).await;
            if problem.account.is_some() {
                problem.reason = Reason::Account;
            }
            self.progress.account = self.progress.account.or(problem.account);
        }
        let once = part.effect == Effect::Once;
        Stage::Made { once, made: Made::Refused, patience: false }
    }

    /// Whether there is time for another try, and leave; then says that it is waited for.
    fn has_patience(&self, part: PartInfo, attempt: &mut Attempt, deadline: Instant) -> bool {
        let Some(Outcome::NotSent(problem) | Outcome::InDoubt(problem)) = &attempt.made else {
            return false;
        };
        let once_in_doubt =
            part.effect == Effect::Once && matches!(attempt.made, Some(Outcome::InDoubt(_)));
        if once_in_doubt || part.missed().is_some() || self.failure().is_some() {
            return false;
        }
        let delay = BETWEEN_TRIES.jittered_wait(attempt.tries);
        attempt.tries += 1;
        attempt.delay = delay.max(problem.retry_after.unwrap_or_default());
        tracing::info!(
            action = self.shared.name,
            wait_ms = attempt.delay.as_millis(),
            reason = problem.reason.as_str(),
            code = problem.code,
            why = (!problem.quotes).then_some(problem.message.as_str()),
            "not done yet"
        );
        let waits = self.may_wait(attempt.delay, deadline);
        if waits {
            self.out.waits(&problem.message, attempt.delay);
        }
        waits
    }

    /// The outcome that this word is.
    fn told(&self, word: Word, part: PartInfo, attempt: &mut Attempt) -> Outcome {
        match word {
            Word::Outcome => attempt.made.take().unwrap_or_else(defect),
            Word::Replayed => attempt.replayed.take().unwrap_or_else(defect),
            Word::NotMade(why) => Outcome::NotSent(self.why_not(why, part, attempt)),
            Word::IdOfOthers => {
                Outcome::Refused(Problem::new(Reason::Other, id_of_others(false).what))
            }
            Word::InDoubt(doubt) => in_doubt(doubt, None, self.unrecorded()),
        }
    }

    /// Why the request is not made.
    fn why_not(&self, why: NotMade, part: PartInfo, attempt: &Attempt) -> Problem {
        match why {
            NotMade::Obstructed => attempt.obstacle.clone().unwrap_or_else(unexplained),
            NotMade::TooLate => part.missed().unwrap_or_else(unexplained),
            NotMade::Withdrawn => attempt.withdrawn.map_or_else(unexplained, Withdrawn::problem),
            NotMade::Stopped => {
                unavailable("the run was stopped before this request of the message")
            }
            NotMade::ClaimTooOld => unavailable(
                "this process was stopped for too long after it had claimed the message",
            ),
            NotMade::InDoubt => unavailable("nobody asks to send it again"),
            NotMade::Journal => {
                let unread = attempt.unread.as_ref().map(|it| it.what.clone());
                let said = unread.or_else(|| self.failure().map(|it| it.why));
                unavailable(said.unwrap_or_else(|| ELSEWHERE.to_owned()))
            }
        }
    }

    pub(in crate::delivery) fn count_retry(&self) {
        if let Some(metrics) = metrics::watched() {
            metrics.retried(self.shared.name);
        }
    }
}

/// Whether nobody knows of some recipient whether it was sent.
fn is_doubtful(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::InDoubt(_) => true,
        Outcome::Done(reply) => reply.answers.iter().any(|it| it.status == Status::Unknown),
        _ => false,
    }
}

fn unexplained() -> Problem {
    unavailable("no reason is known")
}

/// A step that no fact leads to.
fn defect() -> Outcome {
    let said = "a defect of the connector stopped the message";
    Outcome::InDoubt(Problem::new(Reason::Other, said))
}
