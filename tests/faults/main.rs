//! The fault suite: what becomes of 500 messages when things break, counted at the API.
//!
//! Each row injects one fault into runs of the real binary, as a pipe or as a step of a flow, 50 messages
//! in flight against a simulated API that takes 20 ms, and holds them to this: no SMS twice, no recipient without a word, no word
//! that is not true, and no more doubt than the fault explains. `scripts/test faults [WORD...]` plays
//! the rows whose names hold all of the words.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a table for people")]
#![allow(clippy::cast_precision_loss, reason = "some thousand requests")]

mod api;
mod broker;
mod cable;
mod count;
mod disk;
mod ends;
mod flow;
mod memory;
mod messages;
mod network;
mod pipe;
mod proxy;
mod random;
mod row;
mod sharing;
mod soak;
mod stage;
mod stopped;
mod store;
mod table;
mod worker;

#[path = "../support/amqp.rs"]
mod amqp;
#[path = "../support/guard.rs"]
mod guard;
#[path = "../support/platform.rs"]
mod platform;
#[path = "../support/queues.rs"]
mod queues;
#[path = "../support/rabbit.rs"]
mod rabbit;
#[path = "../support/rabbit_shared.rs"]
mod rabbit_shared;
#[path = "../support/redis.rs"]
mod redis;
#[path = "../support/step.rs"]
mod step;

use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use messages::Shape;
use row::{Fault, Played, Role, Row};
use store::Store;

/// Rows that are played at the same time.
const AT_ONCE: usize = 4;

/// All faults, in the order of the table.
const FAULTS: &[&[Fault]] = &[
    ends::FAULTS,
    ends::CRASHES,
    api::FAULTS,
    disk::FAULTS,
    memory::FAULTS,
    sharing::FAULTS,
    stopped::FAULTS,
    broker::FAULTS,
];

fn main() -> ExitCode {
    count::check_yourself();
    match std::env::args().nth(1).as_deref() {
        Some("--soak") => return soak::main(std::env::args().skip(1)),
        Some("--random") => return random::main(std::env::args().skip(1)),
        _ => {}
    }
    // A row that cannot be played says so below the table.
    std::panic::set_hook(Box::new(|info| eprintln!("{info}")));
    let filters: Vec<String> = words(std::env::args().skip(1));
    let rows: Vec<Row> = all().into_iter().filter(|it| meant(it, &filters)).collect();
    if rows.is_empty() {
        eprintln!("no row has all these words in its name: {}", filters.join(" "));
        return ExitCode::FAILURE;
    }
    let played = play(rows);
    println!("{}", table::table(&played));
    let broken = played.iter().filter(|it| !it.broken.is_empty()).count();
    println!("{} rows, {broken} broken", played.len());
    if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The words of the arguments, which may hold several each.
fn words(arguments: impl Iterator<Item = String>) -> Vec<String> {
    let lower = |it: String| it.to_lowercase();
    arguments
        .map(lower)
        .flat_map(|it| it.split(' ').map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

/// Every fault in every role, store and shape that it makes sense for, first those of the pipe.
fn all() -> Vec<Row> {
    let mut rows = Vec::new();
    for role in [Role::Pipe, Role::Step] {
        for fault in FAULTS.iter().copied().flatten() {
            let (stores, shapes) = match role {
                Role::Pipe => (fault.stores, fault.shapes),
                Role::Step => (fault.steps, fault.step_shapes),
            };
            for store in stores {
                let shapes = shapes.iter().filter(|it| makes_sense(*store, **it));
                rows.extend(shapes.map(|it| Row { fault, role, store: *store, shape: *it }));
            }
        }
    }
    rows
}

/// Without a journal a message is in doubt as a whole: a bulk message shows nothing more.
fn makes_sense(store: Store, shape: Shape) -> bool {
    store != Store::None || shape == Shape::Single
}

fn meant(row: &Row, filters: &[String]) -> bool {
    let name = row.name().to_lowercase();
    filters.iter().all(|it| name.contains(it))
}

/// Plays them, several at once, from the last: those wait longest. They come back in order.
fn play(rows: Vec<Row>) -> Vec<Played> {
    let waiting = Mutex::new(rows.into_iter().enumerate().rev());
    let played = Mutex::new(Vec::new());
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some((place, row)) = next() {
                    let done = row.play();
                    played.lock().unwrap_or_else(PoisonError::into_inner).push((place, done));
                }
            });
        }
    });
    let mut played = played.into_inner().unwrap_or_else(PoisonError::into_inner);
    played.sort_by_key(|it| it.0);
    played.into_iter().map(|it| it.1).collect()
}
