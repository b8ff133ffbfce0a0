//! Two copies of a message that was put back: once one is told as not sent, for good, the other is not
//! sent. Somebody may have posted the message again under another id, which no journal can recognise.

use std::sync::Arc;

use isendpro_connector::component::{Kind, Message};
use isendpro_connector::delivery::Memory;
use isendpro_connector::journal::FileJournal;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::journal::SCOPE;
use super::past::{taken, three, told};
use super::run::Step;
use crate::http::{Answer, Api};

/// A message that was put back first so many seconds from now.
fn put_back(body: &Value, seconds: i64) -> Message {
    let since = Timestamp::now() + SignedDuration::from_secs(seconds);
    Message { put_back: true, put_back_since: Some(since), ..Message::new(body.clone()) }
}

fn single() -> Value {
    json!({"num": "0680010201", "sms": "a"})
}

/// Two workers with one journal.
fn workers(action: &str, api: &Api) -> ([Step; 2], tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let journal = Arc::new(FileJournal::open(folder.path().join("journal")).unwrap());
    let worker = || {
        let memory = Memory::of_step(Arc::clone(&journal) as _, SCOPE);
        Step::in_run(action, &api.url(), json!({}), memory, false)
    };
    ([worker(), worker()], folder)
}

#[tokio::test]
async fn no_other_copy_is_sent_of_what_was_told_as_not_sent() {
    let api = Api::new([("sms", vec![Answer::new(429, "")])]).await;
    let ([one, other], _folder) = workers("sendSms", &api);
    assert_eq!(one.take(put_back(&single(), -60)).await.error().kind, Kind::NotSent);
    assert!(one.give_up(put_back(&single(), -60)).await);
    // Another one that was put back when the first had been delivered twice.
    for seconds in [-60, -30] {
        let ran = other.take(put_back(&single(), seconds)).await;
        assert_eq!(ran.error().kind, Kind::NotSent);
        assert!(ran.error().what.contains("another copy"), "{ran:?}");
    }
    assert!(other.give_up(put_back(&single(), -60)).await, "it is told again");
    assert_eq!(api.count("sms"), 1);
}

#[tokio::test]
async fn what_is_posted_again_is_sent_also_when_it_is_put_back() {
    for again in [Message::new(single()), put_back(&single(), 60)] {
        let api = Api::new([("sms", vec![Answer::new(429, ""), taken(1)])]).await;
        let ([one, other], _folder) = workers("sendSms", &api);
        assert_eq!(one.take(put_back(&single(), -60)).await.error().kind, Kind::NotSent);
        assert!(one.give_up(put_back(&single(), -60)).await);
        assert_eq!(other.take(again).await.result()["status"], "accepted");
        // The copy that comes late tells of it.
        let late = one.take(put_back(&single(), -60)).await;
        assert_eq!((&late.result()["status"], api.count("sms")), (&json!("accepted"), 2));
        assert_eq!(late.result()["replayed"], true);
    }
}

#[tokio::test]
async fn what_another_copy_has_sent_is_not_given_up() {
    let api = Api::new([("sms", vec![Answer::new(429, ""), taken(1)])]).await;
    let ([one, other], _folder) = workers("sendSms", &api);
    assert_eq!(one.take(put_back(&single(), -60)).await.error().kind, Kind::NotSent);
    assert_eq!(other.take(put_back(&single(), -60)).await.result()["status"], "accepted");
    assert!(!one.give_up(put_back(&single(), -60)).await);
    assert_eq!(one.take(put_back(&single(), -60)).await.result()["replayed"], true);
    assert_eq!(api.count("sms"), 2);
}

/// A bulk message that is an error as a whole, as one is that waits for its account.
#[tokio::test]
async fn a_bulk_message_is_given_up_like_any_other() {
    let all = ["01", "02", "03"].map(|it| format!(r#"{{"code":"0","tel":"06800102{it}"}}"#));
    let taken = Answer::ok(format!(r#"{{"etat":{{"etat":[{}]}}}}"#, all.join(",")));
    let api = Api::new([("smsmulti", vec![taken])]).await;
    let ([one, other], _folder) = workers("sendSmsMulti", &api);
    assert!(one.give_up(put_back(&three(), -60)).await);
    let late = other.take(put_back(&three(), -60)).await;
    assert_eq!((late.error().kind, api.count("smsmulti")), (Kind::NotSent, 0), "and no retry");
    let again = other.take(Message::new(three())).await;
    assert_eq!((told(&again), api.count("smsmulti")), ((vec!["accepted"; 3], 0), 1));
}
