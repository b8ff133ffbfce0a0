//! What keeps messages from being carried, for whoever asks whether a process is ready.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

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
    /// A queue that it publishes to is full, and refuses what is published.
    Full,
    /// It is being stopped.
    Stopping,
}

impl Obstacle {
    /// Every obstacle.
    pub const ALL: [Self; 8] = [
        Self::Starting,
        Self::Account,
        Self::Journal,
        Self::Consumer,
        Self::Publisher,
        Self::Blocked,
        Self::Full,
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
            Self::Full => "full",
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
            Self::Full => "a queue for results, errors or what comes later is full",
            Self::Stopping => "is being stopped",
        }
    }
}

/// What is in the way of a process. Clones are of the same process.
#[derive(Clone, Default)]
pub struct Health(Arc<Known>);

#[derive(Default)]
struct Known {
    /// What messages have met.
    met: [AtomicBool; Obstacle::ALL.len()],
    /// How many of them are kept waiting.
    waiting: [AtomicUsize; Obstacle::ALL.len()],
    /// Whether the journal answers, also while there are no messages.
    journal: OnceLock<Box<dyn Fn() -> bool + Send + Sync>>,
}

/// Something that an obstacle keeps waiting, until this is dropped.
#[derive(Debug)]
pub struct Waiting(Health, Obstacle);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.0.waiting[self.1 as usize].fetch_sub(1, Ordering::Relaxed);
    }
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.obstacles()).finish()
    }
}

impl Health {
    /// Says whether this is in the way.
    pub fn set(&self, obstacle: Obstacle, there: bool) {
        self.0.met[obstacle as usize].store(there, Ordering::Relaxed);
    }

    /// Says that this keeps one more waiting: it is in the way until none does.
    #[must_use]
    pub fn wait(&self, obstacle: Obstacle) -> Waiting {
        self.0.waiting[obstacle as usize].fetch_add(1, Ordering::Relaxed);
        Waiting(self.clone(), obstacle)
    }

    /// Has the journal asked whether it answers, each time that somebody wants to know. Only the first
    /// journal is.
    pub fn ask_journal(&self, answers: impl Fn() -> bool + Send + Sync + 'static) {
        self.0.journal.set(Box::new(answers)).ok();
    }

    /// Whether this is in the way: a message has met it and none got through since, or waits for it, or
    /// the journal does not answer.
    pub fn has(&self, obstacle: Obstacle) -> bool {
        let silent = || self.0.journal.get().is_some_and(|answers| !answers());
        let met = self.0.met[obstacle as usize].load(Ordering::Relaxed);
        let waiting = self.0.waiting[obstacle as usize].load(Ordering::Relaxed) > 0;
        met || waiting || obstacle == Obstacle::Journal && silent()
    }

    /// All that is in the way: nothing, if messages are carried.
    pub fn obstacles(&self) -> impl Iterator<Item = Obstacle> {
        Obstacle::ALL.into_iter().filter(|it| self.has(*it))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_keeps_several_waiting_is_in_the_way_of_the_last() {
        let health = Health::default();
        let waiting = [(), ()].map(|()| health.wait(Obstacle::Full));
        for waiting in waiting {
            assert_eq!(health.obstacles().collect::<Vec<_>>(), [Obstacle::Full]);
            drop(waiting);
        }
        assert_eq!(health.obstacles().count(), 0);
    }

    #[test]
    fn a_journal_is_in_the_way_for_messages_and_for_those_who_ask_it() {
        let (health, answers) = (Health::default(), Arc::new(AtomicBool::new(true)));
        let asked = Arc::clone(&answers);
        health.ask_journal(move || asked.load(Ordering::Relaxed));
        for (met, answering, there) in [
            (false, true, false),
            (true, true, true),
            (true, false, true),
            (false, false, true),
            (false, true, false),
        ] {
            health.set(Obstacle::Journal, met);
            answers.store(answering, Ordering::Relaxed);
            let expected: &[_] = if there { &[Obstacle::Journal] } else { &[] };
            assert_eq!(health.obstacles().collect::<Vec<_>>(), expected, "{met} {answering}");
        }
    }
}
