//! The command lines of the runtime on Node, which platforms start an image with.

use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::json;

use crate::cli::Simulator;
use crate::contract::{sender, sms};
use crate::queues::Queue;
use crate::stage::{Stage, incoming};
use crate::step::Launch;

const OURS: &str = env!("CARGO_BIN_EXE_isendpro");

/// This command line in the place of `isendpro step`, in this folder.
fn goes_through(program: &Path, arguments: &[&str], folder: &Path) {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let variables = sender(&stage, &simulator, &json!({})).variables();
    let launch = Launch::new(program, arguments, folder);
    let launch = variables.iter().fold(launch, |it, (name, value)| it.env(name, value));
    let mut step = launch.start();
    stage.publish(&incoming(), &sms("0001", "a"));
    let (_, decrypted) = stage.next(Queue::Data);
    assert_eq!(decrypted["body"]["status"], "accepted", "{} {arguments:?}", program.display());
    stage.end(&mut step);
}

#[test]
fn a_step_starts_by_the_command_lines_of_node() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["bash", "node"] {
        symlink(OURS, folder.path().join(name)).unwrap();
    }
    let at = |name: &str| folder.path().join(name);
    goes_through(&at("bash"), &["sail.sh"], folder.path());
    let run = "./node_modules/elasticio-sailor-nodejs/run.js";
    goes_through(&at("node"), &[run], folder.path());
    let by_entrypoint = ["/sbin/tini", "-v", "-e", "143", "--", "node", run];
    goes_through(Path::new(OURS), &by_entrypoint, folder.path());
}

#[test]
fn what_is_neither_a_step_nor_a_question_is_refused_at_once() {
    let (stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let variables = sender(&stage, &simulator, &json!({})).variables();
    let launch = Launch::new(OURS, &["bash", "start.sh"], Path::new("."));
    let launch = variables.iter().fold(launch, |it, (name, value)| it.env(name, value));
    let mut step = launch.start();
    assert_eq!(step.exit(), Some(2), "{}", step.output());
    assert!(step.output().contains("start.sh is not known"), "{}", step.output());
    assert!(stage.platform.requests("").is_empty());
}
