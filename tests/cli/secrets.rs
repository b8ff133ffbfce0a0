//! A key and a password that are looked for everywhere after everything that can happen to them.

use std::path::Path;

use serde_json::json;

use crate::cli::{Finished, Simulator, isendpro, json, nobody, sms, web_server};

/// Characters that JSON and URLs write in other ways too.
const KEY: &str = "canary-KEY/7f3a\"+9 b";
const PASSWORD: &str = "canary-PASSWORD&e1\\d4 é";
/// What is there in every way of writing them.
const CANARIES: [&str; 2] = ["canary-KEY", "canary-PASSWORD"];

/// How the log is asked for: to stderr, or to a file.
#[derive(Clone, Copy)]
enum Log<'a> {
    Stderr,
    File(&'a Path),
}

/// Runs an action with everything logged, and looks for the canaries.
fn run(action: &str, server: &str, log: Log, settings: &[&str], input: &str) -> Finished {
    let args = ["run", action, "--server", server, "--many", "-vvv", "--set", "giveUpAfter=0"];
    let mut cli = isendpro(&args).args(settings).key(KEY).env("ISENDPRO_LOG", "trace");
    if let Log::File(path) = log {
        cli = cli.args(&["--log-file", path.to_str().unwrap()]);
    }
    let finished = cli.run(input);
    let logged = match log {
        Log::Stderr => finished.stderr.clone(),
        Log::File(path) => std::fs::read_to_string(path).unwrap(),
    };
    for (place, text) in
        [("stdout", &finished.stdout), ("stderr", &finished.stderr), ("log", &logged)]
    {
        for canary in CANARIES {
            let line = text.lines().find(|it| it.contains(canary));
            assert!(line.is_none(), "{action} at {server}, {place}: {line:?}");
        }
    }
    finished
}

/// One message for each way in which a send can end.
fn sends() -> String {
    let endings = [
        "0001", "0011", "0429", "0430", "0500", "0501", "0900", "0901", "0902", "0903", "0904",
        "0905", "0906", "0907", "0908",
    ];
    endings.map(|it| sms(it, "a")).join("\n")
}

/// The actions that are asked for in other ways than sends, with messages for them.
fn others() -> Vec<(&'static str, String)> {
    let account = json!({"subAccountLogin": "shop", "subAccountPassword": PASSWORD}).to_string();
    let edit = json!({"subAccountEdit": "addCredit", "subAccountKeyId": "nobody", "subAccountAddCredit": "2"});
    vec![
        // The second one is refused, and the third is wrong.
        (
            "subaccountAdd",
            format!("{account}\n{account}\n{}", account.replace("\"shop\"", "[\"shop\"]")),
        ),
        ("subaccountEdit", edit.to_string()),
        ("getCredit", "{}".to_owned()),
        (
            "getCampagne",
            r#"{"date_deb":"2026-07-01 00:00","date_fin":"2026-07-14 23:59"}"#.to_owned(),
        ),
        ("getListeNoire", "{}".to_owned()),
        ("setListeNoire", r#"{"num":"0680010001"}"#.to_owned()),
        ("getHlr", r#"{"num":"0680010001"}"#.to_owned()),
    ]
}

const SHORT: [&str; 4] = ["--set", "callTimeout=1", "--set", "connectTimeout=0.1"];

#[test]
fn no_send_shows_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("log.ndjson");
    let simulator = Simulator::start(&[]);
    for log in [Log::Stderr, Log::File(&file)] {
        for server in [&simulator.url, "simulator"] {
            let finished = run("sendSms", server, log, &SHORT, &sends());
            assert_eq!((finished.code, finished.lines().len()), (6, 15));
            let reflected = &finished.lines()[14]["error"];
            assert!(reflected["message"].as_str().unwrap().contains("***"), "{reflected}");
        }
    }
    // With a log in a file, stderr is silent; and the log is worth searching.
    let logged = std::fs::read_to_string(&file).unwrap();
    assert!(logged.lines().count() > 50 && logged.lines().all(|it| json(it).is_object()));
}

#[test]
fn no_other_action_shows_the_key_or_the_password() {
    let simulator = Simulator::start(&[]);
    for (action, input) in others() {
        for style in ["published", "json", "form", "auto"] {
            let style = format!("requestStyle={style}");
            let finished = run(action, &simulator.url, Log::Stderr, &["--set", &style], &input);
            assert!(matches!(finished.code, 0 | 3), "{action}: {finished:?}");
        }
    }
}

#[test]
fn no_failure_of_the_network_shows_them() {
    let (nobody, _taken) = nobody();
    let page = "<html>canary? no</html>";
    let broken = Simulator::start(&[]);
    let servers = [
        nobody.clone(),
        web_server("200 OK", page),
        web_server("403 Forbidden", page),
        web_server("302 Found\r\nlocation: http://127.0.0.1:1/elsewhere", page),
        // No answer of HTTP at all.
        web_server("\u{1}", page),
        "http://no.such.host.invalid/cgi-bin".to_owned(),
    ];
    let mut actions = others();
    actions.push(("sendSms", sms("0001", "a")));
    for server in &servers {
        for (action, input) in &actions {
            let allow = ["--set", "allowHttp=1"];
            let finished = run(action, server, Log::Stderr, &allow, input);
            assert!(matches!(finished.code, 3 | 6), "{action} at {server}: {finished:?}");
        }
    }
    assert_eq!(broken.total(), 0);
}

#[test]
fn an_answer_that_repeats_them_in_its_own_writing_is_masked() {
    let answer = r#"{"etat":{"etat":[{"code":"990","message":"KEY canary-KEY\/7f3a\"+9 b, PASSWORD canary-PASSWORD&e1\\d4 \u00e9, canary-KEY/7f3a\u0022+9 b."}]}}"#;
    let server = web_server("400 Bad Request", answer);
    let account = json!({"subAccountLogin": "shop", "subAccountPassword": PASSWORD}).to_string();
    let finished = run("subaccountAdd", &server, Log::Stderr, &[], &account);
    let said = finished.lines()[0]["error"]["message"].as_str().unwrap().to_owned();
    assert!(said.contains(": KEY ***, PASSWORD ***, ***."), "{said}");
}

#[test]
fn a_refused_account_shows_its_key_nowhere() {
    let simulator = Simulator::start(&[]);
    let key = "refused-canary-KEY-1";
    for command in [&["run", "sendSms", "-vvv"][..], &["check"]] {
        let cli = isendpro(command).args(&["--server", &simulator.url]).key(key);
        let finished = cli.env("ISENDPRO_LOG", "trace").run(sms("0001", "a"));
        assert_eq!(finished.code, 4);
        assert!(!format!("{finished:?}").contains("canary"), "{finished:?}");
    }
    assert!(!simulator.ask("GET", "accounts", "").to_string().contains("canary"));
}

#[test]
fn a_key_in_a_message_is_masked_in_its_error_and_kept_in_the_failed_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("failed.ndjson");
    let wrong = [
        json!({"num": "x", "sms": "a", "keyid": KEY}),
        json!({"num": "x", "sms": "a", "KEYID": KEY}),
        json!({"num": "x", "sms": "a", "keyid": {"value": KEY}}),
        json!({"requestBody": {"num": "x", "sms": "a", "keyid": [KEY]}}),
        json!({"id": "1", "body": {"num": "x", "sms": "a", "keyid": KEY}}),
        json!({"num": "x", "sms": "a", "subAccountPassword": PASSWORD}),
    ];
    let mut input = wrong.map(|it| it.to_string()).join("\n");
    input += &format!("\n{{\"keyid\":{}, oops", json!(KEY));
    let settings = ["--failed", path.to_str().unwrap()];
    let finished = run("sendSms", "simulator", Log::Stderr, &settings, &input);
    assert_eq!((finished.code, finished.lines().len()), (3, 7));
    let kept = std::fs::read_to_string(&path).unwrap();
    let holding = kept.lines().filter(|it| CANARIES.iter().any(|canary| it.contains(canary)));
    assert_eq!(holding.count(), 7, "{kept}");
}
