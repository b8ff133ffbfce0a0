//! The thread that writes, and what it shares with those who wait for it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Instant;

use jiff::Timestamp;
use redb::{ReadTransaction, ReadableDatabase as _, WriteTransaction};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TryRecvError;

use super::batch::{Batch, Jobs};
use super::expiry::Expiry;
use super::open::{Home, Opened};
use super::orders::{Order, Reply};
use super::tables::Trouble;
use super::tickets::Tickets;
use crate::component::{Claim, Error, Kind, Ticket, metrics};
use crate::journal::Job;
use crate::journal::record::{Owner, Secret};

/// What the writer and the others share.
pub struct Shared {
    pub home: Home,
    pub owner: Owner,
    pub secret: Secret,
    secret_bytes: [u8; 32],
    pub former_keys: bool,
    /// None after a failure, until it is opened again.
    opened: RwLock<Option<Opened>>,
    /// Tickets that nobody got because nobody waited for them any more.
    unwanted: Mutex<Vec<Ticket>>,
    pub commits: AtomicU64,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("home", &self.home).finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub fn new(home: Home, opened: Opened, owner: [u8; 16]) -> Self {
        Self {
            home,
            owner: Owner(owner),
            secret: Secret::new(&opened.secret, opened.seal.clone()),
            secret_bytes: opened.secret,
            former_keys: opened.former_keys,
            opened: RwLock::new(Some(opened)),
            unwanted: Mutex::default(),
            commits: AtomicU64::new(0),
        }
    }

    /// The job as it is called in the file.
    pub fn named(&self, job: &Job) -> Job {
        if !self.secret.seal().is_keyed() {
            return job.clone();
        }
        let former = job.former.as_deref().map(|it| self.secret.job(it));
        Job { key: self.secret.job(&job.key), former }
    }

    /// Gives back a claim that nobody has got to know of.
    pub fn give_back(&self, ticket: Ticket) {
        lock(&self.unwanted).push(ticket);
    }

    fn used_ticket(&self) -> Error {
        let said =
            self.home.error("got an outcome for a claim that has one, or that it never gave");
        Error { kind: Kind::Internal, ..said }
    }

    /// Begins a transaction, if nobody else has written to the file.
    fn begin<T>(
        &self,
        begin: impl FnOnce(&Opened) -> Result<T, redb::Error>,
    ) -> Result<T, redb::Error> {
        let opened = self.opened.read().unwrap_or_else(PoisonError::into_inner);
        let opened = opened.as_ref().ok_or(redb::Error::DatabaseClosed)?;
        opened.storage.check()?;
        begin(opened)
    }

    fn begin_write(&self) -> Result<WriteTransaction, redb::Error> {
        self.begin(|it| Ok(it.db.begin_write()?))
    }

    /// The state of the last transaction, which stays the same while it is looked at.
    pub fn begin_read(&self) -> Result<ReadTransaction, Error> {
        self.revive()?;
        self.begin(|it| Ok(it.db.begin_read()?)).map_err(|it| self.home.broken(&it))
    }

    pub fn trouble(&self, trouble: &Trouble) -> Error {
        self.home.trouble(trouble)
    }

    /// Writes the file anew, without what was forgotten. Only the writer may ask for it, between two
    /// transactions: what another one wrote meanwhile would be lost.
    fn erase(&self) -> Result<(), Error> {
        self.home.guarded(|| self.write_anew())
    }

    fn write_anew(&self) -> Result<(), Error> {
        let mut opened = self.opened.write().unwrap_or_else(PoisonError::into_inner);
        // Whatever comes of it, the old file may have lost its name: it is opened again.
        let old = match opened.take() {
            Some(old) => old,
            None => self.home.reopen(&self.secret_bytes)?,
        };
        old.storage.check().map_err(|it| self.home.broken(&it.into()))?;
        self.home.rewrite(&old.db, None).map(drop)
    }

    /// Opens the file again if it failed. The lock is given up for a moment: if another process has
    /// taken it, our claims are unknown to that one, and what becomes of them is still written.
    fn revive(&self) -> Result<(), Error> {
        let mut opened = self.opened.write().unwrap_or_else(PoisonError::into_inner);
        if opened.is_none() {
            *opened = Some(self.home.reopen(&self.secret_bytes)?);
        }
        Ok(())
    }

    /// After an error the database takes no transaction until it is opened again.
    pub fn close(&self) {
        let opened = self.opened.write().unwrap_or_else(PoisonError::into_inner).take();
        // Closing writes as well. Whatever stops it, the next one to open the file will see.
        let closed = self.home.guarded(|| {
            drop(opened);
            Ok(())
        });
        closed.ok();
    }
}

/// Sends an answer, or the error of its transaction instead.
type Answer<'a> = Box<dyn FnOnce(Result<(), Error>) + 'a>;

/// The writing thread's own.
pub struct Writer {
    shared: Arc<Shared>,
    queue: mpsc::Receiver<Order>,
    tickets: Tickets,
    jobs: Jobs,
    expiry: Expiry,
}

impl Writer {
    pub fn new(shared: Arc<Shared>, queue: mpsc::Receiver<Order>, expiry: Expiry) -> Self {
        Self { shared, queue, tickets: Tickets::default(), jobs: Jobs::new(), expiry }
    }

    /// Works until the store is dropped, the queue is empty, and what is old is forgotten.
    pub fn run(mut self) {
        let mut orders = Vec::with_capacity(super::QUEUE);
        while self.receive(&mut orders) {
            self.work(&mut orders);
        }
        self.work(&mut orders);
        while self.expiry.is_due() {
            self.work(&mut orders);
        }
        self.shared.close();
    }

    /// Gets all orders that wait. Waits for one, unless there is something to forget meanwhile. Says
    /// whether more may come.
    fn receive(&mut self, orders: &mut Vec<Order>) -> bool {
        if !self.expiry.is_due() {
            return self.queue.blocking_recv_many(orders, super::QUEUE) > 0;
        }
        while orders.len() < super::QUEUE {
            match self.queue.try_recv() {
                Ok(order) => orders.push(order),
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return !orders.is_empty(),
            }
        }
        true
    }

    /// Does all of this in one transaction, then answers.
    fn work(&mut self, orders: &mut Vec<Order>) {
        let shared = self.shared.clone();
        self.tickets.give_back(lock(&shared.unwanted).drain(..));
        if orders.is_empty() && !self.tickets.any_unwanted() && !self.expiry.is_due() {
            return;
        }
        let in_place = shared.home.in_place();
        if let Err(error) = &in_place {
            refuse_all_but_outcomes(orders, error);
            self.expiry.put_off();
        }
        let mut answers = Vec::with_capacity(orders.len());
        let mut waiting = orders.drain(..);
        let done = shared.home.guarded(|| self.transact(&shared, &mut waiting, &mut answers));
        match &done {
            Ok(()) => self.tickets.keep(),
            Err(_) => {
                shared.close();
                self.tickets.undo();
                self.expiry.put_off();
            }
        }
        for answer in answers {
            answer(done.clone().and(in_place.clone()));
        }
        if let Err(error) = done {
            waiting.for_each(|it| it.refuse(&error));
        }
    }

    /// Takes the orders that it gets to, and pushes the answer of each.
    fn transact<'a>(
        &mut self,
        shared: &'a Shared,
        waiting: &mut impl Iterator<Item = Order>,
        answers: &mut Vec<Answer<'a>>,
    ) -> Result<(), Error> {
        shared.revive()?;
        let mut transact = || -> Result<(), redb::Error> {
            if self.tickets.any_unwanted() {
                self.tickets.drop_unwritten(&shared.begin(|it| Ok(it.db.begin_read()?))?)?;
            }
            let txn = shared.begin_write()?;
            let owned = (&mut self.tickets, &mut self.jobs);
            let mut batch = Batch::new(&txn, owned, shared.owner)?;
            batch.give_back(Timestamp::now())?;
            for order in waiting.by_ref() {
                let (answer, applied) = apply(&mut batch, shared, order);
                answers.push(answer);
                applied?;
            }
            batch.reach()?;
            batch.expire(&mut self.expiry, Timestamp::now())?;
            let changed = batch.changed;
            drop(batch);
            if !changed {
                return Ok(txn.abort()?);
            }
            let began = Instant::now();
            txn.commit()?;
            shared.commits.fetch_add(1, Ordering::Relaxed);
            if let Some(metrics) = metrics::watched() {
                metrics.committed("file", began.elapsed());
            }
            Ok(())
        };
        transact().map_err(|it| shared.home.broken(&it))
    }
}

/// Leaves outcomes only, which are still written: the file may come back to its place. They are told
/// as failed all the same, so that nobody takes them for remembered.
fn refuse_all_but_outcomes(orders: &mut Vec<Order>, error: &Error) {
    let all = std::mem::take(orders);
    for order in all {
        match order {
            Order::Record(..) => orders.push(order),
            other => other.refuse(error),
        }
    }
}

/// What an order's answer is, and whether its transaction can go on.
type Applied<'a> = (Answer<'a>, Result<(), redb::Error>);

fn apply<'a>(batch: &mut Batch<'_>, shared: &'a Shared, order: Order) -> Applied<'a> {
    match order {
        Order::Claim(claiming, reply) => {
            let (claim, applied) = told(shared, batch.claim(&claiming));
            (answer_claim(shared, reply, claim), applied)
        }
        Order::Record(ticket, fallout, now, reply) => {
            let recorded = batch.record(&ticket, &fallout, now);
            let (recorded, applied) = told(shared, recorded);
            let known = |it| if it { Ok(()) } else { Err(shared.used_ticket()) };
            (answer(reply, recorded.and_then(known)), applied)
        }
        Order::Accept(message, slot, now, reply) => {
            plain(shared, reply, batch.accept(message, slot, now))
        }
        Order::Forget(sought, from, reply) => plain(shared, reply, batch.forget(&sought, from)),
        Order::Erase(reply) => (answer_erased(shared, reply), Ok(())),
        Order::Begin(order, reply) => plain(shared, reply, batch.begin(&order)),
        Order::End(job, ended, reply) => plain(shared, reply, batch.end(&job, &ended)),
        Order::Save(name, bytes, reply) => plain(shared, reply, batch.save(&name, &bytes)),
    }
}

fn plain<'a, T: 'a>(shared: &Shared, reply: Reply<T>, done: Result<T, Trouble>) -> Applied<'a> {
    let (done, applied) = told(shared, done);
    (answer(reply, done), applied)
}

/// The error for whoever asked, and for the transaction if that cannot go on.
fn told<T>(
    shared: &Shared,
    done: Result<T, Trouble>,
) -> (Result<T, Error>, Result<(), redb::Error>) {
    match done {
        Ok(it) => (Ok(it), Ok(())),
        Err(trouble) => {
            let error = shared.trouble(&trouble);
            match trouble {
                Trouble::Storage(it) => (Err(error), Err(it)),
                Trouble::Record(_) => (Err(error), Ok(())),
            }
        }
    }
}

fn answer<'a, T: 'a>(reply: Reply<T>, result: Result<T, Error>) -> Answer<'a> {
    Box::new(move |done| {
        // Who does not wait any more does not need the answer.
        reply.send(done.and(result)).ok();
    })
}

/// Erases what was forgotten: answers come after the transaction, and before the next.
fn answer_erased(shared: &Shared, reply: Reply<()>) -> Answer<'_> {
    Box::new(move |done| {
        reply.send(done.and_then(|()| shared.erase())).ok();
    })
}

fn answer_claim(shared: &Shared, reply: Reply<Claim>, claim: Result<Claim, Error>) -> Answer<'_> {
    Box::new(move |done| {
        if let Err(Ok(Claim::Granted(ticket, _))) = reply.send(done.and(claim)) {
            shared.give_back(ticket);
        }
    })
}
