//! The tickets of claims, and what becomes of them when a transaction fails.

use std::collections::HashMap;

use redb::ReadTransaction;

use super::tables::{self, SLOTS, Trouble};
use crate::component::{MessageKey, Ticket};

/// What a ticket is for.
#[derive(Debug, Clone)]
pub struct Held {
    pub message: MessageKey,
    pub slots: Vec<u32>,
    /// Whether it may be of slots that were unknown.
    pub resend: bool,
}

/// The tickets that were given and not used.
#[derive(Debug, Default)]
pub struct Tickets {
    held: HashMap<u64, Held>,
    /// Those that the transaction under way gives and takes.
    given: Vec<u64>,
    taken: Vec<(u64, Held)>,
    /// Those to be given back by the next transaction.
    unwanted: Vec<u64>,
}

impl Tickets {
    /// The transaction under way gives this one.
    pub fn give(&mut self, attempt: u64, held: Held) {
        self.held.insert(attempt, held);
        self.given.push(attempt);
    }

    /// The transaction under way takes this one.
    pub fn take(&mut self, attempt: u64) {
        self.taken.extend(self.held.remove_entry(&attempt));
    }

    /// What this one is for, if it was given and not used.
    pub fn get(&self, attempt: u64) -> Option<&Held> {
        self.held.get(&attempt)
    }

    /// Those to be given back.
    pub fn unwanted(&self) -> Vec<u64> {
        self.unwanted.clone()
    }

    /// The transaction is on disk.
    pub fn keep(&mut self) {
        self.given.clear();
        self.taken.clear();
        self.unwanted.clear();
    }

    /// The transaction failed, and may be on disk all the same. Its claims are given back.
    pub fn undo(&mut self) {
        self.held.extend(self.taken.drain(..));
        self.unwanted.append(&mut self.given);
    }

    /// These are to be given back: nobody has got to know of them, so nothing was called.
    pub fn give_back(&mut self, tickets: impl IntoIterator<Item = Ticket>) {
        self.unwanted.extend(tickets.into_iter().map(|it| it.0));
    }

    /// Whether any are to be given back.
    pub fn any_unwanted(&self) -> bool {
        !self.unwanted.is_empty()
    }

    /// Drops those to be given back that are not in the file: their transaction did not happen.
    pub fn drop_unwritten(&mut self, txn: &ReadTransaction) -> Result<(), redb::Error> {
        let table = txn.open_table(SLOTS)?;
        for attempt in std::mem::take(&mut self.unwanted) {
            let Some(held) = self.held.get(&attempt) else { continue };
            let keys = held.slots.iter().map(|it| tables::key(held.message, *it));
            let written = |key| match tables::read(&table, &key) {
                Ok(found) => Ok(found.is_some_and(|it| it.attempt == attempt)),
                Err(Trouble::Record(_)) => Ok(false),
                Err(Trouble::Storage(it)) => Err(it),
            };
            if keys.map(written).collect::<Result<Vec<_>, _>>()?.contains(&true) {
                self.unwanted.push(attempt);
            } else {
                self.held.remove(&attempt);
            }
        }
        Ok(())
    }
}
