//! The file that `isendpro poll` keeps what it has told in: one run at a time, one trigger of one account,
//! and no damage goes unseen.

use std::fs::{self, File};

use serde_json::{Value, json};

use super::poll::Stage;
use crate::cli::{isendpro, sms};

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
}

#[test]
fn a_state_that_is_damaged_is_refused_with_what_to_do_and_stays_as_it_is() {
    let stage = Stage::new();
    stage.polled("newDeliveryReports", &[]);
    let whole: Value = serde_json::from_slice(&fs::read(stage.state()).unwrap()).unwrap();
    let with = |name: &str, value: Value| {
        let mut kept = whole.clone();
        kept[name] = value;
        kept.to_string().into_bytes()
    };
    for damaged in [
        Vec::new(),
        b" \n".to_vec(),
        b"{\"version\":1,\xff".to_vec(),
        with("snapshot", Value::Null),
        with("snapshot", json!({})),
        with("snapshot", json!("text")),
        with("stored", json!("no base64!")),
        with("stored", json!(7)),
    ] {
        fs::write(stage.state(), &damaged).unwrap();
        let refused = stage.poll("newDeliveryReports", "main", &[]).run("");
        refused.says(2, &["damaged", "delete it to begin anew", "since the last run"]);
        assert_eq!(fs::read(stage.state()).unwrap(), damaged, "it stays as it is");
    }
}

#[test]
fn damage_in_a_snapshot_names_the_file_and_nothing_of_a_step() {
    let stage = Stage::new();
    for (trigger, snapshot) in [
        ("newDeliveryReports", json!({"version": 1})),
        ("newDeliveryReports", json!({"version": 9})),
        ("newOptOuts", json!({"a": 1})),
    ] {
        fs::remove_file(stage.state()).ok();
        stage.polled(trigger, &[]);
        let mut kept: Value = serde_json::from_slice(&fs::read(stage.state()).unwrap()).unwrap();
        kept["snapshot"] = snapshot;
        fs::write(stage.state(), kept.to_string()).unwrap();
        let refused = stage.poll(trigger, "main", &[]).run("");
        let path = stage.state();
        refused.says(2, &["nothing done: snapshot: ", path.to_str().unwrap(), "delete it"]);
        assert!(!refused.stderr.contains("step") && !refused.stderr.contains("JOURNAL"));
    }
}

#[test]
fn what_a_state_kept_beside_its_snapshot_and_lost_names_the_file() {
    let stage = Stage::new();
    let numbers: Vec<String> = (0..551).map(|it| format!("06{it:08}")).collect();
    stage.set(json!({ "blacklist": numbers }));
    stage.polled("newOptOuts", &[]);
    let mut kept: Value = serde_json::from_slice(&fs::read(stage.state()).unwrap()).unwrap();
    kept["stored"] = Value::Null;
    fs::write(stage.state(), kept.to_string()).unwrap();
    let refused = stage.poll("newOptOuts", "main", &[]).run("");
    refused.says(2, &["551 numbers", stage.state().to_str().unwrap(), "delete it"]);
    assert!(!refused.stderr.contains("JOURNAL"), "{refused:?}");
}

#[test]
fn a_first_run_says_that_it_is_one_and_what_it_told() {
    let stage = Stage::new();
    stage.set(json!({ "blacklist": ["0680010001"] }));
    let kept = stage.state();
    let path = kept.to_str().unwrap();
    let run = |trigger: &str| stage.poll(trigger, "main", &[]).run("");
    run("newOptOuts").says(0, &["first run", path, "recorded what there is, and told nothing"]);
    assert_eq!(run("newOptOuts").quiet(0), [Value::Null; 0]);
    fs::remove_file(&kept).unwrap();
    stage.send(&["0002"]);
    run("newDeliveryReports").says(0, &["first run", path, "told 1 result"]);
    fs::remove_file(&kept).unwrap();
    // It keeps nothing, so no run of it is the first.
    assert_eq!(run("startFlow").quiet(0).len(), 1);
    assert!(!kept.exists());
}

#[test]
fn a_slash_after_the_server_makes_no_other_server_of_it() {
    let stage = Stage::new();
    stage.polled("newDeliveryReports", &[]);
    let url = format!("{}/", stage.simulator.url);
    let kept = stage.state();
    let poll = ["poll", "newDeliveryReports", "--server", &url, "--state", kept.to_str().unwrap()];
    assert_eq!(isendpro(&poll).key("main").run("").quiet(0), [Value::Null; 0]);
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
