//! The end of a run before the end of its input: signals, and a reader that goes away.

use std::io::{BufRead as _, BufReader, Write as _};
use std::time::Duration;

use serde_json::Value;

use crate::cli::{Finished, Simulator, isendpro, json, sms, until};

fn many(count: usize) -> Vec<u8> {
    let lines = (0..count).map(|it| sms("0001", &format!("n {it}")) + "\n");
    lines.collect::<String>().into_bytes()
}

#[test]
fn a_signal_stops_the_reading_and_everything_under_way_is_finished_and_printed() {
    for (signal, code) in [("TERM", 143), ("INT", 130), ("HUP", 129)] {
        let simulator = Simulator::start(&["--latency", "200"]);
        let folder = tempfile::tempdir().unwrap();
        let summary = folder.path().join("summary.json");
        let args = ["--concurrency", "50", "--summary", summary.to_str().unwrap()];
        let mut run = simulator.run("sendSms", "main", &args).start();
        let feeding = run.feed(many(5000));
        // With this the first one is done, and fifty others are under way.
        assert_eq!(run.line()["status"], "accepted");
        run.signal(signal);
        let finished = run.wait();
        feeding.join().unwrap();
        let next = format!("tail -n +{}", finished.lines().len() + 2);
        finished.says(code, &["go on with the rest", &next]);
        let lines = finished.lines();
        assert!(lines.iter().all(|it| it["status"] == "accepted"), "{signal}");
        let printed = lines.len() + 1;
        assert_eq!(simulator.total(), printed, "{signal}: taken, against accepted and printed");
        assert!((50..1000).contains(&printed), "{signal}: {printed}");
        let summary = json(&std::fs::read_to_string(&summary).unwrap());
        assert_eq!((&summary["exitCode"], &summary["accepted"]), (&code.into(), &printed.into()));
    }
}

/// `nohup` asks for it: the terminal ends, and the run goes on.
#[cfg(target_os = "linux")]
#[test]
fn the_end_of_the_terminal_stops_no_run_that_is_to_ignore_it() {
    let program = env!("CARGO_BIN_EXE_isendpro");
    let mut run = std::process::Command::new("env")
        .args(["--ignore-signal=HUP", program, "run", "sendSms", "--server", "simulator"])
        .args(["--set", "kind=transactional"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let (mut input, output) = (run.stdin.take().unwrap(), run.stdout.take().unwrap());
    let mut output = BufReader::new(output).lines();
    for text in ["a", "b"] {
        writeln!(input, "{}", sms("0001", text)).unwrap();
        assert_eq!(json(&output.next().unwrap().unwrap())["status"], "accepted");
        let process = run.id().to_string();
        let hung_up = std::process::Command::new("kill").args(["-s", "HUP", &process]).status();
        assert!(hung_up.unwrap().success());
    }
    drop(input);
    assert_eq!(run.wait().unwrap().code(), Some(0));
}

/// Other processes share stdin and stdout, and may set them so.
#[cfg(unix)]
#[test]
fn streams_that_do_not_wait_are_waited_for() {
    let (input, mut feed) = std::io::pipe().unwrap();
    let (results, output) = std::io::pipe().unwrap();
    for fd in [std::os::fd::AsFd::as_fd(&input), std::os::fd::AsFd::as_fd(&output)] {
        rustix::fs::fcntl_setfl(fd, rustix::fs::OFlags::NONBLOCK).unwrap();
    }
    let mut run = std::process::Command::new(env!("CARGO_BIN_EXE_isendpro"))
        .args(["run", "sendSms", "--server", "simulator", "--set", "kind=transactional"])
        .stdin(input)
        .stdout(output)
        .spawn()
        .unwrap();
    let mut results = BufReader::new(results).lines();
    for text in ["first", "second"] {
        feed.write_all(format!("{}\n", sms("0001", text)).as_bytes()).unwrap();
        assert_eq!(json(&results.next().unwrap().unwrap())["status"], "accepted");
    }
    // More than the pipes hold.
    let feeding = std::thread::spawn(move || {
        let text = "a".repeat(150);
        for number in 0..600 {
            let num = format!("06{number:04}0001");
            let message = serde_json::json!({"num": num, "sms": text, "meta": text});
            feed.write_all(format!("{message}\n").as_bytes()).unwrap();
        }
    });
    let accepted = results.filter(|it| json(it.as_ref().unwrap())["status"] == "accepted");
    assert_eq!(accepted.count(), 600);
    feeding.join().unwrap();
    assert_eq!(run.wait().unwrap().code(), Some(0));
}

#[test]
fn a_signal_ends_a_run_that_waits_for_its_input() {
    let mut run = isendpro(&["run", "sendSms", "--server", "simulator"]).start();
    run.send(&sms("0001", "a"));
    run.line();
    run.signal("TERM");
    let finished = run.wait();
    finished.says(143, &["read up to line 1 of the input; go on with the rest: tail -n +2"]);
    assert_eq!((finished.stdout.as_str(), finished.stderr.lines().count()), ("", 1));
}

#[test]
fn with_a_journal_an_interrupted_run_wants_the_same_whole_input() {
    let (simulator, folder) = (Simulator::start(&[]), tempfile::tempdir().unwrap());
    let store = format!("file:{}", folder.path().join("sent.journal").display());
    let args = ["--journal", &store];
    let mut run = simulator.run("sendSms", "main", &args).start();
    let equal = sms("0001", "twice");
    run.send(&equal);
    run.line();
    run.signal("TERM");
    let finished = run.wait();
    finished.says(143, &["read up to line 1 of the input; go on with the same whole input"]);
    assert!(!finished.stderr.contains("tail"), "{}", finished.stderr);
    let whole = simulator.run("sendSms", "main", &args).run(format!("{equal}\n{equal}\n"));
    whole.says(0, &["resuming the last run of sendSms, which is not over: 1 already sent"]);
    let replayed = whole.lines().iter().filter(|it| it["replayed"] == true).count();
    assert_eq!((replayed, simulator.sent().len()), (1, 2));
}

#[test]
fn a_signal_ends_the_wait_before_another_try() {
    let simulator = Simulator::start(&[]);
    let mut run = simulator.run("sendSms", "main", &["--set", "giveUpAfter=10"]).start();
    run.send(&sms("0430", "a"));
    run.send(&sms("0001", "b"));
    until("the second message is taken", || simulator.total() == 1);
    run.signal("TERM");
    let finished = run.wait();
    finished.says(143, &["go on with the rest"]);
    let lines = finished.lines();
    assert_eq!((lines[0]["error"]["kind"].as_str(), lines.len()), (Some("notSent"), 2));
}

#[test]
fn a_second_signal_stops_at_once_and_says_what_that_means() {
    let simulator = Simulator::start(&["--latency", "600000"]);
    let args = ["--set", "callTimeout=600"];
    let mut run = simulator.run("sendSms", "main", &args).start();
    run.send(&sms("0001", "a"));
    until("the message is taken", || simulator.total() == 1);
    run.signal("TERM");
    assert_eq!(run.exited(Duration::from_millis(300)), None, "it finishes what is under way");
    // Two signals at the same time count as one.
    while run.exited(Duration::from_millis(100)).is_none() {
        run.signal("TERM");
    }
    run.wait().says(143, &["stopped at once", "may have been sent"]);
}

#[test]
fn a_reader_that_goes_away_is_told_what_it_missed() {
    let simulator = Simulator::start(&[]);
    let mut run = simulator.run("sendSms", "main", &[]).start();
    for place in 0..3 {
        run.send(&sms("0001", &format!("printed {place}")));
        assert_eq!(run.line()["status"], "accepted");
    }
    run.close_stdout();
    let feeding = run.feed(many(2000));
    let finished = run.wait();
    feeding.join().unwrap();
    finished.says(1, &["the reader of the results has gone", "carried out"]);
    assert!(!finished.stderr.contains("panick"), "{}", finished.stderr);
    let total = simulator.total();
    let missed: Vec<String> = (4..=total).map(|it| format!("line {it}")).collect();
    assert_eq!(named(&finished), missed);
    assert!((4..1000).contains(&total), "it went on reading: {total}");
}

/// The messages of which stderr says that their results could not be written.
fn named(finished: &Finished) -> Vec<String> {
    let list = finished.stderr.rsplit_once("written: ").unwrap().1.lines().next().unwrap();
    list.split(", ").map(str::to_owned).collect()
}

#[test]
fn messages_with_an_id_are_named_by_it() {
    let simulator = Simulator::start(&[]);
    let mut run = simulator.run("sendSms", "main", &["--concurrency", "1"]).start();
    let message = |id: &str| format!(r#"{{"id":"{id}","body":{}}}"#, sms("0001", id));
    run.send(&message("read"));
    run.line();
    run.close_stdout();
    run.feed(["first", "second"].map(message).join("\n").into_bytes());
    let finished = run.wait();
    let names = ["first (line 2)", "second (line 3)"];
    assert_eq!(named(&finished), names[..simulator.total() - 1]);
}

#[test]
fn a_simulator_stops_when_it_is_told_to() {
    for signal in ["TERM", "INT"] {
        let simulator = Simulator::start(&[]);
        // A client that waits for an answer does not keep it.
        let mut run = simulator.run("sendSms", "main", &[]).start();
        run.send(&sms("0904", "a"));
        until("the message is taken", || simulator.total() == 1);
        let process = simulator.process();
        process.signal(signal);
        let finished = process.wait();
        assert_eq!(
            (finished.code, finished.stdout, finished.stderr),
            (0, String::new(), String::new())
        );
        assert_eq!(run.line()["error"]["kind"], Value::from("unknown"));
    }
}

/// Runs against a simulator of these arguments, stops by itself, and says where to go on.
fn stopped(key: &str, args: &[&str], input: &[u8]) -> Finished {
    let simulator = Simulator::start(&["--credit", "0.12"]);
    let one = ["--concurrency", "1"];
    simulator.run("sendSms", key, &one).args(args).run(input)
}

#[test]
fn a_run_that_sent_nothing_wants_the_whole_input_again() {
    let whole = "nothing was sent: mend this, and give the whole input again";
    let utf16: Vec<u8> = "{}\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (key, input, code) in [
        ("refused-key", many(13), 4),
        ("empty-key", many(13), 5),
        ("main", [&[0xff, 0xfe], &utf16[..]].concat(), 1),
    ] {
        let finished = stopped(key, &[], &input);
        finished.says(code, &[whole]);
        assert!(!finished.stderr.contains("tail"), "{}", finished.stderr);
    }
}

#[test]
fn what_was_read_and_not_sent_is_counted_before_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let failed = folder.path().join("failed");
    let failed = failed.to_str().unwrap();
    for args in [&[][..], &["--failed", failed]] {
        // The credit pays for two of them.
        let finished = stopped("short-of-money", args, &many(13));
        let unsent = finished.lines().iter().filter(|it| it["error"].is_object()).count();
        let next = format!("; then go on with the rest: tail -n +{}", finished.lines().len() + 1);
        let place = if args.is_empty() {
            "not sent: feed in again those whose errors are retryable (each has its line".to_owned()
        } else {
            format!("not sent: feed in {failed};")
        };
        assert!(unsent > 0);
        finished.says(5, &[&format!("; {unsent} of its messages "), &place, &next]);
    }
    assert!(std::fs::read_to_string(failed).unwrap().contains("n 2"));
}

#[test]
fn a_signal_counts_what_the_rate_held_back() {
    let simulator = Simulator::start(&[]);
    let args = ["--rate", "0.01", "--unordered"];
    let mut run = simulator.run("sendSms", "main", &args).start();
    for line in [&sms("0001", "a"), &sms("0001", "b"), &sms("0001", "c"), "{}"] {
        run.send(line);
    }
    // What is wrong waits for nothing, and comes last: then all were read.
    let first = [run.line(), run.line()];
    assert!(first.iter().any(|it| it["status"] == "accepted"), "{first:?}");
    run.signal("INT");
    let said = "read up to line 4 of the input; 2 of its messages were not sent: feed in";
    run.wait().says(130, &[said, "then go on with the rest: tail -n +5"]);
    assert_eq!(simulator.total(), 1);
}
