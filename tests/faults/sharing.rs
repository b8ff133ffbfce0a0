//! Several workers, and several messages that are one.

use super::messages::Messages;
use super::row::{BOTH, Fault, IN_FLIGHT};
use super::stage::Stage;
use super::store::{ALL, FILE, REDIS};

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
        name: "two workers on the same messages",
        stores: REDIS,
        shapes: BOTH,
        at_least: 0,
        at_most: 0,
        play: |stage| {
            stage.messages = Messages::with_ids(stage.shape);
            let worker = || stage.run().args(&["--once-per-id"]).start();
            let workers = [worker(), worker()];
            for running in workers {
                running.ended();
            }
        },
    },
    Fault {
        name: "two workers, one killed -9",
        stores: REDIS,
        shapes: BOTH,
        at_least: 0,
        at_most: IN_FLIGHT,
        play: |stage| {
            stage.messages = Messages::with_ids(stage.shape);
            let worker = || stage.run().args(&["--once-per-id"]).start();
            let (first, second) = (worker(), worker());
            stage.reached(0.5);
            // Nobody tells whose lease is whose: the other one waits until it runs out.
            first.kill();
            second.ended();
        },
    },
    Fault {
        name: "one id with two bodies",
        stores: ALL,
        shapes: BOTH,
        at_least: 0,
        at_most: 0,
        play: |stage| {
            stage.messages = Messages::with_two_bodies(stage.shape);
            stage.run().args(&["--once-per-id"]).start().ended();
        },
    },
];

fn locked_out(stage: &mut Stage) {
    stage.messages = Messages::with_ids(stage.shape);
    let first = stage.run().args(&["--once-per-id"]).start();
    stage.reached(0.2);
    let mut second = stage.run().args(&["--once-per-id"]).start();
    assert!(matches!(second.wait(), 1 | 2), "two workers have one file");
    assert_eq!(stage.outputs()[1], "", "the second worker has results");
    first.ended();
}
