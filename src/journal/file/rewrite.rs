//! Writing the file anew: a new file gets what the old one holds and takes its place. What was
//! forgotten, and what was there in another form, stays in no page of it.
//!
//! The old file is locked until the new one has its name, so nobody writes to it meanwhile. A process
//! that dies on the way leaves the old file as it was, or the whole new one; what it leaves beside goes
//! when the file is next written anew.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::Path;

use redb::{
    Database, ReadTransaction, ReadableDatabase as _, ReadableTable as _, TableError,
    WriteTransaction,
};
use tempfile::NamedTempFile;

use super::open::{Home, folder_of, keep_name, mark_keyed};
use super::place::FileId;
use super::runs::{sealed_ended, sealed_run};
use super::tables::{self, ENDED, META, RUNS, SLOTS, STATE, Trouble};
use crate::component::{Error, MessageKey, tracker};
use crate::journal::State;
use crate::journal::key::JournalKey;
use crate::journal::record::{Record, Secret};

/// The result of putting a journal under a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rekeyed {
    /// How many slots it remembers.
    pub entries: u64,
    /// How many of them are in doubt and keep a tracker that follows from their message: iSendPro's report
    /// names them by it.
    pub traceable: u64,
}

impl Home {
    /// Puts a journal that has no key under this one.
    ///
    /// # Errors
    /// When it cannot be opened, has a key, or cannot be written anew: then it is as it was.
    pub fn rekey(&self, key: &JournalKey) -> Result<Rekeyed, Error> {
        let opened = self.open()?;
        let secret = Secret::new(&opened.secret, key.seal(&opened.secret));
        self.rewrite(&opened.db, Some(&secret))
    }

    /// Puts a new file with all that this database holds in the place of the old one, sealed if there is a
    /// secret to seal it with.
    pub fn rewrite(&self, old: &Database, sealing: Option<&Secret>) -> Result<Rekeyed, Error> {
        self.in_place()?;
        let failed = |it: io::Error| self.failed(&it);
        // The file itself, where the path is a link to it.
        let path = self.path().canonicalize().map_err(failed)?;
        let found = path.metadata().map_err(failed)?;
        self.has_one_name(&found)?;
        let new = replacement(&path).map_err(failed)?;
        self.give_to_owner(new.as_file(), &found)?;
        let file = new.reopen().map_err(failed)?;
        let id = FileId::of(&file.metadata().map_err(failed)?);
        let rekeyed = {
            let (db, _) = self.build(file)?;
            copy(old, &db, sealing).map_err(|it| self.trouble(&it))?
        };
        // Closing the database has written to it once more.
        new.as_file().sync_all().map_err(failed)?;
        new.persist(&path).map_err(|it| self.failed(&it.error))?;
        *self.file() = Some(id);
        keep_name(&path).map_err(failed)?;
        Ok(rekeyed)
    }

    /// Under another name, what is known now would stay as it is, and be taken for the journal one day.
    fn has_one_name(&self, found: &Metadata) -> Result<(), Error> {
        #[cfg(unix)]
        if std::os::unix::fs::MetadataExt::nlink(found) > 1 {
            return Err(self
                .misplaced("cannot be written anew: it has a second name (a hard link)")
                .hint("remove the other name"));
        }
        let _ = found;
        Ok(())
    }

    /// A new file belongs to whoever writes it, and only its owner may read it.
    fn give_to_owner(&self, new: &File, old: &Metadata) -> Result<(), Error> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::{MetadataExt as _, fchown};
            let own = new.metadata().map_err(|it| self.failed(&it))?;
            if own.uid() != old.uid() && fchown(new, Some(old.uid()), Some(old.gid())).is_err() {
                return Err(self
                    .misplaced("cannot be written anew: it belongs to another user")
                    .hint("do this as that user"));
            }
        }
        let _ = (new, old);
        Ok(())
    }
}

/// A file beside, for its owner only, in the place of one that was left there.
fn replacement(path: &Path) -> io::Result<NamedTempFile> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let (folder, name) = (folder_of(path), format!(".{name}.new"));
    match fs::remove_file(folder.join(&name)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    tempfile::Builder::new().prefix(&name).rand_bytes(0).tempfile_in(folder)
}

fn copy(old: &Database, new: &Database, sealing: Option<&Secret>) -> Result<Rekeyed, Trouble> {
    let (from, to) = (old.begin_read()?, new.begin_write()?);
    copy_meta(&from, &to, sealing)?;
    let rekeyed = copy_slots(&from, &to, sealing)?;
    copy_runs(&from, &to, sealing)?;
    copy_state(&from, &to)?;
    to.commit()?;
    Ok(rekeyed)
}

fn copy_meta(
    from: &ReadTransaction,
    to: &WriteTransaction,
    sealing: Option<&Secret>,
) -> Result<(), Trouble> {
    let mut meta = to.open_table(META)?;
    for row in from.open_table(META)?.iter()? {
        let (name, value) = row?;
        meta.insert(name.value(), value.value())?;
    }
    if let Some(secret) = sealing {
        mark_keyed(&mut meta, secret.seal())?;
    }
    Ok(())
}

fn copy_slots(
    from: &ReadTransaction,
    to: &WriteTransaction,
    sealing: Option<&Secret>,
) -> Result<Rekeyed, Trouble> {
    let mut rekeyed = Rekeyed::default();
    let mut slots = to.open_table(SLOTS)?;
    for row in from.open_table(SLOTS)?.iter()? {
        let (key, value) = row?;
        rekeyed.entries += 1;
        let Some(secret) = sealing else {
            slots.insert(key.value(), value.value())?;
            continue;
        };
        let (message, slot) = tables::place(key.value());
        let record = Record::decode(value.value()).map_err(Trouble::Record)?;
        let record = untraced(record.sealed(secret.seal()), message, slot);
        rekeyed.traceable += u64::from(is_traced(&record, message, slot));
        let message = MessageKey(secret.seal().of(message.0));
        slots.insert(&tables::key(message, slot), record.encode().as_slice())?;
    }
    Ok(rekeyed)
}

/// True if its tracker follows from its message: whoever guesses that recognises it.
fn is_traced(record: &Record, message: MessageKey, slot: u32) -> bool {
    record.tracker.as_ref().is_some_and(|it| *it == tracker(message, slot))
}

/// Without such a tracker, unless it is needed: what is in doubt is found in the report by it.
fn untraced(record: Record, message: MessageKey, slot: u32) -> Record {
    let settled = matches!(record.state, State::Accepted | State::Refused);
    if settled && is_traced(&record, message, slot) {
        return Record { tracker: None, ..record };
    }
    record
}

fn copy_runs(
    from: &ReadTransaction,
    to: &WriteTransaction,
    sealing: Option<&Secret>,
) -> Result<(), Trouble> {
    let mut runs = to.open_table(RUNS)?;
    for row in from.open_table(RUNS)?.iter()? {
        let (job, run) = row?;
        match sealing {
            None => runs.insert(job.value(), run.value())?,
            Some(secret) => {
                let run = sealed_run(run.value(), secret.seal())?;
                runs.insert(secret.job(job.value()).as_str(), run.as_slice())?
            }
        };
    }
    let ended = match from.open_table(ENDED) {
        Err(TableError::TableDoesNotExist(_)) => return Ok(()),
        found => found?,
    };
    let mut new = to.open_table(ENDED)?;
    for row in ended.iter()? {
        let (key, run) = row?;
        match sealing {
            None => new.insert(key.value(), run.value())?,
            Some(secret) => {
                let (key, run) = sealed_ended(key.value(), run.value(), secret)?;
                new.insert(key.as_slice(), run.as_slice())?
            }
        };
    }
    Ok(())
}

/// The hashes that triggers remember are keyed with the account's key already, and stay as they are.
fn copy_state(from: &ReadTransaction, to: &WriteTransaction) -> Result<(), Trouble> {
    let state = match from.open_table(STATE) {
        Err(TableError::TableDoesNotExist(_)) => return Ok(()),
        found => found?,
    };
    let mut new = to.open_table(STATE)?;
    for row in state.iter()? {
        let (name, value) = row?;
        new.insert(name.value(), value.value())?;
    }
    Ok(())
}
