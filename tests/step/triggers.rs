//! The triggers as steps: what begins a flow.

use serde_json::{Value, json};

use crate::cli::{Simulator, sms};
use crate::queues::Queue;
use crate::stage::{Stage, incoming};
use crate::step::{Launch, Step};

/// A trigger at work, for the account `main` of a simulator.
fn start(stage: &Stage, simulator: &Simulator, trigger: &str, fields: Value) -> Step {
    let mut config = json!({"keyid": "main", "server": "custom", "otherServer": simulator.url});
    config.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    stage.platform.change_step(|it| it["config"] = config);
    Launch::ours(trigger, &stage.queues, &stage.platform).start()
}

fn send(simulator: &Simulator, endings: &[&str]) {
    let lines: String = endings.iter().map(|it| sms(it, "Bonjour") + "\n").collect();
    simulator.run("sendSms", "main", &["--set", "kind=transactional"]).run(lines).quiet(0);
}

/// The id of the next result, and the number in its row.
fn row(stage: &mut Stage) -> (String, String) {
    let (_, message) = stage.next(Queue::Data);
    let text = |it: &Value| it.as_str().unwrap().to_owned();
    (text(&message["id"]), text(&message["body"]["row"]["tel"]))
}

#[test]
fn rows_of_the_report_come_once_and_under_the_same_id_when_the_snapshot_was_lost() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let fields = json!({"emitBehaviour": "emitIndividually"});
    let mut step = start(&stage, &simulator, "newDeliveryReports", fields.clone());
    send(&simulator, &["0001", "0002"]);
    stage.publish(&incoming(), &json!({"body": {}}));
    let first = [row(&mut stage), row(&mut stage)];
    assert_eq!(first.clone().map(|it| it.1), ["0680010001", "0680010002"]);
    let snapshot = stage.queues.next(Queue::Snapshot).payload;
    assert!(snapshot.len() < 500 && !String::from_utf8(snapshot).unwrap().contains("0680010001"));
    send(&simulator, &["0003"]);
    stage.publish(&incoming(), &json!({"body": {}}));
    let third = row(&mut stage);
    assert_eq!(third.1, "0680010003");
    let snapshot: Value =
        serde_json::from_slice(&stage.queues.next(Queue::Snapshot).payload).unwrap();
    stage.end(&mut step);

    // One process has died before its snapshot was kept, another begins where the last one ended.
    for (snapshot, expected) in
        [(json!({}), vec![&first[0], &first[1], &third]), (snapshot, vec![])]
    {
        stage.platform.change_step(|it| it["snapshot"] = snapshot);
        let mut step = start(&stage, &simulator, "newDeliveryReports", fields.clone());
        stage.publish(&incoming(), &json!({"body": {}}));
        stage.queues.next(Queue::Snapshot);
        assert_eq!(stage.queues.count(Queue::Data), u32::try_from(expected.len()).unwrap());
        for expected in expected {
            assert_eq!(&row(&mut stage), expected);
        }
        stage.end(&mut step);
    }
}
