//! The same message, and another number or another account: it is told as neither sent nor unsent.

use std::sync::Arc;

use isendpro_connector::component::{
    Account, AccountMark, Journal as _, Kind, Known, NumberHash, WHOLE,
};
use isendpro_connector::delivery::Memory;
use serde_json::json;

use super::journal::{Remembers, SCOPE, accepted, of_run, unknown};
use super::past::{taken, told};
use super::run::{KEY, Ran, Step};
use crate::http::Api;

/// A journal in which the number that ends in this digit was called.
fn called(last: u8, known: Known) -> Remembers {
    let number = Some(NumberHash([last; 8]));
    Remembers { known: vec![(0, known)], number, ..Remembers::default() }
}

/// A journal in which this number was called with the key of the tests, or with another.
fn paid(other: bool, known: Known) -> Remembers {
    let mark = called(b'1', known.clone()).account(&Account::of_key(KEY));
    let account = Some(if other { AccountMark([mark.0[0] ^ 1; 8]) } else { mark });
    Remembers { account, ..called(b'1', known) }
}

async fn ran(api: &Api, memory: Memory, resend: bool, settings: serde_json::Value) -> Ran {
    let step = Step::in_run("sendSms", &api.url(), settings, memory, false);
    step.run(json!({"num": "0680010201", "sms": "a", "resend": resend})).await
}

#[tokio::test]
async fn what_was_sent_to_another_number_is_no_replay() {
    let api = Api::new([("sms", vec![])]).await;
    for (known, words) in [(accepted(), "was accepted"), (unknown(), "ended in doubt")] {
        for resend in [false, true] {
            let remembers = || called(b'3', known.clone());
            let step = Memory::of_step(Arc::new(remembers()), SCOPE);
            for memory in [step, of_run(remembers(), true), of_run(remembers(), false)] {
                let ran = ran(&api, memory, resend, json!({})).await;
                let expected = format!(
                    "num: was read as another number, ending in 03, when an earlier try of this \
                     message {words}; nothing was sent to the new one"
                );
                assert!(ran.error().what.starts_with(&expected), "{}", ran.error());
                assert_eq!((ran.error().kind, ran.verdict.tally.accepted), (Kind::Unknown, 0));
            }
        }
    }
    // A journal that says of no number is of no other.
    let silent = Remembers { known: vec![(0, accepted())], ..Remembers::default() };
    let memory = Memory::of_step(Arc::new(silent), SCOPE);
    assert_eq!(ran(&api, memory, false, json!({})).await.result()["replayed"], true);
    assert_eq!(api.count("sms"), 0);
}

#[tokio::test]
async fn of_a_bulk_message_it_is_said_of_the_recipient() {
    for memory in [
        Memory::of_step(Arc::new(called(b'3', accepted())), SCOPE),
        of_run(called(b'3', accepted()), true),
    ] {
        let api = Api::new([("smsmulti", vec![taken(2)])]).await;
        let step = Step::in_run("sendSmsMulti", &api.url(), json!({}), memory, false);
        let ran = step.run(json!({"num": ["0680010201", "0680010202"], "sms": "a"})).await;
        assert_eq!(told(&ran), (vec!["unknown", "accepted"], 0));
        let first = &ran.result()["results"][0];
        assert!(first["message"].as_str().unwrap().starts_with("num: was read as another"));
        assert_eq!((first.get("replayed"), api.count("smsmulti")), (None, 1));
        assert!(!api.seen()[0].body.contains("33680010201"));
    }
}

#[tokio::test]
async fn what_was_sent_on_another_account_is_no_replay() {
    let api = Api::new([("sms", vec![])]).await;
    for (other, known, words) in [
        (true, accepted(), Some("keyid: an earlier try of this message was accepted with another")),
        (
            true,
            unknown(),
            Some("keyid: an earlier try of this message ended in doubt with another"),
        ),
        (false, unknown(), Some("an earlier try of this same message ended in doubt")),
        (false, accepted(), None),
    ] {
        let remembers = || paid(other, known.clone());
        let step = Memory::of_step(Arc::new(remembers()), SCOPE);
        for memory in [step, of_run(remembers(), true), of_run(remembers(), false)] {
            let ran = ran(&api, memory, false, json!({})).await;
            match words {
                Some(words) => {
                    assert!(ran.error().what.starts_with(words), "{}", ran.error());
                    assert_eq!(ran.error().kind, Kind::Unknown);
                }
                None => assert_eq!(ran.result()["replayed"], true),
            }
        }
    }
    assert_eq!(api.count("sms"), 0);
}

/// A directory has no number, but an account.
#[tokio::test]
async fn a_directory_is_no_replay_either() {
    let api = Api::new([("smsmulti", vec![])]).await;
    let known = vec![(WHOLE, accepted())];
    let remembers = Remembers { known, number: None, ..paid(true, accepted()) };
    let step = Step::remembering("sendSmsMulti", &api.url(), json!({}), remembers);
    let ran = step.run(json!({"repertoireId": "7", "sms": "a"})).await;
    assert_eq!((ran.error().kind, api.count("smsmulti")), (Kind::Unknown, 0), "{ran:?}");
    assert!(ran.error().what.starts_with("keyid: "), "{}", ran.error());
}

/// A step that sends again does so on the account of before; a person may know better.
#[tokio::test]
async fn what_is_in_doubt_on_another_account_is_sent_by_a_persons_word_alone() {
    let again = json!({"whenUnknown": "sendAgain"});
    for (resend, settings, sent) in [(false, again, 0_u8), (true, json!({}), 1)] {
        let api = Api::new([("sms", vec![taken(1)])]).await;
        let remembers = Remembers { grants: true, ..paid(true, unknown()) };
        let memory = Memory::of_step(Arc::new(remembers), SCOPE);
        let ran = ran(&api, memory, resend, settings).await;
        assert_eq!((ran.verdict.tally.accepted, api.count("sms")), (sent.into(), sent.into()));
        assert_eq!(ran.verdict.error.is_some(), sent == 0);
    }
}
