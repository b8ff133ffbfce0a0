//! Messages that come more than once, and of which the broker says nothing, or says it of a message
//! that was posted again: none is sent twice by itself, and none is swallowed.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::cli::{Simulator, until};
use crate::contract::{sender, sms};
use crate::lossy::Lossy;
use crate::node::Codec;
use crate::platform::Platform;
use crate::queues::{Queue, Queues};
use crate::rabbit::Rabbit;
use crate::stage::{Stage, incoming, with};
use crate::step::{Launch, Step};

/// A journal in this folder.
fn file(folder: &tempfile::TempDir) -> String {
    format!("file:{}", folder.path().join("sent.journal").display())
}

fn remembering(launch: Launch, journal: Option<&str>) -> Launch {
    journal.into_iter().fold(launch, |it, journal| it.env("ISENDPRO_JOURNAL", journal))
}

/// What came out of a message that was put back twice.
struct PutBackTwice {
    results: Vec<Value>,
    errors: Vec<Value>,
    sms: usize,
}

/// Has a step put this message back, and the broker take it twice, since the first confirmation is
/// lost.
fn put_back_twice(headers: &Value, message: &Value, journal: Option<&str>) -> PutBackTwice {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let way = Lossy::to(stage.queues.uri(), &stage.queues.name(Queue::Rebound));
    simulator.ask("PUT", "faults", r#"{"every": 1, "fault": "status429", "remaining": 1000}"#);
    let step = sender(&stage, &simulator, &json!({"giveUpAfter": "0.01"}));
    let step = step.set("REBOUND_INITIAL_EXPIRATION", "1500").set("AMQP_URI", way.uri());
    let mut step = remembering(step, journal).start();
    stage.publish(headers, message);
    step.says("put back for later");
    simulator.ask("DELETE", "faults", "");
    let (mut results, mut errors) = (Vec::new(), Vec::new());
    until("both copies are told of", || {
        while stage.queues.count(Queue::Data) > 0 {
            results.push(stage.next(Queue::Data).1);
        }
        while stage.queues.count(Queue::Error) > 0 {
            errors.push(stage.next_error().1);
        }
        results.len() + errors.len() == 2
    });
    assert!(way.has_lost(), "no confirmation was lost");
    stage.end(&mut step);
    let waiting = stage.queues.count(Queue::Rebound);
    assert_eq!(waiting, 0, "{}", step.output());
    PutBackTwice { results, errors, sms: simulator.sent().len() }
}

fn nameless() -> Value {
    json!({"body": {"num": "0680010001", "sms": "a"}})
}

#[test]
fn without_a_journal_the_second_of_two_copies_is_in_doubt() {
    for (headers, message) in [(json!({}), nameless()), (incoming(), sms("0001", "a"))] {
        let PutBackTwice { results, errors, sms } = put_back_twice(&headers, &message, None);
        assert_eq!((sms, results.len(), errors.len()), (1, 1, 1), "{results:?} {errors:?}");
        assert_eq!(results[0]["body"]["status"], "accepted", "{results:?}");
        assert_eq!(errors[0]["name"], "unknown", "{errors:?}");
    }
}

#[test]
fn with_a_journal_both_copies_are_one_message_also_without_an_id() {
    for (headers, message) in [(json!({}), nameless()), (incoming(), sms("0001", "a"))] {
        let folder = tempfile::tempdir().unwrap();
        let came = put_back_twice(&headers, &message, Some(&file(&folder)));
        let PutBackTwice { results, errors, sms } = came;
        assert_eq!((sms, results.len(), errors.len()), (1, 2, 0), "{results:?} {errors:?}");
        assert!(results.iter().all(|it| it["body"]["status"] == "accepted"), "{results:?}");
        assert_eq!(results.iter().filter(|it| it["body"]["replayed"] == true).count(), 1);
        let ids: HashSet<_> = results.iter().map(|it| it["id"].to_string()).collect();
        assert_eq!(ids.len(), 1, "the next step can tell that it is one result: {results:?}");
    }
}

/// The headers of a copy that was put back as often as it may be, for the first time a minute ago.
fn put_back_for_the_last_time() -> Value {
    let minute_ago = jiff::Timestamp::now() - jiff::SignedDuration::from_mins(1);
    let time = uuid::Timestamp::from_unix_time(minute_ago.as_second().cast_unsigned(), 0, 0, 0);
    let id = uuid::Uuid::new_v7(time).to_string();
    with(incoming(), &json!({"reboundIteration": 1, "reboundId": id}))
}

/// The second of two copies comes when the first was told as NOT SENT, and somebody has posted the
/// message again under another id.
#[test]
fn a_second_copy_of_what_was_told_as_not_sent_is_not_sent() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let folder = tempfile::tempdir().unwrap();
    let step =
        sender(&stage, &simulator, &json!({"giveUpAfter": "0.01"})).set("REBOUND_LIMIT", "1");
    let mut step = remembering(step, Some(&file(&folder))).start();
    simulator.ask("PUT", "faults", r#"{"every": 1, "fault": "status429", "remaining": 1000}"#);
    let copy = put_back_for_the_last_time();
    stage.publish(&copy, &sms("0001", "a"));
    assert_eq!(stage.next_error().1["name"], "notSent");
    simulator.ask("DELETE", "faults", "");
    stage.publish(&incoming(), &with(sms("0001", "a"), &json!({"id": "another"})));
    assert_eq!(stage.next(Queue::Data).1["body"]["status"], "accepted");
    stage.publish(&with(copy.clone(), &json!({"reboundRepeated": true})), &sms("0001", "a"));
    let (_, error, _) = stage.next_error();
    assert_eq!(error["name"], "notSent", "{error}");
    assert!(error["message"].as_str().unwrap().contains("another copy"), "{error}");
    assert_eq!(simulator.sent().len(), 1);
    // The message itself, as the broker gives it back from where it was rejected to.
    let rejected = stage.queues.next(Queue::Rejected);
    assert_eq!(rejected.headers()["reboundId"], copy["reboundId"]);
    stage.queues.publish_all(Queue::Input, vec![(rejected.properties, rejected.payload)]);
    assert_eq!(stage.next(Queue::Data).1["body"]["status"], "accepted");
    stage.end(&mut step);
    assert_eq!(simulator.sent().len(), 2, "{}", step.output());
}

/// A step, and a message that it tells as NOT SENT.
struct Repost {
    stage: Stage,
    simulator: Simulator,
    step: Step,
}

impl Repost {
    /// Has the message told as not sent.
    fn new(rabbit: &Rabbit, journal: Option<&str>) -> Self {
        let simulator = Simulator::start(&["--latency", "5000"]);
        let queues = Queues::declare(&rabbit.uri());
        let mut stage = Stage { queues, platform: Platform::start(), codec: Codec::start() };
        let step = sender(&stage, &simulator, &json!({"giveUpAfter": 0}));
        let step = remembering(step.set("AMQP_PERSISTENT_MESSAGES", "true"), journal).start();
        // The simulator refuses the first try of this number with 429.
        Self::publish(&mut stage, "again", "0429");
        let (_, error, _) = stage.next_error();
        assert_eq!(error["name"], "notSent", "{error}");
        Self { stage, simulator, step }
    }

    fn publish(stage: &mut Stage, id: &str, ending: &str) {
        stage.publish(&with(incoming(), &json!({ "messageId": id })), &sms(ending, id));
    }

    /// Posts it again, where it waits behind another one that is slow.
    fn post(&mut self) {
        Self::publish(&mut self.stage, "slow", "0001");
        until("the slow one is under way", || self.simulator.sent().len() == 1);
        Self::publish(&mut self.stage, "again", "0429");
    }

    /// What is said of it then, and how many SMS there are of it.
    fn outcome(mut self) -> (String, usize) {
        let mut said = None;
        until("something is said of it", || {
            let (id, word) = if self.stage.queues.count(Queue::Data) > 0 {
                let (message, result) = self.stage.next(Queue::Data);
                (message.headers()["parentMessageId"].clone(), result["body"]["status"].clone())
            } else if self.stage.queues.count(Queue::Error) > 0 {
                let (message, error, _) = self.stage.next_error();
                (message.headers()["parentMessageId"].clone(), error["name"].clone())
            } else {
                return false;
            };
            // A broker that was killed may give the first error again.
            said = word.as_str().filter(|it| id == "again" && *it != "notSent").map(str::to_owned);
            said.is_some()
        });
        until("inputs are taken again", || self.stage.queues.count(Queue::Input) == 0);
        self.stage.end(&mut self.step);
        let sms = self.simulator.sent().iter().filter(|it| it["sms"] == "again").count();
        (said.unwrap(), sms)
    }
}

/// Once it was killed, the broker says of each message that it was delivered before.
#[test]
fn what_is_posted_again_after_not_sent_is_never_swallowed() {
    let (mut rabbit, folder) = (Rabbit::start(), tempfile::tempdir().unwrap());
    let mut reposts = [Some(file(&folder)), None].map(|it| Repost::new(&rabbit, it.as_deref()));
    reposts.iter_mut().for_each(Repost::post);
    rabbit.kill();
    rabbit.restart();
    let [remembered, alone] = reposts.map(Repost::outcome);
    assert_eq!(remembered, ("accepted".to_owned(), 1));
    // For all that this process knows, another one may have sent it.
    assert_eq!(alone, ("unknown".to_owned(), 0));
}

#[test]
fn a_stored_body_that_is_gone_says_nothing_of_what_an_earlier_delivery_did() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let lost = json!({"x-ipaas-object-storage-id": "expired"});
    let message = json!({"id": "m", "body": {}, "headers": lost});
    stage.publish(&incoming(), &message);
    stage.queues.touch(Queue::Input);
    stage.publish(&with(incoming(), &json!({"reboundIteration": 1})), &message);
    stage.publish(&incoming(), &message);
    let folder = tempfile::tempdir().unwrap();
    let step = sender(&stage, &simulator, &json!({})).storage(&stage.platform);
    let mut step = step.env("ISENDPRO_JOURNAL", &file(&folder)).start();
    for (name, words) in [
        ("unknown", "MAY HAVE BEEN SENT, retrying may send twice"),
        ("unknown", "MAY HAVE BEEN SENT, retrying may send twice"),
        ("unusable", "UNUSABLE ANSWER, trying again will not help"),
    ] {
        let (_, error, _) = stage.next_error();
        let said = error["message"].as_str().unwrap();
        assert!(error["name"] == name && said.starts_with(words), "{error}");
        assert!(said.contains("object expired"), "{error}");
        assert!(name != "unknown" || said.contains("look into the report"), "{error}");
    }
    stage.end(&mut step);
    assert_eq!(simulator.total(), 0);
}

/// What it can be told of is this delivery alone: the other one of two copies may have been sent.
#[test]
fn what_was_put_back_and_cannot_be_once_more_may_have_been_sent() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    stage.queues.unbind(Queue::Rebound);
    let step = sender(&stage, &simulator, &json!({"giveUpAfter": "0.01"}));
    let mut step = step.set("REBOUND_INITIAL_EXPIRATION", "1").start();
    stage.publish(&with(incoming(), &json!({"reboundIteration": 1})), &sms("0430", "a"));
    let (_, error, _) = stage.next_error();
    assert_eq!(error["name"], "unknown", "{error}");
    assert!(error["message"].as_str().unwrap().contains("no queue takes"), "{error}");
    stage.end(&mut step);
}

#[test]
fn a_journal_that_is_named_by_nothing_is_an_error() {
    let (stage, simulator) = (Stage::new(), Simulator::start(&[]));
    stage.queues.publish(&incoming(), b"");
    for blank in ["", "  "] {
        let mut step =
            sender(&stage, &simulator, &json!({})).env("ISENDPRO_JOURNAL", blank).start();
        assert_eq!(step.exit(), Some(1), "{}", step.output());
        assert!(step.output().contains("ISENDPRO_JOURNAL: is set, and empty"), "{}", step.output());
    }
    assert_eq!(stage.queues.count(Queue::Input), 1, "no message is taken");
}
