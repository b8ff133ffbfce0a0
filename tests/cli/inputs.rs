//! An input is one thing: messages a line, JSON over several lines, or one error. Never half of it.

use std::fs::File;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::cli::{Simulator, isendpro, program, sms};

/// The texts that were sent.
fn texts(simulator: &Simulator) -> Vec<Value> {
    simulator.sent().iter().map(|it| it["sms"].clone()).collect()
}

#[test]
fn json_over_several_lines_is_sent_like_lines() {
    let (a, b) = (sms("0001", "a [{"), sms("0002", "b \\\" }"));
    let (pretty_a, pretty_b) = (pretty(&a), pretty(&b));
    for (input, lines) in [
        (format!("{a}\n{b}\n"), [1, 2]),
        (format!("[{a},{b}]"), [1, 1]),
        (format!("[\n{a},\n{b}\n]\n"), [2, 3]),
        (format!("[\n{pretty_a},\n{pretty_b}\n]"), [2, 6]),
        (format!("{pretty_a}\n{pretty_b}\n"), [1, 5]),
        (format!("\u{feff}\r\n{pretty_a},\r\n{pretty_b}"), [2, 6]),
        (format!("{a}, {b}"), [1, 1]),
        (format!("[{a}]\n[{b}]"), [1, 2]),
    ] {
        for action in ["run", "plan"] {
            let args = [action, "sendSms", "--server", "simulator"];
            let found = isendpro(&args).run(&input);
            assert_eq!((found.code, found.lines().len()), (0, 2), "{input}: {found:?}");
        }
        let simulator = Simulator::start(&[]);
        simulator.run("sendSms", "main", &["--concurrency", "1"]).run(&input).quiet(0);
        assert_eq!(texts(&simulator), ["a [{", "b \" }"], "{input}");
        // The line of an error is the one where its message begins.
        let wrong = input.replace("0680010001", "0142000001").replace("0680010002", "0142000002");
        let found = simulator.run("sendSms", "main", &[]).run(&wrong).quiet(3);
        let told: Vec<_> = found.iter().map(|it| it["error"]["line"].as_u64().unwrap()).collect();
        assert_eq!(told, lines, "{wrong}");
    }
}

/// The message over four lines.
fn pretty(message: &str) -> String {
    format!("{:#}", serde_json::from_str::<Value>(message).unwrap())
}

#[test]
fn a_run_knows_its_messages_in_whatever_form_they_come() {
    let simulator = Simulator::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let journal = format!("file:{}", folder.path().join("j").display());
    let run = |input: &str, args: &[&str]| {
        simulator.run("sendSms", "main", &["--journal", &journal]).args(args).run(input)
    };
    let all: Vec<_> = (0..5).map(|it| sms("0001", &format!("n {it}"))).collect();
    run(&all.join("\n"), &[]).quiet(0);
    let list = format!("[\n{}\n]", all.iter().map(|it| pretty(it)).collect::<Vec<_>>().join(",\n"));
    run(&list, &[]).says(2, &["has sent this input"]);
    let replayed = run(&list, &["--resume"]).quiet(0);
    assert!(replayed.iter().all(|it| it["replayed"] == true), "{replayed:?}");
    assert_eq!(simulator.total(), 5);
}

/// A run whose input is a file, and not a pipe.
fn of_file(simulator: &Simulator, args: &[&str], input: &[u8]) -> (i32, Vec<Value>, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("in");
    std::fs::write(&path, input).unwrap();
    let out = Command::new(env!("CARGO_BIN_EXE_isendpro"))
        .args(["run", "sendSms", "--server", &simulator.url])
        .args(args)
        .env_clear()
        .env("ISENDPRO_KEYID", "main")
        .stdin(File::open(&path).unwrap())
        .stdout(Stdio::piped())
        .output()
        .unwrap();
    let lines = String::from_utf8(out.stdout).unwrap();
    let lines = lines.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    (out.status.code().unwrap(), lines, String::from_utf8(out.stderr).unwrap())
}

#[test]
fn what_is_wrong_with_a_file_is_told_once_and_nothing_is_sent() {
    let simulator = Simulator::start(&[]);
    let many: String = (0..3000).map(|it| sms("0001", &format!("n {it}")) + "\n").collect();
    let list = format!("[{}", many.trim_end().replace('\n', ",\n"));
    for (end, line, said, hint) in [
        (
            &b"{\"num\":\"0680010002\",\"sms\":\"caf\xe9\"}\n"[..],
            3001,
            "looks like Windows-1252",
            "iconv -f Windows-1252 -t UTF-8",
        ),
        (b"{\n\"num\":\"0680010002\",\n\"sms\":\"x\"\n}", 3001, "over several lines", "jq -c"),
    ] {
        for args in [&[][..], &["--compare-credit"]] {
            let input = [many.as_bytes(), end, many.as_bytes()].concat();
            let (code, lines, stderr) = of_file(&simulator, args, &input);
            let error = &lines[0]["error"];
            assert_eq!((code, lines.len(), error["line"].as_u64()), (1, 1, Some(line)), "{stderr}");
            assert!(error["message"].as_str().unwrap().contains(said), "{error}");
            assert!(error["hint"].as_str().unwrap().contains(hint), "{error}");
            assert!(stderr.contains("nothing was sent") && stderr.contains(said), "{stderr}");
        }
    }
    for (input, said) in [
        (list.clone(), "the input ends before"),
        (
            format!("{list},\n{{\"num\":\"06\" \"sms\":\"x\"}}]"),
            "is not JSON from line 3001, column 13",
        ),
        (format!("{list},,]"), "is not JSON from line 3000"),
    ] {
        let (code, lines, stderr) = of_file(&simulator, &[], input.as_bytes());
        assert_eq!((code, lines.len()), (1, 1), "{stderr}");
        assert!(stderr.contains(said) && stderr.contains("nothing was sent"), "{stderr}");
    }
    assert_eq!(simulator.total(), 0);
}

#[test]
fn after_the_first_wrong_line_of_a_stream_nothing_is_sent_and_the_run_stays_open() {
    let simulator = Simulator::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let journal = format!("file:{}", folder.path().join("j").display());
    let mut run = simulator.run("sendSms", "main", &["--journal", &journal]).start();
    let right = [sms("0001", "a"), sms("0002", "b"), sms("0003", "caf\u{e9}"), sms("0004", "d")];
    for line in &right[..2] {
        run.send(line);
        assert_eq!(run.line()["status"], "accepted");
    }
    let mut wrong = right[2].replace('\u{e9}', "?").into_bytes();
    wrong.iter_mut().filter(|it| **it == b'?').for_each(|it| *it = 0xe9);
    let rest = [&wrong[..], b"\n", right[3].as_bytes(), b"\n"].concat();
    run.feed(rest).join().unwrap();
    let finished = run.wait();
    finished.says(
        1,
        &["looks like Windows-1252", "read up to line 2 of the input", "same whole input"],
    );
    assert_eq!((finished.lines().len(), simulator.total()), (1, 2));
    // In order, it is the same input.
    let finished = simulator
        .run("sendSms", "main", &["--journal", &journal, "--concurrency", "1"])
        .run(right.join("\n"));
    finished.says(0, &["resuming the last run of sendSms"]);
    assert_eq!(texts(&simulator), ["a", "b", "caf\u{e9}", "d"]);
}

#[test]
fn a_list_that_breaks_off_says_how_many_of_its_messages_were_read() {
    let simulator = Simulator::start(&[]);
    let mut run = simulator.run("sendSms", "main", &[]).start();
    run.send(&format!("[{},", sms("0001", "a")));
    run.line();
    run.feed(format!("{}, {{\"num\":", sms("0002", "b")).into_bytes()).join().unwrap();
    run.wait().says(1, &["the input ends before", "what comes after its first 2 messages"]);
    assert_eq!(simulator.total(), 2);
}

type Encode = fn(&str) -> Vec<u8>;

#[test]
fn a_table_is_told_once_and_the_line_of_python_makes_messages_of_it() {
    let simulator = Simulator::start(&[]);
    let text = "Bonjour, d'ici; \"l\u{e0}\"";
    let encoded: [(&str, Encode); 4] = [
        ("utf-8-sig", |it| it.as_bytes().to_vec()),
        ("utf-8-sig", |it| format!("\u{feff}{it}").into_bytes()),
        ("cp1252", |it| it.chars().map(|it| u8::try_from(u32::from(it)).unwrap()).collect()),
        ("utf-16", |it| {
            format!("\u{feff}{it}").encode_utf16().flat_map(u16::to_le_bytes).collect()
        }),
    ];
    let mut count = 0;
    for mark in [";", ",", "\t"] {
        for (name, encode) in encoded {
            let row = format!("0680010001{mark}\"{}\"\r\n", text.replace('"', "\"\""));
            let table = encode(&format!("num{mark}sms\r\n{}", row.repeat(182)));
            let lines = simulator.run("sendSms", "main", &[]).run(&table);
            lines.says(1, &["looks like a table (CSV)", "nothing was sent"]);
            let lines = lines.lines();
            assert_eq!((lines.len(), lines[0]["error"]["line"].as_u64()), (1, Some(1)));
            let hint = lines[0]["error"]["hint"].as_str().unwrap();
            assert!(hint.contains(&format!("encoding=\"{name}\"")), "{hint}");
            let command = hint.split_once(": ").unwrap().1.split_once(" < in.csv").unwrap().0;
            let path = std::env::var("PATH").unwrap();
            let made = program("/bin/sh", &["-c", command]).env("PATH", &path).run(&table);
            assert_eq!((made.code, made.stderr.as_str()), (0, ""), "{command}");
            simulator.run("sendSms", "main", &[]).run(made.stdout).quiet(0);
            count += 182;
        }
    }
    assert_eq!(texts(&simulator), vec![json!(text); count]);
    let other = simulator.run("sendSms", "main", &[]).run("Bonjour").quiet(3);
    assert!(other[0]["error"]["hint"].as_str().unwrap().contains("jq -c"), "{other:?}");
}
