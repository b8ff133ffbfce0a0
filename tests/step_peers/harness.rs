//! The servers that the tests of steps are built on.

use std::path::Path;
use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::amqp::takes_connections;
use crate::cli::{self, until};
use crate::node;
use crate::platform::Platform;
use crate::queues::{Queue, Queues};
use crate::rabbit::Rabbit;
use crate::rabbit_shared;

#[test]
fn a_full_queue_refuses_and_a_key_without_a_queue_returns() {
    let queues = Queues::with_room(rabbit_shared::uri(), Queue::Data, Some(1));
    let one = || vec![(lapin::BasicProperties::default(), b"1".to_vec())];
    queues.publish_all(Queue::Data, one());
    assert!(std::panic::catch_unwind(|| queues.publish_all(Queue::Data, one())).is_err());
    queues.unbind(Queue::Error);
    assert!(std::panic::catch_unwind(|| queues.publish_all(Queue::Error, one())).is_err());
    assert_eq!([Queue::Data, Queue::Error].map(|it| queues.count(it)), [1, 0]);
}

#[test]
fn a_server_is_paused_and_killed_and_keeps_what_it_took() {
    let mut rabbit = Rabbit::start();
    let queues = Queues::declare(&rabbit.uri());
    rabbit.pause();
    thread::scope(|scope| {
        let publishing = scope.spawn(|| queues.publish(&json!({}), b"kept"));
        assert!(!takes_connections(&rabbit.uri(), Duration::from_millis(200)), "it goes on");
        assert!(!publishing.is_finished());
        rabbit.resume();
    });
    rabbit.kill();
    assert!(!takes_connections(&rabbit.uri(), Duration::from_secs(10)), "it still runs");
    rabbit.restart();
    assert_eq!(queues.next(Queue::Input).payload, b"kept");
}

/// What a test process starts, and tells the ids of: see the next test.
#[test]
#[ignore = "waits to be killed, or for the end of its input"]
fn victim() {
    let rabbit = Rabbit::start();
    let (queues, platform) = (Queues::declare(&rabbit.uri()), Platform::start());
    let step = node::step("play", &queues, &platform).start();
    platform.wait_for(1, "GET /v1/tasks");
    println!("\nstarted {} {}", rabbit.pid(), step.pid);
    rabbit.pause();
    std::io::stdin().read_line(&mut String::new()).unwrap();
}

#[test]
fn nothing_is_left_of_a_test_that_was_killed() {
    let this = std::env::current_exe().unwrap();
    let arguments = ["--exact", "harness::victim", "--ignored", "--nocapture"];
    let path = std::env::var("PATH").unwrap();
    let data = tempfile::tempdir().unwrap();
    let program = cli::program(this.to_str().unwrap(), &arguments).env("PATH", &path);
    let mut killed = program.env("TMPDIR", data.path().to_str().unwrap()).start();
    let started = loop {
        let line = killed.text().expect("it ended too early");
        if let Some(pids) = line.strip_prefix("started ") {
            break pids.split(' ').map(|it| format!("/proc/{it}")).collect::<Vec<_>>();
        }
    };
    let descendants = || started.iter().filter(|it| runs(it)).count();
    assert_eq!(descendants(), 2);
    killed.signal("KILL");
    until("what it started is gone", || descendants() == 0);
}

/// Whether there is a process that is more than an entry for its parent.
fn runs(process: &str) -> bool {
    let status = std::fs::read_to_string(Path::new(process).join("status")).unwrap_or_default();
    status.contains("State:") && !status.contains("State:\tZ")
}
