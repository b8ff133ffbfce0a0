//! `isendpro plan`: what would be sent, told without a call, and true when it is sent.

use std::io::ErrorKind;
use std::net::TcpListener;

use serde_json::{Value, json};

use crate::cli::{Finished, Simulator, isendpro, sms};

/// A plan in a clean environment: no key, no server.
fn plan(action: &str, args: &[&str], input: &str) -> Finished {
    isendpro(&["plan", action]).args(args).run(input)
}

/// A member of every result of a bulk message, in their order.
fn each<'a>(line: &'a Value, member: &str) -> Vec<&'a Value> {
    line["results"].as_array().unwrap().iter().map(|it| &it[member]).collect()
}

/// A bulk message whose recipients cannot go in one request: metropolitan France has no Unicode.
const MIXED: &str =
    r#"{"num":["0690110001","0680010001","0692110002","0680010002"],"sms":"Fête","meta":7}"#;

#[test]
fn a_plan_tells_all_that_a_message_would_come_to() {
    let message = r#"{"num":"06 80 01 02 03","sms":"Fête… à 19 h 🎉","emetteur":"Garage","reference":"r-1","meta":{"a":1}}"#;
    let finished = plan("sendSms", &["--price-per-part", "0.045"], message);
    assert_eq!(finished.code, 0, "{finished:?}");
    let expected = json!({
        "status": "planned", "num": "06 80 01 02 03", "tel": "33680010203", "smslong": 1,
        "sms": "Fete... à 19 h", "encoding": "GSM-7", "price": 0.045, "mode": "dryRun",
        "reference": "r-1", "meta": {"a": 1},
    });
    let told = &finished.lines()[0];
    for (name, value) in expected.as_object().unwrap() {
        let found = if name == "sms" {
            told[name].as_str().map(str::trim_end).into()
        } else {
            told[name].clone()
        };
        assert_eq!(&found, value, "{name} in {told}");
    }
    let changes = told["changes"].as_array().unwrap();
    let from: Vec<_> = changes.iter().map(|it| it["from"].as_str().unwrap()).collect();
    assert_eq!(from, ["ê", "…", "🎉"]);
    assert!(told.get("sendAt").is_none() && told.get("code").is_none(), "{told}");
}

#[test]
fn a_plan_connects_to_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}/cgi-bin", listener.local_addr().unwrap());
    let actions = [("sendSms", sms("0001", "a")), ("sendSmsMulti", MIXED.to_owned())];
    for (action, message) in &actions {
        let told = isendpro(&["plan", action, "--server", &url]).key("k").run(message);
        assert_eq!(told.code, 0, "{told:?}");
        let args = ["run", action, "--dry-run", "--server", &url];
        isendpro(&args).key("k").run(message).quiet(0);
    }
    // Whoever connects waits in the queue until it is accepted: nobody does.
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
fn every_action_can_be_planned() {
    for (action, message) in [
        ("getCredit", "{}"),
        ("setListeNoire", r#"{"num":"0680010203"}"#),
        ("getHlr", r#"{"num":["0680010203"]}"#),
        ("addShortlink", r#"{"shortlink":"https://example.com/a"}"#),
        ("startFlow", "{}"),
    ] {
        let finished = plan(action, &[], message);
        assert_eq!(finished.code, 0, "{action}: {finished:?}");
        let told = &finished.lines()[0];
        assert!(told.to_string().contains("\"planned\""), "{action}: {told}");
        assert_eq!(told["mode"], "dryRun", "{action}");
    }
}

#[test]
fn the_totals_of_a_plan_are_told_and_what_is_wrong_stands_in_its_line() {
    let long = sms("0003", &"a".repeat(161));
    let landline = r#"{"num":"0142000000","sms":"b"}"#;
    let input = [sms("0001", "a"), landline.to_owned(), long].join("\n");
    let finished = plan("sendSms", &["--price-per-part", "0.05"], &input);
    finished.says(3, &["3 messages: 2 planned, 1 invalid", "3 SMS would be billed", "0.15 EUR"]);
    let lines = finished.lines();
    let told: Vec<_> = lines.iter().map(|it| (&it["smslong"], &it["error"]["field"])).collect();
    let (one, none, two, num) = (json!(1), json!(null), json!(2), json!("num"));
    assert_eq!(told, [(&one, &none), (&none, &num), (&two, &none)]);
}

#[test]
fn the_credit_is_compared_and_nothing_else_is_asked() {
    let simulator = Simulator::start(&["--credit", "0.10"]);
    let input = [sms("0001", "a"), sms("0002", "b"), sms("0003", "c")];
    let compare = |input: &[String]| {
        let args = ["plan", "sendSms", "--compare-credit", "--server", &simulator.url];
        isendpro(&args).key("k").run(input.join("\n"))
    };
    let enough = compare(&input[..2]);
    enough.says(0, &["credit: enough", "0.10 EUR"]);
    let short = compare(&input);
    short.says(5, &["credit: NOT ENOUGH", "3 SMS are planned"]);
    assert_eq!((enough.lines().len(), short.lines().len()), (2, 3));
    assert_eq!(simulator.total(), 0);
}

#[test]
fn comparing_the_credit_needs_a_key_and_a_server_that_answers() {
    let (url, _taken) = crate::cli::nobody();
    let args = ["plan", "sendSms", "--compare-credit", "--server", &url];
    isendpro(&args).run(sms("0001", "a")).says(2, &["keyid", "ISENDPRO_KEYID"]);
    isendpro(&args).key("k").run(sms("0001", "a")).says(1, &["retry is safe"]);
}

#[test]
fn a_run_without_a_kind_says_what_it_did_not_check() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("summary.json");
    let notes = |set: &[&str]| {
        let args = ["run", "sendSms", "--server", "simulator", "--summary", path.to_str().unwrap()];
        isendpro(&args).args(set).run(sms("0001", "a")).quiet(0);
        crate::cli::json(&std::fs::read_to_string(&path).unwrap())["notes"].to_string()
    };
    assert!(notes(&[]).contains("kind"));
    assert!(!notes(&["--set", "kind=transactional"]).contains("kind"));
}

#[test]
fn recipients_of_several_requests_stay_in_the_order_of_the_message() {
    let simulator = Simulator::start(&[]);
    let set = ["--set", "textPolicy=ucs2"];
    let planned = plan("sendSmsMulti", &set, MIXED);
    assert_eq!(planned.code, 0, "{planned:?}");
    let accepted = simulator.run("sendSmsMulti", "k", &set).run(MIXED).quiet(0);
    let (planned, accepted) = (&planned.lines()[0], &accepted[0]);
    for told in [planned, accepted] {
        assert_eq!(
            each(told, "tel"),
            ["590690110001", "33680010001", "262692110002", "33680010002"]
        );
        assert_eq!(
            (each(told, "index"), &told["meta"]),
            (vec![&json!(0), &json!(1), &json!(2), &json!(3)], &json!(7))
        );
    }
    assert_eq!(each(planned, "encoding"), ["UCS-2", "GSM-7", "UCS-2", "GSM-7"]);
    assert_eq!(each(accepted, "status"), ["accepted"; 4]);
    let mut texts: Vec<_> = simulator.sent().iter().map(|it| it["sms"].to_string()).collect();
    texts.sort_unstable();
    assert_eq!(texts, ["\"Fete\"", "\"Fete\"", "\"Fête\"", "\"Fête\""]);
}

#[test]
fn a_request_that_fails_leaves_the_others_and_can_be_fed_in_again() {
    let simulator = Simulator::start(&[]);
    let set = ["--set", "textPolicy=ucs2", "--set", "giveUpAfter=0", "--set", "emetteur=Garage"];
    let message = MIXED.replace("0690110001", "0690110429");
    let first = &simulator.run("sendSmsMulti", "k", &set).run(message).quiet(3)[0];
    // The two overseas share a request, and the simulator turns it away once.
    assert_eq!(each(first, "status"), ["notSent", "accepted", "notSent", "accepted"]);
    assert_eq!(simulator.total(), 2);
    let again =
        &simulator.run("sendSmsMulti", "k", &set).run(first["retry"].to_string()).quiet(0)[0];
    assert_eq!(each(again, "tel"), ["590690110429", "262692110002"]);
    assert_eq!(each(again, "status"), ["accepted"; 2]);
    assert_eq!(simulator.total(), 4);
    let overseas =
        simulator.sent().into_iter().filter(|it| it["sms"] == "Fête" && it["emetteur"] == "Garage");
    assert_eq!(overseas.count(), 2);
}

#[test]
fn a_text_of_ones_own_refuses_its_recipient_and_a_common_one_the_message() {
    let num = json!(["0680010001", "0680010002", "0680010003", "0680010004"]);
    let long = "a".repeat(500);
    let own = json!({"num": num, "sms": ["a", "b\u{7}", long, "d"]}).to_string();
    let common = json!({"num": num, "sms": long}).to_string();
    let simulator = Simulator::start(&[]);
    let run = simulator.run("sendSmsMulti", "k", &[]);
    let lines = run.run(format!("{own}\n{common}")).quiet(3);
    assert_eq!(each(&lines[0], "status"), ["accepted", "refused", "refused", "accepted"]);
    let reasons = each(&lines[0], "reason");
    assert_eq!(reasons, [&json!(null), &json!("badCharacters"), &json!("tooLong"), &json!(null)]);
    assert_eq!(lines[1]["error"]["reason"], "tooLong");
    assert_eq!(lines[1]["error"]["field"], "sms");
    assert_eq!(simulator.total(), 2);
}

/// What iSendPro does with one request decides about its recipients only.
#[test]
fn a_large_bulk_message_goes_in_several_requests_and_each_recipient_gets_one() {
    let simulator = Simulator::start(&[]);
    let mut num: Vec<_> = (1000..1025).map(|it| format!("068001{it}")).collect();
    // In the second request of ten, one that the simulator takes and then drops the connection.
    num[12] = "0680010903".to_owned();
    let bulk = json!({"num": num, "sms": "a"}).to_string();
    let set = ["--set", "batchSize=10"];
    let told = &simulator.run("sendSmsMulti", "k", &set).run(bulk).quiet(6)[0];
    let lost = 10..20;
    let expected = (0..25).map(|it| if lost.contains(&it) { "unknown" } else { "accepted" });
    assert_eq!(each(told, "status"), expected.collect::<Vec<_>>());
    assert_eq!(
        (&told["accepted"], &told["unknown"], &told["retry"]),
        (&json!(15), &json!(10), &Value::Null)
    );
    assert_eq!(simulator.total(), 25);
}
