//! What the broker does not do: it is told in its own words, and no other message suffers for it.

use serde_json::json;

use crate::cli::{Simulator, until};
use crate::contract::{impatient, sender, sms};
use crate::queues::Queue;
use crate::stage::{Stage, incoming, with};

/// Longer than the 8 KB that all headers had to fit into before, and nearly all that RabbitMQ takes.
#[test]
fn a_message_with_large_headers_is_carried_and_so_are_its_neighbours() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let mut step = sender(&stage, &simulator, &json!({})).start();
    for (text, size) in [("a", 9_000), ("b", 125_000)] {
        let large = with(incoming(), &json!({"x-eio-meta-large": "x".repeat(size)}));
        stage.publish(&large, &sms("0001", text));
        stage.publish(&incoming(), &sms("0002", &format!("{text} beside")));
        for _ in 0..2 {
            let (_, result) = stage.next(Queue::Data);
            assert_eq!(result["body"]["status"], "accepted", "{result}");
        }
    }
    stage.end(&mut step);
    assert_eq!(simulator.total(), 4);
}

/// The reason for which it is put back goes into its headers, and there is no room for it.
#[test]
fn what_does_not_fit_when_it_is_put_back_is_an_error_of_that_message_alone() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let mut step = sender(&stage, &simulator, &impatient()).start();
    let own = json!({"custom": "x".repeat(130_850)});
    stage.publish(&with(json!({"messageId": "m"}), &own), &sms("0430", "a"));
    stage.publish(&incoming(), &sms("0001", "b"));
    let (_, error, _) = stage.next_error();
    assert!(
        error["message"].as_str().unwrap().contains("bytes; the broker takes 131072"),
        "{error}"
    );
    assert_eq!(error["name"], "notSent", "{error}");
    assert_eq!(stage.next(Queue::Data).1["body"]["status"], "accepted");
    stage.end(&mut step);
}

#[test]
fn an_exchange_that_is_missing_is_told_before_anything_is_taken() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    stage.publish(&incoming(), &sms("0001", "a"));
    let step = sender(&stage, &simulator, &json!({})).set("PUBLISH_MESSAGES_TO", "nowhere");
    let mut step = step.start();
    step.says("no exchange 'nowhere'");
    step.signal("TERM");
    assert_eq!(step.exit(), Some(0), "{}", step.output());
    assert_eq!((stage.queues.count(Queue::Input), simulator.total()), (1, 0));
}

#[test]
fn an_error_that_nobody_takes_leaves_its_message_in_the_queue_and_ends_the_step() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    stage.queues.unbind(Queue::Error);
    let mut step = sender(&stage, &simulator, &json!({})).start();
    stage.publish(&incoming(), &json!({"body": {"sms": "no number"}}));
    assert_eq!(step.exit(), Some(1), "{}", step.output());
    assert!(step.output().contains("bind a queue for errors"), "{}", step.output());
    until("it is in the queue again", || stage.queues.count(Queue::Input) == 1);
    assert_eq!(stage.queues.count(Queue::Rejected), 0);
}

/// A message whose publisher has sent it to several queues, this step's own among them.
#[test]
fn what_is_put_back_comes_back_to_this_step_alone() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let step = sender(&stage, &simulator, &impatient());
    let mut step = step.set("REBOUND_INITIAL_EXPIRATION", "1").start();
    let input = stage.queues.name(Queue::Input);
    stage.publish(&with(incoming(), &json!({"CC": [input]})), &sms("0429", "a"));
    assert_eq!(stage.next(Queue::Data).1["body"]["status"], "accepted");
    stage.end(&mut step);
    assert_eq!(simulator.sent().len(), 1, "{}", step.output());
}
