mod crash;
mod disk;
mod displaced;
mod expiry;
mod failure;
mod keyed;
mod opening;
mod rewrite;
mod waiting;

use std::sync::Arc;

use super::*;
use crate::journal::laws::{Stage, every_law};

/// A file in a folder of its own.
struct OneFile(tempfile::TempDir);

impl OneFile {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> std::path::PathBuf {
        self.0.path().join("journal")
    }
}

impl Stage for OneFile {
    type Store = FileJournal;
    const SHARED: bool = false;
    const CASES: u32 = 16;

    async fn fresh() -> Self {
        Self::new()
    }

    async fn open(&self) -> Arc<FileJournal> {
        Arc::new(FileJournal::open(self.path()).unwrap())
    }

    async fn kill(&self, owner: &mut Option<Arc<FileJournal>>) {
        let last = Arc::into_inner(owner.take().unwrap());
        assert!(last.is_some(), "this was the only handle");
    }
}

every_law!(OneFile);
