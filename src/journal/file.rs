//! The store in one file, for one process at a time.
//!
//! One thread writes. It takes all claims and outcomes that wait, applies them in one transaction,
//! syncs once, and answers all of them; whoever comes while it syncs is in the next transaction.
//! The file is locked, so every other owner in it is dead. What has been settled for long is forgotten
//! by the same transactions, and in those that nobody waits for.

mod batch;
mod expiry;
mod look;
mod open;
mod orders;
mod place;
mod rewrite;
mod runs;
mod said;
mod storage;
mod tables;
#[cfg(test)]
mod tests;
mod tickets;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};

use super::record::{Claimant, Record, Sought};
use super::{Begin, EndedRun, Entry, Filter, Job, JournalKey, Ledger, OpenRun, Retention, Run};
use crate::component::{
    Account, AccountMark, BoxFuture, Claim, Error, Fallout, Journal, MessageKey, NumberHash, Past,
    Scope, Seal, State, Ticket, Wanted,
};
use expiry::Expiry;
use open::Home;
use orders::{BeginRun, Claiming, Order, Reply};
pub use rewrite::Rekeyed;
use runs::LastRun;
use tables::Key;
use writer::{Shared, Writer};

/// How many claims and outcomes wait for the next transaction at most. Whoever comes then waits for
/// a place.
const QUEUE: usize = 1024;

/// A journal in a file.
///
/// When the disk fails, claims and outcomes are errors, and the file is opened anew for the next
/// one; after a failed sync only a new process may do that, since what the disk holds is unknown.
/// Dropping the journal waits until all that was queued is on disk.
#[derive(Debug)]
pub struct FileJournal {
    shared: Arc<Shared>,
    /// None once the store is being dropped, which ends the writer.
    orders: Option<mpsc::Sender<Order>>,
    writer: Option<JoinHandle<()>>,
    next_attempt: AtomicU64,
    warnings: Vec<String>,
    is_new: bool,
    retention: Retention,
}

impl FileJournal {
    /// Opens the journal in this file and locks it. A file that does not exist or is empty becomes
    /// a new journal. Only the file's owner may read it; other modes are repaired.
    ///
    /// After a crash this reads the whole file.
    ///
    /// # Errors
    /// When the file cannot be opened or made, another process uses it, or it is not a journal of
    /// this version.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::open_with(path, None, None)
    }

    /// The same, with the key that the journal was made with, or that a new one is made with, and for how
    /// long what is settled is remembered: for as long as was said last, or else for 90 days.
    ///
    /// # Errors
    /// As for [`open`](Self::open), and when the journal has another key, or none.
    pub fn open_with(
        path: impl AsRef<Path>,
        key: Option<JournalKey>,
        keep: Option<Retention>,
    ) -> Result<Self, Error> {
        Self::from_home(Home::new(path.as_ref()).keyed(key), keep)
    }

    /// Puts a journal that has no key under this one. It goes on as before, with the key: nothing that it
    /// knows is lost.
    ///
    /// # Errors
    /// When the file cannot be opened, has a key, or cannot be written anew. Then it is as it was.
    pub fn rekey(path: impl AsRef<Path>, key: &JournalKey) -> Result<Rekeyed, Error> {
        let home = Home::new(path.as_ref()).without_key_yet();
        home.guarded(|| home.rekey(key))
    }

    fn from_home(home: Home, keep: Option<Retention>) -> Result<Self, Error> {
        let (mut opened, expiry) = home.guarded(|| {
            let opened = home.open()?;
            let expiry = Expiry::of(&opened.db, keep, Timestamp::now());
            Ok((opened, expiry.map_err(|it| home.broken(&it))?))
        })?;
        let retention = expiry.retention(keep);
        let warnings = opened.warning.take().into_iter().collect();
        let is_new = opened.is_new;
        let first_attempt = u64::from_be_bytes(open::random()?);
        let shared = Arc::new(Shared::new(home, opened, open::random()?));
        let (orders, queue) = mpsc::channel(QUEUE);
        let writer = Writer::new(shared.clone(), queue, expiry);
        let writer = std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || writer.run())
            .map_err(|it| shared.home.error(format!("cannot be written: no thread: {it}")))?;
        Ok(Self {
            shared,
            orders: Some(orders),
            writer: Some(writer),
            next_attempt: AtomicU64::new(first_attempt),
            warnings,
            is_new,
            retention,
        })
    }

    /// How many transactions were written since it was opened.
    pub fn commits(&self) -> u64 {
        self.shared.commits.load(Ordering::Relaxed)
    }

    fn ended(&self) -> Error {
        self.shared.home.error("is closed: its writer has ended")
    }

    /// Gives an order to the writer, once there is a place in the queue.
    async fn send(&self, order: Order) -> Result<(), Error> {
        let orders = self.orders.as_ref().ok_or_else(|| self.ended())?;
        orders.send(order).await.map_err(|_| self.ended())
    }

    /// Gives an order to the writer and waits for its answer.
    async fn ask<T>(&self, order: impl FnOnce(Reply<T>) -> Order) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        self.send(order(reply)).await?;
        // Only a panic of the database drops an order that was taken.
        answer.await.map_err(|_| self.shared.home.panicked())?
    }

    async fn claim(&self, wanted: Wanted<'_>) -> Result<Claim, Error> {
        let (reply, answer) = oneshot::channel();
        let mut waiting = Waiting { shared: &self.shared, answer };
        self.send(Order::Claim(self.claiming(wanted), reply)).await?;
        (&mut waiting.answer).await.map_err(|_| self.shared.home.panicked())?
    }

    fn claiming(&self, wanted: Wanted<'_>) -> Claiming {
        let attempt = self.next_attempt.fetch_add(1, Ordering::Relaxed);
        let by = Claimant { owner: self.shared.owner, attempt, now: Timestamp::now() };
        let written = |slot: &crate::component::Slot<'_>| {
            (slot.index, Record::claimed(by, &wanted, slot, &self.shared.secret))
        };
        let slots = wanted.slots.iter().map(written).collect();
        let reached = wanted.progress.map(|it| (wanted.scope, it));
        let Wanted { message, resend, .. } = wanted;
        Claiming { message, attempt, resend, slots, reached, now: by.now }
    }

    /// Looks at the file beside the writer, on a thread that may wait for the disk.
    async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Shared) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let shared = self.shared.clone();
        let looked = tokio::task::spawn_blocking(move || look(&shared)).await;
        looked.map_err(|_| self.shared.home.panicked())?
    }

    async fn begin(&self, job: &Job, first: [u8; 32], how: Begin) -> Result<Run, Error> {
        let (new, now) = (Scope(open::random()?), Timestamp::now());
        let order = BeginRun { job: self.shared.named(job), first, how, new, now };
        let (run, was_open) = self.ask(|reply| Order::Begin(order, reply)).await?;
        let LastRun { scope, at, input, .. } = run;
        if !was_open {
            return Ok(Run { scope, resumed: None });
        }
        let accepted = self.look(move |it| look::accepted_in(it, scope)).await?;
        let (began, progress) = (input.map(|_| at), input.map(|it| it.progress));
        Ok(Run { scope, resumed: Some(OpenRun { began, accepted, progress }) })
    }

    async fn forget(&self, filter: &Filter) -> Result<u64, Error> {
        let sought = Arc::new(Sought::new(filter, &self.shared.secret));
        let mut forgotten = 0;
        let mut from: Option<Key> = None;
        loop {
            let sought = sought.clone();
            let (some, next) = self.ask(|reply| Order::Forget(sought, from, reply)).await?;
            forgotten += some;
            match next {
                Some(_) => from = next,
                None => break,
            }
        }
        // The tables no longer have it, but free pages of the file do.
        self.ask(Order::Erase).await.map_err(|it| Error {
            what: format!(
                "{}; {forgotten} are forgotten, and the file still has traces of them: mend this, and \
                 forget them again",
                it.what
            ),
            ..it
        })?;
        Ok(forgotten)
    }
}

/// A claim that is waited for. If nobody waits any more when it is granted, it is given back.
struct Waiting<'a> {
    shared: &'a Shared,
    answer: oneshot::Receiver<Result<Claim, Error>>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.answer.close();
        if let Ok(Ok(Claim::Granted(ticket, _))) = self.answer.try_recv() {
            self.shared.give_back(ticket);
        }
    }
}

impl Drop for FileJournal {
    fn drop(&mut self) {
        self.orders = None;
        // A writer that panicked has said so; there is nobody else to tell.
        self.writer.take().map(JoinHandle::join);
    }
}

impl Journal for FileJournal {
    fn claim<'a>(&'a self, wanted: Wanted<'a>) -> BoxFuture<'a, Result<Claim, Error>> {
        Box::pin(self.claim(wanted))
    }

    fn recall(&self, message: MessageKey) -> BoxFuture<'_, Result<Vec<Past>, Error>> {
        Box::pin(super::recall(self, message))
    }

    fn has_former_keys(&self) -> bool {
        self.shared.former_keys
    }

    fn seal(&self) -> Seal {
        self.shared.secret.seal().clone()
    }

    fn number(&self, tel: &str) -> Option<NumberHash> {
        self.shared.secret.mark(tel).map(|it| it.number())
    }

    fn account(&self, account: &Account) -> AccountMark {
        self.shared.secret.account(account)
    }

    /// The file is locked while it is open.
    fn is_shared(&self) -> bool {
        false
    }

    fn record<'a>(
        &'a self,
        ticket: Ticket,
        fallout: &'a [(u32, Fallout)],
    ) -> BoxFuture<'a, Result<(), Error>> {
        let fallout = fallout.to_vec();
        Box::pin(self.ask(move |it| Order::Record(ticket, fallout, Timestamp::now(), it)))
    }
}

impl State for FileJournal {
    fn load<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, Error>> {
        let name = name.to_owned();
        Box::pin(self.look(move |it| look::state(it, &name)))
    }

    fn save<'a>(&'a self, name: &'a str, bytes: Vec<u8>) -> BoxFuture<'a, Result<(), Error>> {
        let name = name.to_owned();
        Box::pin(self.ask(move |reply| Order::Save(name, bytes, reply)))
    }
}

impl Ledger for FileJournal {
    fn warnings(&self) -> &[String] {
        &self.warnings
    }

    fn is_new(&self) -> bool {
        self.is_new
    }

    fn retention(&self) -> Option<Retention> {
        Some(self.retention)
    }

    fn spares_open_runs(&self) -> bool {
        true
    }

    fn close(&self) -> BoxFuture<'_, Result<(), Error>> {
        tracing::info!(commits = self.commits(), "the journal is closed");
        Box::pin(std::future::ready(Ok(())))
    }

    fn begin<'a>(
        &'a self,
        job: &'a Job,
        first: [u8; 32],
        how: Begin,
    ) -> BoxFuture<'a, Result<Run, Error>> {
        Box::pin(self.begin(job, first, how))
    }

    fn end<'a>(&'a self, job: &'a Job, run: EndedRun) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(self.ask(move |reply| Order::End(self.shared.named(job), run, reply)))
    }

    fn ended<'a>(&'a self, job: &'a Job) -> BoxFuture<'a, Result<Vec<EndedRun>, Error>> {
        let job = self.shared.named(job);
        Box::pin(self.look(move |it| look::ended(it, &job)))
    }

    fn entries<'a>(
        &'a self,
        filter: &'a Filter,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Entry>, Error>> {
        let sought = Sought::new(filter, &self.shared.secret);
        Box::pin(self.look(move |it| look::entries(it, &sought, limit)))
    }

    fn accept(&self, message: MessageKey, slot: u32) -> BoxFuture<'_, Result<bool, Error>> {
        Box::pin(self.ask(move |it| Order::Accept(message, slot, Timestamp::now(), it)))
    }

    fn forget<'a>(&'a self, filter: &'a Filter) -> BoxFuture<'a, Result<u64, Error>> {
        Box::pin(self.forget(filter))
    }
}
