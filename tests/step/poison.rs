//! Messages that would end a worker, and their neighbours.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::bytes_amqp::{Publisher, header, headers, lists, long, short, tables};
use crate::cli::Simulator;
use crate::contract::{sender, sms};
use crate::queues::{Queue, Queues};
use crate::rabbit::Rabbit;
use crate::stage::{Stage, incoming, with};
use crate::tls::Ca;

/// Who publishes what no client would, and under which names it gets to the step.
pub fn publisher(stage: &Stage) -> (Publisher, String, String) {
    let publisher = Publisher::connect(stage.queues.uri());
    (publisher, stage.queues.exchange(), stage.queues.name(Queue::Input))
}

/// Each in one frame of 128 KB, the largest that RabbitMQ takes; the deepest there can be are among them.
#[test]
fn headers_that_no_parser_survives_are_errors_of_their_message_alone() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let mut step = sender(&stage, &simulator, &json!({})).start();
    let (mut publisher, exchange, input) = publisher(&stage);
    let deep = |value: &[u8]| {
        let id = header(b"messageId", &[b"S", &long(b"m-deep")[..]].concat());
        headers(&[id, header(b"deep", value)].concat())
    };
    let voids = |count: usize| [b"A", &long(&b"V".repeat(count))[..]].concat();
    let (levels, values) = ("more than 32 levels", "more than 10000 values");
    let illegible = "not AMQP 0.9.1";
    let poison = [
        (deep(&lists(33)), levels),
        (deep(&lists(100)), levels),
        (deep(&lists(1_200)), levels),
        (deep(&lists(26_100)), levels),
        (deep(&tables(33)), levels),
        (deep(&tables(1_000)), levels),
        (deep(&tables(21_700)), levels),
        (deep(&voids(10_000)), values),
        (deep(&voids(130_000)), values),
        (headers(&header(b"\xff", b"V")), illegible),
        (deep(&[b"F", &long(&header(b"\xc3", b"V"))[..]].concat()), illegible),
        ([&(1_u16 << 10).to_be_bytes()[..], &short(b"\xff\xfe")].concat(), illegible),
    ];
    let count = poison.len();
    for (number, (properties, why)) in poison.into_iter().enumerate() {
        publisher.publish(&exchange, input.as_bytes(), &properties, b"payload");
        let own = json!({"messageId": format!("m-{number}")});
        stage.publish(&with(incoming(), &own), &sms("0001", &number.to_string()));
        let (message, error, error_input) = stage.next_error();
        let said = error["message"].as_str().unwrap();
        assert!(said.contains(why), "{number}: {error}");
        assert!(message.payload.len() < 4096 && !message.headers().contains_key("deep"));
        assert!(message.properties.headers().as_ref().unwrap().inner().len() < 20);
        assert_eq!(error_input, "payload");
        let (_, decrypted) = stage.next(Queue::Data);
        assert_eq!(decrypted["body"]["status"], "accepted", "{number}: {decrypted}");
    }
    // What lies just below the limits goes through: parsed, cloned, and dropped.
    for (text, value) in [("lists", lists(32)), ("tables", tables(32)), ("voids", voids(9_990))] {
        let payload = stage.codec.encrypt(&sms("0002", text), 1);
        publisher.publish(&exchange, input.as_bytes(), &deep(&value), &payload);
        assert_eq!(stage.next(Queue::Data).1["body"]["status"], "accepted", "{text}");
    }
    stage.end(&mut step);
    assert_eq!(stage.queues.count(Queue::Rejected) as usize, count, "each is there as it came");
    assert!(!step.output().contains("no messages can be taken"), "{}", step.output());
    assert_eq!(simulator.total(), count + 3);
}

/// A flow's payloads are encrypted alike, so whoever may publish can ask what a broken one was decrypted to.
#[test]
fn whoever_asks_what_cannot_be_opened_is_not_answered_and_all_of_it_is_one_error() {
    const QUESTIONS: u64 = 300;
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let step = sender(&stage, &simulator, &json!({})).set("ERROR_RATE_LIMIT", "100000");
    let mut step = step.start();
    let secret = stage.codec.encrypt(&sms("0001", "secret"), 2);
    let reply_to = json!({"reply_to": stage.queues.name(Queue::Reply), "protocolVersion": 2});
    let (mut told, mut names) = (HashSet::new(), HashSet::new());
    for question in 0..QUESTIONS {
        // The last byte of the block before decides about the padding: one of 256 is right.
        let block = &secret[16..32];
        let payload = [&[0; 8], &question.to_be_bytes()[..], block].concat();
        stage.queues.publish(&reply_to, &payload);
    }
    for garbage in [&b"x"[..], b"{}", b"\xff", br#"{"body":{"num":"0680010001"}}"#, &secret[..16]] {
        stage.queues.publish(&reply_to, garbage);
    }
    for _ in 0..QUESTIONS + 5 {
        let message = stage.queues.next(Queue::Error);
        let envelope: Value = serde_json::from_slice(&message.payload).unwrap();
        told.insert(envelope["error"].to_string());
        names.insert(message.headers().into_iter().map(|it| it.0).collect::<Vec<_>>());
    }
    assert_eq!((told.len(), names.len()), (1, 1), "{told:?} {names:?}");
    let lines = step.log().into_iter().filter(|it| it["msg"] == "message failed");
    let lines: HashSet<_> = lines.map(|it| it["error"].to_string()).collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(stage.queues.count(Queue::Reply), 0);
    // One that can be opened is still told what is wrong with it.
    stage.publish(
        &with(incoming(), &json!({"reply_to": reply_to["reply_to"]})),
        &json!({"body": {}}),
    );
    stage.next_error();
    assert_eq!(stage.next(Queue::Reply).1["name"], "invalid");
    stage.end(&mut step);
    assert_eq!(simulator.total(), 0);
}

/// By its own keys the step knows its queues; by a key that it does not know, its own answers.
#[test]
fn an_answer_that_leads_back_to_the_step_is_no_loop() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let mut step = sender(&stage, &simulator, &json!({})).start();
    let (mut publisher, exchange, input) = publisher(&stage);
    let unknown = format!("{input}-by-another-key");
    publisher.bind(&input, &exchange, unknown.as_bytes());
    let own = [Queue::Input, Queue::Data, Queue::Error, Queue::Rebound, Queue::Snapshot];
    let own = own.map(|it| (stage.queues.name(it), 1));
    for (key, errors) in own.into_iter().chain([(unknown, 2)]) {
        let to = json!({"reply_to": key});
        stage.publish(&with(incoming(), &to), &json!({"body": {"sms": "no number"}}));
        for _ in 0..errors {
            stage.next_error();
        }
        // What comes after it shows that nothing is under way any more.
        stage.publish(&incoming(), &sms("0001", &format!("after {key}")));
        assert_eq!(stage.next(Queue::Data).1["body"]["status"], "accepted");
        for queue in [Queue::Error, Queue::Rebound, Queue::Snapshot, Queue::Data] {
            assert_eq!(stage.queues.count(queue), 0, "{key}: {queue:?}");
        }
    }
    stage.end(&mut step);
    assert_eq!(simulator.total(), 6);
}

/// What is encrypted on the way is looked at where it is not any more.
#[test]
fn headers_are_looked_at_behind_tls_too() {
    let ca = Ca::new("company");
    let shown = ca.issue();
    let rabbit = Rabbit::over_tls(&shown.certificate, &shown.key);
    let queues = Queues::declare(&rabbit.uri());
    let (mut stage, simulator) = (Stage { queues, ..Stage::new() }, Simulator::start(&[]));
    let step = sender(&stage, &simulator, &json!({})).env("ISENDPRO_CA_FILE", &ca.file());
    let mut step = step.set("AMQP_URI", &rabbit.tls_uri()).start();
    let (mut publisher, exchange, input) = publisher(&stage);
    let deep = headers(&header(b"deep", &lists(1_200)));
    publisher.publish(&exchange, input.as_bytes(), &deep, b"payload");
    let (_, error, _) = stage.next_error();
    assert!(error["message"].as_str().unwrap().contains("more than 32 levels"), "{error}");
    stage.publish(&incoming(), &sms("0001", "behind TLS"));
    assert_eq!(stage.next(Queue::Data).1["body"]["status"], "accepted");
    stage.end(&mut step);
}
