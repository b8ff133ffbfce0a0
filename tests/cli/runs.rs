//! What ends a run, and what does not: input that an interrupted run did not have, configuration that
//! is wrong, an API that is down.

use std::path::Path;

use serde_json::{Value, json};

use crate::cli::{Cli, Finished, Simulator, isendpro, sms, until};
use crate::redis::Redis;

const COUNT: usize = 64;

/// A journal, and what it takes to interrupt a run in the middle.
struct Stage {
    simulator: Simulator,
    journal: String,
    redis: Option<Redis>,
    folder: tempfile::TempDir,
}

impl Stage {
    fn of_file() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let journal = format!("file:{}", folder.path().join("sent.journal").display());
        Self { simulator: Simulator::start(&["--latency", "20"]), journal, redis: None, folder }
    }

    fn of_redis() -> Self {
        let redis = Redis::start();
        Self { journal: redis.url(), redis: Some(redis), ..Self::of_file() }
    }

    fn both() -> [Self; 2] {
        [Self::of_file(), Self::of_redis()]
    }

    fn run(&self, action: &str, args: &[&str]) -> Cli {
        let own = ["--journal", &self.journal, "--concurrency", "4"];
        self.simulator.run(action, "main", &own).args(args)
    }

    /// Carries this input, and kills the run in its middle.
    fn interrupted(&self, input: &str, args: &[&str]) {
        let mut running = self.run("sendSms", args).start();
        let feeding = running.feed(input.to_owned().into_bytes());
        until("the middle", || self.simulator.total() >= COUNT / 2);
        running.signal("KILL");
        running.wait();
        feeding.join().unwrap();
        if let Some(redis) = &self.redis {
            redis.command(&[
                "EVAL",
                "redis.call('DEL', unpack(redis.call('KEYS', '*owner:*')))",
                "0",
            ]);
        }
    }

    /// The same command with the same input goes on, and each message was sent once at most.
    fn goes_on(&self, input: &str) {
        let finished = self.run("sendSms", &[]).run(input);
        finished.says(finished.code, &["resuming the last run"]);
        assert!(matches!(finished.code, 0 | 6), "{finished:?}");
        let all = finished.lines();
        let told = |it: &&Value| it["status"] == "accepted" || it["error"]["kind"] == "unknown";
        assert_eq!(all.iter().filter(told).count(), COUNT, "{finished:?}");
        let total = self.simulator.total();
        assert!((COUNT - 4..=COUNT).contains(&total), "{total}");
    }
}

/// Messages with a text of their own.
fn input(count: usize) -> String {
    (0..count).map(|it| sms("0001", &format!("n {it}")) + "\n").collect()
}

fn refused(finished: &Finished, words: &str) {
    finished.says(2, &["nothing was sent", words, "--resume", "--again"]);
    assert_eq!(finished.stdout, "");
}

#[test]
fn other_input_says_so_and_does_nothing_to_the_open_run() {
    for stage in Stage::both() {
        let whole = input(COUNT);
        stage.interrupted(&whole, &[]);
        let sent = stage.simulator.total();
        let lines: Vec<&str> = whole.lines().collect();
        let others = [
            lines[..10].join("\n"),
            lines[1..].join("\n"),
            sms("0001", "something else"),
            "{\"num\":\"06800102".to_owned(),
        ];
        for other in &others {
            refused(&stage.run("sendSms", &[]).run(other), "its input was another one");
        }
        stage.run("sendSms", &[]).run("num;sms\n0680010203;Bonjour\n").says(1, &["table"]);
        // Nothing at all, and another action of the same job, are no input of that run either.
        assert_eq!(stage.run("sendSms", &[]).run("").code, 0);
        let multi = json!({"num": ["0680010777"], "sms": "a"}).to_string();
        stage.run("sendSmsMulti", &["--job", "sendSms"]).run(multi).quiet(0);
        assert_eq!(stage.simulator.total(), sent + 1);
        let finished = stage.run("sendSms", &[]).run(&whole);
        finished.says(finished.code, &["resuming the last run"]);
        assert!((COUNT - 4..=COUNT + 1).contains(&stage.simulator.total()), "{finished:?}");
    }
}

#[test]
fn a_run_whose_messages_have_no_final_word_stays_open() {
    for stage in Stage::both() {
        let whole = input(COUNT);
        stage.interrupted(&whole, &[]);
        // No key: each message is a mistake in the configuration.
        let url = stage.simulator.url.clone();
        let keyless = isendpro(&["run", "sendSms", "--server", &url, "--journal", &stage.journal]);
        assert_ne!(keyless.run(&whole).code, 0);
        // An API that nobody answers for.
        let nowhere = ["--set", "giveUpAfter=0", "--server", "http://127.0.0.1:9"];
        let down = isendpro(&["run", "sendSms", "--journal", &stage.journal])
            .args(&nowhere)
            .env("ISENDPRO_KEYID", "main")
            .run(&whole);
        assert!(matches!(down.code, 3 | 6), "{down:?}");
        stage.goes_on(&whole);
    }
}

#[test]
fn an_input_that_breaks_off_is_not_the_end_of_its_run() {
    let stage = Stage::of_file();
    let whole = input(COUNT);
    let broken = &whole[..whole.len() - 10];
    let finished = stage.run("sendSms", &[]).run(broken);
    assert_eq!((finished.code, stage.simulator.total()), (3, COUNT - 1));
    stage.run("sendSms", &[]).run(&whole).says(0, &["resuming the last run"]);
    assert_eq!(stage.simulator.total(), COUNT);
}

#[test]
fn a_copy_that_lacks_its_end_does_not_have_the_rest_sent_twice() {
    let stage = Stage::of_file();
    let whole = input(COUNT);
    let lines: Vec<&str> = whole.lines().collect();
    stage.run("sendSms", &[]).run(lines[..40].join("\n")).quiet(0);
    // The whole of it, the same again, a part of it, and the same in another order.
    let mut turned = lines.clone();
    turned.reverse();
    turned.rotate_left(COUNT - 40);
    for other in [whole.clone(), lines[..40].join("\n"), lines[..3].join("\n"), turned.join("\n")] {
        refused(&stage.run("sendSms", &[]).run(&other), "has sent this input, or a part of it");
    }
    assert_eq!(stage.simulator.total(), 40);
    stage.run("sendSms", &["--resume"]).run(&whole).quiet(0);
    assert_eq!(stage.simulator.total(), COUNT);
}

#[test]
fn messages_whose_fields_come_in_another_order_are_the_same() {
    let stage = Stage::of_file();
    let message = |it: usize| {
        format!(r#"{{"num":"0680010001","sms":"n {it}","smslong":1,"reference":"r{it}"}}"#)
    };
    let turned = |it: usize| {
        format!(r#"{{"reference":"r{it}","smslong":1.0,"sms":"n {it}","num":"0680010001"}}"#)
    };
    let all =
        |of: &dyn Fn(usize) -> String| -> String { (0..COUNT).map(|it| of(it) + "\n").collect() };
    stage.interrupted(&all(&message), &[]);
    stage.goes_on(&all(&turned));
}

#[test]
fn jobs_whose_names_run_together_are_apart() {
    let stage = Stage::of_file();
    let whole = input(5);
    let tried = isendpro(&["run", "sendSms", "--server", "simulator", "--journal", &stage.journal]);
    let mut running = tried.start();
    running.send(whole.lines().next().unwrap());
    running.line();
    running.signal("KILL");
    running.wait();
    let named = stage.run("sendSms", &["--job", "sendSms (simulator)"]).run(&whole).quiet(0);
    assert!(named.iter().all(|it| it.get("replayed").is_none()), "{named:?}");
    assert_eq!(stage.simulator.total(), 5);
}

#[test]
fn two_workers_share_one_run_and_its_end_ends_it_for_none_of_them() {
    let stage = Stage::of_redis();
    let whole = input(COUNT);
    let mut first = stage.run("sendSms", &[]).start();
    let feeding = first.feed(whole.clone().into_bytes());
    until("the middle", || stage.simulator.total() >= COUNT / 2);
    stage.run("sendSms", &[]).run(&whole).says(0, &["resuming the last run"]);
    assert_eq!(first.finish().code, 0);
    feeding.join().unwrap();
    assert_eq!(stage.simulator.total(), COUNT);
    refused(&stage.run("sendSms", &[]).run(&whole), "has sent this input");
    stage.run("sendSms", &["--resume"]).run(&whole);
    assert_eq!(stage.simulator.total(), COUNT);
}

#[test]
fn a_part_of_a_split_input_does_not_join_the_run_of_the_other() {
    let stage = Stage::of_redis();
    let whole = input(COUNT);
    let (one, two) = whole.split_at(whole.len() / 2);
    let two = two.split_once('\n').unwrap().1;
    let mut first = stage.run("sendSms", &[]).start();
    first.send(one.lines().next().unwrap());
    first.line();
    refused(&stage.run("sendSms", &[]).run(two), "its input was another one");
    stage.run("sendSms", &["--job", "second half"]).run(two).quiet(0);
}

#[test]
fn harmless_actions_have_no_runs() {
    let stage = Stage::of_file();
    for _ in 0..2 {
        stage.run("getCredit", &[]).run("{}").quiet(0);
    }
}

#[test]
fn results_that_are_not_written_end_no_run() {
    if !Path::new("/dev/full").exists() {
        return;
    }
    let stage = Stage::of_file();
    let (whole, path) = (input(5), stage.folder.path().join("in"));
    std::fs::write(&path, &whole).unwrap();
    let command = format!(
        "exec {} run sendSms --server {} --journal {} <{} >/dev/full",
        env!("CARGO_BIN_EXE_isendpro"),
        stage.simulator.url,
        stage.journal,
        path.display()
    );
    let output = std::process::Command::new("sh")
        .args(["-c", &command])
        .env("ISENDPRO_KEYID", "main")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let sent = stage.simulator.total();
    stage.run("sendSms", &[]).run(&whole).says(0, &["resuming the last run"]);
    assert!((sent..=5).contains(&stage.simulator.total()));
}

#[test]
fn a_run_that_is_resumed_writes_its_failed_file_anew() {
    for name in ["failed.ndjson", "failed-{time}.ndjson"] {
        let stage = Stage::of_file();
        let whole = format!("{}\n{}", r#"{"num":"0142000000","sms":"a landline"}"#, input(COUNT));
        let failed = stage.folder.path().join(name).display().to_string();
        let args = ["--failed", failed.as_str(), "--set", "giveUpAfter=0"];
        stage.interrupted(&whole, &args);
        let files = || {
            let entries = std::fs::read_dir(stage.folder.path()).unwrap();
            let mut names: Vec<_> =
                entries.map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
            names.retain(|it| it.starts_with("failed"));
            names.sort();
            names
        };
        let [file, mark] = <[String; 2]>::try_from(files()).unwrap();
        assert_eq!(mark, format!("{file}.run"));
        let path = stage.folder.path().join(&file);
        assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 1);
        // As a message that was told as not sent, and is sent now.
        let sent =
            json!({"error": {"kind": "notSent"}, "body": {"num": "0680010001", "sms": "n 60"}});
        std::fs::write(&path, format!("{sent}\n")).unwrap();
        let finished = stage.run("sendSms", &args).run(&whole);
        finished.says(finished.code, &["resuming the last run"]);
        assert_eq!(files().join(" "), file, "{finished:?}");
        let kept = std::fs::read_to_string(&path).unwrap();
        let told = finished.lines().iter().filter(|it| it.get("error").is_some()).count();
        assert!(kept.contains("a landline") && !kept.contains("\"n 60\""), "{kept}");
        assert_eq!(kept.lines().count(), told);
        // The run is over: the file is not written over by the next one.
        if name == "failed.ndjson" {
            let next = stage.run("sendSms", &args).run(sms("0002", "another"));
            next.says(2, &["holds what an earlier run", "name another file"]);
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), kept);
    }
}

#[test]
fn other_input_brings_no_open_run_to_its_end() {
    for stage in Stage::both() {
        let whole = input(COUNT);
        stage.interrupted(&whole, &[]);
        let lines: Vec<&str> = whole.lines().collect();
        // What a file of failed messages has: the last ones, and one that the run never had.
        let other = format!("{}\n{}", lines[COUNT - 2..].join("\n"), sms("0002", "another"));
        stage.run("sendSms", &["--resume"]).run(&other).quiet(0);
        let sent = stage.simulator.total();
        let finished = stage.run("sendSms", &[]).run(&whole);
        finished.says(finished.code, &["resuming the last run"]);
        let told = |it: &&Value| it["status"] == "accepted" || it["error"]["kind"] == "unknown";
        assert_eq!(finished.lines().iter().filter(told).count(), COUNT, "{finished:?}");
        assert!((COUNT - 3..=COUNT + 1).contains(&stage.simulator.total()), "{sent}");
        refused(&stage.run("sendSms", &[]).run(&whole), "has sent this input");
    }
}

#[test]
fn a_run_that_was_given_up_is_not_sent_again_by_accident() {
    for stage in Stage::both() {
        let whole = input(COUNT);
        stage.interrupted(&whole, &[]);
        stage.run("sendSms", &["--again"]).run(sms("0002", "another")).quiet(0);
        let sent = stage.simulator.total();
        refused(&stage.run("sendSms", &[]).run(&whole), "has sent this input, or a part of it");
        assert_eq!(stage.simulator.total(), sent);
        let finished = stage.run("sendSms", &["--resume"]).run(&whole);
        assert!(matches!(finished.code, 0 | 6), "{finished:?}");
        assert!((COUNT - 4..=COUNT + 1).contains(&stage.simulator.total()));
    }
}
