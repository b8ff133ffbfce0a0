//! Faults: what is said when an answer goes missing, against what the ledger says was taken.

use serde_json::{Value, json};

use crate::cli::{Simulator, sms};

/// The ending of the recipient's number, what is said of it, the exit code, and how often the
/// simulator took the message.
const CASES: &[(&str, &str, i32, usize)] = &[
    ("0001", "accepted", 0, 1),
    ("0011", "refused blacklisted", 3, 0),
    ("0021", "refused notAllocated", 3, 0),
    ("0429", "accepted", 0, 1),
    ("0430", "notSent", 3, 0),
    ("0500", "unknown", 6, 0),
    ("0501", "unknown", 6, 1),
    ("0900", "unknown", 6, 1),
    ("0901", "unknown", 6, 1),
    ("0902", "unknown", 6, 1),
    ("0903", "unknown", 6, 1),
    ("0904", "unknown", 6, 1),
    ("0905", "unknown", 6, 0),
    ("0906", "unknown", 6, 1),
    ("0907", "refused", 3, 0),
    ("0908", "refused", 3, 0),
];

/// Short times: a call takes at most two seconds, and a message is tried again for three. Which of them
/// wait is not told.
const SHORT: [&str; 7] =
    ["--quiet", "--set", "callTimeout=2", "--set", "connectTimeout=1", "--set", "giveUpAfter=0.05"];

/// What is said of a message: its status or the kind of its error, and the reason.
fn fate(line: &Value) -> String {
    let (what, reason) = match line.get("error") {
        Some(error) => (&error["kind"], None),
        None => (&line["status"], line["reason"].as_str()),
    };
    let what = what.as_str().unwrap();
    reason.map_or_else(|| what.to_owned(), |it| format!("{what} {it}"))
}

#[test]
fn each_message_is_taken_once_at_most_and_told_as_it_is() {
    for (ending, expected, code, taken) in CASES {
        let simulator = Simulator::start(&[]);
        let finished = simulator.run("sendSms", "main", &SHORT).run(sms(ending, "a"));
        let line = &finished.quiet(*code)[0];
        assert_eq!(fate(line), *expected, "{ending}: {line}");
        assert_eq!(simulator.total(), *taken, "{ending}: {line}");
        let Some(said) = line["error"]["message"].as_str() else { continue };
        let begins = match *expected {
            "unknown" => "MAY HAVE BEEN SENT, retrying may send twice: ",
            "notSent" => "NOT SENT, retry is safe: ",
            _ => "REFUSED by iSendPro (code 9",
        };
        assert!(said.starts_with(begins), "{ending}: {said}");
        assert_eq!(line["error"]["retryable"], *expected == "notSent");
    }
}

#[test]
fn all_faults_at_once_leave_the_others_alone() {
    let simulator = Simulator::start(&[]);
    let input: Vec<String> = CASES
        .iter()
        .enumerate()
        .flat_map(|(place, it)| [sms(it.0, "a"), sms("0001", &format!("fine {place}"))])
        .collect();
    let args = ["--concurrency", "32"];
    let run = simulator.run("sendSms", "main", &args).args(&SHORT).run(input.join("\n"));
    let lines = run.quiet(6);
    for (place, (ending, expected, ..)) in CASES.iter().enumerate() {
        assert_eq!(fate(&lines[2 * place]), *expected, "{ending}");
        assert_eq!(fate(&lines[2 * place + 1]), "accepted", "after {ending}");
    }
    let taken: usize = CASES.iter().map(|it| it.3).sum();
    assert_eq!(simulator.total(), taken + CASES.len());
}

#[test]
fn a_bulk_message_tells_of_each_recipient() {
    let bulk = |simulator: &Simulator, endings: &[&str], code| -> Value {
        let num: Vec<String> = endings.iter().map(|it| format!("068001{it}")).collect();
        let body = json!({"num": num, "sms": "a"}).to_string();
        simulator.run("sendSmsMulti", "main", &SHORT).run(body).quiet(code).remove(0)
    };
    let told = |line: &Value| -> Vec<String> {
        line["results"].as_array().unwrap().iter().map(fate).collect()
    };
    let simulator = Simulator::start(&[]);
    let line = bulk(&simulator, &["0001", "0011", "0906", "0001", "0021"], 6);
    let expected = [
        "accepted",
        "refused blacklisted",
        "unknown unavailable",
        "duplicate",
        "refused notAllocated",
    ];
    assert_eq!(told(&line), expected);
    assert_eq!(simulator.total(), 2, "the accepted and the unknown one");

    for (ending, taken) in [("0903", 3), ("0904", 3), ("0500", 0), ("0501", 3), ("0901", 3)] {
        let simulator = Simulator::start(&[]);
        let line = bulk(&simulator, &["0001", ending, "0002"], 6);
        assert_eq!((&line["unknown"], line.get("retry")), (&json!(3), None), "{ending}: {line}");
        assert_eq!(simulator.total(), taken, "{ending}");
    }

    let simulator = Simulator::start(&[]);
    let line = bulk(&simulator, &["0001", "0430", "0011"], 3);
    assert_eq!((&line["notSent"], simulator.total()), (&json!(3), 0), "{line}");
    assert_eq!(line["retry"]["recipients"].as_array().map(Vec::len), Some(3), "{line}");
}

#[test]
fn faults_now_and_then_double_nothing() {
    for (fault, taken, kind) in
        [("dropTaken", true, "unknown"), ("drop", false, "unknown"), ("status429", false, "")]
    {
        let simulator = Simulator::start(&[]);
        let faults = json!({"every": 4, "fault": fault, "remaining": 25}).to_string();
        simulator.ask("PUT", "faults", &faults);
        let input: Vec<String> = (0..200).map(|it| sms("0001", &format!("n {it}"))).collect();
        let run = simulator.run("sendSms", "main", &["--quiet", "--concurrency", "16"]);
        let lines = run.run(input.join("\n")).quiet(if kind.is_empty() { 0 } else { 6 });
        let accepted = lines.iter().filter(|it| fate(it) == "accepted").count();
        let failed = lines.iter().filter(|it| fate(it) == kind).count();
        assert_eq!((lines.len(), failed), (200, if kind.is_empty() { 0 } else { 25 }), "{fault}");
        assert_eq!(accepted, 200 - failed, "{fault}");
        assert_eq!(simulator.total(), if taken { 200 } else { accepted }, "{fault}");
    }
}
