//! Processes that end before their input does.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::row::{BULK, Fault, IN_FLIGHT, fault, step};
use super::stage::{Stage, until};
use super::store::{ALL, ANY};

/// Ends from outside.
pub const FAULTS: &[Fault] = &[
    fault("kill -9 at half", 0..=IN_FLIGHT, |stage| {
        kill_at(stage, 0.5);
        stage.finish();
    })
    .steps(ANY)
    .and_bulk(),
    fault("kill -9, three times", 0..=3 * IN_FLIGHT, |stage| {
        for share in [0.2, 0.45, 0.7] {
            kill_at(stage, share);
        }
        stage.finish();
    })
    .steps(ANY),
    fault("SIGTERM at half", 0..=0, |stage| {
        let running = stage.run().start();
        stage.reached(0.5);
        running.stop();
        stage.finish();
    })
    .steps(ANY)
    .and_bulk(),
    step("SIGTERM while the API is silent", 1..=IN_FLIGHT, stop_in_silence),
    // A single send is one request: there is no batch to change.
    fault("kill -9, then another batchSize", 0..=IN_FLIGHT, |stage| {
        kill_at(stage, 0.5);
        stage.run().set("batchSize", "3").start().ended();
    })
    .shapes(BULK),
];

/// Calls may take longer than the platform waits for a step to end.
fn stop_in_silence(stage: &mut Stage) {
    let running = stage.run().set("callTimeout", "60").start();
    stage.reached(0.5);
    stage.fail("silent", Some(true), 1, 1000);
    let began = Instant::now();
    until("nothing is answered any more", || stage.left() <= 1000 - IN_FLIGHT as u64);
    running.stop();
    assert!(began.elapsed() < Duration::from_secs(30), "a platform would have killed it");
    stage.heal();
    stage.finish();
}

fn kill_at(stage: &Stage, share: f64) {
    let running = stage.run().start();
    stage.reached(share);
    running.kill();
    stage.journal.bury();
}

/// Crashes at chosen points of the program.
pub const CRASHES: &[Fault] = &[
    fault("abort after a claim", 1..=IN_FLIGHT, |it| crash_at_half(it, "after-claim")).steps(ALL),
    fault("abort before a call", 1..=IN_FLIGHT, |it| crash_at_half(it, "before-call")).steps(ANY),
    fault("abort after a call", 1..=IN_FLIGHT, |it| crash_at_half(it, "after-call")).steps(ALL),
    // The one that is recorded is known, but others are under way.
    fault("abort after a record", 0..=IN_FLIGHT, |it| crash_at_half(it, "after-record")).steps(ALL),
    // What is published and not acknowledged comes again.
    step("abort after a result is confirmed", 0..=IN_FLIGHT, |it| crash_at_half(it, "after-emit")),
    step("abort before an acknowledgement", 0..=IN_FLIGHT, |it| crash_at_half(it, "before-ack")),
    step("result with retry posted, message again", 0..=IN_FLIGHT, returned)
        .steps(ALL)
        .shapes(BULK),
    // Results are published several at a time: the tenth time is somewhere in the middle.
    fault("abort after a result is published", 0..=IN_FLIGHT, |it| crash(it, "after-publish", 10)),
    // A single send emits once.
    fault("abort between two emits of a message", 0..=IN_FLIGHT, |stage| {
        let emits = stage.messages.things.len();
        let many = || stage.run().set("emitBehaviour", "emitIndividually").args(&["--many"]);
        // The second of the four of a message.
        many().fault("after-emit", emits / 2 + 2, "abort").start().ends(-6);
        stage.journal.bury();
        many().start().ended();
    })
    .shapes(BULK),
];

/// Whoever reads a result sends what it returns, and knows nothing of a message that comes again.
fn returned(stage: &mut Stage) {
    const TIMES: usize = 80;
    stage.fail("status429", None, 2, TIMES);
    stage.flow().field("giveUpAfter", "0");
    stage.run().fault("before-ack", TIMES / 2, "abort").start().ends(-6);
    stage.journal.bury();
    stage.finish();
    assert!(post_retries(stage), "nothing was returned");
    stage.finish();
}

/// Gives what the results returned as new messages, once each. False if that is nothing.
pub fn post_retries(stage: &Stage) -> bool {
    let outputs = stage.outputs().concat();
    let results = outputs.lines().map(|it| serde_json::from_str::<Value>(it).unwrap());
    let retries: BTreeSet<String> =
        results.filter_map(|it| Some(it["body"].get("retry")?.to_string())).collect();
    let lines: Vec<String> = retries.into_iter().collect();
    stage.flow().give(&lines);
    !lines.is_empty()
}

fn crash_at_half(stage: &Stage, point: &str) {
    crash(stage, point, stage.shape.requests() / 2);
}

fn crash(stage: &Stage, point: &str, passing: usize) {
    stage.run().fault(point, passing, "abort").start().ends(-6);
    stage.journal.bury();
    stage.finish();
}
