//! `isendpro poll`: each run tells what came since the one before.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::cli::{Cli, Simulator, isendpro, program, sms};

/// A simulator, and a folder for states.
pub struct Stage {
    pub simulator: Simulator,
    pub folder: tempfile::TempDir,
}

impl Stage {
    pub fn new() -> Self {
        Self { simulator: Simulator::start(&[]), folder: tempfile::tempdir().unwrap() }
    }

    pub fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// One run of a trigger, with the account of this key.
    pub fn poll(&self, trigger: &str, key: &str, args: &[&str]) -> Cli {
        let state = self.state();
        let poll = ["poll", trigger, "--server", &self.simulator.url];
        isendpro(&poll).args(&["--state", state.to_str().unwrap()]).args(args).key(key)
    }

    /// The lines of a run in which nothing went wrong.
    pub fn polled(&self, trigger: &str, args: &[&str]) -> Vec<Value> {
        self.poll(trigger, "main", args).run("").polled()
    }

    /// Sends to numbers that end like these.
    pub fn send(&self, endings: &[&str]) {
        let lines: String = endings.iter().map(|it| sms(it, "Bonjour") + "\n").collect();
        // One after the other, or the report may have them in another order.
        let args = ["--set", "kind=transactional", "--concurrency", "1"];
        self.simulator.run("sendSms", "main", &args).run(lines).quiet(0);
    }
}

impl Stage {
    /// Sets the credit or the blacklist of the account.
    pub fn set(&self, mut account: Value) {
        account["key"] = "main".into();
        let set = self.simulator.ask("PUT", "accounts", &account.to_string());
        assert!(set.get("error").is_none(), "{set}");
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
    let gone = run.wait();
    gone.says(1, &["isendpro: the reader of the results has gone", "will emit the same again"]);
    assert!(!gone.stderr.contains("ANSWER"), "{gone:?}");
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
fn results_that_cannot_be_written_are_told_as_what_they_are() {
    let stage = Stage::new();
    let script = ["-c", "exec \"$0\" \"$@\" > /dev/full", env!("CARGO_BIN_EXE_isendpro")];
    let kept = stage.state();
    let poll = ["poll", "startFlow", "--server", &stage.simulator.url, "--state"];
    let full = program("/bin/sh", &script).args(&poll).args(&[kept.to_str().unwrap()]);
    let run = full.key("main").run("");
    run.says(1, &["isendpro: the results cannot be written", "the next run will emit the same"]);
    assert!(!run.stderr.contains("ANSWER"), "{run:?}");
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

#[test]
fn low_credit_is_told_once_and_again_after_it_rose() {
    let stage = Stage::new();
    let polled = |credit: f64| {
        stage.set(json!({ "credit": credit }));
        stage.polled("lowCredit", &["--set", "threshold=20"])
    };
    assert_eq!(polled(20.0).len(), 0, "the threshold itself is enough");
    let first = polled(19.99);
    assert_eq!(first[0]["body"], json!({"credit": 19.99, "threshold": 20.0, "quantite": 399.0}));
    assert_eq!(polled(3.0).len() + polled(0.0).len(), 0, "it is known");
    assert_eq!(polled(25.0).len(), 0);
    let second = polled(5.0);
    assert_eq!((first.len(), second.len()), (1, 1));
    assert_ne!(first[0]["id"], second[0]["id"], "it is another message");
    stage
        .poll("lowCredit", "main", &[])
        .run("")
        .says(2, &["nothing done: threshold: is missing", "--set threshold=20"]);
}

#[test]
fn low_credit_that_was_not_taken_comes_again_with_the_same_id() {
    let stage = Stage::new();
    let low = ["--set", "threshold=20"];
    stage.set(json!({ "credit": 30 }));
    stage.polled("lowCredit", &low);
    stage.set(json!({ "credit": 10 }));
    let before = fs::read(stage.state()).unwrap();
    let first = stage.polled("lowCredit", &low);
    fs::write(stage.state(), before).unwrap();
    stage.set(json!({ "credit": 9 }));
    assert_eq!(stage.polled("lowCredit", &low)[0]["id"], first[0]["id"]);
}

#[test]
fn the_first_run_records_the_blacklist_and_later_ones_tell_what_is_new() {
    let stage = Stage::new();
    let opt_outs = |numbers: &[&str]| -> Vec<String> {
        stage.set(json!({ "blacklist": numbers }));
        let lines = stage.polled("newOptOuts", EACH);
        lines.iter().map(|it| it["body"]["tel"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(opt_outs(&["0680010001", "0680010002"]), [""; 0]);
    assert_eq!(opt_outs(&["0680010001", "0680010003"]), ["33680010003"]);
    assert_eq!(opt_outs(&[]), [""; 0], "a list that shrinks is no loss");
    assert_eq!(opt_outs(&["0680010001"]), ["33680010001"], "one that comes back is new again");
    let kept = fs::read_to_string(stage.state()).unwrap();
    assert!(!kept.contains("680010001"), "{kept}");
    fs::remove_file(stage.state()).unwrap();
    let all = stage.polled("newOptOuts", &["--set", "firstRun=emit"]);
    assert_eq!(all[0]["body"]["numbers"], json!(["33680010001"]));
}

#[test]
fn a_number_that_comes_back_is_another_message_and_one_that_was_not_taken_the_same() {
    let stage = Stage::new();
    let id = |numbers: &[&str]| {
        stage.set(json!({ "blacklist": numbers }));
        stage.polled("newOptOuts", EACH).first().map(|it| it["id"].clone())
    };
    id(&[]);
    let before = fs::read(stage.state()).unwrap();
    let first = id(&["0680010001"]).unwrap();
    fs::write(stage.state(), before).unwrap();
    assert_eq!(id(&["0680010001"]).unwrap(), first);
    assert_eq!(id(&[]), None);
    assert_ne!(id(&["0680010001"]).unwrap(), first);
}

#[test]
fn without_a_store_it_is_said_how_many_numbers_can_be_followed() {
    let stage = Stage::new();
    let numbers: Vec<String> = (0..551).map(|it| format!("06{it:08}")).collect();
    stage.set(json!({ "blacklist": numbers }));
    let run = stage.simulator.run("newOptOuts", "main", &["--many"]).run("{}");
    assert_eq!(run.code, 2, "{run:?}");
    let said = run.lines()[0]["error"]["message"].to_string();
    assert!(said.contains("551 numbers; without a store, 550 can be followed"), "{said}");
}

/// Most memory, in KiB. An unoptimised build takes as much for itself.
#[cfg(target_os = "linux")]
const MOST: u64 = if cfg!(debug_assertions) { 60_000 } else { 40_000 };
/// What following a list may take of it, in KiB.
#[cfg(target_os = "linux")]
const GROWTH: u64 = 12_000;

/// Each run a thousand numbers leave the list, and as many come.
#[cfg(target_os = "linux")]
#[test]
fn a_hundred_thousand_numbers_are_followed_in_little_memory() {
    let stage = Stage::new();
    let list = |run: usize| -> Vec<String> {
        (run * 1000..100_000 + run * 1000).map(|it| format!("06{it:08}")).collect()
    };
    let bare = stage.poll("newDeliveryReports", "main", &[]).start().highest();
    fs::remove_file(stage.state()).unwrap();
    for run in 0..=10 {
        stage.set(json!({ "blacklist": list(run) }));
        // In pages they fit into the pipe, which nobody reads meanwhile.
        let polling = stage.poll("newOptOuts", "main", &[]).start();
        let most = polling.highest();
        let lines = polling.finish().polled();
        let numbers = lines.iter().flat_map(|it| it["body"]["numbers"].as_array().unwrap());
        let numbers: Vec<String> = numbers.map(Value::to_string).collect();
        let told: BTreeSet<_> = numbers.iter().cloned().collect();
        let came = 99_000 + run * 1000..100_000 + run * 1000;
        let came = came.map(|it| format!("\"336{it:08}\"")).filter(|_| run > 0);
        assert_eq!(told, came.collect(), "run {run}");
        assert_eq!(numbers.len(), told.len(), "none comes twice");
        assert!(most < MOST && most < bare + GROWTH, "{most} KiB, {bare} KiB for nothing");
    }
}

#[test]
fn what_waits_to_be_called_is_not_polled_but_takes_lines() {
    let stage = Stage::new();
    let refused = stage.poll("deliveryReceipt", "main", &[]).run("");
    refused.says(2, &["deliveryReceipt waits to be called"]);
    let calls = [
        json!({"query": {"tel": "33680010001", "statut": "0"}, "body": {}, "method": "get"}),
        json!({"Tel": 33_680_010_002_u64, "TRACKER": "t1"}),
        json!({}),
    ];
    let input: String = calls.iter().map(|it| it.to_string() + "\n").collect();
    let run = stage.simulator.run("deliveryReceipt", "main", &[]).run(input);
    let lines = run.lines();
    let fields = json!({"tel": "33680010001", "statut": "0"});
    let expected = json!({"tel": "33680010001", "statut": "0", "method": "GET", "fields": fields});
    assert_eq!(lines[0]["body"], expected);
    let fields = calls[1].clone();
    assert_eq!(lines[1], json!({"tel": "33680010002", "tracker": "t1", "fields": fields}));
    let said = lines[2]["error"]["message"].as_str().unwrap();
    assert!(said.contains("the request carries nothing"), "{said}");
}
