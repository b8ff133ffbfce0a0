//! The wall clock of all that decides about a send: the one place that reads it, so that a simulation can
//! make the time up.

/// The time.
#[cfg(not(feature = "simulation"))]
#[inline]
pub fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

#[cfg(feature = "simulation")]
pub use made_up::{now, start};

#[cfg(feature = "simulation")]
mod made_up {
    use std::cell::Cell;

    use jiff::Timestamp;
    use tokio::time::Instant;

    thread_local! {
        static START: Cell<Option<(Timestamp, Instant)>> = const { Cell::new(None) };
    }

    /// Makes it this time now, on this thread. From here on the time passes as tokio's clock does, which
    /// may be paused.
    pub fn start(at: Timestamp) {
        START.set(Some((at, Instant::now())));
    }

    /// The time.
    pub fn now() -> Timestamp {
        match START.get() {
            Some((at, since)) => at + since.elapsed(),
            None => Timestamp::now(),
        }
    }
}
