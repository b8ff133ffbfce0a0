//! A server that says back what it was told. [`super::run`] looks for the key and the password in
//! all that comes out, here and in every other test.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD as STANDARD, BASE64_URL_SAFE as URL_SAFE};
use isendpro_connector::component::Session;
use isendpro_connector::component::{self, Common, Item, Kind, Message, Outcome, Slot};
use isendpro_connector::isendpro;
use serde_json::{Value, json};

use super::operations::{OPS, Op};
use super::run::{KEY, PASSWORD, Step, config, reply};
use crate::http::{Answer, Api, Seen};

const NUMBER: &str = "33680010203";
const TEXT: &str = "Bonjour, canary";

/// The request as a person could read it in a page.
fn told(seen: &Seen) -> String {
    format!("{} {}?{}\n{}", seen.method, seen.path, seen.query, seen.body)
}

fn web_page(seen: &Seen) -> Vec<u8> {
    format!("<html><pre>{}</pre></html>", told(seen)).into()
}

fn plain_text(seen: &Seen) -> Vec<u8> {
    told(seen).into()
}

fn broken_json(seen: &Seen) -> Vec<u8> {
    format!("{{\"etat\":{}", seen.body).into()
}

/// A general error.
fn in_the_message(seen: &Seen) -> Vec<u8> {
    json!({"etat": {"etat": [{"code": "99", "message": told(seen)}]}}).to_string().into()
}

/// A refused number.
fn of_a_number(seen: &Seen) -> Vec<u8> {
    let entry = json!({"code": "42", "tel": "33680010203", "message": told(seen)});
    json!({"etat": {"etat": entry}}).to_string().into()
}

/// A yes of whatever operation, with the request in each of its texts.
fn in_a_yes(seen: &Seen) -> Vec<u8> {
    let code = match seen.path.as_str() {
        "/cgi-bin/shortlink" => 250,
        "/cgi-bin/subaccount" => 230,
        _ => 0,
    };
    let told = told(seen);
    let mut entry = json!({"code": code, "tel": "33680010203", "credit": "1.0", "nb_sms": "1",
        "listeNoire": "OK"});
    for name in
        ["message", "operateur", "shortlink", "repertoireId", "subAccountId", "subAccountLogin"]
    {
        entry[name] = told.as_str().into();
    }
    json!({"etat": {"etat": [entry]}}).to_string().into()
}

/// The blacklist's no.
fn of_the_list(seen: &Seen) -> Vec<u8> {
    json!({"etat": {"etat": [{"listeNoire": told(seen), "tel": told(seen)}]}}).to_string().into()
}

type Reflection = fn(&Seen) -> Vec<u8>;

const REFLECTIONS: [Reflection; 7] =
    [web_page, plain_text, broken_json, in_the_message, of_a_number, in_a_yes, of_the_list];

/// Each operation meets each reflection and each of the ways of answering, though not all at once.
#[tokio::test]
async fn a_server_that_reflects_the_request_reveals_nothing() {
    let ways = [(200, "published"), (200, "json"), (400, "auto"), (500, "form")];
    for (place, op) in OPS.into_iter().enumerate() {
        for (way, reflection) in (place..).zip(REFLECTIONS) {
            let (status, style) = ways[way % ways.len()];
            let answer = Answer::reflecting(status, reflection);
            let fine = Answer::ok(reply("getCredit-text"));
            let credit = if op.path == "credit" { answer.clone() } else { fine };
            let api = Api::new([(op.path, vec![answer]), ("credit", vec![credit])]).await;
            let mut message = op.message();
            message["raw"] = true.into();
            Step::new(op.name, &api.url(), json!({"requestStyle": style})).run(message).await;
            assert!(api.seen().iter().any(|it| told(it).contains(KEY)), "it was told");
        }
    }
}

#[tokio::test]
async fn what_was_taken_out_is_marked() {
    let api = Api::new([("subaccount", vec![Answer::reflecting(200, in_a_yes)])]).await;
    let op = Op::of("subaccountAdd");
    let ran = Step::new(op.name, &api.url(), json!({})).run(op.message()).await;
    let said = ran.result()["message"].as_str().unwrap();
    assert!(
        said.contains(r#""keyid":"***""#) && said.contains(r#""subAccountPassword":"***""#),
        "{said}"
    );
}

#[tokio::test]
async fn the_key_of_a_message_is_as_secret_as_the_accounts() {
    const OWN: &str = "AnotherCanaryKey88";
    for reflection in REFLECTIONS {
        let api = Api::new([("sms", vec![Answer::reflecting(200, reflection)])]).await;
        let message = json!({"keyid": OWN, "num": "0680010203", "sms": "a", "raw": true});
        let ran = Step::new("sendSms", &api.url(), json!({})).run(message).await;
        ran.hides(&[OWN]);
        assert!(api.seen().iter().all(|it| told(it).contains(OWN) && !told(it).contains(KEY)));
    }
}

#[tokio::test]
async fn the_key_of_a_sub_account_is_kept_out_of_errors() {
    const SUB: &str = "SubCanaryKey4711";
    for reflection in REFLECTIONS {
        let api = Api::new([("subaccount", vec![Answer::reflecting(400, reflection)])]).await;
        let message = json!({"subAccountEdit": "addCredit", "subAccountKeyId": SUB, "subAccountAddCredit": "2"});
        Step::new("subaccountEdit", &api.url(), json!({})).run(message).await.hides(&[SUB]);
    }
}

#[tokio::test]
async fn messages_that_are_wrong_are_not_quoted() {
    let wrong = [
        json!({"subAccountLogin": "a", "subAccountPassword": {"is": PASSWORD}, "keyid": [KEY]}),
        json!({"subAccountLogin": {}, "subAccountPassword": PASSWORD, "keyid": KEY}),
        json!({"subAccountPassword": PASSWORD, "subAccountEdit": PASSWORD, "keyid": KEY}),
        json!({"subAccountLogin": "a", "subAccountPassword": [PASSWORD, KEY], "raw": KEY}),
        json!([KEY, PASSWORD]),
        json!(KEY),
    ];
    let api = Api::new([]).await;
    for message in wrong {
        let ran = Step::new("subaccountAdd", &api.url(), json!({})).run(message.clone()).await;
        assert_eq!(ran.error().kind, Kind::Invalid, "{message}");
    }
    assert_eq!(api.seen().len(), 0);
}

#[tokio::test]
async fn a_session_and_a_configuration_print_no_key() {
    let config = config("http://127.0.0.1:9/cgi-bin", json!({}));
    let session = Session::connect(&config).unwrap();
    let own = session.with_key("AnotherCanaryKey88").unwrap();
    let shown = format!("{config:?} {session:?} {own:?}");
    assert!(!shown.contains(KEY) && !shown.contains("Canary"), "{shown}");
}

#[test]
fn messages_and_answers_print_no_key_no_number_and_no_text() {
    let common = json!({"keyid": KEY, "meta": {"num": NUMBER}, "reference": TEXT});
    let common: Common = serde_json::from_value(common).unwrap();
    let message = json!({"id": "1", "body": {"num": NUMBER, "sms": TEXT, "snapshot": [NUMBER]},
        "query": {"tel": NUMBER}, "passthrough": {"a": {"keyid": KEY}}});
    let message = Message::new(message);
    let entry =
        json!({"code": 0, "tel": NUMBER, "message": TEXT, "subAccountKeyId": KEY, NUMBER: 1});
    let raw = json!({"etat": {"etat": [entry]}}).to_string();
    let answered = isendpro::Reply::read(&raw).unwrap();
    let answer = component::Answer {
        status: component::Status::Accepted,
        code: Some(0),
        message: Some(TEXT.to_owned()),
        reason: None,
        parts: None,
        replayed: false,
        quotes: true,
    };
    let data = answered.entries[0].fields().clone();
    let reply = component::Reply { answers: vec![answer], data, raw: raw.into(), replayed: false };
    let slot = Slot { index: 0, tel: NUMBER, tracker: None };
    let meta = Some(Value::from(TEXT));
    let item = Item { num: NUMBER.to_owned(), tel: NUMBER.to_owned(), meta, ..Item::default() };
    let outcome = Outcome::Done(reply);
    let shown = format!("{common:?} {message:?} {answered:?} {outcome:?} {slot:?} {item:?}");
    for secret in [KEY, NUMBER, TEXT] {
        assert!(!shown.contains(secret), "{shown}");
    }
    assert!(shown.contains(r#"id: Some("1")"#) && shown.contains("code: Some(0)"), "{shown}");
}

#[tokio::test]
async fn the_words_of_the_credit_check_hold_no_key() {
    for reflection in REFLECTIONS {
        for status in [200, 400, 500] {
            let api = Api::new([("credit", vec![Answer::reflecting(status, reflection)])]).await;
            let session = Session::connect(&config(&api.url(), json!({}))).unwrap();
            let shown = match session.verify().await {
                Ok(verified) => verified,
                Err(error) => format!("{error} {error:?} {}", Value::to_string(&error.to_json())),
            };
            assert!(!shown.contains(KEY), "{shown}");
        }
    }
}

/// How a server may write what it was told.
const WRITINGS: [fn(&str) -> String; 9] = [
    |it| it.chars().rev().collect(),
    |it| STANDARD.encode(it),
    |it| STANDARD.encode(it).replace('=', ""),
    |it| URL_SAFE.encode(it),
    |it| each(it, |it| format!("%{:02x}", u32::from(it))),
    |it| each(it, |it| format!("%{:02X}", u32::from(it))),
    |it| each(it, |it| format!("&#{};", u32::from(it))),
    str::to_uppercase,
    |it| each(it, |it| format!("\\u{:04x}", u32::from(it))),
];

fn each(text: &str, form: fn(char) -> String) -> String {
    text.chars().map(form).collect()
}

#[tokio::test]
async fn a_key_that_is_written_in_another_way_is_masked_in_results_and_errors() {
    for writing in WRITINGS {
        let written = writing(KEY);
        let entry = json!({"code": "0", "tel": "33680010203", "message": written});
        let no = json!({"code": "42", "tel": "33680010203", "message": written});
        for entry in [entry, no] {
            let answer = json!({"etat": {"etat": [entry]}}).to_string();
            let api = Api::new([("sms", vec![Answer::ok(answer)])]).await;
            let message = json!({"num": "0680010203", "sms": "a", "raw": true});
            let ran = Step::new("sendSms", &api.url(), json!({})).run(message).await;
            let told = ran.result();
            assert!(told["message"].as_str().unwrap().contains("***"), "{told}");
            assert!(!told.to_string().contains(&written), "{told}");
        }
    }
}
