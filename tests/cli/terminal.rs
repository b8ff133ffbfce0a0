//! What a person at a terminal is told and asked. `script` makes the terminal.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::cli::{Finished, Simulator, json, program, sms};

/// Whether a terminal can be made. Says why not.
#[allow(clippy::print_stderr, reason = "a test that does nothing must say so")]
fn terminals() -> bool {
    let asked = Command::new("script").arg("--version").stdout(Stdio::null()).status();
    let there = asked.is_ok_and(|it| it.success());
    if !there {
        eprintln!("SKIPPED: there is no `script` (of util-linux), so there is no terminal");
    }
    there
}

/// Runs a shell's command in a terminal, where this is typed; if nothing, the input ends.
/// `isendpro` stands for the binary. All that the terminal shows is in `stdout`.
fn at_terminal(command: &str, folder: &Path, typed: Option<&str>) -> Finished {
    let binary = format!("'{}'", env!("CARGO_BIN_EXE_isendpro"));
    let command = command.replace("isendpro", &binary);
    let path = std::env::var("PATH").unwrap_or_default();
    let cli = program("script", &["-qec", &command, "/dev/null"]).env("PATH", &path);
    let cli = cli.env("TERM", "xterm").env("SHELL", "/bin/sh").key("main").folder(folder);
    let mut running = cli.start();
    let stdin = typed.map(|it| {
        running.send(it);
        running.take_stdin()
    });
    let finished = if stdin.is_some() { running.wait() } else { running.finish() };
    drop(stdin);
    finished
}

#[test]
fn a_person_sees_how_far_it_is_and_what_it_came_to() {
    if !terminals() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let input = [sms("0001", "a"), sms("0011", "b"), "{}".to_owned()].join("\n");
    std::fs::write(folder.path().join("in"), input).unwrap();
    let shown =
        at_terminal("isendpro run sendSms --server simulator <in >out", folder.path(), None);
    assert_eq!(shown.code, 3);
    for words in [
        "messages: 3, accepted: 1",
        "3 messages: 1 accepted, 1 refused, 1 invalid; 1 SMS billed; ",
        "[simulator: nothing real was sent]",
    ] {
        assert!(shown.stdout.contains(words), "no \"{words}\" in {}", shown.stdout);
    }
    let results = std::fs::read_to_string(folder.path().join("out")).unwrap();
    assert_eq!(results.lines().filter(|it| json(it).is_object()).count(), 3);
}

#[test]
fn what_a_terminal_obeys_is_escaped_where_results_go_to_one() {
    if !terminals() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let own = "\u{1b}]0;x\u{7} \u{9b}31m \u{202e} \u{7f} é";
    let input = json!({"num": "0680010001", "sms": "a", "meta": own}).to_string();
    std::fs::write(folder.path().join("in"), input).unwrap();
    let run = "isendpro run sendSms --server simulator --set kind=transactional <in";
    let shown = at_terminal(run, folder.path(), None).stdout;
    let obeyed = |it: char| isendpro_connector::printable::is_obeyed(it) && it != '\n';
    let result = shown.lines().find(|it| it.starts_with('{')).unwrap().trim_end();
    assert!(!result.contains(obeyed), "{result:?}");
    assert_eq!(json(result)["meta"], own);
    let out = at_terminal(&format!("{run} >out"), folder.path(), None);
    let written = std::fs::read_to_string(folder.path().join("out")).unwrap();
    assert!(written.contains("\u{9b}31m \u{202e}"), "{written:?} {out:?}");
}

#[test]
fn a_person_who_gives_no_input_is_told_what_is_expected() {
    if !terminals() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let shown = at_terminal("isendpro run sendSms --server simulator", folder.path(), None);
    for words in ["reads one JSON message a line", "Ctrl-D", r#"{"num":"06 80 01 02 03""#] {
        assert!(shown.stdout.contains(words), "no \"{words}\" in {}", shown.stdout);
    }
    assert_eq!(shown.code, 0);
}

#[test]
fn more_than_a_hundred_recipients_need_a_yes() {
    if !terminals() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let one: Vec<String> = (0..150).map(|it| sms("0001", &it.to_string())).collect();
    std::fs::write(folder.path().join("each"), one.join("\n")).unwrap();
    let num: Vec<String> = (100..201).map(|it| format!("068001{it:04}")).collect();
    let bulk = json!({"num": num, "sms": "a"}).to_string();
    std::fs::write(folder.path().join("bulk"), bulk).unwrap();
    let question = "recipients. Go on sending? [y/N]";
    for (action, input, typed, asked, code, taken) in [
        ("sendSms", "each", "n", true, 3, 100),
        ("sendSms", "each", "y", true, 0, 150),
        ("sendSms --yes", "each", "n", false, 0, 150),
        ("sendSms --dry-run", "each", "n", false, 0, 0),
        ("sendSmsMulti", "bulk", "", true, 3, 0),
        ("sendSmsMulti", "bulk", "oui", true, 0, 101),
    ] {
        let simulator = Simulator::start(&[]);
        let command = format!("isendpro run {action} --server {} <{input} >out", simulator.url);
        let shown = at_terminal(&command, folder.path(), Some(typed));
        assert_eq!(shown.stdout.contains(question), asked, "{action} {typed}: {}", shown.stdout);
        assert_eq!((shown.code, simulator.total()), (code, taken), "{action} {typed}");
    }
}

/// Who says no, and then yes, pays for each message once.
#[test]
fn what_was_sent_before_the_question_is_not_sent_again_after_it() {
    if !terminals() {
        return;
    }
    let (simulator, folder) = (Simulator::start(&[]), tempfile::tempdir().unwrap());
    let input: Vec<String> = (0..130).map(|it| sms("0001", &it.to_string())).collect();
    std::fs::write(folder.path().join("in"), input.join("\n")).unwrap();
    let url = &simulator.url;
    let command = format!("isendpro run sendSms --server {url} --journal file:sent <in >out");
    let refused = at_terminal(&command, folder.path(), Some("n"));
    assert_eq!((refused.code, simulator.total()), (3, 100));
    let rest = "go on with the same whole input";
    assert!(refused.stdout.contains(rest), "{}", refused.stdout);
    let resumed = at_terminal(&command.replace("<in", "--yes <in"), folder.path(), None);
    assert!(resumed.stdout.contains("resuming the last run"), "{}", resumed.stdout);
    assert_eq!((resumed.code, simulator.total()), (0, 130));
}
