//! Journals that cannot be written.

use std::fs::File;

use serde_json::json;

use super::messages::Shape;
use super::row::{BOTH, Fault, IN_FLIGHT};
use super::stage::Stage;
use super::store::FILE;
use super::worker::Worker;

/// Faults of the journal's disk.
pub const FAULTS: &[Fault] = &[
    Fault {
        name: "disk full at a claim",
        stores: FILE,
        shapes: BOTH,
        at_least: 0,
        at_most: IN_FLIGHT,
        play: |stage| full(stage, "claim"),
    },
    Fault {
        name: "disk full at a record",
        stores: FILE,
        shapes: BOTH,
        at_least: 1,
        at_most: IN_FLIGHT,
        play: |stage| full(stage, "record"),
    },
    // redb writes pages in any order: the first that lies beyond the limit fails, be it of a claim or
    // of a record.
    Fault {
        name: "disk full, by the system's own limit",
        stores: FILE,
        shapes: BOTH,
        at_least: 0,
        at_most: IN_FLIGHT,
        play: limited,
    },
];

/// A journal that is large already, so that the limit is met while messages are in flight.
fn limited(stage: &mut Stage) {
    let nums: Vec<String> = (0..6000).map(|it| format!("07{:04}5000", 1000 + it)).collect();
    let input = stage.file("before");
    std::fs::write(&input, json!({"num": nums, "sms": "before"}).to_string()).unwrap();
    // Into a simulator of its own, and so not into the ledger.
    let before =
        Worker::new(Shape::Bulk, stage.file("results before"), &stage.file("errors before"));
    let address = stage.journal.address();
    let before = before.server("simulator").set("batchSize", "10000").journal(&address);
    before.input(File::open(&input).unwrap()).start().ends(0);
    stage.run().disk_of(2000).start().ends(1);
    stage.finish();
}

/// The disk is full from the middle of the run on; there is room again for the next one.
fn full(stage: &mut Stage, point: &str) {
    let middle = stage.shape.requests() / 2;
    stage.run().fault(point, middle, "fail").start().ends(1);
    stage.finish();
}
