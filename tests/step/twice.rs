//! Messages that come more than once, and of which the broker says nothing, or says it of a message
//! that was posted again: none is sent twice by itself, and none is swallowed.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::cli::{Simulator, until};
use crate::contract::{sender, sms};
use crate::lossy::Lossy;
use crate::queues::Queue;
use crate::stage::{Stage, incoming};
use crate::step::Launch;

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
