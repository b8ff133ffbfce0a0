//! Never twice: runs with a journal, killed and resumed, counted at the simulator's ledger.

use std::collections::HashMap;
use std::path::Path;

use serde_json::{Value, json};

use crate::cli::{Cli, Finished, Simulator, isendpro, sms, until};

const IN_FLIGHT: usize = 50;

fn journal(folder: &Path) -> String {
    format!("file:{}", folder.join("sent.journal").display())
}

/// `sendSms` with a journal in this folder.
fn run(simulator: &Simulator, folder: &Path, args: &[&str]) -> Cli {
    let concurrency = IN_FLIGHT.to_string();
    let journal = journal(folder);
    let all = ["--journal", &journal, "--concurrency", &concurrency];
    simulator.run("sendSms", "main", &all).args(args)
}

/// Messages to numbers without a scenario of the simulator, each with a text of its own.
fn plain(count: usize) -> String {
    (0..count).map(|it| sms("0001", &format!("n {it}")) + "\n").collect()
}

fn counted(finished: &Finished) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for line in finished.lines() {
        let status = line["status"].as_str().or(line["error"]["kind"].as_str()).unwrap();
        *counts.entry(status.to_owned()).or_insert(0) += 1;
    }
    counts
}

#[test]
fn a_run_that_is_killed_again_and_again_sends_nothing_twice() {
    let simulator = Simulator::start(&["--latency", "20"]);
    let folder = tempfile::tempdir().unwrap();
    let (count, input) = (350, plain(350));
    for killed_at in [90, 170, 260] {
        let mut running = run(&simulator, folder.path(), &[]).start();
        let feeding = running.feed(input.clone().into_bytes());
        // Its results are read meanwhile: a pipe does not hold those of all that is in doubt.
        while simulator.total() < killed_at {
            running.line();
        }
        running.signal("KILL");
        running.wait();
        feeding.join().unwrap();
    }
    let finished = run(&simulator, folder.path(), &[]).run(&input);
    let counts = counted(&finished);
    let accepted = counts.get("accepted").copied().unwrap_or(0);
    let unknown = counts.get("unknown").copied().unwrap_or(0);
    assert_eq!(accepted + unknown, count, "{counts:?}");
    assert!(unknown <= 3 * IN_FLIGHT, "{counts:?}");
    // Each was taken once at most: total() looks for doubles. What is accepted was taken, and what
    // is in doubt may have been.
    let total = simulator.total();
    assert!((accepted..=count).contains(&total), "{total} {counts:?}");
    finished.says(if unknown > 0 { 6 } else { 0 }, &["resuming the last run of sendSms"]);
    let replayed = finished.lines().iter().filter(|it| it["replayed"] == true).count();
    assert!(replayed + unknown >= 260, "{replayed} {unknown}");
}

#[test]
fn a_run_that_is_asked_to_stop_is_resumed_without_a_doubt() {
    let simulator = Simulator::start(&["--latency", "20"]);
    let folder = tempfile::tempdir().unwrap();
    let input = plain(500);
    let mut running = run(&simulator, folder.path(), &[]).start();
    let feeding = running.feed(input.clone().into_bytes());
    until("half is sent", || simulator.total() >= 250);
    running.signal("TERM");
    assert_eq!(running.wait().code, 143);
    feeding.join().unwrap();
    let sent = simulator.total();
    let finished = run(&simulator, folder.path(), &[]).run(&input);
    finished.says(0, &[&format!("{sent} already sent")]);
    assert_eq!(counted(&finished), HashMap::from([("accepted".to_owned(), 500)]));
    assert_eq!(simulator.total(), 500);
    let replayed = finished.lines().iter().filter(|it| it["replayed"] == true).count();
    assert_eq!(replayed, sent);
}

#[test]
fn input_whose_run_is_over_is_sent_again_by_a_persons_word_alone() {
    let simulator = Simulator::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let line = sms("0001", "Rappel: demain 9 h");
    let total = || simulator.ask("GET", "sent?count=1", "")["total"].clone();
    for (args, taken, replayed) in
        [(&[][..], 1, None), (&["--resume"], 1, Some(true)), (&["--again"], 2, None)]
    {
        let lines = run(&simulator, folder.path(), args).run(&line).quiet(0);
        assert_eq!(lines[0]["status"], "accepted");
        assert_eq!(lines[0].get("replayed").and_then(Value::as_bool), replayed, "{args:?}");
        assert_eq!(total(), taken, "{args:?}");
        let refused = run(&simulator, folder.path(), &[]).run(&line);
        refused.says(2, &["nothing was sent", "has sent this input", "--resume", "--again"]);
        assert_eq!((refused.stdout.as_str(), total()), ("", json!(taken)));
    }
}

#[test]
fn equal_lines_are_messages_of_their_own_and_equal_references_are_not() {
    let simulator = Simulator::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let equal = (sms("0001", "a") + "\n").repeat(3);
    let lines = run(&simulator, folder.path(), &[]).run(equal).quiet(0);
    assert!(lines.iter().all(|it| it.get("replayed").is_none()), "{lines:?}");
    let referred = "{\"num\":\"0680010001\",\"sms\":\"b\",\"reference\":\"r1\"}\n".repeat(3);
    let lines = run(&simulator, folder.path(), &["--job", "other"]).run(referred).quiet(0);
    let replayed = lines.iter().filter(|it| it["replayed"] == true).count();
    assert_eq!((replayed, lines.len()), (2, 3), "{lines:?}");
    assert_eq!(simulator.ask("GET", "sent?count=1", "")["total"], 4);
}

#[test]
fn each_id_is_sent_once_for_all_where_that_is_asked_for() {
    let simulator = Simulator::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let line = |text| json!({"num": "0680010001", "sms": text, "reference": "order-1"}).to_string();
    let once = || run(&simulator, folder.path(), &["--once-per-id"]);
    assert_eq!(once().run(line("a")).quiet(0)[0].get("replayed"), None);
    let again = once().run(line("another text")).quiet(0);
    assert_eq!((&again[0]["status"], &again[0]["replayed"]), (&json!("accepted"), &json!(true)));
    assert_eq!(simulator.total(), 1);
    let without = once().run(sms("0001", "b")).quiet(3);
    assert_eq!(without[0]["error"]["field"], "reference");
}

/// The simulator takes messages to numbers that end in 0903, and drops the connection.
#[test]
fn what_is_in_doubt_is_sent_again_by_a_persons_word_and_once() {
    let simulator = Simulator::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let store = journal(folder.path());
    let doubtful = json!({"num": "0680010903", "sms": "a", "reference": "r"});
    let again = json!({"num": "0680010903", "sms": "a", "reference": "r", "resend": true});
    let steps: [(&Value, u64); 4] = [(&doubtful, 1), (&doubtful, 1), (&again, 2), (&again, 2)];
    for (message, taken) in steps {
        let lines = run(&simulator, folder.path(), &["--once-per-id"]).run(message.to_string());
        assert_eq!(lines.quiet(6)[0]["error"]["kind"], "unknown");
        assert_eq!(simulator.ask("GET", "sent?count=1", "")["total"], taken, "{message}");
    }
    let list = |args: &[&str]| {
        isendpro(&["journal", "list", "--json", "--journal", &store]).args(args).run("").quiet(0)
    };
    let unknown = list(&["--state", "unknown", "--num", "06 80 01 09 03"]);
    assert_eq!((unknown.len(), &unknown[0]["lastDigits"]), (1, &json!("03")));
    let key = unknown[0]["key"].as_str().unwrap();
    let settled = isendpro(&["journal", "accept", key, "--journal", &store]).run("");
    assert_eq!((settled.code, settled.stdout.as_str()), (0, "settled: it counts as sent\n"));
    let lines = run(&simulator, folder.path(), &["--once-per-id"]).run(doubtful.to_string());
    assert_eq!(lines.quiet(0)[0]["status"], "accepted");
    let forgotten = isendpro(&["journal", "forget", "--all", "--journal", &store]).run("");
    assert_eq!(forgotten.stdout, "1 forgotten\n");
    assert_eq!(list(&[]), Vec::<Value>::new());
}

#[test]
fn a_bulk_message_that_was_cut_off_goes_on_with_the_rest() {
    let simulator = Simulator::start(&["--latency", "50"]);
    let folder = tempfile::tempdir().unwrap();
    let nums: Vec<String> = (1000..1400).map(|it| format!("068002{it}")).collect();
    let message = json!({"num": nums, "sms": "Bonjour", "reference": "bulk"}).to_string();
    let store = journal(folder.path());
    let bulk = |size: &str| {
        let args = ["--journal", &store, "--set", size, "--yes"];
        simulator.run("sendSmsMulti", "main", &args)
    };
    let mut running = bulk("batchSize=50").start();
    let feeding = running.feed(message.clone().into_bytes());
    until("half is sent", || simulator.total() >= 200);
    running.signal("KILL");
    running.wait();
    feeding.join().unwrap();
    // In other parts than before.
    let finished = bulk("batchSize=70").run(&message);
    let output = &finished.lines()[0];
    let count = |name: &str| output[name].as_u64().unwrap();
    assert_eq!(count("accepted") + count("unknown"), 400, "{output}");
    assert!(count("unknown") <= 50, "one request was under way: {}", count("unknown"));
    let total = u64::try_from(simulator.total()).unwrap();
    assert!((count("accepted")..=400).contains(&total), "{total}");
    let results = output["results"].as_array().unwrap();
    assert!(results.iter().enumerate().all(|(place, it)| it["index"] == place));
}

#[test]
fn a_journal_is_for_its_owner_and_one_process() {
    use std::os::unix::fs::PermissionsExt as _;
    let simulator = Simulator::start(&["--latency", "60000"]);
    let folder = tempfile::tempdir().unwrap();
    let mut first = run(&simulator, folder.path(), &[]).start();
    first.send(&sms("0001", "a"));
    until("the message is taken", || simulator.total() == 1);
    let mode = std::fs::metadata(folder.path().join("sent.journal")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let second = run(&simulator, folder.path(), &[]).run(sms("0001", "b"));
    assert!(
        (1..=2).contains(&second.code) && second.stderr.contains("another process"),
        "{second:?}"
    );
    assert_eq!(simulator.total(), 1);
    let bytes = std::fs::read(folder.path().join("sent.journal")).unwrap();
    for secret in [&b"33680010001"[..], b"0680010001", b"main"] {
        assert!(!bytes.windows(secret.len()).any(|it| it == secret));
    }
}

#[test]
fn an_address_that_is_no_journal_is_refused_before_anything_is_sent() {
    for (store, words) in
        [("sent.journal", "is not the address of a store"), ("file:/nowhere/x", "/nowhere")]
    {
        let finished = isendpro(&["run", "sendSms", "--server", "simulator", "--journal", store])
            .run(sms("0001", "a"));
        assert!(finished.stdout.is_empty() && finished.code != 0, "{finished:?}");
        assert!(finished.stderr.contains(words), "{finished:?}");
    }
}

#[test]
fn what_was_only_simulated_keeps_nothing_from_being_sent() {
    let simulator = Simulator::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let store = journal(folder.path());
    let line = json!({"num": "0680010001", "sms": "a", "reference": "r"}).to_string();
    let flags = ["--journal", &store, "--once-per-id"];
    let tried = isendpro(&["run", "sendSms", "--server", "simulator"]).args(&flags).run(&line);
    assert_eq!(tried.quiet(0)[0]["mode"], "simulator");
    let earnest = simulator.run("sendSms", "main", &flags).run(&line).quiet(0);
    assert_eq!((earnest[0].get("replayed"), simulator.total()), (None, 1));
}
