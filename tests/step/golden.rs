//! Golden files of steps: what they publish for a message, and what their journal makes of it when it
//! comes again. `cargo nextest run --run-ignored only -E 'test(golden::record)'` records that journal anew.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::{Value, json};

use self::file::{Mask, hold, pack, unpack};
use crate::cli::Simulator;
use crate::contract::asking;
use crate::queues::Queue::{self, Data, Error, Rebound, Snapshot};
use crate::stage::{Stage, incoming, with};
use crate::step::{Launch, Step};

#[path = "../support/golden.rs"]
mod file;

const JOURNAL: &str = "golden-step.journal.gz";

/// A step's surroundings, and what came out of it so far.
struct Transcript {
    stage: Stage,
    simulator: Simulator,
    journal: Option<PathBuf>,
    mask: Mask,
    text: String,
}

impl Transcript {
    fn new(journal: Option<PathBuf>) -> Self {
        let (stage, simulator, mut mask) = (Stage::new(), Simulator::start(&[]), Mask::new());
        mask.place("{server}", &simulator.url);
        mask.pattern(
            r"[0-9a-f]{8}-[0-9a-f]{4}-[47][0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}",
            "{random}",
        );
        mask.pattern(r"\b1[0-9]{12}\b", "{now}");
        Self { stage, simulator, journal, mask, text: String::new() }
    }

    fn start(&mut self, function: &str, options: &Value) -> Step {
        writeln!(self.text, "\n## {function} {options}\n").unwrap();
        let mut config = with(asking(&self.simulator), &json!({"_account": "a1"}));
        if !function.starts_with("send") {
            config.as_object_mut().unwrap().remove("kind");
        }
        self.stage
            .platform
            .set_step(json!({"config": with(config, options), "is_passthrough": false}));
        let launch = Launch::ours(function, &self.stage.queues, &self.stage.platform);
        let launch = launch.env("ISENDPRO_BATCH_SIZE", "2").env("ISENDPRO_CONCURRENCY", "1");
        let journal = self.journal.iter().map(|it| format!("file:{}?keep=36500", it.display()));
        journal.fold(launch, |launch, it| launch.env("ISENDPRO_JOURNAL", &it)).start()
    }

    /// Publishes a message under this id, and adds what these queues get then.
    fn publish(&mut self, id: &str, message: &Value, queues: &[Queue]) -> Vec<Value> {
        writeln!(self.text, "< {id} {message}").unwrap();
        self.stage.publish(&with(incoming(), &json!({"messageId": id})), message);
        queues.iter().map(|it| self.take(*it)).collect()
    }

    /// Adds the next message of a queue; what is put back goes in once more.
    fn take(&mut self, queue: Queue) -> Value {
        let (message, said, beside) = match queue {
            Error => {
                let (message, error, input) = self.stage.next_error();
                (message, error, self.stage.codec.decrypt(input.as_bytes(), 1))
            }
            Snapshot => {
                let message = self.stage.queues.next(queue);
                let snapshot = serde_json::from_slice(&message.payload).unwrap();
                (message, snapshot, Value::Null)
            }
            _ => {
                let (message, said) = self.stage.next(queue);
                (message, said, Value::Null)
            }
        };
        let properties = &message.properties;
        let expiration = properties.expiration().as_ref().map(|it| it.as_str().to_owned());
        let headers = Value::Object(message.headers());
        let lines = format!("{queue:?} {headers} {expiration:?}\n  {said}\n  {beside}\n");
        self.text += &self.mask.mask(&lines).replace("\n  null\n", "\n");
        if queue == Rebound {
            let again = (message.properties, message.payload);
            self.stage.queues.publish_all(Queue::Input, vec![again]);
        }
        said
    }

    fn sent(&mut self) {
        let facts = |it: &Value| json!([it["tel"], it["sms"], it["tracker"]]).to_string() + "\n";
        let sent: String = self.simulator.sent().iter().map(facts).collect();
        writeln!(self.text, "sent:\n{sent}").unwrap();
    }
}

fn sms(num: &str, more: &Value) -> Value {
    json!({"body": with(json!({"num": num, "sms": "Bonjour"}), more)})
}

/// One message for each way in which a single SMS ends.
fn single(transcript: &mut Transcript, again: bool) {
    let mut step = transcript.start("sendSms", &json!({"giveUpAfter": "0.01"}));
    let all = json!({"reference": "r1", "meta": {"a": 1.5}, "raw": true});
    for (id, message, queues) in [
        ("accepted", sms("0680010001", &json!({})), vec![Data]),
        ("all", sms("0680010002", &all), vec![Data]),
        ("refused", sms("0680010011", &json!({})), vec![Data]),
        ("invalid", sms("0142000000", &json!({})), vec![Error]),
        ("unknown", sms("0680010903", &json!({"reference": "r2"})), vec![Error]),
        (
            "put-back",
            sms("0680010429", &json!({})),
            if again { vec![Data] } else { vec![Rebound, Data] },
        ),
    ] {
        transcript.publish(id, &message, &queues);
    }
    transcript.stage.end(&mut step);
    let mut step = transcript.start("sendSms", &json!({"giveUpAfter": 0, "whenRefused": "throw"}));
    transcript.publish("thrown", &sms("0680010011", &json!({})), &[Error]);
    transcript.publish("not-sent", &sms("0680010430", &json!({})), &[Error]);
    transcript.stage.end(&mut step);
}

fn bulk(nums: &[&str]) -> Value {
    json!({"id": nums[0], "body": {"num": nums, "sms": "Bonjour", "meta": {"n": 1}}})
}

/// Bulk messages, one of which returns what was not sent.
fn several(transcript: &mut Transcript, again: bool) -> Value {
    let mut step = transcript.start("sendSmsMulti", &json!({"giveUpAfter": 0}));
    transcript.publish("mixed", &bulk(&["0680010001", "0680010011", "0142000000"]), &[Data]);
    transcript.publish("doubt", &bulk(&["0680010003", "0680010903", "0680010004"]), &[Data]);
    if !again {
        let second = r#"{"every":2,"fault":"status429","remaining":1}"#;
        transcript.simulator.ask("PUT", "faults", second);
    }
    let returned = transcript.publish("returned", &returned(), &[Data]).remove(0);
    transcript.stage.end(&mut step);
    let mut step = transcript.start("sendSmsMulti", &json!({"emitBehaviour": "emitIndividually"}));
    transcript.publish("each", &bulk(&["0680010005", "0680010011"]), &[Data, Data]);
    transcript.stage.end(&mut step);
    returned
}

/// Its second request is turned away the first time.
fn returned() -> Value {
    bulk(&["0680010012", "0680010011", "0680010013", "0680010014"])
}

#[test]
fn what_a_step_publishes() {
    let mut transcript = Transcript::new(None);
    single(&mut transcript, false);
    several(&mut transcript, false);
    let mut step = transcript.start("newOptOuts", &json!({"firstRun": "emit"}));
    transcript.simulator.ask("PUT", "accounts", r#"{"key":"main","blacklist":["0680010203"]}"#);
    transcript.publish("trigger", &json!({"body": {}}), &[Data, Snapshot]);
    transcript.stage.end(&mut step);
    transcript.sent();
    hold("step.txt", &transcript.text);
}

/// The same messages come again, and then what one of them returned.
#[test]
fn a_journal_of_today_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("golden.journal");
    unpack(JOURNAL, &path);
    let mut transcript = Transcript::new(Some(path));
    single(&mut transcript, true);
    let returned = several(&mut transcript, true);
    let mut step = transcript.start("sendSmsMulti", &json!({"giveUpAfter": 0}));
    assert_eq!(
        returned["body"]["retry"]["recipients"].as_array().map(Vec::len),
        Some(2),
        "{returned}"
    );
    transcript.publish(
        "retry",
        &json!({"id": "retry", "body": returned["body"]["retry"]}),
        &[Data],
    );
    transcript.stage.end(&mut step);
    transcript.sent();
    hold("step-journal.txt", &transcript.text);
}

mod record {
    use super::*;

    #[test]
    #[ignore = "it replaces a journal that later versions have to read"]
    fn the_journal() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("golden.journal");
        let mut transcript = Transcript::new(Some(path.clone()));
        single(&mut transcript, false);
        several(&mut transcript, false);
        pack(&path, JOURNAL);
    }
}
