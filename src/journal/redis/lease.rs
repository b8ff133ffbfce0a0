//! Whether this owner counts as alive.
//!
//! An owner has a key on the server that expires; a claim whose owner's key is gone is dead. One
//! lease for each owner and not for each claim, for these reasons: a claim is held for as long as
//! its process lives, so that nobody has to guess how long a call with its retries may take; the
//! claims of a process that died are known as such after one lease at most, however long their
//! calls could have taken; and there is one key to renew, not thousands.
//!
//! It is renewed every third of its length, and each claim makes sure that enough of it is left for
//! the call: the time limit of a call with that many slots, even if no renewal succeeds from then on.
//! An owner whose key expired never comes back to life: the store takes a new owner's name for
//! its later claims.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime};

use super::keys::random;
use super::link::Ask;
use super::record::Id;
use super::scripts::{Answer, LEASE};
use super::{Inner, lock};
use crate::component::{Error, Kind};

/// A point in time. Two clocks are read, and the one that ran further is believed: the monotonic
/// one stands still while a machine sleeps, and the other one can be set back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    instant: Instant,
    time: SystemTime,
}

impl Moment {
    pub fn now() -> Self {
        Self { instant: Instant::now(), time: SystemTime::now() }
    }

    pub fn elapsed(self) -> Duration {
        self.instant.elapsed().max(self.time.elapsed().unwrap_or_default())
    }
}

/// A lease as this process sees it: never longer than as the server sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    /// Whose it is.
    pub owner: Id,
    since: Moment,
    length: Duration,
}

impl Held {
    /// None at all.
    pub fn none() -> Self {
        Self { owner: Id::default(), since: Moment::now(), length: Duration::ZERO }
    }

    /// What is certainly left of it.
    pub fn left(&self) -> Duration {
        self.length.saturating_sub(self.since.elapsed())
    }
}

impl Inner {
    /// The lease that claims are made under.
    pub fn held(&self) -> Held {
        *lock(&self.held)
    }

    /// The server has said that this owner's lease was at least this long when it was asked.
    pub fn extended(&self, owner: Id, since: Moment, length: Duration) -> Held {
        let mut held = lock(&self.held);
        let new = Held { owner, since, length };
        if held.owner == owner && held.left() < new.left() {
            *held = new;
        }
        *held
    }

    /// Renews the lease, or takes a new one when it has expired.
    pub async fn renew(&self) -> Result<(), Error> {
        let owner = self.held().owner;
        if !self.lease(owner, false).await? {
            self.replace(owner).await?;
        }
        Ok(())
    }

    /// Takes the lease of a new owner in place of one that has expired.
    pub async fn replace(&self, expired: Id) -> Result<(), Error> {
        let _turn = self.replacing.lock().await;
        if self.held().owner != expired {
            return Ok(());
        }
        let owner = random()?;
        let since = Moment::now();
        self.lease(owner, true).await?;
        *lock(&self.held) = Held { owner, since, length: self.options.lease };
        Ok(())
    }

    /// Tells those who watch whether the server answers: nobody may claim for a while.
    fn tell(&self, renewed: &Result<(), Error>) {
        let answered = self.answers.swap(renewed.is_ok(), Ordering::Relaxed);
        match renewed {
            Err(error) if answered => tracing::warn!(%error, "the journal does not answer"),
            Ok(()) if !answered => tracing::info!("the journal answers again"),
            _ => {}
        }
    }

    /// Asks for a lease. Says whether this owner has one.
    async fn lease(&self, owner: Id, create: bool) -> Result<bool, Error> {
        let mut script = LEASE.prepare_invoke();
        script.key(self.keys.lease(owner)).key(self.keys.meta());
        script.arg(&self.keys.prefix).arg(&self.id).arg(millis(self.options.lease));
        script.arg(if create { "create" } else { "renew" });
        let reply = self.link.ask(Ask::Script(&script), self.options.patience).await;
        let reply = reply.map_err(|it| it.error)?;
        match Answer::of(reply.value)?.word.as_str() {
            "done" => {
                self.extended(owner, reply.sent, self.options.lease);
                Ok(true)
            }
            "lapsed" => Ok(false),
            _ => Err(Error::new(Kind::Unavailable, "the journal's Redis has lost its data").hint(
                "what was sent before is not remembered; start again when that is acceptable",
            )),
        }
    }
}

/// Renews the lease for as long as it is not aborted, and clears up what was given up.
pub(super) async fn keep(inner: Arc<Inner>) {
    loop {
        let in_turn = tokio::select! {
            () = tokio::time::sleep(inner.options.lease / 3) => true,
            () = inner.wake.notified() => false,
        };
        // What fails now is tried again soon, and whoever claims in the meantime is told.
        let renewed = inner.renew().await;
        inner.tell(&renewed);
        if renewed.is_ok() {
            inner.clear_up(inner.options.patience).await;
        }
        if in_turn && renewed.is_ok() {
            // Who claims finds out by himself that the server does not answer.
            inner.look_again().await.ok();
        }
    }
}

/// Milliseconds, at least one.
pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1)
}
