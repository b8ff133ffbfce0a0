//! The heaviest messages that are taken, and heavier ones: a worker of a small container survives all.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::cli::{Simulator, memory};
use crate::contract::{asking, sender};
use crate::plain::alone;
use crate::queues::{Queue, Queues};
use crate::stage::{Stage, incoming};

/// Most memory of a worker, in KiB.
const MEMORY: u64 = 256 * 1024;

/// A message to somebody, with this in its `meta`.
fn with_meta(meta: &str) -> String {
    let length = meta.len();
    format!(r#"{{"body":{{"num":"0680010203","sms":"{length}","meta":{meta}}}}}"#)
}

/// Publishes it as it is.
fn publish(queues: &Queues, message: &str) {
    queues.publish(&json!({"protocolVersion": 2}), message.as_bytes());
}

/// A list of so many of these.
fn list(element: &str, count: usize) -> String {
    format!("[{}{element}]", format!("{element},").repeat(count - 1))
}

#[cfg(target_os = "linux")]
#[test]
fn the_heaviest_messages_that_are_taken_fit_into_256_mb() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let mut step = sender(&stage, &simulator, &json!({})).start();
    let object = |count: usize| {
        let fields: Vec<_> = (0..count).map(|it| format!("\"{it}\":\"\"")).collect();
        format!("{{{}}}", fields.join(","))
    };
    let heavy = [
        list("1", 249_990),
        list("\"\"", 249_990),
        list("{}", 124_990),
        list("[1e3]", 124_990),
        object(249_990),
        format!("\"{}\"", "a".repeat(5_000_000)),
    ];
    for meta in &heavy {
        let message: Value = serde_json::from_str(&with_meta(meta)).unwrap();
        stage.publish(&incoming(), &message);
        let (_, result) = stage.next(Queue::Data);
        assert_eq!(result["body"]["status"], "accepted");
    }
    assert_eq!(simulator.total(), heavy.len());
    let most = memory(step.pid, "VmHWM");
    stage.end(&mut step);
    assert!(most < MEMORY, "{most} KiB");
}

#[cfg(target_os = "linux")]
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
        let payload = with_meta(meta);
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
    publish(&stage.queues, &with_meta("1"));
    let message = stage.queues.next(Queue::Data);
    let result: Value = serde_json::from_slice(&message.payload).unwrap();
    assert_eq!(result["body"]["status"], "accepted");
    assert_eq!(simulator.total(), 1);
    let most = memory(step.pid, "VmHWM");
    stage.end(&mut step);
    assert!(most < MEMORY, "{most} KiB");
}
