//! Golden files: journals of today's version, and what it makes of them; its results, ids and trackers.
//! A later version reads the same journals, and says and sends the same.
//!
//! `tests/resources/golden` has what came out, `tests/resources/journals/golden*.journal.gz` the
//! journals. `cargo nextest run --run-ignored only -E 'test(golden::record)'` records the journals anew,
//! which is right only if the old ones need not be read any more.

mod ids;
mod jobs;
mod journal;
mod raw;
mod record;
mod results;
mod transcript;

#[path = "../support/golden.rs"]
pub mod file;
