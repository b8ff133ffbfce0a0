//! Runs in which each id is sent once: an id that was used for another number.

use std::sync::{Arc, Mutex};

use isendpro_connector::component::{Fallout, Kind, Message, NumberHash};
use isendpro_connector::delivery::Memory;
use isendpro_connector::journal::FileJournal;
use serde_json::{Value, json};

use super::journal::{Remembers, SCOPE, accepted, unknown};
use super::run::Step;
use crate::http::{Answer, Api};

/// A journal in which the number that ends in this digit was sent to.
fn used_for(last: u8) -> Remembers {
    let number = Some(NumberHash([last; 8]));
    Remembers { known: vec![(0, accepted())], number, ..Remembers::default() }
}

#[tokio::test]
async fn an_id_that_was_used_for_another_number_is_refused() {
    let api = Api::new([("sms", vec![])]).await;
    for (last, is_same) in [(b'1', true), (b'2', false)] {
        let memory = Memory::of_ids(Arc::new(used_for(last)), SCOPE);
        let step = Step::in_run("sendSms", &api.url(), json!({}), memory, false);
        let ran = step.run(json!({"num": "0680010201", "sms": "a", "reference": "r1"})).await;
        if is_same {
            assert_eq!(ran.result()["replayed"], true);
        } else {
            assert_eq!(
                (ran.error().kind, ran.error().field.as_deref()),
                (Kind::Invalid, Some("reference"))
            );
        }
    }
    assert_eq!(api.count("sms"), 0);
}

/// Another message of the same id is accepted while this one waits; and that may be the last that can
/// be read of it.
#[tokio::test]
async fn an_id_that_is_used_for_another_number_meanwhile_is_refused() {
    for (broken, resend, expected) in [
        (None, false, (Kind::Invalid, Some("reference"))),
        (None, true, (Kind::Invalid, Some("reference"))),
        (Some("recall"), false, (Kind::Unknown, None)),
    ] {
        let api = Api::new([("sms", vec![])]).await;
        let overtaken = Remembers { broken, unseen: Mutex::new(1), ..used_for(b'2') };
        let memory = Memory::of_ids(Arc::new(overtaken), SCOPE);
        let step = Step::in_run("sendSms", &api.url(), json!({}), memory, false);
        let message = json!({"num": "0680010201", "sms": "a", "reference": "r1", "resend": resend});
        let ran = step.run(message.clone()).await;
        assert_eq!((ran.error().kind, ran.error().field.as_deref()), expected);
        assert_eq!(ran.verdict.journal_failure.is_some(), broken.is_some());
        // A line's own doubt is not lost for it.
        let line = Message { in_doubt: true, ..Message::new(message) };
        assert_eq!(step.take(line).await.error().kind, Kind::Unknown);
        assert_eq!(api.count("sms"), 0);
    }
}

#[tokio::test]
async fn a_journal_that_cannot_be_read_ends_a_run_that_would_look_into_it() {
    let api = Api::new([("sms", vec![])]).await;
    let remembers = Remembers { broken: Some("all"), ..Remembers::default() };
    let memory = Memory::of_ids(Arc::new(remembers), SCOPE);
    let step = Step::in_run("sendSms", &api.url(), json!({}), memory, false);
    let message = json!({"num": "0680010201", "sms": "a", "reference": "r1", "resend": true});
    let ran = step.run(message).await;
    assert_eq!(ran.error().kind, Kind::Unknown);
    assert!(!ran.verdict.journal_failure.as_ref().unwrap().unrecorded);
}

/// The first recipient was refused, so nothing is known of its place; the second one is the first now.
#[tokio::test]
async fn a_number_that_stands_in_another_place_is_not_sent_to_again() {
    let api = Api::new([("smsmulti", vec![])]).await;
    for known in [accepted(), unknown()] {
        let remembers = Remembers { known: vec![(1, known)], ..used_for(b'2') };
        let memory = Memory::of_ids(Arc::new(remembers), SCOPE);
        let step = Step::in_run("sendSmsMulti", &api.url(), json!({}), memory, false);
        let ran = step.run(json!({"num": ["0680010202"], "sms": "a", "reference": "r1"})).await;
        // It was sent to, or may have been.
        assert_eq!((ran.error().kind, api.count("smsmulti")), (Kind::Unknown, 0), "{ran:?}");
        assert!(ran.error().what.contains("in another order"), "{}", ran.error());
    }
}

/// A number with several texts has several places, and each is known when the message comes again.
#[tokio::test]
async fn a_number_with_several_texts_has_its_places_again() {
    let texts = |it: &str| {
        let one = |it: char| json!({"num": "0680010202", "sms": it});
        json!({"recipients": it.chars().map(one).collect::<Vec<_>>(), "reference": "r1"})
    };
    for (known, now, statuses, calls) in [
        (&[0, 1][..], "ab", &["accepted", "accepted"][..], 0),
        (&[0], "ab", &["accepted", "accepted"], 1),
        (&[1], "ab", &["accepted", "accepted"], 1),
        (&[], "ab", &["accepted", "accepted"], 2),
        (&[0, 1], "abc", &["accepted", "accepted", "accepted"], 1),
        (&[0, 1], "aba", &["accepted", "accepted", "duplicate"], 0),
        (&[0, 2], "aab", &["accepted", "duplicate", "accepted"], 0),
        // Its place is a duplicate's now: what it got cannot be told.
        (&[1], "aab", &[], 0),
        (&[2], "ab", &[], 0),
        (&[0, 1], "a", &[], 0),
    ] {
        let answer = r#"{"etat":{"etat":[{"code":"0","tel":"0680010202"}]}}"#;
        let api = Api::new([("smsmulti", vec![Answer::ok(answer)])]).await;
        let known = known.iter().map(|it| (*it, accepted())).collect();
        let memory = Memory::of_ids(Arc::new(Remembers { known, ..used_for(b'2') }), SCOPE);
        let step = Step::in_run("sendSmsMulti", &api.url(), json!({}), memory, false);
        let ran = step.run(texts(now)).await;
        assert_eq!(api.count("smsmulti"), calls, "{now}: {ran:?}");
        if statuses.is_empty() {
            assert_eq!(ran.error().kind, Kind::Unknown, "{now}");
        } else {
            let results = ran.result()["results"].as_array().unwrap().iter();
            let told: Vec<_> = results.map(|it| it["status"].as_str().unwrap()).collect();
            assert_eq!(told, statuses, "{now}");
        }
    }
}

/// Both have looked, and both have claimed; a store tells of the older claim first.
#[tokio::test]
async fn of_two_messages_of_one_id_at_one_moment_none_sends_what_both_would() {
    let api = Api::new([("smsmulti", vec![])]).await;
    let beside = Some((1, NumberHash([b'2'; 8])));
    let remembers = Arc::new(Remembers { beside, unseen: Mutex::new(1), ..Remembers::default() });
    let memory = Memory::of_ids(Arc::clone(&remembers) as _, SCOPE);
    let step = Step::in_run("sendSmsMulti", &api.url(), json!({}), memory, false);
    let ran = step.run(json!({"num": ["0680010202"], "sms": "a", "reference": "r1"})).await;
    // The other one may be sending it.
    assert_eq!((ran.error().kind, api.count("smsmulti")), (Kind::Unknown, 0), "{ran:?}");
    assert_eq!(*remembers.recorded.lock().unwrap(), [(0, Fallout::Released)]);
}

/// In a store, where each of them sees the other's claim beside its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_of_two_messages_of_one_id_at_one_moment_is_sent_to_once_at_most() {
    let taken =
        r#"{"etat":{"etat":[{"code":"0","tel":"0680012501"},{"code":"0","tel":"0680012502"}]}}"#;
    let folder = tempfile::tempdir().unwrap();
    let journal = Arc::new(FileJournal::open(folder.path().join("journal")).unwrap());
    for round in 0..20 {
        let api = Api::new([("smsmulti", vec![Answer::ok(taken)])]).await;
        let memory = Memory::of_ids(Arc::clone(&journal) as _, SCOPE);
        let step = Step::in_run("sendSmsMulti", &api.url(), json!({}), memory, false);
        let message = |num: Value| json!({"num": num, "sms": "a", "reference": round});
        tokio::join!(
            step.run(message(json!(["0680012501"]))),
            step.run(message(json!(["0142000000", "0680012502", "0680012501"]))),
        );
        let sent = api.seen().iter().filter(|it| it.body.contains("33680012501")).count();
        assert!(sent <= 1, "round {round}: {:?}", api.seen());
    }
}
