//! `isendpro run`: order, pages, failed messages, the summary and the exit codes.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use crate::cli::{Simulator, ask, isendpro, json, sms};

/// Messages numbered by `meta`, of which every tenth is turned away once and comes a second later.
fn mixed(count: usize) -> String {
    let line = |place: usize| {
        let ending = if place.is_multiple_of(10) { 429 } else { 1000 + place };
        format!("{{\"num\":\"068001{ending:04}\",\"sms\":\"n {place}\",\"meta\":{place}}}\n")
    };
    (0..count).map(line).collect()
}

fn places(lines: &[Value]) -> Vec<u64> {
    lines.iter().map(|it| it["meta"].as_u64().unwrap()).collect()
}

#[test]
fn results_come_in_the_order_of_their_messages() {
    let simulator = Simulator::start(&["--latency", "5"]);
    let lines = simulator.run("sendSms", "main", &["--concurrency", "64"]).run(mixed(500)).quiet(0);
    assert_eq!(places(&lines), (0..500).collect::<Vec<_>>());
    assert!(lines.iter().all(|it| it["status"] == "accepted"));
    assert_eq!(simulator.total(), 500);
}

#[test]
fn unordered_results_do_not_wait_for_slower_ones() {
    let run = isendpro(&["run", "sendSms", "--server", "simulator", "--unordered"]);
    let lines = run.args(&["--concurrency", "64"]).run(mixed(200)).quiet(0);
    let mut places = places(&lines);
    assert_ne!(places[0], 0, "the first message comes a second later");
    places.sort_unstable();
    assert_eq!(places, (0..200).collect::<Vec<_>>());
}

#[test]
fn several_results_for_a_message_have_to_be_allowed() {
    let each = ["--set", "emitBehaviour=emitIndividually"];
    for (action, set) in [("getCampagne", &[][..]), ("sendSmsMulti", &each), ("getHlr", &each)] {
        let run = isendpro(&["run", action, "--server", "simulator"]).args(set);
        let finished = run.run("{}");
        finished.says(2, &[action, "--many", "emitBehaviour=fetchAll"]);
        assert_eq!(finished.stdout, "");
    }
}

#[test]
fn pages_and_single_results_come_with_their_message() {
    let rows = Simulator::start(&["--report-rows", "1201"]);
    let period = r#"{"date_deb":"2026-07-01 00:00","date_fin":"2026-07-14 23:59","meta":"m"}"#;
    let pages = rows.run("getCampagne", "main", &["--many"]).run(period).quiet(0);
    let sizes: Vec<_> =
        pages.iter().map(|it| (it["rows"].as_array().unwrap().len(), it["last"] == true)).collect();
    assert_eq!(sizes, [(500, false), (500, false), (201, true)]);
    assert!(pages.iter().all(|it| it["meta"] == "m"));

    let each = ["--many", "--set", "emitBehaviour=emitIndividually"];
    let single = rows.run("getCampagne", "main", &each).run(period).quiet(0);
    assert_eq!(single.len(), 1201);
    assert_eq!(
        (&single[1200]["index"], &single[1200]["row"]["tracker"]),
        (&json!(1200), &json!("row1200"))
    );

    let people = r#"{"num":["0680010001","0680010011","0142000000"],"sms":"a","meta":1}"#;
    let people = format!("{people}\n{}", people.replace("\"meta\":1", "\"meta\":2"));
    let lines = rows.run("sendSmsMulti", "main", &each).run(people).quiet(3);
    let told: Vec<_> = lines
        .iter()
        .map(|it| (it["meta"].as_u64().unwrap(), it["results"][0]["status"].as_str().unwrap()))
        .collect();
    let one = ["accepted", "refused", "refused"];
    let expected: Vec<_> = [1, 2].iter().flat_map(|meta| one.map(|it| (*meta, it))).collect();
    assert_eq!(told, expected);
}

#[test]
fn failed_messages_are_kept_as_they_were_and_can_be_fed_in_again() {
    let simulator = Simulator::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("1.ndjson"), folder.path().join("2.ndjson"));
    let own = r#"{"id":"m-3","headers":{"a":1},"body":{"num":"0680010429","sms":"c","keyid":"own-secret"}}"#;
    let (taken, busy) = (sms("0001", "a"), sms("0429", "b"));
    let input = [taken.as_str(), "not JSON", &busy, own, r#"{"num":"0142000000","sms":"d"}"#];
    let args = ["--set", "giveUpAfter=0", "--failed", first.to_str().unwrap()];
    let lines = simulator.run("sendSms", "main", &args).run(input.join("\n")).quiet(3);
    let kinds: Vec<_> = lines.iter().map(|it| it["error"]["kind"].as_str().unwrap_or("")).collect();
    assert_eq!(kinds, ["", "invalid", "notSent", "notSent", "invalid"]);
    assert_eq!((&lines[3]["id"], &lines[3]["body"]["keyid"]), (&json!("m-3"), &json!("***")));

    let mode = std::fs::metadata(&first).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let kept = std::fs::read_to_string(&first).unwrap();
    let mut kept: Vec<&str> = kept.lines().collect();
    assert_eq!(kept.len(), 4, "{kept:?}");
    kept.retain(|it| *it != "not JSON");
    assert!(kept.iter().all(|it| input.contains(it)), "{kept:?}");

    let args = ["--set", "giveUpAfter=0", "--failed", second.to_str().unwrap()];
    let again =
        simulator.run("sendSms", "main", &args).run(std::fs::read(&first).unwrap()).quiet(3);
    let accepted = again.iter().filter(|it| it.to_string().contains("\"accepted\"")).count();
    assert_eq!((again.len(), accepted, simulator.total()), (4, 2, 3));
    assert_eq!(std::fs::read_to_string(&second).unwrap().lines().count(), 2);
}

#[test]
fn the_summary_counts_what_happened() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("summary.json");
    let run = isendpro(&["run", "sendSms", "--server", "simulator", "--summary"]);
    let input = [&sms("0001", "a"), &sms("0002", "b"), &sms("0011", "c"), "{}", &sms("0903", "d")];
    run.args(&[path.to_str().unwrap()]).run(input.join("\n")).quiet(6);
    let summary = json(&std::fs::read_to_string(&path).unwrap());
    let expected = json!({"messages": 5, "failed": 2, "accepted": 2, "refused": 1, "invalid": 1,
        "unknown": 1, "notSent": 0, "duplicate": 0, "planned": 0, "parts": 2, "exitCode": 6});
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&summary[name], value, "{name} in {summary}");
    }
}

#[test]
fn the_exit_code_tells_the_worst() {
    let code = |key: &str, args: &[&str], input: &str| {
        let run = isendpro(&["run", "sendSms", "--server", "simulator"]).key(key).args(args);
        run.run(input).code
    };
    let (fine, refused) = (sms("0001", "a"), sms("0011", "b"));
    let (lost, wrong) = (sms("0903", "c"), r#"{"num":"x","sms":"d"}"#);
    assert_eq!(code("k", &[], ""), 0);
    assert_eq!(code("k", &[], &fine), 0);
    assert_eq!(code("k", &["--no-such-flag"], &fine), 2);
    assert_eq!(code("k", &["--failed", "/no/such/folder/file"], &fine), 2);
    assert_eq!(code("k", &[], &format!("{fine}\n{refused}")), 3);
    assert_eq!(code("k", &[], &format!("{fine}\n{wrong}")), 3);
    assert_eq!(code("refused-1", &[], &fine), 4);
    assert_eq!(code("empty-1", &[], &fine), 5);
    assert_eq!(code("k", &[], &format!("{fine}\n{lost}\n{refused}\n{wrong}")), 6);
}

#[test]
fn a_share_of_refused_recipients_is_tolerated() {
    let mut input: Vec<String> = (0..19).map(|it| sms("0001", &it.to_string())).collect();
    input.push(sms("0011", "x"));
    let run = |share| isendpro(&["run", "sendSms", "--server", "simulator", "--tolerate", share]);
    run("5%").run(input.join("\n")).quiet(0);
    run("4%").run(input.join("\n")).quiet(3);
    input.push("{}".to_owned());
    run("50%").run(input.join("\n")).quiet(3);
    run("101%").run("").says(2, &["from 0% to 100%"]);
}

#[test]
fn trouble_with_the_account_stops_the_reading() {
    for (key, code, kind, words) in [
        ("refused-1", 4, "accountKey", &["Mon compte > Mon API", "isendpro check"][..]),
        (
            "empty-1",
            5,
            "accountCredit",
            &["no credit", "read up to line 1", "nothing was sent", "the whole input again"],
        ),
    ] {
        let simulator = Simulator::start(&[]);
        let mut run = simulator.run("sendSms", key, &[]).start();
        run.send(&sms("0001", "a"));
        let line = run.line();
        assert_eq!(
            (&line["error"]["kind"], &line["error"]["retryable"]),
            (&json!(kind), &json!(true))
        );
        // Its input is still open, and it ends all the same.
        let finished = run.wait();
        finished.says(code, words);
        assert_eq!((finished.stdout.as_str(), simulator.total()), ("", 0));
    }
}

#[test]
fn trouble_with_the_account_of_one_message_is_its_own() {
    let simulator = Simulator::start(&[]);
    let own = r#"{"num":"0680010001","sms":"a","keyid":"refused-2"}"#;
    let lines = simulator.run("sendSms", "main", &[]).run(format!("{own}\n{}", sms("0002", "b")));
    assert_eq!(lines.lines()[0]["error"]["kind"], "accountKey");
    assert_eq!((lines.lines()[1]["status"].as_str(), simulator.total()), (Some("accepted"), 1));
}

#[test]
fn who_watches_a_run_sees_what_it_does() {
    let simulator = Simulator::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let run = simulator.run("sendSms", "watched-key", &["--log-file", log.to_str().unwrap()]);
    let mut run = run.env("ISENDPRO_METRICS_ADDR", "127.0.0.1:0").start();
    run.send(&sms("0001", "a"));
    assert_eq!(run.line()["status"], "accepted");
    let log = std::fs::read_to_string(log).unwrap();
    let said: Vec<Value> = log.lines().map(json).collect();
    let said = said.iter().find(|it| it["fields"]["message"] == "metrics").unwrap();
    let address = said["fields"]["address"].as_str().unwrap();
    let (_, metrics) = ask(address, "GET", "/metrics", "");
    let sent = "isendpro_recipients_total{action=\"sendSms\",status=\"accepted\"} 1\n";
    assert!(metrics.contains(sent), "{metrics}");
    assert!(!metrics.contains("watched-key") && !metrics.contains("680010001"), "{metrics}");
    let (ready, _) = ask(address, "GET", "/readyz", "");
    assert!(ready.starts_with("HTTP/1.1 200"), "{ready}");
    run.finish().quiet(0);
}

#[test]
fn a_port_for_metrics_that_is_taken_is_told_before_anything_is_sent() {
    let simulator = Simulator::start(&[]);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let run = simulator.run("sendSms", "main", &[]).env("ISENDPRO_METRICS_ADDR", &address);
    run.run(sms("0001", "a")).says(2, &["ISENDPRO_METRICS_ADDR", &address, "nothing sent"]);
    assert_eq!(simulator.total(), 0);
}

/// What came of a message is found by one name and one status: in its result, its error, what is kept of
/// it, and the log.
#[test]
fn errors_failed_lines_and_the_log_name_a_message_and_its_status_alike() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (log, failed) = (path("log"), path("failed"));
    let around = |id: &str, ending: &str| format!(r#"{{"id":"{id}","body":{}}}"#, sms(ending, "a"));
    let within = |reference: &str, ending: &str| {
        sms(ending, "a").replace("{\"num\"", &format!("{{\"reference\":{reference},\"num\""))
    };
    let rows = [
        (around("env-1", "0001"), Some("env-1"), "accepted"),
        (around("env-2", "0011"), Some("env-2"), "refused"),
        (around("env-3", "0903"), Some("env-3"), "unknown"),
        (around("env-4", "0430"), Some("env-4"), "notSent"),
        (
            r#"{"id":"env-5","body":{"num":"0142000000","sms":"a"}}"#.to_owned(),
            Some("env-5"),
            "refused",
        ),
        (r#"{"id":"env-6","body":{}}"#.to_owned(), Some("env-6"), "refused"),
        (within("\"r-1\"", "0001"), Some("r-1"), "accepted"),
        (within("20261130000000000001", "0903"), Some("20261130000000000001"), "unknown"),
        (within("\"r-3\"", "0430"), Some("r-3"), "notSent"),
        (within("\"r-4\"", "0900"), Some("r-4"), "unknown"),
        (sms("0903", "none"), None, "unknown"),
        (
            r#"{"id":"env-7","body":{"reference":"r-7","num":"1","sms":"a"}}"#.to_owned(),
            Some("r-7"),
            "refused",
        ),
    ];
    let input: Vec<&str> = rows.iter().map(|it| it.0.as_str()).collect();
    let args = ["--log-file", &log, "--failed", &failed, "--set", "giveUpAfter=0"];
    let run =
        isendpro(&["run", "sendSms", "--server", "simulator"]).args(&args).run(input.join("\n"));
    assert_eq!(run.code, 6, "{}", run.stderr);
    let log: Vec<_> = std::fs::read_to_string(&log).unwrap().lines().map(json).collect();
    let kept: Vec<_> = std::fs::read_to_string(&failed).unwrap().lines().map(json).collect();
    for (place, ((_, name, status), told)) in rows.iter().zip(run.lines()).enumerate() {
        let error = &told["error"];
        if error.is_object() {
            let (named, line) = (error.get("reference").and_then(|it| it.as_str()), place + 1);
            assert_eq!((named, &error["status"]), (*name, &serde_json::json!(status)), "{told}");
            let same = |it: &&serde_json::Value| it["error"]["line"] == serde_json::json!(line);
            if *status == "unknown" {
                assert_eq!(kept.iter().find(same).map(|it| &it["error"]), Some(error));
            }
        }
        let is_done = |it: &&serde_json::Value| {
            it["fields"]["message"] == "message done" && it["span"]["line"] == place + 1
        };
        let done = log.iter().find(is_done).unwrap();
        let named = done["span"].get("reference").and_then(|it| it.as_str());
        assert_eq!((named, done["fields"]["status"].as_str()), (*name, Some(*status)), "{done}");
    }
}
