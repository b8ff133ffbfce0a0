//! What it costs to remember what was sent: `scripts/bench journal`.
//!
//! The real binary sends to a local server without a journal, with one in a file, and with one in a
//! Redis that syncs each write, in turns, so that all of them meet the same machine in the same
//! minutes. The journals are in the target folder, which must be on a disk. It says for each target
//! PASS or MISS; a miss is no failure of the run, since other load on the machine moves the figures.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "the tests' Redis says so")]

#[path = "../../tests/support/redis.rs"]
mod redis;
#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "other benchmarks use the rest")]
mod support;

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};

use redis::Redis;
use support::child::{self, Server};
use support::{Load, flags, machine, median, server, word};

const USAGE: &str = "usage: scripts/bench journal [--rounds 3] [--messages 20000]";
const STORES: [&str; 3] = ["none", "file", "Redis"];

/// What one run took.
#[derive(Debug, Clone, Copy)]
struct Figures {
    per_second: f64,
    cpu_micros: f64,
    megabytes: f64,
    /// Commits of the file, or requests to Redis.
    writes: f64,
}

/// An API, and how it is used.
struct Setting {
    name: &'static str,
    server: Server,
    load: Load,
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["server", latency] => server::run(Duration::from_millis(latency.parse()?)),
        // `cargo test --benches` runs this too, without `--bench`: then there is nothing to do.
        _ if !words.contains(&"--bench") => {
            writeln!(std::io::stdout(), "{USAGE}").map_err(Into::into)
        }
        _ => {
            let (mut rounds, mut messages) = (3, 20_000);
            flags(&arguments, USAGE, |name, value| {
                *match name {
                    "--rounds" => &mut rounds,
                    "--messages" => &mut messages,
                    _ => return false,
                } = value;
                true
            })?;
            compare(rounds, messages)
        }
    }
}

fn compare(rounds: u64, messages: u64) -> Result<()> {
    let mut out = std::io::stdout();
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let disk = machine::disk_of(folder.path())?;
    let (median_sync, slow_sync) = machine::sync_time(folder.path())?;
    writeln!(out, "{}", machine::describe()?)?;
    writeln!(
        out,
        "disk: {disk}; 4 KB are written and synced in {median_sync:.1?} (median), {slow_sync:.1?} (99 %)"
    )?;
    let warm_up = messages / 10;
    let settings = [
        Setting {
            name: "20 ms a call, 64 in flight",
            server: Server::start(20)?,
            load: Load { messages, warm_up, concurrency: 64 },
        },
        Setting {
            name: "0 ms a call, 512 in flight",
            server: Server::start(0)?,
            load: Load { messages: 2 * messages, warm_up, concurrency: 512 },
        },
    ];
    let mut medians = Vec::new();
    for setting in &settings {
        writeln!(
            out,
            "\n{}: {} messages a run, {rounds} rounds",
            setting.name, setting.load.messages
        )?;
        writeln!(
            out,
            "journal | messages/s  ratio | writes/s  claims a write | CPU us  memory MB"
        )?;
        let all = rounds_of(setting, rounds, folder.path())?;
        let none = middle(&all[0], |it| it.per_second);
        for (store, figures) in STORES.iter().zip(&all) {
            writeln!(out, "{}", row(store, setting.load, figures, none))?;
        }
        medians.push(all.map(|it| middle(&it, |it| it.per_second)));
    }
    writeln!(out)?;
    let [late, early] = [&medians[0], &medians[1]];
    for (store, place, target) in [("file", 1, 80.0), ("Redis", 2, 75.0)] {
        let share = late[place] / late[0] * 100.0;
        let reached = word(share >= target);
        writeln!(
            out,
            "{reached} {store}, 20 ms: {share:.0} % of the speed without a journal (target: at least {target:.0} %)"
        )?;
    }
    let reached = word(early[1] >= 5_000.0);
    writeln!(
        out,
        "{reached} file, 0 ms: {:.0} messages a second (target: at least 5000)",
        early[1]
    )?;
    Ok(())
}

/// The figures of each store, round by round.
fn rounds_of(setting: &Setting, rounds: u64, folder: &Path) -> Result<[Vec<Figures>; 3]> {
    let mut all = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..rounds {
        all[0].push(run(setting, &[])?.0);
        all[1].push(with_file(setting, folder)?);
        all[2].push(with_redis(setting, folder)?);
    }
    Ok(all)
}

fn with_file(setting: &Setting, folder: &Path) -> Result<Figures> {
    let path = folder.join("bench.journal");
    let (figures, words) = run(setting, &["--journal", &format!("file:{}", path.display())])?;
    std::fs::remove_file(path)?;
    let commits = words.split("commits=").nth(1).and_then(|it| it.split_whitespace().next());
    let writes = commits.and_then(|it| it.parse().ok());
    Ok(Figures { writes: writes.with_context(|| format!("no commits in: {words}"))?, ..figures })
}

fn with_redis(setting: &Setting, folder: &Path) -> Result<Figures> {
    let redis = Redis::in_folder(folder);
    let (figures, _) = run(setting, &["--journal", &redis.url()])?;
    let stats = redis.command(&["INFO", "commandstats"]);
    let calls = stats.lines().find_map(|it| it.strip_prefix("cmdstat_evalsha:calls="));
    let writes = calls.and_then(|it| it.split(',').next()?.parse().ok());
    Ok(Figures { writes: writes.context("no calls of scripts in Redis")?, ..figures })
}

fn run(setting: &Setting, extra: &[&str]) -> Result<(Figures, String)> {
    let log = [("ISENDPRO_LOG", "isendpro_connector::journal=info")];
    let run = child::pipe(&setting.server, setting.load, extra, &log)?;
    let figures = Figures {
        per_second: run.sample.per_second,
        cpu_micros: run.sample.cpu_micros,
        megabytes: run.megabytes,
        writes: 0.0,
    };
    Ok((figures, run.words))
}

fn middle(figures: &[Figures], of: impl Fn(&Figures) -> f64) -> f64 {
    median(figures.iter().map(of).collect())
}

#[expect(clippy::cast_precision_loss, reason = "message counts are far below 2^52")]
fn row(store: &str, load: Load, figures: &[Figures], none: f64) -> String {
    let all = load.all() as f64;
    let speed = middle(figures, |it| it.per_second);
    let writes = middle(figures, |it| it.writes);
    let writes = if writes > 0.0 {
        format!("{:8.0}  {:14.1}", writes * speed / all, all / writes)
    } else {
        format!("{:>8}  {:>14}", "", "")
    };
    let (cpu, memory) = (middle(figures, |it| it.cpu_micros), middle(figures, |it| it.megabytes));
    format!(
        "{store:7} | {speed:10.0}  {:3.0} % | {writes} | {cpu:6.1}  {memory:9.1}",
        speed / none * 100.0
    )
}
