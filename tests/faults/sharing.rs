//! Several workers, and several messages that are one.

use super::messages::Messages;
use super::row::{BOTH, Fault};
use super::stage::{Stage, ended};
use super::store::{ALL, FILE};

/// Faults of sharing.
pub const FAULTS: &[Fault] = &[
    Fault {
        name: "two workers, the second is locked out",
        stores: FILE,
        shapes: BOTH,
        at_least: 0,
        at_most: 0,
        play: locked_out,
    },
    Fault {
        name: "one id with two bodies",
        stores: ALL,
        shapes: BOTH,
        at_least: 0,
        at_most: 0,
        play: |stage| {
            stage.messages = Messages::with_two_bodies(stage.shape);
            ended(stage.run().args(&["--once-per-id"]).start().wait());
        },
    },
];

fn locked_out(stage: &mut Stage) {
    stage.messages = Messages::with_ids(stage.shape);
    let first = stage.run().args(&["--once-per-id"]).start();
    stage.reached(0.2);
    let second = stage.run().args(&["--once-per-id"]).start();
    assert!(matches!(second.wait(), 1 | 2), "two workers have one file");
    assert_eq!(stage.outputs()[1], "", "the second worker has results");
    ended(first.wait());
}
