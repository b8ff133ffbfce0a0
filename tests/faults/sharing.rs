//! Several workers, and several messages that are one.

use std::ops::RangeInclusive;

use super::messages::Messages;
use super::row::{Fault, IN_FLIGHT, Play, fault, step};
use super::stage::{Stage, until};
use super::store::{FILE, REDIS, SHARED};
use super::worker::Running;

/// Faults of sharing.
pub const FAULTS: &[Fault] = &[
    fault("two workers, the second is locked out", 0..=0, locked_out).stores(FILE),
    fault("two workers, a file system without locks", 0..=0, lockless).stores(FILE).steps(FILE),
    shared("two workers on the same messages", 0..=0, |stage| {
        let workers = [worker(stage), worker(stage)];
        workers.into_iter().for_each(Running::ended);
    }),
    // Nobody tells whose lease is whose: the other one waits until it has run out.
    shared("two workers, one killed -9", 0..=IN_FLIGHT, |stage| {
        let (first, second) = (worker(stage), worker(stage));
        stage.reached(0.5);
        first.kill();
        second.ended();
    }),
    // The second one takes over after 30 s. Then the first one goes on, with claims that count as
    // those of the dead: it may say what became of them, and make no call with them.
    shared("worker stands still for longer than its lease", 0..=IN_FLIGHT, |stage| {
        let first = stopped(stage);
        worker(stage).ended();
        goes_on(stage, first);
    }),
    // Here the first one cannot know, and makes the calls that it was about to make.
    shared("worker stands still, its lease lost unnoticed", 0..=IN_FLIGHT, |stage| {
        let first = stopped(stage);
        stage.journal.bury();
        worker(stage).ended();
        goes_on(stage, first);
    }),
    // Its messages go to the other one.
    step("two workers, one killed -9", 0..=IN_FLIGHT, two).steps(SHARED),
    step("two workers, the second waits for the first", 0..=IN_FLIGHT, |stage| {
        let first = stage.run().start();
        stage.reached(0.05);
        let second = stage.run().start();
        until("the second waits", || second.errors().contains("the journal cannot be opened"));
        first.kill();
        second.ended();
    })
    .steps(FILE),
    fault("one id with two bodies", 0..=0, |stage| {
        stage.once_per_id(Messages::with_two_bodies(stage.shape));
        stage.run().start().ended();
    }),
];

/// A worker that stood still goes on. What it had asked Redis for may have taken too long by now: then
/// it ends. Whether it did or not, one more finds nothing that is still to be sent.
fn goes_on(stage: &Stage, mut worker: Running) {
    worker.signal("CONT");
    let code = worker.wait();
    assert!(code == 1 || worker.is_through(code), "it ended with {code}: {}", worker.last_words());
    stage.finish();
}

const fn shared(name: &'static str, doubt: RangeInclusive<usize>, play: Play) -> Fault {
    fault(name, doubt, play).stores(REDIS)
}

/// A worker among others: each id is sent once, whoever gets it.
fn worker(stage: &mut Stage) -> Running {
    stage.once_per_id(Messages::with_ids(stage.shape));
    stage.run().start()
}

/// A worker that stops in the middle, as on a machine that is paused.
fn stopped(stage: &mut Stage) -> Running {
    let running = worker(stage);
    stage.reached(0.5);
    running.signal("STOP");
    running
}

fn two(stage: &mut Stage) {
    let (first, second) = (stage.run().start(), stage.run().start());
    stage.reached(0.5);
    first.kill();
    second.ended();
}

fn locked_out(stage: &mut Stage) {
    let first = worker(stage);
    stage.reached(0.2);
    let mut second = worker(stage);
    assert!(matches!(second.wait(), 1 | 2), "two workers have one file");
    assert_eq!(stage.outputs()[1], "", "the second worker has results");
    first.ended();
}

/// Two workers whose file system cannot keep them apart. Then one that has locks, and one beside it.
fn lockless(stage: &mut Stage) {
    let start = |stage: &Stage| stage.run().fault("lock", 1, "fail").start();
    let refused = |mut worker: Running| {
        let code = worker.wait();
        assert!(matches!(code, 1 | 2), "it ended with {code}: {}", worker.last_words());
        assert!(worker.errors().contains("without locks"), "{}", worker.last_words());
    };
    [start(stage), start(stage)].into_iter().for_each(refused);
    assert_eq!(stage.requests(), 0, "a worker sends without a lock");
    let first = stage.run().start();
    stage.reached(0.2);
    refused(start(stage));
    first.ended();
}
