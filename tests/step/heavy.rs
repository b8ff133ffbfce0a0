//! The heaviest messages that are taken, and heavier ones: a worker of a small container survives all.

use serde_json::{Value, json};

use crate::cli::Simulator;
use crate::contract::sender;
use crate::queues::Queue;
use crate::stage::{Stage, incoming};
use crate::step::Step;

/// Most memory of a worker, in KiB.
const MEMORY: u64 = 256 * 1024;

/// Most memory that a process has had, in KiB.
pub fn most_memory(step: &Step) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", step.pid)).unwrap();
    let most = status.lines().find_map(|it| it.strip_prefix("VmHWM:")).unwrap();
    most.split_whitespace().next().unwrap().parse().unwrap()
}

/// A message to somebody, with this in its `meta`.
fn with_meta(meta: &str) -> Value {
    let length = meta.len();
    let text = format!(r#"{{"body":{{"num":"0680010203","sms":"{length}","meta":{meta}}}}}"#);
    serde_json::from_str(&text).unwrap()
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
        stage.publish(&incoming(), &with_meta(meta));
        let (_, result) = stage.next(Queue::Data);
        assert_eq!(result["body"]["status"], "accepted");
    }
    assert_eq!(simulator.total(), heavy.len());
    let most = most_memory(&step);
    stage.end(&mut step);
    assert!(most < MEMORY, "{most} KiB");
}

#[cfg(target_os = "linux")]
#[test]
fn what_is_heavier_is_an_error_of_its_own_and_the_worker_lives_on() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let mut step = sender(&stage, &simulator, &json!({})).start();
    let heavier = [
        (list("1", 250_000), "has more than 250000 JSON values"),
        (list("1", 1_500_000), "has more than 250000 JSON values"),
        (list("[]", 2_000_000), "has more than 250000 JSON values"),
        (format!("\"{}\"", "a".repeat(13_000_000)), "bytes, and at most 16777216 are taken"),
        (format!("\"{}\"", "a".repeat(20_000_000)), "bytes, and at most 16777216 are taken"),
    ];
    for (meta, said) in &heavier {
        let payload = stage.publish(&incoming(), &with_meta(meta));
        let (_, error, input) = stage.next_error();
        assert!(error["message"].as_str().unwrap().contains(said), "{error}");
        let told = if payload.len() > 16 * 1024 * 1024 { 0 } else { payload.len() };
        assert_eq!(input.len(), told, "{said}");
    }
    stage.publish(&incoming(), &json!({"body": {"num": "0680010203", "sms": "a"}}));
    assert_eq!(stage.next(Queue::Data).1["body"]["status"], "accepted");
    assert_eq!(simulator.total(), 1);
    let most = most_memory(&step);
    stage.end(&mut step);
    assert!(most < MEMORY, "{most} KiB");
}
