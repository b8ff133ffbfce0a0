//! Trackers, keys of messages, scopes, and the ids of what triggers tell: the same for the same for ever.

use mockito::{Matcher, Server};
use serde_json::Value;

use super::transcript::Transcript;
use crate::cli::Simulator;
use crate::poll_faults::packed;

#[test]
fn trackers_keys_and_scopes() {
    let (folder, mut transcript) = (tempfile::tempdir().unwrap(), Transcript::new());
    let journal = format!("file:{}?keep=90", folder.path().join("new.journal").display());
    transcript.mask.place("{journal}", journal);
    let single: &[&str] = &[
        r#"{"num":"0680010001","sms":"a","reference":"k1"}"#,
        r#"{"num":"0680010002","sms":"a","reference":"k2","tracker":"mine1"}"#,
        r#"{"requestBody":{"num":"0680010003","sms":"a","reference":4711}}"#,
        r#"{"id":"k4","body":{"num":"0680010004","sms":"a"}}"#,
        r#"{"id":"of the envelope","body":{"num":"0680010005","sms":"a","reference":"été 🎉"}}"#,
    ];
    let bulk: &[&str] = &[
        r#"{"num":["0680010001","0680010002","0680010001"],"sms":"a","reference":"k1"}"#,
        r#"{"recipients":[{"num":"0680010003","sms":"a"},{"num":"0680010004","sms":"b","tracker":"mine2"}],"reference":"k2"}"#,
        r#"{"num":"0680010005; 0142000000; 0680010011; 0680010006","sms":"a","reference":"k3"}"#,
    ];
    let run = "--journal {journal} --once-per-id --set kind=transactional";
    for (action, input, last) in
        [("sendSms", single, ""), ("sendSmsMulti", bulk, "--set batchSize=2")]
    {
        for more in [String::new(), "--job fixed".to_owned(), format!("--job été {last}")] {
            transcript.heading(&format!("{action} {more}"));
            let simulator = transcript.simulator();
            let line = format!("run {action} --server {{server}} {run} {more}");
            transcript.run(line.trim_end(), input);
            transcript.sent(&simulator);
        }
    }
    transcript.heading("in a test mode");
    transcript.run(&format!("run sendSms --server simulator {run}"), single);
    transcript.heading("all keys");
    transcript.run("journal list --json --journal {journal}", &[]);
    transcript.hold("ids.txt");
}

const REPORT: &[&str] = &[
    "date;tel;emetteur;sms;nb_sms;tracker;statut",
    "2026-01-05 12:00:00;33680010001;iSendPro;Bonjour;1;t1;0",
    "2026-01-05 12:00:00;33680010001;iSendPro;Bonjour;1;t1;0",
    "2026-01-05 12:00:01;33680010002;;\"a; b\";2;;",
];

/// What triggers remember: two numbers on the blacklist, and a credit above the threshold.
const SNAPSHOTS: [(&str, &str, &str); 2] = [
    (
        "newOptOuts",
        r#"{"blacklist":["0680010204","0680010203","0692112233"]}"#,
        r#"{"key":"88eb2c7b","at":"2026-12-01T00:03:08.65476399Z","seen":{"each":"M4Te4rynkFKYGTNE"},"version":1}"#,
    ),
    (
        "lowCredit --set threshold=20",
        r#"{"credit":5}"#,
        r#"{"low":false,"since":"2026-12-01T00:03:09.466336577Z","version":1}"#,
    ),
];

#[test]
fn what_triggers_tell() {
    let (folder, mut transcript) = (tempfile::tempdir().unwrap(), Transcript::new());
    let state = folder.path().join("state");
    transcript.mask.place("{state}", state.display().to_string());
    let mut server = Server::new();
    server.mock("GET", Matcher::Any).with_body(packed(REPORT)).create();
    for behaviour in ["emitPage", "emitIndividually"] {
        transcript.heading(behaviour);
        let set = format!("--server {{server}} --state {{state}} --set emitBehaviour={behaviour}");
        transcript.mask.place("{server}", server.url());
        transcript.run(&format!("poll newDeliveryReports {set}"), &[]);
        std::fs::remove_file(&state).unwrap();
        let simulator = transcript.simulator();
        account(&simulator, r#"{"blacklist":["0680010203","0692112233"]}"#);
        transcript.run(&format!("poll newOptOuts --set firstRun=emit {set}"), &[]);
        std::fs::remove_file(&state).unwrap();
    }
    for (trigger, now, snapshot) in SNAPSHOTS {
        transcript.heading(&format!("{trigger}, after {snapshot}"));
        let simulator = transcript.simulator();
        let line = format!("poll {trigger} --server {{server}} --state {{state}}");
        transcript.run(&line, &[]);
        // It is bound to the account, and so to the port of this simulator.
        let mut left: Value = serde_json::from_slice(&std::fs::read(&state).unwrap()).unwrap();
        left["snapshot"] = serde_json::from_str(snapshot).unwrap();
        std::fs::write(&state, left.to_string()).unwrap();
        account(&simulator, now);
        transcript.run(&line, &[]);
        left = serde_json::from_slice(&std::fs::read(&state).unwrap()).unwrap();
        transcript.lines("left:", &left["snapshot"].to_string());
        std::fs::remove_file(&state).unwrap();
    }
    transcript.hold("triggers.txt");
}

fn account(simulator: &Simulator, facts: &str) {
    let mut account: Value = serde_json::from_str(facts).unwrap();
    account["key"] = "main".into();
    simulator.ask("PUT", "accounts", &account.to_string());
}
