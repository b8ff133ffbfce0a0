//! The file in which a trigger's runs pass on what they have seen.

use std::fs::{File, TryLockError};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::{SecureRandom as _, SystemRandom};
use serde_json::{Value, json};

use crate::cli::{Usage, own};
use crate::component::{BoxFuture, Error, State, hex, stretch};

/// The version that is written and read here.
const VERSION: u64 = 1;

/// What to do about one that is damaged, and what that costs.
pub const ANEW: &str = "delete it to begin anew: what came since the last run is then not told, or \
                        what was told before is told again";

/// Whose account is asked.
#[derive(Clone, Copy)]
pub struct Account<'a> {
    /// The server, as it was named.
    pub server: &'a str,
    /// The key.
    pub key: &'a str,
}

impl Account<'_> {
    /// Four bytes by which another account is noticed, and the key is not found.
    fn check(self, salt: &[u8]) -> String {
        let server = self.server.trim().to_lowercase();
        let server = server.trim_end_matches('/');
        let account = format!("{server}\n{}", self.key.trim());
        hex(&stretch::<4>(&account, salt))
    }

    /// Its check with a new salt.
    fn checked(self) -> anyhow::Result<Value> {
        let mut salt = [0; 16];
        SystemRandom::new().fill(&mut salt).ok().context("the system gives no random bytes")?;
        Ok(json!({ "salt": STANDARD.encode(salt), "check": self.check(&salt) }))
    }

    fn is(self, checked: &Value) -> bool {
        let salt = checked["salt"].as_str().and_then(|it| STANDARD.decode(it).ok());
        salt.is_some_and(|salt| checked["check"] == self.check(&salt))
    }
}

/// The file, locked.
pub struct StateFile {
    path: PathBuf,
    trigger: &'static str,
    account: Value,
    /// What is too large for a snapshot.
    stored: Mutex<Option<Vec<u8>>>,
    _lock: File,
}

impl StateFile {
    /// Locks the file, and reads what the last run left; nothing at the first run.
    ///
    /// # Errors
    /// When another run has it, or it is damaged, or of another trigger, account or version. Then it
    /// stays as it is.
    pub fn open(
        path: &Path,
        trigger: &'static str,
        account: Account<'_>,
    ) -> anyhow::Result<(Self, Option<Value>)> {
        let lock = lock(path)?;
        own::check("--state", path)?;
        let shown = path.display();
        let was: Option<Value> = match std::fs::read(path) {
            Ok(bytes) => Some(serde_json::from_slice(&bytes).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(Usage(format!("--state {shown}: {error}")).into()),
        };
        if let Some(wrong) = was.as_ref().and_then(|it| wrong(it, trigger, account)) {
            let said =
                format!("--state {shown} {wrong}; nothing was asked for, and it stays as it is");
            return Err(Usage(said).into());
        }
        let (checked, stored, snapshot) = match was {
            None => (account.checked()?, None, None),
            Some(mut was) => {
                (was["account"].take(), stored(&was).ok().flatten(), Some(was["snapshot"].take()))
            }
        };
        let (path, stored) = (path.to_owned(), Mutex::new(stored));
        Ok((Self { path, trigger, account: checked, stored, _lock: lock }, snapshot))
    }

    /// Writes what this run leaves in place of what was there, whole or not at all.
    ///
    /// # Errors
    /// When it cannot be written: what was there stays.
    pub fn write(&self, snapshot: &Value) -> anyhow::Result<()> {
        let stored = self.stored().as_ref().map(|it| STANDARD.encode(it));
        let state = json!({
            "version": VERSION, "trigger": self.trigger, "account": self.account,
            "snapshot": snapshot, "stored": stored,
        });
        let writing = || format!("writing {}", self.path.display());
        let folder = folder(&self.path);
        // Only its owner may read such a file, from its beginning.
        let mut file = tempfile::NamedTempFile::new_in(folder).with_context(writing)?;
        writeln!(file, "{state}").and_then(|()| file.as_file().sync_all()).with_context(writing)?;
        file.persist(&self.path).with_context(writing)?;
        #[cfg(unix)]
        File::open(folder).and_then(|it| it.sync_all()).with_context(writing)?;
        Ok(())
    }

    fn stored(&self) -> MutexGuard<'_, Option<Vec<u8>>> {
        self.stored.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One trigger's file: the name is always its own. It is written with the snapshot.
impl State for StateFile {
    fn load<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, Error>> {
        let stored = self.stored().clone();
        Box::pin(std::future::ready(Ok(stored)))
    }

    fn save<'a>(&'a self, _: &'a str, bytes: Vec<u8>) -> BoxFuture<'a, Result<(), Error>> {
        *self.stored() = Some(bytes);
        Box::pin(std::future::ready(Ok(())))
    }
}

/// What is too large for a snapshot, if there is any.
fn stored(state: &Value) -> Result<Option<Vec<u8>>, base64::DecodeError> {
    match &state["stored"] {
        Value::Null => Ok(None),
        // What is no text is no base64 either.
        stored => STANDARD.decode(stored.as_str().unwrap_or("?")).map(Some),
    }
}

/// Whether a run may have left this. None leaves an empty snapshot: that would be a first run.
fn whole(state: &Value) -> bool {
    let snapshot = state["snapshot"].as_object();
    snapshot.is_some_and(|it| !it.is_empty()) && stored(state).is_ok()
}

/// Why this file is not the one.
fn wrong(state: &Value, trigger: &str, account: Account<'_>) -> Option<String> {
    let Some(version) = state["version"].as_u64() else {
        return Some(format!("is no state of isendpro poll, or damaged; {ANEW}"));
    };
    if version != VERSION {
        return Some(format!("is of version {version}; this program knows version {VERSION}"));
    }
    if state["trigger"] != trigger {
        let other = state["trigger"].as_str().unwrap_or("another trigger");
        return Some(format!("belongs to {other}, not to {trigger}; name a file of its own"));
    }
    if !whole(state) {
        return Some(format!("is damaged; {ANEW}"));
    }
    let said = "belongs to another account or server; name a file of its own, or delete it to begin \
                anew with a new key";
    (!account.is(&state["account"])).then(|| said.to_owned())
}

/// Two runs at a time would both emit the same, and one would forget what the other has seen. The
/// lock is beside the file, which each run replaces.
fn lock(path: &Path) -> anyhow::Result<File> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let shown = path.display();
    let file = own::open("--state", Path::new(&name), own::Access::Both)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            bail!("another poll with --state {shown} is running; nothing was asked for")
        }
        Err(TryLockError::Error(error)) => {
            Err(Usage(format!("--state {shown} cannot be locked: {error}")).into())
        }
    }
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
