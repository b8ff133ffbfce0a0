//! What goes wrong with the API, drawn by chance, one after the other.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::json;

use super::clock::Dice;
use super::slow::Slow;
use crate::proxy::Gate;
use crate::row::IN_FLIGHT;
use crate::stage::{ask, pause};

/// The workers.
pub const WORKERS: usize = 2;

/// What the simulator does with a request: the name of the fault, whether the message is taken all the
/// same, and whether that leaves it in doubt.
const PLANS: &[(&str, Option<bool>, bool)] = &[
    ("status429", None, false),
    ("status429", None, false),
    ("status500", Some(true), true),
    ("status500", Some(false), true),
    ("html", Some(true), true),
    ("empty", Some(false), true),
    ("truncated", None, true),
    ("dropTaken", None, true),
    ("drop", None, true),
    ("silent", Some(true), true),
    ("silent", Some(false), true),
];

/// What went wrong.
#[derive(Debug, Default)]
pub struct Happened {
    /// How often, by what.
    pub times: BTreeMap<&'static str, usize>,
    /// Requests that were left in doubt, at least.
    pub doubts: usize,
    /// Requests that may have been, too: those under way when all connections were cut.
    pub cut_off: usize,
}

/// Trouble, until it is ended.
pub struct Trouble {
    /// The way to the API that leads through it.
    pub url: String,
    stop: Arc<AtomicBool>,
    count: Arc<AtomicUsize>,
    making: JoinHandle<Happened>,
}

impl Trouble {
    /// Begins with this API.
    pub fn start(api: SocketAddr, dice: Dice) -> Self {
        Self::with(api, dice, false)
    }

    /// Begins with what this API answers, and leaves all ways to it as they are.
    pub fn with_answers(api: SocketAddr, dice: Dice) -> Self {
        Self::with(api, dice, true)
    }

    fn with(api: SocketAddr, dice: Dice, answers_only: bool) -> Self {
        let slow = Slow::to(api);
        let gate = Gate::to(slow.address);
        let (url, stop, count) = (gate.url(), Arc::default(), Arc::default());
        let maker = Maker {
            dice,
            api,
            slow,
            gate,
            answers_only,
            stop: Arc::clone(&stop),
            count: Arc::clone(&count),
            happened: Happened::default(),
        };
        Self { url, stop, count, making: std::thread::spawn(move || maker.make()) }
    }

    /// How much went wrong so far.
    pub fn happened(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Lets nothing more go wrong.
    pub fn end(self) -> Happened {
        self.stop.store(true, Ordering::Relaxed);
        self.making.join().expect("it made no trouble")
    }
}

struct Maker {
    dice: Dice,
    api: SocketAddr,
    slow: Slow,
    gate: Gate,
    answers_only: bool,
    stop: Arc<AtomicBool>,
    count: Arc<AtomicUsize>,
    happened: Happened,
}

impl Maker {
    fn make(mut self) -> Happened {
        while !self.stop.load(Ordering::Relaxed) {
            // So that each goes wrong among others that go well.
            pause(Duration::from_millis(500 + self.dice.draw(2500)));
            match self.dice.draw(14) {
                0 if !self.answers_only => {
                    let time = Duration::from_millis(500 + self.dice.draw(1500));
                    self.slow.hold(time);
                    self.note("slow", 1);
                }
                1 if !self.answers_only => self.cut(),
                plan => self.plan(PLANS[plan as usize % PLANS.len()]),
            }
        }
        self.happened
    }

    fn note(&mut self, what: &'static str, times: usize) {
        *self.happened.times.entry(what).or_default() += times;
        self.count.fetch_add(times, Ordering::Relaxed);
    }

    /// All connections end, and for a while there are no new ones.
    fn cut(&mut self) {
        self.gate.close();
        pause(Duration::from_millis(self.dice.draw(2000)));
        self.gate.open();
        self.happened.cut_off += WORKERS * IN_FLIGHT;
        self.note("connections cut", 1);
    }

    fn plan(&mut self, (fault, taken, in_doubt): (&'static str, Option<bool>, bool)) {
        let (every, times) = (1 + self.dice.draw(8), 1 + self.dice.draw(20));
        let mut plan = json!({"every": every, "fault": fault, "remaining": times});
        if let Some(taken) = taken {
            plan["taken"] = taken.into();
        }
        ask(self.api, "PUT", "faults", &plan.to_string());
        let left = || ask(self.api, "GET", "faults", "")["remaining"].as_u64().unwrap();
        while left() > 0 && !self.stop.load(Ordering::Relaxed) {
            pause(Duration::from_millis(50));
        }
        // None is left, or no message comes any more.
        let happened = (times - left()) as usize;
        ask(self.api, "DELETE", "faults", "");
        self.happened.doubts += if in_doubt { happened } else { 0 };
        self.note(fault, happened);
    }
}
