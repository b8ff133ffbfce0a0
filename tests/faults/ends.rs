//! Processes that end before their input does.

use super::row::{BOTH, BULK, Fault, IN_FLIGHT};
use super::stage::Stage;
use super::store::ALL;

/// Ends from outside.
pub const FAULTS: &[Fault] = &[
    Fault {
        name: "kill -9 at half",
        stores: ALL,
        shapes: BOTH,
        at_least: 0,
        at_most: IN_FLIGHT,
        play: |stage| {
            kill_at(stage, 0.5);
            stage.finish();
        },
    },
    Fault {
        name: "kill -9, three times",
        stores: ALL,
        shapes: BOTH,
        at_least: 0,
        at_most: 3 * IN_FLIGHT,
        play: |stage| {
            for share in [0.2, 0.45, 0.7] {
                kill_at(stage, share);
            }
            stage.finish();
        },
    },
    Fault {
        name: "SIGTERM at half",
        stores: ALL,
        shapes: BOTH,
        at_least: 0,
        at_most: 0,
        play: |stage| {
            let running = stage.run().start();
            stage.reached(0.5);
            running.signal("TERM");
            running.ends(143);
            stage.finish();
        },
    },
    // A single send is one request: there is no batch to change.
    Fault {
        name: "kill -9, then another batchSize",
        stores: ALL,
        shapes: BULK,
        at_least: 0,
        at_most: IN_FLIGHT,
        play: |stage| {
            kill_at(stage, 0.5);
            stage.run().set("batchSize", "3").start().ended();
        },
    },
];

fn kill_at(stage: &Stage, share: f64) {
    let running = stage.run().start();
    stage.reached(share);
    running.kill();
    stage.journal.bury();
}

/// Crashes at chosen points of the program.
pub const CRASHES: &[Fault] = &[
    Fault {
        name: "abort after a claim",
        stores: ALL,
        shapes: BOTH,
        at_least: 1,
        at_most: IN_FLIGHT,
        play: |stage| crash(stage, "after-claim", stage.shape.requests() / 2),
    },
    Fault {
        name: "abort before a call",
        stores: ALL,
        shapes: BOTH,
        at_least: 1,
        at_most: IN_FLIGHT,
        play: |stage| crash(stage, "before-call", stage.shape.requests() / 2),
    },
    Fault {
        name: "abort after a call",
        stores: ALL,
        shapes: BOTH,
        at_least: 1,
        at_most: IN_FLIGHT,
        play: |stage| crash(stage, "after-call", stage.shape.requests() / 2),
    },
    // The one that is recorded is known, but others are under way.
    Fault {
        name: "abort after a record",
        stores: ALL,
        shapes: BOTH,
        at_least: 0,
        at_most: IN_FLIGHT,
        play: |stage| crash(stage, "after-record", stage.shape.requests() / 2),
    },
    // Results are published several at a time: the tenth time is somewhere in the middle.
    Fault {
        name: "abort after a result is published",
        stores: ALL,
        shapes: BOTH,
        at_least: 0,
        at_most: IN_FLIGHT,
        play: |stage| crash(stage, "after-publish", 10),
    },
    // A single send emits once.
    Fault {
        name: "abort between two emits of a message",
        stores: ALL,
        shapes: BULK,
        at_least: 0,
        at_most: IN_FLIGHT,
        play: |stage| {
            let emits = stage.messages.things.len();
            let many = || stage.run().set("emitBehaviour", "emitIndividually").args(&["--many"]);
            // The second of the four of a message.
            let running = many().fault("after-emit", emits / 2 + 2, "abort").start();
            running.ends(-6);
            stage.journal.bury();
            many().start().ended();
        },
    },
];

fn crash(stage: &Stage, point: &str, passing: usize) {
    let running = stage.run().fault(point, passing, "abort").start();
    running.ends(-6);
    stage.journal.bury();
    stage.finish();
}
