//! The heaviest messages that are taken, and heavier ones: a worker of a small container survives all.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::bytes_amqp::{header, headers, lists, long};
use crate::cli::{Simulator, memory};
use crate::contract::{asking, sender, sms};
use crate::plain::alone;
use crate::poison::publisher;
use crate::queues::{Queue, Queues};
use crate::stage::{Stage, incoming};
use crate::weight::{MOST, Weight, heavy, list};

/// Just below what is taken: 250,000 values, with those around them.
const VALUES: usize = 249_980;

/// A message to somebody, with this in its `meta`.
fn with_meta(sms: &str, meta: &str) -> String {
    format!(r#"{{"body":{{"num":"0680010203","sms":"{sms}","meta":{meta}}}}}"#)
}

/// Publishes it as it is.
fn publish(queues: &Queues, message: &str) {
    queues.publish(&json!({"protocolVersion": 2}), message.as_bytes());
}

#[test]
fn the_heaviest_messages() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let mut step = sender(&stage, &simulator, &json!({})).start();
    for (name, meta) in heavy(VALUES, 5_000_000) {
        let message: Value = serde_json::from_str(&with_meta(name, &meta)).unwrap();
        let weight = Weight::of(step.pid);
        let payload = stage.publish(&incoming(), &message);
        let (_, result) = stage.next(Queue::Data);
        assert_eq!(result["body"]["status"], "accepted", "{name}");
        weight.fits("a message, encrypted", name, payload.len());
    }
    assert_eq!(simulator.total(), 6);
    stage.end(&mut step);
}

#[test]
fn the_heaviest_plain_messages() {
    let (stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut step = alone("sendSms", &stage, file.path(), &asking(&simulator)).start();
    for (name, meta) in heavy(VALUES, 10_000_000) {
        let message = with_meta(name, &meta);
        let weight = Weight::of(step.pid);
        publish(&stage.queues, &message);
        let result = stage.queues.next(Queue::Data).payload;
        assert!(String::from_utf8(result).unwrap().contains("accepted"), "{name}");
        weight.fits("a message", name, message.len());
    }
    assert_eq!(simulator.total(), 6);
    stage.end(&mut step);
}

#[test]
fn the_heaviest_stored_bodies() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let step = sender(&stage, &simulator, &json!({})).storage(&stage.platform);
    let step = step.set("EMIT_LIGHTWEIGHT_MESSAGE", "1");
    let mut step = step.set("OBJECT_STORAGE_SIZE_THRESHOLD", "10000").start();
    for (name, meta) in heavy(VALUES, 5_000_000) {
        let message: Value = serde_json::from_str(&with_meta(name, &meta)).unwrap();
        let stored = stage.codec.encrypt(&message["body"], 2);
        let size = stored.len();
        stage.platform.put_object("given", stored);
        let marker = json!({"x-ipaas-object-storage-id": "given"});
        let weight = Weight::of(step.pid);
        stage.publish(&incoming(), &json!({"id": name, "body": {}, "headers": marker}));
        stage.queues.next(Queue::Data);
        weight.fits("a stored body", name, size);
    }
    assert_eq!(simulator.total(), 6);
    stage.end(&mut step);
}

#[test]
fn the_heaviest_headers() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let mut step = sender(&stage, &simulator, &json!({})).start();
    let (mut publisher, exchange, input) = publisher(&stage);
    for (name, more) in [
        ("10,000 values", header(b"x", &[b"A", &long(&vec![b'V'; 9_990])[..]].concat())),
        ("32 lists in each other", header(b"x", &lists(32))),
        ("a text of 100 KB", header(b"x", &[b"S", &long(&vec![b'x'; 100_000])[..]].concat())),
    ] {
        let payload = stage.codec.encrypt(&sms("0001", name), 1);
        let properties = headers(&more);
        let weight = Weight::of(step.pid);
        publisher.publish(&exchange, input.as_bytes(), &properties, &payload);
        stage.queues.next(Queue::Data);
        weight.fits("headers", name, properties.len());
    }
    assert_eq!(simulator.total(), 3);
    stage.end(&mut step);
}

/// The largest message that is taken comes back with its `meta`, which no platform takes any more.
#[test]
fn a_message_whose_result_is_too_large_is_told_as_what_became_of_it() {
    let (stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut step = alone("sendSms", &stage, file.path(), &asking(&simulator)).start();
    let message = with_meta("a", &format!("\"{}\"", "a".repeat(16_700_000)));
    let weight = Weight::of(step.pid);
    publish(&stage.queues, &message);
    let told = stage.queues.next(Queue::Error);
    weight.fits("a message", "a text, and a result that is too large", message.len());
    let told: Value = serde_json::from_slice(&told.payload).unwrap();
    let error = BASE64_STANDARD.decode(told["error"].as_str().unwrap()).unwrap();
    let error = String::from_utf8(error).unwrap();
    assert!(error.contains("MAY HAVE BEEN SENT"), "{error}");
    assert!(error.contains("its result is lost: the outgoing message has 167"), "{error}");
    assert_eq!(simulator.total(), 1);
    stage.end(&mut step);
}

/// The platform's word of a step: what it kept from the last time may be large.
#[test]
fn the_heaviest_snapshots() {
    for (name, snapshot) in heavy(VALUES, 30_000_000) {
        let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
        let step = sender(&stage, &simulator, &json!({}));
        let size = snapshot.len();
        let snapshot: Value = serde_json::from_str(&snapshot).unwrap();
        stage.platform.change_step(|it| it["snapshot"] = json!({"kept": snapshot}));
        let mut step = step.start();
        let weight = Weight::of(step.pid);
        stage.publish(&incoming(), &sms("0001", "a"));
        stage.queues.next(Queue::Data);
        weight.fits("a snapshot", name, size);
        stage.end(&mut step);
    }
}

#[test]
fn what_is_heavier_is_an_error_of_its_own_and_the_worker_lives_on() {
    let (stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut step = alone("sendSms", &stage, file.path(), &asking(&simulator)).start();
    let heavier = [
        (list("1", 250_000), "has more than 250000 JSON values"),
        (list("1", 1_500_000), "has more than 250000 JSON values"),
        (list("[]", 4_000_000), "has more than 250000 JSON values"),
        (format!("\"{}\"", "a".repeat(17_000_000)), "bytes, and at most 16777216 are taken"),
        (format!("\"{}\"", "a".repeat(40_000_000)), "bytes, and at most 16777216 are taken"),
    ];
    for (meta, said) in &heavier {
        let payload = with_meta("a", meta);
        publish(&stage.queues, &payload);
        let told = stage.queues.next(Queue::Error);
        let told: Value = serde_json::from_slice(&told.payload).unwrap();
        let error = BASE64_STANDARD.decode(told["error"].as_str().unwrap()).unwrap();
        let error = String::from_utf8(error).unwrap();
        assert!(error.contains(said), "{error}");
        let input = told.get("errorInput").map(|it| it.as_str().unwrap().len());
        assert_eq!(
            input,
            (payload.len() <= 16 * 1024 * 1024).then(|| payload.len().div_ceil(3) * 4)
        );
    }
    publish(&stage.queues, &with_meta("a", "1"));
    let message = stage.queues.next(Queue::Data);
    let result: Value = serde_json::from_slice(&message.payload).unwrap();
    assert_eq!(result["body"]["status"], "accepted");
    assert_eq!(simulator.total(), 1);
    let most = memory(step.pid, "VmHWM");
    stage.end(&mut step);
    assert!(most < MOST, "{most} KiB");
}
