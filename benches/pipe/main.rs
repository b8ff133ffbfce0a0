//! How fast the pipe is beside a bare reqwest loop: `scripts/bench pipe`.
//!
//! A local server, the loop and the real binary run as processes of their own, in turns, so that
//! both clients meet the same machine in the same minutes. It prints every figure and says for
//! each target PASS or MISS; a miss is no failure of the run, since other load on the machine
//! moves the figures.

mod bare;
mod child;
mod measure;
mod server;

use std::io::Write as _;

use anyhow::{Context as _, Result, bail};

use crate::child::Server;
use crate::measure::Sample;

const KEYID: &str = "benchmark-no-real-key";
const NUM: &str = "0680010203";
const USAGE: &str =
    "usage: scripts/bench pipe [--messages 60000] [--rounds 3] [--concurrency 64] [--starts 15]";

/// What to measure.
struct Plan {
    messages: u64,
    warm_up: u64,
    concurrency: u64,
    rounds: u64,
    starts: u64,
}

impl Plan {
    fn read(arguments: &[String]) -> Result<Self> {
        let mut plan =
            Self { messages: 60_000, warm_up: 5_000, concurrency: 64, rounds: 3, starts: 15 };
        // cargo adds `--bench` at a place of its own.
        let mut words = arguments.iter().filter(|word| *word != "--bench");
        while let Some(name) = words.next() {
            let value = words.next().and_then(|word| word.parse().ok()).filter(|it| *it > 0);
            let value = value.context(USAGE)?;
            match name.as_str() {
                "--messages" => plan.messages = value,
                "--rounds" => plan.rounds = value,
                "--concurrency" => plan.concurrency = value,
                "--starts" => plan.starts = value,
                _ => bail!(USAGE),
            }
        }
        Ok(plan)
    }
}

/// One round: the loop, then the real binary.
struct Round {
    bare: Sample,
    pipe: Sample,
    megabytes: f64,
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["server"] => server::run(),
        ["loop", url, warm_up, messages, concurrency] => {
            let [warm_up, messages, concurrency] =
                [warm_up.parse()?, messages.parse()?, concurrency.parse()?];
            bare::run(url, &Plan { messages, warm_up, concurrency, rounds: 1, starts: 1 })
        }
        // `cargo test --benches` runs this too, without `--bench`: then there is nothing to do.
        _ if !words.contains(&"--bench") => {
            writeln!(std::io::stdout(), "{USAGE}").map_err(Into::into)
        }
        _ => compare(&Plan::read(&arguments)?),
    }
}

fn compare(plan: &Plan) -> Result<()> {
    let mut out = std::io::stdout();
    let Plan { messages, warm_up, concurrency, .. } = plan;
    writeln!(out, "{}", machine()?)?;
    writeln!(out, "{messages} messages a run after {warm_up} to warm up, {concurrency} in flight")?;
    writeln!(out, "\n         |  messages per second   | CPU us per message  | memory")?;
    writeln!(out, "round    |  pipe    loop    ratio | pipe   loop   ratio |   MB")?;

    let server = Server::start()?;
    let mut rounds = Vec::new();
    for number in 1..=plan.rounds {
        let bare = child::bare_loop(&server, plan)?;
        let (pipe, megabytes) = child::pipe(&server, plan)?;
        let round = Round { bare, pipe, megabytes };
        writeln!(out, "{}", row(&number.to_string(), |figure| figure(&round)))?;
        rounds.push(round);
    }
    let of = |figure: fn(&Round) -> f64| median(rounds.iter().map(figure).collect());
    writeln!(out, "{}\n", row("median", of))?;

    let starts =
        (0..plan.starts).map(|_| child::first_result(&server, plan)).collect::<Result<Vec<_>>>()?;
    let listed: Vec<String> = starts.iter().map(|it| format!("{it:.1}")).collect();
    let start = median(starts);
    writeln!(out, "first result after, ms: {} - median {start:.1}\n", listed.join(" "))?;

    let (speed, cpu, memory) = (of(speed_ratio) * 100.0, of(cpu_ratio), of(|it| it.megabytes));
    writeln!(
        out,
        "{} speed: {speed:.0} % of the bare loop (target: at least 75 %)",
        word(speed >= 75.0)
    )?;
    writeln!(out, "{} CPU: {cpu:.2} times the bare loop (target: at most 1.6)", word(cpu <= 1.6))?;
    writeln!(
        out,
        "{} memory: {memory:.1} MB at its peak (target: under 20 MB)",
        word(memory < 20.0)
    )?;
    writeln!(
        out,
        "{} start: first result after {start:.1} ms (target: within 30 ms)",
        word(start <= 30.0)
    )?;
    Ok(())
}

fn speed_ratio(round: &Round) -> f64 {
    round.pipe.per_second / round.bare.per_second
}

fn cpu_ratio(round: &Round) -> f64 {
    round.pipe.cpu_micros / round.bare.cpu_micros
}

fn row(name: &str, of: impl Fn(fn(&Round) -> f64) -> f64) -> String {
    let speeds = format!(
        "{:6.0}  {:6.0}  {:5.0} %",
        of(|it| it.pipe.per_second),
        of(|it| it.bare.per_second),
        of(speed_ratio) * 100.0
    );
    let cpu = format!(
        "{:5.1}  {:5.1}  {:5.2}",
        of(|it| it.pipe.cpu_micros),
        of(|it| it.bare.cpu_micros),
        of(cpu_ratio)
    );
    format!("{name:8} | {speeds} | {cpu}  | {:5.1}", of(|it| it.megabytes))
}

fn word(reached: bool) -> &'static str {
    if reached { "PASS" } else { "MISS" }
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    let middle = figures.len() / 2;
    if figures.len() % 2 == 1 {
        figures[middle]
    } else {
        f64::midpoint(figures[middle - 1], figures[middle])
    }
}

/// A text that no other message has.
fn text(number: u64) -> String {
    format!("Bonjour {number}, votre commande est prete.")
}

/// What the figures were measured with and on, and how busy that was.
fn machine() -> Result<String> {
    let lock = include_str!("../../Cargo.lock");
    let version = |name: &str| {
        let entry =
            lock.split("[[package]]").find(|it| it.contains(&format!("name = \"{name}\"\n")));
        entry.and_then(|it| it.split("version = \"").nth(1)?.split('"').next()).unwrap_or("?")
    };
    let versions =
        ["reqwest", "hyper", "tokio", "serde_json"].map(|name| format!("{name} {}", version(name)));
    let proc = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cpu = proc("/proc/cpuinfo");
    let cpu =
        cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(" unknown CPU");
    Ok(format!(
        "{}, {}\n{} cores,{}, Linux {}, load before {}",
        child::version()?,
        versions.join(", "),
        std::thread::available_parallelism()?,
        cpu.trim_start_matches(['\t', ':']),
        proc("/proc/sys/kernel/osrelease").trim(),
        proc("/proc/loadavg").split(' ').next().unwrap_or("?"),
    ))
}
