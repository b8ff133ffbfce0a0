//! Which file a path leads to.

use std::fs::Metadata;

/// A file, whatever its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileId {
    #[cfg(unix)]
    device: u64,
    #[cfg(unix)]
    inode: u64,
}

impl FileId {
    /// The file that this was told of. Only Unix tells files apart; elsewhere one that is open cannot
    /// be replaced.
    pub fn of(found: &Metadata) -> Self {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            Self { device: found.dev(), inode: found.ino() }
        }
        #[cfg(not(unix))]
        {
            let _ = found;
            Self {}
        }
    }
}
