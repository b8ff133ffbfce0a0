//! What a seed draws: the shape of the world, what is sent in it, and what goes wrong how often.

use std::time::Duration;

use crate::dice::Dice;

/// How messages come and go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Host {
    /// Workers of a step, which share a queue.
    Step,
    /// A run of the pipe, begun again until it is over.
    Run,
    /// The same with `--once-per-id`.
    Ids,
}

/// What remembers what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    None,
    /// For one process at a time; whoever opens it knows that the last one is dead.
    File,
    /// Shared; who is not heard of for a lease counts as dead.
    Redis,
}

/// What is sent, and how results come. Each has an engine of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Bulk messages, of requests with so many recipients at most; 0 for single ones.
    pub batch: u8,
    /// The place in [`EMITS`].
    pub emits: u8,
    /// Minutes for which what was not sent is tried again.
    pub gives_up: u8,
}

/// How a bulk message tells its results.
pub const EMITS: [&str; 3] = ["fetchAll", "emitIndividually", "problemsOnly"];

/// How often each thing goes wrong, in a thousand times that it could.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    pub cut_before: u32,
    pub cut_after: u32,
    pub error_before: u32,
    pub error_after: u32,
    pub busy: u32,
    pub half: u32,
    pub unmentioned: u32,
    pub slow: u32,
    pub account: u32,
    pub claim: u32,
    pub claim_unheard: u32,
    pub record: u32,
    pub record_unheard: u32,
    pub recall: u32,
    pub outage: u32,
    pub unconfirmed: u32,
    pub unpublished: u32,
    pub unheard: u32,
    pub cut: u32,
    pub crash: u32,
    pub pause: u32,
    pub stop: u32,
}

/// All of it.
#[derive(Debug, Clone)]
pub struct Plan {
    pub host: Host,
    pub store: Store,
    pub shape: Shape,
    pub workers: usize,
    /// Messages that a worker has at a time.
    pub prefetch: usize,
    /// The first wait of what is put back, and how often it may be.
    pub rebound: (Duration, u32),
    pub faults: Faults,
    /// Until when things go wrong.
    pub trouble: Duration,
    pub messages: usize,
    /// How often, in a thousand, the person posts again what was not sent, and has what is in doubt sent
    /// again.
    pub believes: u32,
    pub resends: u32,
    /// How often a message is posted twice, in a thousand.
    pub twice: u32,
}

impl Plan {
    pub fn draw(dice: &mut Dice) -> Self {
        let host = dice.pick(&[Host::Step, Host::Step, Host::Step, Host::Run, Host::Ids]);
        let store = match host {
            Host::Step => dice.pick(&[Store::None, Store::File, Store::Redis, Store::Redis]),
            Host::Run | Host::Ids => dice.pick(&[Store::File, Store::Redis]),
        };
        let batch = dice.pick(&[0, 0, 1, 2, 3]);
        let emits = if batch == 0 { 0 } else { dice.pick(&[0, 0, 1, 2]) };
        let workers = match (host, store) {
            (Host::Step, Store::None | Store::Redis) => dice.pick(&[1, 2, 2, 3]),
            _ => 1,
        };
        Self {
            host,
            store,
            shape: Shape { batch, emits, gives_up: dice.pick(&[0, 1, 1, 5]) },
            workers,
            prefetch: dice.pick(&[1, 2, 4]),
            rebound: (Duration::from_secs(dice.pick(&[2, 15])), dice.pick(&[1, 2, 20])),
            faults: Faults::draw(dice),
            trouble: Duration::from_secs(dice.between(5, 240)),
            messages: dice.pick(&[1, 1, 2, 2, 3, 4]),
            believes: dice.pick(&[0, 700, 1000]),
            resends: dice.pick(&[0, 300, 1000]),
            twice: if store == Store::None { 0 } else { dice.pick(&[0, 0, 500]) },
        }
    }
}

impl Faults {
    /// Most kinds of faults are absent, or frequent: what is a little of everything is all the same.
    fn draw(dice: &mut Dice) -> Self {
        let mut often = |levels: &[u32]| dice.pick(levels);
        let rare = [0, 0, 0, 30, 150];
        let common = [0, 0, 50, 300];
        Self {
            cut_before: often(&common),
            cut_after: often(&common),
            error_before: often(&rare),
            error_after: often(&rare),
            busy: often(&common),
            half: often(&rare),
            unmentioned: often(&rare),
            slow: often(&rare),
            account: often(&[0, 0, 0, 0, 100]),
            claim: often(&rare),
            claim_unheard: often(&rare),
            record: often(&rare),
            record_unheard: often(&rare),
            recall: often(&rare),
            outage: often(&[0, 0, 0, 30]),
            unconfirmed: often(&rare),
            unpublished: often(&[0, 0, 0, 50]),
            unheard: often(&rare),
            cut: often(&[0, 0, 200, 600]),
            crash: often(&[0, 0, 500, 900]),
            pause: often(&[0, 0, 300, 700]),
            stop: often(&[0, 0, 300]),
        }
    }
}
