//! The commands of `deploy/rabbitmq/README.md`, as they are written there.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::amqp::{LIMIT, pause};
use crate::compose::Deployed;

/// The command of the README that has this in it.
fn command(with: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/rabbitmq/README.md");
    let readme = fs::read_to_string(path).unwrap();
    let blocks: Vec<_> =
        readme.split("```sh\n").skip(1).map(|it| it.split("```").next().unwrap()).collect();
    let mut found = blocks.iter().filter(|it| it.contains(with));
    let command = found.next().unwrap_or_else(|| panic!("no command with {with}"));
    assert!(found.next().is_none(), "two commands with {with}");
    (*command).to_owned()
}

/// Runs a command of the README; what it prints.
fn run(deployed: &Deployed, command: &str) -> String {
    let command = command.replace("localhost:15672", &format!("127.0.0.1:{}", deployed.api));
    let mut shell = Command::new("bash");
    shell.args(["-euo", "pipefail", "-c", &command]).current_dir(deployed.folder.path());
    let output = shell.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command}\n{error}");
    String::from_utf8(output.stdout).unwrap()
}

/// Publishes a message by the command of the README, with another body.
fn publish(deployed: &Deployed, body: &Value) {
    let published = command("\"payload\":");
    let (before, rest) = published.split_once("\"payload\": ").unwrap();
    let (_, after) = rest.split_once('\n').unwrap();
    let payload = json!(json!({"body": body}).to_string());
    let answer = run(deployed, &format!("{before}\"payload\": {payload}\n{after}"));
    assert_eq!(serde_json::from_str::<Value>(&answer).unwrap(), json!({"routed": true}));
}

/// What a command of the README takes out of a queue, once there is so much.
fn taken(deployed: &Deployed, command: &str, count: usize) -> Vec<Value> {
    let mut taken = Vec::new();
    until(|| {
        let lines = run(deployed, command);
        taken.extend(lines.lines().map(|it| serde_json::from_str::<Value>(it).unwrap()));
        taken.len() >= count
    });
    taken
}

/// Asks again and again until it is so.
fn until(mut so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !so() {
        assert!(began.elapsed() < LIMIT, "it does not come to that");
        pause(Duration::from_millis(50));
    }
}

/// One SMS to a number that ends so, with this reference.
fn sms(ending: &str, reference: &str) -> Value {
    json!({"num": format!("068001{ending}"), "sms": "Bonjour", "reference": reference})
}

#[test]
fn the_commands_of_the_readme_lead_to_a_result_and_to_an_error() {
    let mut deployed = Deployed::start(&json!({"giveUpAfter": "0.01"}));
    let mut workers = [deployed.worker("worker-1"), deployed.worker("worker-2")];
    for (worker, name) in workers.iter().zip(["worker-1", "worker-2"]) {
        worker.says("waiting for messages");
        assert!(deployed.is_healthy(name, worker), "{name}: {}", worker.output());
    }
    let results = command("isendpro.results/get");
    let answer = run(&deployed, &command("\"payload\":"));
    assert!(answer.contains("true"), "{answer}");
    let [first] = &taken(&deployed, &results, 1)[..] else { panic!("one message, one result") };
    assert_eq!((&first["status"], &first["tel"]), (&json!("accepted"), &json!("33680010203")));

    // The journal that the workers share tells that it was sent.
    for _ in 0..8 {
        publish(&deployed, &json!({"num": "0680010203", "sms": "Bonjour", "reference": "order-1"}));
    }
    let again = taken(&deployed, &results, 8);
    assert!(again.iter().all(|it| it["replayed"] == true), "{again:?}");
    assert_eq!(deployed.simulator.total(), 1);

    publish(&deployed, &json!({"num": "0180010203", "sms": "Bonjour", "reference": "landline"}));
    let errors = taken(&deployed, &command("isendpro.errors/get"), 1);
    assert_eq!(errors[0]["error"]["name"], "invalid", "{errors:?}");
    assert_eq!(errors[0]["input"]["body"]["reference"], "landline");

    // What is put back comes again by itself.
    deployed.simulator.ask(
        "PUT",
        "faults",
        r#"{"every": 1, "fault": "status429", "remaining": 1000}"#,
    );
    publish(&deployed, &sms("0002", "later"));
    until(|| workers.iter().any(|it| it.output().contains("put back for later")));
    deployed.simulator.ask("DELETE", "faults", "");
    assert_eq!(taken(&deployed, &results, 1)[0]["status"], "accepted");
    assert_eq!(deployed.simulator.total(), 2);

    for worker in &mut workers {
        worker.signal("TERM");
        assert_eq!(worker.exit(), Some(0), "{}", worker.output());
    }

    // What waits, and who may take it, is there again when the broker is.
    publish(&deployed, &sms("0003", "waits"));
    deployed.stop_broker();
    deployed.start_broker();
    let _worker = deployed.worker("worker-2");
    assert_eq!(taken(&deployed, &results, 1)[0]["tel"], "33680010003");
}

/// What kills each worker that gets it would be delivered for ever.
#[test]
fn what_is_delivered_too_often_is_set_apart_and_can_be_put_back() {
    let deployed = Deployed::start(&json!({"giveUpAfter": "0.01"}));
    let [look, put_back] = ["ack_requeue_true", "dead.json"].map(command);
    publish(&deployed, &sms("0001", "deadly"));
    let get = command("isendpro.results/get").replace("isendpro.results", "isendpro.input");
    let get = get
        .replace("ack_requeue_false", "ack_requeue_true")
        .replace(".payload | fromjson | .body", "");
    for delivery in 0..50 {
        assert_ne!(run(&deployed, &get), "", "{delivery}");
    }
    assert_eq!(run(&deployed, &look), "", "it may be delivered once more");
    run(&deployed, &get);
    until(|| run(&deployed, &look).contains("deadly"));
    assert_eq!(run(&deployed, &get), "", "it is in no worker's way any more");

    // What is rejected is with its error, and nowhere else.
    let mut worker = deployed.worker("worker-1");
    publish(&deployed, &json!({"num": "0180010203", "sms": "Bonjour", "reference": "landline"}));
    taken(&deployed, &command("isendpro.errors/get"), 1);
    assert!(!run(&deployed, &look).contains("landline"));

    assert_eq!(run(&deployed, &put_back), r#"{"routed":true}"#);
    let results = taken(&deployed, &command("isendpro.results/get"), 1);
    assert_eq!(results[0]["status"], "accepted", "{results:?}");
    assert_eq!(run(&deployed, &look), "");
    worker.signal("TERM");
    assert_eq!(worker.exit(), Some(0), "{}", worker.output());
    assert_eq!(deployed.simulator.total(), 1);
}
