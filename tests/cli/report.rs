//! A large report: all of its rows come, and memory stays flat.

use serde_json::{Value, json};

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

#[test]
fn the_report_of_sends_is_had_by_the_step_or_by_the_message() {
    let simulator = Simulator::start(&[]);
    let bulk = json!({"num": ["0680010001", "0680010002", "0680010003"], "sms": "Réservé à midi"});
    let long = json!({"num": ["0680010001"], "sms": "é".repeat(200)});
    let lines = format!("{bulk}\n{long}\n");
    let ordered = ["--concurrency", "1", "--set", "kind=transactional"];
    simulator.run("sendSmsMulti", "main", &ordered).run(lines).quiet(0);
    let (period, kind) = ("period=last24Hours", "rapportCampagne=2");
    let all = "emitBehaviour=fetchAll";
    for (step, message) in [
        (vec!["--set", kind], json!({})),
        (vec![], json!({"rapportCampagne": "2"})),
        (vec!["--set", "rapportCampagne=1"], json!({"rapportCampagne": 2})),
    ] {
        let args = [step, vec!["--set", period, "--set", all]].concat();
        let told = simulator.run("getCampagne", "main", &args).run(message.to_string()).quiet(0);
        let rows = told[0]["rows"].as_array().unwrap();
        let number =
            |row: &Value, name: &str| row[name].as_str().unwrap().parse::<usize>().unwrap();
        let parts = rows.iter().map(|it| number(it, "Envois prevus") * number(it, "SMS Long"));
        assert_eq!((rows.len(), parts.sum::<usize>()), (2, 5), "{told:?}");
        assert_eq!(rows[0]["Message"], "Réservé à midi");
        assert!(rows[0].get("tracker").is_none() && rows[0]["Etat"] == "Terminé", "{told:?}");
    }
    let wrong = simulator.run("getCampagne", "main", &["--set", period, "--set", all]);
    let refused = wrong.run(r#"{"rapportCampagne":"3"}"#);
    let field = refused.lines()[0]["error"]["field"].clone();
    assert_eq!((refused.code, field), (3, json!("rapportCampagne")));
}
