//! A run that was interrupted, and is resumed under other settings: nothing that was sent is denied, nor
//! told as sent to somebody else.

use std::path::Path;

use serde_json::{Value, json};

use crate::cli::{Cli, Simulator};

const COUNT: usize = 32;

fn run(simulator: &Simulator, folder: &Path, key: &str, args: &[&str]) -> Cli {
    let journal = format!("file:{}", folder.join("sent.journal").display());
    simulator.run("sendSms", key, &["--journal", &journal]).args(args)
}

/// Messages that only these settings take: two parts, a character to repair, no STOP mention.
fn messages() -> Vec<String> {
    let text = |it| format!("n {it} œ {}", "a".repeat(160));
    let message = |it| json!({"num": format!("06800177{it}"), "sms": text(it), "nostop": true});
    (60..60 + COUNT).map(|it| message(it).to_string()).collect()
}

/// Sends all messages, and is killed before it hears that there are no more.
fn interrupted(simulator: &Simulator, folder: &Path, messages: &[String]) {
    let mut running = run(simulator, folder, "main", &[]).start();
    for message in messages {
        running.send(message);
    }
    for _ in messages {
        assert_eq!(running.line()["status"], "accepted");
    }
    running.signal("KILL");
    running.wait();
}

/// The kinds of error, or statuses, of a run that is resumed so; each with what was said.
fn resumed(key: Option<&str>, args: &[&str]) -> Vec<(String, String)> {
    let (simulator, folder) = (Simulator::start(&[]), tempfile::tempdir().unwrap());
    let messages = messages();
    interrupted(&simulator, folder.path(), &messages);
    let again = run(&simulator, folder.path(), key.unwrap_or_default(), args);
    let lines = again.run(messages.join("\n")).lines();
    assert_eq!(simulator.total(), COUNT);
    let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
    let told = lines.iter().map(|it| match it.get("error") {
        Some(error) => (text(&error["kind"]), text(&error["message"])),
        None => (text(&it["status"]), it["replayed"].to_string()),
    });
    told.collect()
}

fn all_say(told: &[(String, String)], kind: &str, words: &str) {
    assert_eq!(told.len(), COUNT);
    let wrong = told.iter().filter(|it| it.0 != kind || !it.1.contains(words));
    let wrong: Vec<_> = wrong.collect();
    assert!(wrong.is_empty(), "{} of {COUNT} are not {kind}: {:?}", wrong.len(), wrong.first());
}

#[test]
fn what_was_sent_under_other_settings_is_not_denied() {
    for setting in ["maxParts=1", "textPolicy=strict", "kind=marketing"] {
        let told = resumed(Some("main"), &["--set", setting]);
        all_say(&told, "unknown", "an earlier try of this message was accepted");
    }
}

#[test]
fn what_was_sent_is_told_without_a_key() {
    all_say(&resumed(None, &[]), "accepted", "true");
}

#[test]
fn what_was_sent_to_another_number_or_on_another_account_is_no_replay() {
    let told = resumed(Some("main"), &["--set", "region=NL"]);
    all_say(&told, "unknown", "num: was read as another number, ending in ");
    let told = resumed(Some("other"), &[]);
    all_say(&told, "unknown", "keyid: an earlier try of this message was accepted with another");
}
