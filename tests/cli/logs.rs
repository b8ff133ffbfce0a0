//! A log shows no word of others at `info`, and neither numbers nor texts at `debug`.

use std::path::Path;

use serde_json::json;

use crate::cli::{Finished, isendpro, json, web_server};

/// The server repeats what it was sent, with characters that a terminal obeys.
const ANSWER: &str = r#"{"etat":{"etat":[{"code":"777","message":"plover \u001b[31m\u0007\u009b\u202e 33680010001 0680010001 Xanadu\r\nERROR forged canary%2dKEY"}]}}"#;
const KEY: &str = "canary-KEY";
const TEXT: &str = "Xanadu est loin";

/// Messages that end in each way that quotes somebody, and what is quoted.
fn messages() -> String {
    let mistaken = |name: &str, value: &str| json!({"num": "0680010001", "sms": TEXT, name: value});
    [
        json!({"num": "0680010001", "sms": TEXT}),
        mistaken("quagmire", "flotsam"),
        mistaken("date_envoi", "flotsam"),
        mistaken("region", "flotsam"),
        json!({"num": "flotsam", "sms": TEXT}),
        json!({"num": "0680010001", "sms": "Xanadu Ж"}),
        json!({"num": "0680010001", "sms": TEXT, "keyid:canary-KEY": 1}),
        json!({"num": "0680010001", "sms": TEXT, "emetteur": "flotsam \u{7}\u{202e}"}),
    ]
    .map(|it| it.to_string())
    .join("\n")
}

fn run(level: &str, file: Option<&Path>) -> Finished {
    let server = web_server("200 OK", ANSWER);
    let cli = isendpro(&["run", "sendSms", "--server", &server, "--set", "giveUpAfter=0", "-v"]);
    let cli = cli.key(KEY).env("ISENDPRO_LOG", level);
    match file {
        Some(file) => cli.args(&["--log-file", file.to_str().unwrap()]).run(messages()),
        None => cli.run(messages()),
    }
}

/// The lines of the log, to stderr and to a file.
fn logged(level: &str) -> [String; 2] {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("log");
    let told = run(level, None);
    assert_eq!(told.lines().len(), 8, "{told:?}");
    assert!(told.stdout.contains("plover") && told.stdout.contains("quagmire"), "{told:?}");
    run(level, Some(&file));
    let log = std::fs::read_to_string(&file).unwrap();
    assert!(log.lines().all(|it| json(it).is_object()), "{log}");
    [told.stderr, log]
}

const NEVER: [&str; 5] = ["33680010001", "0680010001", "Xanadu", KEY, "canary%2dKEY"];

#[test]
fn at_info_a_log_has_no_word_of_others() {
    for log in logged("info") {
        assert_eq!(log.matches("message done").count(), 8, "{log}");
        for quoted in NEVER.iter().chain(&["plover", "forged", "quagmire", "flotsam", "Ж"]) {
            assert!(!log.contains(quoted), "{quoted}:\n{log}");
        }
        for told in ["code 777", "INVALID, nothing sent", "badCharacters", "badNumber"] {
            assert!(log.contains(told), "{told}:\n{log}");
        }
    }
}

#[test]
fn at_debug_it_has_them_without_numbers_and_texts_and_nothing_that_a_terminal_obeys() {
    for log in logged("debug") {
        for hidden in NEVER {
            assert!(!log.contains(hidden), "{hidden}:\n{log}");
        }
        for told in ["plover", "quagmire", "forged"] {
            assert!(log.contains(told), "{told}:\n{log}");
        }
        let obeyed = |it: char| it != '\n' && isendpro_connector::printable::is_obeyed(it);
        assert!(!log.chars().any(obeyed), "{log:?}");
        assert!(!log.lines().any(|it| it.trim_start().starts_with("ERROR forged")), "{log}");
    }
}
