//! Where it is remembered what was sent. A store implements [`crate::component::Journal`], and
//! [`Ledger`] for people to look into it.

mod address;
mod file;
mod key;
#[cfg(test)]
mod laws;
mod ledger;
#[cfg(any(test, feature = "simulation"))]
pub mod plain;
pub(crate) mod record;
pub(crate) mod redis;
mod runs;

use std::sync::Arc;

pub use address::FileAddress;
pub use file::{FileJournal, Rekeyed};
pub use key::JournalKey;
pub use ledger::{Entry, Filter, Ledger, Retention, State};
pub use redis::{Options as RedisOptions, RedisJournal};
pub use runs::{Begin, EndedRun, Job, OpenRun, RECENT, Run};

use crate::component::{Error, Kept, Known, MessageKey, Past};

/// The slots of a message that are accepted, unknown or being called.
async fn recall(ledger: &dyn Ledger, message: MessageKey) -> Result<Vec<Past>, Error> {
    let filter = Filter { message: Some(message), ..Filter::default() };
    let entries = ledger.entries(&filter, usize::MAX).await?;
    Ok(entries.into_iter().filter_map(past).collect())
}

fn past(entry: Entry) -> Option<Past> {
    let Entry { slot, at, number, last_digits, account, code, parts, data, tracker, .. } = entry;
    let known = match entry.state {
        State::Refused => return None,
        State::Claimed => None,
        State::Unknown => Some(Known::Unknown { since: at, tracker }),
        State::Accepted => Some(Known::Accepted(Kept { at, code, parts, data })),
    };
    Some(Past { slot, at, number, last_digits, account, known })
}

/// Opens the store of this address, `file:PATH`, `redis://...` or `rediss://...`, with the key that it was
/// made with, if any. A store that does not exist yet is made.
///
/// # Errors
/// When it is no address of a store, the store cannot be opened, or it has another key, or none.
pub async fn open(address: &str, key: Option<JournalKey>) -> Result<Arc<dyn Ledger>, Error> {
    if let Some(file) = FileAddress::parse(address)? {
        return Ok(Arc::new(open_file(file, key).await?));
    }
    match address.split_once(':') {
        Some(("redis" | "rediss", _)) => {
            let options = RedisOptions { key, ..RedisOptions::default() };
            Ok(Arc::new(RedisJournal::open(address, options).await?))
        }
        // The address may hold a password, so it is not repeated.
        _ => Err(Error::config("journal", "is not the address of a store").hint(
            "give file: and a path, such as file:sent.journal, or redis://host:port, or rediss:// \
             for TLS",
        )),
    }
}

async fn open_file(file: FileAddress<'_>, key: Option<JournalKey>) -> Result<FileJournal, Error> {
    let FileAddress { path, keep } = file;
    let path = path.to_owned();
    // Opening waits for the disk.
    let opened = tokio::task::spawn_blocking(move || FileJournal::open_with(path, key, keep)).await;
    opened.unwrap_or_else(|it| Err(Error::config("journal", format!("cannot be opened: {it}"))))
}
