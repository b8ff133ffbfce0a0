//! A large report: all of its rows come, and memory stays flat.

use crate::cli::{Running, Simulator};

/// An optimised build carries a million in seconds. Without optimisation the million takes a
/// minute, and a tenth of it shows growth just as well.
const ROWS: usize = if cfg!(debug_assertions) { 100_000 } else { 1_000_000 };
/// Most memory, in KiB.
const MOST: u64 = 100_000;
/// What memory may grow by, in KiB, after the first pages: the rest is ten times as much as text.
const GROWTH: u64 = 8_000;

/// Reads a whole report, in which each row holds this, and looks at the process, which waits for its
/// next message then.
fn read(run: &mut Running, row: &str, expected: usize) {
    let (mut pages, mut rows, mut early) = (0, 0, 0);
    loop {
        let page = run.text().expect("the report ends early");
        pages += 1;
        rows += page.matches(row).count();
        if pages == 20 {
            early = run.memory("VmHWM");
        }
        if page.contains("\"last\":true") {
            break;
        }
    }
    assert_eq!((pages, rows), (expected / 500, expected));
    let most = run.memory("VmHWM");
    assert!(most < MOST, "{most} KiB");
    assert!(most.saturating_sub(early) < GROWTH, "{early} KiB, later {most} KiB");
}

#[test]
fn a_long_report_comes_whole_in_little_memory() {
    let simulator = Simulator::start(&["--report-rows", &ROWS.to_string()]);
    let mut run = simulator.run("getCampagne", "main", &["--many"]).start();
    run.send(r#"{"date_deb":"2026-07-01 00:00","date_fin":"2026-07-14 23:59"}"#);
    read(&mut run, "\"tracker\":\"row", ROWS);
    assert_eq!(run.finish().code, 0);
}

#[test]
fn a_long_blacklist_comes_whole_in_little_memory() {
    let simulator = Simulator::start(&["--blacklist-rows", &ROWS.to_string()]);
    let mut run = simulator.run("getListeNoire", "main", &["--many"]).start();
    run.send("{}");
    read(&mut run, "\"tel\":", ROWS);
    assert_eq!(run.finish().code, 0);
}

#[test]
fn a_reader_that_goes_away_ends_a_long_report() {
    let simulator = Simulator::start(&["--report-rows", "5000"]);
    let each = ["--many", "--set", "emitBehaviour=emitIndividually"];
    let mut run = simulator.run("getCampagne", "main", &each).start();
    run.send(r#"{"date_deb":"2026-07-01 00:00","date_fin":"2026-07-14 23:59"}"#);
    for _ in 0..3 {
        run.line();
    }
    run.close_stdout();
    run.wait().says(1, &["the reader of the results has gone"]);
}
