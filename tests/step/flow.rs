//! A step among others: what it passes on, and what it is given in other forms.

use std::time::Duration;

use serde_json::{Value, json};

use crate::cli::Simulator;
use crate::contract::{asking, impatient, sender, sms};
use crate::node;
use crate::queues::Queue;
use crate::stage::{Stage, incoming, settled, with};
use crate::step::{Launch, STEP};

#[test]
fn what_went_before_is_passed_through() {
    let before = json!({"step_0": {"body": {"n": 0}}});
    for no_self in [false, true] {
        let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
        let step = sender(&stage, &simulator, &json!({}));
        stage.platform.change_step(|it| it["is_passthrough"] = true.into());
        let mut step = step.set("NO_SELF_PASSTRHOUGH", &no_self.to_string()).start();
        let input = sms("0001", "a");
        stage.publish(&incoming(), &with(input.clone(), &json!({"passthrough": before})));
        let (_, decrypted) = stage.next(Queue::Data);
        let passed = &decrypted["passthrough"];
        assert_eq!(passed["step_0"], before["step_0"]);
        if no_self {
            assert_eq!(passed["step_1"]["body"], input["body"]);
            assert!(passed.get(STEP).is_none(), "{passed}");
        } else {
            assert_eq!(passed[STEP]["body"], decrypted["body"]);
        }
        stage.end(&mut step);
    }
}

#[test]
fn what_is_put_back_is_the_input_as_it_came() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    simulator.ask("PUT", "faults", r#"{"every": 1, "fault": "status429", "remaining": 1000}"#);
    let mut step = sender(&stage, &simulator, &impatient()).start();
    let input = stage.publish(&incoming(), &sms("0001", "a"));
    let message = stage.queues.next(Queue::Rebound);
    assert_eq!(message.payload, input);
    assert_eq!(message.properties.expiration().as_ref().unwrap().as_str(), "15000");
    let mut headers = settled(&message, &["end"], None);
    let reason = headers.as_object_mut().unwrap().remove("reboundReason").unwrap();
    assert!(reason.as_str().unwrap().starts_with("NOT SENT, retry is safe"), "{reason}");
    let id = headers.as_object_mut().unwrap().remove("reboundId").unwrap();
    assert!(uuid::Uuid::parse_str(id.as_str().unwrap()).is_ok(), "{id}");
    assert_eq!(headers, with(incoming(), &json!({"reboundIteration": 1})));
    stage.end(&mut step);
}

#[test]
fn large_bodies_come_and_go_through_the_object_store() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let step = sender(&stage, &simulator, &json!({})).storage(&stage.platform);
    let step = step.set("EMIT_LIGHTWEIGHT_MESSAGE", "1").set("OBJECT_STORAGE_SIZE_THRESHOLD", "10");
    let mut step = step.start();
    let body = json!({"num": "0680010001", "sms": "a"});
    let stored = stage.codec.encrypt(&body, 2);
    stage.platform.put_object("given", stored);
    let marker = json!({"x-ipaas-object-storage-id": "given"});
    stage.publish(&incoming(), &json!({"id": "m", "body": {}, "headers": marker}));
    let (_, decrypted) = stage.next(Queue::Data);
    assert_eq!(decrypted["body"], json!({}));
    let id = decrypted["headers"]["x-ipaas-object-storage-id"].as_str().unwrap();
    assert_ne!(id, "given", "the old body is not taken for the new one");
    let result = stage.codec.decrypt(&stage.platform.objects()[id], 2);
    assert_eq!(result["status"], "accepted");
    stage.end(&mut step);
    assert_eq!(simulator.total(), 1);
}

/// A step on Node, ours, and another on Node, each with queues of its own and reading the last one's.
#[test]
fn a_message_goes_through_a_chain() {
    let (mut first, second, mut third) = (Stage::new(), Stage::new(), Stage::new());
    let simulator = Simulator::start(&[]);
    let passing = |stage: &Stage| {
        stage.platform.change_step(|it| it["is_passthrough"] = true.into());
    };
    let after = |step: Launch, before: &Stage| {
        step.set("LISTEN_MESSAGES_ON", &before.queues.name(Queue::Data))
    };
    let node_step = |stage: &Stage, id: &str| {
        node::step("play", &stage.queues, &stage.platform).set("STEP_ID", id)
    };
    passing(&first);
    passing(&third);
    let ours = sender(&second, &simulator, &json!({}));
    passing(&second);
    let steps = [
        node_step(&first, "step_1").start(),
        after(ours, &first).start(),
        after(node_step(&third, "step_3"), &second).start(),
    ];
    let body = json!({"num": "0680010001", "sms": "Grüße"});
    let event = json!({"emit": [["data", {"id": "from-node", "body": body}]]});
    first.publish(&incoming(), &json!({"id": "m", "body": event}));
    let (message, decrypted) = third.next(Queue::Data);
    assert_eq!(decrypted["body"]["status"], "accepted", "{decrypted}");
    let passed = &decrypted["passthrough"];
    assert_eq!((&passed["step_1"]["body"], &passed[STEP]["body"]), (&body, &decrypted["body"]));
    let headers = message.headers();
    assert_eq!(
        (&headers["threadId"], &headers["x-eio-meta-foo"]),
        (&json!("thread-1"), &json!("bar"))
    );
    for (stage, mut step) in [&first, &second, &third].into_iter().zip(steps) {
        stage.end(&mut step);
    }
    assert_eq!(simulator.total(), 1);
}

#[test]
fn a_trigger_starts_a_flow() {
    let mut stage = Stage::new();
    stage.platform.set_step(json!({"config": {"keyid": "main"}}));
    let mut step = Launch::ours("startFlow", &stage.queues, &stage.platform).start();
    stage.publish(&incoming(), &json!({}));
    let (_, decrypted) = stage.next(Queue::Data);
    assert!(decrypted["body"].is_object(), "{decrypted}");
    stage.end(&mut step);
}

#[test]
fn a_bulk_message_is_one_result_and_what_was_refused_is_in_it() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    stage.platform.set_step(json!({"config": asking(&simulator)}));
    let launch = Launch::ours("sendSmsMulti", &stage.queues, &stage.platform);
    let mut step = launch.env("ISENDPRO_BATCH_SIZE", "2").start();
    let nums = ["0680010001", "0680010002", "0680010011", "0680010903", "12"];
    stage.publish(&incoming(), &json!({"body": {"num": nums, "sms": "a"}}));
    let (_, decrypted) = stage.next(Queue::Data);
    let count = |name: &str| decrypted["body"][name].as_u64().unwrap_or(0);
    let all: u64 = ["accepted", "refused", "notSent", "unknown"].iter().map(|it| count(it)).sum();
    assert_eq!((all, count("refused") >= 1), (5, true), "{decrypted}");
    let results: Vec<&Value> = decrypted["body"]["results"].as_array().unwrap().iter().collect();
    assert!(results.iter().enumerate().all(|(place, it)| it["index"] == place));
    assert!(stage.queues.next_within(Queue::Error, Duration::from_millis(200)).is_none());
    stage.end(&mut step);
}
