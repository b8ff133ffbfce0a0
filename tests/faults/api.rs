//! An API that fails, and answers that go missing.

use std::time::Duration;

use serde_json::Value;

use super::proxy::{self, Gate};
use super::row::{BOTH, Fault, IN_FLIGHT};
use super::stage::{Stage, pause, until};
use super::store::ALL;

/// How often a request goes wrong.
const TIMES: usize = 40;

const fn replies(name: &'static str, play: fn(&mut Stage)) -> Fault {
    Fault { name, stores: ALL, shapes: BOTH, at_least: TIMES, at_most: TIMES, play }
}

/// Faults of the API.
pub const FAULTS: &[Fault] = &[
    Fault {
        name: "API refuses connections for 5 s",
        stores: ALL,
        shapes: BOTH,
        at_least: 0,
        at_most: 0,
        play: gone,
    },
    Fault {
        name: "API cut off in full flight, back after 5 s",
        stores: ALL,
        shapes: BOTH,
        at_least: 0,
        at_most: IN_FLIGHT,
        play: cut_off,
    },
    replies("connection dropped, request taken", |it| go_wrong(it, "dropTaken", None)),
    replies("connection dropped, request not taken", |it| go_wrong(it, "drop", None)),
    Fault {
        name: "server closes connections idle for 5 s",
        stores: ALL,
        shapes: BOTH,
        at_least: 0,
        at_most: 0,
        play: idle,
    },
    Fault {
        name: "no answer at all, request taken",
        stores: ALL,
        shapes: BOTH,
        at_least: TIMES,
        at_most: TIMES,
        play: |stage| silent(stage, true),
    },
    Fault {
        name: "no answer at all, request not taken",
        stores: ALL,
        shapes: BOTH,
        at_least: TIMES,
        at_most: TIMES,
        play: |stage| silent(stage, false),
    },
    Fault {
        name: "429 with Retry-After",
        stores: ALL,
        shapes: BOTH,
        at_least: 0,
        at_most: 0,
        play: |it| go_wrong(it, "status429", None),
    },
    replies("500, request taken", |it| go_wrong(it, "status500", Some(true))),
    replies("500, request not taken", |it| go_wrong(it, "status500", Some(false))),
    replies("HTML, request taken", |it| go_wrong(it, "html", Some(true))),
    replies("HTML, request not taken", |it| go_wrong(it, "html", Some(false))),
    // A part of an answer is only there when the request was taken.
    replies("truncated JSON", |it| go_wrong(it, "truncated", None)),
    replies("empty reply, request taken", |it| go_wrong(it, "empty", Some(true))),
    replies("empty reply, request not taken", |it| go_wrong(it, "empty", Some(false))),
    Fault {
        name: "panic while an accepted reply is read",
        stores: ALL,
        shapes: BOTH,
        at_least: 1,
        at_most: 1,
        play: |stage| {
            let passing = stage.shape.requests() / 2;
            stage.run().fault("reading-reply", passing, "panic").start().ends(6);
        },
    },
    Fault {
        name: "--failed fed in again",
        stores: ALL,
        shapes: BOTH,
        at_least: TIMES,
        at_most: TIMES,
        play: failed_again,
    },
];

/// Every fifth request goes wrong, until it was enough. The run goes on to its end.
fn go_wrong(stage: &mut Stage, fault: &str, taken: Option<bool>) {
    stage.fail(fault, taken, 5, TIMES);
    stage.finish();
}

fn silent(stage: &mut Stage, taken: bool) {
    stage.fail("silent", Some(taken), 5, TIMES);
    stage.run().set("callTimeout", "1").start().ended();
}

/// The API goes at a moment without a request, so that each later one meets a closed door.
fn gone(stage: &mut Stage) {
    let mut gate = Gate::to(stage.host());
    let mut running = stage.bare_run().server(&gate.url()).start();
    let (before, after) = stage.messages.lines.split_at(stage.messages.lines.len() / 2);
    running.feed(before);
    until("the first half has its results", || results(stage) == before.len());
    gate.close();
    running.feed(after);
    pause(Duration::from_secs(5));
    gate.open();
    running.ended();
}

fn cut_off(stage: &mut Stage) {
    let mut gate = Gate::to(stage.host());
    let running = stage.run().server(&gate.url()).start();
    stage.reached(0.5);
    gate.close();
    pause(Duration::from_secs(5));
    gate.open();
    running.ended();
}

fn results(stage: &Stage) -> usize {
    stage.outputs().iter().map(|it| it.lines().count()).sum()
}

/// Bursts, with pauses around the time after which the server closes what is idle: common servers
/// wait 5 s.
fn idle(stage: &mut Stage) {
    let server = proxy::impatient(stage.host(), Duration::from_secs(5));
    let mut running = stage.bare_run().server(&server).start();
    let lines = stage.messages.lines.len();
    let mut fed = 0;
    for (burst, wait) in stage.messages.lines.chunks(lines / 4).zip([4990, 5000, 5010, 0]) {
        running.feed(burst);
        fed += burst.len();
        until("a burst has its results", || results(stage) == fed);
        pause(Duration::from_millis(wait));
    }
    running.ended();
}

/// A run that leaves messages not sent, and messages in doubt. A second run gets all that failed:
/// what was not sent is sent, and what is in doubt stays in doubt.
fn failed_again(stage: &mut Stage) {
    let failed = stage.file("failed");
    let first = stage.run().set("giveUpAfter", "0").args(&["--failed", failed.to_str().unwrap()]);
    stage.fail("status429", None, 3, TIMES);
    let running = first.start();
    stage.failed();
    stage.fail("dropTaken", None, 3, TIMES);
    running.ends(6);
    stage.failed();
    // A bulk message that was sent in part is no failed one: its result has what to send again.
    let again: String = stage.outputs()[0].lines().filter_map(retry).collect();
    let failed = std::fs::read_to_string(failed).unwrap() + &again;
    assert!(!failed.is_empty(), "nothing failed");
    let input = stage.file("failed again");
    std::fs::write(&input, failed).unwrap();
    let code = stage.run_of(&input).start().wait();
    assert!(matches!(code, 0 | 3 | 6), "{code}");
}

fn retry(line: &str) -> Option<String> {
    let line: Value = serde_json::from_str(line).unwrap();
    Some(format!("{}\n", line.get("retry")?))
}
