//! The soak: two workers of a step share a queue for minutes, while the API fails in every way that it
//! can, and one of them is killed again and again. `scripts/soak` plays it with what is released.
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small numbers")]

pub mod clock;
mod memory;
mod results;
pub mod slow;
pub mod traffic;
pub mod trouble;
mod verdict;

use std::panic::catch_unwind;
use std::path::PathBuf;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use clap::Parser;
use isendpro_connector::simulator::{Options, Simulator, start};
use tempfile::TempDir;

use self::clock::{Clock, Dice};
use self::memory::Memory;
use self::results::Results;
use self::trouble::Trouble;
use self::verdict::Verdict;
use super::count::Count;
use super::flow::Flow;
use super::messages::Shape;
use super::redis::Redis;
use super::stage::{pause, runtime};
use super::worker::{BINARY, Running};

/// How long the API takes to answer.
const LATENCY: Duration = Duration::from_millis(20);
/// Between two looks at everything.
const TICK: Duration = Duration::from_millis(100);
/// How long the last messages may take: the lease of a worker that was killed, what was put off, and
/// some air.
const REST: Duration = Duration::from_secs(150);

/// What `scripts/soak` can be told.
#[derive(Debug, Parser)]
#[command(name = "scripts/soak")]
pub struct Args {
    /// How long messages are given to the workers
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    /// How many, evenly over that time
    #[arg(long, default_value_t = 200_000)]
    messages: usize,
    /// How often a worker is killed with SIGKILL, and started again
    #[arg(long, default_value_t = 3)]
    kills: usize,
    /// What the moments and the faults are drawn from; another one each time if there is none
    #[arg(long)]
    seed: Option<u64>,
    /// What is run
    #[arg(long, default_value = BINARY)]
    binary: PathBuf,
}

/// Plays the soak, and says what came of it.
pub fn main(args: impl Iterator<Item = String>) -> ExitCode {
    let args = Args::parse_from(args);
    // What broke the soak itself was told on stderr.
    match catch_unwind(|| Soak::set(args).play()) {
        Ok(verdict) if verdict.print() => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

struct Soak {
    args: Args,
    dice: Dice,
    api: Simulator,
    journal: Redis,
    flow: Rc<Flow>,
    folder: TempDir,
    started: usize,
}

impl Soak {
    fn set(args: Args) -> Self {
        assert!((1..=traffic::MOST).contains(&args.messages), "1 to {} messages", traffic::MOST);
        let seed = args.seed.unwrap_or_else(Dice::any_seed);
        eprintln!("seed {seed}; starting RabbitMQ, Redis and the simulator");
        let options = Options { latency: LATENCY, price: 0.0, ..Options::default() };
        let api = runtime().block_on(start(options)).unwrap();
        traffic::blacklist(api.address(), args.messages);
        let flow = Flow::of(&args.binary);
        flow.own_broker();
        let (journal, folder) = (Redis::start(), tempfile::tempdir().unwrap());
        Self { args, dice: Dice::new(seed), api, journal, flow, folder, started: 0 }
    }

    /// A worker, whose API is behind what troubles it.
    fn worker(&mut self, url: &str) -> Running {
        self.started += 1;
        let log = self.folder.path().join(format!("worker {}", self.started));
        let worker = self.flow.worker(Shape::Single, &log).set("callTimeout", "5");
        worker.server(url).journal(&self.journal.url()).start()
    }

    fn play(mut self) -> Verdict {
        let trouble = Trouble::start(self.api.address(), self.dice.other());
        let (steady, mut killed) = (self.worker(&trouble.url), self.worker(&trouble.url));
        let time = Duration::from_secs_f64(self.args.minutes * 60.0);
        let mut kills = self.dice.moments(self.args.kills, time);
        let mut results = Results::follow(&self.flow, self.args.messages);
        let mut memory = Memory::of(steady.pid());
        let (mut clock, mut given) = (Clock::start(), 0);
        while clock.elapsed() < time || given < self.args.messages {
            let due = clock.share(time, self.args.messages);
            let lines: Vec<String> = (given..due).map(traffic::line).collect();
            self.flow.give(&lines);
            given = due;
            if kills.next_if(|it| *it < clock.elapsed()).is_some() {
                killed.kill();
                killed = self.worker(&trouble.url);
            }
            results.gather();
            memory.look(&clock);
            if clock.says() {
                let (told, restarts) = (results.told(), self.started - 2);
                let (faults, megabytes) = (trouble.happened(), memory.now());
                eprintln!(
                    "{clock}  given {given}  told of {told}  kills {restarts}  faults {faults}  \
                     memory {megabytes:.1} MB"
                );
            }
            pause(TICK);
        }
        let trouble = trouble.end();
        let rest = Clock::start();
        while (results.told() < given || self.flow.is_waiting()) && rest.elapsed() < REST {
            results.gather();
            pause(TICK);
        }
        steady.stop();
        killed.stop();
        results.gather_the_rest();
        let things: Vec<_> = (0..given).map(traffic::thing).collect();
        Verdict {
            seed: self.dice.seed,
            minutes: self.args.minutes,
            messages: given,
            kills: self.started - 2,
            count: Count::new(&things, &[results.words()], &self.api.sent()),
            trouble,
            memory,
        }
    }
}
