//! Journals that cannot be written.

use std::fs::File;

use serde_json::json;

use super::messages::Shape;
use super::row::{Fault, IN_FLIGHT, fault};
use super::stage::Stage;
use super::store::FILE;
use super::worker::Worker;

/// Faults of the journal's disk.
pub const FAULTS: &[Fault] = &[
    fault("disk full at a claim", 0..=IN_FLIGHT, |stage| full(stage, "claim")).stores(FILE),
    fault("disk full at a record", 1..=IN_FLIGHT, |stage| full(stage, "record")).stores(FILE),
    // redb writes pages in any order: the first that lies beyond the limit fails, be it of a claim or
    // of a record.
    fault("disk full, by the system's own limit", 0..=IN_FLIGHT, limited).stores(FILE),
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
