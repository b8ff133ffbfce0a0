//! What must not be sent is not sent: bad input, too many, too long, too dear. The ledger counts.

use jiff::{Timestamp, ToSpan as _, tz::TimeZone};
use serde_json::{Value, json};

use crate::cli::{Simulator, isendpro, json, sms};

/// Messages of one part each, to numbers that the simulator sends to.
fn messages(count: usize) -> String {
    (1000..1000 + count).map(|it| sms(&it.to_string(), "a") + "\n").collect()
}

/// What became of each message: its status, or the kind of its error.
fn fates(lines: &[Value]) -> Vec<&str> {
    lines
        .iter()
        .map(|it| it["status"].as_str().unwrap_or_else(|| it["error"]["kind"].as_str().unwrap()))
        .collect()
}

/// The day after today by so many, with a time: `2027-01-12 10:00`.
fn date(days: i64, time: &str) -> String {
    let now = Timestamp::now().to_zoned(TimeZone::UTC);
    format!("{} {time}", now.checked_add(days.days()).unwrap().date())
}

/// A message with one member that is wrong.
fn wrong(field: &str, value: &Value) -> String {
    let mut body = json!({"num": "0680010001", "sms": "never"});
    body[field] = value.clone();
    body.to_string()
}

/// Messages that must not be sent, with the field that is wrong and words of the error.
fn bad_messages() -> Vec<(String, &'static str, &'static str)> {
    let zone = |zone: &str| {
        json!({"date_envoi": date(9, "10:00"), "gmt_zone": zone, "num": "0680010001", "sms": "never"}).to_string()
    };
    let half = |field: &str| wrong(field, &json!("HALF")).replace("HALF", "\\ud83d");
    vec![
        (wrong("num", &json!("0142000000")), "num", "landline"),
        (wrong("num", &json!("3615")), "num", "short number"),
        (wrong("num", &json!("0899123456")), "num", "special-rate"),
        (wrong("num", &json!("068001020")), "num", "a digit is missing"),
        (wrong("num", &json!("1".repeat(40))), "num", "too many digits"),
        (wrong("num", &json!("06 80 01 02 O3")), "num", "write the digit 0"),
        (wrong("num", &json!("06 80 01 02 X3")), "num", "signs that no telephone number has"),
        (wrong("num", &json!("0680010203\0")), "num", "signs that no telephone number has"),
        (wrong("num", &json!("6,80010203E+8")), "num", "spreadsheet"),
        (wrong("num", &json!("+999123456789")), "num", "not a telephone number"),
        (half("num"), "num", "half a character"),
        (half("sms"), "sms", "half a character"),
        (wrong("sms", &json!("a\0b")), "sms", "the null character U+0000 at character 2"),
        (wrong("sms", &json!("a\u{7}b")), "sms", "the control character U+0007 at character 2"),
        (wrong("sms", &json!("\u{200b} \n")), "sms", "nothing is left of the text"),
        (wrong("sms", &json!("🎉")), "sms", "nothing is left of the text"),
        (wrong("sms", &json!("Привет")), "sms", "`П` (U+041F) at character 1"),
        (wrong("sms", &json!("voir https://exêmple.fr/a")), "sms", "web address"),
        (wrong("sms", &json!("a".repeat(460))), "sms", "needs 4 parts, allowed 3"),
        (wrong("sms", &json!("a".repeat(9_000_000))), "sms", "needs 58824 parts, allowed 3"),
        (wrong("smslong", &json!(7)), "smslong", "from 1 to 6"),
        (wrong("emetteur", &json!("12345")), "emetteur", "only digits"),
        (wrong("region", &json!("FRA")), "region", "two letters"),
        (wrong("date_envoi", &json!("2020-01-10 10:00")), "date_envoi", "this date has passed"),
        (wrong("date_envoi", &json!(date(400, "10:00"))), "date_envoi", "more than 366 days ahead"),
        (wrong("date_envoi", &json!(date(9, "24:00"))), "date_envoi", "from 00:00 to 23:59"),
        (wrong("date_envoi", &json!(date(9, "").trim())), "date_envoi", "has no time of day"),
        (wrong("date_envoi", &json!("2027-02-30 10:00")), "date_envoi", "no day of the calendar"),
        (wrong("date_envoi", &json!("demain")), "date_envoi", "write it as"),
        (zone("Paris"), "gmt_zone", "did you mean Europe/Paris?"),
        (zone("Mars/Olympus"), "gmt_zone", "is no time zone"),
        (zone(&"x".repeat(100_000)), "gmt_zone", "is no time zone"),
    ]
}

#[test]
fn a_bad_message_is_an_error_of_its_field_and_stops_no_other() {
    let bad = bad_messages();
    let pair = |(place, (message, ..)): (usize, &(String, _, _))| {
        format!("{message}\n{}\n", sms("0002", &format!("good {place}")))
    };
    let input: String = bad.iter().enumerate().map(pair).collect();
    let simulator = Simulator::start(&[]);
    let lines = simulator.run("sendSms", "k", &[]).run(input).quiet(3);
    assert_eq!(lines.len(), 2 * bad.len());
    for (lines, (_, field, words)) in lines.chunks(2).zip(&bad) {
        let error = &lines[0]["error"];
        assert_eq!(
            (&error["kind"], &error["field"]),
            (&json!("invalid"), &json!(field)),
            "{words}"
        );
        let said = error["message"].as_str().unwrap();
        assert!(said.starts_with("INVALID, nothing sent: ") && said.contains(words), "{said}");
        assert_eq!(lines[1]["status"], "accepted");
    }
    assert_eq!(simulator.total(), bad.len());
    assert!(simulator.sent().iter().all(|it| it["sms"].as_str().unwrap().starts_with("good")));
}

#[test]
fn a_message_has_the_parts_and_recipients_that_are_allowed_and_no_more() {
    let text = |length: usize, smslong: Value| {
        json!({"num": "0680010001", "sms": "a".repeat(length), "smslong": smslong}).to_string()
    };
    let bulk = |count: usize| json!({"num": vec!["0680010001"; count], "sms": "a"}).to_string();
    for (action, set, fits, too_much, words) in [
        (
            "sendSms",
            "maxParts=1",
            text(160, json!(null)),
            text(161, json!(null)),
            "needs 2 parts, allowed 1",
        ),
        (
            "sendSms",
            "maxParts=4",
            text(612, json!(null)),
            text(613, json!(null)),
            "needs 5 parts, allowed 4",
        ),
        (
            "sendSms",
            "maxParts=4",
            text(306, json!(2)),
            text(307, json!(2)),
            "needs 3 parts, allowed 2",
        ),
        (
            "sendSms",
            "maxParts=2",
            text(306, json!(999)),
            text(307, json!(999)),
            "needs 3 parts, allowed 2",
        ),
        (
            "sendSms",
            "maxParts=6",
            text(918, json!(null)),
            text(919, json!(null)),
            "needs 7 parts, allowed 6",
        ),
        (
            "sendSmsMulti",
            "maxRecipients=2",
            bulk(2),
            bulk(3),
            "3 recipients in one message, allowed 2",
        ),
    ] {
        let args = ["run", action, "--server", "simulator", "--set", set];
        let lines = isendpro(&args).run(format!("{fits}\n{too_much}")).quiet(3);
        assert!(lines[0].get("error").is_none(), "{set}: {}", lines[0]);
        assert!(lines[1]["error"]["message"].as_str().unwrap().contains(words), "{}", lines[1]);
    }
}

/// The default is a limit too: each part is billed.
#[test]
fn a_message_does_not_raise_the_parts_that_are_allowed() {
    let text = json!({"num": "0680010001", "sms": "a".repeat(460), "smslong": 6}).to_string();
    let lines = isendpro(&["run", "sendSms", "--server", "simulator"]).run(text).quiet(3);
    assert!(lines[0]["error"]["message"].as_str().unwrap().contains("needs 4 parts, allowed 3"));
}

#[test]
fn a_run_sends_what_its_limit_allows_and_stops_reading() {
    let long = sms("9999", &"a".repeat(300));
    for (flag, input, sent) in [
        ("--max-messages", messages(10), 3),
        ("--max-parts", messages(10), 3),
        ("--max-parts", messages(2) + &long + "\n" + &messages(1), 2),
        ("--max-messages", messages(3), 3),
    ] {
        let simulator = Simulator::start(&[]);
        let args = [flag, "3", "--concurrency", "1"];
        let finished = simulator.run("sendSms", "k", &args).run(&input);
        let lines = finished.lines();
        assert_eq!(simulator.total(), sent, "{flag}: {finished:?}");
        if input.lines().count() == sent {
            assert_eq!((finished.code, finished.stderr.as_str()), (0, ""));
            continue;
        }
        let limit = format!("the limit of {flag} was reached");
        finished.says(3, &[&limit, "go on with the rest: tail -n +"]);
        assert_eq!(fates(&lines)[..=sent], [&vec!["accepted"; sent][..], &["notSent"]].concat());
        assert!(lines.len() < input.lines().count(), "it stops reading: {}", lines.len());
        assert!(lines[sent]["error"]["message"].as_str().unwrap().contains("retry is safe"));
    }
}

#[test]
fn a_limit_counts_what_a_resumed_run_sends_and_not_what_was_sent_before() {
    let (simulator, folder) = (Simulator::start(&[]), tempfile::tempdir().unwrap());
    let journal = format!("file:{}", folder.path().join("sent.journal").display());
    let args = ["--max-messages", "3", "--journal", &journal, "--concurrency", "1"];
    for (sent, code) in [(3, 3), (6, 3), (8, 0)] {
        let finished = simulator.run("sendSms", "k", &args).run(messages(8));
        assert_eq!((finished.code, simulator.total()), (code, sent), "{finished:?}");
        let told = fates(&finished.lines()).into_iter().filter(|it| *it == "accepted").count();
        assert_eq!(told, sent);
    }
}

#[test]
fn messages_under_way_together_do_not_exceed_a_limit_together() {
    let simulator = Simulator::start(&["--latency", "2"]);
    let args = ["--max-parts", "20", "--concurrency", "64"];
    let finished = simulator.run("sendSms", "k", &args).run(messages(300));
    finished.says(3, &["the limit of --max-parts was reached"]);
    assert_eq!(simulator.total(), 20);
}

/// Who raises the limit and goes on with the rest of the input must miss nobody.
#[test]
fn a_limit_lets_the_first_messages_through_and_none_behind_one_that_it_held() {
    for (count, most) in [(3, 1), (8, 4), (20, 10)] {
        for command in ["plan", "run"] {
            let most = most.to_string();
            let args = [command, "sendSms", "--server", "simulator", "--max-messages", &most];
            let lines = isendpro(&args).run(messages(count)).lines();
            let through = lines.iter().rposition(|it| it["error"].is_null()).unwrap() + 1;
            assert_eq!(through.to_string(), most, "{command}: {:?}", fates(&lines));
        }
    }
}

#[test]
fn a_bulk_message_above_a_limit_is_held_as_a_whole() {
    let simulator = Simulator::start(&[]);
    let bulk = r#"{"num":["0680010001","0680010002","0680010003"],"sms":"a"}"#;
    let finished = simulator.run("sendSmsMulti", "k", &["--max-parts", "2"]).run(bulk);
    finished.says(3, &["--max-parts"]);
    assert_eq!((fates(&finished.lines()), simulator.total()), (vec!["notSent"], 0));
}

/// Nobody can count its numbers; that is no reason to leave the other messages.
#[test]
fn a_directory_that_a_limit_cannot_count_is_held_back_alone() {
    let simulator = Simulator::start(&[]);
    let one = |ending: &str| format!("{{\"num\":[\"068001{ending}\"],\"sms\":\"a\"}}\n");
    let directory = "{\"repertoireId\":\"100001\",\"sms\":\"a\"}\n".to_owned();
    let input = [one("1001"), directory, one("1002"), one("1003")].concat();
    let folder = tempfile::tempdir().unwrap();
    let summary = folder.path().join("summary");
    let args = ["--max-parts", "9", "--concurrency", "1", "--summary", summary.to_str().unwrap()];
    let lines = simulator.run("sendSmsMulti", "k", &args).run(input).quiet(3);
    let accepted = lines.iter().filter(|it| it["accepted"] == 1).count();
    assert_eq!((lines.len(), accepted, simulator.total()), (4, 3, 3), "{lines:?}");
    let told = lines[1]["error"]["message"].as_str().unwrap();
    assert!(told.contains("--max-parts cannot count them"), "{told}");
    let summary = json(&std::fs::read_to_string(summary).unwrap());
    assert_eq!((&summary["complete"], &summary["lastLine"]), (&json!(true), &json!(4)));
}

#[test]
fn a_run_that_the_credit_cannot_pay_for_does_not_start() {
    for (credit, code, sent) in [("0.45", 5, 0), ("0.50", 0, 10)] {
        let simulator = Simulator::start(&["--credit", credit]);
        let args = ["--compare-credit", "--price-per-part", "0.05"];
        let finished = simulator.run("sendSms", "k", &args).run(messages(10));
        let words =
            ["nothing was sent: 10 SMS (0.50 EUR) are planned", "credit 0.45 EUR, about 9 SMS"];
        finished.says(code, if sent == 0 { &words } else { &[] });
        assert_eq!((simulator.total(), finished.lines().len()), (sent, sent), "{finished:?}");
    }
}

#[test]
fn a_run_that_does_not_start_writes_its_summary() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("summary.json");
    std::fs::write(&path, "{\"exitCode\":0}").unwrap();
    let args = ["--compare-credit", "--summary", path.to_str().unwrap()];
    let simulator = Simulator::start(&["--credit", "0.10"]);
    simulator.run("sendSms", "k", &args).run(messages(3)).says(5, &["nothing was sent"]);
    assert_eq!(json(&std::fs::read_to_string(&path).unwrap())["exitCode"], 5);
}

/// What earlier runs have sent is not compared with the credit again. In each input, as many recipients
/// as `left` are told to come back later at first.
#[test]
fn a_resumed_run_compares_the_credit_with_what_is_left() {
    let bulk = |sent: usize, left: usize| {
        let sent = (0..sent).map(|it| format!("06800{:05}", 25_000 + it));
        let later = (0..left).map(|it| format!("0680{it:02}0429"));
        let all: Vec<String> = sent.chain(later).collect();
        json!({"num": all, "sms": "Bonjour", "reference": "bulk"}).to_string()
    };
    let single = |ending: &str, id: usize| {
        json!({"num": format!("068001{ending}"), "sms": format!("n {id}"), "reference": id})
            .to_string()
    };
    let singles = |sent: usize, left: usize| -> String {
        let all = (0..sent + left).map(|it| single(if it < sent { "0001" } else { "0429" }, it));
        all.map(|it| it + "\n").collect()
    };
    let no_id = messages(7) + &sms("0429", "later");
    let once = &["--once-per-id"][..];
    for (action, input, sent, left, flags) in [
        ("sendSmsMulti", bulk(499, 1), 499, 1, &["--set", "batchSize=499"][..]),
        ("sendSmsMulti", bulk(8, 2), 8, 2, &["--set", "batchSize=8"]),
        ("sendSmsMulti", bulk(5, 1), 5, 1, &["--set", "batchSize=1"]),
        ("sendSmsMulti", bulk(6, 2), 6, 2, &["--set", "batchSize=2", "--once-per-id"]),
        ("sendSms", singles(20, 1), 20, 1, &[]),
        ("sendSms", singles(9, 3), 9, 3, &["--unordered"]),
        ("sendSms", singles(4, 2), 4, 2, once),
        ("sendSms", singles(1, 1), 1, 1, once),
        ("sendSms", singles(30, 2), 30, 2, &["--job", "autumn"]),
        ("sendSms", no_id, 7, 1, &[]),
    ] {
        let (simulator, folder) = (Simulator::start(&[]), tempfile::tempdir().unwrap());
        let journal = format!("file:{}", folder.path().join("sent.journal").display());
        let credit = |parts: usize| {
            let credit = json!({"key": "k", "credit": 0.05 * f64::from(u32::try_from(parts).unwrap()) + 0.001});
            simulator.ask("PUT", "accounts", &credit.to_string());
        };
        let run = || {
            let cli = simulator.run(action, "k", &["--journal", &journal, "--compare-credit"]);
            cli.args(&["--price-per-part", "0.05", "--set", "giveUpAfter=0"])
                .args(flags)
                .run(&input)
        };
        credit(sent + left);
        let first = run();
        assert_eq!((first.code, simulator.total()), (3, sent), "{}", first.stderr);
        // Nothing is sent, and the run stays as it is.
        credit(left - 1);
        run().says(5, &["nothing was sent", &format!("{left} SMS"), "are planned"]);
        assert_eq!(simulator.total(), sent);
        credit(left);
        let last = run();
        assert_eq!((last.code, simulator.total()), (0, sent + left), "{}", last.stderr);
    }
}
