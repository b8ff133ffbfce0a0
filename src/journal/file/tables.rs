//! The tables of the file, and their keys.

use std::ops::RangeInclusive;

use redb::{ReadableTable, TableDefinition};

use crate::component::MessageKey;
use crate::journal::record::{Record, Unreadable};

/// A message and one of its slots, big-endian, so that a message's slots are neighbours.
pub type Key = [u8; 36];

/// A [`Record`] of each slot that is not free.
pub const SLOTS: TableDefinition<&Key, &[u8]> = TableDefinition::new("slots");

/// The last run of each job; see [`super::runs`].
pub const RUNS: TableDefinition<&str, &[u8]> = TableDefinition::new("runs");

/// The runs of jobs that are over; see [`super::runs`]. The first of them makes it.
pub const ENDED: TableDefinition<&[u8], &[u8]> = TableDefinition::new("ended");

/// What triggers remember, by its name. The first of them makes it.
pub const STATE: TableDefinition<&str, &[u8]> = TableDefinition::new("state");

/// Describes the file itself: [`FORMAT`], [`SECRET`], [`CHECK`] and [`RETENTION`].
pub const META: TableDefinition<&str, &[u8]> = TableDefinition::new("journal");

/// The name under which [`META`] has the version of these tables.
pub const FORMAT: &str = "format";

/// The name under which [`META`] has the key of the numbers' marks.
pub const SECRET: &str = "secret";

/// The name under which [`META`] has the check of the operator's key, in a journal that has one.
pub const CHECK: &str = "check";

/// The name under which [`META`] has for how long what is settled is remembered; see [`super::expiry`].
pub const RETENTION: &str = "retention";

/// The name under which [`META`] has the form of the messages' keys. The first journals have none.
pub const KEYS: &str = "keys";

/// The form of the keys in a journal that is made now.
pub const KEYS_FORM: &[u8] = b"2";

/// The version of these tables. A record has a version of its own.
pub const FORMAT_VERSION: &[u8] = b"1";

/// The version of a journal with a key: one that knows no keys must not take it for an empty one.
pub const KEYED_VERSION: &[u8] = b"2";

/// The key of a slot.
pub fn key(message: MessageKey, slot: u32) -> Key {
    let mut key = [0; 36];
    key[..32].copy_from_slice(&message.0);
    key[32..].copy_from_slice(&slot.to_be_bytes());
    key
}

/// The message and the slot of a key.
pub fn place(key: &Key) -> (MessageKey, u32) {
    let (mut message, mut slot) = ([0; 32], [0; 4]);
    message.copy_from_slice(&key[..32]);
    slot.copy_from_slice(&key[32..]);
    (MessageKey(message), u32::from_be_bytes(slot))
}

/// The keys of a message, or of all messages.
pub fn keys(message: Option<MessageKey>) -> RangeInclusive<Key> {
    match message {
        Some(it) => key(it, 0)..=key(it, u32::MAX),
        None => [0; 36]..=[u8::MAX; 36],
    }
}

/// Why a table could not be read.
#[derive(Debug)]
pub enum Trouble {
    /// The file or its store failed.
    Storage(redb::Error),
    /// A record in it cannot be read.
    Record(Unreadable),
}

impl<E: Into<redb::Error>> From<E> for Trouble {
    fn from(error: E) -> Self {
        Self::Storage(error.into())
    }
}

/// The record of a slot.
pub fn read(
    table: &impl ReadableTable<&'static Key, &'static [u8]>,
    key: &Key,
) -> Result<Option<Record>, Trouble> {
    let Some(value) = table.get(key)? else { return Ok(None) };
    Record::decode(value.value()).map(Some).map_err(Trouble::Record)
}
