//! What all messages of an engine share.

use std::sync::{Arc, Mutex as StdMutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::DefaultDirectRateLimiter;
use serde_json::{Map, Value};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::{Admission, Stop};
use crate::backoff::Backoff;
use crate::component::{Common, Diagnosis, Mode, Session};

/// Waits between tries of a request.
pub(super) const BETWEEN_TRIES: Backoff =
    Backoff::new(Duration::from_millis(250), Duration::from_secs(30));

/// What all messages of an engine share.
pub(super) struct Shared {
    pub(super) name: &'static str,
    pub(super) api: Session,
    pub(super) mode: Mode,
    /// For how long what was not sent is tried again.
    pub(super) patience: Duration,
    pub(super) pace: Option<DefaultDirectRateLimiter>,
    pub(super) admissions: Vec<Arc<dyn Admission>>,
    pub(super) stop: Stop,
    /// For how long the requests of a message are still made once it is time to stop.
    pub(super) grace: Duration,
    /// When the account was asked last, for how many units, and what was found.
    pub(super) diagnosis: Mutex<Option<(Instant, u64, Diagnosis)>>,
    /// When the server was reached last.
    pub(super) reached: StdMutex<Option<Instant>>,
}

impl Shared {
    pub(super) fn last_reached(&self) -> MutexGuard<'_, Option<Instant>> {
        self.reached.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The name of the mode, when nothing real happens.
    pub(super) fn test_mode(&self) -> Option<&'static str> {
        if self.mode == Mode::DryRun { Some("dryRun") } else { self.api.test_mode() }
    }

    /// Waits; false if the run is stopped before.
    pub(super) async fn pause(&self, wait: Duration) -> bool {
        tokio::select! {
            biased;
            () = self.stop.requested() => false,
            () = tokio::time::sleep(wait) => true,
        }
    }

    /// What goes back to the sender with each result.
    pub(super) fn echo(&self, common: &Common, raw: Option<Value>) -> Map<String, Value> {
        let mut echo = Map::new();
        if let Some(mode) = self.test_mode() {
            echo.insert("mode".to_owned(), mode.into());
        }
        if let Some(reference) = &common.reference {
            echo.insert("reference".to_owned(), reference.as_str().into());
        }
        if let Some(meta) = &common.meta {
            echo.insert("meta".to_owned(), meta.clone());
        }
        if let Some(raw) = raw {
            echo.insert("raw".to_owned(), raw);
        }
        echo
    }
}
