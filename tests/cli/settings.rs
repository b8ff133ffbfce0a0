//! Settings: flags, environment and file, in this order, and the key.

use std::path::PathBuf;

use serde_json::json;
use tempfile::TempDir;

use crate::cli::{Simulator, isendpro, nobody, sms};

fn file(folder: &TempDir, text: &str) -> String {
    let path: PathBuf = folder.path().join(format!("{}.json", text.len()));
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_flag_goes_before_the_environment_and_that_before_the_file() {
    let simulator = Simulator::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let (nobody, _taken) = nobody();
    let wrong = json!({"server": nobody, "keyid": "file", "emetteur": "FromFile"});
    let right = json!({"server": simulator.url, "keyid": "file", "emetteur": "FromFile"});
    let (wrong, right) = (file(&folder, &wrong.to_string()), file(&folder, &format!("{right} ")));

    let run = |config: &str| isendpro(&["run", "sendSms", "--config", config]);
    run(&right).run(sms("0001", "file")).quiet(0);
    let environment = |cli: crate::cli::Cli, server: &str| {
        cli.key("environment").env("ISENDPRO_SERVER", server).env("ISENDPRO_EMETTEUR", "FromEnv")
    };
    environment(run(&wrong), &simulator.url).run(sms("0001", "environment")).quiet(0);
    let flags = ["--server", &simulator.url, "--set", "emetteur=FromFlag"];
    environment(run(&wrong), &nobody).args(&flags).run(sms("0001", "flag")).quiet(0);
    // A message goes before all of them.
    let own = r#"{"num":"0680010001","sms":"own","emetteur":"FromBody","keyid":"message"}"#;
    environment(run(&wrong), &nobody).args(&flags).run(own).quiet(0);

    let told: Vec<_> = simulator
        .sent()
        .iter()
        .map(|it| format!("{} {} {}", it["sms"], it["emetteur"], it["key"]).replace('"', ""))
        .collect();
    for (line, expected) in
        told.iter().zip(["file FromFile", "environment FromEnv", "flag FromFlag", "own FromBody"])
    {
        assert!(line.starts_with(expected), "{told:?}");
    }
    let ends: Vec<_> = told.iter().map(|it| &it[it.len() - 2..]).collect();
    assert_eq!(ends, ["le", "nt", "nt", "ge"], "the last characters of the keys");
}

#[test]
fn a_key_comes_from_a_file_that_holds_nothing_else() {
    let simulator = Simulator::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, "\n  key-in-a-file-ZZ \n");
    let args = ["run", "sendSms", "--server", &simulator.url, "--keyid-file", &path];
    isendpro(&args).run(sms("0001", "a")).quiet(0);
    isendpro(&args).key("key-elsewhere-YY").run(sms("0001", "b")).quiet(0);
    assert!(simulator.sent().iter().all(|it| it["key"].as_str().unwrap().ends_with("ZZ")));
    let nowhere = isendpro(&["run", "sendSms", "--keyid-file", "/no/such/file"]).run("");
    assert!(nowhere.code > 0 && nowhere.stderr.contains("/no/such/file"), "{nowhere:?}");
}

#[test]
fn a_slip_in_a_setting_names_what_was_meant() {
    for (set, words) in [
        (
            "giveupafter=3",
            &["giveupafter", "no such setting; did you mean giveUpAfter?", "isendpro actions"][..],
        ),
        ("giveUpAfter", &["name=value"]),
        ("giveUpAfter=soon", &["CONFIGURATION, nothing sent", "giveUpAfter", "must be a number"]),
        ("whenRefused=never", &["CONFIGURATION, nothing sent", "whenRefused"]),
        ("callTimeout=0", &["callTimeout", "from 1 to 600"]),
        ("requestStyle=xml", &["requestStyle", "published"]),
        ("server=http://10.0.0.1/cgi-bin", &["in clear", "ISENDPRO_ALLOW_HTTP=1"]),
        ("server=custom", &["otherServer", "is missing"]),
    ] {
        let finished = isendpro(&["run", "sendSms", "--set", set]).key("k").run(sms("0001", "a"));
        finished.says(2, words);
        assert_eq!(finished.stdout, "", "{set}");
    }
}

#[test]
fn a_key_in_a_flag_is_refused_and_not_repeated() {
    let finished = isendpro(&["run", "sendSms", "--set", "keyid=0123456789"]).run(sms("0001", "a"));
    finished.says(2, &["ISENDPRO_KEYID", "--keyid-file"]);
    assert!(!finished.stderr.contains("0123456789"));
}

#[test]
fn a_file_that_is_no_configuration_is_named_without_its_content() {
    let folder = tempfile::tempdir().unwrap();
    for text in ["{\"keyid\":\"secret-content\",\n oops}", "[\"secret-content\"]"] {
        let path = file(&folder, text);
        let finished = isendpro(&["run", "sendSms", "--config", &path]).run(sms("0001", "a"));
        finished.says(2, &[&path, "JSON"]);
        assert!(!finished.stderr.contains("secret-content"), "{}", finished.stderr);
    }
}

#[test]
fn a_slip_in_a_file_of_settings_sends_nothing_and_names_what_was_meant() {
    let (simulator, folder) = (Simulator::start(&[]), tempfile::tempdir().unwrap());
    for (slip, meant) in [("mod", "mode"), ("keyId", "keyid"), ("max_parts", "maxParts")] {
        let mut config = json!({"keyid": "k", "_account": "x", "threshold": 20});
        config[slip] = "canary".into();
        let path = file(&folder, &config.to_string());
        let args = ["run", "sendSms", "--server", &simulator.url, "--config", &path];
        let run = isendpro(&args).run(sms("0001", "a"));
        let words = format!("{slip}: there is no such setting; did you mean {meant}?");
        run.says(2, &[&path, &words]);
        assert!(run.stdout.is_empty() && !run.stderr.contains("canary"), "{run:?}");
    }
    assert_eq!(simulator.total(), 0);
}

#[test]
fn a_configuration_is_read_as_platforms_write_it() {
    let simulator = Simulator::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let config = json!({"_account": "x", "server": "2", "otherServer": simulator.url, "keyid": "k",
        "giveUpAfter": "1", "whenRefused": "", "emetteur": null, "mode": "live"});
    let config = format!("\u{feff}{config}");
    let args = ["run", "sendSms", "--config", &file(&folder, &config)];
    isendpro(&args).run(sms("0001", "a")).quiet(0);
    assert_eq!(simulator.total(), 1);
}

#[test]
fn a_refused_number_is_an_error_if_the_step_says_so() {
    let run = isendpro(&["run", "sendSms", "--server", "simulator", "--set", "whenRefused=throw"]);
    let lines = run.run(sms("0011", "a")).quiet(3);
    let error = &lines[0]["error"];
    assert_eq!((&error["kind"], &error["reason"]), (&json!("refused"), &json!("blacklisted")));
    let said = error["message"].as_str().unwrap();
    assert!(
        said.starts_with("REFUSED by iSendPro (code 11, blacklisted), nothing sent: "),
        "{said}"
    );
}

#[test]
fn a_dry_run_needs_no_key_and_sends_nothing() {
    let simulator = Simulator::start(&[]);
    for flag in [&["--dry-run"][..], &["--set", "mode=dryRun"]] {
        let run = isendpro(&["run", "sendSms", "--server", &simulator.url]).args(flag);
        let lines = run
            .run(format!("{}\n{}", sms("0903", "a"), r#"{"num":"0142000000","sms":"b"}"#))
            .quiet(3);
        assert_eq!((&lines[0]["status"], &lines[0]["mode"]), (&json!("planned"), &json!("dryRun")));
        assert_eq!(
            (&lines[1]["error"]["kind"], &lines[1]["error"]["field"]),
            (&json!("invalid"), &json!("num"))
        );
    }
    assert_eq!(simulator.total(), 0);
}

#[test]
fn a_rate_is_kept() {
    let simulator = Simulator::start(&[]);
    let input: Vec<String> = (0..11).map(|it| sms("0001", &it.to_string())).collect();
    let began = std::time::Instant::now();
    simulator
        .run("sendSms", "k", &["--rate", "20", "--concurrency", "64"])
        .run(input.join("\n"))
        .quiet(0);
    assert!(began.elapsed().as_millis() >= 500, "ten waits of 50 ms: {:?}", began.elapsed());
    assert_eq!(simulator.total(), 11);
}

#[test]
fn a_file_that_holds_more_than_a_key_is_refused_and_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    let path = path.to_str().unwrap();
    let utf16 = "canaryKEY\n".encode_utf16().flat_map(u16::to_le_bytes);
    let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(utf16).collect();
    for (content, said) in [
        (&b"canaryKEY\ncanaryKEY2\n"[..], "more than one line"),
        (b"canaryKEY canaryKEY2", "white space"),
        (b"canary\x01KEY", "a character that cannot be printed"),
        (b"ISENDPRO_KEYID=canaryKEY", "the key and nothing else, found \"=\""),
        (b"\"canaryKEY\"\n", "the key and nothing else, found quotes"),
        (b"'canaryKEY'\n", "the key and nothing else, found quotes"),
        (b"canaryKEY".repeat(400_000).as_slice(), "longer than any key"),
        (b" \n\n", "the file is empty"),
        (b"", "the file is empty"),
        (&utf16, "iconv -f UTF-16 -t UTF-8"),
        (b"canary\xe9KEY", "is not UTF-8"),
    ] {
        std::fs::write(path, content).unwrap();
        let run = isendpro(&["check", "--server", "simulator", "--keyid-file", path]).run("");
        run.says(2, &["--keyid-file", path, said]);
        assert!(!format!("{run:?}").contains("canary"), "{run:?}");
    }
    // As Windows writes it.
    std::fs::write(path, "\u{feff}0123456789abcdef\r\n").unwrap();
    isendpro(&["check", "--server", "simulator", "--keyid-file", path]).run("").says(0, &[]);
}

#[test]
fn a_server_that_is_none_is_told_in_words() {
    for (server, words) in [
        ("example.com", &["server:", "does not begin with https://", "https://host/cgi-bin"][..]),
        ("localhost:8080", &["does not begin with https://"]),
        ("simulater", &["simulater is no server", "did you mean simulator?"]),
        ("isendpr", &["isendpr is no server", "did you mean isendpro?"]),
        ("https://user:pw@example.com", &["must not hold a user name or a password"]),
    ] {
        for command in [&["run", "sendSms"][..], &["check"]] {
            let cli = isendpro(command).args(&["--server", server]).key("k");
            let finished = cli.run(sms("0001", "a"));
            finished.says(2, words);
            assert!(!finished.stderr.contains("pw"), "{}", finished.stderr);
            assert!(!finished.stderr.contains("URL"), "{}", finished.stderr);
        }
    }
}

#[test]
fn a_number_that_is_none_names_the_variable_that_it_may_come_from() {
    for wrong in ["abc", "0", "1025", "-1"] {
        let cli = isendpro(&["run", "sendSms", "--server", "simulator"]);
        cli.env("ISENDPRO_CONCURRENCY", wrong)
            .run("")
            .says(2, &["ISENDPRO_CONCURRENCY", "1 to 1024"]);
    }
    let two = isendpro(&["run", "sendSms", "--server", "simulator", "--concurrency", "1024"]);
    two.env("ISENDPRO_CONCURRENCY", "abc").run("").quiet(0);
}

#[test]
fn a_variable_that_is_none_of_ours_ends_the_start() {
    let simulator = Simulator::start(&[]);
    for (name, meant) in [
        ("ISENDPRO_JOURNL", "ISENDPRO_JOURNAL"),
        ("ISENDPRO_EMETEUR", "ISENDPRO_EMETTEUR"),
        ("ISENDPRO_RATES", "ISENDPRO_RATE"),
    ] {
        for command in
            [&["run", "sendSms"][..], &["plan", "sendSms"], &["check"], &["journal", "list"]]
        {
            let refused = isendpro(command).key("k").env("ISENDPRO_SERVER", &simulator.url);
            let refused = refused.env(name, "canary").run(sms("0001", "x"));
            refused.says(2, &["nothing was sent", name, &format!("did you mean {meant}?")]);
            assert!(!refused.stderr.contains("canary"), "{}", refused.stderr);
        }
    }
    assert_eq!(simulator.total(), 0);
}

#[test]
fn secrets_may_come_in_files() {
    let simulator = Simulator::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let journal = format!("file:{}\n", folder.path().join("j").display());
    let (key, journal) = (file("key", "main\n"), file("journal", &journal));
    let run = |args: &[&str]| {
        let run = isendpro(&["run", "sendSms", "--server", &simulator.url]).args(args);
        run.env("ISENDPRO_KEYID_FILE", &key).env("ISENDPRO_JOURNAL_FILE", &journal)
    };
    run(&[]).run(sms("0001", "a")).quiet(0);
    run(&[]).run(sms("0001", "a")).says(2, &["has sent this input"]);
    let replayed = run(&["--resume"]).run(sms("0001", "a")).quiet(0);
    assert_eq!((&replayed[0]["replayed"], simulator.total()), (&json!(true), 1));
    isendpro(&["journal", "list"]).env("ISENDPRO_JOURNAL_FILE", &journal).run("").says(0, &[]);
    let (none, empty) = (folder.path().join("none"), file("empty", " \n"));
    for (name, value, said) in [
        ("ISENDPRO_KEYID_FILE", none.to_str().unwrap(), "ISENDPRO_KEYID_FILE"),
        ("ISENDPRO_KEYID_FILE", empty.as_str(), "the file is empty"),
        ("ISENDPRO_JOURNAL_FILE", "", "is set, and empty"),
        ("ISENDPRO_JOURNAL_FILE", empty.as_str(), "the file is empty"),
        ("ISENDPRO_KEYID", "k", "are both set"),
        ("ISENDPRO_JOURNAL", "file:j", "are both set"),
    ] {
        run(&[]).env(name, value).run(sms("0002", "x")).says(2, &[said]);
    }
    let without = isendpro(&["run", "sendSms", "--resume"]).key("k").run(sms("0001", "a"));
    without.says(2, &["--resume needs a journal"]);
    assert_eq!(simulator.total(), 1);
}
