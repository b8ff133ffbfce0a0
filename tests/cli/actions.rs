//! Every action through the real binary: its own examples against a simulator, and its dry run.

use std::net::TcpListener;

use isendpro_connector::catalog::COMPONENT;
use serde_json::{Value, json};

use crate::cli::{Simulator, isendpro, sms};

/// Makes the directory and the sub-account that examples name, and gives their ids by field.
fn ids(simulator: &Simulator) -> [(&'static str, Value); 2] {
    let made = |action: &str, field: &str, body: &str| -> Value {
        let id = simulator.run(action, "main", &[]).run(body).quiet(0)[0][field].clone();
        assert!(id.is_string(), "{action}: {id}");
        id
    };
    let sub_account = r#"{"subAccountLogin":"ours","subAccountPassword":"a pass phrase"}"#;
    let directory = made("repertoireCrea", "repertoireId", r#"{"repertoireNom":"ours"}"#);
    let key = made("subaccountAdd", "subAccountKeyId", sub_account);
    [("repertoireId", directory), ("subAccountKeyId", key)]
}

#[test]
fn every_example_of_every_action_is_accepted() {
    let simulator = Simulator::start(&[]);
    let ids = ids(&simulator);
    for handler in COMPONENT.handlers {
        let name = handler.meta.name;
        for example in handler.meta.examples {
            let mut body: Value = serde_json::from_str(example.body).unwrap();
            for (field, id) in ids.iter().filter(|(field, _)| example.body.contains(field)) {
                body[*field] = id.clone();
            }
            let lines = simulator.run(name, "main", &["--many"]).run(body.to_string()).quiet(0);
            assert!(!lines.is_empty(), "{name}: {body}");
            for line in lines {
                let status = line.get("status").and_then(Value::as_str).unwrap_or("accepted");
                assert_eq!((status, line.get("error")), ("accepted", None), "{name}: {line}");
            }
        }
    }
    assert_eq!(simulator.total(), 8, "the recipients of the sends");
}

#[test]
fn every_example_of_every_action_can_be_tried_in_this_process() {
    for handler in COMPONENT.handlers {
        for example in handler.meta.examples {
            let run = isendpro(&["run", handler.meta.name, "--server", "simulator", "--many"]);
            let finished = run.run(example.body);
            // The ids in these examples are made up.
            let known = !matches!(handler.meta.name, "repertoire" | "subaccountEdit");
            let lines = finished.quiet(if known { 0 } else { 3 });
            let said = lines[0]["mode"] == "simulator" || lines[0]["error"]["kind"] == "refused";
            assert!(said, "{}: {lines:?}", handler.meta.name);
        }
    }
}

#[test]
fn a_dry_run_opens_no_connection_and_plans_every_example() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/cgi-bin", listener.local_addr().unwrap());
    for handler in COMPONENT.handlers.iter().filter(|it| it.body.is_some()) {
        for example in handler.meta.examples {
            let run = isendpro(&["run", handler.meta.name, "--server", &url, "-n", "--many"]);
            let lines = run.run(example.body).quiet(0);
            assert!(!lines.is_empty(), "{}", handler.meta.name);
            for line in lines {
                assert_eq!(line["mode"], "dryRun", "{line}");
                assert!(line.to_string().contains("planned"), "{line}");
            }
        }
    }
    listener.set_nonblocking(true).unwrap();
    let caught = listener.accept().map(|_| ()).map_err(|it| it.kind());
    assert_eq!(caught, Err(std::io::ErrorKind::WouldBlock), "somebody connected");
}

#[test]
fn a_directory_is_made_filled_and_sent_to() {
    let simulator = Simulator::start(&[]);
    let one = |action: &str, body: Value| -> Value {
        simulator.run(action, "main", &["--many"]).run(body.to_string()).quiet(0).remove(0)
    };
    let id = one("repertoireCrea", json!({"repertoireNom": "all"}))["repertoireId"].clone();
    let people = json!({"repertoireEdit": "add", "repertoireId": id,
        "num": ["0680010001", "0680010002", "0680010003"], "champ1": ["a", "b", "c"]});
    assert_eq!(one("repertoire", people)["results"].as_array().unwrap().len(), 3);
    let gone = json!({"repertoireEdit": "del", "repertoireId": id, "num": "0680010002"});
    assert_eq!(one("repertoire", gone)["results"][0]["code"], 933);
    let sent = one("sendSmsMulti", json!({"repertoireId": id, "sms": "Bonjour"}));
    assert_eq!((&sent["accepted"], simulator.total()), (&json!(2), 2), "{sent}");
}

#[test]
fn the_blacklist_and_the_report_tell_what_earlier_runs_did() {
    let simulator = Simulator::start(&[]);
    let run = |action: &str, key: &str, body: &str, code: i32| -> Value {
        let args = ["--many", "--set", "emitBehaviour=fetchAll"];
        let args = if action.starts_with("get") { &args[..] } else { &args[..1] };
        simulator.run(action, key, args).run(body).quiet(code).remove(0)
    };
    let number = r#"{"num":"0680010001"}"#;
    assert_eq!(run("setListeNoire", "main", number, 0)["listeNoire"], "OK");
    let refused = run("sendSms", "main", &sms("0001", "a"), 3);
    assert_eq!(
        (&refused["status"], &refused["reason"]),
        (&json!("refused"), &json!("blacklisted"))
    );
    let listed = run("getListeNoire", "main", "{}", 0);
    assert!(listed["rows"].to_string().contains("80010001"), "{listed}");
    assert_eq!(run("getListeNoire", "other", "{}", 0)["rows"], json!([]));
    run("delListeNoire", "main", number, 0);
    assert_eq!(run("sendSms", "main", &sms("0001", "b"), 0)["status"], "accepted");

    let args = ["--set", "period=last24Hours", "--set", "emitBehaviour=fetchAll"];
    let report = simulator.run("getCampagne", "main", &args).run("{}").quiet(0);
    let rows = report[0]["rows"].as_array().unwrap();
    assert_eq!((rows.len(), &rows[0]["sms"]), (1, &json!("b")));
}

#[test]
fn a_sub_account_gets_credit_and_spends_it() {
    let simulator = Simulator::start(&[]);
    let add = r#"{"subAccountLogin":"shop","subAccountPassword":"a pass phrase"}"#;
    let made = simulator.run("subaccountAdd", "main", &[]).run(add).quiet(0);
    let key = made[0]["subAccountKeyId"].as_str().unwrap();
    assert_eq!(made[0]["code"], 230);
    // Without credit its account is in trouble; its message can be tried again later.
    let poor = simulator.run("sendSms", key, &[]).run(sms("0001", "a"));
    assert_eq!((poor.code, &poor.lines()[0]["error"]["kind"]), (5, &json!("accountCredit")));
    let give =
        json!({"subAccountEdit": "addCredit", "subAccountKeyId": key, "subAccountAddCredit": "2"});
    simulator.run("subaccountEdit", "main", &[]).run(give.to_string()).quiet(0);
    // The key may also come with the message.
    let own = json!({"keyid": key, "num": "0680010001", "sms": "b"}).to_string();
    assert_eq!(simulator.run("sendSms", "main", &[]).run(own).quiet(0)[0]["status"], "accepted");
    let credit = simulator.run("getCredit", key, &[]).run("{}").quiet(0);
    assert_eq!(credit[0]["credit"], 1.95);
    assert_eq!(simulator.total(), 1);
}

#[test]
fn a_trigger_emits_the_time_and_its_snapshot() {
    let lines = isendpro(&["run", "startFlow"]).run("{}\n{\"snapshot\":{\"last\":7}}\n").quiet(0);
    assert!(lines[0]["time"].as_str().unwrap().ends_with('Z'));
    assert_eq!((&lines[0]["snapshot"], &lines[1]["snapshot"]), (&json!({}), &json!({"last": 7})));
}
