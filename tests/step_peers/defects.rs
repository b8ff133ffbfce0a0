//! What the platform's runtime does wrong: why ours does otherwise. The table is in docs/step.md, the
//! same questions to ours are in tests/step.

use std::time::Duration;

use serde_json::{Value, json};

use crate::cli::until;
use crate::contract::{play, player};
use crate::platform::Fault;
use crate::queues::Queue;
use crate::stage::{Stage, incoming, with};
use crate::step::Step;

fn data(n: u8) -> Value {
    json!(["data", {"body": { "n": n }}])
}

/// Ends a step that does not end by itself.
fn kill(mut step: Step) {
    step.signal("TERM");
    assert!(!step.exited(Duration::from_secs(1)), "it ends");
    step.signal("KILL");
    step.exit();
}

/// Carries one message, which must be acknowledged, and tell nobody of anything.
fn lost_in(stage: &mut Stage, events: &Value) {
    let mut step = player(stage).start();
    stage.publish(&incoming(), &play(events));
    until("it is taken", || stage.queues.count(Queue::Input) == 0);
    stage.end(&mut step);
    let told = [Queue::Data, Queue::Error, Queue::Rebound, Queue::Rejected];
    assert_eq!(told.map(|it| stage.queues.count(it)), [0; 4]);
}

#[test]
fn of_two_messages_of_one_id_one_is_done_twice_and_one_is_lost() {
    let mut stage = Stage::new();
    for n in 1..=2 {
        stage.publish(&incoming(), &play(&json!([data(n)])));
    }
    let step = player(&stage).set("RABBITMQ_PREFETCH_SAILOR", "2").start();
    assert_eq!(stage.next(Queue::Data).1["body"]["n"], 1);
    kill(step);
    until("it is back", || stage.queues.count(Queue::Input) == 1);
    let mut step = player(&stage).start();
    assert_eq!(stage.next(Queue::Data).1["body"]["n"], 1);
    stage.end(&mut step);
}

#[test]
fn a_message_without_an_id_is_done_and_never_acknowledged() {
    let mut stage = Stage::new();
    let step = player(&stage).start();
    stage.publish(&json!({}), &play(&json!([data(1)])));
    stage.next(Queue::Data);
    kill(step);
    until("it is back", || stage.queues.count(Queue::Input) == 1);
}

#[test]
fn results_of_one_message_share_an_id() {
    let mut stage = Stage::new();
    let mut step = player(&stage).start();
    stage.publish(&incoming(), &play(&json!([data(1), data(2)])));
    let mut id = || stage.next(Queue::Data).0.headers()["messageId"].clone();
    assert_eq!(id(), id());
    stage.end(&mut step);
}

#[test]
fn what_no_queue_takes_is_lost() {
    let mut stage = Stage::new();
    stage.queues.unbind(Queue::Data);
    lost_in(&mut stage, &json!([data(1)]));
    let mut stage = Stage::new();
    stage.queues.unbind(Queue::Rebound);
    lost_in(&mut stage, &json!([["rebound", "busy"]]));
}

#[test]
fn what_cannot_be_decrypted_is_rejected_without_a_word() {
    let stage = Stage::new();
    let mut step = player(&stage).start();
    stage.queues.publish(&incoming(), b"garbage");
    stage.queues.next(Queue::Rejected);
    stage.end(&mut step);
    assert_eq!(stage.queues.count(Queue::Error), 0);
}

#[test]
fn a_message_that_was_put_back_too_often_is_acknowledged() {
    let mut stage = Stage::new();
    let mut step = player(&stage).set("REBOUND_LIMIT", "1").start();
    let again = with(incoming(), &json!({"reboundIteration": 1}));
    stage.publish(&again, &play(&json!([["rebound", "busy"]])));
    let (message, error, _) = stage.next_error();
    assert_eq!(error["message"], "Rebound limit exceeded");
    assert_eq!(
        *message.properties.delivery_mode(),
        Some(1),
        "a broker that restarts has it no more"
    );
    stage.end(&mut step);
    assert_eq!(stage.queues.count(Queue::Rejected), 0);
}

#[test]
fn zero_is_taken_for_what_is_not_set() {
    let mut stage = Stage::new();
    let mut step = player(&stage).set("REBOUND_LIMIT", "0").start();
    stage.publish(&incoming(), &play(&json!([["rebound", "busy"]])));
    stage.queues.next(Queue::Rebound);
    stage.end(&mut step);
}

#[test]
fn a_platform_that_fails_is_asked_three_times_whatever_the_settings_say() {
    const STEP: &str = "GET /v1/tasks";
    let stage = Stage::new();
    stage.platform.fail(STEP, Fault::Status(500, "out of order"), usize::MAX);
    let mut step = player(&stage).set("API_REQUEST_RETRY_ATTEMPTS", "4").start();
    assert_eq!(step.exit(), Some(1), "{}", step.output());
    assert_eq!(stage.platform.requests(STEP).len(), 3);
}

#[test]
fn a_step_whose_message_failed_early_does_not_stop() {
    let mut stage = Stage::new();
    let step = player(&stage).storage(&stage.platform).start();
    let lost = json!({"x-ipaas-object-storage-id": "expired"});
    stage.publish(&incoming(), &json!({"id": "m", "body": {}, "headers": lost}));
    stage.next_error();
    stage.queues.next(Queue::Rejected);
    kill(step);
}
