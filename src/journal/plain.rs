//! A store in memory whose owners share the data. It keeps the laws, which shows that they can be kept;
//! the simulation makes its journals of it.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::record::{Change, Claimant, Owner, Record, Secret, Sought, Standing};
use super::{Begin, EndedRun, Entry, Filter, Job, Ledger, OpenRun, RECENT, Run, State};
use crate::component::{
    self, Account, AccountMark, BoxFuture, Claim, Error, Fallout, Journal, Kind, MessageKey,
    NumberHash, Past, Progress, Scope, Seal, Ticket, Wanted, clock,
};

type Place = (MessageKey, u32);

/// What all owners share.
#[derive(Default)]
pub struct Data {
    slots: BTreeMap<Place, Record>,
    runs: HashMap<String, PlainRun>,
    ended: Vec<(String, EndedRun)>,
    state: HashMap<String, Vec<u8>>,
    dead: HashSet<u32>,
    next: u64,
}

struct PlainRun {
    scope: Scope,
    open: bool,
    first: [u8; 32],
    began: Timestamp,
    progress: Progress,
}

/// One owner of the data.
pub struct Plain {
    data: Arc<Mutex<Data>>,
    owner: u32,
    tickets: Mutex<HashMap<u64, Vec<Place>>>,
}

/// An owner's number, as a record has it.
fn owner_of(number: u32) -> Owner {
    Owner((u128::from(number)).to_be_bytes())
}

fn number_of(owner: Owner) -> u32 {
    u128::from_be_bytes(owner.0).try_into().unwrap_or(u32::MAX)
}

fn secret() -> Secret {
    Secret::new(b"", Seal::default())
}

fn ready<'a, T: Send + 'a>(result: Result<T, Error>) -> BoxFuture<'a, Result<T, Error>> {
    Box::pin(std::future::ready(result))
}

impl Data {
    /// From now on this owner counts as dead.
    pub fn kill(&mut self, owner: u32) {
        self.dead.insert(owner);
    }

    fn alive(&self, record: &Record) -> bool {
        !self.dead.contains(&number_of(record.owner))
    }

    fn change(&mut self, place: Place, change: Change) -> bool {
        match change {
            Change::Keep => return false,
            Change::Write(record) => self.slots.insert(place, *record),
            Change::Remove => self.slots.remove(&place),
        };
        true
    }

    fn meant(&self, filter: &Filter) -> Vec<(Place, Record)> {
        let sought = Sought::new(filter, &secret());
        let meant = |(place, it): &(&Place, &Record)| {
            it.is_meant(place.0, place.1, self.alive(it), &sought)
        };
        self.slots.iter().filter(meant).map(|it| (*it.0, it.1.clone())).collect()
    }
}

impl Plain {
    /// The owner of this number, whom nobody else may be.
    pub fn open(data: &Arc<Mutex<Data>>, owner: u32) -> Self {
        Self { data: Arc::clone(data), owner, tickets: Mutex::default() }
    }

    /// Gives back a claim that nobody was told of. One on what may have been sent before stays in doubt,
    /// and may be made once more.
    pub fn give_up(&self, ticket: &Ticket) {
        let places = self.tickets().remove(&ticket.0).unwrap_or_default();
        let mut data = self.data();
        for place in places {
            let is_open = |it: State| matches!(it, State::Claimed | State::Unknown);
            let own = |it: &&Record| it.attempt == ticket.0 && is_open(it.state);
            let Some(record) = data.slots.get(&place).filter(own).cloned() else { continue };
            if record.resent {
                let record = Record { resent: false, ..record.given_up(clock::now()) };
                data.slots.insert(place, record);
            } else {
                data.slots.remove(&place);
            }
        }
    }

    fn tickets(&self) -> MutexGuard<'_, HashMap<u64, Vec<Place>>> {
        self.tickets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn data(&self) -> MutexGuard<'_, Data> {
        self.data.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Journal for Plain {
    fn claim<'a>(&'a self, wanted: Wanted<'a>) -> BoxFuture<'a, Result<Claim, Error>> {
        let mut data = self.data();
        let now = clock::now();
        let (mut known, mut dead, mut again) = (Vec::new(), Vec::new(), Vec::new());
        for slot in wanted.slots {
            let place = (wanted.message, slot.index);
            let Some(record) = data.slots.get(&place) else { continue };
            let alive = data.alive(record);
            match record.standing(alive, wanted.resend) {
                Standing::Busy => return ready(Ok(Claim::Busy(Duration::from_millis(1)))),
                Standing::Known(it) => known.push((slot.index, it)),
                Standing::Free if record.seen(alive) == State::Unknown => again.push(slot.index),
                Standing::Free => {}
            }
            if record.state == State::Claimed {
                dead.push((place, record.clone().given_up(now)));
            }
        }
        if !known.is_empty() {
            data.slots.extend(dead);
            return ready(Ok(Claim::Known(known)));
        }
        let of_scope = |it: &&mut PlainRun| it.scope == wanted.scope;
        if let Some(progress) = wanted.progress
            && let Some(run) = data.runs.values_mut().find(of_scope)
            && run.progress.read < progress.read
        {
            run.progress = progress;
        }
        data.next += 1;
        let attempt = data.next;
        let by = Claimant { owner: owner_of(self.owner), attempt, now };
        let places = wanted.slots.iter().map(|slot| {
            let record = Record::claimed(by, &wanted, slot, &secret());
            let record = if again.contains(&slot.index) { record.sent_again() } else { record };
            data.slots.insert((wanted.message, slot.index), record);
            (wanted.message, slot.index)
        });
        self.tickets().insert(attempt, places.collect());
        ready(Ok(Claim::Granted(Ticket(attempt), again)))
    }

    fn recall(&self, message: MessageKey) -> BoxFuture<'_, Result<Vec<Past>, Error>> {
        Box::pin(super::recall(self, message))
    }

    fn number(&self, tel: &str) -> Option<NumberHash> {
        secret().mark(tel).map(|it| it.number())
    }

    fn account(&self, account: &Account) -> AccountMark {
        secret().account(account)
    }

    fn record<'a>(
        &'a self,
        ticket: Ticket,
        fallout: &'a [(u32, Fallout)],
    ) -> BoxFuture<'a, Result<(), Error>> {
        let Some(places) = self.tickets().remove(&ticket.0) else {
            return ready(Err(Error::new(Kind::Internal, "no such ticket")));
        };
        let mut data = self.data();
        for place in places {
            let Some(record) = data.slots.get(&place).cloned() else { continue };
            let outcome = fallout.iter().find(|it| it.0 == place.1).map(|it| &it.1);
            let outcome = outcome.unwrap_or(&Fallout::Unknown);
            data.change(place, record.settle(ticket.0, outcome, clock::now()));
        }
        ready(Ok(()))
    }
}

impl component::State for Plain {
    fn load<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, Error>> {
        ready(Ok(self.data().state.get(name).cloned()))
    }

    fn save<'a>(&'a self, name: &'a str, bytes: Vec<u8>) -> BoxFuture<'a, Result<(), Error>> {
        self.data().state.insert(name.to_owned(), bytes);
        ready(Ok(()))
    }
}

impl Ledger for Plain {
    fn begin<'a>(
        &'a self,
        job: &'a Job,
        first: [u8; 32],
        how: Begin,
    ) -> BoxFuture<'a, Result<Run, Error>> {
        let mut data = self.data();
        let joined = |it: &&PlainRun| it.open && (it.progress.read > 0 || it.first == first);
        if let Some(run) = data.runs.get(&job.key).filter(|it| how == Begin::Join && joined(it)) {
            let own = |it: &&Record| it.scope == run.scope && it.state == State::Accepted;
            let accepted = data.slots.values().filter(own).count() as u64;
            let (began, progress) = (Some(run.began), Some(run.progress));
            let resumed = Some(OpenRun { began, accepted, progress });
            return ready(Ok(Run { scope: run.scope, resumed }));
        }
        data.next += 1;
        let new = Scope(u128::from(data.next).to_be_bytes());
        let scope = if let Begin::Take(scope) = how { scope } else { new };
        let (began, progress) = (clock::now(), Progress::default());
        let run = PlainRun { scope, open: true, first, began, progress };
        data.runs.insert(job.key.clone(), run);
        ready(Ok(Run { scope, resumed: None }))
    }

    fn end<'a>(&'a self, job: &'a Job, run: EndedRun) -> BoxFuture<'a, Result<(), Error>> {
        let mut data = self.data();
        if let Some(last) = data.runs.get_mut(&job.key).filter(|it| it.scope == run.scope) {
            last.open = false;
        }
        if run.sent > 0 {
            data.ended.push((job.key.clone(), run));
        }
        ready(Ok(()))
    }

    fn ended<'a>(&'a self, job: &'a Job) -> BoxFuture<'a, Result<Vec<EndedRun>, Error>> {
        let oldest = clock::now() - RECENT;
        let data = self.data();
        let own = data.ended.iter().filter(|it| it.0 == job.key && it.1.ended >= oldest);
        ready(Ok(own.map(|it| it.1).collect()))
    }

    fn entries<'a>(
        &'a self,
        filter: &'a Filter,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Entry>, Error>> {
        let data = self.data();
        let mut meant = data.meant(filter);
        meant.sort_by_key(|it| it.1.claimed);
        let entry = |(place, it): (Place, Record)| {
            let alive = data.alive(&it);
            it.into_entry(place.0, place.1, alive)
        };
        ready(Ok(meant.into_iter().take(limit).map(entry).collect()))
    }

    fn accept(&self, message: MessageKey, slot: u32) -> BoxFuture<'_, Result<bool, Error>> {
        let mut data = self.data();
        let Some(record) = data.slots.get(&(message, slot)).cloned() else {
            return ready(Ok(false));
        };
        let change = record.clone().accept(data.alive(&record), clock::now());
        ready(Ok(data.change((message, slot), change)))
    }

    fn forget<'a>(&'a self, filter: &'a Filter) -> BoxFuture<'a, Result<u64, Error>> {
        let mut data = self.data();
        let mut meant = data.meant(filter);
        meant.retain(|it| it.1.seen(data.alive(&it.1)) != State::Claimed);
        for (place, _) in &meant {
            data.slots.remove(place);
        }
        ready(Ok(meant.len() as u64))
    }
}
