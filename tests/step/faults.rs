//! What breaks, and what becomes of the messages: nothing is sent twice, none is without a word.

use std::collections::{HashMap, HashSet};

use serde_json::json;

use crate::amqp;
use crate::cli::{Simulator, until};
use crate::contract::{sender, sms};
use crate::node::Codec;
use crate::platform::Platform;
use crate::queues::{Queue, Queues};
use crate::rabbit::Rabbit;
use crate::redis::Redis;
use crate::stage::{Stage, incoming, with};
use crate::step::{Launch, Step};

const PREFETCH: u32 = 20;

/// Publishes so many messages, each with an id of its own.
fn publish(stage: &mut Stage, count: usize) {
    for number in 0..count {
        let headers = with(incoming(), &json!({"messageId": format!("m-{number}")}));
        stage.publish(&headers, &sms("0001", &format!("n {number}")));
    }
}

fn launch(stage: &Stage, simulator: &Simulator) -> Launch {
    let step = sender(stage, simulator, &json!({}));
    step.set("RABBITMQ_PREFETCH_SAILOR", &PREFETCH.to_string())
}

/// What was said of each message: its results and errors.
#[derive(Debug, Default)]
struct Words {
    accepted: HashSet<String>,
    unknown: HashSet<String>,
    /// The ids of results, by message: one that comes out again has the same.
    ids: HashMap<String, HashSet<String>>,
}

impl Words {
    /// Of so many messages, once all are told of; then the step is ended.
    fn of(stage: &mut Stage, step: &mut Step, count: usize) -> Self {
        let mut words = Self::default();
        until("all is told", || {
            words.gather(stage);
            words.accepted.union(&words.unknown).count() == count
        });
        // Results may go before the step has its inputs again, which it then settles.
        until("inputs are taken again", || stage.queues.count(Queue::Input) == 0);
        stage.end(step);
        words.gather(stage);
        words
    }

    fn gather(&mut self, stage: &mut Stage) {
        while stage.queues.count(Queue::Data) > 0 {
            let (message, decrypted) = stage.next(Queue::Data);
            assert_eq!(decrypted["body"]["status"], "accepted", "{decrypted}");
            let headers = message.headers();
            let text = |name: &str| headers[name].as_str().unwrap().to_owned();
            self.ids.entry(text("parentMessageId")).or_default().insert(text("messageId"));
            self.accepted.insert(text("parentMessageId"));
        }
        while stage.queues.count(Queue::Error) > 0 {
            let (message, error, _) = stage.next_error();
            assert_eq!(error["name"], "unknown", "{error}");
            let parent = message.headers()["parentMessageId"].as_str().unwrap().to_owned();
            self.unknown.insert(parent);
        }
    }
}

#[test]
fn a_step_that_is_asked_to_stop_finishes_what_it_took_and_loses_nothing() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&["--latency", "50"]));
    publish(&mut stage, 120);
    let mut first = launch(&stage, &simulator).start();
    until("half is sent", || simulator.total() >= 60);
    first.signal("TERM");
    assert_eq!(first.exit(), Some(0), "{}", first.output());
    let mut second = launch(&stage, &simulator).start();
    let words = Words::of(&mut stage, &mut second, 120);
    assert_eq!((words.accepted.len(), words.unknown.len()), (120, 0), "{}", first.output());
    assert_eq!(simulator.total(), 120);
}

fn killed(journal: Option<&str>) {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&["--latency", "50"]));
    publish(&mut stage, 120);
    let start = || {
        let step = launch(&stage, &simulator);
        journal.map_or(launch(&stage, &simulator), |it| step.env("ISENDPRO_JOURNAL", it)).start()
    };
    let mut first = start();
    until("half is sent", || simulator.total() >= 60);
    first.signal("KILL");
    first.exit();
    let mut second = start();
    let words = Words::of(&mut stage, &mut second, 120);
    assert!(words.unknown.len() <= PREFETCH as usize, "{words:?}");
    assert!(words.ids.values().all(|it| it.len() == 1), "{words:?}");
    // total() looks for doubles. What is accepted was sent, and what is in doubt may have been.
    let total = simulator.total();
    assert!((words.accepted.len()..=120).contains(&total), "{total} {words:?}");
}

#[test]
fn a_step_that_is_killed_sends_nothing_twice_without_a_journal() {
    killed(None);
}

#[test]
fn a_step_that_is_killed_sends_nothing_twice_with_a_journal() {
    let folder = tempfile::tempdir().unwrap();
    killed(Some(&format!("file:{}", folder.path().join("sent.journal").display())));
}

#[test]
fn a_broker_that_restarts_in_the_middle_costs_nothing() {
    let mut rabbit = Rabbit::start();
    let simulator = Simulator::start(&["--latency", "300"]);
    let queues = Queues::declare(&rabbit.uri());
    let mut stage = Stage { queues, platform: Platform::start(), codec: Codec::start() };
    let folder = tempfile::tempdir().unwrap();
    // What was on its way when the connection broke is in doubt without one.
    let journal = format!("file:{}", folder.path().join("sent.journal").display());
    let step = launch(&stage, &simulator).env("ISENDPRO_JOURNAL", &journal);
    let mut step = step.set("AMQP_PERSISTENT_MESSAGES", "true").start();
    publish(&mut stage, 40);
    until("some are under way", || simulator.total() >= 10);
    rabbit.stop();
    rabbit.restart();
    until("it is back", || {
        amqp::takes_connections(&rabbit.uri(), std::time::Duration::from_secs(1))
    });
    let words = Words::of(&mut stage, &mut step, 40);
    assert_eq!((words.accepted.len(), words.unknown.len()), (40, 0), "{words:?}");
    assert_eq!(simulator.total(), 40);
}

/// The broker is there, and refuses the login: that says nothing against what is published.
#[test]
fn a_login_that_is_refused_for_a_while_loses_no_result() {
    let mut rabbit = Rabbit::start();
    let simulator = Simulator::start(&["--latency", "1000"]);
    let queues = Queues::declare(&rabbit.uri());
    let mut stage = Stage { queues, platform: Platform::start(), codec: Codec::start() };
    let folder = tempfile::tempdir().unwrap();
    let journal = format!("file:{}", folder.path().join("sent.journal").display());
    let step = launch(&stage, &simulator).env("ISENDPRO_JOURNAL", &journal);
    let mut step = step.set("AMQP_PERSISTENT_MESSAGES", "true").start();
    publish(&mut stage, 5);
    until("all are under way", || simulator.total() == 5);
    rabbit.stop();
    rabbit.restart_refusing();
    step.says("not published yet");
    step.says("the broker says: ACCESS_REFUSED - Login was refused");
    rabbit.stop();
    rabbit.restart();
    let words = Words::of(&mut stage, &mut step, 5);
    assert_eq!((words.accepted.len(), words.unknown.len()), (5, 0), "{words:?}");
    assert_eq!(simulator.total(), 5);
}

#[test]
fn while_its_journal_is_not_there_a_step_takes_no_message() {
    let (mut stage, simulator, mut redis) = (Stage::new(), Simulator::start(&[]), Redis::start());
    redis.stop();
    publish(&mut stage, 3);
    let mut step = launch(&stage, &simulator).env("ISENDPRO_JOURNAL", &redis.url()).start();
    step.says("the journal cannot be opened");
    assert_eq!((stage.queues.count(Queue::Input), stage.queues.consumers(Queue::Input)), (3, 0));
    redis.restart();
    let words = Words::of(&mut stage, &mut step, 3);
    assert_eq!((words.accepted.len(), simulator.total()), (3, 3));
}

#[test]
fn while_its_journal_is_gone_a_step_holds_its_messages() {
    let (mut stage, simulator, mut redis) = (Stage::new(), Simulator::start(&[]), Redis::start());
    let mut step = launch(&stage, &simulator).env("ISENDPRO_JOURNAL", &redis.url()).start();
    step.says("waiting for messages");
    redis.stop();
    publish(&mut stage, 3);
    step.says("nothing is sent until it is back");
    assert_eq!((simulator.ask("GET", "sent?count=1", "")["total"].as_u64(), 0), (Some(0), 0));
    redis.restart();
    let words = Words::of(&mut stage, &mut step, 3);
    assert_eq!((words.accepted.len(), words.unknown.len(), simulator.total()), (3, 0, 3));
}

#[test]
fn a_step_that_is_asked_to_stop_sends_a_bulk_message_to_its_end() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&["--latency", "300"]));
    let step = sender(&stage, &simulator, &json!({"batchSize": 2, "emitBehaviour": "fetchAll"}));
    let mut step = step.set("FUNCTION", "sendSmsMulti").start();
    let nums: Vec<_> = (0..8).map(|it| format!("068001000{it}")).collect();
    stage.publish(&incoming(), &json!({"body": {"num": nums, "sms": "a"}}));
    until("the first request is made", || simulator.total() > 0);
    step.signal("TERM");
    let (_, result) = stage.next(Queue::Data);
    assert_eq!(result["body"]["accepted"], 8, "{result}");
    assert_eq!((step.exit(), stage.queues.count(Queue::Input)), (Some(0), 0), "{}", step.output());
    assert_eq!(simulator.total(), 8);
}

#[test]
fn while_the_broker_takes_nothing_a_step_begins_nothing() {
    let (mut rabbit, simulator) = (Rabbit::start(), Simulator::start(&[]));
    let queues = Queues::declare(&rabbit.uri());
    let mut stage = Stage { queues, platform: Platform::start(), codec: Codec::start() };
    publish(&mut stage, 3);
    rabbit.stop();
    rabbit.restart_with("vm_memory_high_watermark.absolute = 1KB");
    // The first message finds out that its result is not taken, a second before the next may begin.
    let step = launch(&stage, &simulator).set("DATA_RATE_LIMIT", "1").set("RATE_INTERVAL", "1000");
    let mut step = step.set("AMQP_PERSISTENT_MESSAGES", "true").start();
    step.says("the broker takes nothing");
    assert_eq!(simulator.total(), 1);
    rabbit.stop();
    rabbit.restart();
    let words = Words::of(&mut stage, &mut step, 3);
    assert_eq!((words.accepted.len(), words.unknown.len(), simulator.total()), (3, 0, 3));
}
