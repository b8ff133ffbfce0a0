//! The laws, and what only shows from inside.

#[path = "../../../tests/support/redis.rs"]
mod support;

use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context, Waker};
use std::time::Duration;

use self::support::Redis;
use super::link::Ask;
use super::{Options, RedisJournal, lock};
use crate::component::Journal as _;
use crate::journal::laws::{Stage, claim, every_law, known, message, take};

/// One Redis for all laws that run at once; it is gone when the last of them is.
static SERVER: Mutex<Weak<Redis>> = Mutex::new(Weak::new());
static STAGES: AtomicU32 = AtomicU32::new(0);

struct Shared {
    server: Arc<Redis>,
    prefix: String,
}

impl Shared {
    fn url(&self) -> String {
        format!("{}?prefix={}", self.server.url(), self.prefix)
    }
}

impl Stage for Shared {
    type Store = RedisJournal;
    const SHARED: bool = true;
    const CASES: u32 = 24;

    async fn fresh() -> Self {
        let mut server = SERVER.lock().unwrap();
        let running = server.upgrade().unwrap_or_else(|| Arc::new(Redis::start()));
        *server = Arc::downgrade(&running);
        let prefix = format!("stage-{}:", STAGES.fetch_add(1, Ordering::Relaxed));
        Self { server: running, prefix }
    }

    async fn open(&self) -> Arc<RedisJournal> {
        Arc::new(RedisJournal::open(&self.url(), Options::default()).await.unwrap())
    }

    async fn kill(&self, owner: &mut Option<Arc<RedisJournal>>) {
        lapse(&owner.take().unwrap()).await;
    }
}

every_law!(Shared);

mod keyed {
    use super::*;
    use crate::journal::JournalKey;

    fn options(key: &str) -> Options {
        Options { key: Some(JournalKey::new(key).unwrap()), ..Options::default() }
    }

    const OWN: &str = "an operator's key of these laws";

    /// The same, with a key.
    struct Keyed(Shared);

    impl Stage for Keyed {
        type Store = RedisJournal;
        const SHARED: bool = true;
        const CASES: u32 = 4;

        async fn fresh() -> Self {
            Self(Shared::fresh().await)
        }

        async fn open(&self) -> Arc<RedisJournal> {
            Arc::new(RedisJournal::open(&self.0.url(), options(OWN)).await.unwrap())
        }

        async fn kill(&self, owner: &mut Option<Arc<RedisJournal>>) {
            self.0.kill(owner).await;
        }
    }

    every_law!(Keyed);

    #[tokio::test]
    async fn a_store_is_opened_with_its_own_key_or_not_at_all() {
        let stage = Keyed::fresh().await;
        let url = stage.0.url();
        let store = stage.open().await;
        let ticket = take(&*store, message(1), &[0]).await;
        store.record(ticket, &[(0, crate::journal::laws::accepted())]).await.unwrap();
        let said = async |options| RedisJournal::open(&url, options).await.unwrap_err().to_string();
        let none = said(Options::default()).await;
        assert!(none.contains("was made with a key, and none is given"), "{none}");
        for other in ["another key of 16 bytes", "an operator's key of these law"] {
            let said = said(options(other)).await;
            assert!(said.contains("another key than the one that is given"), "{said}");
            assert!(!said.contains(other), "{said}");
        }
        assert_eq!(known(claim(&*stage.open().await, message(1), &[0], false).await), [(0, true)]);
        let plain = Shared::fresh().await;
        drop(plain.open().await);
        let said = RedisJournal::open(&plain.url(), options(OWN)).await.unwrap_err().to_string();
        assert!(said.contains("was made without a key") && said.contains("?prefix="), "{said}");
    }

    /// Whoever comes first makes the store; it is never one of two.
    #[tokio::test]
    async fn of_workers_with_different_keys_that_start_at_once_one_kind_works() {
        for _ in 0..12 {
            let stage = Shared::fresh().await;
            let url = stage.url();
            let keys = [Some("a key of 16 bytes and more"), Some("another key of 16 bytes"), None];
            let opened = keys.map(|key| {
                let (url, options) = (url.clone(), key.map(options).unwrap_or_default());
                tokio::spawn(async move { RedisJournal::open(&url, options).await })
            });
            let mut works = 0;
            for opened in opened {
                works += usize::from(opened.await.unwrap().is_ok());
            }
            assert_eq!(works, 1);
        }
    }
}

/// Lets the lease of this store expire.
async fn lapse(store: &RedisJournal) {
    let mut command = redis::cmd("DEL");
    command.arg(store.inner.keys.lease(store.inner.held().owner));
    let reply = store.inner.link.ask(Ask::Command(&command), Duration::from_secs(5)).await;
    assert!(reply.is_ok());
}

#[tokio::test]
async fn an_owner_that_has_died_does_not_come_back() {
    let stage = Shared::fresh().await;
    let (store, other) = (stage.open().await, stage.open().await);
    let ticket = take(&*store, message(1), &[0]).await;
    let owner = store.inner.held().owner;
    assert!(store.covers(&ticket));
    lapse(&store).await;
    store.inner.renew().await.unwrap();
    assert_ne!(store.inner.held().owner, owner);
    assert!(!store.covers(&ticket), "it is another owner's claim by now");
    assert_eq!(known(claim(&*other, message(1), &[0], false).await), [(0, false)]);
    let ticket = take(&*store, message(1), &[1]).await;
    assert!(store.covers(&ticket));
    lapse(&store).await;
    let again = take(&*store, message(1), &[2]).await;
    assert!(store.covers(&again), "a claim takes a new lease by itself");
    assert!(!store.covers(&ticket));
}

#[tokio::test]
async fn a_claim_that_is_being_given_back_while_the_store_is_closed_is_free() {
    let mut server = Redis::start();
    let url = server.url();
    let open = || async { RedisJournal::open(&url, Options::default()).await.unwrap() };
    let store = open().await;
    // Granted, and nobody was told.
    let ticket = take(&store, message(1), &[0]).await;
    let attempt = lock(&store.inner.attempts).remove(&ticket.0).unwrap();
    server.kill();
    store.inner.give_up(attempt);
    {
        // As the keeper does, and is aborted while it waits for the server.
        let clearing = pin!(store.inner.clear_up(Duration::from_secs(60)));
        assert!(clearing.poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    server.restart();
    store.inner.renew().await.unwrap();
    store.close().await.unwrap();
    take(&open().await, message(1), &[0]).await;
}
