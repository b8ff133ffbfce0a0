//! A journal's Redis that fails, or that cannot be heard.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::proxy;
use super::queues::Queue;
use super::row::{Fault, IN_FLIGHT, Play, SINGLE, fault, step};
use super::stage::{Stage, pause, until};
use super::store::REDIS;

/// How many times the answers of Redis are lost: each time, those to all that is in flight.
const LOST: usize = 4;

const fn redis(name: &'static str, doubt: RangeInclusive<usize>, play: Play) -> Fault {
    fault(name, doubt, play).stores(REDIS)
}

/// Faults of Redis.
pub const FAULTS: &[Fault] = &[
    step("Redis not there at the start", 0..=0, absent).steps(REDIS),
    step("Redis gone for 12 s", 0..=IN_FLIGHT, |stage| {
        let mut running = stage.run().start();
        stage.reached(0.5);
        stage.journal.redis().stop();
        pause(Duration::from_secs(12));
        stage.journal.redis().restart();
        let code = running.wait();
        assert!(running.is_through(code) || code == 1, "it ended with {code}");
    })
    .steps(REDIS)
    .and_bulk(),
    // Shorter than the time that it may take to answer.
    redis("Redis stands still for 2 s", 0..=0, |stage| stand_still(stage, 2)),
    // Longer than a claim is tried: the run ends, and another one goes on.
    redis("Redis stands still for 12 s", 0..=IN_FLIGHT, |stage| {
        let mut running = stage.run().start();
        stage.reached(0.5);
        stage.journal.redis().pause();
        pause(Duration::from_secs(12));
        stage.journal.redis().resume();
        // A claim that began just before goes on just after.
        match running.wait() {
            1 => stage.finish(),
            code => assert!(matches!(code, 3 | 6), "it ended with {code}"),
        }
    }),
    redis("Redis restarted", 0..=0, |stage| {
        let running = stage.run().start();
        stage.reached(0.5);
        stage.journal.redis().stop();
        stage.journal.redis().restart();
        running.ended();
    })
    .steps(REDIS),
    redis("Redis killed -9, started again", 0..=0, |stage| {
        let running = stage.run().start();
        stage.reached(0.5);
        stage.journal.redis().kill();
        stage.journal.redis().restart();
        running.ended();
    })
    .steps(REDIS),
    redis("Redis out of memory", 0..=0, |stage| {
        let running = stage.run().start();
        stage.reached(0.5);
        stage.journal.redis().set("maxmemory", "1mb");
        running.ends(1);
        stage.journal.redis().set("maxmemory", "0");
        stage.finish();
    }),
    redis("reply to a claim lost", 0..=0, |stage| deaf(stage, proxy::CLAIM)).steps(REDIS),
    redis("reply to a record lost", 0..=0, |stage| deaf(stage, proxy::RECORD)).steps(REDIS),
    redis("lease lost", 0..=0, |stage| {
        let running = stage.run().start();
        for share in [0.3, 0.6] {
            stage.reached(share);
            stage.journal.bury();
        }
        running.ended();
    }),
    // The other rows do not wait for the lease of a process that was killed.
    redis("kill -9, the lease runs out by itself", 0..=IN_FLIGHT, |stage| {
        let running = stage.run().start();
        stage.reached(0.5);
        running.kill();
        stage.finish();
    })
    .shapes(SINGLE),
];

/// Nothing is taken from the queue, and nobody is told of an error.
fn absent(stage: &mut Stage) {
    stage.journal.redis().stop();
    let running = stage.run().start();
    until("it waits", || running.errors().contains("the journal cannot be opened"));
    let queues = stage.flow().queues();
    assert_eq!(queues.count(Queue::Input) as usize, stage.messages.lines.len());
    assert_eq!((queues.consumers(Queue::Input), stage.requests(), stage.results()), (0, 0, 0));
    stage.journal.redis().restart();
    running.ended();
}

fn stand_still(stage: &mut Stage, seconds: u64) {
    let running = stage.run().start();
    stage.reached(0.5);
    stage.journal.redis().pause();
    pause(Duration::from_secs(seconds));
    stage.journal.redis().resume();
    running.ended();
}

/// Every hundredth script of a kind is carried out, and the connection is cut before its answer.
fn deaf(stage: &mut Stage, script: &'static str) {
    let cutter = proxy::Cutter::to(stage.journal.redis().port(), script, 100, LOST);
    stage.run().journal(&cutter.url()).start().ended();
    assert_eq!(cutter.cuts(), LOST, "not all answers were lost");
}
