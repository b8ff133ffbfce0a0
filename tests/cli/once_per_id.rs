//! `--once-per-id`: one id is for one thing, and that is sent once.

use serde_json::{Value, json};

use crate::cli::{Finished, Simulator};

/// A simulator, and a journal that no run before has seen.
struct Stage {
    simulator: Simulator,
    journal: String,
    _folder: tempfile::TempDir,
}

impl Stage {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let journal = format!("file:{}", folder.path().join("sent.journal").display());
        Self { simulator: Simulator::start(&[]), journal, _folder: folder }
    }

    fn run(&self, action: &str, message: &Value) -> Finished {
        let args = ["--journal", &self.journal, "--once-per-id"];
        self.simulator.run(action, "main", &args).run(message.to_string())
    }

    /// A run whose id was used for something else: nothing happens, and it says so; of recipients that
    /// were sent to under that id it does not say that they were not.
    fn refused(&self, action: &str, message: &Value, were_sent_to: bool) {
        let (code, kind) = if were_sent_to { (6, "unknown") } else { (3, "invalid") };
        let lines = self.run(action, message).quiet(code);
        let error = &lines[0]["error"];
        assert_eq!((&error["kind"], &error["field"]), (&json!(kind), &json!("reference")));
    }
}

/// The simulator refuses 0011, as being on the blacklist; 0142 is a landline.
#[test]
fn a_list_without_those_that_were_refused_is_not_sent_again() {
    let stage = Stage::new();
    let message = |num: &[&str]| json!({"num": num, "sms": "Bonjour", "reference": "r1"});
    let first = stage.run("sendSmsMulti", &message(&["0680010011", "0680017701"])).quiet(3);
    assert_eq!((&first[0]["accepted"], &first[0]["refused"]), (&json!(1), &json!(1)));
    stage.refused("sendSmsMulti", &message(&["0680017701"]), true);
    stage.refused("sendSmsMulti", &message(&["0142000000", "0142000001", "0680017701"]), true);
    let same = stage.run("sendSmsMulti", &message(&["0680010011", "0680017701"])).lines();
    assert_eq!(same[0]["results"][1]["replayed"], true);
    assert_eq!(stage.simulator.total(), 1);
}

#[test]
fn an_id_that_was_used_for_a_directory_or_a_link_is_not_taken_for_another() {
    let stage = Stage::new();
    let directory = |name: &str| {
        let made = json!({"repertoireNom": name, "reference": name});
        let id = stage.run("repertoireCrea", &made).quiet(0)[0]["repertoireId"].clone();
        let add = json!({"repertoireEdit": "add", "repertoireId": id, "num": ["0680010777"]});
        stage.simulator.run("repertoire", "main", &[]).run(add.to_string()).quiet(0);
        id.as_str().unwrap().to_owned()
    };
    let (one, two) = (directory("one"), directory("two"));
    for (action, mut message, field, other) in [
        ("sendSmsMulti", json!({"repertoireId": one, "sms": "a"}), "repertoireId", two.as_str()),
        (
            "sendSmsMulti",
            json!({"num": ["0680010001"], "repertoireId": one, "sms": "a"}),
            "repertoireId",
            two.as_str(),
        ),
        (
            "sendSmsMulti",
            json!({"recipients": [{"num": "0680010003", "sms": "b"}], "repertoireId": one, "sms": "a"}),
            "repertoireId",
            two.as_str(),
        ),
        (
            "addShortlink",
            json!({"shortlink": "https://a.example/x"}),
            "shortlink",
            "https://b.example/y",
        ),
    ] {
        message["reference"] =
            format!("{action} {} {}", message["num"], message["recipients"]).into();
        assert_eq!(stage.run(action, &message).code, 0);
        assert_eq!(stage.run(action, &message).quiet(0)[0]["replayed"], true);
        message["meta"] = 7.into();
        if let Some(recipient) = message.get_mut("recipients").and_then(|it| it.get_mut(0)) {
            recipient["sms"] = "another text".into();
        }
        assert_eq!(stage.run(action, &message).quiet(0)[0]["replayed"], true);
        message[field] = other.into();
        let has_recipients = message.get("num").or(message.get("recipients")).is_some();
        stage.refused(action, &message, has_recipients);
    }
}
