//! The random run: two workers share each queue, everything is cut off, killed and stopped at random,
//! and somebody believes what is said: posts what was returned, and sends again what was not sent.
//! `scripts/random` plays it.

mod book;
mod person;
mod schedule;
mod story;
mod verdict;
mod worker;
mod world;

use std::panic::catch_unwind;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use self::verdict::{Counts, Verdict};
use self::world::World;
use super::soak::clock::Dice;
use super::worker::BINARY;

/// What `scripts/random` can be told.
#[derive(Debug, Parser)]
#[command(name = "scripts/random")]
pub struct Args {
    /// How long a seed is played, before everything is mended and drained
    #[arg(long, default_value_t = 5.0)]
    minutes: f64,
    /// What all is drawn from; another one each time if there is none
    #[arg(long)]
    seed: Option<u64>,
    /// How many seeds are played, one after the other
    #[arg(long, default_value_t = 1)]
    seeds: u64,
    /// What is run
    #[arg(long, default_value = BINARY)]
    binary: PathBuf,
}

/// Plays the seeds, and says what came of them.
pub fn main(args: impl Iterator<Item = String>) -> ExitCode {
    let args = Args::parse_from(args);
    verdict::check_yourself();
    let first = args.seed.unwrap_or_else(Dice::any_seed);
    let (mut played, mut failed) = (Vec::new(), false);
    for seed in first..first + args.seeds {
        eprintln!("seed {seed}; starting RabbitMQ, Redis and the simulator");
        match catch_unwind(|| World::new(&args, seed).play()) {
            Ok(verdict) => {
                println!("{}", line(&verdict));
                verdict.stories.iter().for_each(|it| println!("\n{it}"));
                failed |= !verdict.is_fine();
                played.push(verdict);
            }
            // What broke it was told on stderr.
            Err(_) => failed = true,
        }
    }
    println!("{}", table(&played));
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn line(it: &Verdict) -> String {
    let Counts { unknown, doubled, lost, denied, wrong, .. } = it.counts;
    let trouble: Vec<_> =
        it.trouble.iter().map(|(what, times)| format!("{what} {times}")).collect();
    format!(
        "seed {}: {doubled} doubled, {lost} lost, {denied} denied, {wrong} wrong; {unknown} in doubt \
         of {}; went wrong: {}",
        it.seed,
        it.recipients,
        trouble.join(", "),
    )
}

fn table(played: &[Verdict]) -> String {
    let mut table = "\n| seed | messages | given again | recipients | SMS | accepted | refused \
                     | not sent | unknown | doubled | lost | denied | wrong |\n"
        .to_owned();
    table += &format!("|{}\n", "---:|".repeat(13));
    for Verdict { seed, messages, again, recipients, counts, .. } in played {
        let Counts { sent, accepted, refused, not_sent, unknown, doubled, lost, denied, wrong } =
            counts;
        table += &format!(
            "| {seed} | {messages} | {again} | {recipients} | {sent} | {accepted} | {refused} \
             | {not_sent} | {unknown} | {doubled} | {lost} | {denied} | {wrong} |\n"
        );
    }
    table
}
