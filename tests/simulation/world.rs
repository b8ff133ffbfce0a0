//! What all in a world share: the time, chance, the book, the broker, and the story.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use isendpro_connector::component::clock;
use jiff::Timestamp;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::book::Book;
use crate::breaks::Break;
use crate::broker::Broker;
use crate::dice::Dice;
use crate::plan::{Faults, Plan};
use crate::store::Shelf;

thread_local! {
    static CURRENT: RefCell<Option<Arc<World>>> = const { RefCell::new(None) };
}

/// A process, by number: no two have the same.
pub type Process = u64;

/// A world.
pub struct World {
    pub plan: Plan,
    pub broken: Option<Break>,
    /// Wakes workers that wait for messages.
    pub arrived: Notify,
    began: Instant,
    inner: Mutex<Inner>,
    told: Option<Mutex<Vec<String>>>,
}

/// What changes in it.
pub struct Inner {
    pub dice: Dice,
    pub book: Book,
    pub broker: Broker,
    pub shelf: Shelf,
    /// The messages that each process has in hand.
    hands: BTreeMap<Process, Vec<usize>>,
    /// Until when iSendPro refuses the account, and Redis answers nobody.
    pub account: Duration,
    pub outage: Duration,
    /// What somebody is about to post, or a queue about to give back.
    pub coming: usize,
    /// Whether a run was resumed right after another.
    pub is_hasty: bool,
    processes: Process,
}

impl World {
    /// A world of this seed, from now on the one of this thread.
    pub fn begin(plan: Plan, dice: Dice, broken: Option<Break>, telling: bool) -> Arc<Self> {
        let at = Timestamp::from_second(1_800_000_000).unwrap();
        clock::start(at);
        let inner = Inner {
            dice,
            book: Book::default(),
            broker: Broker::default(),
            shelf: Shelf::default(),
            hands: BTreeMap::new(),
            account: Duration::ZERO,
            outage: Duration::ZERO,
            coming: 0,
            is_hasty: false,
            processes: 0,
        };
        let world = Arc::new(Self {
            plan,
            broken,
            arrived: Notify::new(),
            began: Instant::now(),
            inner: Mutex::new(inner),
            told: telling.then(Mutex::default),
        });
        CURRENT.set(Some(Arc::clone(&world)));
        world
    }

    /// The world of this thread.
    pub fn current() -> Arc<Self> {
        CURRENT.with_borrow(|it| it.clone().expect("a world has begun"))
    }

    /// It is over.
    pub fn end() {
        CURRENT.set(None);
    }

    pub fn now(&self) -> Duration {
        self.began.elapsed()
    }

    pub fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    pub fn is_broken(&self, by: Break) -> bool {
        self.broken == Some(by)
    }

    /// Tells what happens, if anybody listens.
    pub fn say(&self, what: impl FnOnce() -> String) {
        if let Some(told) = &self.told {
            let line = format!("{:>8.3}s  {}", self.now().as_secs_f64(), what());
            told.lock().unwrap().push(line);
        }
    }

    /// What was told.
    pub fn story(&self) -> Vec<String> {
        self.told.as_ref().map(|it| it.lock().unwrap().clone()).unwrap_or_default()
    }

    /// Whether things still go wrong.
    pub fn is_troubled(&self) -> bool {
        self.now() < self.plan.trouble
    }

    /// Whether this goes wrong now.
    pub fn strikes(&self, how_often: impl FnOnce(&Faults) -> u32) -> bool {
        self.is_troubled() && self.lock().dice.strikes(how_often(&self.plan.faults))
    }

    /// A time of so many milliseconds.
    pub fn between(&self, first: u64, last: u64) -> Duration {
        Duration::from_millis(self.lock().dice.between(first, last))
    }

    /// Takes so many milliseconds.
    pub async fn nap(&self, first: u64, last: u64) {
        let time = self.between(first, last);
        tokio::time::sleep(time).await;
    }

    /// A process has this message in hand.
    pub fn hold(&self, process: Process, message: usize) {
        let mut inner = self.lock();
        if inner.hands.values().flatten().any(|it| *it == message) {
            inner.book.shared.insert(message);
        }
        inner.hands.entry(process).or_default().push(message);
    }

    /// It has let one go.
    pub fn release(&self, process: Process, message: usize) {
        let mut inner = self.lock();
        let held = inner.hands.entry(process).or_default();
        if let Some(place) = held.iter().position(|it| *it == message) {
            held.swap_remove(place);
        }
    }

    /// Something happens to a process that may leave a doubt of all that it has in hand.
    pub fn shakes(&self, process: Process) {
        let mut inner = self.lock();
        for message in inner.hands.get(&process).cloned().unwrap_or_default() {
            inner.book.doubt(message);
        }
    }

    /// How many copies of a message are in somebody's hands.
    pub fn copies(&self, message: usize) -> usize {
        let inner = self.lock();
        inner.hands.values().flatten().filter(|it| **it == message).count()
    }

    /// It is gone, and has nothing in hand any more.
    pub fn buries(&self, process: Process) {
        self.shakes(process);
        self.lock().hands.remove(&process);
    }

    /// Whether nobody has anything in hand, nothing waits, and nobody is about to post anything.
    pub fn is_quiet(&self) -> bool {
        let inner = self.lock();
        inner.coming == 0 && inner.broker.is_empty() && inner.hands.values().all(Vec::is_empty)
    }

    /// A new process.
    pub fn process(&self) -> Process {
        let mut inner = self.lock();
        inner.processes += 1;
        inner.processes
    }
}
