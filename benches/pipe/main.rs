//! How fast the pipe is beside a bare reqwest loop: `scripts/bench pipe`.
//!
//! A local server, the loop and the real binary run as processes of their own, in turns, so that
//! both clients meet the same machine in the same minutes. It prints every figure and says for
//! each target PASS or MISS; a miss is no failure of the run, since other load on the machine
//! moves the figures.

mod bare;
#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "other benchmarks use the rest")]
mod support;

use std::io::Write as _;
use std::time::Duration;

use anyhow::{Result, ensure};

use support::child::{self, Server};
use support::measure::Sample;
use support::{Load, flags, machine, median, server, word};

const USAGE: &str =
    "usage: scripts/bench pipe [--messages 60000] [--rounds 3] [--concurrency 64] [--starts 15]";

/// What to measure.
struct Plan {
    load: Load,
    rounds: u64,
    starts: u64,
}

impl Plan {
    fn read(arguments: &[String]) -> Result<Self> {
        let load = Load { messages: 60_000, warm_up: 5_000, concurrency: 64 };
        let mut plan = Self { load, rounds: 3, starts: 15 };
        flags(arguments, USAGE, |name, value| {
            *match name {
                "--messages" => &mut plan.load.messages,
                "--rounds" => &mut plan.rounds,
                "--concurrency" => &mut plan.load.concurrency,
                "--starts" => &mut plan.starts,
                _ => return false,
            } = value;
            true
        })?;
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
        ["server", latency] => server::run(Duration::from_millis(latency.parse()?)),
        ["loop", url, warm_up, messages, concurrency] => {
            let [warm_up, messages, concurrency] =
                [warm_up.parse()?, messages.parse()?, concurrency.parse()?];
            bare::run(url, Load { messages, warm_up, concurrency })
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
    let Load { messages, warm_up, concurrency } = plan.load;
    writeln!(out, "{}", machine::describe()?)?;
    writeln!(out, "{messages} messages a run after {warm_up} to warm up, {concurrency} in flight")?;
    writeln!(out, "\n         |  messages per second   | CPU us per message  | memory")?;
    writeln!(out, "round    |  pipe    loop    ratio | pipe   loop   ratio |   MB")?;

    let server = Server::start(0)?;
    let mut rounds = Vec::new();
    for number in 1..=plan.rounds {
        let bare = bare_loop(&server, plan.load)?;
        let run = child::pipe(&server, plan.load, &[], &[])?;
        let round = Round { bare, pipe: run.sample, megabytes: run.megabytes };
        writeln!(out, "{}", row(&number.to_string(), |figure| figure(&round)))?;
        rounds.push(round);
    }
    let of = |figure: fn(&Round) -> f64| median(rounds.iter().map(figure).collect());
    writeln!(out, "{}\n", row("median", of))?;

    let starts = (0..plan.starts)
        .map(|_| child::first_result(&server, concurrency))
        .collect::<Result<Vec<_>>>()?;
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

/// One run of the bare loop.
fn bare_loop(server: &Server, load: Load) -> Result<Sample> {
    let url = format!("{}/sms", server.url);
    let numbers = [load.warm_up, load.messages, load.concurrency].map(|it| it.to_string());
    let output =
        child::ourselves(&["loop", &url, &numbers[0], &numbers[1], &numbers[2]])?.output()?;
    ensure!(output.status.success(), "the bare loop failed: {}", output.status);
    Ok(serde_json::from_slice(&output.stdout)?)
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
