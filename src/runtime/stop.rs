//! The wish to stop, passed to whoever is waiting.

use tokio::sync::watch;

/// Knows whether it is time to stop.
#[derive(Debug, Clone)]
pub struct Stop(watch::Receiver<bool>);

/// Says that it is time to stop.
#[derive(Debug, Clone)]
pub struct Stopper(watch::Sender<bool>);

impl Stop {
    /// A wish that has not been uttered yet.
    pub fn new() -> (Stopper, Self) {
        let (sender, receiver) = watch::channel(false);
        (Stopper(sender), Self(receiver))
    }

    /// Whether it is time to stop.
    pub fn wanted(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it is time to stop; for ever, if nobody can say so any more.
    pub async fn requested(&self) {
        let mut receiver = self.0.clone();
        if receiver.wait_for(|wanted| *wanted).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Stopper {
    /// Says that it is time to stop.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}
