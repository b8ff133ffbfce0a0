//! The tries of a request: while it is safe, and there is time.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures_util::FutureExt;

use super::call::{Call, not_sent};
use crate::component::{Job, Outcome, PartInfo, Problem, Reason, faults, metrics};
use crate::runtime::retry::{Next, delays_between, next};

impl Call<'_> {
    /// Makes one request, again and again while that is safe and there is time. Names the slots that
    /// may have been sent before it.
    pub(super) async fn deliver(
        &self,
        job: &mut dyn Job,
        index: usize,
        part: &PartInfo,
        deadline: Instant,
    ) -> (Outcome, Vec<u32>) {
        let (mut delays, mut last, mut doubts) = (None, None, Vec::new());
        loop {
            if !self.permitted().await {
                if let Some(last @ Outcome::InDoubt(_)) = last {
                    return (last, doubts);
                }
                return (not_sent("the run was stopped before this message was sent"), doubts);
            }
            let (outcome, again) = self.once(job, index, part).await;
            doubts.extend(again);
            if next(&outcome, part.effect) == Next::Finish || part.missed().is_some() {
                return (outcome, doubts);
            }
            let problem = match &outcome {
                Outcome::NotSent(problem) | Outcome::InDoubt(problem) => Some(problem),
                _ => None,
            };
            let asked = problem.and_then(|it| it.retry_after);
            let delay = delays.get_or_insert_with(delays_between).next().unwrap_or_default();
            let wait = delay.max(asked.unwrap_or_default());
            let why = problem.map(|it| it.message.as_str()).unwrap_or_default();
            tracing::info!(
                action = self.engine.name,
                wait_ms = wait.as_millis(),
                reason = problem.map(|it| it.reason.as_str()),
                code = problem.and_then(|it| it.code),
                why = problem.filter(|it| !it.quotes).map(|_| why),
                "not done yet"
            );
            if self.amnesia().is_some() || !self.may_wait(why, wait, deadline).await {
                return (outcome, doubts);
            }
            last = Some(outcome);
            self.count_retry();
        }
    }

    pub(super) fn count_retry(&self) {
        if let Some(metrics) = metrics::watched() {
            metrics.retried(self.engine.name);
        }
    }

    /// Waits for the rate's permission; false if the run is stopped before.
    pub(super) async fn permitted(&self) -> bool {
        let Some(pace) = &self.engine.pace else { return true };
        tokio::select! {
            biased;
            () = pace.until_ready() => true,
            () = self.engine.stop.requested_for(self.engine.grace) => false,
        }
    }

    /// Calls. From here on a defect means that nobody knows what happened.
    pub(super) async fn guarded(&self, job: &dyn Job, index: usize) -> Outcome {
        faults::point("before-call");
        let called = AssertUnwindSafe(job.call(self.api, index)).catch_unwind().await;
        let outcome = called.unwrap_or_else(|_| {
            let said = "a defect of the connector stopped the call";
            Outcome::InDoubt(Problem::new(Reason::Other, said))
        });
        self.saw_server(!matches!(&outcome, Outcome::NotSent(it) if it.unreached));
        outcome
    }

    /// Remembers whether a request has reached the server.
    pub(super) fn saw_server(&self, reached: bool) {
        self.unreached.store(!reached, Ordering::Relaxed);
        if reached {
            *self.engine.last_reached() = Some(Instant::now());
        }
    }

    /// Whether it is given up without a connection, and no message has had one since it began: the next
    /// one would wait as long for nothing.
    pub(super) fn is_unreachable(&self) -> bool {
        self.unreached.load(Ordering::Relaxed)
            && !self.engine.patience.is_zero()
            && self.engine.last_reached().is_none_or(|it| it < self.began)
    }

    /// Waits before another try, if that ends before the patience does.
    pub(super) async fn may_wait(&self, why: &str, wait: Duration, deadline: Instant) -> bool {
        let stop = &self.engine.stop;
        let in_time = Instant::now().checked_add(wait).is_some_and(|it| it <= deadline);
        if !in_time || stop.wanted() {
            return false;
        }
        self.out.waits(why, wait);
        self.pause(wait).await
    }
}
