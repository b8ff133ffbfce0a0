//! What must not happen again: each test is a defect that this suite once found.

use std::time::{Duration, Instant};

use isendpro_connector::component::Kind;
use serde_json::{Value, json};

use super::downloads::zipped;
use super::operations::Op;
use super::run::{Ran, Step, holds, reply, run};
use crate::http::{Act, Answer, Api, Raw, Seen};

async fn answered(action: &str, body: &str) -> Ran {
    let op = Op::of(action);
    let fine = Answer::ok(reply("getCredit-text"));
    let api = Api::new([(op.path, vec![Answer::ok(body)]), ("credit", vec![fine])]).await;
    run(action, &api.url(), op.message()).await
}

#[tokio::test]
async fn a_silent_server_does_not_hold_a_download_for_ever() {
    for action in ["getListeNoire", "getCampagne"] {
        let raw = Raw::new(&[Act::Silence]).await;
        let settings = json!({"callTimeout": 1, "connectTimeout": 0.2});
        let step = Step::new(action, &raw.url(), settings);
        let run = step.run(Op::of(action).message());
        let ran = tokio::time::timeout(Duration::from_secs(8), run).await.unwrap();
        assert_eq!((ran.error().kind, raw.requests()), (Kind::Unavailable, 1));
    }
}

#[tokio::test]
async fn a_wait_beyond_all_bounds_is_only_too_long() {
    for action in ["sendSms", "comptage", "getListeNoire"] {
        for minutes in [0, 1] {
            let op = Op::of(action);
            let later = Answer::new(429, "").retry_after("18446744073709551615");
            let api = Api::new([(op.path, vec![later])]).await;
            let step = Step::new(action, &api.url(), json!({"giveUpAfter": minutes}));
            let run = step.run(op.message());
            let ran = tokio::time::timeout(Duration::from_secs(8), run).await.unwrap();
            assert_eq!((ran.error().kind, api.seen().len()), (Kind::NotSent, 1), "{action}");
        }
    }
}

#[tokio::test]
async fn a_report_waits_as_long_as_the_server_says() {
    let op = Op::of("getListeNoire");
    let later = Answer::new(429, "").retry_after("2");
    let api = Api::new([(op.path, vec![later, Answer::ok(zipped("tel\n33680010203\n"))])]).await;
    let start = Instant::now();
    Step::new(op.name, &api.url(), json!({"giveUpAfter": 1})).run(op.message()).await.result();
    assert!(start.elapsed() >= Duration::from_secs(2), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_file_that_will_never_be_read_is_fetched_once() {
    let op = Op::of("getListeNoire");
    let empty = [&b"PK\x05\x06"[..], &[0; 18]].concat();
    let api = Api::new([(op.path, vec![Answer::ok(empty)])]).await;
    let step = Step::new(op.name, &api.url(), json!({"giveUpAfter": 0.05}));
    assert!(step.run(op.message()).await.error().what.contains("no table"));
    assert_eq!(api.seen().len(), 1);
}

/// As PHP writes a text in JSON.
fn php(text: &str) -> String {
    let mut json = String::new();
    for character in text.chars() {
        match character {
            '/' | '"' | '\\' => json.extend(['\\', character]),
            it if it.is_ascii() => json.push(it),
            it => json.push_str(&format!("\\u{:04x}", u32::from(it))),
        }
    }
    json
}

fn refusal(message: &str) -> Vec<u8> {
    format!(r#"{{"etat":{{"etat":[{{"code":"99","message":"{message}"}}]}}}}"#).into()
}

#[tokio::test]
async fn a_reflected_secret_is_taken_out_however_it_is_written() {
    for secret in ["Canary\"Odd1", "Canary\\Odd2", "Canary/Odd3", "CanäryOdd4", "Canary+Odd &5"] {
        let body = |seen: &Seen| refusal(&php(&format!("{} {}", seen.query, seen.body)));
        let alone = refusal(&php(&format!("wrong: {secret}")));
        let serde = json!({"etat": {"etat": {"code": "99", "message": secret}}}).to_string();
        for answer in [Answer::reflecting(400, body), Answer::ok(alone), Answer::ok(serde)] {
            let fine = Answer::ok(reply("getCredit-text"));
            let routes = [
                ("subaccount", vec![answer.clone()]),
                ("setlistenoire", vec![answer]),
                ("credit", vec![fine]),
            ];
            let api = Api::new(routes).await;
            let message = json!({"subAccountLogin": "a", "subAccountPassword": secret});
            hides(secret, &run("subaccountAdd", &api.url(), message).await);
            for style in ["published", "json", "form"] {
                let settings = json!({"keyid": secret, "requestStyle": style});
                let step = Step::new("setListeNoire", &api.url(), settings);
                hides(secret, &step.run(json!({"num": "0680010203"})).await);
            }
        }
    }
}

fn hides(secret: &str, ran: &Ran) {
    let said = ran.error().to_string();
    let json = serde_json::to_string(secret).unwrap();
    let url = serde_urlencoded::to_string([("", secret)]).unwrap();
    for form in [secret, json.trim_matches('"'), &php(secret), &url[1..]] {
        assert!(!said.contains(form), "{said}");
    }
}

#[tokio::test]
async fn a_code_that_cannot_be_read_refuses_nothing() {
    for code in [r#""""#, r#""OK""#, "true", "[]", "{}"] {
        let entry = format!(r#"{{"etat":{{"etat":[{{"code":{code},"tel":"0680010203"}}]}}}}"#);
        for action in ["sendSms", "addShortlink", "subaccountAdd"] {
            let ran = answered(action, &entry).await;
            assert_eq!(ran.error().kind, Kind::Unknown, "{action} {code}");
        }
        assert_eq!(answered("sendSmsMulti", &entry).await.result()["unknown"], 2, "{code}");
    }
}

#[tokio::test]
async fn a_code_may_be_written_with_a_decimal_point() {
    for code in ["0.0", r#""0.0""#] {
        let entry = format!(r#"{{"etat":{{"etat":{{"code":{code},"tel":"0680010203"}}}}}}"#);
        assert_eq!(answered("sendSms", &entry).await.result()["status"], "accepted");
    }
    let link = r#"{"etat":{"etat":{"code":250.0,"shortlink":"ww.sms.ht/a"}}}"#;
    assert_eq!(answered("addShortlink", link).await.result()["code"], 250);
}

async fn directory(body: &str, message: Value) -> Value {
    let api = Api::new([("smsmulti", vec![Answer::ok(body)])]).await;
    run("sendSmsMulti", &api.url(), message).await.result().clone()
}

#[tokio::test]
async fn an_entry_about_a_directorys_number_is_not_about_the_messages_own() {
    let other = r#"{"etat":{"etat":[{"code":"0","tel":"0699999999"}]}}"#;
    let message = json!({"repertoireId": "1", "num": "0680010203", "sms": "a"});
    let output = directory(other, message).await;
    let expected = json!({"accepted": 1, "unknown": 1, "results": [
        {"tel": "33680010203", "status": "unknown"}, {"tel": "33699999999", "status": "accepted"}]});
    assert!(holds(&output, &expected), "{output}");
}

/// Three SMS or three thousand may have left: the counts must not all be zero.
#[tokio::test]
async fn a_directory_that_is_answered_for_as_a_whole_is_counted() {
    let whole = r#"{"etat":{"etat":[{"code":"0","message":"envoye"}]}}"#;
    let output = directory(whole, json!({"repertoireId": "1", "sms": "a"})).await;
    let counted = output["accepted"].as_u64().unwrap() + output["unknown"].as_u64().unwrap();
    assert!(counted > 0 && output["results"] != json!([]), "{output}");
}

#[tokio::test]
async fn a_look_up_passes_on_what_is_said_of_one_number() {
    let body = r#"{"etat":{"etat":[{"operateur":"ORAN","tel":"0680010203"},
        {"code":"21","message":"non attribue","tel":"0680010204"}]}}"#;
    let ran = answered("getHlr", body).await;
    let expected = json!({"results": [{"status": "accepted"},
        {"status": "refused", "code": 21, "reason": "notAllocated", "message": "non attribue"}]});
    assert!(holds(ran.result(), &expected), "{}", ran.result());
}

#[tokio::test]
async fn an_answer_without_content_is_none() {
    for body in [r#"{"etat":{}}"#, r#"{"etat":{"etat":{}}}"#, r#"{"etat":{"etat":[{}]}}"#] {
        for action in ["repertoireCrea", "repertoire", "subaccountEdit"] {
            assert_eq!(answered(action, body).await.error().kind, Kind::Unknown, "{action} {body}");
        }
    }
}

#[tokio::test]
async fn a_doubt_with_a_code_passes_it_on() {
    for action in ["repertoireCrea", "repertoire", "subaccountEdit"] {
        let op = Op::of(action);
        let api = Api::new([(op.path, vec![Answer::new(500, reply("general-error"))])]).await;
        let ran = run(action, &api.url(), op.message()).await;
        let error = ran.error();
        assert_eq!((error.kind, error.code), (Kind::Unknown, Some(99)), "{error}");
        assert!(error.what.contains("dont le code n'est pas publie"), "{error}");
    }
}

#[tokio::test]
async fn lists_that_php_wrote_as_objects_are_read() {
    let body = r#"{"etat":{"etat":{"0":{"code":"0","tel":"0680010203"},
        "2":{"code":"11","tel":"0680010204"}}}}"#;
    let ran = answered("sendSmsMulti", body).await;
    assert_eq!((&ran.result()["accepted"], &ran.result()["refused"]), (&json!(1), &json!(1)));
}
