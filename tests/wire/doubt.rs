//! What may have been sent, and is to be sent again: it stays in doubt until it is accepted.

use std::sync::Arc;

use isendpro_connector::component::{AccountTrouble, Kind, Message};
use isendpro_connector::delivery::Memory;
use serde_json::{Value, json};

use super::journal::{Remembers, SCOPE, accepted, of_run, unknown};
use super::past::{Nothing, taken, three, told};
use super::run::{Step, reply};
use crate::http::{Answer, Api};

/// A store grants what is to be sent again, and keeps the doubt.
fn resent() -> Memory {
    let known = vec![(0, unknown())];
    let remembers = Remembers { known, grants: true, ..Remembers::default() };
    Memory::of_step(Arc::new(remembers), SCOPE)
}

#[tokio::test]
async fn without_a_journal_what_is_delivered_again_is_in_doubt_to_its_last_request() {
    let api = Api::new([("smsmulti", vec![])]).await;
    let step = Step::stopped("sendSmsMulti", &api.url(), json!({"batchSize": 1}));
    let mut message = three();
    assert_eq!(told(&step.run_again(message.clone()).await), (vec!["unknown"; 3], 0));
    // Its first delivery may have done what it asks for.
    message["resend"] = json!(true);
    assert_eq!(told(&step.run_again(message).await), (vec!["unknown"; 3], 0));
    assert_eq!(api.count("smsmulti"), 0);
}

#[tokio::test]
async fn a_line_that_was_in_doubt_is_sent_when_its_body_says_so() {
    let api = Api::new([("sms", vec![taken(1)])]).await;
    let step = Step::new("sendSms", &api.url(), json!({}));
    let line = |body: Value| Message::new(json!({"error": {"kind": "unknown"}, "body": body}));
    let ran = step.take(line(json!({"num": "0680010201", "sms": "a"}))).await;
    assert_eq!((ran.error().kind, api.count("sms")), (Kind::Unknown, 0));
    let ran = step.take(line(json!({"num": "0680010201", "sms": "a", "resend": true}))).await;
    assert_eq!(ran.result()["status"], "accepted");
}

/// The second try was refused, or not made; of the first one that says nothing.
#[tokio::test]
async fn what_is_sent_again_and_not_accepted_stays_in_doubt() {
    let blacklisted = r#"{"etat":{"etat":[{"code":"11","tel":"0680010201"}]}}"#;
    let fine = || ("credit", vec![Answer::ok(reply("getCredit-text"))]);
    for answer in
        [Answer::new(429, ""), Answer::ok(reply("general-error")), Answer::ok(blacklisted)]
    {
        let api = Api::new([("sms", vec![answer.clone()]), fine()]).await;
        // A store grants what is to be sent again, and keeps the doubt.
        let memory = resent();
        let step = Step::in_run("sendSms", &api.url(), json!({}), memory, false);
        let message = json!({"num": "0680010201", "sms": "a", "resend": true});
        let ran = step.run(message).await;
        assert_eq!((ran.error().kind, api.count("sms")), (Kind::Unknown, 1), "{ran:?}");
        assert!(ran.error().what.contains("; this one: "), "{}", ran.error());

        let api = Api::new([("smsmulti", vec![answer]), fine()]).await;
        let memory = resent();
        let step = Step::in_run("sendSmsMulti", &api.url(), json!({}), memory, false);
        let message = json!({"num": ["0680010201", "0680010202"], "sms": "a", "resend": true});
        let ran = step.run(message).await;
        assert_eq!(ran.result()["results"][0]["status"], "unknown", "{}", ran.result());
        assert_ne!(ran.result()["results"][1]["status"], "accepted");
        let retried = ran.result()["retry"]["recipients"].to_string();
        assert!(!retried.contains("0680010201"), "{retried}");
    }
}

#[tokio::test]
async fn an_account_that_is_refused_is_told_whatever_is_in_doubt() {
    let answer = Answer::ok(reply("general-error"));
    let credit = ("credit", vec![Answer::ok(reply("getCredit-none"))]);
    let api = Api::new([("sms", vec![answer]), credit]).await;
    let memory = resent();
    let step = Step::in_run("sendSms", &api.url(), json!({}), memory, false);
    let ran = step.run(json!({"num": "0680010201", "sms": "a", "resend": true})).await;
    assert_eq!(
        (ran.error().kind, ran.verdict.account),
        (Kind::Unknown, Some(AccountTrouble::Credit))
    );
}

/// The message would come again, and with it the wish to send what has just ended in doubt.
#[tokio::test]
async fn a_doubt_is_told_at_once_where_it_would_be_sent_again_unseen() {
    let api = Api::new([("smsmulti", vec![Answer::new(500, "")])]).await;
    let remembers = Remembers { busy: vec![1], ..Remembers::default() };
    let memory = Memory::of_step(Arc::new(remembers), SCOPE);
    let step = Step::in_run("sendSmsMulti", &api.url(), json!({"batchSize": 1}), memory, true);
    let mut message = three();
    message["num"].as_array_mut().unwrap().pop();
    message["resend"] = json!(true);
    assert_eq!(told(&step.run(message.clone()).await), (vec!["unknown"; 2], 0));
    // What the broker delivers again has had its one try.
    let api = Api::new([("smsmulti", vec![])]).await;
    let known = vec![(0, unknown()), (1, accepted())];
    let remembers = Remembers { known, ..Remembers::default() };
    let step = Step::remembering("sendSmsMulti", &api.url(), json!({}), remembers);
    assert_eq!(told(&step.run_again(message).await), (vec!["unknown", "accepted"], 0));
}

#[tokio::test]
async fn a_copy_that_was_put_back_does_not_send_what_is_in_doubt() {
    let api = Api::new([("sms", vec![])]).await;
    let remembers = Remembers { known: vec![(0, unknown())], ..Remembers::default() };
    let step = Step::remembering("sendSms", &api.url(), json!({}), remembers);
    let message = Message::new(json!({"num": "0680010201", "sms": "a", "resend": true}));
    let ran = step.take(Message { put_back: true, ..message }).await;
    assert_eq!((ran.error().kind, api.count("sms")), (Kind::Unknown, 0));
}

/// Without a journal, or in one that is new, nobody else knows of the doubt of a line.
#[tokio::test]
async fn the_doubt_of_a_line_lasts_until_it_is_accepted() {
    let line = || {
        let body = json!({"num": "0680010201", "sms": "a", "resend": true});
        Message::new(json!({"error": {"kind": "unknown"}, "body": body}))
    };
    let api = Api::new([("sms", vec![Answer::new(429, ""), taken(1)])]).await;
    let step = Step::new("sendSms", &api.url(), json!({}));
    let ran = step.take(line()).await;
    assert_eq!((ran.error().kind, api.count("sms")), (Kind::Unknown, 1));
    let memory = of_run(Remembers::default(), false);
    let guarded = Step::in_run("sendSms", &api.url(), json!({}), memory, false);
    let ran = guarded.guarded(Arc::new(Nothing)).take(line()).await;
    assert_eq!((ran.error().kind, api.count("sms")), (Kind::Unknown, 1));
    let memory = of_run(Remembers::default(), false);
    let step = Step::in_run("sendSms", &api.url(), json!({}), memory, false);
    assert_eq!(step.take(line()).await.result()["status"], "accepted");
    // So does the broker's, where there is no journal, and the step sends again.
    let api = Api::new([("sms", vec![Answer::new(429, "")])]).await;
    let step = Step::new("sendSms", &api.url(), json!({"whenUnknown": "sendAgain"}));
    let ran = step.run_again(json!({"num": "0680010201", "sms": "a"})).await;
    assert_eq!((ran.error().kind, api.count("sms")), (Kind::Unknown, 1));
}
