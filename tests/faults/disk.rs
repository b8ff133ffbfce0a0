//! Journals that cannot be written.

use super::row::{Fault, IN_FLIGHT, fault};
use super::stage::Stage;
use super::store::FILE;

/// Faults of the journal's disk.
pub const FAULTS: &[Fault] = &[
    fault("disk full at a claim", 0..=IN_FLIGHT, |stage| full(stage, "claim")).stores(FILE),
    fault("disk full at a record", 1..=IN_FLIGHT, |stage| full(stage, "record")).stores(FILE),
];

/// The disk is full from the middle of the run on; there is room again for the next one. The run ends at
/// once, although what was not sent would be tried again for ten minutes.
fn full(stage: &mut Stage, point: &str) {
    let middle = stage.shape.requests() / 2;
    stage.run().set("giveUpAfter", "10").fault(point, middle, "fail").start().ends(1);
    stage.finish();
}
