//! Never twice with a journal that several processes share: Redis.

use serde_json::json;

use crate::cli::{Cli, Finished, Simulator, isendpro, sms, until};
use crate::redis::{Redis, SAFE};

const IN_FLIGHT: usize = 50;

fn run(simulator: &Simulator, journal: &str, args: &[&str]) -> Cli {
    let concurrency = IN_FLIGHT.to_string();
    let all = ["--journal", journal, "--concurrency", &concurrency];
    simulator.run("sendSms", "main", &all).args(args)
}

/// Messages with ids, to numbers without a scenario of the simulator.
fn referred(count: usize) -> String {
    let line = |it| json!({"num": "0680010001", "sms": format!("n {it}"), "reference": it});
    (0..count).map(|it| line(it.to_string()).to_string() + "\n").collect()
}

fn count(finished: &Finished, status: &str) -> usize {
    let is = |it: &&serde_json::Value| it["status"] == status || it["error"]["kind"] == status;
    finished.lines().iter().filter(is).count()
}

#[test]
fn a_run_that_was_killed_is_resumed_and_sends_nothing_twice() {
    let (simulator, redis) = (Simulator::start(&["--latency", "20"]), Redis::start());
    let input = referred(300);
    let mut running = run(&simulator, &redis.url(), &[]).start();
    let feeding = running.feed(input.clone().into_bytes());
    until("enough is sent", || simulator.total() >= 150);
    running.signal("KILL");
    running.wait();
    feeding.join().unwrap();
    // What was claimed is in doubt once the lease of the dead has run out.
    redis.command(&["EVAL", "redis.call('DEL', unpack(redis.call('KEYS', '*owner:*')))", "0"]);
    let finished = run(&simulator, &redis.url(), &[]).run(&input);
    let (accepted, unknown) = (count(&finished, "accepted"), count(&finished, "unknown"));
    assert_eq!(accepted + unknown, 300, "{finished:?}");
    assert!(unknown <= IN_FLIGHT, "{unknown}");
    assert!((accepted..=300).contains(&simulator.total()), "{accepted}");
    finished.says(if unknown > 0 { 6 } else { 0 }, &["resuming the last run of sendSms"]);
}

#[test]
fn two_workers_on_the_same_messages_send_each_once() {
    let (simulator, redis) = (Simulator::start(&["--latency", "20"]), Redis::start());
    let (input, journal) = (referred(200), redis.url() + "?keep=30");
    let worker = || {
        let mut running = run(&simulator, &journal, &["--once-per-id"]).start();
        let feeding = running.feed(input.clone().into_bytes());
        (running, feeding)
    };
    let workers = [worker(), worker()];
    let mut replayed = 0;
    for (running, feeding) in workers {
        let finished = running.finish();
        feeding.join().unwrap();
        assert_eq!(finished.quiet(0).len(), 200);
        assert_eq!(count(&finished, "accepted"), 200);
        replayed += finished.lines().iter().filter(|it| it["replayed"] == true).count();
    }
    assert_eq!((simulator.total(), replayed), (200, 200));
}

#[test]
fn a_server_that_is_gone_ends_the_run_and_nothing_is_sent_without_a_claim() {
    let (simulator, mut redis) = (Simulator::start(&["--latency", "20"]), Redis::start());
    let input = referred(300);
    let mut running = run(&simulator, &redis.url(), &[]).start();
    let feeding = running.feed(input.clone().into_bytes());
    until("some are sent", || simulator.total() >= 100);
    redis.kill();
    let finished = running.finish();
    feeding.join().unwrap();
    assert_eq!(finished.code, 1, "{finished:?}");
    assert!(finished.stderr.contains("cannot be reached"), "{finished:?}");
    let sent = simulator.total();
    assert!((100..300).contains(&sent), "{sent}");
    redis.restart();
    let finished = run(&simulator, &redis.url(), &[]).run(&input);
    let (accepted, unknown) = (count(&finished, "accepted"), count(&finished, "unknown"));
    assert_eq!(accepted + unknown, 300, "{finished:?}");
    assert!(unknown <= IN_FLIGHT && simulator.total() <= 300, "{unknown}");
}

#[test]
fn people_look_into_it_as_into_a_file() {
    let (simulator, redis) = (Simulator::start(&[]), Redis::start());
    let doubtful = json!({"num": "0680010903", "sms": "a", "reference": "r"}).to_string();
    let kept = redis.url() + "?keep=30";
    run(&simulator, &kept, &["--once-per-id"]).run(&doubtful).quiet(6);
    let journal = |args: &[&str]| {
        isendpro(&["journal"]).args(args).env("ISENDPRO_JOURNAL", &redis.url()).run("")
    };
    let unknown = journal(&["list", "--json", "--state", "unknown"]).quiet(0);
    assert_eq!((unknown.len(), &unknown[0]["lastDigits"]), (1, &json!("03")));
    let accepted = journal(&["accept", unknown[0]["key"].as_str().unwrap()]);
    assert_eq!(accepted.stdout, "settled: it counts as sent\n");
    let lines = run(&simulator, &kept, &["--once-per-id"]).run(&doubtful).quiet(0);
    assert_eq!(lines[0]["replayed"], true);
    assert_eq!(journal(&["forget", "--all"]).stdout, "1 forgotten\n");
}

#[test]
fn a_server_that_may_forget_is_refused_or_told_and_its_password_never() {
    let simulator = Simulator::start(&[]);
    let options = ["--save", "", "--appendonly", "no", "--requirepass", "s3cret"];
    let redis = Redis::with(&options);
    let with_password = redis.url().replace("//", "//:s3cret@");
    let refused = run(&simulator, &with_password, &["-vv"]).run(sms("0001", "a"));
    refused.says(2, &["set appendonly yes", "durability=accept-loss"]);
    assert_eq!(simulator.ask("GET", "sent?count=1", "")["total"], 0);
    let accepted = format!("{with_password}/?durability=accept-loss");
    let warned = run(&simulator, &accepted, &["-vv"]).run(sms("0001", "a"));
    warned.says(0, &["messages may be sent twice"]);
    let wrong = run(&simulator, &redis.url(), &["-vv"]).run(sms("0001", "a"));
    wrong.says(2, &["wants a password"]);
    let unreadable = run(&simulator, "redis://:s3cret@h:99999", &["-vv"]).run(sms("0001", "a"));
    for finished in [refused, warned, wrong, unreadable] {
        assert!(!format!("{finished:?}").contains("s3cret"), "{finished:?}");
    }
}

#[test]
fn late_writing_is_a_warning() {
    let (simulator, redis) = (Simulator::start(&[]), Redis::with(SAFE));
    redis.set("appendfsync", "everysec");
    let warned = run(&simulator, &redis.url(), &[]).run(sms("0001", "a"));
    warned.says(0, &["isendpro: journal: this Redis writes to its disk late"]);
}

#[test]
fn who_has_not_chosen_for_how_long_ids_are_kept_is_told() {
    let (simulator, redis) = (Simulator::start(&[]), Redis::start());
    let once = |journal: &str| run(&simulator, journal, &["--once-per-id"]).run(referred(1));
    once(&redis.url()).says(0, &["forgets an id 30 days after it was sent", "?keep=400"]);
    once(&format!("{}?keep=400", redis.url())).quiet(0);
    let wrong = once(&format!("{}?keep=0", redis.url()));
    wrong.says(2, &["keep must be 1 to 36500 days"]);
    assert_eq!(simulator.total(), 1);
}
