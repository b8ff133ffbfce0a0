//! Where messages come from and results go, and what is said when a run cannot do its work.

use crate::cli::{Simulator, isendpro, nobody, sms};

#[test]
fn messages_come_from_a_file_and_results_go_to_one() {
    let simulator = Simulator::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in");
    std::fs::write(&input, format!("[{},{}]", sms("0001", "a"), sms("0002", "b"))).unwrap();
    let input = input.to_str().unwrap();
    let output = folder.path().join("out");
    let args = ["--input", input, "--output", output.to_str().unwrap()];
    let run = |args: &[&str]| simulator.run("sendSms", "main", args).run("");
    assert_eq!((run(&args).quiet(0).len(), simulator.total()), (0, 2));
    let kept = std::fs::read_to_string(&output).unwrap();
    assert_eq!(kept.lines().filter(|it| it.contains("accepted")).count(), 2);
    run(&args).says(2, &["nothing was sent", "holds something already", "{time}"]);
    run(&["-i", input, "-o", input]).says(2, &["--input and --output are the same file"]);
    run(&["-i", "/missing/in"]).says(2, &["there is no folder /missing"]);
    run(&["-i", input, "-o", "/missing/out"]).says(2, &["there is no folder /missing"]);
    assert_eq!((std::fs::read_to_string(&output).unwrap(), simulator.total()), (kept, 2));
    let timed = folder.path().join("out-{time}");
    let plan = ["plan", "sendSms", "-i", input, "-o", timed.to_str().unwrap()];
    for _ in 0..2 {
        assert_eq!(isendpro(&plan).key("k").run("").code, 0);
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 4);
}

#[test]
fn a_run_that_is_resumed_keeps_the_results_of_its_first_part() {
    let simulator = Simulator::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let journal = format!("file:{}", file("j").display());
    let output = file("out").display().to_string();
    let run = || simulator.run("sendSms", "main", &["--journal", &journal, "-o", &output]);
    let mut first = run().start();
    first.send(&sms("0001", "a"));
    crate::cli::until("it is sent and told", || {
        std::fs::read_to_string(file("out")).is_ok_and(|it| it.ends_with('\n'))
    });
    first.signal("KILL");
    first.wait();
    let kept = std::fs::read_to_string(file("out")).unwrap();
    let finished = run().run(format!("{}\n{}", sms("0001", "a"), sms("0002", "b")));
    finished.says(0, &["all results come again; those of the part before are in", "out.1"]);
    assert_eq!(std::fs::read_to_string(file("out.1")).unwrap(), kept);
    let all = std::fs::read_to_string(file("out")).unwrap();
    assert_eq!((all.lines().count(), simulator.total()), (2, 2));
}

#[test]
fn no_message_is_no_question() {
    for action in ["getCredit", "getListeNoire"] {
        let args = ["run", action, "--server", "simulator", "--many"];
        let said = format!("echo '{{}}' | isendpro run {action}");
        isendpro(&args).run("").says(2, &["there was no message", &said]);
        isendpro(&args).run("\n[]").says(2, &["there was no message"]);
        isendpro(&args).run("{}").says(0, &[]);
    }
    isendpro(&["run", "sendSms", "--server", "simulator"]).run("").quiet(0);
}

#[test]
fn a_server_that_is_gone_ends_the_run_early() {
    let (nobody, _taken) = nobody();
    let input: String = (0..50).map(|it| sms("0001", &format!("n {it}")) + "\n").collect();
    let args = ["--set", "giveUpAfter=0.01", "--concurrency", "2"];
    let run = isendpro(&["run", "sendSms", "--server", &nobody]).args(&args).key("k");
    let finished = run.run(&input);
    finished.says(7, &["iSendPro could not be reached", "nothing was sent"]);
    assert!(finished.lines().len() < 10, "{}", finished.lines().len());
    for line in finished.lines() {
        assert_eq!(
            (&line["error"]["kind"], &line["error"]["status"]),
            (&"notSent".into(), &"notSent".into())
        );
    }
}

#[test]
fn an_error_carries_the_reference_of_its_message() {
    let message = |num: &str| format!(r#"{{"num":"{num}","sms":"x","reference":"order-7"}}"#);
    let input = format!("{}\n{}", message("0142000000"), message("0680010903"));
    let run = isendpro(&["run", "sendSms", "--server", "simulator", "-v"]).run(input);
    let lines = run.lines();
    for (line, status) in lines.iter().zip(["refused", "unknown"]) {
        let error = &line["error"];
        assert_eq!((&error["reference"], &error["status"]), (&"order-7".into(), &status.into()));
    }
    assert!(run.stderr.contains("reference=\"order-7\""), "{}", run.stderr);
}

#[test]
fn a_path_in_an_error_forges_no_line() {
    let path = "/missing/a\n\u{1b}[31mERROR \u{9b}\u{202e}";
    let ran = isendpro(&["run", "sendSms", "--log-file", path]).run("");
    assert_eq!((ran.code, ran.stderr.lines().count()), (2, 1), "{ran:?}");
    let obeyed = |it: char| it != '\n' && isendpro_connector::printable::is_obeyed(it);
    assert!(!ran.stderr.contains(obeyed), "{ran:?}");
}
