//! Waits between tries, each twice as long as the one before.

use std::time::Duration;

/// Waits that double up to the longest one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
}

impl Backoff {
    /// Waits that begin with `first`, and of which none is longer than `longest`.
    pub const fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest }
    }

    /// The wait after so many before it.
    pub fn wait(self, before: u32) -> Duration {
        self.first.saturating_mul(2_u32.saturating_pow(before)).min(self.longest)
    }

    /// All waits. They do not end.
    pub fn waits(self) -> impl Iterator<Item = Duration> {
        let twice = move |it: &Duration| Some(it.saturating_mul(2).min(self.longest));
        std::iter::successors(Some(self.wait(0)), twice)
    }

    /// All waits, each drawn out at random to less than twice its length, so that not all who wait come
    /// back at once.
    pub fn jittered(self) -> impl Iterator<Item = Duration> {
        self.waits().map(drawn_out)
    }

    /// The wait after so many before it, drawn out in the same way.
    pub fn jittered_wait(self, before: u32) -> Duration {
        drawn_out(self.wait(before))
    }
}

fn drawn_out(wait: Duration) -> Duration {
    wait.saturating_add(wait.mul_f32(fastrand::f32()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKOFF: Backoff = Backoff::new(Duration::from_millis(20), Duration::from_secs(1));

    #[test]
    fn waits_double_up_to_the_longest() {
        let millis: Vec<_> = BACKOFF.waits().take(8).map(|it| it.as_millis()).collect();
        assert_eq!(millis, [20, 40, 80, 160, 320, 640, 1000, 1000]);
        for (before, wait) in (0..100).zip(BACKOFF.waits()) {
            assert_eq!(BACKOFF.wait(before), wait, "{before}");
        }
        assert_eq!(BACKOFF.wait(u32::MAX), Duration::from_secs(1));
        let short = Backoff::new(Duration::from_secs(9), Duration::from_secs(1));
        assert_eq!(short.waits().next(), Some(Duration::from_secs(1)));
        let huge = Backoff::new(Duration::MAX, Duration::MAX);
        assert_eq!(huge.wait(1), Duration::MAX);
    }

    #[test]
    fn no_wait_is_drawn_out_to_twice_its_length() {
        let drawn_out: Vec<_> = BACKOFF.jittered().take(1000).collect();
        for (wait, drawn) in BACKOFF.waits().zip(&drawn_out) {
            assert!(*drawn >= wait && *drawn <= wait * 2, "{wait:?}: {drawn:?}");
        }
        assert!(drawn_out.windows(2).skip(10).any(|it| it[0] != it[1]), "not all are equal");
    }
}
