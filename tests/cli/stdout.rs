//! A stdout that would swallow the results is an error before anything is sent.

use std::fs::OpenOptions;
use std::process::{Command, Stdio};

use crate::cli::{Simulator, sms};

/// `isendpro run` in a shell, which does this with its stdout. Gives the exit code and stderr.
fn in_a_shell(simulator: &Simulator, redirection: &str) -> (i32, String) {
    let script = format!("printf '%s\\n' '{}' | \"$0\" \"$@\" {redirection}", sms("0001", "a"));
    run(simulator, Command::new("sh").args(["-c", &script, env!("CARGO_BIN_EXE_isendpro")]))
}

fn run(simulator: &Simulator, command: &mut Command) -> (i32, String) {
    let done = command
        .args(["run", "sendSms", "--server", &simulator.url])
        .env("ISENDPRO_KEYID", "main")
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    (done.status.code().unwrap(), String::from_utf8(done.stderr).unwrap())
}

#[test]
fn one_that_is_closed_from_the_beginning_sends_nothing() {
    let simulator = Simulator::start(&[]);
    let (code, stderr) = in_a_shell(&simulator, ">&-");
    assert_eq!(code, 1, "{stderr}");
    for words in ["nothing was sent", "stdout is closed", "> /dev/null"] {
        assert!(stderr.contains(words), "no \"{words}\" in: {stderr}");
    }
    assert_eq!(simulator.total(), 0);
}

/// As Python and Node do when they are asked for no output: nobody can tell it from a closed one.
#[test]
fn the_null_device_for_reading_and_writing_sends_nothing() {
    let simulator = Simulator::start(&[]);
    let null = OpenOptions::new().read(true).write(true).open("/dev/null").unwrap();
    let input = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(input.path(), sms("0001", "a")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_isendpro"));
    let done = command
        .args(["run", "sendSms", "--server", &simulator.url])
        .env("ISENDPRO_KEYID", "main")
        .stdin(input.reopen().unwrap())
        .stdout(null)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
        .wait_with_output()
        .unwrap();
    let stderr = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("subprocess.DEVNULL"), "{stderr}");
    assert_eq!(simulator.total(), 0);
}

#[test]
fn results_that_nobody_wants_are_thrown_away_where_that_is_said() {
    let simulator = Simulator::start(&[]);
    assert_eq!(in_a_shell(&simulator, "> /dev/null").0, 0);
    assert_eq!(simulator.total(), 1);
    assert_eq!(in_a_shell(&simulator, "--dry-run >&-").0, 0);
    assert_eq!(simulator.total(), 1);
}

#[test]
fn a_reader_that_has_gone_before_the_start_gets_nothing_sent() {
    let simulator = Simulator::start(&[]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let input = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(input.path(), sms("0001", "a")).unwrap();
    let done = Command::new(env!("CARGO_BIN_EXE_isendpro"))
        .args(["run", "sendSms", "--server", &simulator.url])
        .env("ISENDPRO_KEYID", "main")
        .stdin(input.reopen().unwrap())
        .stdout(writer)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
        .wait_with_output()
        .unwrap();
    let stderr = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("nothing was sent: the reader of the results has gone"), "{stderr}");
    assert_eq!(simulator.total(), 0);
}
