//! Made-up worlds around the code that sends: see docs/never-twice.md, and scripts/simulate.
//!
//! The engine, the actions, the client above its connections and the judge are the real ones. The time, the
//! API, the journals, the broker, the workers and somebody who believes what is said are made up, and all
//! that happens follows from one number.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "this is a test")]

mod api;
mod book;
mod breaks;
mod broker;
mod dice;
mod engines;
mod known;
mod person;
mod plan;
mod process;
mod run;
mod schedule;
mod step;
mod store;
mod verdict;
mod words;
mod world;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use breaks::Break;
use schedule::{Outcome, play};
use verdict::Kind;

/// What is asked for.
struct Args {
    schedules: u64,
    seed: u64,
    story: bool,
    breaks: bool,
}

fn main() -> ExitCode {
    let args = match args() {
        Ok(args) => args,
        Err(said) => {
            println!("{said}");
            return ExitCode::from(2);
        }
    };
    if args.story {
        return tell(args.seed, None);
    }
    if args.breaks {
        return see(&args);
    }
    replays_exactly(args.seed);
    let count = count(&args, None, false);
    count.print();
    if count.broken.keys().all(|it| it.is_known()) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn args() -> Result<Args, String> {
    let mut args = Args { schedules: 200_000, seed: 1, story: false, breaks: false };
    let mut given = std::env::args().skip(1);
    while let Some(argument) = given.next() {
        let mut number = || {
            let value = given.next().and_then(|it| it.parse().ok());
            value.ok_or_else(|| format!("{argument} needs a number"))
        };
        match argument.as_str() {
            "--schedules" => args.schedules = number()?,
            "--seed" => args.seed = number()?,
            "--story" => args.story = true,
            "--breaks" => args.breaks = true,
            _ => return Err("[--schedules N] [--seed S] [--story] [--breaks]".to_owned()),
        }
    }
    Ok(args)
}

/// Tells the story of a seed.
fn tell(seed: u64, broken: Option<Break>) -> ExitCode {
    let outcome = play(seed, broken, true);
    println!("{}", outcome.story.join("\n"));
    if outcome.broken.iter().all(|it| it.0.is_known()) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// What cannot be played again proves nothing.
fn replays_exactly(seed: u64) {
    for seed in seed..seed + 200 {
        let (once, again) = (play(seed, None, true), play(seed, None, true));
        let differs = once.story.iter().zip(&again.story).find(|it| it.0 != it.1);
        assert!(once == again, "seed {seed} does not replay: {differs:?}");
    }
}

/// Shows for each thing that is broken on purpose how many worlds it takes to see it.
fn see(args: &Args) -> ExitCode {
    let mut unseen = 0;
    println!("| broken on purpose | worlds | seed | seen |\n|---|---:|---:|---|");
    for (broken, name) in Break::ALL {
        let count = count(args, Some(broken), true);
        let found = count.broken.iter().filter(|it| !it.0.is_known());
        match found.flat_map(|it| it.1).min() {
            Some(seed) => {
                let kinds = play(*seed, Some(broken), false).broken;
                let mut kinds: Vec<_> = kinds.iter().map(|it| format!("{:?}", it.0)).collect();
                kinds.dedup();
                let worlds = seed - args.seed + 1;
                println!("| {name} | {worlds} | {seed} | {} |", kinds.join(", "));
            }
            None => {
                unseen += 1;
                println!("| {name} | more than {} | | |", args.schedules);
            }
        }
    }
    if unseen == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What came of many worlds.
#[derive(Default)]
struct Count {
    worlds: u64,
    messages: usize,
    sms: usize,
    unknown: usize,
    /// The seeds with which each kind of thing was broken.
    broken: BTreeMap<Kind, Vec<u64>>,
    seconds: f64,
}

impl Count {
    fn add(&mut self, seed: u64, outcome: &Outcome) {
        self.worlds += 1;
        self.messages += outcome.messages;
        self.sms += outcome.sms;
        self.unknown += outcome.unknown;
        let mut kinds: Vec<Kind> = outcome.broken.iter().map(|it| it.0).collect();
        kinds.dedup();
        for kind in kinds {
            self.broken.entry(kind).or_default().push(seed);
        }
    }

    fn join(&mut self, other: Self) {
        self.worlds += other.worlds;
        self.messages += other.messages;
        self.sms += other.sms;
        self.unknown += other.unknown;
        for (kind, seeds) in other.broken {
            self.broken.entry(kind).or_default().extend(seeds);
        }
    }

    fn print(&self) {
        println!(
            "{} worlds in {:.1} s: {} messages, {} SMS, {} times unknown",
            self.worlds, self.seconds, self.messages, self.sms, self.unknown
        );
        for (kind, seeds) in &self.broken {
            let mut seeds = seeds.clone();
            seeds.sort_unstable();
            let first: Vec<_> = seeds.iter().take(8).map(u64::to_string).collect();
            let known = if kind.is_known() { " (known, not mended)" } else { "" };
            println!("{kind:?}{known}: {} worlds, seeds {}", seeds.len(), first.join(" "));
        }
    }
}

/// Plays many worlds; no more than it takes to see something broken, where that is enough.
fn count(args: &Args, broken: Option<Break>, first: bool) -> Count {
    let began = Instant::now();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let (next, is_seen) = (AtomicU64::new(0), AtomicBool::new(false));
    let play_some = || {
        let mut count = Count::default();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= args.schedules || first && is_seen.load(Ordering::Relaxed) {
                return count;
            }
            let seed = args.seed + number;
            let outcome = play(seed, broken, false);
            let is_broken = outcome.broken.iter().any(|it| !it.0.is_known());
            is_seen.fetch_or(is_broken, Ordering::Relaxed);
            count.add(seed, &outcome);
        }
    };
    let mut all = std::thread::scope(|scope| {
        let playing: Vec<_> = (0..threads).map(|_| scope.spawn(play_some)).collect();
        let mut all = Count::default();
        for it in playing {
            all.join(it.join().unwrap());
        }
        all
    });
    all.seconds = began.elapsed().as_secs_f64();
    all
}
