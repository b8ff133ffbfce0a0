//! The stores of a journal.

use std::fmt;
use std::path::{Path, PathBuf};

/// A kind of store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// One file, for one process.
    File,
}

/// Every kind.
pub const ALL: &[Store] = &[Store::File];
/// The one in a file.
pub const FILE: &[Store] = &[Store::File];

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::File => "file",
        })
    }
}

/// The journal of a row.
pub enum Journal {
    /// A file.
    File(PathBuf),
}

impl Journal {
    /// A new one.
    pub fn new(store: Store, folder: &Path) -> Self {
        match store {
            Store::File => Self::File(folder.join("journal")),
        }
    }

    /// What `--journal` is told.
    pub fn address(&self) -> String {
        match self {
            Self::File(path) => format!("file:{}", path.display()),
        }
    }

    /// Makes the owner that has died count as dead. In a file it does at once.
    pub fn bury(&self) {
        match self {
            Self::File(_) => {}
        }
    }
}
