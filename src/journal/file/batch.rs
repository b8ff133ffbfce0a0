//! All that one transaction does.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use redb::{ReadableTable as _, Table, WriteTransaction};

use super::orders::{BeginRun, Claiming};
use super::runs::{LastRun, Runs};
use super::tables::{self, Key, SLOTS, STATE, Trouble};
use super::tickets::{Held, Tickets};
use crate::component::{Claim, Fallout, MessageKey, Progress, Scope, Ticket, faults};
use crate::journal::record::{Change, Owner, Record, Sought, Standing};
use crate::journal::{EndedRun, Job, State};

/// How long somebody waits before asking again for a slot that is being called.
const WAIT: Duration = Duration::from_millis(100);

/// How many slots one step of forgetting looks at, and removes, at most: claims wait for it.
pub const LOOKED_AT: usize = 20_000;
pub const REMOVED: usize = 2_000;

/// A transaction under way.
pub struct Batch<'a> {
    pub(super) txn: &'a WriteTransaction,
    pub(super) slots: Table<'a, &'static Key, &'static [u8]>,
    pub(super) runs: Runs<'a>,
    tickets: &'a mut Tickets,
    jobs: &'a mut Jobs,
    /// How far runs have read, by the claims of this transaction.
    reached: HashMap<Scope, Progress>,
    owner: Owner,
    /// Whether there is anything to commit.
    pub changed: bool,
}

/// The job of each run that was begun here.
pub type Jobs = HashMap<Scope, String>;

impl<'a> Batch<'a> {
    pub fn new(
        txn: &'a WriteTransaction,
        (tickets, jobs): (&'a mut Tickets, &'a mut Jobs),
        owner: Owner,
    ) -> Result<Self, redb::Error> {
        let (slots, runs) = (txn.open_table(SLOTS)?, Runs::new(txn)?);
        let reached = HashMap::new();
        Ok(Self { txn, slots, runs, tickets, jobs, reached, owner, changed: false })
    }

    pub fn claim(&mut self, claiming: &Claiming) -> Result<Claim, Trouble> {
        faults::disk("claim")?;
        let (mut known, mut dead, mut again) = (Vec::new(), Vec::new(), Vec::new());
        for (slot, _) in &claiming.slots {
            let key = tables::key(claiming.message, *slot);
            let Some(record) = tables::read(&self.slots, &key)? else { continue };
            let alive = record.is_of(self.owner);
            match record.standing(alive, claiming.resend) {
                Standing::Busy => return Ok(Claim::Busy(WAIT)),
                Standing::Known(it) => known.push((*slot, it)),
                Standing::Free if record.seen(alive) == State::Unknown => again.push(*slot),
                Standing::Free => {}
            }
            if record.seen(alive) != record.state {
                dead.push((key, Change::write(record.given_up(claiming.now))));
            }
        }
        if !known.is_empty() {
            self.write(dead)?;
            return Ok(Claim::Known(known));
        }
        for (slot, record) in &claiming.slots {
            let record = record.clone();
            let record = if again.contains(slot) { record.sent_again() } else { record };
            let key = tables::key(claiming.message, *slot);
            self.slots.insert(&key, record.encode().as_slice())?;
        }
        self.changed = true;
        if let Some((scope, progress)) = claiming.reached {
            let furthest = self.reached.entry(scope).or_default();
            if furthest.read < progress.read {
                *furthest = progress;
            }
        }
        let slots = claiming.slots.iter().map(|it| it.0).collect();
        self.tickets.give(
            claiming.attempt,
            Held { message: claiming.message, slots, resend: claiming.resend },
        );
        Ok(Claim::Granted(Ticket(claiming.attempt), again))
    }

    /// Records the outcomes of a ticket, if it was given and not used; says whether it was. Slots
    /// without an outcome become unknown.
    pub fn record(
        &mut self,
        ticket: &Ticket,
        fallout: &[(u32, Fallout)],
        now: Timestamp,
    ) -> Result<bool, Trouble> {
        faults::disk("record")?;
        self.settle(ticket.0, fallout, &Fallout::Unknown, now)
    }

    /// Gives back all claims that nobody got to know of. What was to be sent again is unknown as it
    /// was before.
    pub fn give_back(&mut self, now: Timestamp) -> Result<(), redb::Error> {
        let unwanted = self.tickets.unwanted();
        for attempt in unwanted {
            let resend = self.tickets.get(attempt).is_some_and(|it| it.resend);
            let outcome = if resend { Fallout::Unknown } else { Fallout::Released };
            match self.settle(attempt, &[], &outcome, now) {
                Err(Trouble::Storage(it)) => return Err(it),
                Err(Trouble::Record(_)) | Ok(_) => {}
            }
        }
        Ok(())
    }

    fn settle(
        &mut self,
        attempt: u64,
        fallout: &[(u32, Fallout)],
        rest: &Fallout,
        now: Timestamp,
    ) -> Result<bool, Trouble> {
        let Some(held) = self.tickets.get(attempt) else { return Ok(false) };
        let fallout: HashMap<_, _> = fallout.iter().map(|it| (it.0, &it.1)).collect();
        let mut changes = Vec::with_capacity(held.slots.len());
        for slot in &held.slots {
            let key = tables::key(held.message, *slot);
            let Some(record) = tables::read(&self.slots, &key)? else { continue };
            let outcome = fallout.get(slot).copied().unwrap_or(rest);
            changes.push((key, record.settle(attempt, outcome, now)));
        }
        self.write(changes)?;
        self.tickets.take(attempt);
        Ok(true)
    }

    pub fn accept(
        &mut self,
        message: MessageKey,
        slot: u32,
        now: Timestamp,
    ) -> Result<bool, Trouble> {
        let key = tables::key(message, slot);
        let Some(record) = tables::read(&self.slots, &key)? else { return Ok(false) };
        let alive = record.is_of(self.owner);
        let change = record.accept(alive, now);
        let accepted = change != Change::Keep;
        self.write(vec![(key, change)])?;
        Ok(accepted)
    }

    /// Forgets some of what is meant, from this key on. Says how many, and where to go on.
    pub fn forget(
        &mut self,
        sought: &Sought,
        from: Option<Key>,
    ) -> Result<(u64, Option<Key>), Trouble> {
        let (first, last) = tables::keys(sought.message()).into_inner();
        let mut meant = Vec::new();
        let mut next = None;
        let range = self.slots.range::<&Key>(&from.unwrap_or(first)..=&last)?;
        for (looked_at, row) in range.enumerate() {
            let (key, value) = row?;
            if looked_at == LOOKED_AT || meant.len() == REMOVED {
                next = Some(*key.value());
                break;
            }
            let record = Record::decode(value.value()).map_err(Trouble::Record)?;
            let alive = record.is_of(self.owner);
            let claimed = record.seen(alive) == State::Claimed;
            let (message, slot) = tables::place(key.value());
            if !claimed && record.is_meant(message, slot, alive, sought) {
                meant.push((*key.value(), Change::Remove));
            }
        }
        let forgotten = meant.len() as u64;
        self.write(meant)?;
        Ok((forgotten, next))
    }

    /// Begins a run. Says what it is, and whether it was open before.
    pub fn begin(&mut self, order: &BeginRun) -> Result<(LastRun, bool), Trouble> {
        let BeginRun { job, first, how, new, now } = order;
        let (run, was_open) = self.runs.begin(job, *first, *how, *new, *now)?;
        self.jobs.insert(run.scope, job.key.clone());
        self.changed = true;
        Ok((run, was_open))
    }

    pub fn end(&mut self, job: &Job, ended: &EndedRun) -> Result<(), Trouble> {
        self.changed = true;
        self.runs.end(job, ended)
    }

    /// Writes how far the runs have read whose messages were claimed.
    pub fn reach(&mut self) -> Result<(), redb::Error> {
        for (scope, progress) in std::mem::take(&mut self.reached) {
            let Some(job) = self.jobs.get(&scope) else { continue };
            match self.runs.reach(job, scope, progress) {
                // It could be read when the run began.
                Err(Trouble::Record(it)) => return Err(redb::Error::Corrupted(it.to_string())),
                Err(Trouble::Storage(it)) => return Err(it),
                Ok(()) => {}
            }
        }
        Ok(())
    }

    /// Saves what a trigger remembers.
    pub fn save(&mut self, name: &str, bytes: &[u8]) -> Result<(), Trouble> {
        self.txn.open_table(STATE)?.insert(name, bytes)?;
        self.changed = true;
        Ok(())
    }

    fn write(&mut self, changes: Vec<(Key, Change)>) -> Result<(), Trouble> {
        for (key, change) in changes {
            match change {
                Change::Keep => continue,
                Change::Write(record) => {
                    self.slots.insert(&key, record.encode().as_slice())?;
                }
                Change::Remove => {
                    self.slots.remove(&key)?;
                }
            }
            self.changed = true;
        }
        Ok(())
    }
}
