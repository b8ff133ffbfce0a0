//! Processes that end before their input does.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::messages::Shape;
use super::row::{BULK, Fault, IN_FLIGHT, fault, step};
use super::stage::{Stage, until};
use super::store::{ALL, ANY};
use super::worker::Worker;

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
    fault("kill -9 with --failed, then other input", 0..=IN_FLIGHT, kill_with_failed),
    step("SIGTERM while the API is silent", 1..=IN_FLIGHT, stop_in_silence),
    // A single send is one request: there is no batch to change.
    fault("kill -9, then another batchSize", 0..=IN_FLIGHT, |stage| {
        kill_at(stage, 0.5);
        stage.run().set("batchSize", "3").start().ended();
    })
    .shapes(BULK),
];

/// What a person does who finds a run killed: feeds in something else, which the open run is spared, and
/// then the same command again, which goes on with its own file. What that says to be safe is sent.
fn kill_with_failed(stage: &mut Stage) {
    const TIMES: usize = 40;
    let pattern = stage.file("failed-{time}.ndjson");
    let command = |it: Worker| it.args(&["--failed", pattern.to_str().unwrap()]);
    let start = |stage: &Stage| command(stage.run().set("giveUpAfter", "0")).start();
    stage.fail("status429", None, 3, TIMES);
    let first = start(stage);
    stage.failed();
    stage.reached(0.5);
    first.kill();
    stage.journal.bury();

    let other = stage.file("other messages");
    std::fs::write(&other, stage.messages.lines[400..].concat()).unwrap();
    let requests = stage.requests();
    command(stage.run_of(&other)).start().ends(2);
    assert_eq!(stage.requests(), requests, "other input is sent while a run is open");

    stage.fail("status429", None, 3, TIMES);
    start(stage).ended();
    stage.failed();
    let [failed] = &failed_files(&pattern)[..] else { panic!("not one file for one run") };
    if stage.shape == Shape::Single {
        let text = std::fs::read_to_string(failed).unwrap();
        // A line in doubt has an error around it.
        let safe = text.lines().filter(|it| !it.starts_with("{\"error\""));
        assert_eq!(
            safe.count(),
            TIMES,
            "what failed before the kill is in it, or something is not"
        );
    }
    let code = stage.run_of(failed).args(&["--resume"]).start().wait();
    assert!(matches!(code, 0 | 3 | 6), "what failed ended with {code}");
    // What was not sent of a bulk message goes with the message itself, and not with its `retry` as well.
    stage.finish();
}

/// The files that this pattern has become, without those that say whose they are.
fn failed_files(pattern: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(pattern.parent().unwrap()).unwrap().map(|it| it.unwrap().path());
    let name = |it: &PathBuf| it.file_name().unwrap().to_string_lossy().into_owned();
    let is_mark = |it: &PathBuf| it.extension().is_some_and(|it| it == "run");
    let named = |it: &PathBuf| name(it).starts_with("failed-") && !is_mark(it);
    files.filter(named).collect()
}

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
