//! The file below the tables. It notices when a sync fails, and when somebody else writes to it.
//!
//! # How a foreign write is found
//! The file begins with a header that each commit changes: it holds the number of the last
//! transaction. A copy put over the file (`cp`, `rsync --inplace`) brings a header of its own. So the
//! bytes that we wrote there last are compared before each transaction and before each write. Size
//! and time of change would miss a copy that falls into one of our transactions, which then set both
//! anew; and a copy has the size of the original more often than not.
//!
//! What is missed: a header that is put there in the microseconds between a comparison and our own
//! write of it, and a foreign write past the header alone.

use std::io;
use std::ops::Bound;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redb::{BackendError, StorageBackend};

use crate::component::faults;

/// All of the file, for locks.
const WHOLE: (Bound<u64>, Bound<u64>) = (Bound::Unbounded, Bound::Unbounded);

/// What was found out about a file while it was used. It outlives the database, which is opened anew
/// after a failure.
#[derive(Debug, Default)]
pub struct Condition {
    sync_failed: AtomicBool,
    overwritten: AtomicBool,
}

impl Condition {
    /// Whether a sync has failed. After that the system may show pages that the disk does not have,
    /// so nothing that is read proves anything.
    pub fn sync_failed(&self) -> bool {
        self.sync_failed.load(Ordering::SeqCst)
    }

    /// Whether somebody else has written to the file.
    pub fn overwritten(&self) -> bool {
        self.overwritten.load(Ordering::SeqCst)
    }
}

/// A storage that is watched; clones are the same one.
#[derive(Debug, Clone)]
pub struct Watched(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    below: Box<dyn StorageBackend>,
    condition: Arc<Condition>,
    /// The last bytes that were written at the beginning; empty while nobody knows what is there.
    header: Mutex<Vec<u8>>,
}

impl Watched {
    /// Watches this storage, and notes what is found out about it.
    pub fn new(below: Box<dyn StorageBackend>, condition: Arc<Condition>) -> Self {
        Self(Arc::new(Inner { below, condition, header: Mutex::default() }))
    }

    /// Fails if somebody else has written to the file.
    pub fn check(&self) -> io::Result<()> {
        self.0.check(&self.0.header())
    }
}

impl Inner {
    fn header(&self) -> MutexGuard<'_, Vec<u8>> {
        self.header.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check(&self, header: &[u8]) -> io::Result<()> {
        if !self.condition.overwritten() {
            let mut found = vec![0; header.len()];
            match self.below.read(0, &mut found) {
                Ok(()) if found == header => return Ok(()),
                Ok(()) => {}
                // Cut off, as a copy does first.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {}
                Err(error) => return Err(error),
            }
            self.condition.overwritten.store(true, Ordering::SeqCst);
        }
        Err(io::Error::other("somebody else has written to the file"))
    }
}

impl StorageBackend for Watched {
    fn sync_data(&self) -> io::Result<()> {
        let failed = |_: &io::Error| self.0.condition.sync_failed.store(true, Ordering::SeqCst);
        self.0.below.sync_data().inspect_err(failed)
    }

    fn len(&self) -> io::Result<u64> {
        self.0.below.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.below.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.check()?;
        self.0.below.set_len(len)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut header = self.0.header();
        self.0.check(&header)?;
        if offset != 0 {
            drop(header);
            return self.0.below.write(offset, data);
        }
        // Of a write that fails nobody knows how much is there.
        header.clear();
        self.0.below.write(offset, data)?;
        header.extend_from_slice(data);
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        self.0.below.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        let known = faults::disk("lock").map_err(|_| BackendError::Unsupported);
        match known.and_then(|()| self.0.below.try_lock_range(start, end)) {
            // The database would go on without a lock, and another process open the file as well.
            Err(BackendError::Unsupported) if (start, end) == WHOLE => {
                Err(BackendError::Io(io::ErrorKind::Unsupported.into()))
            }
            locked => locked,
        }
    }

    fn try_lock_shared_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> Result<bool, BackendError> {
        self.0.below.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.below.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.below.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.below.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.below.query_lock_range(start, end)
    }
}
