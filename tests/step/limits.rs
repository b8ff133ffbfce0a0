//! Where there is too much: queues that are full, results that are too large, calls that are too many.

use std::time::Instant;

use lapin::BasicProperties;
use serde_json::{Value, json};

use crate::cli::{Simulator, memory, until};
use crate::contract::{impatient, sender, sms};
use crate::node::Codec;
use crate::platform::Platform;
use crate::queues::{Queue, Queues};
use crate::rabbit_shared;
use crate::stage::{Stage, incoming, with};
use crate::step::Launch;
use crate::watched::{ready, scrape, value, watched};

/// One whose data queue has room for a message, and has it. A step asks again soon.
fn full(simulator: &Simulator) -> (Stage, Launch) {
    let queues = Queues::with_room(rabbit_shared::uri(), Queue::Data, Some(1));
    queues.publish_all(Queue::Data, vec![(BasicProperties::default(), b"first".to_vec())]);
    let stage = Stage { queues, platform: Platform::start(), codec: Codec::start() };
    let step = sender(&stage, simulator, &json!({})).set("AMQP_PUBLISH_MAX_RETRY_DELAY", "200");
    (stage, step)
}

#[test]
fn a_full_queue_is_waited_for_and_errors_go_out_meanwhile() {
    let simulator = Simulator::start(&[]);
    let (mut stage, step) = full(&simulator);
    let mut step = step.set("RABBITMQ_PREFETCH_SAILOR", "2").start();
    stage.publish(&incoming(), &sms("0001", "a"));
    step.says("the broker refuses a message");
    stage.publish(&incoming(), &json!({"body": {"sms": "no number"}}));
    stage.next_error();
    assert_eq!(stage.queues.next(Queue::Data).payload, b"first");
    let (message, decrypted) = stage.next(Queue::Data);
    assert_eq!(decrypted["body"]["status"], "accepted", "{decrypted}");
    assert!(message.headers()["retry"].as_u64().unwrap() >= 1);
    stage.end(&mut step);
    assert_eq!(simulator.total(), 1);
}

/// At a prefetch of one the step stands still: whoever watches must see it, whichever queue it is.
#[test]
fn a_queue_that_is_full_is_told_and_the_message_that_waits_for_it_is_under_way() {
    let simulator = Simulator::start(&[]);
    let wrong = json!({"body": {"sms": "no number"}});
    let cases = [
        (Queue::Data, sms("0001", "a")),
        (Queue::Error, wrong),
        (Queue::Rebound, sms("0430", "a")),
    ];
    for (queue, message) in cases {
        let queues = Queues::with_room(rabbit_shared::uri(), queue, Some(1));
        queues.publish_all(queue, vec![(BasicProperties::default(), b"first".to_vec())]);
        let mut stage = Stage { queues, ..Stage::new() };
        let launch = watched(sender(&stage, &simulator, &impatient()));
        let mut step = launch.set("AMQP_PUBLISH_MAX_RETRY_DELAY", "200").start();
        stage.publish(&incoming(), &message);
        step.says("the broker refuses a message");
        let expected = "full: a queue for results, errors or what comes later is full\n";
        assert_eq!(ready(&step), (false, expected.to_owned()), "{queue:?}");
        let metrics = scrape(&step);
        assert_eq!(value(&metrics, r#"isendpro_obstacle{what="full"}"#), 1, "{queue:?}");
        assert_eq!(value(&metrics, "isendpro_messages_in_flight"), 1, "{queue:?}");
        stage.queues.next(queue);
        until("it is ready again", || ready(&step).0);
        until("it is done", || value(&scrape(&step), "isendpro_messages_in_flight") == 0);
        stage.end(&mut step);
    }
}

/// It waits for 23 seconds before it leaves.
#[test]
fn a_step_that_has_to_stop_at_a_full_queue_leaves_its_message_in_its_own() {
    let simulator = Simulator::start(&[]);
    let (mut stage, step) = full(&simulator);
    let folder = tempfile::tempdir().unwrap();
    let journal = format!("file:{}", folder.path().join("sent.journal").display());
    let mut step = step.env("ISENDPRO_JOURNAL", &journal).start();
    stage.publish(&incoming(), &sms("0001", "a"));
    step.says("the broker refuses a message");
    step.signal("TERM");
    assert_eq!(step.exit(), Some(0), "{}", step.output());
    assert_eq!((stage.queues.count(Queue::Input), stage.queues.count(Queue::Data)), (1, 1));
    stage.queues.next(Queue::Data);
    let step = sender(&stage, &simulator, &json!({})).env("ISENDPRO_JOURNAL", &journal);
    let mut step = step.start();
    let (_, decrypted) = stage.next(Queue::Data);
    let body = &decrypted["body"];
    assert_eq!((&body["status"], &body["replayed"]), (&json!("accepted"), &json!(true)));
    stage.end(&mut step);
    assert_eq!(simulator.total(), 1);
}

#[test]
fn a_step_that_may_not_wait_for_a_full_queue_ends_and_its_message_is_in_doubt() {
    let simulator = Simulator::start(&[]);
    let (mut stage, step) = full(&simulator);
    let mut step = step.set("AMQP_PUBLISH_RETRY_ATTEMPTS", "1").start();
    stage.publish(&incoming(), &sms("0001", "a"));
    assert_eq!(step.exit(), Some(1), "{}", step.output());
    assert!(step.output().contains("the queue of the next step is full"), "{}", step.output());
    assert!(!step.output().contains("the broker refuses a message"), "one try is one try");
    stage.queues.next(Queue::Data);
    let step = sender(&stage, &simulator, &json!({})).set("AMQP_PUBLISH_RETRY_ATTEMPTS", "1");
    let mut step = step.start();
    let (_, error, _) = stage.next_error();
    assert_eq!(error["name"], "unknown", "{error}");
    stage.publish(&incoming(), &sms("0001", "b"));
    stage.next(Queue::Data);
    stage.end(&mut step);
    assert_eq!(simulator.total(), 2);
}

/// What was taken and not begun has done nothing, and nobody must take it for sent.
#[test]
fn a_step_that_has_to_stop_puts_back_what_its_limits_have_kept_waiting() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let step = sender(&stage, &simulator, &json!({})).set("DATA_RATE_LIMIT", "1");
    let step = step.set("RATE_INTERVAL", "3600000").set("RABBITMQ_PREFETCH_SAILOR", "9");
    let mut step = step.start();
    for place in 0..5 {
        stage.publish(&incoming(), &sms(&format!("020{place}"), "a"));
    }
    stage.next(Queue::Data);
    step.signal("TERM");
    assert_eq!(step.exit(), Some(0), "{}", step.output());
    assert_eq!((simulator.total(), stage.queues.count(Queue::Rebound)), (1, 4));
    assert_eq!((stage.queues.count(Queue::Input), stage.queues.count(Queue::Error)), (0, 0));
}

/// It may have been sent, and without a journal only the broker's mark says so: a copy would lose it.
#[test]
fn what_is_delivered_again_stays_in_the_queue_when_a_step_has_to_stop_before_it_begins() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let slow = |stage: &Stage| {
        let step = sender(stage, &simulator, &json!({})).set("DATA_RATE_LIMIT", "1");
        step.set("RATE_INTERVAL", "3600000").set("RABBITMQ_PREFETCH_SAILOR", "9").start()
    };
    let mut first = slow(&stage);
    for place in 0..3 {
        stage.publish(&incoming(), &sms(&format!("030{place}"), "a"));
    }
    stage.next(Queue::Data);
    until("the others are taken", || stage.queues.count(Queue::Input) == 0);
    first.signal("KILL");
    first.exit();
    let mut second = slow(&stage);
    let (_, error, _) = stage.next_error();
    assert_eq!(error["name"], "unknown", "{error}");
    second.signal("TERM");
    assert_eq!(second.exit(), Some(0), "{}", second.output());
    assert_eq!((stage.queues.count(Queue::Input), stage.queues.count(Queue::Rebound)), (1, 0));
    let mut third = sender(&stage, &simulator, &json!({})).start();
    let (_, error, _) = stage.next_error();
    assert_eq!(error["name"], "unknown", "{error}");
    stage.end(&mut third);
    assert_eq!(simulator.total(), 1);
}

/// What comes out of a bulk of 60, one of whom is blacklisted, where a result has so many bytes.
fn bounded(bytes: &str) -> Value {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let step = sender(&stage, &simulator, &json!({})).set("FUNCTION", "sendSmsMulti");
    let mut step = step.set("OUTGOING_MESSAGE_SIZE_LIMIT", bytes).start();
    stage.platform.change_step(|it| it["is_passthrough"] = true.into());
    let mut nums: Vec<_> = (100..159).map(|it| format!("0680010{it}")).collect();
    nums.push("0680010011".to_owned());
    stage.publish(&incoming(), &json!({"body": {"num": nums, "sms": "a"}}));
    let (message, mut decrypted) = stage.next(Queue::Data);
    assert!(message.payload.len() <= bytes.parse().unwrap(), "{}", message.payload.len());
    stage.end(&mut step);
    assert_eq!((simulator.total(), stage.queues.count(Queue::Error)), (59, 0));
    assert_eq!(
        (&decrypted["body"]["accepted"], &decrypted["body"]["refused"]),
        (&json!(59), &json!(1))
    );
    decrypted["body"].take()
}

#[test]
fn a_result_that_is_too_large_loses_what_went_well_and_then_its_problems() {
    let whole = bounded("100000");
    assert_eq!((whole["results"].as_array().unwrap().len(), whole.get("truncated")), (60, None));
    let problems = bounded("5000");
    assert_eq!(problems["truncated"], true);
    let results = problems["results"].as_array().unwrap();
    assert_eq!((results.len(), &results[0]["index"]), (1, &json!(59)), "{problems}");
    let counts = bounded("800");
    assert_eq!((&counts["truncated"], counts.get("results")), (&json!(true), None));
}

/// One at a time, and then one more for each third of a second. Looking later only allows for more.
#[test]
fn the_limit_on_results_limits_the_calls_too() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let step = sender(&stage, &simulator, &json!({})).set("DATA_RATE_LIMIT", "1");
    let step = step.set("RATE_INTERVAL", "333").set("RABBITMQ_PREFETCH_SAILOR", "9");
    let mut step = step.start();
    step.says("waiting for messages");
    let began = Instant::now();
    for number in 0..4 {
        let own = json!({"messageId": format!("m-{number}")});
        stage.publish(&with(incoming(), &own), &sms("0001", &number.to_string()));
    }
    until("all are sent", || {
        let sent = simulator.total();
        let most = 1 + began.elapsed().as_millis() / 333;
        assert!(sent as u128 <= most, "{sent} after {:?}", began.elapsed());
        sent == 4
    });
    stage.end(&mut step);
    assert_eq!(stage.queues.count(Queue::Data), 4);
}

/// A queue of the largest messages, and a worker of a small container: what it does not work on yet stays
/// as it came.
#[cfg(target_os = "linux")]
#[test]
fn sixteen_messages_of_ten_thousand_recipients_fit_into_256_mb() {
    const MESSAGES: u64 = 16;
    const RECIPIENTS: u64 = 10_000;
    let (mut stage, simulator) =
        (Stage::new(), Simulator::start(&["--latency", "200", "--credit", "1000000"]));
    let numbers: Vec<_> = (0..RECIPIENTS).map(|it| format!("06{it:04}0001")).collect();
    for number in 0..MESSAGES {
        let body = json!({"num": &numbers, "sms": format!("Bonjour {number}")});
        stage.publish(&incoming(), &json!({"id": format!("m-{number}"), "body": body}));
    }
    sender(&stage, &simulator, &json!({}));
    let step = Launch::ours("sendSmsMulti", &stage.queues, &stage.platform);
    let mut step = step.set("RABBITMQ_PREFETCH_SAILOR", "16").start();
    for _ in 0..MESSAGES {
        let (_, result) = stage.next(Queue::Data);
        let accepted = result["body"]["results"].as_array().unwrap().iter();
        let accepted = accepted.filter(|it| it["status"] == "accepted").count();
        assert!(accepted > 9_000, "{accepted}");
    }
    let most = memory(step.pid, "VmHWM");
    stage.end(&mut step);
    assert!(most < 256 * 1024, "{most} KiB");
}
