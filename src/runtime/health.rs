//! What keeps messages from being carried, for whoever asks whether a process is ready.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Something that keeps messages from being carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// It has not begun yet.
    Starting,
    /// iSendPro refuses the account: the key, the address or the credit.
    Account,
    /// The journal cannot be reached or written.
    Journal,
    /// No connection on which messages come.
    Consumer,
    /// No connection on which results go.
    Publisher,
    /// The broker takes nothing, for lack of memory or disk.
    Blocked,
    /// It is being stopped.
    Stopping,
}

impl Obstacle {
    /// Every obstacle.
    pub const ALL: [Self; 7] = [
        Self::Starting,
        Self::Account,
        Self::Journal,
        Self::Consumer,
        Self::Publisher,
        Self::Blocked,
        Self::Stopping,
    ];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Account => "account",
            Self::Journal => "journal",
            Self::Consumer => "consumer",
            Self::Publisher => "publisher",
            Self::Blocked => "blocked",
            Self::Stopping => "stopping",
        }
    }

    /// What it means.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Starting => "has not begun yet",
            Self::Account => "iSendPro refuses the account: key, address or credit",
            Self::Journal => "the journal fails",
            Self::Consumer => "the broker cannot be reached for messages",
            Self::Publisher => "the broker cannot be reached for results",
            Self::Blocked => "the broker takes nothing, for lack of memory or disk",
            Self::Stopping => "is being stopped",
        }
    }
}

/// What is in the way of a process. Clones are of the same process.
#[derive(Debug, Clone, Default)]
pub struct Health(Arc<[AtomicBool; Obstacle::ALL.len()]>);

impl Health {
    /// Says whether this is in the way.
    pub fn set(&self, obstacle: Obstacle, there: bool) {
        self.0[obstacle as usize].store(there, Ordering::Relaxed);
    }

    /// Whether this is in the way.
    pub fn has(&self, obstacle: Obstacle) -> bool {
        self.0[obstacle as usize].load(Ordering::Relaxed)
    }

    /// All that is in the way: nothing, if messages are carried.
    pub fn obstacles(&self) -> impl Iterator<Item = Obstacle> {
        Obstacle::ALL.into_iter().filter(|it| self.has(*it))
    }
}
