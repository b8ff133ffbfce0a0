//! `isendpro poll` when it dies, and when the report is not what it was.

use std::collections::BTreeSet;
use std::io::{Cursor, Write as _};
use std::path::Path;

use mockito::{Matcher, Server};
use serde_json::{Value, json};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::cli::{Finished, Simulator, isendpro, program};

/// The arguments of a run that tells each thing in a message of its own.
fn arguments<'a>(trigger: &'a str, url: &'a str, state: &'a Path) -> Vec<&'a str> {
    let state = state.to_str().unwrap();
    vec![
        "poll",
        trigger,
        "--server",
        url,
        "--state",
        state,
        "--set",
        "emitBehaviour=emitIndividually",
    ]
}

fn ids(lines: &[Value]) -> Vec<&str> {
    lines.iter().map(|it| it["id"].as_str().unwrap()).collect()
}

/// The shell forbids files of more than 512 bytes: the state of so many numbers is larger, and the
/// report, which is packed, is not. So the system kills the process at the moment that it writes its
/// state, when all results are out.
#[test]
fn a_run_killed_between_its_results_and_its_state_is_repeated_with_the_same_ids() {
    let (simulator, folder) = (Simulator::start(&[]), tempfile::tempdir().unwrap());
    let numbers: Vec<String> = (0..60).map(|it| format!("06800{it:05}")).collect();
    let account = json!({"key": "main", "blacklist": numbers});
    simulator.ask("PUT", "accounts", &account.to_string());
    let state = folder.path().join("state");
    let mut arguments = arguments("newOptOuts", &simulator.url, &state);
    arguments.extend(["--set", "firstRun=emit"]);
    let script = ["-c", "ulimit -f 1; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_isendpro")];
    let killed = program("/bin/sh", &script).args(&arguments).key("main").run("");
    assert_eq!(killed.code, -25, "SIGXFSZ: {killed:?}");
    let told = killed.lines();
    assert_eq!(told.len(), numbers.len(), "all results were out");
    assert!(!state.exists(), "and the state was not");
    let again = isendpro(&arguments).key("main").run("").polled();
    assert_eq!(ids(&again), ids(&told));
    assert_eq!(isendpro(&arguments).key("main").run("").polled(), [Value::Null; 0]);
}

/// A report of these lines, as iSendPro packs it.
pub fn packed(lines: &[&str]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("campagne.csv", SimpleFileOptions::default()).unwrap();
    zip.write_all((lines.join("\n") + "\n").as_bytes()).unwrap();
    zip.finish().unwrap().into_inner()
}

/// A run against a report of these lines.
fn report(server: &mut Server, state: &Path, lines: &[&str]) -> Finished {
    server.reset();
    server.mock("GET", Matcher::Any).with_body(packed(lines)).create();
    let url = server.url();
    isendpro(&arguments("newDeliveryReports", &url, state)).key("main").run("")
}

/// The numbers that a run tells of.
fn numbers(run: &Finished) -> Vec<String> {
    let tel = |it: &Value| it["body"]["row"]["tel"].as_str().unwrap().to_owned();
    run.lines().iter().map(tel).collect()
}

const CHANGED: &str = "the columns of the report have changed since the last run";

#[test]
fn columns_that_change_are_told_and_no_row_is_lost() {
    let (mut server, folder) = (Server::new(), tempfile::tempdir().unwrap());
    let state = folder.path().join("state");
    let mut run = |lines: &[&str]| {
        let run = report(&mut server, &state, lines);
        assert_eq!(run.code, 0, "{run:?}");
        run
    };
    let first = run(&["tel;statut", "33680010001;0"]);
    assert!(first.stderr.contains("this report names no trackers"), "{first:?}");
    assert_eq!(numbers(&first), ["33680010001"]);
    // A column more: a row has another id with it than it had without it.
    let wider = run(&["tel;statut;pays", "33680010001;0;FR", "33680010002;0;FR"]);
    assert_eq!(numbers(&wider), ["33680010001", "33680010002"]);
    assert!(wider.stderr.contains(CHANGED), "{wider:?}");
    assert_ne!(ids(&first.lines())[0], ids(&wider.lines())[0]);
    // Another name for one, and the same cells: it is the same row.
    let renamed =
        run(&["tel;etat;pays", "33680010001;0;FR", "33680010002;0;FR", "33680010003;0;FR"]);
    assert_eq!(numbers(&renamed), ["33680010003"]);
    assert!(renamed.stderr.contains(CHANGED), "{renamed:?}");
    // A report without rows has no columns that could have changed.
    assert_eq!(run(&["other"]).stderr, "");
    let last = run(&["tel;etat;pays", "33680010004;0;FR"]);
    assert_eq!((numbers(&last), last.stderr.as_str()), (vec!["33680010004".to_owned()], ""));
}

#[test]
fn of_rows_that_are_equal_each_comes_once_under_an_id_of_its_own() {
    let (mut server, folder) = (Server::new(), tempfile::tempdir().unwrap());
    let state = folder.path().join("state");
    let [one, two] = ["33680010001;0;", "33680010002;0;"];
    let equal = ["tel;statut;tracker", one, one, two, one];
    let first = report(&mut server, &state, &equal[..4]).polled();
    let second = report(&mut server, &state, &equal).polled();
    assert_eq!((first.len(), second.len()), (3, 1));
    let told: BTreeSet<&str> = ids(&first).into_iter().chain(ids(&second)).collect();
    assert_eq!(told.len(), 4);
    std::fs::remove_file(&state).unwrap();
    let anew = report(&mut server, &state, &equal).polled();
    assert_eq!(ids(&anew).into_iter().collect::<BTreeSet<_>>(), told);
}
