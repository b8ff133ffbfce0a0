//! The stores of a journal.

use std::fmt;
use std::path::{Path, PathBuf};

use super::redis::Redis;

/// A kind of store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// None at all.
    None,
    /// One file, for one process.
    File,
    /// A Redis, for any number of processes.
    Redis,
}

/// With a store and without one.
pub const ANY: &[Store] = &[Store::None, Store::File, Store::Redis];
/// Every kind that there is.
pub const ALL: &[Store] = &[Store::File, Store::Redis];
/// What a worker may have that is alone.
pub const ALONE: &[Store] = &[Store::None, Store::File];
/// What workers may have that share their messages.
pub const SHARED: &[Store] = &[Store::None, Store::Redis];
/// The one in a file.
pub const FILE: &[Store] = &[Store::File];
/// The one that workers share.
pub const REDIS: &[Store] = &[Store::Redis];

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::None => "none",
            Self::File => "file",
            Self::Redis => "redis",
        })
    }
}

/// The journal of a row.
pub enum Journal {
    /// None.
    None,
    /// A file.
    File(PathBuf),
    /// A server of its own.
    Redis(Redis),
}

impl Journal {
    /// A new one.
    pub fn new(store: Store, folder: &Path) -> Self {
        match store {
            Store::None => Self::None,
            Store::File => Self::File(folder.join("journal")),
            Store::Redis => Self::Redis(Redis::start()),
        }
    }

    /// What `--journal` is told; nothing where there is none.
    pub fn address(&self) -> String {
        match self {
            Self::None => String::new(),
            Self::File(path) => format!("file:{}", path.display()),
            Self::Redis(redis) => redis.url(),
        }
    }

    /// The server.
    pub fn redis(&mut self) -> &mut Redis {
        match self {
            Self::Redis(redis) => redis,
            Self::None | Self::File(_) => panic!("this row is for Redis"),
        }
    }

    /// Makes the owner that has died count as dead at once. In a file it does: the lock is free. In
    /// Redis its lease lasts for 30 s, which most rows do not wait for.
    pub fn bury(&self) {
        if let Self::Redis(redis) = self {
            let script = "return redis.call('DEL', unpack(redis.call('KEYS', 'isendpro:owner:*')))";
            assert_eq!(redis.command(&["EVAL", script, "0"]), ":1\r\n", "one owner has a lease");
        }
    }
}
