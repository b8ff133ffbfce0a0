//! Reading beside the writer, in the state of the last transaction.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::runs;
use super::tables::{self, ENDED, Key, SLOTS, STATE, Trouble};
use super::writer::Shared;
use crate::component::{Error, MessageKey, Scope};
use crate::journal::record::{Record, Sought};
use crate::journal::{EndedRun, Entry, Job, RECENT, State};

/// The oldest entries that are meant. Keeps no more of them than are asked for.
pub fn entries(shared: &Shared, sought: &Sought, limit: usize) -> Result<Vec<Entry>, Error> {
    let mut oldest = BTreeMap::new();
    each(shared, sought.message(), |key, record| {
        let alive = record.is_of(shared.owner);
        let (message, slot) = tables::place(key);
        if !record.is_meant(message, slot, alive, sought) {
            return;
        }
        let age = (record.claimed, *key);
        let full = oldest.len() >= limit;
        if full && oldest.last_key_value().is_none_or(|(youngest, _)| age > *youngest) {
            return;
        }
        oldest.insert(age, record.into_entry(message, slot, alive));
        if full {
            oldest.pop_last();
        }
    })?;
    Ok(oldest.into_values().collect())
}

/// How many slots of this run were accepted.
pub fn accepted_in(shared: &Shared, scope: Scope) -> Result<u64, Error> {
    let mut count = 0;
    each(shared, None, |_, record| {
        count += u64::from(record.scope == scope && record.state == State::Accepted);
    })?;
    Ok(count)
}

/// The runs of a job that ended within the last [`RECENT`].
pub fn ended(shared: &Shared, job: &Job) -> Result<Vec<EndedRun>, Error> {
    let after = Timestamp::now().checked_sub(RECENT).unwrap_or(Timestamp::MIN);
    let txn = shared.begin_read()?;
    let look = || match txn.open_table(ENDED) {
        Ok(table) => runs::ended_after(&table, job, after),
        Err(redb::TableError::TableDoesNotExist(_)) => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    };
    look().map_err(|it| shared.trouble(&it))
}

/// What a trigger remembers.
pub fn state(shared: &Shared, name: &str) -> Result<Option<Vec<u8>>, Error> {
    let txn = shared.begin_read()?;
    let look = || -> Result<_, Trouble> {
        match txn.open_table(STATE) {
            Ok(table) => Ok(table.get(name)?.map(|it| it.value().to_vec())),
            Err(redb::TableError::TableDoesNotExist(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    };
    look().map_err(|it| shared.trouble(&it))
}

fn each(
    shared: &Shared,
    message: Option<MessageKey>,
    mut see: impl FnMut(&Key, Record),
) -> Result<(), Error> {
    let txn = shared.begin_read()?;
    let mut look = || -> Result<(), Trouble> {
        let table = txn.open_table(SLOTS)?;
        let (first, last) = tables::keys(message).into_inner();
        for row in table.range::<&Key>(&first..=&last)? {
            let (key, value) = row?;
            see(key.value(), Record::decode(value.value()).map_err(Trouble::Record)?);
        }
        Ok(())
    };
    look().map_err(|it| shared.trouble(&it))
}
