//! Journals: the one of the laws, behind a disk that fails or a network that does. The file is for one
//! process at a time; Redis is shared, slow, and gives up who is not heard of for a lease.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use isendpro_connector::component::{
    Account, AccountMark, BoxFuture, Claim, Error, Fallout, GIVEN_UP, Journal, Kind, Known,
    MessageKey, NumberHash, Past, RETURNED, Ticket, Wanted,
};
use isendpro_connector::journal::plain::{Data, Plain};
use isendpro_connector::journal::{Filter, Ledger as _, State};

use crate::breaks::Break;
use crate::plan::{Faults, Store};
use crate::world::{Process, World};

/// The times of Redis: a lease, how long a question is tried, and an outcome.
const LEASE: Duration = Duration::from_secs(30);
const PATIENCE: Duration = Duration::from_secs(6);
const OUTCOME_PATIENCE: Duration = Duration::from_secs(30);
/// How often a claim begins anew because it took too long.
const ROUNDS: usize = 4;

/// The data, and who is alive.
#[derive(Default)]
pub struct Shelf {
    data: Arc<Mutex<Data>>,
    owners: u32,
    /// Until when each owner counts as alive.
    leases: BTreeMap<u32, Duration>,
}

impl Shelf {
    fn open(&mut self, until: Duration) -> (u32, Arc<Plain>) {
        self.owners += 1;
        self.leases.insert(self.owners, until);
        (self.owners, Arc::new(Plain::open(&self.data, self.owners)))
    }

    /// Who was not heard of for too long is dead.
    fn lapse(&mut self, now: Duration) {
        let data = &self.data;
        self.leases.retain(|owner, until| {
            let is_alive = *until > now;
            if !is_alive {
                data.lock().unwrap().kill(*owner);
            }
            is_alive
        });
    }
}

/// A process's journal.
pub struct Owned {
    world: Arc<World>,
    process: Process,
    is_shared: bool,
    held: Mutex<Held>,
    tickets: Mutex<BTreeMap<u64, Claimed>>,
    /// Claims that nobody was told of.
    unheard: Mutex<Vec<(Arc<Plain>, Ticket)>>,
    /// The first answer to each question, for a process that asks once.
    read: Mutex<BTreeMap<MessageKey, Vec<Past>>>,
}

/// What the process knows of its lease.
#[derive(Clone)]
struct Held {
    owner: u32,
    plain: Arc<Plain>,
    until: Duration,
}

#[derive(Clone)]
struct Claimed {
    held: Held,
    /// As the store has it.
    ticket: Option<u64>,
    lasts: Duration,
}

impl Owned {
    /// The journal of a process that begins; none in a world without one.
    pub fn open(world: &Arc<World>, process: Process) -> Option<Arc<Self>> {
        let is_shared = match world.plan.store {
            Store::None => return None,
            Store::File => false,
            Store::Redis => true,
        };
        let now = world.now();
        let mut inner = world.lock();
        if !is_shared {
            // The file is locked: whoever had it is dead.
            inner.shelf.lapse(Duration::MAX);
        }
        let until = if is_shared { now + LEASE } else { Duration::MAX };
        if world.is_broken(Break::EachHasItsOwn) {
            inner.shelf.data = Arc::default();
        }
        let (owner, plain) = inner.shelf.open(until);
        drop(inner);
        Some(Arc::new(Self {
            world: Arc::clone(world),
            process,
            is_shared,
            held: Mutex::new(Held { owner, plain, until }),
            tickets: Mutex::default(),
            unheard: Mutex::default(),
            read: Mutex::default(),
        }))
    }

    /// Keeps the lease, for as long as it is polled.
    pub async fn keep(&self) {
        if !self.is_shared {
            return std::future::pending().await;
        }
        loop {
            tokio::time::sleep(LEASE / 3).await;
            if self.world.lock().outage <= self.world.now() {
                self.renew();
                self.clear_up();
            }
        }
    }

    /// Nothing more is claimed.
    pub fn close(&self) {
        self.clear_up();
        let mut inner = self.world.lock();
        let owner = self.held().owner;
        if let Some(until) = inner.shelf.leases.get_mut(&owner).filter(|_| self.is_shared) {
            *until = Duration::ZERO;
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap()
    }

    fn renew(&self) {
        let now = self.world.now();
        let mut inner = self.world.lock();
        inner.shelf.lapse(now);
        let mut held = self.held();
        match inner.shelf.leases.get_mut(&held.owner) {
            Some(until) => {
                *until = (*until).max(now + LEASE);
                held.until = held.until.max(now + LEASE);
            }
            None => {
                let (owner, plain) = inner.shelf.open(now + LEASE);
                *held = Held { owner, plain, until: now + LEASE };
            }
        }
    }

    fn clear_up(&self) {
        for (plain, ticket) in self.unheard.lock().unwrap().drain(..) {
            plain.give_up(&ticket);
        }
    }

    /// Comes to the store, unless that fails for so long.
    async fn reach(
        &self,
        patience: Duration,
        how_often: impl Fn(&Faults) -> u32,
    ) -> Result<(), Error> {
        let world = &self.world;
        if world.strikes(how_often) {
            world.say(|| format!("the journal of process {} fails", self.process));
            return self.fail(patience).await;
        }
        if self.is_shared {
            if world.strikes(|it| it.outage) {
                let until = world.now() + world.between(2_000, 45_000);
                world.lock().outage = until;
                world.say(|| format!("Redis is gone until {:.0} s", until.as_secs_f64()));
            }
            let gone = world.lock().outage.saturating_sub(world.now());
            if gone > patience {
                return self.fail(patience).await;
            }
            tokio::time::sleep(gone).await;
            world.nap(1, 30).await;
        } else {
            world.nap(1, 5).await;
        }
        world.lock().shelf.lapse(world.now());
        Ok(())
    }

    async fn fail<T>(&self, after: Duration) -> Result<T, Error> {
        self.world.shakes(self.process);
        tokio::time::sleep(if self.is_shared { after } else { Duration::ZERO }).await;
        self.world.shakes(self.process);
        Err(Error::new(Kind::Unavailable, "the journal fails: made up"))
    }

    async fn claim(&self, wanted: Wanted<'_>) -> Result<Claim, Error> {
        if let Err(error) = self.reach(PATIENCE, |it| it.claim).await {
            if !self.world.is_broken(Break::UnclaimedIsCalled) {
                return Err(error);
            }
            return Ok(self.granted(None, wanted.lasts, Vec::new()));
        }
        for _ in 0..ROUNDS {
            if self.is_shared {
                self.renew();
            }
            let held = self.held().clone();
            let claim = self.ask(&held, wanted).await?;
            let Claim::Granted(ticket, again) = claim else { return Ok(claim) };
            if !self.is_shared {
                return Ok(self.granted(Some(ticket), wanted.lasts, again));
            }
            let sent = self.world.now();
            let until = sent + LEASE.max(wanted.lasts + LEASE / 3);
            if let Some(lease) = self.world.lock().shelf.leases.get_mut(&held.owner) {
                *lease = until.max(*lease);
            }
            if self.world.strikes(|it| it.claim_unheard) {
                self.world.say(|| format!("process {} does not hear of its claim", self.process));
                self.unheard.lock().unwrap().push((held.plain, ticket));
                return self.fail(PATIENCE).await;
            }
            self.world.nap(1, 30).await;
            let mut now_held = self.held();
            if now_held.owner == held.owner {
                now_held.until = now_held.until.max(until);
                if now_held.until.saturating_sub(self.world.now()) >= wanted.lasts {
                    drop(now_held);
                    return Ok(self.granted(Some(ticket), wanted.lasts, again));
                }
            }
            drop(now_held);
            // The answer took too long: the same claim again, with a fresh lease.
            held.plain.give_up(&ticket);
        }
        self.fail(Duration::ZERO).await
    }

    fn granted(&self, ticket: Option<Ticket>, lasts: Duration, again: Vec<u32>) -> Claim {
        let held = self.held().clone();
        let mut tickets = self.tickets.lock().unwrap();
        let number = u64::from(held.owner) << 32 | tickets.len() as u64;
        let number = tickets.keys().next_back().map_or(number, |it| it + 1);
        tickets.insert(number, Claimed { held, ticket: ticket.map(|it| it.0), lasts });
        Claim::Granted(Ticket(number), again)
    }

    /// Asks the store, which may be broken on purpose.
    async fn ask(&self, held: &Held, wanted: Wanted<'_>) -> Result<Claim, Error> {
        let world = &self.world;
        let is_mark = wanted.slots.iter().all(|it| it.index == RETURNED || it.index == GIVEN_UP);
        if world.is_broken(Break::DeadIsFree) {
            let of_message = Filter { message: Some(wanted.message), ..Filter::default() };
            for entry in held.plain.entries(&of_message, usize::MAX).await? {
                if entry.state == State::Unknown && entry.settled.is_none() {
                    forget(&held.plain, wanted.message, entry.slot).await?;
                }
            }
        }
        loop {
            let claim = held.plain.claim(wanted).await?;
            let freed = match &claim {
                Claim::Known(known) if !is_mark => {
                    let is_freed = |it: &&(u32, Known)| match it.1 {
                        Known::Accepted(_) => world.is_broken(Break::AcceptedIsFree),
                        _ => wanted.resend && world.is_broken(Break::DoubtIsFreeTwice),
                    };
                    known.iter().filter(is_freed).map(|it| it.0).collect()
                }
                _ => Vec::new(),
            };
            if freed.is_empty() {
                return Ok(match claim {
                    Claim::Busy(_) => Claim::Busy(Duration::from_millis(250)),
                    other => other,
                });
            }
            for slot in freed {
                forget(&held.plain, wanted.message, slot).await?;
            }
        }
    }

    async fn recall(&self, message: MessageKey) -> Result<Vec<Past>, Error> {
        self.reach(PATIENCE, |it| it.recall).await?;
        let plain = Arc::clone(&self.held().plain);
        let mut past = plain.recall(message).await?;
        let world = &self.world;
        if world.is_broken(Break::ReturnedIsForgotten) {
            past.retain(|it| it.slot != RETURNED);
        }
        if world.is_broken(Break::GivenUpIsForgotten) {
            past.retain(|it| it.slot != GIVEN_UP);
        }
        if world.is_broken(Break::HistoryIsReadOnce) {
            let mut read = self.read.lock().unwrap();
            past.clone_from(read.entry(message).or_insert_with(|| past.clone()));
        }
        if self.is_shared {
            world.nap(1, 30).await;
        }
        Ok(past)
    }

    async fn record(&self, ticket: Ticket, fallout: &[(u32, Fallout)]) -> Result<(), Error> {
        let claimed = self.tickets.lock().unwrap().get(&ticket.0).cloned();
        let claimed = claimed.ok_or_else(|| Error::new(Kind::Internal, "no such ticket"))?;
        let Claimed { held, ticket: Some(of_store), .. } = claimed else { return Ok(()) };
        self.reach(OUTCOME_PATIENCE, |it| it.record).await?;
        let told = fallout.iter().map(|(slot, it)| (*slot, self.broken(it)));
        held.plain.record(Ticket(of_store), &told.collect::<Vec<_>>()).await?;
        if self.world.strikes(|it| it.record_unheard) {
            self.world.say(|| format!("process {} does not hear of its record", self.process));
            return self.fail(OUTCOME_PATIENCE).await;
        }
        if self.is_shared {
            self.world.nap(1, 30).await;
        }
        Ok(())
    }

    fn broken(&self, fallout: &Fallout) -> Fallout {
        match fallout {
            Fallout::Unknown if self.world.is_broken(Break::UnknownIsRefused) => {
                Fallout::Refused { code: None }
            }
            Fallout::Accepted(_) if self.world.is_broken(Break::RecordIsSkipped) => {
                Fallout::Released
            }
            other => other.clone(),
        }
    }
}

async fn forget(plain: &Plain, message: MessageKey, slot: u32) -> Result<(), Error> {
    let of_slot = Filter { message: Some(message), slot: Some(slot), ..Filter::default() };
    plain.forget(&of_slot).await.map(drop)
}

impl Journal for Owned {
    fn claim<'a>(&'a self, wanted: Wanted<'a>) -> BoxFuture<'a, Result<Claim, Error>> {
        Box::pin(self.claim(wanted))
    }

    fn recall(&self, message: MessageKey) -> BoxFuture<'_, Result<Vec<Past>, Error>> {
        Box::pin(self.recall(message))
    }

    fn number(&self, tel: &str) -> Option<NumberHash> {
        self.held().plain.number(tel)
    }

    fn account(&self, account: &Account) -> AccountMark {
        self.held().plain.account(account)
    }

    fn is_shared(&self) -> bool {
        self.is_shared
    }

    fn covers(&self, ticket: &Ticket) -> bool {
        let Some(claimed) = self.tickets.lock().unwrap().get(&ticket.0).cloned() else {
            return false;
        };
        let held = self.held();
        let left = held.until.saturating_sub(self.world.now());
        !self.is_shared || held.owner == claimed.held.owner && left >= claimed.lasts
    }

    fn record<'a>(
        &'a self,
        ticket: Ticket,
        fallout: &'a [(u32, Fallout)],
    ) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(self.record(ticket, fallout))
    }
}
