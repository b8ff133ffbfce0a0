//! A journal's file that goes away, or changes, under a run: counted at the simulator's ledger.

use std::fs;
use std::path::{Path, PathBuf};

use crate::cli::{Finished, Simulator, sms, until};

const IN_FLIGHT: usize = 50;
const COUNT: usize = 400;

/// A run with a journal in this folder, in the middle of which something happens to the file. Gives
/// how much was sent by then.
fn disturbed(
    simulator: &Simulator,
    folder: &Path,
    happens: impl FnOnce(&Path),
) -> (usize, Finished) {
    let concurrency = IN_FLIGHT.to_string();
    let store = format!("file:{}", file(folder).display());
    let args = ["--journal", &store, "--concurrency", &concurrency];
    let mut running = simulator.run("sendSms", "main", &args).start();
    let feeding = running.feed(input().into_bytes());
    until("half is sent", || simulator.total() >= COUNT / 2);
    happens(&file(folder));
    let sent = simulator.total();
    let finished = running.finish();
    feeding.join().unwrap();
    (sent, finished)
}

fn file(folder: &Path) -> PathBuf {
    folder.join("sent.journal")
}

fn input() -> String {
    (0..COUNT).map(|it| sms("0001", &format!("n {it}")) + "\n").collect()
}

/// That the run has stopped with these words, has told what became of all that was sent, and sent
/// nothing more than what was under way.
fn stopped(simulator: &Simulator, (sent, finished): &(usize, Finished), words: &str) {
    finished.says(1, &["stopped early: the journal", words]);
    let total = simulator.total();
    assert!(total <= sent + IN_FLIGHT, "{total} sent, {sent} when it happened");
    let accepted = finished.lines().iter().filter(|it| it["status"] == "accepted").count();
    assert_eq!(accepted, total, "each that was sent is told");
}

#[test]
fn a_file_that_is_removed_stops_the_run() {
    let simulator = Simulator::start(&["--latency", "20"]);
    let folder = tempfile::tempdir().unwrap();
    let run = disturbed(&simulator, folder.path(), |it| fs::remove_file(it).unwrap());
    stopped(&simulator, &run, "was removed or renamed while it was in use; put it back");
}

#[test]
fn a_file_that_is_renamed_stops_the_run_and_put_back_resumes_it() {
    let simulator = Simulator::start(&["--latency", "20"]);
    let folder = tempfile::tempdir().unwrap();
    let aside = folder.path().join("aside");
    let run = disturbed(&simulator, folder.path(), |it| fs::rename(it, &aside).unwrap());
    stopped(&simulator, &run, "was removed or renamed while it was in use; put it back");
    fs::rename(&aside, file(folder.path())).unwrap();
    resumes(&simulator, folder.path());
}

#[test]
fn a_file_that_another_one_replaces_stops_the_run_and_put_back_resumes_it() {
    let simulator = Simulator::start(&["--latency", "20"]);
    let folder = tempfile::tempdir().unwrap();
    let (own, copy) = (folder.path().join("own"), folder.path().join("copy"));
    let run = disturbed(&simulator, folder.path(), |it| {
        fs::copy(it, &copy).unwrap();
        fs::hard_link(it, &own).unwrap();
        fs::rename(&copy, it).unwrap();
    });
    stopped(&simulator, &run, "was replaced by another file while it was in use; put back");
    fs::rename(&own, file(folder.path())).unwrap();
    resumes(&simulator, folder.path());
}

#[test]
fn a_copy_that_is_put_over_the_file_stops_the_run() {
    let simulator = Simulator::start(&["--latency", "20"]);
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy");
    let run = disturbed(&simulator, folder.path(), |it| {
        fs::copy(it, &copy).unwrap();
        let before = simulator.total();
        until("the copy is older", || simulator.total() >= before + 20);
        fs::copy(&copy, it).unwrap();
    });
    stopped(&simulator, &run, "was overwritten while it was in use");
}

/// The same command goes on where it was, and each message is sent once.
fn resumes(simulator: &Simulator, folder: &Path) {
    let store = format!("file:{}", file(folder).display());
    let finished = simulator.run("sendSms", "main", &["--journal", &store]).run(input());
    assert_eq!(finished.code, 0, "{finished:?}");
    let accepted = finished.lines().iter().filter(|it| it["status"] == "accepted").count();
    assert_eq!((accepted, simulator.total()), (COUNT, COUNT));
}
