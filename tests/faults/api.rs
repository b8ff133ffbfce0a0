//! An API that fails, and answers that go missing.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::proxy::{self, Gate};
use super::row::{Fault, IN_FLIGHT, fault, step};
use super::stage::{Stage, pause, until};
use super::store::{ANY, SHARED};

/// How often a request goes wrong.
const TIMES: usize = 40;

/// Faults of the API.
pub const FAULTS: &[Fault] = &[
    fault("API refuses connections for 5 s", 0..=0, |it| gone(it, 5)).steps(SHARED),
    step("API refuses connections for 15 s", 0..=0, |it| gone(it, 15)),
    step("put back with user_id, CC and BCC", 0..=0, somebody_elses).steps(ANY),
    fault("API cut off in full flight, back after 5 s", 0..=IN_FLIGHT, cut_off).steps(ANY),
    fault("connection dropped, request taken", TIMES..=TIMES, |it| go_wrong(it, "dropTaken", None))
        .steps(ANY),
    fault("connection dropped, request not taken", TIMES..=TIMES, |it| go_wrong(it, "drop", None))
        .steps(SHARED),
    fault("server closes connections idle for 5 s", 0..=0, idle),
    fault("no answer at all, request taken", TIMES..=TIMES, |stage| silent(stage, true)),
    fault("no answer at all, request not taken", TIMES..=TIMES, |stage| silent(stage, false)),
    fault("429 with Retry-After", 0..=0, |it| go_wrong(it, "status429", None))
        .steps(ANY)
        .and_bulk(),
    fault("500, request taken", TIMES..=TIMES, |it| go_wrong(it, "status500", Some(true)))
        .steps(ANY),
    fault("500, request not taken", TIMES..=TIMES, |it| go_wrong(it, "status500", Some(false)))
        .steps(SHARED),
    fault("HTML, request taken", TIMES..=TIMES, |it| go_wrong(it, "html", Some(true))),
    fault("HTML, request not taken", TIMES..=TIMES, |it| go_wrong(it, "html", Some(false))),
    // A part of an answer is only there when the request was taken.
    fault("truncated JSON", TIMES..=TIMES, |it| go_wrong(it, "truncated", None)),
    fault("empty reply, request taken", TIMES..=TIMES, |it| go_wrong(it, "empty", Some(true))),
    fault("empty reply, request not taken", TIMES..=TIMES, |it| go_wrong(it, "empty", Some(false))),
    fault("panic while an accepted reply is read", 1..=1, |stage| {
        let passing = stage.shape.requests() / 2;
        stage.run().fault("reading-reply", passing, "panic").start().ends(6);
    }),
    fault("--failed fed in again", TIMES..=TIMES, failed_again),
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

/// The API goes at a moment without a request, so that each later one meets a closed door. A step holds
/// a message for 10 s before it puts it back for later.
fn gone(stage: &mut Stage, seconds: u64) {
    gone_with(stage, seconds, |_, _| ());
}

/// Each message that is put back must wait once, and not in copies. This process recognises its own: the
/// count would not show what another worker without a journal would send.
fn somebody_elses(stage: &mut Stage) {
    stage.flow().own_broker();
    stage.flow().give_in_anothers_name();
    gone_with(stage, 15, |stage, given| {
        let waiting = stage.flow().waiting();
        assert!(waiting <= given, "{waiting} wait, and {given} were given");
    });
}

fn gone_with(stage: &mut Stage, seconds: u64, look: fn(&Stage, usize)) {
    let mut gate = Gate::to(stage.host());
    let mut running = stage.bare_run().server(&gate.url()).start();
    let (before, after) = stage.messages.lines.split_at(stage.messages.lines.len() / 2);
    stage.feed(&mut running, before);
    until("the first half has its results", || stage.results() == before.len());
    gate.close();
    stage.feed(&mut running, after);
    pause(Duration::from_secs(seconds));
    look(stage, after.len());
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
        until("a burst has its results", || stage.results() == fed);
        pause(Duration::from_millis(wait));
    }
    running.ended();
}

/// A run that leaves messages not sent, and messages in doubt. A second run gets all that failed:
/// what was not sent is sent, and what is in doubt stays in doubt.
fn failed_again(stage: &mut Stage) {
    let failed = stage.file("failed");
    let first = stage.bare_run().set("giveUpAfter", "0");
    let mut running = first.args(&["--failed", failed.to_str().unwrap()]).start();
    let (before, after) = stage.messages.lines.split_at(stage.messages.lines.len() / 2);
    for (lines, fault) in [(before, "status429"), (after, "dropTaken")] {
        stage.fail(fault, None, 3, TIMES);
        running.feed(lines);
        stage.failed();
    }
    running.ends(6);
    assert!(feed_again(stage, &failed, &stage.outputs()[0]), "nothing failed");
}

/// Feeds in what a run says to be safe to send again: what failed, and what its results returned. False
/// if that is nothing.
pub fn feed_again(stage: &Stage, failed: &Path, output: &str) -> bool {
    // A bulk message that was sent in part is no failed one: its result has what to send again.
    let again: String = output.lines().filter_map(retry).collect();
    let failed = std::fs::read_to_string(failed).unwrap_or_default() + &again;
    let input = stage.file("failed again");
    std::fs::write(&input, &failed).unwrap();
    // The run that failed is over, and has its messages.
    let code = stage.run_of(&input).args(&["--resume"]).start().wait();
    assert!(matches!(code, 0 | 3 | 6), "{code}");
    !failed.is_empty()
}

fn retry(line: &str) -> Option<String> {
    let line: Value = serde_json::from_str(line).unwrap();
    Some(format!("{}\n", line.get("retry")?))
}
