//! What becomes of a message.

use std::collections::HashSet;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::cli::Simulator;
use crate::platform::Fault;
use crate::queues::Queue;
use crate::stage::{Stage, incoming, outgoing, settled, with};
use crate::step::Launch;

const STEP: &str = "GET /v1/tasks/flow1/steps/step_2";

/// The configuration of a step that asks this simulator.
pub fn asking(simulator: &Simulator) -> Value {
    json!({
        "keyid": "main", "server": "custom", "otherServer": simulator.url, "kind": "transactional",
    })
}

/// A step that sends to this simulator.
pub fn sender(stage: &Stage, simulator: &Simulator, options: &Value) -> Launch {
    let config = with(asking(simulator), &json!({"_account": "a1"}));
    stage.platform.set_step(json!({"config": with(config, options), "is_passthrough": false}));
    Launch::ours("sendSms", &stage.queues, &stage.platform).env("LOG_LEVEL", "debug")
}

/// Settings of a step that puts a message back at once when it was not sent, and not for long.
pub fn impatient() -> Value {
    json!({"giveUpAfter": "0.01"})
}

/// A message to a number that ends so.
pub fn sms(ending: &str, text: &str) -> Value {
    json!({"id": format!("id-{text}"), "body": {"num": format!("068001{ending}"), "sms": text}})
}

#[test]
fn a_message_goes_through() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let mut step = sender(&stage, &simulator, &json!({})).start();
    stage.publish(&incoming(), &sms("0001", "Grüße"));
    let (message, decrypted) = stage.next(Queue::Data);
    assert_eq!(decrypted["body"]["status"], "accepted", "{decrypted}");
    assert_eq!(decrypted["body"]["tel"], "33680010001");
    let own = json!({"messageId": decrypted["id"], "protocolVersion": 1});
    assert_eq!(settled(&message, &["start", "end"], None), outgoing("sendSms", &own));
    let properties = &message.properties;
    assert_eq!(properties.content_type().as_ref().unwrap().as_str(), "application/json");
    assert_eq!(properties.content_encoding().as_ref().unwrap().as_str(), "utf8");
    assert_eq!(*properties.delivery_mode(), Some(1));
    stage.end(&mut step);
    assert_eq!(simulator.total(), 1);
    let asked = stage.platform.requests("");
    assert_eq!(asked.iter().map(|it| it.line.as_str()).collect::<Vec<_>>(), [STEP]);
    for secret in ["main", "33680010001", "0680010001", "Grüße", "testCryptoPassword", "guest:"] {
        assert!(!step.output().contains(secret), "{secret}:\n{}", step.output());
    }
}

#[test]
fn the_second_protocol_has_bytes_instead_of_text() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let mut step = sender(&stage, &simulator, &json!({})).set("PROTOCOL_VERSION", "2").start();
    let payload = stage.codec.encrypt(&sms("0001", "a"), 2);
    stage.queues.publish(&with(incoming(), &json!({"protocolVersion": 2})), &payload);
    let message = stage.queues.next(Queue::Data);
    assert_eq!(message.headers()["protocolVersion"], 2);
    assert_eq!(stage.codec.decrypt(&message.payload, 2)["body"]["status"], "accepted");
    stage.end(&mut step);
}

#[test]
fn a_mistake_is_an_error_with_its_input_and_for_who_waits() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let mut step = sender(&stage, &simulator, &json!({})).start();
    let to = json!({"reply_to": stage.queues.name(Queue::Reply)});
    let input = stage.publish(&with(incoming(), &to), &json!({"body": {"sms": "no number"}}));
    let (message, error, error_input) = stage.next_error();
    let headers = settled(&message, &["start", "end"], Some("messageId"));
    assert_eq!(headers, outgoing("sendSms", &to));
    assert_eq!(error["name"], "invalid");
    assert!(error["message"].as_str().unwrap().starts_with("INVALID, nothing sent"), "{error}");
    assert_eq!(error_input.as_bytes(), input);
    let (_, reply) = stage.next(Queue::Reply);
    assert_eq!(reply["message"], error["message"]);
    stage.end(&mut step);
}

/// The simulator takes messages to numbers that end in 0903, and drops the connection.
#[test]
fn a_doubt_is_an_error_and_never_comes_back_by_itself() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let mut step = sender(&stage, &simulator, &json!({})).start();
    stage.publish(&incoming(), &sms("0903", "a"));
    let (_, error, _) = stage.next_error();
    assert_eq!(error["name"], "unknown", "{error}");
    assert!(error["message"].as_str().unwrap().starts_with("MAY HAVE BEEN SENT"), "{error}");
    stage.end(&mut step);
    assert_eq!((simulator.total(), stage.queues.count(Queue::Rebound)), (1, 0));
}

#[test]
fn garbage_reaches_the_error_queue_with_its_bytes() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let mut step = sender(&stage, &simulator, &json!({})).start();
    for garbage in [&b"\xff\xfe no message"[..], b"Z2FyYmFnZQ=="] {
        stage.queues.publish(&incoming(), garbage);
        let (_, _, input) = stage.next_error();
        let bytes = BASE64_STANDARD.decode(&input).unwrap();
        assert!(bytes == garbage || input.as_bytes() == garbage, "{input}");
    }
    stage.end(&mut step);
}

#[test]
fn two_messages_of_one_id_are_both_sent_and_one_without_an_id_is_too() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let mut step =
        sender(&stage, &simulator, &json!({})).set("RABBITMQ_PREFETCH_SAILOR", "4").start();
    let body = |text: &str| json!({"body": {"num": "0680010001", "sms": text}});
    stage.publish(&incoming(), &body("one"));
    stage.publish(&incoming(), &body("two"));
    stage.publish(&json!({}), &body("three"));
    let mut ids = HashSet::new();
    for _ in 0..3 {
        let (message, decrypted) = stage.next(Queue::Data);
        assert_eq!(decrypted["body"]["status"], "accepted");
        ids.insert(message.headers()["messageId"].to_string());
    }
    assert_eq!(ids.len(), 3, "each result has an id of its own");
    stage.end(&mut step);
    assert_eq!(simulator.total(), 3);
}

#[test]
fn what_no_queue_takes_is_an_error() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    stage.queues.unbind(Queue::Data);
    let mut step = sender(&stage, &simulator, &json!({})).start();
    stage.publish(&incoming(), &sms("0001", "a"));
    let (_, error, _) = stage.next_error();
    assert!(error["message"].as_str().unwrap().contains("no queue takes"), "{error}");
    assert_eq!(error["name"], "unknown", "nobody is to send it again without a look: {error}");
    stage.queues.next(Queue::Rejected);
    stage.end(&mut step);
    assert_eq!(simulator.total(), 1);
}

#[test]
fn what_was_not_sent_comes_back_later_as_it_came() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    simulator.ask("PUT", "faults", r#"{"every": 1, "fault": "status429", "remaining": 1000}"#);
    let mut step =
        sender(&stage, &simulator, &impatient()).set("REBOUND_INITIAL_EXPIRATION", "500").start();
    let input = stage.publish(&incoming(), &sms("0001", "a"));
    step.says("put back for later");
    simulator.ask("DELETE", "faults", "");
    let (message, decrypted) = stage.next(Queue::Data);
    assert_eq!(decrypted["body"]["status"], "accepted");
    assert_eq!(message.headers()["parentMessageId"], "m-in-1");
    assert!(!input.is_empty());
    stage.end(&mut step);
    assert_eq!(simulator.total(), 1);
}

#[test]
fn a_platform_that_does_not_know_the_step_is_told() {
    let stage = Stage::new();
    stage.platform.fail(STEP, Fault::Status(404, "no such step"), 99);
    let mut step = Launch::ours("sendSms", &stage.queues, &stage.platform).start();
    assert_eq!(step.exit(), Some(1), "{}", step.output());
    assert_eq!(stage.platform.requests(STEP).len(), 1);
    let message = stage.queues.next_within(Queue::Error, Duration::from_secs(5)).unwrap();
    assert!(!message.payload.is_empty());
}

#[test]
fn all_that_is_missing_is_named_at_once() {
    let stage = Stage::new();
    let mut step = Launch::ours("sendSms", &stage.queues, &stage.platform)
        .without("FLOW_ID")
        .without("MESSAGE_CRYPTO_IV")
        .set("RABBITMQ_PREFETCH_SAILOR", "many")
        .set("HOOK_SHUTDOWN", "false")
        .start();
    assert_eq!(step.exit(), Some(1));
    for name in ["ELASTICIO_FLOW_ID", "ELASTICIO_MESSAGE_CRYPTO_IV", "ELASTICIO_RABBITMQ_PREFETCH"]
    {
        assert!(step.output().contains(name), "{name}:\n{}", step.output());
    }
}

#[test]
fn what_cannot_be_put_back_is_an_error() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    stage.queues.unbind(Queue::Rebound);
    simulator.ask("PUT", "faults", r#"{"every": 1, "fault": "status429", "remaining": 1000}"#);
    let mut step = sender(&stage, &simulator, &impatient()).start();
    stage.publish(&incoming(), &sms("0001", "a"));
    let (_, error, _) = stage.next_error();
    assert!(error["message"].as_str().unwrap().contains("no queue takes"), "{error}");
    stage.end(&mut step);
}

#[test]
fn an_account_without_credit_pauses_the_step_until_it_is_topped_up() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let add = json!({"subAccountLogin": "agence", "subAccountPassword": "a long pass phrase"});
    let made = simulator.run("subaccountAdd", "main", &[]).run(add.to_string()).quiet(0);
    let key = &made[0]["subAccountKeyId"];
    let mut step = sender(&stage, &simulator, &json!({"keyid": key})).start();
    stage.publish(&incoming(), &sms("0001", "a"));
    step.says("paused: the account is refused");
    assert_eq!(stage.queues.count(Queue::Error), 0);
    let give = json!({
        "subAccountEdit": "addCredit", "subAccountKeyId": key, "subAccountAddCredit": "2",
    });
    simulator.run("subaccountEdit", "main", &[]).run(give.to_string()).quiet(0);
    let (_, decrypted) = stage.next(Queue::Data);
    assert_eq!(decrypted["body"]["status"], "accepted", "{decrypted}");
    stage.end(&mut step);
    assert_eq!(simulator.total(), 1);
}

#[test]
fn a_bad_key_pauses_the_step_and_its_messages_are_put_back_when_it_stops() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let mut step = sender(&stage, &simulator, &json!({"keyid": "refused"})).start();
    for text in ["a", "b"] {
        stage.publish(&incoming(), &sms("0001", text));
    }
    step.says("paused: the account is refused");
    step.signal("TERM");
    assert_eq!(step.exit(), Some(0), "{}", step.output());
    let waiting = stage.queues.count(Queue::Input) + stage.queues.count(Queue::Rebound);
    assert_eq!((waiting, stage.queues.count(Queue::Error)), (2, 0));
}
