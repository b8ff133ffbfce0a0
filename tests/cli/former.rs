//! A journal that one of the first versions has written (before the keys of messages were canonical)
//! goes on: `tests/resources/journals/former.journal.gz` has a run of `sendSms` that was killed, and a
//! job `ids` with `--once-per-id`.

use std::io::Read as _;

use serde_json::{Value, json};

use crate::cli::{Simulator, sms};

const JOURNAL: &[u8] = include_bytes!("../resources/journals/former.journal.gz");

struct Stage {
    simulator: Simulator,
    journal: String,
    _folder: tempfile::TempDir,
}

impl Stage {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("former.journal");
        let mut journal = Vec::new();
        flate2::read::GzDecoder::new(JOURNAL).read_to_end(&mut journal).unwrap();
        std::fs::write(&path, journal).unwrap();
        let journal = format!("file:{}", path.display());
        Self { simulator: Simulator::start(&[]), journal, _folder: folder }
    }

    fn run(&self, action: &str, args: &[&str], input: &str) -> crate::cli::Finished {
        let own = ["--journal", &self.journal];
        self.simulator.run(action, "main", &own).args(args).run(input)
    }
}

/// What the killed run was given: three pairs of equal messages, and two with a reference. The last
/// one ended in doubt.
fn input() -> String {
    let unnamed = (0..6).map(|it| {
        let text = it / 2;
        format!(r#"{{"sms":"former {text}","num":"0680010001","meta":{{"b":1,"a":2.0}}}}"#)
    });
    let named = [
        r#"{"num":"0680010001","sms":"named","reference":"r1"}"#.to_owned(),
        r#"{"num":"0680010903","sms":"in doubt","reference":"r2"}"#.to_owned(),
    ];
    unnamed.chain(named).map(|it| it + "\n").collect()
}

#[test]
fn its_interrupted_run_is_resumed() {
    let stage = Stage::new();
    let more = input() + &sms("0001", "not sent yet");
    let finished = stage.run("sendSms", &[], &more);
    finished.says(6, &["resuming the last run of sendSms", "7 already sent"]);
    let lines = finished.lines();
    assert!(lines[..7].iter().all(|it| it["replayed"] == true), "{lines:?}");
    assert_eq!(
        (&lines[7]["error"]["kind"], &lines[8]["status"]),
        (&json!("unknown"), &json!("accepted"))
    );
    assert_eq!(stage.simulator.total(), 1);
    // From now on it is remembered as others are.
    stage.run("sendSms", &[], &more).says(2, &["has sent this input"]);
    assert_eq!(stage.simulator.total(), 1);
}

#[test]
fn its_ids_are_not_sent_again() {
    let stage = Stage::new();
    let args = ["--once-per-id", "--job", "ids"];
    let one = json!({"reference": "i1", "num": "0680010001", "sms": "other text"}).to_string();
    let bulk = json!({"reference": "i2", "sms": "bulk", "num": ["0680010001", "0680010002"]});
    let other = json!({"reference": "i2", "sms": "bulk", "num": ["0680010003", "0680010002"]});
    assert_eq!(stage.run("sendSms", &args, &one).quiet(0)[0]["replayed"], true);
    let results =
        stage.run("sendSmsMulti", &args, &bulk.to_string()).quiet(0)[0]["results"].clone();
    let replayed = |it: &Value| it["replayed"] == true;
    assert!(results.as_array().unwrap().iter().all(replayed), "{results}");
    stage.run("sendSmsMulti", &args, &other.to_string()).quiet(6);
    assert_eq!(stage.simulator.total(), 0);
}
