//! When a request may be made: the rate, the time for another try, the server.

use std::time::Duration;

use tokio::time::Instant;

use super::Drive;

impl Drive<'_> {
    /// Waits for the rate's permission; false if the run is stopped before.
    pub(in crate::delivery) async fn permitted(&self) -> bool {
        let Some(pace) = &self.shared.pace else { return true };
        tokio::select! {
            biased;
            () = pace.until_ready() => true,
            () = self.shared.stop.requested_for(self.shared.grace) => false,
        }
    }

    /// Whether another try may be waited for so long.
    pub(in crate::delivery) fn may_wait(&self, wait: Duration, deadline: Instant) -> bool {
        let in_time = Instant::now().checked_add(wait).is_some_and(|it| it <= deadline);
        in_time && !self.shared.stop.wanted()
    }

    /// Remembers whether a request has reached the server.
    pub(in crate::delivery) fn saw_server(&mut self, reached: bool) {
        self.progress.unreached = !reached;
        if reached {
            *self.shared.last_reached() = Some(Instant::now());
        }
    }

    /// Whether it is given up without a connection, and no message has had one since it began: the next
    /// one would wait as long for nothing.
    pub(in crate::delivery) fn is_unreachable(&self) -> bool {
        self.progress.unreached
            && !self.shared.patience.is_zero()
            && self.shared.last_reached().is_none_or(|it| it < self.began)
    }
}
