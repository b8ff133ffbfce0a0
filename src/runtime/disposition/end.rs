//! How a delivery ends.

use std::time::Duration;

use crate::component::Tally;

/// For how long the broker may not have heard an end: an outage, and the time until it is noticed.
pub const UNHEARD: Duration = Duration::from_secs(600);

/// How a delivery ends.
///
/// A message that ended here, and comes again as delivered before, is one of two things: the same
/// delivery, whose end the broker did not hear, or the same message, posted once more. Nothing tells
/// them apart but the end: whether it left anything to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// All of it was done and told: acknowledged.
    Done,
    /// A result tells of something that was not done, or may not have been: acknowledged.
    Incomplete,
    /// A copy of it comes back, after this time and not before: acknowledged.
    PutBack(Duration),
    /// An error was reported: rejected.
    Failed,
}

impl End {
    /// The end of a message whose results are out.
    pub(super) fn of(tally: &Tally) -> Self {
        let left = tally.refused + tally.not_sent + tally.unknown;
        if left == 0 { Self::Done } else { Self::Incomplete }
    }

    /// True if the broker is told that the message is done, false if that it is rejected.
    pub fn is_acknowledged(self) -> bool {
        self != Self::Failed
    }

    /// For how long one that looks the same, and was delivered before, can only be this delivery.
    ///
    /// Nobody posts again what is done. Whoever reads an error, or a result that says that something
    /// is left, may post it at any moment; of what was put back, nobody reads anything before the copy
    /// has come back. From then on the message is carried again, and not swallowed. This process would
    /// know that nothing was sent here, but not what another worker did with a delivery whose end was
    /// not heard: so the journal decides, or without one the message is in doubt.
    pub fn lasts(self) -> Duration {
        match self {
            Self::Done => UNHEARD,
            Self::PutBack(wait) => wait.min(UNHEARD),
            Self::Incomplete | Self::Failed => Duration::ZERO,
        }
    }
}
