//! A store that many workers share: Redis, or Valkey.
//!
//! Each claim and each record is one script on the server, which nobody can come between, and one
//! round trip. All times are the server's.
//!
//! # What the caller of `claim` has to keep to
//! When a claim is granted, its lease lasts for as long as the claim said that the call may take
//! ([`Wanted::lasts`]), even if the server cannot be reached from then on. What remains is a process that is stopped (`SIGSTOP`, a paused machine) after the
//! grant and goes on later than its lease. Nothing is sent twice by itself even then, because the
//! claim of an owner that counts as dead is unknown and not free: it takes a person who has it sent
//! again in that time. [`Journal::covers`] tells, just before the call, whether this has happened.

mod address;
mod check;
mod claim;
mod fault;
mod keys;
mod lease;
mod link;
mod look;
mod outcome;
pub(crate) mod record;
mod runs;
mod scripts;
mod state;
mod watch;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::AbortHandle;

use self::address::Address;
use self::claim::Attempt;
use self::keys::{Description, Keys, describe, random};
use self::lease::Held;
use self::link::{Ask, Link};
use self::watch::Fitness;
use crate::component::{
    Account, AccountMark, BoxFuture, Claim, Error, Fallout, Journal, MessageKey, NumberHash, Past,
    Scope, Seal, State, Ticket, Wanted,
};
use crate::journal::record::Secret;
use crate::journal::{Begin, EndedRun, Entry, Filter, Job, JournalKey, Ledger, Retention, Run};

/// How long claims that nobody has called may take to be given back at the end: without that they are
/// in doubt for ever.
const GIVING_BACK: Duration = Duration::from_secs(2);

/// Times and key of a store. The default times are right for production.
#[derive(Debug, Clone)]
pub struct Options {
    /// How long an owner that is not heard of counts as alive. 30 s.
    pub lease: Duration,
    /// How long the server may take to answer once; its disk may be slow. 3 s.
    pub answer: Duration,
    /// For how long a claim or a question is tried again when the server cannot be reached. 6 s.
    pub patience: Duration,
    /// The same for an outcome, where giving up costs a person's time. 30 s.
    pub outcome_patience: Duration,
    /// The key that the store was made with, or that a new one is made with. None.
    pub key: Option<JournalKey>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(30),
            answer: Duration::from_secs(3),
            patience: Duration::from_secs(6),
            outcome_patience: Duration::from_secs(30),
            key: None,
        }
    }
}

/// A journal in Redis. It needs the tokio runtime that it was opened in.
///
/// Dropped without [`Ledger::close`], it counts as alive for one more lease.
pub struct RedisJournal {
    inner: Arc<Inner>,
    keeper: AbortHandle,
    server: String,
    warnings: Vec<String>,
    is_new: bool,
}

struct Inner {
    link: Link,
    keys: Keys,
    secret: Secret,
    /// Of the store, to see when its data were lost.
    id: Vec<u8>,
    former_keys: bool,
    fitness: Fitness,
    retention: Retention,
    options: Options,
    held: Mutex<Held>,
    /// Whether the lease was renewed when that was last tried.
    answers: AtomicBool,
    replacing: tokio::sync::Mutex<()>,
    attempts: Mutex<HashMap<u64, Attempt>>,
    /// The next ticket. Begins anywhere, so that a ticket is of no use in another process.
    next: AtomicU64,
    given_up: Mutex<Vec<Arc<Attempt>>>,
    wake: Notify,
    /// The hash of the job of each run that was begun here.
    runs: Mutex<HashMap<Scope, String>>,
}

impl RedisJournal {
    /// Opens the journal at this URL: `redis://[user:password@]host[:port][/database]`, or
    /// `rediss://` for TLS. `?prefix=` is what each key begins with (`isendpro:`), `?keep=` for how
    /// many days what is settled is remembered (30), and `?durability=accept-loss` takes a server that
    /// may forget.
    ///
    /// # Errors
    /// When the URL is wrong, the server cannot be reached, or may lose what it is told.
    pub async fn open(url: &str, options: Options) -> Result<Self, Error> {
        let address = Address::parse(url)?;
        let link = Link::new(&address, options.answer)?;
        let server = check::server(&link, options.patience).await?;
        let (fitness, mut warnings) = Fitness::judge(server, address.accept_loss)?;
        warnings.extend(address.in_clear);
        let keys = Keys { prefix: address.prefix };
        let (retention, key) = (address.retention, options.key.as_ref());
        let Description { id, secret, former_keys, is_new } =
            describe(&link, &keys, retention, key, options.patience).await?;
        let inner = Arc::new(Inner {
            link,
            keys,
            secret,
            id,
            former_keys,
            fitness,
            retention: address.retention,
            options,
            held: Mutex::new(Held::none()),
            answers: AtomicBool::new(true),
            replacing: tokio::sync::Mutex::default(),
            attempts: Mutex::default(),
            next: AtomicU64::new(u64::from_ne_bytes(random()?)),
            given_up: Mutex::default(),
            wake: Notify::new(),
            runs: Mutex::default(),
        });
        inner.replace(inner.held().owner).await?;
        let keeper = tokio::spawn(lease::keep(inner.clone())).abort_handle();
        Ok(Self { inner, keeper, server: address.server, warnings, is_new })
    }

    /// What is not recorded by now is unknown, and not only after the lease; but not what was given up,
    /// which nobody has called.
    async fn close(&self) -> Result<(), Error> {
        self.keeper.abort();
        self.inner.clear_up(GIVING_BACK).await;
        let mut command = redis::cmd("DEL");
        command.arg(self.inner.keys.lease(self.inner.held().owner));
        let reply = self.inner.link.ask(Ask::Command(&command), Duration::ZERO).await;
        reply.map(drop).map_err(|it| it.error)
    }
}

impl Drop for RedisJournal {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

impl fmt::Debug for RedisJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisJournal")
            .field("server", &self.server)
            .field("prefix", &self.inner.keys.prefix)
            .finish_non_exhaustive()
    }
}

impl Journal for RedisJournal {
    fn claim<'a>(&'a self, wanted: Wanted<'a>) -> BoxFuture<'a, Result<Claim, Error>> {
        Box::pin(self.inner.claim(wanted))
    }

    fn recall(&self, message: MessageKey) -> BoxFuture<'_, Result<Vec<Past>, Error>> {
        Box::pin(super::recall(self, message))
    }

    fn has_former_keys(&self) -> bool {
        self.inner.former_keys
    }

    fn seal(&self) -> Seal {
        self.inner.secret.seal().clone()
    }

    fn number(&self, tel: &str) -> Option<NumberHash> {
        self.inner.secret.mark(tel).map(|it| it.number())
    }

    fn account(&self, account: &Account) -> AccountMark {
        self.inner.secret.account(account)
    }

    fn covers(&self, ticket: &Ticket) -> bool {
        self.inner.covers(ticket)
    }

    fn record<'a>(
        &'a self,
        ticket: Ticket,
        fallout: &'a [(u32, Fallout)],
    ) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(self.inner.record(ticket, fallout))
    }
}

impl State for RedisJournal {
    fn load<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, Error>> {
        Box::pin(self.inner.load(name))
    }

    fn save<'a>(&'a self, name: &'a str, bytes: Vec<u8>) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move { self.inner.save(name, &bytes).await })
    }
}

impl Ledger for RedisJournal {
    fn warnings(&self) -> &[String] {
        &self.warnings
    }

    fn is_new(&self) -> bool {
        self.is_new
    }

    fn retention(&self) -> Option<Retention> {
        Some(self.inner.retention)
    }

    fn answers(&self) -> bool {
        self.inner.answers.load(Ordering::Relaxed) && self.inner.fitness.check().is_ok()
    }

    fn close(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(self.close())
    }

    fn begin<'a>(
        &'a self,
        job: &'a Job,
        first: [u8; 32],
        how: Begin,
    ) -> BoxFuture<'a, Result<Run, Error>> {
        Box::pin(self.inner.begin(job, first, how))
    }

    fn end<'a>(&'a self, job: &'a Job, run: EndedRun) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(self.inner.end(job, run))
    }

    fn ended<'a>(&'a self, job: &'a Job) -> BoxFuture<'a, Result<Vec<EndedRun>, Error>> {
        Box::pin(self.inner.ended_runs(job))
    }

    fn entries<'a>(
        &'a self,
        filter: &'a Filter,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Entry>, Error>> {
        Box::pin(self.inner.entries(filter, limit))
    }

    fn accept(&self, message: MessageKey, slot: u32) -> BoxFuture<'_, Result<bool, Error>> {
        Box::pin(self.inner.accept(message, slot))
    }

    fn forget<'a>(&'a self, filter: &'a Filter) -> BoxFuture<'a, Result<u64, Error>> {
        Box::pin(self.inner.forget(filter))
    }
}

impl Inner {
    /// For how long what is settled is remembered, in milliseconds.
    fn retention(&self) -> u64 {
        self.retention.millis()
    }
}

/// A lock that is never held while anything can panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
