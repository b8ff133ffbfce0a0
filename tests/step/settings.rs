//! What the platform's variables change.

use std::io::ErrorKind;
use std::net::TcpListener;

use serde_json::{Value, json};

use crate::cli::Simulator;
use crate::contract::{sender, sms};
use crate::platform::Fault;
use crate::queues::Queue;
use crate::stage::{Stage, incoming, outgoing, settled, with};
use crate::step::Launch;

const STARTUP: &str = "/sailor-support/hooks/task/flow1/startup/data";

#[test]
fn who_waits_is_not_told_of_errors_where_the_platform_says_so() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let mut step = sender(&stage, &simulator, &json!({})).set("NO_ERROR_REPLIES", "true").start();
    let to = json!({"reply_to": stage.queues.name(Queue::Reply)});
    stage.publish(&with(incoming(), &to), &json!({"body": {"sms": "no number"}}));
    let (message, ..) = stage.next_error();
    assert_eq!(message.headers()["reply_to"], to["reply_to"]);
    // A reply would have gone out before the error.
    stage.end(&mut step);
    assert_eq!(stage.queues.count(Queue::Reply), 0);
}

#[test]
fn variables_go_out_as_headers_and_never_in_place_of_the_steps_own() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let listed = "ELASTICIO_TENANT_ID, FOO_BAR,ELASTICIO_STEP_ID,ELASTICIO_THREAD_ID,NOT_SET";
    let step = sender(&stage, &simulator, &json!({})).set("ADDITIONAL_VARS_FOR_HEADERS", listed);
    let step = step.set("TENANT_ID", "tenant1").set("THREAD_ID", "not this").env("FOO_BAR", "é");
    let mut step = step.start();
    let more = json!({"tenantId": "tenant1", "fooBar": "é"});
    stage.publish(&incoming(), &sms("0001", "a"));
    let (message, decrypted) = stage.next(Queue::Data);
    let own = with(more.clone(), &json!({"messageId": decrypted["id"], "protocolVersion": 1}));
    assert_eq!(settled(&message, &["start", "end"], None), outgoing("sendSms", &own));
    stage.publish(&incoming(), &json!({"body": {}}));
    let (message, ..) = stage.next_error();
    let headers = settled(&message, &["start", "end"], Some("messageId"));
    assert_eq!(headers, outgoing("sendSms", &more));
    stage.end(&mut step);
}

/// A step of which the platform wants that what came in is passed on, so that it can be seen.
fn mirror(stage: &Stage) -> Launch {
    stage.platform.set_step(json!({"config": {"keyid": "main"}, "is_passthrough": true}));
    Launch::ours("startFlow", &stage.queues, &stage.platform).set("NO_SELF_PASSTRHOUGH", "true")
}

#[test]
fn a_step_may_be_given_the_errors_of_others() {
    let mut stage = Stage::new();
    let mut step = mirror(&stage).set("INPUT_FORMAT", "error").start();
    let (error, input) = (json!({"name": "Error", "message": "é"}), json!({"body": {"n": 1}}));
    let encrypted = |it: &Value, codec: &mut crate::node::Codec| {
        String::from_utf8(codec.encrypt(it, 1)).unwrap()
    };
    let (sealed, sealed_input) =
        (encrypted(&error, &mut stage.codec), encrypted(&input, &mut stage.codec));
    let whole = json!({"error": sealed, "errorInput": sealed_input});
    // What reaches such a step is not always of an input.
    for (payload, expected) in [
        (whole, json!({"error": error, "errorInput": input})),
        (json!({ "error": sealed }), json!({ "error": error })),
    ] {
        stage.queues.publish(&incoming(), payload.to_string().as_bytes());
        let (_, decrypted) = stage.next(Queue::Data);
        let passed = &decrypted["passthrough"]["step_1"];
        assert_eq!((&passed["body"], &passed["headers"]), (&expected, &incoming()));
    }
    stage.queues.publish(&incoming(), br#"{"error": "bm90IGVuY3J5cHRlZA=="}"#);
    let (_, error, _) = stage.next_error();
    assert!(error["message"].as_str().unwrap().contains("cannot be decrypted"), "{error}");
    stage.end(&mut step);
}

#[test]
fn an_empty_delivery_is_an_empty_message() {
    let mut stage = Stage::new();
    let mut step = mirror(&stage).start();
    stage.queues.publish(&incoming(), b"");
    let (_, decrypted) = stage.next(Queue::Data);
    assert_eq!(decrypted["passthrough"]["step_1"], json!({}));
    stage.end(&mut step);
}

#[test]
fn the_first_start_of_a_flow_leaves_a_note_and_writes_an_older_one_anew() {
    let stage = Stage::new();
    for methods in [&["POST"][..], &["POST", "DELETE", "POST"]] {
        let mut step = mirror(&stage).set("STARTUP_REQUIRED", "1").start();
        step.says("waiting for messages");
        stage.end(&mut step);
        assert_eq!(stage.platform.startup(), Some(json!({})));
        let asked = stage.platform.requests("");
        let asked = asked.iter().map(|it| it.line.strip_suffix(STARTUP).map(str::trim));
        let asked: Vec<_> = asked.flatten().collect();
        assert!(asked.ends_with(methods), "{asked:?}");
    }
}

#[test]
fn the_hook_for_the_end_of_a_flow_takes_the_note_away_and_asks_no_broker() {
    let stage = Stage::new();
    let broker = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("amqp://{}/%2f", broker.local_addr().unwrap());
    let mut first = mirror(&stage).set("STARTUP_REQUIRED", "1").start();
    first.says("waiting for messages");
    stage.end(&mut first);
    // Again, where there is nothing to take away.
    for _ in 0..2 {
        let mut step = mirror(&stage).set("HOOK_SHUTDOWN", "1").set("AMQP_URI", &address).start();
        assert_eq!(step.exit(), Some(0), "{}", step.output());
        assert_eq!(stage.platform.startup(), None);
    }
    broker.set_nonblocking(true).unwrap();
    assert_eq!(broker.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
fn the_hook_for_the_end_of_a_flow_stops_when_it_is_told_while_the_platform_is_silent() {
    let stage = Stage::new();
    let asked = format!("DELETE {STARTUP}");
    stage.platform.fail(&asked, Fault::Silence, 9);
    let mut step = mirror(&stage).set("HOOK_SHUTDOWN", "1").start();
    stage.platform.wait_for(1, &asked);
    step.signal("TERM");
    assert_eq!(step.exit(), Some(0), "{}", step.output());
    step.says("stopped before the platform let go of the step's start-up data");
}
