//! `isendpro poll`: each run tells what came since the one before.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests")]

#[path = "support/cli.rs"]
mod cli;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use cli::{Cli, Simulator, isendpro, sms};
use serde_json::Value;

/// A simulator, and a folder for states.
struct Stage {
    simulator: Simulator,
    folder: tempfile::TempDir,
}

impl Stage {
    fn new() -> Self {
        Self { simulator: Simulator::start(&[]), folder: tempfile::tempdir().unwrap() }
    }

    fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// One run of a trigger, with the account of this key.
    fn poll(&self, trigger: &str, key: &str, args: &[&str]) -> Cli {
        let state = self.state();
        let poll = ["poll", trigger, "--server", &self.simulator.url];
        isendpro(&poll).args(&["--state", state.to_str().unwrap()]).args(args).key(key)
    }

    /// The lines of a run in which nothing went wrong.
    fn polled(&self, trigger: &str, args: &[&str]) -> Vec<Value> {
        self.poll(trigger, "main", args).run("").quiet(0)
    }

    /// Sends to numbers that end like these.
    fn send(&self, endings: &[&str]) {
        let lines: String = endings.iter().map(|it| sms(it, "Bonjour") + "\n").collect();
        self.simulator.run("sendSms", "main", &["--set", "kind=transactional"]).run(lines).quiet(0);
    }
}

const EACH: &[&str] = &["--set", "emitBehaviour=emitIndividually"];

/// The ends of the numbers of rows, one message a row.
fn endings(lines: &[Value]) -> BTreeSet<String> {
    let tel = |it: &Value| it["body"]["row"]["tel"].as_str().unwrap()[6..].to_owned();
    lines.iter().map(tel).collect()
}

fn set(them: &[&str]) -> BTreeSet<String> {
    them.iter().map(|it| (*it).to_owned()).collect()
}

#[test]
fn each_run_tells_the_rows_that_came_since_the_last() {
    let stage = Stage::new();
    stage.send(&["0001", "0002"]);
    let first = stage.polled("newDeliveryReports", EACH);
    assert_eq!((endings(&first), first.len()), (set(&["0001", "0002"]), 2));
    assert_eq!(stage.polled("newDeliveryReports", EACH), [Value::Null; 0], "nothing is new");
    // The same again is another message.
    stage.send(&["0003", "0001"]);
    let second = stage.polled("newDeliveryReports", EACH);
    assert_eq!((endings(&second), second.len()), (set(&["0001", "0003"]), 2));
    let ids: BTreeSet<_> = first.iter().chain(&second).map(|it| it["id"].to_string()).collect();
    assert_eq!(ids.len(), 4);
    let mode = fs::metadata(stage.state()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_row_that_comes_again_has_the_same_id() {
    let stage = Stage::new();
    stage.send(&["0001", "0002", "0002"]);
    let first = stage.polled("newDeliveryReports", EACH);
    fs::remove_file(stage.state()).unwrap();
    assert_eq!(stage.polled("newDeliveryReports", EACH), first);
    fs::remove_file(stage.state()).unwrap();
    let pages = stage.polled("newDeliveryReports", &[]);
    let ids: Vec<&Value> = first.iter().map(|it| &it["id"]).collect();
    assert_eq!(pages[0]["body"]["ids"].as_array().unwrap().iter().collect::<Vec<_>>(), ids);
    assert_eq!(pages[0]["body"]["rows"].as_array().unwrap().len(), 3);
    let other = stage.poll("newDeliveryReports", "other", &[]).run("");
    other.says(2, &["belongs to another account"]);
}

#[test]
fn results_that_nobody_took_come_again() {
    let stage = Stage::new();
    stage.send(&["0001"]);
    let mut run = stage.poll("newDeliveryReports", "main", EACH).start();
    run.close_stdout();
    run.wait().says(1, &["the reader of the results has gone", "will emit the same again"]);
    assert!(!stage.state().exists());
    assert_eq!(stage.polled("newDeliveryReports", EACH).len(), 1);
}

#[test]
fn an_api_that_fails_leaves_the_state_as_it_is() {
    let stage = Stage::new();
    stage.polled("newDeliveryReports", &[]);
    let before = fs::read(stage.state()).unwrap();
    stage.send(&["0001"]);
    let no_table = ["--set", "requestStyle=json", "--set", "giveUpAfter=0"];
    let failed = stage.poll("newDeliveryReports", "main", &no_table).env("TMPDIR", "/nowhere");
    failed.run("").says(1, &["NO USABLE ANSWER", "TMPDIR"]);
    assert_eq!(fs::read(stage.state()).unwrap(), before);
    assert_eq!(stage.polled("newDeliveryReports", EACH).len(), 1);
}

#[test]
fn two_runs_at_a_time_are_refused_and_so_is_a_state_of_something_else() {
    let stage = Stage::new();
    stage.polled("newDeliveryReports", &[]);
    let lock = File::open(stage.folder.path().join("state.lock")).unwrap();
    lock.lock().unwrap();
    let busy = stage.poll("newDeliveryReports", "main", &[]).run("");
    busy.says(1, &["another poll with --state", "is running; nothing was asked for"]);
    drop(lock);
    stage.polled("newDeliveryReports", &[]);
    stage.poll("startFlow", "main", &[]).run("").says(2, &["belongs to newDeliveryReports"]);
    for (text, words) in [
        ("no json", "is no state of isendpro poll"),
        ("{\"version\":9}", "is of version 9"),
        ("[1]", "is no state of isendpro poll"),
    ] {
        fs::write(stage.state(), text).unwrap();
        stage.poll("newDeliveryReports", "main", &[]).run("").says(2, &[words]);
        assert_eq!(fs::read_to_string(stage.state()).unwrap(), text, "it stays as it is");
    }
    fs::write(stage.state(), "").unwrap();
    stage.polled("newDeliveryReports", &[]);
}

#[test]
fn a_state_holds_no_key_and_no_number() {
    let stage = Stage::new();
    let key = "0123456789abcdef0123456789abcdef";
    let send = stage.simulator.run("sendSms", key, &["--set", "kind=transactional"]);
    send.run(sms("0001", "Bonjour")).quiet(0);
    let run = stage.poll("newDeliveryReports", key, &["-vv"]).run("");
    assert_eq!((run.code, run.lines().len()), (0, 1), "{run:?}");
    let kept = fs::read_to_string(stage.state()).unwrap();
    for secret in [key, "0123456789", "0680010001", "680010001", "Bonjour"] {
        assert!(!kept.contains(secret) && !run.stderr.contains(secret), "{secret}: {kept}");
    }
}

#[test]
fn only_a_trigger_can_be_polled() {
    let stage = Stage::new();
    let refused = |trigger: &str| stage.poll(trigger, "main", &[]).run("");
    refused("sendSms").says(2, &["sendSms is no trigger; isendpro run sendSms"]);
    refused("newDeliveryReport").says(2, &["did you mean newDeliveryReports?"]);
    let wrong = stage.poll("newDeliveryReports", "main", &["--set", "firstRun=-1"]).run("");
    wrong.says(2, &["firstRun: must be 0 or more"]);
    assert!(!stage.state().exists());
}
