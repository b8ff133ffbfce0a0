//! What the platform's runtime does with a message.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::cli::Simulator;
use crate::node::{self, Codec};
use crate::platform::{Fault, Platform};
use crate::queues::Queue;
use crate::stage::{Stage, incoming, outgoing, settled, with};
use crate::step::Launch;

const STEP: &str = "GET /v1/tasks/flow1/steps/step_2";

/// A step on Node that emits what its messages say.
pub fn player(stage: &Stage) -> Launch {
    node::step("play", &stage.queues, &stage.platform)
}

/// A message that asks the player for these events.
pub fn play(events: &Value) -> Value {
    json!({ "id": "m-1", "body": { "emit": events } })
}

#[test]
fn the_cipher_gives_the_documented_bytes() {
    let mut codec = Codec::start();
    assert_eq!(codec.encrypt(&json!({"body": {}}), 1), b"eIMjKyih9h6irN4t/kLziw==");
    assert_eq!(codec.encrypt(&json!({}), 1), b"YnVkti0G1RRGkx6HZNFCcg==");
    let raw = BASE64_STANDARD.decode("eIMjKyih9h6irN4t/kLziw==").unwrap();
    assert_eq!(codec.encrypt(&json!({"body": {}}), 2), raw);
    assert_eq!(codec.decrypt(&raw, 2), json!({"body": {}}));
}

#[test]
fn a_message_goes_through() {
    let mut stage = Stage::new();
    let mut step = player(&stage).start();
    let events = json!([["data", {"id": "out-1", "body": {"word": "Grüße"}}], ["data", {}]]);
    stage.publish(&incoming(), &play(&events));
    let (message, decrypted) = stage.next(Queue::Data);
    assert_eq!(decrypted, json!({"id": "out-1", "body": {"word": "Grüße"}, "headers": {}}));
    let own = json!({"messageId": "out-1", "protocolVersion": 1});
    assert_eq!(settled(&message, &["start", "end"], None), outgoing("play", &own));
    let properties = &message.properties;
    assert_eq!(properties.content_type().as_ref().unwrap().as_str(), "application/json");
    assert_eq!(properties.content_encoding().as_ref().unwrap().as_str(), "utf8");
    assert_eq!(*properties.delivery_mode(), Some(1));
    assert!(properties.message_id().is_none() && properties.correlation_id().is_none());
    let (message, _) = stage.next(Queue::Data);
    let own = json!({"protocolVersion": 1});
    let id = Some("messageId");
    assert_eq!(settled(&message, &["start", "end"], id), outgoing("play", &own));
    stage.end(&mut step);
    let asked = stage.platform.requests("");
    assert_eq!(asked.iter().map(|it| it.line.as_str()).collect::<Vec<_>>(), [STEP]);
}

#[test]
fn the_second_protocol_has_bytes_instead_of_text() {
    let mut stage = Stage::new();
    let mut step = player(&stage).set("PROTOCOL_VERSION", "2").start();
    let payload = stage.codec.encrypt(&play(&json!([["data", {"body": {"a": 1}}]])), 2);
    stage.queues.publish(&with(incoming(), &json!({"protocolVersion": 2})), &payload);
    let message = stage.queues.next(Queue::Data);
    assert_eq!(message.headers()["protocolVersion"], 2);
    let decrypted = stage.codec.decrypt(&message.payload, 2);
    assert_eq!(decrypted, json!({"body": {"a": 1}, "headers": {}}));
    stage.end(&mut step);
}

#[test]
fn an_error_is_published_with_its_input() {
    let mut stage = Stage::new();
    let mut step = player(&stage).start();
    let input = stage.publish(&incoming(), &play(&json!([["error", "no credit"]])));
    let (message, error, error_input) = stage.next_error();
    let headers = settled(&message, &["start", "end"], Some("messageId"));
    assert_eq!(headers, outgoing("play", &json!({})));
    assert_eq!((&error["name"], &error["message"]), (&json!("Error"), &json!("no credit")));
    assert_eq!(error_input.as_bytes(), input);
    stage.end(&mut step);
}

#[test]
fn a_caller_who_waits_gets_the_reply_and_the_error() {
    let mut stage = Stage::new();
    let mut step = player(&stage).start();
    let reply = json!({"statusCode": 200, "body": "taken", "headers": {"a": "b"}});
    let to = json!({"reply_to": stage.queues.name(Queue::Reply)});
    let events = json!([["httpReply", reply], ["error", "no credit"]]);
    stage.publish(&with(incoming(), &to), &play(&events));
    let (message, decrypted) = stage.next(Queue::Reply);
    assert_eq!(decrypted, reply);
    let own = with(to.clone(), &json!({"protocolVersion": 1}));
    let headers = settled(&message, &["start"], Some("messageId"));
    assert_eq!(headers, outgoing("play", &own));
    let (message, decrypted) = stage.next(Queue::Reply);
    assert_eq!(decrypted["message"], "no credit");
    let own = with(to.clone(), &json!({"x-eio-error-response": true}));
    let headers = settled(&message, &["start", "end"], Some("messageId"));
    assert_eq!(headers, outgoing("play", &own));
    let (message, ..) = stage.next_error();
    let headers = settled(&message, &["start", "end"], Some("messageId"));
    assert_eq!(headers, outgoing("play", &to));
    stage.end(&mut step);
}

#[test]
fn snapshots_are_plain_json() {
    let mut stage = Stage::new();
    let mut step = player(&stage).start();
    let events = json!([["snapshot", {"since": 1}], ["updateSnapshot", {"until": 2}]]);
    stage.publish(&incoming(), &play(&events));
    for (event, snapshot) in [("snapshot", r#"{"since":1}"#), ("updateSnapshot", r#"{"until":2}"#)]
    {
        let message = stage.queues.next(Queue::Snapshot);
        assert_eq!(message.payload, snapshot.as_bytes());
        let own = json!({"snapshotEvent": event});
        let headers = settled(&message, &["start"], Some("messageId"));
        assert_eq!(headers, outgoing("play", &own));
    }
    stage.end(&mut step);
}

#[test]
fn what_went_before_is_passed_through() {
    let before = json!({"step_0": {"body": {"n": 0}}});
    let message =
        with(play(&json!([["data", {"body": {"n": 2}}]])), &json!({"passthrough": before}));
    let input = play(&json!([["data", {"body": {"n": 2}}]]));
    let own = json!({"step_2": {"body": {"n": 2}, "headers": {}}});
    let previous = json!({"step_1": with(input, &json!({"headers": {}}))});
    for (no_self, added) in [("", own), ("true", previous)] {
        let mut stage = Stage::new();
        stage.platform.set_step(json!({"config": {}, "is_passthrough": true}));
        let mut step = player(&stage).set("NO_SELF_PASSTRHOUGH", no_self).start();
        stage.publish(&incoming(), &message);
        let (_, decrypted) = stage.next(Queue::Data);
        assert_eq!(decrypted["passthrough"], with(before.clone(), &added));
        stage.end(&mut step);
    }
}

#[test]
fn a_rebound_is_the_input_as_it_came() {
    let mut stage = Stage::new();
    let mut step = player(&stage).start();
    let input = stage.publish(&incoming(), &play(&json!([["rebound", "busy"]])));
    let message = stage.queues.next(Queue::Rebound);
    assert_eq!(message.payload, input);
    let own = json!({"reboundReason": "busy", "reboundIteration": 1});
    assert_eq!(settled(&message, &["end"], None), with(incoming(), &own));
    assert_eq!(message.properties.expiration().as_ref().unwrap().as_str(), "15000");
    stage.end(&mut step);
}

#[test]
fn a_rebound_comes_back_until_its_limit() {
    let mut stage = Stage::new();
    let limited = player(&stage).set("REBOUND_INITIAL_EXPIRATION", "1").set("REBOUND_LIMIT", "2");
    let mut step = limited.start();
    stage.publish(&incoming(), &play(&json!([["rebound", "busy"]])));
    let (_, error, _) = stage.next_error();
    assert_eq!(error["message"], "Rebound limit exceeded");
    stage.end(&mut step);
    assert_eq!(stage.queues.count(Queue::Rebound), 0);
}

#[test]
fn a_step_that_the_platform_does_not_know_ends() {
    let stage = Stage::new();
    stage.platform.fail("GET /v1/tasks", Fault::Status(404, "no such step"), 1);
    let mut step = player(&stage).start();
    assert_eq!(step.exit(), Some(1), "{}", step.output());
    assert_eq!(stage.platform.requests("GET /v1/tasks").len(), 1);
    assert_eq!(stage.queues.count(Queue::Error), 1);
}

#[test]
fn a_large_body_goes_through_the_object_store() {
    let mut stage = Stage::new();
    let lightweight = player(&stage).storage(&stage.platform).set("EMIT_LIGHTWEIGHT_MESSAGE", "1");
    let mut step = lightweight.set("OBJECT_STORAGE_SIZE_THRESHOLD", "10").start();
    let body = json!({"text": "longer than the threshold"});
    stage.publish(&incoming(), &play(&json!([["data", {"body": body}]])));
    let (_, decrypted) = stage.next(Queue::Data);
    let headers = json!({"x-ipaas-object-storage-id": "object-1"});
    assert_eq!(decrypted, json!({"body": {}, "headers": headers}));
    assert_eq!(stage.codec.decrypt(&stage.platform.objects()["object-1"], 2), body);
    stage.end(&mut step);
}

#[test]
fn the_result_of_a_service_call_is_taken_with_200_only() {
    let late = Fault::Late(Duration::from_millis(1));
    for (fault, exit) in [(late, 0), (Fault::Status(201, "{}"), 1), (Fault::Close, 1)] {
        let platform = Platform::start();
        platform.fail("POST /result", fault, usize::MAX);
        let mut call = node::service("verifyCredentials", "{}", &platform).start();
        assert_eq!(call.exit(), Some(exit), "{fault:?}: {}", call.output());
        let posted = platform.requests("POST /result")[0].json();
        assert_eq!(posted, json!({"status": "success", "data": {"verified": true}}));
    }
}

#[test]
fn the_peer_of_the_benchmark_sends_an_sms() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let config = json!({"server": simulator.url, "keyid": "main"});
    stage.platform.set_step(json!({ "config": config }));
    let mut step = node::step("sendSms", &stage.queues, &stage.platform).start();
    let body = json!({"num": "33680010203", "sms": "Bonjour"});
    stage.publish(&incoming(), &json!({ "body": body }));
    let (_, decrypted) = stage.next(Queue::Data);
    assert!(decrypted["body"]["etat"].is_object(), "{decrypted}");
    assert_eq!(simulator.total(), 1);
    stage.end(&mut step);
}
