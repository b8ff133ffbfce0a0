//! Opening the file: its mode, its lock, its format, its secret, its key.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redb::backends::FileBackend;
use redb::{
    Builder, Database, DatabaseError, ReadableDatabase as _, StorageBackend, TableHandle as _,
};
use ring::rand::{SecureRandom as _, SystemRandom};
use tempfile::NamedTempFile;

use super::place::FileId;
use super::storage::{Condition, Watched};
use super::tables::{
    CHECK, FORMAT, FORMAT_VERSION, KEYED_VERSION, KEYS, KEYS_FORM, META, RUNS, SECRET, SLOTS,
};
use crate::component::{Error, Kind, Seal};
use crate::journal::key::{JournalKey, Mismatch, unlock};

/// Memory for pages of the file. The system's own cache does the rest.
const CACHE: usize = 4 << 20;

/// An open journal.
pub struct Opened {
    pub db: Database,
    /// The storage of the database.
    pub storage: Watched,
    /// The key of its numbers' marks.
    pub secret: [u8; 32],
    /// The seal of its operator's key.
    pub seal: Seal,
    /// Whether it may have messages under keys of the first form.
    pub former_keys: bool,
    /// True if it was made just now.
    pub is_new: bool,
    /// What people should know of the file.
    pub warning: Option<String>,
}

/// Where the journal is, and how it is opened.
pub struct Home {
    path: PathBuf,
    condition: Arc<Condition>,
    /// The file that was opened first, or that we have put in its place. No other one is used.
    file: Mutex<Option<FileId>>,
    store: Store,
    key: Option<JournalKey>,
    /// Set to open a journal that is to get its key.
    gets_key: bool,
}

/// Makes the storage of a database of an open file.
type Store = Box<dyn Fn(File) -> Result<Box<dyn StorageBackend>, DatabaseError> + Send + Sync>;

impl fmt::Debug for Home {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Home").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Random bytes.
pub fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    let filled = SystemRandom::new().fill(&mut bytes);
    let failed = |_| Error::new(Kind::Internal, "the journal got no random numbers of the system");
    filled.map(|()| bytes).map_err(failed)
}

impl Home {
    /// A journal in this file.
    pub fn new(path: &Path) -> Self {
        Self::stored_by(path, |file| Ok(Box::new(FileBackend::new(file)?)))
    }

    /// A journal in this file, with a storage that is made in another way.
    pub fn stored_by(
        path: &Path,
        store: impl Fn(File) -> Result<Box<dyn StorageBackend>, DatabaseError> + Send + Sync + 'static,
    ) -> Self {
        let (condition, file) = (Arc::default(), Mutex::default());
        let (path, store) = (path.to_owned(), Box::new(store));
        Self { path, condition, file, store, key: None, gets_key: false }
    }

    /// With this key.
    pub fn keyed(self, key: Option<JournalKey>) -> Self {
        Self { key, ..self }
    }

    /// To get its key.
    pub fn without_key_yet(self) -> Self {
        Self { key: None, gets_key: true, ..self }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What was found out about the file.
    pub fn condition(&self) -> &Condition {
        &self.condition
    }

    /// Whether the path still leads to the file that was opened.
    ///
    /// # Errors
    /// When that was removed, renamed or replaced.
    pub fn in_place(&self) -> Result<(), Error> {
        let Some(file) = *self.file() else { return Ok(()) };
        match self.path.metadata() {
            Ok(found) if FileId::of(&found) == file => Ok(()),
            Ok(_) => Err(self.replaced()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(self.removed()),
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// The file that is used.
    pub(super) fn file(&self) -> MutexGuard<'_, Option<FileId>> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens the file, or makes it.
    pub fn open(&self) -> Result<Opened, Error> {
        let made =
            self.path.symlink_metadata().is_err_and(|it| it.kind() == io::ErrorKind::NotFound);
        if made {
            self.make()?;
        }
        let opened = self.open_file()?;
        Ok(Opened { is_new: opened.is_new || made, ..opened })
    }

    /// Makes a journal beside, and gives it its name when it is whole: a process that dies on the way
    /// leaves nothing that would be taken for another file.
    fn make(&self) -> Result<(), Error> {
        let new = self.beside()?;
        let file = new.reopen().map_err(|it| self.failed(&it))?;
        self.build(file).and_then(|(db, _)| self.secret_of(&db))?;
        match new.persist_noclobber(&self.path) {
            // Another process was faster.
            Err(it) if it.error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(it) => Err(self.failed(&it.error)),
            Ok(_) => keep_name(&self.path).map_err(|it| self.failed(&it)),
        }
    }

    /// A file beside, without a name that anybody knows.
    fn beside(&self) -> Result<NamedTempFile, Error> {
        let folder = folder_of(&self.path);
        let made = tempfile::Builder::new().prefix(".journal-").tempfile_in(folder);
        made.map_err(|it| match it.kind() {
            io::ErrorKind::NotFound => self
                .misplaced(format!("cannot be made: there is no folder {}", folder.display()))
                .hint("make the folder, or name another file"),
            _ => self.failed(&it),
        })
    }

    /// Opens the file again after a failure. It must still be the same, with this secret.
    pub fn reopen(&self, secret: &[u8; 32]) -> Result<Opened, Error> {
        if self.condition.overwritten() {
            return Err(self.overwritten());
        }
        if self.condition.sync_failed() {
            let said = "cannot be used any more: its disk failed to store what was written";
            return Err(self.error(said).hint("check the disk, then start again"));
        }
        self.in_place()?;
        let opened = self.open_file()?;
        if opened.secret != *secret {
            return Err(self.overwritten());
        }
        Ok(opened)
    }

    fn open_file(&self) -> Result<Opened, Error> {
        let opened = OpenOptions::new().read(true).write(true).open(&self.path);
        let file = opened.map_err(|it| match it.kind() {
            io::ErrorKind::IsADirectory => self.misplaced("is a folder").hint("name a file in it"),
            _ => self.failed(&it),
        })?;
        let found = file.metadata().map_err(|it| self.failed(&it))?;
        if !found.is_file() {
            return Err(self.misplaced("is no ordinary file").hint("name another file"));
        }
        if *self.file().get_or_insert(FileId::of(&found)) != FileId::of(&found) {
            return Err(self.replaced());
        }
        let mode_of = file.try_clone().map_err(|it| self.failed(&it))?;
        let (db, storage) = self.build(file)?;
        let (secret, seal, is_new) = self.secret_of(&db)?;
        // Only now is it sure that the file is a journal, and ours.
        let warning = self.warning(owner_only(&mode_of))?;
        let former_keys = has_former_keys(&db).map_err(|it| self.broken(&it))?;
        Ok(Opened { db, storage, secret, seal, former_keys, is_new, warning })
    }

    /// What is said where the file could not be made its owner's alone: another user's file, which this
    /// one may write to, is used all the same.
    pub(super) fn warning(&self, made_private: io::Result<()>) -> Result<Option<String>, Error> {
        match made_private {
            Ok(()) => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(Some(format!(
                "others may read {}, which holds hashes of numbers, and this user may not change that: \
                 take its rights from group and others (chmod 600)",
                self.path.display()
            ))),
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// Opens the database in this file, with little memory.
    pub(super) fn build(&self, file: File) -> Result<(Database, Watched), Error> {
        let build = |below| {
            let storage = Watched::new(below, self.condition.clone());
            let db = Builder::new().set_cache_size(CACHE).create_with_backend(storage.clone())?;
            Ok((db, storage))
        };
        (self.store)(file).and_then(build).map_err(|it| self.unopened(it))
    }

    /// The secret of a journal, which a new one gets, its seal, and whether it is a new one.
    fn secret_of(&self, db: &Database) -> Result<([u8; 32], Seal, bool), Error> {
        match meta_of(db).map_err(|it| self.broken(&it))? {
            Meta::Nothing => {
                let secret = random()?;
                let seal = self.key.as_ref().map(|it| it.seal(&secret)).unwrap_or_default();
                begin(db, &secret, &seal).map_err(|it| self.broken(&it))?;
                Ok((secret, seal, true))
            }
            Meta::Journal(_, Some(_)) if self.gets_key => Err(self
                .misplaced("has a key already")
                .hint("a journal has one key for good; begin a new journal for another one")),
            Meta::Journal(secret, check) => {
                let opened = unlock(self.key.as_ref(), &secret, check.as_deref());
                Ok((secret, opened.map_err(|it| self.locked(it))?, false))
            }
            Meta::Other => Err(self.no_journal()),
            Meta::Version(it) => Err(self.other_version(&format!("format {it}"))),
        }
    }

    fn locked(&self, mismatch: Mismatch) -> Error {
        self.misplaced(mismatch.what()).hint(mismatch.hint(
            "isendpro journal rekey puts it under that key, and nothing that it knows is lost; or \
             unset ISENDPRO_JOURNAL_KEY and ISENDPRO_JOURNAL_KEY_FILE",
        ))
    }
}

/// The folder that a file is in.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes sure that a file's name is on disk too, not only its content.
pub(super) fn keep_name(path: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder_of(path))?.sync_all() } else { Ok(()) }
}

/// What a database is.
enum Meta {
    Nothing,
    /// A journal, its secret, and the check of its key.
    Journal([u8; 32], Option<Vec<u8>>),
    Version(String),
    Other,
}

fn meta_of(db: &Database) -> Result<Meta, redb::Error> {
    let txn = db.begin_read()?;
    let names: Vec<_> = txn.list_tables()?.map(|it| it.name().to_owned()).collect();
    if names.is_empty() && txn.list_multimap_tables()?.next().is_none() {
        return Ok(Meta::Nothing);
    }
    if !names.iter().any(|it| it == META.name()) {
        return Ok(Meta::Other);
    }
    let Ok(meta) = txn.open_table(META) else { return Ok(Meta::Other) };
    let Some(format) = meta.get(FORMAT)? else { return Ok(Meta::Other) };
    let keyed = format.value() == KEYED_VERSION;
    if !keyed && format.value() != FORMAT_VERSION {
        let format = String::from_utf8_lossy(format.value());
        return Ok(Meta::Version(format.chars().take(20).collect()));
    }
    let check = meta.get(CHECK)?.map(|it| it.value().to_vec());
    let secret = meta.get(SECRET)?.and_then(|it| it.value().try_into().ok());
    let whole = secret.filter(|_| keyed == check.is_some());
    Ok(whole.map_or(Meta::Other, |it| Meta::Journal(it, check)))
}

fn has_former_keys(db: &Database) -> Result<bool, redb::Error> {
    let form = db.begin_read()?.open_table(META)?.get(KEYS)?;
    Ok(form.is_none_or(|it| it.value() != KEYS_FORM))
}

fn begin(db: &Database, secret: &[u8; 32], seal: &Seal) -> Result<(), redb::Error> {
    let txn = db.begin_write()?;
    {
        let mut meta = txn.open_table(META)?;
        meta.insert(SECRET, secret.as_slice())?;
        meta.insert(KEYS, KEYS_FORM)?;
        mark_keyed(&mut meta, seal)?;
        txn.open_table(SLOTS)?;
        txn.open_table(RUNS)?;
    }
    Ok(txn.commit()?)
}

/// Writes the format, and the check of the key if there is one.
pub(super) fn mark_keyed(
    meta: &mut redb::Table<'_, &str, &[u8]>,
    seal: &Seal,
) -> Result<(), redb::Error> {
    let check = seal.check();
    meta.insert(FORMAT, if check.is_some() { KEYED_VERSION } else { FORMAT_VERSION })?;
    if let Some(check) = check {
        meta.insert(CHECK, check.as_slice())?;
    }
    Ok(())
}

#[cfg(unix)]
fn owner_only(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mut mode = file.metadata()?.permissions();
    let others = mode.mode() & 0o077;
    if others == 0 {
        return Ok(());
    }
    mode.set_mode(0o600);
    file.set_permissions(mode)
}

#[cfg(not(unix))]
fn owner_only(_: &File) -> io::Result<()> {
    Ok(())
}
