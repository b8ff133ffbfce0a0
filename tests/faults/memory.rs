//! A journal's Redis that fails, or that cannot be heard.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::proxy;
use super::row::{Fault, IN_FLIGHT, Play, SINGLE, fault};
use super::stage::{Stage, pause};
use super::store::REDIS;

/// How many times the answers of Redis are lost: each time, those to all that is in flight.
const LOST: usize = 4;

const fn redis(name: &'static str, doubt: RangeInclusive<usize>, play: Play) -> Fault {
    fault(name, doubt, play).stores(REDIS)
}

/// Faults of Redis.
pub const FAULTS: &[Fault] = &[
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
    }),
    redis("Redis killed -9, started again", 0..=0, |stage| {
        let running = stage.run().start();
        stage.reached(0.5);
        stage.journal.redis().kill();
        stage.journal.redis().restart();
        running.ended();
    }),
    redis("Redis out of memory", 0..=0, |stage| {
        let running = stage.run().start();
        stage.reached(0.5);
        stage.journal.redis().set("maxmemory", "1mb");
        running.ends(1);
        stage.journal.redis().set("maxmemory", "0");
        stage.finish();
    }),
    redis("reply to a claim lost", 0..=0, |stage| deaf(stage, proxy::CLAIM)),
    redis("reply to a record lost", 0..=0, |stage| deaf(stage, proxy::RECORD)),
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
