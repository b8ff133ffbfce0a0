//! A message that comes again to a step that was deployed anew, with other settings.

use serde_json::{Value, json};

use crate::cli::Simulator;
use crate::contract::{sender, sms};
use crate::queues::Queue;
use crate::stage::{Stage, incoming};

#[test]
fn what_was_sent_is_neither_denied_nor_told_of_another_number() {
    let folder = tempfile::tempdir().unwrap();
    let store = format!("file:{}", folder.path().join("sent.journal").display());
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let message = sms("0001", &"œ".repeat(160));
    let with = |stage: &Stage, settings: Value| {
        sender(stage, &simulator, &settings).env("ISENDPRO_JOURNAL", &store).start()
    };
    let mut step = with(&stage, json!({}));
    stage.publish(&incoming(), &message);
    assert_eq!(stage.next(Queue::Data).1["body"]["status"], "accepted");
    stage.end(&mut step);
    for (settings, words) in [
        (json!({"maxParts": 1}), "an earlier try of this message was accepted"),
        (json!({"textPolicy": "strict"}), "an earlier try of this message was accepted"),
        (json!({"region": "NL"}), "num: was read as another number, ending in 01,"),
        (json!({"keyid": "other"}), "keyid: an earlier try of this message was accepted"),
    ] {
        let mut step = with(&stage, settings);
        stage.publish(&incoming(), &message);
        let error = stage.next_error().1;
        assert_eq!(error["name"], "unknown", "{error}");
        assert!(error["message"].as_str().unwrap().contains(words), "{error}");
        stage.end(&mut step);
    }
    let mut step = with(&stage, json!({"keyid": null}));
    stage.publish(&incoming(), &message);
    assert_eq!(stage.next(Queue::Data).1["body"]["replayed"], true);
    stage.end(&mut step);
    assert_eq!(simulator.total(), 1);
}
