//! A message that is refused today, and was or may have been sent before: nobody is told that nothing
//! was sent.

use std::sync::Arc;

use isendpro_connector::catalog::COMPONENT;
use isendpro_connector::component::{Effect, Kind, Message, Role, Work};
use isendpro_connector::delivery::Memory;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::journal::{Remembers, SCOPE, accepted, of_run, unknown};
use super::past::{Nothing, taken, three, told};
use super::run::{Ran, Step, config};
use crate::http::Api;

fn sms(text: &str) -> Value {
    json!({"num": "0680010201", "sms": text})
}

/// Settings, and a message that they refuse, whatever the time.
fn refused() -> Vec<(&'static str, Value, Value)> {
    let with = |mut message: Value, name: &str, value: Value| {
        message[name] = value;
        message
    };
    vec![
        ("sendSms", json!({"maxParts": 1}), sms(&"a".repeat(200))),
        ("sendSms", json!({"textPolicy": "strict"}), sms("œuf")),
        ("sendSms", json!({"kind": "marketing"}), with(sms("a"), "nostop", json!(true))),
        ("sendSms", json!({}), with(sms("a"), "region", json!("nowhere"))),
        ("sendSms", json!({}), with(sms("a"), "date_envoi", json!("2020-01-01 10:00"))),
        ("sendSms", json!({}), with(sms("a"), "keyid", json!("  "))),
        ("sendSmsMulti", json!({"maxRecipients": 1}), three()),
        ("sendSmsMulti", json!({"maxParts": 1}), with(three(), "sms", json!("a".repeat(200)))),
    ]
}

/// The two memories: of a step, and of a run that is resumed.
fn memories(remembers: impl Fn() -> Remembers) -> [Memory; 2] {
    [Memory::of_step(Arc::new(remembers()), SCOPE), of_run(remembers(), true)]
}

#[tokio::test]
async fn what_settings_refuse_today_is_not_denied_if_it_was_sent() {
    let api = Api::new([("sms", vec![]), ("smsmulti", vec![])]).await;
    for (action, settings, message) in refused() {
        for (known, words) in [
            (accepted(), "an earlier try of this message was accepted (at "),
            (unknown(), "an earlier try of this message may have been sent (at "),
        ] {
            let remembers =
                || Remembers { known: vec![(0, known.clone())], ..Remembers::default() };
            for memory in memories(remembers) {
                let step = Step::in_run(action, &api.url(), settings.clone(), memory, false);
                let ran = step.run(message.clone()).await;
                let error = ran.error();
                assert_eq!(error.kind, Kind::Unknown, "{error}");
                assert!(error.what.starts_with(words), "{error}");
                assert!(error.what.contains("; as things are now, it is refused: "), "{error}");
            }
        }
        for memory in memories(Remembers::default) {
            let step = Step::in_run(action, &api.url(), settings.clone(), memory, false);
            assert_eq!(step.run(message.clone()).await.error().kind, Kind::Invalid);
        }
    }
    assert_eq!(api.seen().len(), 0);
}

#[tokio::test]
async fn recipients_are_counted_as_far_as_they_are_known() {
    let api = Api::new([("smsmulti", vec![])]).await;
    let said = async |known: Vec<_>| {
        let remembers = Remembers { known, busy: vec![9], ..Remembers::default() };
        let settings = json!({"maxRecipients": 1});
        let step = Step::remembering("sendSmsMulti", &api.url(), settings, remembers);
        step.run(three()).await.error().what.clone()
    };
    let some = said(vec![(0, accepted()), (1, unknown()), (2, accepted())]).await;
    assert!(some.contains("was accepted (2 of 4 recipients, at "), "{some}");
    let none = said(vec![(0, unknown())]).await;
    assert!(none.contains("may have been sent (2 recipients, at "), "{none}");
}

/// Without a journal nobody knows; of what changes nothing there is nothing to know.
#[tokio::test]
async fn without_a_journal_what_is_delivered_again_and_refused_is_in_doubt() {
    let api = Api::new([("sms", vec![]), ("smsmulti", vec![])]).await;
    for (action, settings, message) in refused() {
        let step = Step::new(action, &api.url(), settings.clone());
        assert_eq!(step.run(message.clone()).await.error().kind, Kind::Invalid);
        assert_eq!(step.run_again(message.clone()).await.error().kind, Kind::Unknown, "{message}");
        let line = Message { in_doubt: true, ..Message::new(message.clone()) };
        assert_eq!(step.take(line).await.error().kind, Kind::Unknown);
    }
    let wrong = json!({"nonsense": 1});
    for action in ["comptage", "getCredit", "setListeNoire", "getCampagne"] {
        let ran = Step::new(action, &api.url(), json!({})).run_again(wrong.clone()).await;
        assert_eq!(ran.error().kind, Kind::Invalid, "{action}");
    }
    let dry = Step::new("sendSms", &api.url(), json!({"mode": "dryRun"}));
    assert_eq!(dry.run_again(wrong).await.error().kind, Kind::Invalid);
    assert_eq!(api.seen().len(), 0);
}

/// Whoever says that an action does nothing that must happen once is held to it.
#[test]
fn an_action_acts_once_if_one_of_its_requests_does() {
    for handler in COMPONENT.handlers.iter().filter(|it| it.role == Role::Action) {
        let bound = handler.bind(&config("http://127.0.0.1:1", json!({}))).unwrap();
        for example in handler.meta.examples {
            let body = serde_json::from_str(example.body).unwrap();
            if let Work::Calls(job) = bound.prepare(body, Timestamp::now()).unwrap().work {
                let once = job.parts().iter().any(|it| it.effect == Effect::Once);
                assert!(bound.acts_once() || !once, "{}", handler.meta.name);
            }
        }
    }
}

#[tokio::test]
async fn what_is_all_known_needs_no_key() {
    let api = Api::new([("sms", vec![])]).await;
    let without_key =
        |memory| Step::in_run("sendSms", &api.url(), json!({"keyid": null}), memory, false);
    for (known, kind) in [
        (vec![(0, accepted())], None),
        (vec![(0, unknown())], Some(Kind::Unknown)),
        (vec![], Some(Kind::Config)),
    ] {
        let remembers = || Remembers { known: known.clone(), ..Remembers::default() };
        for memory in memories(remembers) {
            let ran = without_key(memory).run(sms("a")).await;
            assert_eq!(ran.verdict.error.as_ref().map(|it| it.kind), kind, "{ran:?}");
        }
    }
    let step = Step::new("sendSms", &api.url(), json!({"keyid": null}));
    assert_eq!(step.run_again(sms("a")).await.error().kind, Kind::Unknown);
    assert_eq!(step.run(sms("a")).await.error().kind, Kind::Config);
    let settings = json!({"keyid": null, "batchSize": 1});
    let remembers = Remembers { known: vec![(1, accepted())], ..Remembers::default() };
    let step = Step::remembering("sendSmsMulti", &api.url(), settings, remembers);
    assert_eq!(told(&step.run(three()).await), (vec!["notSent", "accepted", "notSent"], 2));
}

#[tokio::test]
async fn a_guard_denies_nothing_in_a_step_either() {
    let api = Api::new([("sms", vec![])]).await;
    let guarded = async |remembers| -> Ran {
        let step = Step::remembering("sendSms", &api.url(), json!({}), remembers);
        step.guarded(Arc::new(Nothing)).run(sms("a")).await
    };
    let known = vec![(0, accepted())];
    let ran = guarded(Remembers { known, ..Remembers::default() }).await;
    assert_eq!(ran.result()["replayed"], true);
    assert_eq!(guarded(Remembers::default()).await.error().what, "the limit was reached");
}

/// One of its texts is too long by now, one number is a landline as before.
#[tokio::test]
async fn a_recipient_that_is_refused_today_is_not_denied_if_it_was_sent_to() {
    let api = Api::new([("smsmulti", vec![taken(2), taken(2)])]).await;
    let nums = ["0680010201", "0680010202", "0142000000"];
    let message = json!({"num": nums, "sms": ["œ", "a", "b"]});
    let settings = json!({"textPolicy": "strict"});
    for (known, expected) in [
        (vec![(0, accepted())], ["accepted", "accepted", "refused"]),
        (vec![(0, unknown())], ["unknown", "accepted", "refused"]),
    ] {
        let remembers = Remembers { known, ..Remembers::default() };
        let step = Step::remembering("sendSmsMulti", &api.url(), settings.clone(), remembers);
        assert_eq!(told(&step.run(message.clone()).await).0, expected);
    }
    let step = Step::new("sendSmsMulti", &api.url(), settings);
    let ran = step.run_again(message).await;
    assert_eq!(told(&ran), (vec!["unknown"; 3], 0));
    assert_eq!(api.count("smsmulti"), 2);
}

/// Nothing can be read, and others may have sent it.
#[tokio::test]
async fn a_new_run_denies_nothing_that_it_shares_and_cannot_read() {
    let api = Api::new([("sms", vec![])]).await;
    let past = (Timestamp::now() - SignedDuration::from_hours(1)).to_string();
    let late = json!({"num": "0680010201", "sms": "a", "date_envoi": past});
    for (shared, kinds) in
        [(false, [Kind::NotSent, Kind::Invalid]), (true, [Kind::Unknown, Kind::Unknown])]
    {
        for (message, kind) in [sms("a"), late.clone()].into_iter().zip(kinds) {
            let broken = Remembers { broken: Some("all"), shared, ..Remembers::default() };
            let memory = of_run(broken, false);
            let step = Step::in_run("sendSms", &api.url(), json!({}), memory, false);
            assert_eq!(step.run(message).await.error().kind, kind, "{shared}");
        }
    }
    // A step waits for it.
    let broken = Remembers { broken: Some("all"), ..Remembers::default() };
    let ran = Step::remembering("sendSms", &api.url(), json!({}), broken).run(late).await;
    assert_eq!((ran.error().kind, ran.verdict.journal_failure.is_some()), (Kind::NotSent, true));
}
