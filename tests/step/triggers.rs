//! The triggers as steps: what begins a flow.

use serde_json::{Value, json};

use crate::cli::{Simulator, sms};
use crate::contract::sender;
use crate::queues::Queue;
use crate::stage::{Stage, incoming, with};
use crate::step::{Launch, Step};

/// A trigger at work, for the account `main` of a simulator.
pub fn start(stage: &Stage, simulator: &Simulator, trigger: &str, fields: &Value) -> Step {
    launch(stage, simulator, trigger, fields).start()
}

/// The same, not started yet.
pub fn launch(stage: &Stage, simulator: &Simulator, trigger: &str, fields: &Value) -> Launch {
    let mut config = json!({"keyid": "main", "server": "custom", "otherServer": simulator.url});
    config.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    stage.platform.change_step(|it| it["config"] = config);
    Launch::ours(trigger, &stage.queues, &stage.platform)
}

/// Sends to numbers that end like these.
pub fn send(simulator: &Simulator, endings: &[&str]) {
    let lines: String = endings.iter().map(|it| sms(it, "Bonjour") + "\n").collect();
    // One after the other, or the report may have them in another order.
    let args = ["--set", "kind=transactional", "--concurrency", "1"];
    simulator.run("sendSms", "main", &args).run(lines).quiet(0);
}

/// The id of the next result, and the number in its row.
pub fn row(stage: &mut Stage) -> (String, String) {
    let (_, message) = stage.next(Queue::Data);
    let text = |it: &Value| it.as_str().unwrap().to_owned();
    (text(&message["id"]), text(&message["body"]["row"]["tel"]))
}

#[test]
fn rows_of_the_report_come_once_and_under_the_same_id_when_the_snapshot_was_lost() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let fields = json!({"emitBehaviour": "emitIndividually"});
    let mut step = start(&stage, &simulator, "newDeliveryReports", &fields);
    send(&simulator, &["0001", "0002"]);
    stage.publish(&incoming(), &json!({"body": {}}));
    let first = [row(&mut stage), row(&mut stage)];
    assert_eq!(first.clone().map(|it| it.1), ["0680010001", "0680010002"]);
    let snapshot = stage.queues.next(Queue::Snapshot).payload;
    assert!(snapshot.len() < 500 && !String::from_utf8(snapshot).unwrap().contains("0680010001"));
    send(&simulator, &["0003"]);
    stage.publish(&incoming(), &json!({"body": {}}));
    let third = row(&mut stage);
    assert_eq!(third.1, "0680010003");
    let snapshot: Value =
        serde_json::from_slice(&stage.queues.next(Queue::Snapshot).payload).unwrap();
    stage.end(&mut step);

    // One process has died before its snapshot was kept, another begins where the last one ended.
    for (snapshot, expected) in
        [(json!({}), vec![&first[0], &first[1], &third]), (snapshot, vec![])]
    {
        stage.platform.change_step(|it| it["snapshot"] = snapshot);
        let mut step = start(&stage, &simulator, "newDeliveryReports", &fields);
        stage.publish(&incoming(), &json!({"body": {}}));
        stage.queues.next(Queue::Snapshot);
        assert_eq!(stage.queues.count(Queue::Data), u32::try_from(expected.len()).unwrap());
        for expected in expected {
            assert_eq!(&row(&mut stage), expected);
        }
        stage.end(&mut step);
    }
}

#[test]
fn whatever_a_callback_carries_is_passed_on_and_one_with_nothing_is_an_error() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let mut step = start(&stage, &simulator, "deliveryReceipt", &json!({}));
    let get = json!({
        "body": {}, "method": "GET", "url": "/hook/1", "headers": {},
        "query": {"tel": "33680010001", "statut": "0", "tracker": "t1", "op": "x"},
    });
    stage.publish(&incoming(), &get);
    let (_, first) = stage.next(Queue::Data);
    let expected = json!({
        "tel": "33680010001", "statut": "0", "tracker": "t1", "method": "GET",
        "fields": get["query"],
    });
    assert_eq!(first["body"], expected);
    let post = json!({"method": "POST", "query": {}, "body": "tel=33680010002&statut=2&a=1&a=2"});
    stage.publish(&incoming(), &post);
    let body = stage.next(Queue::Data).1["body"].take();
    assert_eq!([&body["tel"], &body["statut"]], ["33680010002", "2"]);
    assert_eq!(body["fields"]["a"], json!(["1", "2"]));
    let both =
        json!({"method": "POST", "query": {"token": "q"}, "body": {"STATUT": 3, "token": "b"}});
    stage.publish(&incoming(), &both);
    let body = stage.next(Queue::Data).1["body"].take();
    assert_eq!((&body["statut"], &body["fields"]["token"]), (&json!("3"), &json!(["q", "b"])));
    stage.publish(&incoming(), &json!({"method": "GET", "query": {}, "body": {}}));
    let (_, error, _) = stage.next_error();
    let said = error["message"].as_str().unwrap();
    assert!(said.contains("the request carries nothing"), "{said}");
    stage.end(&mut step);
}

#[test]
fn a_blacklist_too_large_for_a_snapshot_is_followed_with_a_journal_and_else_refused() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let blacklist = |count: usize| {
        let numbers: Vec<String> = (0..count).map(|it| format!("06{it:08}")).collect();
        let account = json!({"key": "main", "blacklist": numbers});
        simulator.ask("PUT", "accounts", &account.to_string());
    };
    blacklist(1000);
    let mut step = start(&stage, &simulator, "newOptOuts", &json!({}));
    stage.publish(&incoming(), &json!({"body": {}}));
    let (_, error, _) = stage.next_error();
    let said = error["message"].as_str().unwrap();
    assert!(said.contains("has 1000 numbers; without a store, 550"), "{said}");
    stage.end(&mut step);

    let folder = tempfile::tempdir().unwrap();
    let journal = format!("file:{}", folder.path().join("journal").display());
    let config = json!({"keyid": "main", "server": "custom", "otherServer": simulator.url});
    stage.platform.change_step(|it| it["config"] = config);
    for (count, new) in [(1000, 0), (1003, 3), (1004, 1)] {
        blacklist(count);
        let launch = Launch::ours("newOptOuts", &stage.queues, &stage.platform);
        let mut step = launch.env("ISENDPRO_JOURNAL", &journal).start();
        stage.publish(&incoming(), &json!({"body": {}}));
        let snapshot = stage.queues.next(Queue::Snapshot).payload;
        assert!(snapshot.len() < 200);
        let told = match new {
            0 => 0,
            _ => stage.next(Queue::Data).1["body"]["numbers"].as_array().unwrap().len(),
        };
        assert_eq!((told, stage.queues.count(Queue::Data)), (new, 0));
        let snapshot: Value = serde_json::from_slice(&snapshot).unwrap();
        stage.platform.change_step(|it| it["snapshot"] = snapshot);
        stage.end(&mut step);
    }
}

/// The ids of what comes of a message that is published twice with these headers.
fn ids(stage: &mut Stage, headers: &Value, message: &Value) -> [String; 2] {
    [(), ()].map(|()| {
        stage.publish(headers, message);
        stage.next(Queue::Data).1["id"].as_str().unwrap().to_owned()
    })
}

#[test]
fn what_comes_of_equal_messages_has_one_id_only_if_they_can_be_told_to_be_the_same() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let receipt = json!({"method": "GET", "query": {"tel": "33680010001", "statut": "0"}});
    for (trigger, message) in [("startFlow", json!({})), ("deliveryReceipt", receipt)] {
        let mut step = start(&stage, &simulator, trigger, &json!({}));
        let named = [
            (json!({"messageId": "m"}), json!({})),
            (json!({}), json!({"id": "m"})),
            (json!({}), json!({"body": {"reference": "m"}})),
        ];
        for (headers, name) in named {
            let [first, second] = ids(&mut stage, &headers, &with(message.clone(), &name));
            assert_eq!(first, second, "{trigger} {headers} {name}");
        }
        for name in [json!({}), json!({"id": ""}), json!({"body": {"reference": ""}})] {
            let message = with(message.clone(), &name);
            let [first, second] = ids(&mut stage, &json!({"threadId": "t"}), &message);
            assert_ne!(first, second, "{trigger} {name}");
        }
        stage.end(&mut step);
    }
}

#[test]
fn of_two_runs_that_nobody_can_tell_apart_the_next_step_sends_both() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let mut step = start(&stage, &simulator, "startFlow", &json!({}));
    let ids = ids(&mut stage, &json!({}), &json!({}));
    stage.end(&mut step);
    let folder = tempfile::tempdir().unwrap();
    let journal = format!("file:{}", folder.path().join("journal").display());
    let mut step = sender(&stage, &simulator, &json!({})).env("ISENDPRO_JOURNAL", &journal).start();
    for id in ids {
        let reminder = json!({"id": id, "body": {"num": "0680010001", "sms": "Rappel"}});
        stage.publish(&json!({"messageId": id}), &reminder);
        let (_, result) = stage.next(Queue::Data);
        assert_eq!(result["body"]["replayed"], Value::Null, "{result}");
    }
    stage.end(&mut step);
    assert_eq!(simulator.sent().len(), 2);
}

#[test]
fn a_last_run_that_is_still_to_come_is_told_and_the_next_one_begins_anew() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let ahead = "2999-01-01T00:00:00Z";
    let snapshot = json!({"version": 1, "until": ahead, "columns": null, "seen": {"each": ""}});
    stage.platform.change_step(|it| it["snapshot"] = snapshot);
    let fields = json!({"emitBehaviour": "emitIndividually"});
    let mut step = start(&stage, &simulator, "newDeliveryReports", &fields);
    send(&simulator, &["0001"]);
    stage.publish(&incoming(), &json!({"body": {}}));
    step.says("the last run was at a time that is still to come");
    assert_eq!(row(&mut stage).1, "0680010001");
    let kept: Value = serde_json::from_slice(&stage.queues.next(Queue::Snapshot).payload).unwrap();
    let until: jiff::Timestamp = kept["until"].as_str().unwrap().parse().unwrap();
    assert!(until <= jiff::Timestamp::now(), "{kept}");
    stage.end(&mut step);
}
