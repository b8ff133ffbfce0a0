//! Mistakes that are easily made with the command line, and what they must not cost.

use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::cli::{Simulator, isendpro, sms};

#[test]
fn the_input_is_not_emptied_by_naming_it_as_the_failed_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("messages.ndjson");
    std::fs::write(&path, sms("0001", "keep me")).unwrap();
    let out = Command::new(env!("CARGO_BIN_EXE_isendpro"))
        .args(["run", "sendSms", "--server", "simulator", "--failed"])
        .arg(&path)
        .stdin(std::fs::File::open(&path).unwrap())
        .stdout(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(out.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&out.stderr).contains("is the input itself"));
    assert!(std::fs::read_to_string(&path).unwrap().contains("keep me"));
}

#[test]
fn a_failed_file_that_was_there_before_becomes_private() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("failed.ndjson");
    std::fs::write(&path, "").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let args = ["run", "sendSms", "--server", "simulator", "--failed", path.to_str().unwrap()];
    isendpro(&args).run(r#"{"num":"0142000000","sms":"landline"}"#).quiet(3);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(std::fs::read_to_string(&path).unwrap().contains("landline"));
}

#[test]
fn a_failed_file_that_cannot_be_written_ends_the_run() {
    let args = ["run", "sendSms", "--server", "simulator", "--failed", "/dev/full"];
    let finished = isendpro(&args).run(r#"{"num":"0142000000","sms":"landline"}"#);
    assert_eq!(finished.code, 1);
    assert!(finished.stderr.contains("a failed message was not kept"), "{}", finished.stderr);
    assert_eq!(finished.lines().len(), 1);
}

#[test]
fn an_empty_server_is_not_the_real_one() {
    for empty in ["", "  "] {
        let finished =
            isendpro(&["run", "sendSms", "--server", empty]).key("k").run(sms("0001", "x"));
        finished.says(2, &["--server is empty"]);
    }
    isendpro(&["run", "sendSms", "--server", " Simulator "]).run(sms("0001", "x")).quiet(0);
}

#[test]
fn files_that_cannot_be_used_are_told_before_anything_is_sent() {
    let simulator = Simulator::start(&[]);
    for (flag, path) in [("--summary", "/missing/summary"), ("--config", "/missing/config")] {
        let run = simulator.run("sendSms", "k", &[flag, path]).run(sms("0001", "x"));
        run.says(2, &[flag, path]);
    }
    assert_eq!(simulator.total(), 0);
}

#[test]
fn a_value_that_is_not_allowed_names_those_that_are() {
    let args = ["run", "sendSms", "--server", "simulator", "--set", "whenRefused=never"];
    isendpro(&args).run("").says(2, &["whenRefused: must be one of emit, throw"]);
    let message = r#"{"repertoireId":"1","num":"0680010203","repertoireEdit":"create"}"#;
    let error = &isendpro(&["run", "repertoire", "--server", "simulator"]).run(message).quiet(3)[0];
    let said = error["error"]["message"].as_str().unwrap();
    assert!(said.contains("repertoireEdit: must be one of add, del"), "{said}");
}

#[test]
fn a_slip_of_one_letter_means_the_field_that_is_missing() {
    let run = isendpro(&["run", "sendSms", "--server", "simulator"]);
    let line = &run.run(r#"{"nm":"0680010001","sms":"Z"}"#).lines()[0];
    let said = line["error"]["message"].as_str().unwrap();
    assert!(said.contains("nm: is not a field of this message; did you mean \"num\"?"), "{said}");
}

#[test]
fn a_slip_in_the_name_of_a_secret_does_not_show_it() {
    for slip in ["key_id", "KEYID", "apiKey", "password"] {
        let message = format!(r#"{{"{slip}":"canary-SECRET","num":"0680010203","sms":"x"}}"#);
        let finished = isendpro(&["run", "sendSms", "--server", "simulator"]).run(message);
        assert!(!finished.stdout.contains("canary"), "{}", finished.stdout);
        assert_eq!(finished.code, 3);
    }
}

#[test]
fn a_signal_just_after_the_start_is_obeyed_politely() {
    for _ in 0..20 {
        let mut simulator = isendpro(&["simulator", "--port", "0"]).start();
        simulator.text().unwrap();
        simulator.signal("TERM");
        assert_eq!(simulator.wait().code, 0);
    }
}

#[test]
fn a_report_is_not_read_to_its_end_for_nobody() {
    let simulator = Simulator::start(&["--report-rows", "100000"]);
    let args = ["--many", "--set", "period=yesterday", "--set", "emitBehaviour=emitIndividually"];
    let mut run = simulator.run("getCampagne", "k", &args).start();
    run.send("{}");
    run.text().unwrap();
    run.close_stdout();
    assert_eq!(run.exited(Duration::from_secs(20)), Some(1));
}

#[test]
fn what_may_have_been_sent_is_not_sent_again_by_feeding_it_in_again() {
    let simulator = Simulator::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("failed.ndjson");
    let args = ["--failed", path.to_str().unwrap()];
    simulator.run("sendSms", "k", &args).run(sms("0903", "once")).quiet(6);
    let failed = std::fs::read_to_string(&path).unwrap();
    // It stays in doubt however often it is fed in, through a file of failed messages too.
    let second = folder.path().join("second.ndjson");
    let args = ["--failed", second.to_str().unwrap()];
    let again = &simulator.run("sendSms", "k", &args).run(&failed).quiet(6)[0];
    let said = again["error"]["message"].as_str().unwrap();
    assert!(said.contains("may have been sent already"), "{said}");
    let failed = std::fs::read_to_string(&second).unwrap();
    simulator.run("sendSms", "k", &[]).run(&failed).quiet(6);
    assert_eq!(simulator.total(), 1);
}

#[test]
fn what_stands_beside_a_nested_body_counts_too() {
    let run = |message: &str| isendpro(&["run", "sendSms", "--server", "simulator"]).run(message);
    let nested = r#"{"requestBody":{"num":"0680010203","sms":"x"},"meta":{"a":1}}"#;
    assert_eq!(run(nested).quiet(0)[0]["meta"]["a"], 1);
    let slip = r#"{"requestBody":{"num":"0680010203","sms":"x"},"whatever":1}"#;
    assert_eq!(run(slip).quiet(3)[0]["error"]["field"], "whatever");
}

#[test]
fn a_stop_does_not_wait_for_the_rate() {
    let simulator = Simulator::start(&[]);
    let args = ["--rate", "0.01", "--unordered"];
    let mut run = simulator.run("sendSms", "k", &args).start();
    for text in ["a", "b", "c"] {
        run.send(&sms("0001", text));
    }
    run.line();
    run.signal("TERM");
    assert_eq!(run.exited(Duration::from_secs(20)), Some(143));
    assert_eq!(simulator.total(), 1);
}

#[test]
fn a_bad_key_in_one_message_stops_no_other() {
    let simulator = Simulator::start(&[]);
    let own = r#"{"num":"0680010203","sms":"x","keyid":"refused-key"}"#;
    let input = format!("{own}\n{}\n{}", sms("0001", "a"), sms("0001", "b"));
    let lines = simulator.run("sendSms", "good-key", &[]).run(input).quiet(3);
    assert_eq!(lines[0]["error"]["kind"], "accountKey");
    assert_eq!(simulator.total(), 2);
}

#[test]
fn some_cents_that_buy_no_sms_are_no_credit() {
    let simulator = Simulator::start(&["--credit", "0.12"]);
    let input: Vec<_> = ["a", "b", "c", "d", "e"].map(|it| sms("0001", it)).into();
    let args = ["--concurrency", "1"];
    let finished = simulator.run("sendSms", "short-of-money", &args).run(input.join("\n"));
    assert_eq!(finished.code, 5, "{}", finished.stderr);
    assert_eq!(simulator.total(), 2);
}

#[test]
fn no_setting_makes_a_real_send_look_like_a_test() {
    let simulator = Simulator::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.json");
    std::fs::write(&path, r#"{"testMode":"x"}"#).unwrap();
    let args = ["--config", path.to_str().unwrap()];
    let refused = simulator.run("sendSms", "k", &args).run(sms("0001", "a"));
    refused.says(2, &["testMode: there is no such setting; isendpro"]);
    assert_eq!(simulator.total(), 0);
    let empty = ["run", "sendSms", "--set", "server="];
    isendpro(&empty).key("k").run(sms("0001", "x")).says(2, &["--set server= has no value"]);
}

#[test]
fn what_an_earlier_run_could_not_send_is_not_lost_to_the_next_one() {
    let simulator = Simulator::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("failed.ndjson");
    let run = || simulator.run("sendSms", "k", &["--failed", path.to_str().unwrap()]);
    run().run(r#"{"num":"0142000000","sms":"landline"}"#).quiet(3);
    let kept = std::fs::read_to_string(&path).unwrap();
    let refused = run().run(sms("0001", "a"));
    let said = ["nothing was sent", "holds what an earlier run", "name another file", "{time}"];
    refused.says(2, &said);
    assert_eq!((std::fs::read_to_string(&path).unwrap(), simulator.total()), (kept, 0));
}

#[test]
fn a_slip_says_what_to_write_instead() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("c");
    std::fs::write(&config, "keyid=canary").unwrap();
    let config = config.to_str().unwrap();
    for (args, said) in [
        (&["send", "clients.csv"][..], "isendpro run sendSms <"),
        (&["run"], "which action?"),
        (&["run", "sendSms", "--keyid", "canary"], "ISENDPRO_KEYID"),
        (&["run", "sendSms", "--rate", "fast"], "a number of calls a second, such as 10"),
        (&["run", "sendSms", "--set", "date_envoi="], "this is a field of messages"),
        (&["run", "sendSms", "--set", "num=0680010203"], "this is a field of messages"),
        (&["run", "sendSms", "--set", "regin=FR"], "did you mean region?"),
        (&["run", "sendSms", "--set", "qqq=1"], "`isendpro actions ACTION` lists them"),
        (
            &["run", "sendSms", "--config", config],
            "line 1: this is not JSON; the file holds one object",
        ),
        (&["run", "sendSms", "--log-file", "/missing/log"], "there is no folder /missing"),
        (&["run", "sendSms", "--failed", "/missing/failed"], "there is no folder /missing"),
        (&["run", "sendSms", "--keyid-file", "/missing"], "there is no such file"),
        (&["run", "sendSms", "-i", "/"], "this is a folder"),
    ] {
        let run = isendpro(args).key("k").run(sms("0001", "x"));
        run.says(2, &[said]);
        assert!(
            !run.stderr.contains("canary") && !run.stderr.contains("os error"),
            "{}",
            run.stderr
        );
        assert!(run.stderr.len() < 300, "{}", run.stderr);
    }
}

/// `isendpro run sendSms` with these arguments, in a folder with a file of messages: the exit code,
/// stderr, and what is in the file then.
fn over_files(line: &str) -> (i32, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in");
    std::fs::write(&input, sms("0001", "keep me") + "\n").unwrap();
    let line = format!("exec \"$0\" run sendSms --server simulator {line}");
    let out = Command::new("timeout")
        .args(["60", "/bin/sh", "-c", &line, env!("CARGO_BIN_EXE_isendpro")])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let kept = std::fs::read_to_string(&input).unwrap();
    (out.status.code().unwrap(), String::from_utf8_lossy(&out.stderr).into_owned(), kept)
}

#[test]
fn no_file_of_a_run_may_be_its_input_its_output_or_another_one() {
    for (line, said) in [
        ("--failed in < in", "--failed in is the input itself; name another file"),
        ("--summary in < in", "--summary in is the input itself; name another file"),
        ("--log-file in < in", "--log-file in is the input itself; name another file"),
        ("--failed out < in > out", "--failed out is where the results go; name another file"),
        ("--summary out < in > out", "--summary out is where the results go; name another file"),
        ("--log-file ./out < in >> out", "--log-file ./out is where the results go"),
        ("--failed a --summary a < in", "--failed and --summary are the same file: a"),
        ("--failed a --log-file ./a < in", "--failed and --log-file are the same file: ./a"),
        ("--summary $PWD/a --log-file a < in", "--summary and --log-file are the same file: a"),
        ("--journal file:a --summary a < in", "--journal and --summary are the same file: a"),
    ] {
        let (code, stderr, kept) = over_files(line);
        assert_eq!((code, stderr.contains(said)), (2, true), "{line}: {stderr}");
        assert_eq!(kept, sms("0001", "keep me") + "\n", "{line}");
    }
    let apart = "--failed a --summary b --log-file /dev/null < in > /dev/null";
    assert_eq!(over_files(apart), (0, String::new(), sms("0001", "keep me") + "\n"));
}
