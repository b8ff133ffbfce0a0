//! Opening the file: its mode, its lock, its format, its secret.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use redb::backends::FileBackend;
use redb::{
    Builder, Database, DatabaseError, ReadableDatabase as _, StorageBackend, TableHandle as _,
};
use ring::hmac;
use ring::rand::{SecureRandom as _, SystemRandom};

use super::place::FileId;
use super::storage::{Condition, Watched};
use super::tables::{FORMAT, FORMAT_VERSION, KEYS, KEYS_FORM, META, RUNS, SECRET, SLOTS};
use crate::component::{Error, Kind};

/// Memory for pages of the file. The system's own cache does the rest.
const CACHE: usize = 4 << 20;

/// An open journal.
pub struct Opened {
    pub db: Database,
    /// The storage of the database.
    pub storage: Watched,
    /// The key of its numbers' marks.
    pub secret: [u8; 32],
    /// Whether it may have messages under keys of the first form.
    pub former_keys: bool,
    /// What people should know of the file.
    pub warning: Option<String>,
}

/// Where the journal is, and how it is opened.
pub struct Home {
    path: PathBuf,
    condition: Arc<Condition>,
    /// The file that was opened first. No other one is used.
    file: OnceLock<FileId>,
    store: Store,
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
        let (condition, file) = (Arc::default(), OnceLock::new());
        Self { path: path.to_owned(), condition, file, store: Box::new(store) }
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
        let Some(file) = self.file.get() else { return Ok(()) };
        match self.path.metadata() {
            Ok(found) if FileId::of(&found) == *file => Ok(()),
            Ok(_) => Err(self.replaced()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(self.removed()),
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// Opens the file, or makes it.
    pub fn open(&self) -> Result<Opened, Error> {
        if self.path.symlink_metadata().is_err_and(|it| it.kind() == io::ErrorKind::NotFound) {
            self.make()?;
        }
        self.open_file()
    }

    /// Makes a journal beside, and gives it its name when it is whole: a process that dies on the way
    /// leaves nothing that would be taken for another file.
    fn make(&self) -> Result<(), Error> {
        let folder = self.folder();
        let made = tempfile::Builder::new().prefix(".journal-").tempfile_in(folder);
        let new = made.map_err(|it| match it.kind() {
            io::ErrorKind::NotFound => self
                .misplaced(format!("cannot be made: there is no folder {}", folder.display()))
                .hint("make the folder, or name another file"),
            _ => self.failed(&it),
        })?;
        let file = new.reopen().map_err(|it| self.failed(&it))?;
        self.build(file).and_then(|(db, _)| self.secret_of(&db))?;
        match new.persist_noclobber(&self.path) {
            // Another process was faster.
            Err(it) if it.error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(it) => Err(self.failed(&it.error)),
            Ok(_) => self.keep_name().map_err(|it| self.failed(&it)),
        }
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
        if *self.file.get_or_init(|| FileId::of(&found)) != FileId::of(&found) {
            return Err(self.replaced());
        }
        let mode_of = file.try_clone().map_err(|it| self.failed(&it))?;
        let (db, storage) = self.build(file)?;
        let secret = self.secret_of(&db)?;
        // Only now is it sure that the file is a journal, and ours.
        let warning = self.warning(owner_only(&mode_of))?;
        let former_keys = has_former_keys(&db).map_err(|it| self.broken(&it))?;
        Ok(Opened { db, storage, secret, former_keys, warning })
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
    fn build(&self, file: File) -> Result<(Database, Watched), Error> {
        let build = |below| {
            let storage = Watched::new(below, self.condition.clone());
            let db = Builder::new().set_cache_size(CACHE).create_with_backend(storage.clone())?;
            Ok((db, storage))
        };
        (self.store)(file).and_then(build).map_err(|it| self.unopened(it))
    }

    /// The folder that the file is in.
    fn folder(&self) -> &Path {
        let parent = self.path.parent().filter(|it| !it.as_os_str().is_empty());
        parent.unwrap_or(Path::new("."))
    }

    /// Makes sure that the file's name is on disk too, not only its content.
    fn keep_name(&self) -> io::Result<()> {
        if cfg!(unix) { File::open(self.folder())?.sync_all() } else { Ok(()) }
    }

    fn secret_of(&self, db: &Database) -> Result<[u8; 32], Error> {
        let found = meta_of(db).map_err(|it| self.broken(&it))?;
        match found {
            Meta::Nothing => {
                let secret = random()?;
                begin(db, &secret).map_err(|it| self.broken(&it))?;
                Ok(secret)
            }
            Meta::Journal(secret) => Ok(secret),
            Meta::Other => Err(self.no_journal()),
            Meta::Version(it) => Err(self.other_version(&format!("format {it}"))),
        }
    }
}

/// What a database is.
enum Meta {
    Nothing,
    Journal([u8; 32]),
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
    if format.value() != FORMAT_VERSION {
        let format = String::from_utf8_lossy(format.value());
        return Ok(Meta::Version(format.chars().take(20).collect()));
    }
    let secret = meta.get(SECRET)?.and_then(|it| it.value().try_into().ok());
    Ok(secret.map_or(Meta::Other, Meta::Journal))
}

fn has_former_keys(db: &Database) -> Result<bool, redb::Error> {
    let form = db.begin_read()?.open_table(META)?.get(KEYS)?;
    Ok(form.is_none_or(|it| it.value() != KEYS_FORM))
}

fn begin(db: &Database, secret: &[u8; 32]) -> Result<(), redb::Error> {
    let txn = db.begin_write()?;
    {
        let mut meta = txn.open_table(META)?;
        meta.insert(FORMAT, FORMAT_VERSION)?;
        meta.insert(SECRET, secret.as_slice())?;
        meta.insert(KEYS, KEYS_FORM)?;
        txn.open_table(SLOTS)?;
        txn.open_table(RUNS)?;
    }
    Ok(txn.commit()?)
}

/// The key that marks numbers.
pub fn marking(secret: &[u8; 32]) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, secret)
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
