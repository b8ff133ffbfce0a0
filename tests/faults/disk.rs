//! Journals that cannot be written.

use super::row::{BULK, Fault, IN_FLIGHT, fault, step};
use super::stage::{Stage, until};
use super::store::FILE;

/// Faults of the journal's disk.
pub const FAULTS: &[Fault] = &[
    fault("disk full at a claim", 0..=IN_FLIGHT, |stage| full(stage, "claim")).stores(FILE),
    fault("disk full at a record", 1..=IN_FLIGHT, |stage| full(stage, "record")).stores(FILE),
    step("disk full at a claim", 0..=0, hold).steps(FILE),
    // It says what became of those, and only their record is lost: nobody is left in doubt.
    step("disk full at a record", 0..=0, |stage| full(stage, "record")).steps(FILE),
    // That the rest of a bulk message is returned cannot be recorded either: nobody may say then that it
    // was not sent.
    step("disk full at a claim", 0..=IN_FLIGHT, hold).steps(FILE).shapes(BULK),
    step("disk full at a record", 0..=IN_FLIGHT, |stage| full(stage, "record"))
        .steps(FILE)
        .shapes(BULK),
];

/// The disk is full from the middle of the run on; there is room again for the next one. The run ends at
/// once, although what was not sent would be tried again for ten minutes.
fn full(stage: &mut Stage, point: &str) {
    let middle = stage.shape.requests() / 2;
    stage.run().set("giveUpAfter", "10").fault(point, middle, "fail").start().ends(1);
    stage.finish();
}

/// A step holds what it cannot claim, and leaves it in the queue when it is asked to end.
fn hold(stage: &mut Stage) {
    let middle = stage.shape.requests() / 2;
    let mut running = stage.run().fault("claim", middle, "fail").start();
    until("it holds its messages", || running.errors().contains("nothing is sent until"));
    running.signal("TERM");
    let code = running.wait();
    // An outcome that was to be written with the claims is lost with them, and the step says so.
    let lost = running.errors().contains("the outcome of a call was not recorded");
    assert_eq!(code, i32::from(lost), "{}", running.last_words());
    stage.finish();
}
