//! The network fails: before the request left, after it, and in the middle of the answer.

use futures_util::future::join_all;
use isendpro_connector::component::Kind;
use serde_json::{Value, json};

use super::operations::{OPS, Op};
use super::run::Step;
use crate::http::{Act, Answer, Api, Raw};
use crate::nobody::nobody;

const ACCEPTED: &str = r#"{"etat":{"etat":[{"code":"0","tel":"0680010203","message":"accept"}]}}"#;
const COUNTED: &str = r#"{"etat":{"etat":{"nb_caractere":"222","nb_sms":"2","tel":"33612345"}}}"#;
const LISTED: &str = r#"{"etat":{"etat":[{"listeNoire":"OK","tel":"0680010"}]}}"#;
const HALF: &str =
    "HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{\"etat\":{\"etat\":[{\"code\":\"0\"";
const HALF_CHUNK: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n40\r\n{\"etat\":{";
const NO_HTTP: &str = "220 mail.example.org ESMTP\r\n";

/// Asks in the published style.
fn step(action: &str, url: &str, minutes: f64) -> Step {
    Step::new(action, url, json!({"requestStyle": "published", "giveUpAfter": minutes}))
}

/// The same, for what waits until its time is over. It has to be enough for an answer on a machine
/// that is busy with other tests.
fn impatient(action: &str, url: &str, minutes: f64) -> Step {
    let settings = json!({"requestStyle": "published", "giveUpAfter": minutes,
        "connectTimeout": 2, "callTimeout": 3});
    Step::new(action, url, settings)
}

#[tokio::test]
async fn without_a_connection_nothing_was_sent() {
    let (closed, _held) = nobody();
    // A server that does not speak TLS.
    let api = Api::new([("sms", vec![Answer::ok("")])]).await;
    let no_tls = api.url().replace("http:", "https:");
    for op in OPS.into_iter().filter(|it| it.name != "sendSmsMulti") {
        for url in [&closed, &no_tls] {
            let ran = step(op.name, url, 0.0).run(op.message()).await;
            let error = ran.error();
            assert_eq!((error.kind, error.retryable()), (Kind::NotSent, true), "{}", op.name);
            assert!(error.what.starts_with("no connection: "), "{error}");
            assert!(error.hint.is_some());
        }
    }
    assert_eq!(api.seen().len(), 0);
    let op = Op::of("sendSmsMulti");
    let ran = step(op.name, &closed, 0.0).run(op.message()).await;
    assert_eq!(ran.result()["notSent"], 2);
    assert_eq!(ran.result()["retry"]["recipients"][1]["num"], "+33680010204");
}

#[tokio::test]
async fn auto_tries_no_other_style_when_the_network_fails() {
    for act in [&[Act::Close][..], &[Act::SayAndClose(HALF)], &[Act::SayAndClose(NO_HTTP)]] {
        for name in ["getCredit", "setListeNoire", "getListeNoire", "getCampagne"] {
            let raw = Raw::new(Box::leak(Box::new(act.to_vec()))).await;
            let ran = Step::new(name, &raw.url(), json!({})).run(Op::of(name).message()).await;
            assert_eq!(
                (ran.error().kind, raw.requests()),
                (Kind::Unavailable, 1),
                "{name} {act:?}"
            );
        }
    }
}

/// After the request was read, whatever goes wrong leaves a doubt; only repeatable calls are made
/// again.
#[tokio::test]
async fn a_lost_answer_is_in_doubt() {
    let cases: [(&'static [Act], &str, &str); 9] = [
        (&[Act::Close, Act::Reply(ACCEPTED)], "sendSms", "the connection broke before the answer"),
        (&[Act::SayAndClose(HALF), Act::Reply(ACCEPTED)], "sendSms", "the connection broke"),
        (&[Act::SayAndClose(HALF_CHUNK), Act::Reply(ACCEPTED)], "sendSms", "the connection broke"),
        (&[Act::SayAndClose(NO_HTTP), Act::Reply(ACCEPTED)], "sendSms", "the connection broke"),
        (&[Act::Silence, Act::Reply(ACCEPTED)], "sendSms", "no answer within the time allowed"),
        (&[Act::Say(HALF), Act::Reply(ACCEPTED)], "sendSms", "no answer within the time allowed"),
        (&[Act::Close, Act::Reply(COUNTED)], "comptage", ""),
        (&[Act::Silence, Act::Reply(COUNTED)], "comptage", ""),
        (&[Act::SayAndClose(HALF), Act::Reply(LISTED)], "setListeNoire", ""),
    ];
    join_all(cases.map(|(acts, action, said)| loses(acts, action, said))).await;
}

async fn loses(acts: &'static [Act], action: &str, said: &str) {
    let op = Op::of(action);
    let is_silent = matches!(acts.first(), Some(Act::Silence | Act::Say(_)));
    let step = if is_silent { impatient } else { step };
    let first = Raw::new(acts).await;
    let ran = step(action, &first.url(), 0.0).run(op.message()).await;
    let kind = if action == "sendSms" { Kind::Unknown } else { Kind::Unavailable };
    assert_eq!((ran.error().kind, first.requests()), (kind, 1), "{acts:?}");

    let again = Raw::new(acts).await;
    let ran = step(action, &again.url(), 0.5).run(op.message()).await;
    if kind == Kind::Unknown {
        let error = ran.error();
        assert!(error.what.starts_with(said), "{acts:?}: {error}");
        assert_eq!((error.kind, again.requests()), (Kind::Unknown, 1), "{acts:?}");
    } else {
        ran.result();
        assert_eq!(again.requests(), 2, "{acts:?}");
    }
}

/// The second request goes out on the connection of the first, and is not made again on another.
#[tokio::test]
async fn a_kept_connection_that_breaks_leaves_a_doubt_too() {
    let raw = Raw::new(&[Act::Reply(ACCEPTED), Act::Close, Act::Reply(ACCEPTED)]).await;
    let step = step("sendSms", &raw.url(), 0.5);
    let message = Op::of("sendSms").message();
    assert_eq!(step.run(message.clone()).await.result()["status"], "accepted");
    assert_eq!(step.run(message).await.error().kind, Kind::Unknown);
    assert_eq!(raw.requests(), 2);
}

#[tokio::test]
async fn every_other_recipient_of_a_lost_bulk_message_is_unknown() {
    let raw = Raw::new(&[Act::Close]).await;
    let message = json!({"num": ["0680010203", "0142000000", "0680010203"], "sms": "a"});
    let ran = step("sendSmsMulti", &raw.url(), 0.5).run(message).await;
    let results = ran.result()["results"].as_array().unwrap().iter();
    let statuses: Value = results.map(|it| it["status"].clone()).collect();
    assert_eq!(statuses, json!(["unknown", "refused", "duplicate"]));
    assert_eq!((ran.result().get("retry"), raw.requests()), (None, 1));
}

#[tokio::test]
async fn what_was_not_sent_is_tried_until_the_patience_ends() {
    let (closed, _held) = nobody();
    let ran = step("sendSms", &closed, 0.02).run(Op::of("sendSms").message()).await;
    assert_eq!(ran.error().kind, Kind::NotSent);
}
