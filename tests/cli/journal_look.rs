//! Looking into a journal, and settling what iSendPro's report proves. The simulator drops the
//! connection after it took messages to numbers that end in 0903, and before for 0905.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::slice;

use base64::Engine as _;
use serde_json::{Value, json};

use crate::cli::{Finished, Simulator, isendpro, sms, until};

/// A journal, and the account that it is of.
struct Stage {
    simulator: Simulator,
    folder: tempfile::TempDir,
    store: String,
}

impl Stage {
    fn new(simulator: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = format!("file:{}", folder.path().join("sent.journal").display());
        Self { simulator: Simulator::start(simulator), folder, store }
    }

    /// Sends each reference once, whatever run it is in.
    fn run(&self, action: &str, messages: &[Value]) -> Finished {
        let input = messages.iter().map(Value::to_string).collect::<Vec<_>>().join("\n");
        let flags = ["--once-per-id", "--journal", &self.store];
        self.simulator.run(action, "main", &flags).run(input)
    }

    fn journal(&self, args: &[&str]) -> Finished {
        isendpro(&["journal", "--journal", &self.store]).args(args).run("")
    }

    /// Looks into the account's report.
    fn reconcile(&self, args: &[&str]) -> Finished {
        let all =
            ["journal", "reconcile", "--journal", &self.store, "--server", &self.simulator.url];
        isendpro(&all).args(args).key("main").run("")
    }

    fn unknown(&self) -> Vec<Value> {
        self.journal(&["list", "--json", "--state", "unknown"]).quiet(0)
    }

    /// The account's report of this day, as a zip in a file.
    fn report(&self) -> PathBuf {
        let body = r#"{"date_deb":"2026-01-01 00:00","date_fin":"2099-12-31 23:59"}"#;
        let file = ["--set", "emitBehaviour=file"];
        let lines = self.simulator.run("getCampagne", "main", &file).run(body).quiet(0);
        let zip =
            base64::engine::general_purpose::STANDARD.decode(lines[0]["file"].as_str().unwrap());
        let path = self.folder.path().join("campagne.zip");
        std::fs::write(&path, zip.unwrap()).unwrap();
        path
    }
}

/// A message with a reference and a text of its own.
fn message(ending: &str, reference: &str) -> Value {
    let mut message: Value = serde_json::from_str(&sms(ending, reference)).unwrap();
    message["reference"] = reference.into();
    message
}

fn tracked(ending: &str, reference: &str, tracker: &str) -> Value {
    let mut message = message(ending, reference);
    message["tracker"] = tracker.into();
    message
}

#[test]
fn a_journal_that_is_not_there_is_an_error_and_none_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("typo");
    let store = format!("file:{}", path.display());
    let empty = folder.path().join("empty");
    std::fs::write(&empty, "").unwrap();
    let key = "0123456789";
    for args in [
        &["list"][..],
        &["show", key],
        &["accept", key],
        &["forget", "--all"],
        &["reconcile", "--report", "-"],
        &["reconcile", "--server", "simulator"],
    ] {
        let run = |store: &str| isendpro(&["journal", "--journal", store]).args(args).run("");
        run(&store).says(2, &["there is no journal at this path", &store]);
        run(&format!("file:{}", empty.display())).says(2, &["there is no journal at this path"]);
    }
    assert!(!path.exists() && std::fs::metadata(&empty).unwrap().len() == 0);
}

fn trackers(them: &[Value]) -> BTreeSet<String> {
    them.iter().map(|it| it["tracker"].as_str().unwrap().to_owned()).collect()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Seven messages in doubt, of which four were taken: each way with a tracker of ours and of the
/// user's, who gives the same one twice to the same number, and one that means little.
fn doubtful() -> Vec<Value> {
    vec![
        message("0001", "fine"),
        message("0903", "taken-1"),
        message("0903", "taken-2"),
        message("0905", "lost-1"),
        tracked("0903", "taken-3", "rdv4711"),
        tracked("0905", "lost-2", "rdv4712"),
        tracked("0903", "taken-4", "1"),
        tracked("0905", "lost-3", "1"),
    ]
}

#[test]
fn exactly_what_the_report_proves_is_settled_and_nothing_is_sent_again() {
    let stage = Stage::new(&[]);
    assert_eq!(stage.run("sendSms", &doubtful()).code, 6);
    assert_eq!((stage.simulator.total(), stage.unknown().len()), (5, 7));
    let dry = stage.reconcile(&["--dry-run"]);
    assert_eq!((dry.code, dry.stderr.as_str()), (6, ""), "{dry:?}");
    assert!(dry.stdout.starts_with("4 would be settled as sent: the report, of 5 rows"), "{dry:?}");
    assert_eq!(stage.unknown().len(), 7, "a dry run settles nothing");
    let told = stage.reconcile(&["--json"]).quiet(6).remove(0);
    let settled = told["settled"].as_array().unwrap();
    let taken = trackers(&stage.simulator.sent());
    assert_eq!((settled.len(), &told["rows"], &told["rowsWithoutTime"]), (4, &json!(5), &json!(0)));
    assert!(trackers(settled).is_subset(&taken), "{settled:?} {taken:?}");
    let unknown = stage.unknown();
    assert_eq!(told["unknown"], json!(unknown));
    let endings: Vec<_> = unknown.iter().map(|it| &it["lastDigits"]).collect();
    assert_eq!(endings, ["05", "05", "05"]);
    let again = stage.run("sendSms", &doubtful());
    assert_eq!((again.code, stage.simulator.total()), (6, 5), "{again:?}");
    let replayed = again.lines().iter().filter(|it| it["replayed"] == true).count();
    assert_eq!(replayed, 5);
    let words = stage.reconcile(&[]);
    assert_eq!(words.code, 6);
    assert!(words.stdout.starts_with("0 settled as sent"), "{words:?}");
    assert!(
        words.stdout.contains("3 still in doubt; that the report does not prove them"),
        "{words:?}"
    );
    for secret in ["68001090", "lost-1", "main"] {
        assert!(!(dry.stdout.clone() + &words.stdout + &told.to_string()).contains(secret));
    }
}

#[test]
fn with_all_settled_nothing_is_in_doubt() {
    let stage = Stage::new(&[]);
    let bulk =
        json!({"num": ["0680010903", "0680010001", "0680010002"], "sms": "a", "reference": "b"});
    assert_eq!(stage.run("sendSmsMulti", slice::from_ref(&bulk)).code, 6);
    let settled = stage.reconcile(&[]);
    assert_eq!((settled.code, settled.stderr.as_str()), (0, ""), "{settled:?}");
    assert!(settled.stdout.starts_with("3 settled as sent"), "{settled:?}");
    assert_eq!(settled.stdout.matches("Z  accepted ").count(), 3, "{settled:?}");
    let output = stage.run("sendSmsMulti", &[bulk]).quiet(0).remove(0);
    assert_eq!((&output["accepted"], stage.simulator.total()), (&json!(3), 3));
    assert!(output["results"].as_array().unwrap().iter().all(|it| it["replayed"] == true));
    // iSendPro is not asked where there is no question.
    let nothing = stage.journal(&["reconcile"]);
    assert_eq!(
        (nothing.code, nothing.stdout.as_str()),
        (0, "nothing is in doubt\n"),
        "{nothing:?}"
    );
    assert_eq!(stage.journal(&["reconcile", "--json"]).quiet(0)[0]["unknown"], json!([]));
}

#[test]
fn what_a_killed_run_left_is_settled_and_the_run_goes_on() {
    let stage = Stage::new(&["--latency", "20"]);
    let input: String = (0..200).map(|it| sms("0001", &format!("n {it}")) + "\n").collect();
    let flags = ["--journal", &stage.store, "--concurrency", "40"];
    let run = || stage.simulator.run("sendSms", "main", &flags);
    let mut running = run().start();
    let feeding = running.feed(input.clone().into_bytes());
    until("enough is sent", || stage.simulator.total() >= 80);
    running.signal("KILL");
    running.wait();
    feeding.join().unwrap();
    let told = stage.reconcile(&["--json"]).lines().remove(0);
    let settled = trackers(told["settled"].as_array().unwrap());
    assert!(settled.is_subset(&trackers(&stage.simulator.sent())), "{told}");
    let left = told["unknown"].as_array().unwrap().len();
    let finished = run().run(&input);
    let lines = finished.lines();
    let accepted = lines.iter().filter(|it| it["status"] == "accepted").count();
    assert_eq!((accepted, finished.code), (200 - left, if left > 0 { 6 } else { 0 }), "{told}");
    // None was taken twice: total() looks for doubles.
    assert!((accepted..=200).contains(&stage.simulator.total()));
}

#[test]
fn a_report_that_was_kept_proves_the_same() {
    for way in ["zip", "table", "stdin"] {
        let stage = Stage::new(&[]);
        stage.run("sendSms", &doubtful());
        let path = stage.report();
        let table = stage.folder.path().join("campagne.csv");
        let mut zip = zip::ZipArchive::new(std::fs::File::open(&path).unwrap()).unwrap();
        let mut rows = String::new();
        zip.by_index(0).unwrap().read_to_string(&mut rows).unwrap();
        std::fs::write(&table, &rows).unwrap();
        let from = match way {
            "zip" => text(&path),
            "table" => text(&table),
            _ => "-",
        };
        let all = ["journal", "reconcile", "--json", "--journal", &stage.store, "--report", from];
        let told = isendpro(&all).run(rows).quiet(6).remove(0);
        assert_eq!(told["settled"].as_array().unwrap().len(), 4, "{way}: {told}");
    }
}

#[test]
fn a_report_that_cannot_be_read_to_its_end_settles_nothing() {
    let stage = Stage::new(&[]);
    stage.run("sendSms", &doubtful());
    let whole = std::fs::read(stage.report()).unwrap();
    let path = stage.folder.path().join("damaged");
    let mut flipped = whole.clone();
    // The checksum of the table, in the archive's directory.
    let directory = whole.windows(4).rposition(|it| it == b"PK\x01\x02").unwrap();
    flipped[directory + 16] ^= 1;
    for (content, words) in [(&whole[..200], "cut short"), (&flipped, "damaged"), (&[], "empty")] {
        std::fs::write(&path, content).unwrap();
        let refused = stage.journal(&["reconcile", "--report", text(&path)]);
        assert_eq!(refused.code, 1, "{refused:?}");
        refused.says(1, &["the report cannot be read", words]);
    }
    stage.journal(&["reconcile", "--report", "/nowhere/x"]).says(2, &["--report /nowhere/x"]);
    let folder = text(stage.folder.path());
    stage.journal(&["reconcile", "--report", folder]).says(2, &["this is a folder"]);
    let (url, _held) = crate::cli::nobody();
    let all = ["reconcile", "--server", &url, "--set", "giveUpAfter=0"];
    let unreached =
        isendpro(&["journal", "--journal", &stage.store]).args(&all).key("main").run("");
    assert_eq!(unreached.code, 1, "{unreached:?}");
    assert_eq!(stage.journal(&["reconcile"]).code, 2, "no key");
    assert_eq!(stage.unknown().len(), 7);
}

#[test]
fn a_period_is_asked_for_as_it_is_given() {
    let stage = Stage::new(&[]);
    stage.run("sendSms", &[message("0903", "a")]);
    let outside = [["--from", "2099-01-01 00:00"], ["--to", "2026-01-01T00:00Z"]];
    let early = stage.reconcile(&[outside[1], ["--from", "2025-12-01 00:00"]].concat());
    assert!(early.stdout.contains("of 0 rows"), "{early:?}");
    let late = stage.reconcile(&[outside[0], ["--to", "2099-02-01 00:00"]].concat());
    assert!(late.stdout.contains("of 0 rows"), "{late:?}");
    stage.reconcile(&["--from", "yesterday"]).says(2, &["--from", "French time"]);
    stage
        .reconcile(&["--from", "2026-01-01 00:00", "--report", "x"])
        .says(2, &["cannot be used with"]);
    assert_eq!(
        stage.reconcile(&["--from", "2026-01-01 00:00", "--to", "2099-02-01 00:00"]).code,
        0
    );
}

#[test]
fn a_deferred_send_is_found_where_it_will_be() {
    let stage = Stage::new(&[]);
    let in_days = |days: i64| {
        let now = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
        let day = now.checked_add(jiff::ToSpan::days(days)).unwrap().date();
        let mut message = message("0903", &format!("in {days}"));
        message["date_envoi"] = format!("{day} 10:00").into();
        message
    };
    assert_eq!(stage.run("sendSms", &[in_days(1), in_days(40), in_days(365)]).code, 6);
    let soon = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1);
    let early = stage.reconcile(&["--to", &soon.to_string()]);
    assert_eq!((early.code, stage.unknown().len()), (6, 3), "{early:?}");
    let settled = stage.reconcile(&[]);
    assert_eq!(settled.code, 0, "{settled:?}");
    assert!(settled.stdout.starts_with("3 settled as sent: the report, of 3 rows"), "{settled:?}");
}

#[test]
fn a_report_that_names_no_trackers_settles_nothing_and_says_so() {
    let stage = Stage::new(&[]);
    stage.run("sendSms", &doubtful());
    let path = stage.folder.path().join("sends.csv");
    std::fs::write(&path, "Envois prevus;SMS Long\r\n2;1;\r\n3;2;\r\n").unwrap();
    let told = stage.journal(&["reconcile", "--report", text(&path)]);
    let says = "nothing settled: this report, of 2 rows, names no trackers: it proves nothing about \
                single messages\n";
    assert!(told.stdout.starts_with(says), "{told:?}");
    assert_eq!((told.code, stage.unknown().len()), (6, 7));
    let json = stage.journal(&["reconcile", "--json", "--report", text(&path)]).quiet(6).remove(0);
    assert_eq!((&json["namesTrackers"], &json["rows"]), (&json!(false), &json!(2)));
    let named = stage.journal(&["reconcile", "--json", "--report", text(&stage.report())]).quiet(6);
    assert_eq!(named[0]["namesTrackers"], true);
}

#[test]
fn one_entry_is_shown_with_what_to_do_about_it() {
    let stage = Stage::new(&[]);
    stage.run("sendSms", &[message("0903", "a"), tracked("0001", "b", "rdv4711")]);
    let unknown = stage.unknown().remove(0);
    let key = unknown["key"].as_str().unwrap();
    let shown = stage.journal(&["show", &key[..8]]);
    assert_eq!(shown.code, 0, "{shown:?}");
    let sent = trackers(&stage.simulator.sent());
    let tracker = sent.iter().find(|it| *it != "rdv4711").unwrap();
    let accept = format!("journal accept {key}");
    for words in [
        "UNKNOWN: it may have been sent",
        key,
        "sendSms",
        "ends in 03",
        "journal reconcile",
        &accept,
        "\"resend\": true",
        "in its whole input, with --resume",
        &format!("{tracker}  (derived from the key)"),
    ] {
        assert!(shown.stdout.contains(words), "no {words} in {}", shown.stdout);
    }
    assert_eq!(stage.journal(&["show", key, "--json"]).quiet(0), slice::from_ref(&unknown));
    assert_eq!(stage.journal(&["accept", &key[..12]]).stdout, "settled: it counts as sent\n");
    stage.journal(&["accept", &key[..12]]).says(2, &["not in doubt, it is accepted"]);
    let shown = stage.journal(&["show", &key[..8]]).stdout;
    assert!(shown.contains("accepted") && !shown.contains("what now"), "{shown}");
    let own = stage.journal(&["list", "--json", "--tracker", "rdv4711"]).quiet(0).remove(0);
    let shown = stage.journal(&["show", own["key"].as_str().unwrap()]).stdout;
    for words in ["tracker   rdv4711\n", "code      0\n", "1 SMS billed"] {
        assert!(shown.contains(words), "no {words} in {shown}");
    }
    stage.journal(&["show", "deadbeef"]).says(2, &["nothing is remembered under deadbeef"]);
    stage.journal(&["show", "dead"]).says(2, &["dead is no key", "first 8 digits"]);
    stage.journal(&["forget", "--key", "deadbeef"]).says(2, &["nothing is remembered"]);
}

#[test]
fn a_message_is_shown_with_its_recipients_and_one_of_them_is_meant_by_its_place() {
    let stage = Stage::new(&[]);
    let bulk = json!({"num": ["0680010903", "0680010001"], "sms": "a", "reference": "b"});
    stage.run("sendSmsMulti", &[bulk]);
    let first = stage.unknown().remove(0);
    let beginning = &first["key"].as_str().unwrap()[..10];
    let shown = stage.journal(&["show", beginning]).stdout;
    assert!(shown.contains("entries   2 unknown") && shown.contains(":PLACE"), "{shown}");
    assert_eq!(stage.journal(&["show", beginning, "--json"]).quiet(0).len(), 2);
    stage.journal(&["accept", beginning]).says(2, &["2 entries; say which one"]);
    let second = format!("{beginning}:1");
    assert_eq!(stage.journal(&["accept", &second]).code, 0);
    assert!(stage.journal(&["show", &second]).stdout.contains("recipient 1 of the message"));
    assert_eq!(stage.unknown(), slice::from_ref(&first));
    // The other recipient stays remembered.
    assert_eq!(stage.journal(&["forget", "--key", &second]).stdout, "1 forgotten\n");
    assert_eq!(stage.unknown().len(), 1);
    assert_eq!(stage.journal(&["forget", "--key", beginning]).stdout, "1 forgotten\n");
}

#[test]
fn a_time_is_read_as_people_write_it() {
    let stage = Stage::new(&[]);
    stage.run("sendSms", &[message("0001", "a")]).quiet(0);
    for (before, count) in [
        ("2026-01-01", 0),
        ("2026-01-01 00:00", 0),
        ("2026-01-01T00:00Z", 0),
        ("2099-12-31", 1),
        ("2099-12-31 23:59", 1),
    ] {
        let listed = stage.journal(&["list", "--json", "--before", before]).quiet(0);
        assert_eq!(listed.len(), count, "{before}");
    }
    for wrong in ["01/01/2026", "yesterday", "2026-13-01", "2026-01-01T00:00"] {
        let refused = stage.journal(&["forget", "--before", wrong]);
        refused
            .says(2, &["must be a time such as 2026-01-01T00:00Z, or 2026-01-01 in French time"]);
    }
    assert_eq!(stage.journal(&["forget", "--before", "2099-12-31"]).stdout, "1 forgotten\n");
}

#[test]
fn a_report_that_is_not_there_is_an_error_also_when_nothing_is_in_doubt() {
    let stage = Stage::new(&[]);
    stage.run("sendSms", &[message("0001", "a")]).quiet(0);
    stage.reconcile(&["--report", "/no/such/report"]).says(2, &["--report /no/such/report"]);
    assert_eq!(stage.reconcile(&[]).stdout, "nothing is in doubt\n");
}
