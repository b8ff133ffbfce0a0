//! Lets messages through while the account works.

use std::time::Duration;

use tokio::sync::{Notify, watch};

use crate::backoff::Backoff;
use crate::component::{AccountTrouble, Diagnosis, Session};
use crate::delivery::{Engine, Stop};
use crate::runtime::{Health, Obstacle};

/// The waits before an account in trouble is asked for again.
const PAUSES: Backoff = Backoff::new(Duration::from_secs(5), Duration::from_secs(60));

/// Open while the account works.
pub struct Gate {
    health: Health,
    open: watch::Sender<bool>,
    closed: Notify,
}

impl Gate {
    /// An open gate.
    pub fn new(health: Health) -> Self {
        Self { health, open: watch::Sender::new(true), closed: Notify::new() }
    }

    /// Waits until it is open; false if the step is to stop before.
    pub async fn opened(&self, stop: &Stop) -> bool {
        let mut open = self.open.subscribe();
        tokio::select! {
            biased;
            opened = open.wait_for(|open| *open) => opened.is_ok(),
            () = stop.requested() => false,
        }
    }

    /// Lets no message through until the account works.
    pub fn close_for(&self, trouble: AccountTrouble) {
        if self.open.send_replace(false) {
            self.health.set(Obstacle::Account, true);
            tracing::error!(advice = Session::advice(trouble), "paused: the account is refused");
            self.closed.notify_one();
        }
    }

    /// Opens it again, whenever it is closed, once the account works.
    pub async fn probe(&self, engine: &Engine) {
        loop {
            self.closed.notified().await;
            until_it_works(engine).await;
            tracing::info!("the account works: going on");
            self.health.set(Obstacle::Account, false);
            self.open.send_replace(true);
        }
    }
}

/// Asks for the account until it works.
async fn until_it_works(engine: &Engine) {
    for pause in PAUSES.waits() {
        tokio::time::sleep(pause).await;
        match engine.account().await {
            Diagnosis::Fine => return,
            Diagnosis::Trouble(trouble) => {
                tracing::warn!(advice = Session::advice(trouble), "still paused");
            }
            Diagnosis::Unsure => tracing::warn!("still paused: no answer about the account"),
        }
    }
}
