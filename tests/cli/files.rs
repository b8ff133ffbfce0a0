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
fn no_file_that_is_written_is_a_link_or_a_fifo_and_each_is_its_owners_alone() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(at("target"), "").unwrap();
    symlink(at("target"), at("link")).unwrap();
    std::process::Command::new("mkfifo").arg(at("fifo")).status().unwrap();
    let run = |args: &[&str]| {
        let run = ["run", "sendSms", "--server", "simulator", "--set", "kind=transactional"];
        isendpro(&run).args(args).run(sms("0001", "a"))
    };
    for flag in ["--failed", "--summary", "--output", "--log-file"] {
        run(&[flag, &at("link")]).says(2, &[flag, "this is a link; name the file itself"]);
        run(&[flag, &at("fifo")]).says(2, &[flag, "this is a FIFO (named pipe); name a file"]);
        let own = at(&flag[2..]);
        // Whatever the umask is.
        let script = format!(
            "umask 0; exec {} run sendSms --server simulator {flag} {own}",
            env!("CARGO_BIN_EXE_isendpro")
        );
        let ran = crate::cli::program("/bin/sh", &["-c", &script]).run(sms("0001", "a"));
        assert_eq!(ran.code, 0, "{ran:?}");
        let mode = std::fs::metadata(&own).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{flag}");
    }
    assert_eq!(std::fs::read_to_string(at("target")).unwrap(), "");
    for stream in ["/dev/null", "/dev/stderr", "/dev/fd/2"] {
        assert_eq!(run(&["--summary", stream]).code, 0, "{stream}");
    }
}

#[test]
fn a_path_in_an_error_forges_no_line() {
    let path = "/missing/a\n\u{1b}[31mERROR \u{9b}\u{202e}";
    let ran = isendpro(&["run", "sendSms", "--log-file", path]).run("");
    assert_eq!((ran.code, ran.stderr.lines().count()), (2, 1), "{ran:?}");
    let obeyed = |it: char| it != '\n' && isendpro_connector::printable::is_obeyed(it);
    assert!(!ran.stderr.contains(obeyed), "{ran:?}");
}

#[test]
fn a_key_file_that_everybody_may_write_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    std::fs::write(&path, "some-key").unwrap();
    let simulator = Simulator::start(&[]);
    let args = ["check", "--server", &simulator.url, "--keyid-file", path.to_str().unwrap()];
    for (mode, code) in [(0o600, 0), (0o644, 0), (0o664, 0), (0o606, 2), (0o666, 2), (0o602, 2)] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let ran = isendpro(&args).run("");
        assert_eq!(ran.code, code, "{mode:o}: {ran:?}");
        assert!(code == 0 || ran.stderr.contains("chmod o-w"), "{ran:?}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn no_process_of_ours_dumps_its_memory() {
    for args in [&["simulator", "--port", "0"][..], &["run", "sendSms", "--server", "simulator"]] {
        let running = isendpro(args).key("k").start();
        crate::cli::until("it has begun", || {
            let limits = running.file("limits");
            let line = limits.lines().find(|it| it.starts_with("Max core file size"));
            line.is_some_and(|it| it.split_whitespace().skip(4).take(2).eq(["1", "1"]))
        });
    }
}
