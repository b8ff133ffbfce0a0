//! What a trigger leaves for its next run, and what it answers. The step runs in this process, with a trigger of the test.

use std::thread::JoinHandle;

use isendpro_connector::component::Session;
use isendpro_connector::component::{
    Component, Config, Error, Event, Fired, Handler, HttpReply, Meta, NoOptions, Outlet, Trigger,
};
use isendpro_connector::runtime::step::{self, Settings, Setup};
use isendpro_connector::runtime::{Health, Stop, Stopper};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use crate::queues::Queue;
use crate::stage::{Stage, incoming, outgoing, settled, with};
use crate::step::Launch;

/// Emits the two numbers that follow the last one.
struct Count;

#[derive(Serialize, JsonSchema)]
struct Output {
    number: u64,
}

impl Trigger for Count {
    type Options = NoOptions;
    type Output = Output;

    const META: Meta = Meta {
        name: "count",
        title: "Count",
        description: "Counts.",
        source: "tests/step/snapshot.rs",
        deed: "done",
        constants: &[],
        examples: &[],
    };

    async fn fire(
        _: &Session,
        _: &NoOptions,
        event: Event<'_>,
        out: &Outlet<'_>,
    ) -> Result<Fired, Error> {
        let last = event.snapshot["last"].as_u64().unwrap_or(0);
        for number in [last + 1, last + 2] {
            out.emit(json!({"number": number})).await?;
        }
        if let Some(body) = event.body["answer"].as_str() {
            let headers = json!({"content-type": "text/plain"}).as_object().unwrap().clone();
            out.reply(HttpReply { status: 202, headers, body: body.to_owned() }).await?;
        }
        let changed = event.body.get("quiet").is_none();
        let snapshot = changed.then(|| json!({"last": last + 2}));
        Ok(Fired { snapshot, ..Fired::default() })
    }
}

static COMPONENT: Component =
    Component { name: "Counting", handlers: &[Handler::trigger::<Count>()] };

/// The step, which ends with an error, or with nothing.
struct Running {
    stopper: Stopper,
    ended: JoinHandle<Result<(), Error>>,
}

impl Running {
    /// Starts it with what an earlier process left.
    fn start(stage: &Stage, snapshot: &Value) -> Self {
        let config =
            json!({"keyid": "main", "server": "custom", "otherServer": "http://127.0.0.1:1"});
        stage.platform.set_step(json!({"config": config, "snapshot": snapshot}));
        let launch = Launch::ours("count", &stage.queues, &stage.platform);
        let launch = launch.set("RABBITMQ_PREFETCH_SAILOR", "10");
        let settings = Settings::read(launch.variables()).unwrap();
        let (stopper, stop) = Stop::new();
        let to_stop = stopper.clone();
        let ended = std::thread::spawn(move || {
            let setup = Setup {
                remarks: |_, _| Vec::new(),
                component: &COMPONENT,
                defaults: Config::default(),
                journal: None,
                state: None,
                health: Health::default(),
            };
            let mut runtime = tokio::runtime::Builder::new_multi_thread();
            let runtime = runtime.worker_threads(1).enable_all().build().unwrap();
            runtime.block_on(step::run(settings, setup, (to_stop, stop)))
        });
        Self { stopper, ended }
    }

    fn stop(self) {
        self.stopper.stop();
        self.ended.join().unwrap().unwrap();
    }
}

/// The next number that comes out.
fn number(stage: &mut Stage) -> u64 {
    stage.next(Queue::Data).1["body"]["number"].as_u64().unwrap()
}

#[test]
fn each_run_begins_where_the_last_one_ended() {
    let mut stage = Stage::new();
    let step = Running::start(&stage, &json!({"last": 40}));
    stage.publish(&incoming(), &json!({"body": {}}));
    let message = stage.queues.next(Queue::Snapshot);
    assert_eq!(message.payload, br#"{"last":42}"#, "the platform reads it, so it is plain");
    let own = json!({"snapshotEvent": "snapshot"});
    let headers = settled(&message, &["start"], Some("messageId"));
    assert_eq!(headers, outgoing("count", &own));
    assert_eq!(stage.queues.count(Queue::Data), 2, "results are safe before the snapshot is");
    assert_eq!([number(&mut stage), number(&mut stage)], [41, 42]);
    stage.publish(&incoming(), &json!({"body": {"quiet": true}}));
    assert_eq!([number(&mut stage), number(&mut stage)], [43, 44]);
    stage.publish(&incoming(), &json!({"body": {}}));
    assert_eq!([number(&mut stage), number(&mut stage)], [43, 44], "nothing was kept");
    assert_eq!(stage.queues.next(Queue::Snapshot).payload, br#"{"last":44}"#);
    step.stop();
    assert_eq!([Queue::Input, Queue::Snapshot].map(|it| stage.queues.count(it)), [0, 0]);
}

#[test]
fn messages_at_a_time_do_not_begin_at_the_same_place() {
    let mut stage = Stage::new();
    for _ in 0..5 {
        stage.publish(&incoming(), &json!({"body": {}}));
    }
    let step = Running::start(&stage, &json!({}));
    let numbers: Vec<_> = (0..10).map(|_| number(&mut stage)).collect();
    assert_eq!(numbers, (1..=10).collect::<Vec<_>>());
    step.stop();
}

#[test]
fn a_snapshot_that_no_queue_takes_is_an_error_and_the_next_run_repeats() {
    let mut stage = Stage::new();
    stage.queues.unbind(Queue::Snapshot);
    let step = Running::start(&stage, &json!({}));
    for _ in 0..2 {
        stage.publish(&incoming(), &json!({"body": {}}));
        let (_, error, _) = stage.next_error();
        let said = error["message"].as_str().unwrap();
        assert!(said.contains("the next run will emit the same again"), "{said}");
        assert_eq!([number(&mut stage), number(&mut stage)], [1, 2]);
    }
    step.stop();
}

#[test]
fn a_request_over_http_is_answered_if_somebody_waits() {
    let mut stage = Stage::new();
    let step = Running::start(&stage, &json!({}));
    let to = json!({"reply_to": stage.queues.name(Queue::Reply)});
    let asked = json!({"body": {"answer": "taken", "quiet": true}});
    stage.publish(&with(incoming(), &to), &asked);
    let (message, reply) = stage.next(Queue::Reply);
    let expected =
        json!({"statusCode": 202, "body": "taken", "headers": {"content-type": "text/plain"}});
    assert_eq!(reply, expected);
    let headers = settled(&message, &["start"], Some("messageId"));
    let own = with(to, &json!({"protocolVersion": 1}));
    assert_eq!(headers, outgoing("count", &own));
    stage.publish(&incoming(), &asked);
    let (_, error, _) = stage.next_error();
    assert!(error["message"].as_str().unwrap().contains("nobody waits for an answer"), "{error}");
    step.stop();
}
