//! Whether a call may be made again.

use std::time::Duration;

use crate::backoff::Backoff;
use crate::component::{Effect, Outcome};

/// What follows from the outcome of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It stays as it is.
    Finish,
    /// The same call may be made again.
    Again,
}

/// The retry decision. A call that may have been carried out is never made again if a second one
/// would cost money or add a thing.
pub const fn next(outcome: &Outcome, effect: Effect) -> Next {
    match (outcome, effect) {
        (Outcome::Done(_) | Outcome::Refused(_) | Outcome::Planned, _)
        | (Outcome::InDoubt(_), Effect::Once) => Next::Finish,
        (Outcome::NotSent(_), _) | (Outcome::InDoubt(_), Effect::Read | Effect::Idempotent) => {
            Next::Again
        }
    }
}

/// Waits between tries: from a quarter of a second to half a minute, with jitter.
pub fn delays_between() -> impl Iterator<Item = Duration> {
    Backoff::new(Duration::from_millis(250), Duration::from_secs(30)).jittered()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::{Problem, Reason, Reply};

    #[test]
    fn every_outcome_with_every_effect() {
        use Effect::{Idempotent, Once, Read};
        let problem = || Problem::new(Reason::Unavailable, "");
        let table = [
            (
                Outcome::Done(Reply::default()),
                [(Read, Next::Finish), (Idempotent, Next::Finish), (Once, Next::Finish)],
            ),
            (
                Outcome::Refused(problem()),
                [(Read, Next::Finish), (Idempotent, Next::Finish), (Once, Next::Finish)],
            ),
            (
                Outcome::NotSent(problem()),
                [(Read, Next::Again), (Idempotent, Next::Again), (Once, Next::Again)],
            ),
            (
                Outcome::InDoubt(problem()),
                [(Read, Next::Again), (Idempotent, Next::Again), (Once, Next::Finish)],
            ),
            (
                Outcome::Planned,
                [(Read, Next::Finish), (Idempotent, Next::Finish), (Once, Next::Finish)],
            ),
        ];
        for (outcome, row) in table {
            for (effect, expected) in row {
                assert_eq!(next(&outcome, effect), expected, "{outcome:?} {effect:?}");
            }
        }
    }

    #[test]
    fn delays_never_end() {
        let many: Vec<_> = delays_between().take(50).collect();
        assert_eq!(many.len(), 50);
        assert!(many.iter().all(|it| *it <= Duration::from_secs(60)), "{many:?}");
    }
}
