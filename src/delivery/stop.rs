//! The wish to stop, passed to whoever is waiting.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

/// Knows whether it is time to stop, and since when.
#[derive(Debug, Clone)]
pub struct Stop(watch::Receiver<Option<Instant>>);

/// Says that it is time to stop.
#[derive(Debug, Clone)]
pub struct Stopper(watch::Sender<Option<Instant>>);

impl Stop {
    /// A wish that has not been uttered yet.
    pub fn new() -> (Stopper, Self) {
        let (sender, receiver) = watch::channel(None);
        (Stopper(sender), Self(receiver))
    }

    /// Whether it is time to stop.
    pub fn wanted(&self) -> bool {
        self.0.borrow().is_some()
    }

    /// Whether it has been time to stop for at least so long.
    pub fn wanted_for(&self, time: Duration) -> bool {
        self.0.borrow().is_some_and(|since| since.elapsed() >= time)
    }

    /// Waits until it has been time to stop for so long.
    pub async fn requested_for(&self, time: Duration) {
        self.requested().await;
        let since = *self.0.borrow();
        if let Some(since) = since {
            tokio::time::sleep_until(since + time).await;
        }
    }

    /// Waits until it is time to stop; for ever, if nobody can say so any more.
    pub async fn requested(&self) {
        let mut receiver = self.0.clone();
        if receiver.wait_for(Option::is_some).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Stopper {
    /// Whether it was said already.
    pub fn has_stopped(&self) -> bool {
        self.0.borrow().is_some()
    }

    /// Says that it is time to stop. The first time counts.
    pub fn stop(&self) {
        self.0.send_if_modified(|since| {
            let first = since.is_none();
            since.get_or_insert_with(Instant::now);
            first
        });
    }
}
