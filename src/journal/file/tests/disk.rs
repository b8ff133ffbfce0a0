//! A disk in memory that fails and loses power when it is told to.

use std::io;
use std::ops::Bound;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use redb::{BackendError, StorageBackend};

use crate::journal::file::FileJournal;
use crate::journal::file::open::Home;

/// What a disk can fail at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    Grow,
    Write,
    Sync,
}

#[derive(Debug, Clone)]
enum Unsynced {
    Length(u64),
    Write(u64, Vec<u8>),
}

impl Unsynced {
    fn apply(&self, image: &mut Vec<u8>) {
        match self {
            Self::Length(it) => image.resize(usize::try_from(*it).unwrap(), 0),
            Self::Write(offset, data) => put(image, *offset, data),
        }
    }
}

#[derive(Debug, Default)]
struct State {
    shown: Vec<u8>,
    synced: Vec<u8>,
    since: Vec<Unsynced>,
    acts: u64,
    /// The act that fails, and those after it.
    fails_from: Option<u64>,
    fails_at: Option<Act>,
    lockless: bool,
}

/// A disk; its clones are the same one.
#[derive(Debug, Clone, Default)]
pub struct Disk(Arc<Mutex<State>>);

impl Disk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// From now on all of these fail; none, to be well again.
    pub fn fail_at(&self, act: Option<Act>) {
        self.state().fails_at = act;
    }

    /// From now on it knows no locks.
    pub fn forget_locks(&self) {
        self.state().lockless = true;
    }

    /// After so many acts more, all fail.
    pub fn fail_after(&self, acts: Option<u64>) {
        let mut state = self.state();
        state.fails_from = acts.map(|it| state.acts + it);
    }

    /// What is left after a loss of power: all that was synced, and of the rest what `survives`.
    pub fn after_power_loss(&self, mut survives: impl FnMut() -> bool) -> Self {
        let state = self.state();
        let mut left = state.synced.clone();
        for act in state.since.iter().filter(|_| survives()) {
            act.apply(&mut left);
        }
        let state = State { shown: left.clone(), synced: left, ..State::default() };
        Self(Arc::new(Mutex::new(state)))
    }

    /// A journal on this disk. The file is there for its name only.
    pub fn journal(&self, path: &Path) -> Result<FileJournal, crate::component::Error> {
        FileJournal::from_home(self.home(path), None)
    }

    /// Where that journal is.
    pub fn home(&self, path: &Path) -> Home {
        let disk = self.clone();
        Home::stored_by(path, move |_| Ok(Box::new(disk.clone())))
    }

    fn act(&self, act: Act) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.state();
        state.acts += 1;
        let fails =
            state.fails_at == Some(act) || state.fails_from.is_some_and(|it| state.acts > it);
        match act {
            _ if !fails => Ok(state),
            Act::Sync => Err(io::ErrorKind::Other.into()),
            _ => Err(io::ErrorKind::StorageFull.into()),
        }
    }
}

fn put(image: &mut Vec<u8>, offset: u64, data: &[u8]) {
    let offset = usize::try_from(offset).unwrap();
    if image.len() < offset + data.len() {
        image.resize(offset + data.len(), 0);
    }
    image[offset..offset + data.len()].copy_from_slice(data);
}

impl StorageBackend for Disk {
    fn try_lock_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<bool, BackendError> {
        if self.state().lockless { Err(BackendError::Unsupported) } else { Ok(true) }
    }

    fn unlock_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<(), BackendError> {
        Ok(())
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.state().shown.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.state();
        let from = usize::try_from(offset).unwrap();
        let found = state.shown.get(from..from + out.len());
        out.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.act(Act::Grow)?;
        state.shown.resize(usize::try_from(len).unwrap(), 0);
        state.since.push(Unsynced::Length(len));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.act(Act::Sync)?;
        for act in std::mem::take(&mut state.since) {
            act.apply(&mut state.synced);
        }
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.act(Act::Write)?;
        put(&mut state.shown, offset, data);
        state.since.push(Unsynced::Write(offset, data.to_vec()));
        Ok(())
    }
}
