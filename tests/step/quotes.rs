//! A step's log shows no word of others at `info`, and neither numbers nor texts at `debug`.

use serde_json::json;

use crate::cli::{Simulator, web_server};
use crate::contract::sender;
use crate::platform::Fault;
use crate::queues::Queue;
use crate::stage::{Stage, incoming};

/// A refusal, and a failure of the server: both repeat what they were sent.
const REFUSES: &str = r#"{"etat":{"etat":[{"code":"777","tel":"33680010001","message":"plover 33680010001 Xanadu canary&#45;KEY \u001b[31m\nforged"}]}}"#;

/// The log of a step with this level, at which each way of quoting has come up.
fn logged(level: &str, status: &'static str) -> String {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let server = web_server(status, REFUSES);
    let own = json!({"keyid": "canary-KEY", "otherServer": server, "giveUpAfter": "0", "whenRefused": "throw"});
    let mut step = sender(&stage, &simulator, &own).set("REBOUND_INITIAL_EXPIRATION", "1");
    step = step.env("LOG_LEVEL", level);
    let mut step = step.start();
    let bodies = [
        json!({"num": "0680010001", "sms": "Xanadu est loin"}),
        json!({"num": "0680010001", "sms": "Xanadu", "quagmire": "flotsam"}),
        json!({"num": "0680010001", "sms": "Xanadu", "date_envoi": "flotsam"}),
    ];
    let mut told = String::new();
    for body in bodies {
        stage.publish(&incoming(), &json!({ "body": body }));
        let (_, error, _) = stage.next_error();
        told += error["message"].as_str().unwrap();
    }
    // Who waits for the error reads all of it.
    assert!(told.contains("plover") && told.contains("quagmire"), "{told}");
    stage.end(&mut step);
    assert_eq!(stage.queues.count(Queue::Rebound), 0);
    step.output().clone()
}

#[test]
fn a_steps_log_has_no_word_of_others_before_debug() {
    for (status, code) in [("200 OK", "code 777"), ("500 Oops", "MAY HAVE BEEN SENT")] {
        let log = logged("info", status);
        for quoted in
            ["plover", "forged", "quagmire", "flotsam", "Xanadu", "33680010001", "0680010001"]
        {
            assert!(!log.contains(quoted), "{quoted}:\n{log}");
        }
        assert!(log.contains(code) && log.contains("message failed"), "{log}");
    }
}

#[test]
fn at_debug_it_has_them_masked() {
    let log = logged("debug", "200 OK");
    for hidden in ["Xanadu", "33680010001", "0680010001", "canary"] {
        assert!(!log.contains(hidden), "{hidden}:\n{log}");
    }
    assert!(log.contains("plover") && log.contains("quagmire"), "{log}");
    assert!(!log.contains("\\u001b") && !log.contains('\u{1b}'), "{log}");
}

/// The log of a step whose storage fails in words of its own.
fn logged_of_the_platform(level: &str) -> String {
    const SAID: &str = "plover 0680010001 \u{1b}[31m\u{9b}\nforged";
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    stage.platform.fail("GET /objects/given", Fault::Status(500, SAID), usize::MAX);
    let step = sender(&stage, &simulator, &json!({})).storage(&stage.platform);
    let mut step = step.env("LOG_LEVEL", level).start();
    let marker = json!({"x-ipaas-object-storage-id": "given"});
    stage.publish(&incoming(), &json!({"id": "m", "body": {}, "headers": marker}));
    let (_, error, _) = stage.next_error();
    let told = error["message"].as_str().unwrap();
    assert!(told.contains("HTTP 500: plover 0680010001 [31m forged"), "{told}");
    stage.end(&mut step);
    step.output().clone()
}

#[test]
fn what_the_platform_says_is_in_the_log_at_debug_alone() {
    let log = logged_of_the_platform("info");
    assert!(log.contains("HTTP 500") && !log.contains("plover"), "{log}");
    let log = logged_of_the_platform("debug");
    assert!(log.contains("plover ***") && !log.contains("0680010001"), "{log}");
    assert!(log.lines().all(|it| it.starts_with('{')) && !log.contains("\\u00"), "{log}");
}
