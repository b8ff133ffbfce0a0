//! The flow of `docs/flow.md`, with the mappings as they are written there.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};
use tempfile::TempDir;

use crate::cli::Simulator;
use crate::node::Mapper;
use crate::queues::Queue;
use crate::stage::{Stage, incoming, with};
use crate::step::{Launch, Step};

const NAME: &str = "reminders-2026-11-30.csv";

/// The block of the document that begins with this line.
fn block(begin: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/flow.md");
    let document = fs::read_to_string(path).unwrap();
    let fence = format!("```{begin}\n");
    let mut found = document.split(&fence).skip(1);
    let block = found.next().unwrap_or_else(|| panic!("no block {begin}"));
    assert!(found.next().is_none(), "two blocks {begin}");
    block.split("\n```").next().unwrap().to_owned()
}

/// The rows of the document's file, as the CSV component gives them.
fn rows() -> Vec<Value> {
    let file = block("csv");
    let mut lines = file.lines().map(|it| it.split(','));
    let names: Vec<&str> = lines.next().unwrap().collect();
    let row = |cells| names.iter().map(|it| (*it).to_owned()).zip(cells).collect();
    lines.map(|it| Value::Object(row(it.map(Value::from)))).collect()
}

/// The steps around ours are played: what they say goes through the document's mappings.
struct Flow {
    stage: Stage,
    simulator: Simulator,
    mapper: Mapper,
    step: Step,
    _journal: TempDir,
}

impl Flow {
    fn start(action: &str) -> Self {
        Self::with(action, &json!({}))
    }

    /// With more fields of the step.
    fn with(action: &str, fields: &Value) -> Self {
        let (stage, simulator) = (Stage::new(), Simulator::start(&[]));
        let journal = tempfile::tempdir().unwrap();
        // Without tries of its own, the first 429 is the last word.
        let config = json!({
            "keyid": "main", "server": "custom", "otherServer": simulator.url,
            "kind": "transactional", "emitBehaviour": "problemsOnly", "whenRefused": "emit",
            "giveUpAfter": 0,
        });
        let config = with(config, fields);
        stage.platform.set_step(json!({"config": config, "is_passthrough": true}));
        let launch = Launch::ours(action, &stage.queues, &stage.platform);
        let path = format!("file:{}", journal.path().join("sent.journal").display());
        let launch = launch.set("STEP_ID", "step_3").env("ISENDPRO_JOURNAL", &path);
        let step = launch.env("ISENDPRO_BATCH_SIZE", "2").start();
        Self { stage, simulator, mapper: Mapper::start(), step, _journal: journal }
    }

    /// Gives our step what this mapping makes of what the step before it said.
    fn publish(&mut self, mapping: &str, said: &Value, file: &str) {
        let passthrough = json!({"step_1": {"body": {"filename": file}}, "step_2": {"body": said}});
        let body = self.mapper.map(&block(mapping), said, &passthrough);
        let message = json!({"body": body, "passthrough": passthrough});
        // Whatever is read again has another id on the platform.
        let id = json!({"messageId": uuid::Uuid::new_v4().to_string()});
        self.stage.publish(&with(incoming(), &id), &message);
    }

    /// What the Filter, which empties the body, and the mapping of the e-mail make of our next result.
    fn mail(&mut self, filter: &str, mappings: &[&str]) -> Option<Vec<String>> {
        let (_, result) = self.stage.next(Queue::Data);
        let passthrough = &result["passthrough"];
        if self.mapper.map(&block(filter), &result["body"], passthrough) != true {
            return None;
        }
        let text = |mapping: &&str| {
            let text = self.mapper.map(&block(mapping), &json!({}), passthrough);
            text.as_str().unwrap_or_else(|| panic!("{mapping}: {text}")).to_owned()
        };
        Some(mappings.iter().map(text).collect())
    }

    /// The subject and the text of the e-mail about a file with these rows.
    fn file(&mut self, rows: &[Value], name: &str) -> Option<Vec<String>> {
        self.publish("jsonata bulk", &json!({ "result": rows }), name);
        self.mail("jsonata filter", &["jsonata subject", "jsonata text"])
    }

    /// How often each number was sent to.
    fn sent(&self) -> Map<String, Value> {
        let mut sent = Map::new();
        for message in self.simulator.sent() {
            let count = sent.entry(message["tel"].as_str().unwrap()).or_insert(json!(0));
            *count = json!(count.as_u64().unwrap() + 1);
        }
        sent
    }

    fn end(mut self) {
        self.stage.end(&mut self.step);
    }
}

fn counts(counts: &Value) -> Map<String, Value> {
    counts.as_object().unwrap().clone()
}

/// Anne was accepted, Luc and Zoe are in doubt; all three were taken. Max was not.
fn at_first() -> Map<String, Value> {
    counts(&json!({"33680010001": 1, "33680010903": 1, "33680010002": 1}))
}

fn with_max() -> Map<String, Value> {
    let all = with(Value::Object(at_first()), &json!({"33680010429": 1}));
    counts(&all)
}

#[test]
fn the_file_of_the_document_becomes_its_mail() {
    let mut flow = Flow::start("sendSmsMulti");
    let mail = flow.file(&rows(), NAME).unwrap();
    assert_eq!(mail[0], format!("{NAME}: 6 SMS to look at"));
    assert_eq!(mail[1], block("text mail"), "\n{}", mail[1]);
    assert_eq!(flow.sent(), at_first());
    let anne = &flow.simulator.sent()[0];
    assert_eq!(anne["sms"], "Hello Anne, see you on Monday at 9:00.");
    flow.end();
}

#[test]
fn the_same_file_again_sends_nothing_and_returns_the_same() {
    let mut flow = Flow::start("sendSmsMulti");
    let first = flow.file(&rows(), NAME).unwrap();
    for _ in 0..2 {
        let mail = flow.file(&rows(), NAME).unwrap();
        assert!(mail[1].starts_with("Accepted: 1 SMS.\n\nREFUSED (3)"), "{}", mail[1]);
        assert_eq!(mail[1].lines().last(), first[1].lines().last());
        assert_eq!(flow.sent(), at_first());
    }
    flow.end();
}

#[test]
fn what_the_mail_says_to_post_sends_what_was_not_sent_once() {
    let max_alone = counts(&json!({"33680010429": 1}));
    // The text of a single recipient stands elsewhere in `retry`.
    for (rows, sent) in [(rows(), with_max()), (vec![rows()[4].clone()], max_alone)] {
        let mut flow = Flow::start("sendSmsMulti");
        let mail = flow.file(&rows, NAME).unwrap();
        let line: Value = serde_json::from_str(mail[1].lines().last().unwrap()).unwrap();
        for _ in 0..2 {
            flow.publish("jsonata again", &line, "");
            assert_eq!(flow.mail("jsonata filter", &[]), None, "all went well");
            assert_eq!(flow.sent(), sent);
        }
        flow.file(&rows, NAME);
        assert_eq!(flow.sent(), sent, "both is no more than one");
        flow.end();
    }
}

/// Two children with the telephone of one parent; and a row that was copied twice.
#[test]
fn a_row_that_is_left_out_is_in_the_mail_and_a_second_text_is_sent() {
    let mut flow = Flow::start("sendSmsMulti");
    let anne = rows()[0].clone();
    let rows = [anne.clone(), with(anne.clone(), &json!({"name": "Lea", "time": "9:15"})), anne];
    let mail = flow.file(&rows, NAME).unwrap();
    assert_eq!(mail[0], format!("{NAME}: 1 SMS to look at"));
    assert!(mail[1].starts_with("Accepted: 2 SMS.\n\nLEFT OUT (1)."), "{}", mail[1]);
    assert!(
        mail[1].contains("\n- line 4, Anne, 06 80 01 00 01: the same comes earlier"),
        "{}",
        mail[1]
    );
    let texts: Vec<_> = flow.simulator.sent().iter().map(|it| it["sms"].clone()).collect();
    let text = |name, time| json!(format!("Hello {name}, see you on Monday at {time}."));
    assert_eq!(texts, [text("Anne", "9:00"), text("Lea", "9:15")]);
    flow.end();
}

#[test]
fn a_dry_run_mails_what_would_be_refused() {
    let mut flow = Flow::with("sendSmsMulti", &json!({"mode": "dryRun"}));
    let mail = flow.file(&rows(), NAME).unwrap();
    assert!(mail[1].starts_with("Accepted: 0 SMS.\n\nREFUSED (2)"), "{}", mail[1]);
    assert_eq!(flow.sent(), Map::new());
    flow.end();
}

#[test]
fn when_the_credit_runs_out_the_mail_has_who_was_not_sent_to() {
    let mut flow = Flow::start("sendSmsMulti");
    flow.simulator.ask("PUT", "accounts", r#"{"key": "main", "credit": 0.05}"#);
    let mail = flow.file(&rows(), NAME).unwrap();
    assert!(mail[1].contains("\n\nNOT SENT (3)"), "{}", mail[1]);
    assert!(mail[1].contains("- line 5, Zoe, +33 6 80 01 00 02: "), "{}", mail[1]);
    assert_eq!(flow.sent(), counts(&json!({"33680010001": 1})));
    flow.step.says("paused: the account is refused");
    flow.end();
}

#[test]
fn a_file_without_rows_is_an_error() {
    let mut flow = Flow::start("sendSmsMulti");
    flow.publish("jsonata bulk", &json!({ "result": [] }), NAME);
    let (_, error, _) = flow.stage.next_error();
    assert!(error["message"].as_str().unwrap().starts_with("INVALID, nothing sent"), "{error}");
    flow.end();
}

#[test]
fn a_file_of_one_row_is_sent_and_another_content_or_name_is_another_message() {
    let mut flow = Flow::start("sendSmsMulti");
    let anne = &rows()[..1];
    for (count, name, time) in
        [(1, "a", "9:00"), (1, "a", "9:00"), (2, "a", "9:15"), (3, "b", "9:15")]
    {
        let row = with(anne[0].clone(), &json!({ "time": time }));
        assert_eq!(flow.file(&[row], name), None, "all went well");
        assert_eq!(flow.sent(), counts(&json!({ "33680010001": count })), "{name} {time}");
    }
    flow.end();
}

#[test]
fn with_one_message_a_row_a_corrected_file_sends_only_what_changed() {
    let mut flow = Flow::start("sendSms");
    let mut rows = rows();
    for (row, problem) in [
        (0, None),
        (
            1,
            Some(
                "Paul, 0680010011: nothing was sent. Le numéro de téléphone est dans la liste noire!",
            ),
        ),
    ] {
        flow.publish("jsonata row", &rows[row], NAME);
        let mail = flow.mail("jsonata rowFilter", &["jsonata rowText"]);
        assert_eq!(mail, problem.map(|it| vec![it.to_owned()]));
    }
    for (row, error) in [(2, "MAY HAVE BEEN SENT"), (4, "NOT SENT"), (5, "INVALID"), (6, "INVALID")]
    {
        flow.publish("jsonata row", &rows[row], NAME);
        let (_, shown, _) = flow.stage.next_error();
        assert!(shown["message"].as_str().unwrap().starts_with(error), "{row}: {shown}");
    }
    let before = flow.sent();
    rows[5]["mobile"] = json!("0680010003");
    flow.publish("jsonata row", &rows[0], NAME);
    assert_eq!(flow.mail("jsonata rowFilter", &[]), None);
    flow.publish("jsonata row", &rows[5], NAME);
    assert_eq!(flow.mail("jsonata rowFilter", &[]), None);
    let corrected = with(Value::Object(before), &json!({"33680010003": 1}));
    assert_eq!(flow.sent(), counts(&corrected));
    flow.end();
}
