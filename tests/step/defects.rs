//! What the platform's runtime on Node does wrong, and ours does not. docs/step.md has the table.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::cli::{Simulator, nobody, until};
use crate::contract::{impatient, sender, sms};
use crate::platform::Fault;
use crate::queues::Queue;
use crate::stage::{Stage, incoming, with};
use crate::step::{Launch, Step};

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

/// The ids of the next so many results, each of which must say of itself the same as its headers.
fn ids(stage: &mut Stage, count: usize) -> HashSet<String> {
    let result = |_| {
        let (message, decrypted) = stage.next(Queue::Data);
        assert_eq!(message.headers()["messageId"], decrypted["id"]);
        text(&decrypted, "id").to_owned()
    };
    (0..count).map(result).collect()
}

#[test]
fn each_result_of_a_message_has_an_id_of_its_own_and_the_same_when_it_comes_out_again() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let folder = tempfile::tempdir().unwrap();
    let journal = format!("file:{}", folder.path().join("sent.journal").display());
    let step = sender(&stage, &simulator, &json!({"emitBehaviour": "emitIndividually"}));
    let mut step = step.set("FUNCTION", "sendSmsMulti").env("ISENDPRO_JOURNAL", &journal).start();
    let nums = ["0680010001", "0680010002", "0680010003"];
    let message = json!({"id": "m", "body": {"num": nums, "sms": "a"}});
    stage.publish(&incoming(), &message);
    let first = ids(&mut stage, 3);
    assert_eq!(first.len(), 3);
    stage.publish(&incoming(), &message);
    assert_eq!(ids(&mut stage, 3), first);
    stage.end(&mut step);
    assert_eq!(simulator.total(), 3);
}

#[test]
fn a_message_that_was_put_back_often_enough_is_an_error_and_rejected() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let step = sender(&stage, &simulator, &impatient()).set("REBOUND_INITIAL_EXPIRATION", "1");
    let mut step = step.set("REBOUND_LIMIT", "2").start();
    stage.publish(&incoming(), &sms("0430", "a"));
    let (_, error, _) = stage.next_error();
    assert!(text(&error, "message").starts_with("NOT SENT, retry is safe"), "{error}");
    assert_eq!(stage.queues.next(Queue::Rejected).headers()["reboundIteration"], 2);
    stage.end(&mut step);
    assert_eq!(simulator.total(), 0);
}

/// No broker takes longer waits than 2^32 - 1 ms; the 31st of 15 s would be of 500 years.
#[test]
fn no_wait_is_longer_than_the_broker_takes() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let mut step = sender(&stage, &simulator, &json!({})).set("REBOUND_LIMIT", "99").start();
    stage.publish(&with(incoming(), &json!({"reboundIteration": 30})), &sms("0430", "a"));
    step.says("not done yet");
    step.signal("TERM");
    let message = stage.queues.next(Queue::Rebound);
    assert_eq!(message.headers()["reboundIteration"], 31);
    assert_eq!(message.properties.expiration().as_ref().unwrap().as_str(), "4294967295");
    assert_eq!(step.exit(), Some(0), "{}", step.output());
}

/// The broker forgets what is not persistent when it restarts. Of an input nothing else is left then
/// but the error, or the copy that waits to come back.
#[test]
fn errors_and_what_waits_to_come_back_survive_the_broker() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let mut step = sender(&stage, &simulator, &impatient()).start();
    stage.publish(&incoming(), &sms("0903", "a"));
    stage.publish(&incoming(), &sms("0430", "b"));
    for queue in [Queue::Error, Queue::Rebound] {
        assert_eq!(*stage.queues.next(queue).properties.delivery_mode(), Some(2), "{queue:?}");
    }
    stage.end(&mut step);
}

#[test]
fn a_step_whose_messages_all_fail_early_stops_all_the_same() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let step = sender(&stage, &simulator, &json!({})).storage(&stage.platform);
    let mut step = step.start();
    let lost = json!({"x-ipaas-object-storage-id": "expired"});
    stage.publish(&incoming(), &json!({"id": "m", "body": {}, "headers": lost}));
    stage.queues.publish(&incoming(), b"garbage");
    let mut said = [(); 2].map(|()| {
        stage.queues.next(Queue::Rejected);
        text(&stage.next_error().1, "message").to_owned()
    });
    said.sort();
    assert!(said[0].contains("cannot be decrypted") && said[1].contains("expire"), "{said:?}");
    stage.end(&mut step);
    assert_eq!(stage.platform.requests("GET /objects").len(), 1, "what is gone is asked for once");
}

/// Has an object store answer 500 to what begins like this, and stores a body as `given`.
fn failing_store(beginning: &str) -> (Stage, Simulator, Step) {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let step = sender(&stage, &simulator, &json!({})).storage(&stage.platform);
    let step = step.set("EMIT_LIGHTWEIGHT_MESSAGE", "1").set("OBJECT_STORAGE_SIZE_THRESHOLD", "10");
    let body = stage.codec.encrypt(&sms("0001", "a")["body"], 2);
    stage.platform.put_object("given", body);
    stage.platform.fail(beginning, Fault::Status(500, "out of order"), usize::MAX);
    let step = step.start();
    let marker = json!({"x-ipaas-object-storage-id": "given"});
    stage.publish(&incoming(), &json!({"id": "m", "body": {}, "headers": marker}));
    (stage, simulator, step)
}

#[test]
fn a_body_that_the_object_store_does_not_give_is_an_error_and_nothing_is_sent() {
    let (mut stage, simulator, mut step) = failing_store("GET /objects");
    let (_, error, _) = stage.next_error();
    assert!(text(&error, "message").contains("retry is safe"), "{error}");
    stage.queues.next(Queue::Rejected);
    stage.end(&mut step);
    assert_eq!((stage.platform.requests("GET /objects").len(), simulator.total()), (3, 0));
}

#[test]
fn a_result_that_the_object_store_does_not_take_travels_whole() {
    let (mut stage, simulator, mut step) = failing_store("POST /objects");
    let (_, decrypted) = stage.next(Queue::Data);
    assert_eq!(decrypted["body"]["status"], "accepted", "{decrypted}");
    stage.end(&mut step);
    assert_eq!((simulator.total(), stage.queues.count(Queue::Error)), (1, 0));
}

#[test]
fn a_platform_that_fails_is_asked_as_often_as_the_settings_say() {
    const STEP: &str = "GET /v1/tasks/flow1/steps/step_2";
    let started = [("3", 1), ("4", 0)].map(|(attempts, exit)| {
        let (stage, simulator) = (Stage::new(), Simulator::start(&[]));
        stage.platform.fail(STEP, Fault::Status(500, "out of order"), 3);
        let step = sender(&stage, &simulator, &json!({}));
        let step = step.set("API_REQUEST_RETRY_ATTEMPTS", attempts).start();
        (stage, step, attempts, exit)
    });
    for (stage, mut step, attempts, exit) in started {
        if exit == 0 {
            step.says("waiting for messages");
            step.signal("TERM");
        }
        assert_eq!(step.exit(), Some(exit), "{}", step.output());
        assert_eq!(stage.platform.requests(STEP).len().to_string(), attempts);
        assert_eq!(stage.queues.count(Queue::Error), u32::from(exit == 1));
    }
}

#[test]
fn a_step_that_waits_for_its_broker_stops_when_it_is_told() {
    let stage = Stage::new();
    let (url, _held) = nobody();
    let address = url.replace("http://", "amqp://").replace("cgi-bin", "%2f");
    let step = Launch::ours("sendSms", &stage.queues, &stage.platform);
    let mut step = step.set("AMQP_URI", &address).start();
    step.says("not connected yet");
    step.signal("TERM");
    assert_eq!(step.exit(), Some(0), "{}", step.output());
}

#[test]
fn a_second_signal_hurries_nobody() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&["--latency", "1500"]));
    let mut step = sender(&stage, &simulator, &json!({})).start();
    stage.publish(&incoming(), &sms("0001", "a"));
    until("it is taken", || stage.queues.count(Queue::Input) == 0);
    for _ in 0..2 {
        step.signal("TERM");
        step.says("stopping");
    }
    let (_, decrypted) = stage.next(Queue::Data);
    assert_eq!(decrypted["body"]["status"], "accepted", "{decrypted}");
    assert_eq!(step.exit(), Some(0), "{}", step.output());
    assert_eq!((simulator.total(), stage.queues.count(Queue::Input)), (1, 0));
}
