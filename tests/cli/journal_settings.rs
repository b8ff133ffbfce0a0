//! Settings of the journal that a script has left empty: no wish to work without one.

use crate::cli::{Cli, Simulator, isendpro, sms};

fn refused(simulator: &Simulator, command: Cli, name: &str) {
    let finished = command.run(sms("0001", "a"));
    finished.says(2, &[name, "empty, as an unset variable of a script leaves it"]);
    assert_eq!(finished.stdout, "");
    assert_eq!(simulator.ask("GET", "sent?count=1", "")["total"], 0);
}

#[test]
fn a_journal_that_is_given_empty_is_a_mistake_and_sends_nothing() {
    let simulator = Simulator::start(&[]);
    let run = |args: &[&str]| simulator.run("sendSms", "main", args);
    for args in [&["--journal", ""][..], &["--journal="], &["--journal", " "], &["--journal=\t"]] {
        refused(&simulator, run(args), "--journal is given");
        refused(&simulator, run(args).env("ISENDPRO_JOURNAL", "file:x"), "--journal is given");
        refused(&simulator, run(&[args, &["--once-per-id"]].concat()), "--journal is given");
    }
    for blank in ["", "  "] {
        let variable = |args| run(args).env("ISENDPRO_JOURNAL", blank);
        refused(&simulator, variable(&[]), "ISENDPRO_JOURNAL is given");
        refused(&simulator, variable(&["--dry-run"]), "ISENDPRO_JOURNAL is given");
        refused(&simulator, variable(&["--once-per-id"]), "ISENDPRO_JOURNAL is given");
    }
}

#[test]
fn a_flag_goes_before_an_empty_variable() {
    let simulator = Simulator::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let journal = format!("file:{}", folder.path().join("sent.journal").display());
    let run = simulator.run("sendSms", "main", &["--journal", &journal]);
    run.env("ISENDPRO_JOURNAL", "").run(sms("0001", "a")).quiet(0);
}

#[test]
fn a_job_without_a_name_is_a_mistake_and_sends_nothing() {
    let simulator = Simulator::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let journal = format!("file:{}", folder.path().join("sent.journal").display());
    for job in [&["--job", ""][..], &["--job="], &["--job", "  "]] {
        let run = simulator.run("sendSms", "main", &["--journal", &journal]);
        refused(&simulator, run.args(job), "--job is");
    }
}

#[test]
fn who_looks_into_a_journal_is_told_the_same() {
    for command in ["list", "reconcile"] {
        let empty = isendpro(&["journal", command, "--journal", ""]).run("");
        empty.says(2, &["--journal is given and empty"]);
        let empty = isendpro(&["journal", command]).env("ISENDPRO_JOURNAL", "").run("");
        empty.says(2, &["ISENDPRO_JOURNAL is given and empty"]);
    }
}

/// Nobody is asked for the address: the names are reserved (RFC 2606).
#[test]
fn a_redis_beyond_ones_own_network_wants_tls_or_a_word() {
    let simulator = Simulator::start(&[]);
    let run = || {
        let journal = "redis://user:S3C@journal.invalid.example:1";
        simulator.run("sendSms", "main", &["--journal", journal])
    };
    run().run(sms("0001", "a")).says(2, &["in clear", "ISENDPRO_ALLOW_CLEARTEXT=1"]);
    let unclear = run().env("ISENDPRO_ALLOW_CLEARTEXT", "yes");
    unclear.run(sms("0001", "a")).says(2, &["must be 1 or 0"]);
    let allowed = run().env("ISENDPRO_ALLOW_CLEARTEXT", "1").run(sms("0001", "a"));
    assert!(!allowed.stderr.contains("CLEARTEXT") && allowed.code != 0, "{allowed:?}");
    assert!(!allowed.stderr.contains("S3C"), "{allowed:?}");
    assert_eq!(simulator.total(), 0);
}
