//! The flow of lines: back pressure, and the contract of processors that pair lines with lines.

use std::io::Write as _;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::cli::{Simulator, isendpro, sms, until};

/// What Redpanda Connect's `subprocess` processor needs: for each line one line, and no word beside.
#[test]
fn each_line_is_answered_by_one_line_before_the_next_is_written() {
    let mut run = isendpro(&["run", "sendSms", "--quiet", "--server", "simulator"]).start();
    for place in 0..1000 {
        let (line, wrong) = match place % 10 {
            3 => ("not JSON".to_owned(), true),
            5 => (r#"{"num":"0142000000","sms":"a"}"#.to_owned(), true),
            7 => (r#"{"smss":1}"#.to_owned(), true),
            8 => (sms("0011", "refused"), false),
            _ => (format!(r#"{{"num":"0680010001","sms":"a","meta":{place}}}"#), false),
        };
        run.send(&line);
        let answer = run.line();
        if wrong {
            assert_eq!(answer["error"]["line"], json!(place + 1), "{answer}");
        } else if place % 10 != 8 {
            assert_eq!((&answer["meta"], &answer["status"]), (&json!(place), &json!("accepted")));
        }
    }
    let finished = run.finish();
    assert_eq!((finished.code, finished.stdout.as_str(), finished.stderr.as_str()), (3, "", ""));
}

/// A processor starts the connector anew when it ended, with the line that it could not hand over.
#[test]
fn a_last_line_without_an_end_is_answered_too() {
    let lines = isendpro(&["run", "sendSms", "--server", "simulator"]).run(sms("0001", "a"));
    assert_eq!(lines.quiet(0).len(), 1);
}

#[test]
fn stdout_holds_only_json_and_stderr_nothing_whatever_happens() {
    let endings = [
        "0001", "0011", "0021", "0429", "0500", "0900", "0901", "0902", "0903", "0906", "0907",
        "0908",
    ];
    let mut input: Vec<String> = endings.iter().map(|it| sms(it, "a")).collect();
    input.extend(["", "   ", "nonsense", "[]", "{}", "null", "{\"num\":1}"].map(str::to_owned));
    let lines =
        isendpro(&["run", "sendSms", "--server", "simulator"]).run(input.join("\n")).quiet(6);
    assert_eq!(lines.len(), input.len() - 2, "blank lines are no messages");
    assert!(lines.iter().all(serde_json::Value::is_object));
}

/// Feeds many lines until nobody takes them for a second, and says how many bytes were taken.
#[cfg(target_os = "linux")]
fn fed_until_it_stalls(mut stdin: std::process::ChildStdin, lines: usize) -> usize {
    let (sender, progress) = channel();
    thread::spawn(move || {
        for place in 0..lines {
            let line = sms("0001", &format!("n {place}")) + "\n";
            if stdin.write_all(line.as_bytes()).is_err() || sender.send(line.len()).is_err() {
                return;
            }
        }
    });
    let mut taken = 0;
    loop {
        match progress.recv_timeout(Duration::from_secs(1)) {
            Ok(bytes) => taken += bytes,
            Err(RecvTimeoutError::Timeout) => return taken,
            Err(RecvTimeoutError::Disconnected) => panic!("it took all {lines} lines"),
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_reader_that_stops_stops_the_reading_and_memory_stays_flat() {
    for order in [&[][..], &["--unordered"]] {
        let simulator = Simulator::start(&[]);
        let run = simulator.run("sendSms", "main", &["--concurrency", "64"]).args(order);
        let mut run = run.start();
        let taken = fed_until_it_stalls(run.take_stdin(), 200_000);
        assert!(taken < 1024 * 1024, "it read {taken} bytes that nobody wants the results of");
        let (now, most) = (run.memory("VmRSS"), run.memory("VmHWM"));
        assert!(now < 60_000 && most < 60_000, "{now} KiB now, {most} KiB at most");
        // The messages that were carried are those whose results fit into the buffers on the way.
        assert!(simulator.total() < 5000, "{}", simulator.total());
        run.signal("TERM");
        let finished = run.wait();
        finished.says(143, &["go on with the rest"]);
        assert_eq!(finished.lines().len(), simulator.total());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_slow_api_slows_the_reading() {
    let simulator = Simulator::start(&["--latency", "600000"]);
    let mut run = simulator.run("sendSms", "main", &["--set", "callTimeout=600"]).start();
    let taken = fed_until_it_stalls(run.take_stdin(), 200_000);
    assert!(taken < 512 * 1024, "{taken} bytes for eight messages under way");
    until("as many are taken as may be under way", || simulator.total() == 8);
    assert!(run.memory("VmHWM") < 60_000);
}

#[cfg(target_os = "linux")]
#[test]
fn a_line_of_any_length_costs_little_memory() {
    let mut run = isendpro(&["run", "sendSms", "--server", "simulator"]).start();
    let mut stdin = run.take_stdin();
    let feeding = thread::spawn(move || {
        stdin.write_all(b"{\"num\":\"0680010001\",\"sms\":\"").unwrap();
        let piece = vec![b'x'; 64 * 1024];
        for _ in 0..2000 {
            stdin.write_all(&piece).unwrap();
        }
        stdin.write_all(format!("\"}}\n{}\n", sms("0001", "a")).as_bytes()).unwrap();
        stdin
    });
    let error = run.line()["error"].clone();
    assert!(error["message"].as_str().unwrap().contains("longer than 10485760 bytes"), "{error}");
    assert_eq!(run.line()["status"], "accepted");
    let most = run.memory("VmHWM");
    assert!(most < 100_000, "{most} KiB for a line of 128 MB, of which 10 may be kept");
    drop(feeding.join().unwrap());
    assert_eq!(run.finish().code, 3);
}
