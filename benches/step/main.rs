//! How fast a step is beside the platform's runtime on Node: `scripts/bench step`.
//!
//! A RabbitMQ of its own, a local server, and in turns our step, the Node runtime with a component of
//! a few lines that posts the same SMS, and a bare loop over the broker, each a process of its own.
//! It prints every figure and says for each target PASS or MISS; a miss is no failure of the run,
//! since other load on the machine moves the figures.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "the tests' RabbitMQ says so")]

#[path = "../../tests/support/amqp.rs"]
mod amqp;
mod bare;
#[path = "../../tests/support/cli.rs"]
mod cli;
mod contestant;
mod figures;
#[path = "../../tests/support/guard.rs"]
mod guard;
#[path = "../../tests/support/node.rs"]
mod node;
#[path = "../../tests/support/platform.rs"]
mod platform;
mod probe;
#[path = "../../tests/support/queues.rs"]
mod queues;
#[path = "../../tests/support/rabbit.rs"]
mod rabbit;
#[path = "../../tests/support/redis.rs"]
mod redis;
mod stage;
#[path = "../../tests/support/step.rs"]
mod step;
#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "other benchmarks use the rest")]
mod support;

use std::io::Write as _;
use std::time::Duration;

use anyhow::Result;

use contestant::{BARE, Contestant, NODE, OURS, OURS_WITH_REDIS};
use figures::{Figures, HEAD};
use stage::Stage;
use support::{flags, machine, median, server, word};

const USAGE: &str = "usage: scripts/bench step [--rounds 3] [--messages 20000] [--prefetch 100]";

/// What to measure.
#[derive(Clone, Copy)]
pub struct Plan {
    rounds: u64,
    messages: u64,
    prefetch: u64,
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["server", latency] => server::run(Duration::from_millis(latency.parse()?)),
        ["bare", uri, queue, exchange, key, prefetch, wait] => {
            let wait = Duration::from_millis(wait.parse()?);
            bare::run([uri, queue, exchange, key], prefetch.parse()?, wait)
        }
        // `cargo test --benches` runs this too, without `--bench`: then there is nothing to do.
        _ if !words.contains(&"--bench") => {
            writeln!(std::io::stdout(), "{USAGE}").map_err(Into::into)
        }
        _ => {
            let mut plan = Plan { rounds: 3, messages: 20_000, prefetch: 100 };
            flags(&arguments, USAGE, |name, value| {
                *match name {
                    "--rounds" => &mut plan.rounds,
                    "--messages" => &mut plan.messages,
                    "--prefetch" => &mut plan.prefetch,
                    _ => return false,
                } = value;
                true
            })?;
            compare(plan)
        }
    }
}

fn compare(plan: Plan) -> Result<()> {
    let mut out = std::io::stdout();
    writeln!(out, "{}", machine::describe()?)?;
    let stage = Stage::new(plan)?;
    writeln!(out, "prefetch {}, a rate limit that limits nothing", plan.prefetch)?;
    let early = table(&stage, 0, &[OURS, OURS_WITH_REDIS, NODE, BARE])?;
    let late = table(&stage, 20, &[OURS, OURS_WITH_REDIS, NODE, BARE])?;

    let (api, confirm) = probe::both(&stage)?;
    #[expect(clippy::cast_precision_loss, reason = "a prefetch is small")]
    let most = plan.prefetch as f64 / (api + confirm).as_secs_f64();
    writeln!(
        out,
        "\nAPI p50 {api:.1?} with {} in flight, confirm p50 {confirm:.2?}: at most {most:.0} a second",
        plan.prefetch
    )?;
    writeln!(out, "\nfirst result after, ms (median of 7 starts with a message waiting):")?;
    let mut starts = Vec::new();
    for contestant in [OURS, OURS_WITH_REDIS, NODE] {
        let times = (0..7).map(|_| stage.first_result(contestant)).collect::<Result<Vec<_>>>()?;
        starts.push(median(times));
        writeln!(out, "  {:16} {:7.1}", contestant.name, starts[starts.len() - 1])?;
    }

    let [ours, redis, node, bare] = &early[..] else { anyhow::bail!("four rows") };
    let memory = late.iter().take(2).chain([ours, redis]).map(|it| it.megabytes).fold(0., f64::max);
    let targets = [
        ("times the Node peer, 0 ms", ours.per_second / node.per_second, 5.0, true),
        ("% of the bare loop, 0 ms", ours.per_second / bare.per_second * 100.0, 60.0, true),
        ("% of what prefetch allows, 20 ms", late[0].per_second / most * 100.0, 90.0, true),
        ("times less CPU than the peer", node.cpu_micros / ours.cpu_micros, 8.0, true),
        ("MB at the peak", memory, 25.0, false),
        ("ms to the first result", starts[0], 100.0, false),
    ];
    writeln!(out)?;
    for (what, value, target, at_least) in targets {
        let reached = if at_least { value >= target } else { value < target };
        let bound = if at_least { "at least" } else { "under" };
        writeln!(out, "{} {value:.1} {what} (target: {bound} {target:.0})", word(reached))?;
    }
    Ok(())
}

/// All these at an API that takes so many milliseconds, in turns: the medians, in this order.
fn table(stage: &Stage, latency: u64, contestants: &[Contestant]) -> Result<Vec<Figures>> {
    let mut out = std::io::stdout();
    writeln!(out, "\nAPI {latency} ms{HEAD}")?;
    let mut all = vec![Vec::new(); contestants.len()];
    let api = support::child::Server::start(latency)?;
    for _ in 0..stage.plan.rounds {
        for (contestant, rounds) in contestants.iter().zip(&mut all) {
            rounds.push(stage.run(*contestant, &api)?);
        }
    }
    let medians: Vec<_> = all.iter().map(|it| Figures::median(it)).collect();
    for ((contestant, rounds), median) in contestants.iter().zip(&all).zip(&medians) {
        writeln!(out, "{:16}{}", contestant.name, median.row(rounds))?;
    }
    Ok(medians)
}
