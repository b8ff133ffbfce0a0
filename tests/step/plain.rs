//! A step on plain RabbitMQ: no platform, a file instead, and messages that anybody can read.

use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::cli::Simulator;
use crate::contract::{asking, sms};
use crate::queues::{Queue, Queues};
use crate::stage::Stage;
use crate::step::Launch;

/// The variables that only a platform can fill.
const OF_PLATFORM: &[&str] = &[
    "API_URI",
    "API_USERNAME",
    "API_KEY",
    "EXEC_ID",
    "CONTAINER_ID",
    "WORKSPACE_ID",
    "USER_ID",
    "COMP_ID",
    "MESSAGE_CRYPTO_PASSWORD",
    "MESSAGE_CRYPTO_IV",
];

fn json_of(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

fn publish(queues: &Queues, message: &Value) {
    queues.publish(&json!({"protocolVersion": 2}), message.to_string().as_bytes());
}

/// A step without a platform, which asks this simulator.
pub fn alone(function: &str, stage: &Stage, file: &Path, config: &Value) -> Launch {
    std::fs::write(file, json!({"config": config}).to_string()).unwrap();
    let launch = Launch::ours(function, &stage.queues, &stage.platform);
    let launch = OF_PLATFORM.iter().fold(launch, |it, name| it.without(name));
    launch.env("ISENDPRO_STEP_FILE", file.to_str().unwrap()).set("PROTOCOL_VERSION", "2")
}

/// The two parts of the next error: what is wrong, and with what.
fn next_error(queues: &Queues) -> [Value; 2] {
    let envelope = json_of(&queues.next(Queue::Error).payload);
    ["error", "errorInput"]
        .map(|it| json_of(&BASE64_STANDARD.decode(envelope[it].as_str().unwrap()).unwrap()))
}

#[test]
fn a_file_takes_the_place_of_the_platform() {
    let (stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut step = alone("sendSms", &stage, file.path(), &asking(&simulator)).start();

    publish(&stage.queues, &sms("0001", "a"));
    let message = stage.queues.next(Queue::Data);
    assert_eq!(json_of(&message.payload)["body"]["status"], "accepted");

    publish(&stage.queues, &json!({"body": {"sms": "no number"}}));
    let [error, input] = next_error(&stage.queues);
    assert_eq!((&error["name"], &input["body"]["sms"]), (&"invalid".into(), &"no number".into()));

    stage.end(&mut step);
    assert_eq!((simulator.total(), stage.platform.requests("").len()), (1, 0));
    assert!(!step.output().contains("no number"), "{}", step.output());
}

#[test]
fn a_slip_in_the_file_does_not_make_a_dry_run_a_real_one() {
    let stage = Stage::new();
    let file = tempfile::NamedTempFile::new().unwrap();
    let config = json!({"mod": "canary", "keyid": "canary"});
    let mut step = alone("sendSms", &stage, file.path(), &config).start();
    assert_eq!(step.exit(), Some(1), "{}", step.output());
    step.says("its config has a name that nobody knows: mod (did you mean mode?)");
    let slip = alone("sendSms", &stage, file.path(), &json!({})).env("ISENDPRO_JOURNL", "canary");
    let mut slip = slip.start();
    assert_eq!(slip.exit(), Some(1), "{}", slip.output());
    slip.says("ISENDPRO_JOURNL (did you mean ISENDPRO_JOURNAL?)");
    assert!(!(step.output() + &slip.output()).contains("canary"));
}

#[test]
fn a_step_warns_of_what_is_left_open() {
    let stage = Stage::new();
    let file = tempfile::NamedTempFile::new().unwrap();
    let config = json!({"emetteur": "canary", "_account": "x"});
    let mut step = alone("sendSms", &stage, file.path(), &config).start();
    step.says("kind is not set (marketing or transactional): hours and STOP mention are not");
    step.says("each message must bring its own");
    stage.end(&mut step);
    assert!(!step.output().contains("canary") && !step.output().contains("_account"));
}

#[test]
fn a_login_that_the_broker_refuses_is_told_in_words_and_tried_again() {
    let stage = Stage::new();
    let file = tempfile::NamedTempFile::new().unwrap();
    let launch = alone("sendSms", &stage, file.path(), &json!({}));
    let right = launch.variables()["ELASTICIO_AMQP_URI"].clone();
    let host = right.rsplit_once('@').map_or_else(
        || right.trim_start_matches("amqp://").to_owned(),
        |(_, host)| host.to_owned(),
    );
    let wrong = format!("amqp://guest:canary@{host}");
    let mut step = launch.set("AMQP_URI", &wrong).start();
    step.says("CONFIGURATION, nothing sent: the broker says: ACCESS_REFUSED - Login was refused");
    step.says("not connected yet");
    step.signal("TERM");
    assert_eq!(step.exit(), Some(0), "{}", step.output());
    let log = step.output();
    assert!(!log.contains("canary") && !log.contains("AMQPError"), "{log}");
    assert!(step.log().iter().all(|it| it["level"].as_u64() < Some(50)), "{log}");
}

#[test]
fn a_report_as_a_file_has_no_place_without_a_platform() {
    let (stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let file = tempfile::NamedTempFile::new().unwrap();
    let config = json!({
        "keyid": "main", "server": "custom", "otherServer": simulator.url, "emitBehaviour": "file",
    });
    let mut step = alone("getCampagne", &stage, file.path(), &config).start();
    let times = json!({"date_deb": "2026-01-01 00:00", "date_fin": "2026-01-02 00:00"});
    publish(&stage.queues, &json!({"body": times}));
    let [error, _] = next_error(&stage.queues);
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("no place for the attachment report.zip"), "{message}");
    assert!(message.contains("ELASTICIO_OBJECT_STORAGE_URI"), "{message}");
    stage.end(&mut step);
}
