//! Triggers as steps when something breaks: nothing is lost, and what comes twice has the same id.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::cli::{Simulator, until};
use crate::queues::Queue;
use crate::stage::{Stage, incoming};
use crate::triggers::{launch, row, send, start};

const EACH: &str = "emitIndividually";

fn publish(stage: &mut Stage) {
    stage.publish(&incoming(), &json!({"body": {}}));
}

fn snapshot(stage: &Stage) -> Value {
    serde_json::from_slice(&stage.queues.next(Queue::Snapshot).payload).unwrap()
}

/// How often each of the next results comes.
fn told(stage: &mut Stage, count: usize) -> BTreeMap<(String, String), usize> {
    let mut told = BTreeMap::new();
    for _ in 0..count {
        *told.entry(row(stage)).or_default() += 1;
    }
    told
}

#[test]
fn two_processes_of_a_trigger_lose_nothing_and_repeat_rows_under_the_same_ids() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let fields = json!({ "emitBehaviour": EACH });
    let mut steps = [(); 2].map(|()| start(&stage, &simulator, "newDeliveryReports", &fields));
    until("both take messages", || stage.queues.consumers(Queue::Input) == 2);
    let mut before = BTreeMap::new();
    for new in [&["0001", "0002"][..], &["0003"]] {
        send(&simulator, new);
        for _ in 0..2 {
            // The broker gives them to one after the other.
            publish(&mut stage);
            snapshot(&stage);
        }
        let told = told(&mut stage, 2 * new.len());
        assert!(told.len() == new.len() && told.values().all(|it| *it == 2), "{told:?}");
        assert!(told.keys().all(|it| !before.contains_key(it)), "{told:?} after {before:?}");
        before.extend(told);
    }
    assert_eq!(stage.queues.count(Queue::Data), 0);
    for step in &mut steps {
        stage.end(step);
    }
}

#[test]
fn two_processes_both_tell_a_new_number_and_once_they_went_on_under_two_ids() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let blacklist = |numbers: &[&str]| {
        let account = json!({"key": "main", "blacklist": numbers});
        simulator.ask("PUT", "accounts", &account.to_string());
    };
    let fields = json!({ "emitBehaviour": EACH });
    blacklist(&["0680010001"]);
    let mut first = start(&stage, &simulator, "newOptOuts", &fields);
    publish(&mut stage);
    let kept = snapshot(&stage);
    stage.platform.change_step(|it| it["snapshot"] = kept);
    let mut second = launch(&stage, &simulator, "newOptOuts", &fields).start();
    until("both take messages", || stage.queues.consumers(Queue::Input) == 2);
    let mut ids = Vec::new();
    for new in ["0680010002", "0680010003"] {
        blacklist(&["0680010001", "0680010002", new]);
        for _ in 0..2 {
            publish(&mut stage);
            let (_, message) = stage.next(Queue::Data);
            assert_eq!(message["body"]["tel"], format!("33{}", &new[1..]));
            ids.push(message["id"].clone());
            snapshot(&stage);
        }
    }
    assert_eq!(ids[0], ids[1], "both began with the same snapshot");
    assert_ne!(ids[2], ids[3], "each goes on from its own");
    stage.end(&mut first);
    stage.end(&mut second);
}

#[test]
fn a_process_that_dies_before_its_snapshot_is_out_leaves_the_same_to_the_next() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let fields = json!({ "emitBehaviour": EACH });
    // One snapshot an hour is let out: the second run waits with its own, and its results are out.
    let slow = launch(&stage, &simulator, "newDeliveryReports", &fields)
        .set("RATE_INTERVAL", "3600000")
        .set("DATA_RATE_LIMIT", "100000")
        .set("SNAPSHOT_RATE_LIMIT", "1");
    let mut dies = slow.start();
    send(&simulator, &["0001"]);
    publish(&mut stage);
    row(&mut stage);
    let kept = snapshot(&stage);
    send(&simulator, &["0002", "0003"]);
    publish(&mut stage);
    let told = [row(&mut stage), row(&mut stage)];
    assert_eq!(told.clone().map(|it| it.1), ["0680010002", "0680010003"]);
    dies.signal("KILL");
    assert_eq!(dies.exit(), None);
    assert_eq!(stage.queues.count(Queue::Snapshot), 0, "it was not let out");
    stage.platform.change_step(|it| it["snapshot"] = kept);
    // The message that began the run comes again by itself.
    let mut next = launch(&stage, &simulator, "newDeliveryReports", &fields).start();
    snapshot(&stage);
    assert_eq!(stage.queues.count(Queue::Data), 2);
    assert_eq!([row(&mut stage), row(&mut stage)], told);
    stage.end(&mut next);
}

#[test]
fn low_credit_is_told_once_and_a_next_process_knows_it() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let fields = json!({"threshold": "20"});
    let credit = |euros: f64| {
        let account = json!({"key": "main", "credit": euros});
        simulator.ask("PUT", "accounts", &account.to_string());
    };
    let mut step = start(&stage, &simulator, "lowCredit", &fields);
    credit(20.0);
    publish(&mut stage);
    snapshot(&stage);
    assert_eq!(stage.queues.count(Queue::Data), 0, "the threshold itself is enough");
    credit(19.5);
    publish(&mut stage);
    let kept = snapshot(&stage);
    let (_, first) = stage.next(Queue::Data);
    assert_eq!(first["body"], json!({"credit": 19.5, "threshold": 20, "quantite": 390}));
    stage.end(&mut step);

    stage.platform.change_step(|it| it["snapshot"] = kept);
    let mut step = launch(&stage, &simulator, "lowCredit", &fields).start();
    credit(3.0);
    publish(&mut stage);
    until("it has the message", || stage.queues.count(Queue::Input) == 0);
    stage.end(&mut step);
    assert_eq!([Queue::Data, Queue::Snapshot].map(|it| stage.queues.count(it)), [0, 0]);

    let mut step = launch(&stage, &simulator, "lowCredit", &fields).start();
    for euros in [25.0, 5.0] {
        credit(euros);
        publish(&mut stage);
        snapshot(&stage);
    }
    let (_, second) = stage.next(Queue::Data);
    assert_eq!(second["body"]["credit"], 5);
    assert_ne!(first["id"], second["id"]);
    stage.end(&mut step);
    assert_eq!([Queue::Data, Queue::Snapshot].map(|it| stage.queues.count(it)), [0, 0]);
}

#[test]
fn a_snapshot_of_another_version_is_an_error_that_asks_for_nothing_and_stays() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    for (trigger, fields) in [
        ("newDeliveryReports", json!({})),
        ("newOptOuts", json!({})),
        ("lowCredit", json!({"threshold": "20"})),
    ] {
        stage.platform.change_step(|it| it["snapshot"] = json!({"version": 2, "seen": []}));
        let mut step = start(&stage, &simulator, trigger, &fields);
        publish(&mut stage);
        let (_, error, _) = stage.next_error();
        let said = error["message"].as_str().unwrap();
        for words in ["is of version 2; this connector knows version 1", "nothing was asked for"] {
            assert!(said.contains(words), "{trigger}: {said}");
        }
        stage.end(&mut step);
        assert_eq!([Queue::Data, Queue::Snapshot].map(|it| stage.queues.count(it)), [0, 0]);
    }
}
