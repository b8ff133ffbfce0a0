//! The real binary, run as a person or a script runs it.
#![cfg(all(unix, feature = "simulator"))]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests")]

#[path = "../support/cli.rs"]
mod cli;
#[path = "../support/redis.rs"]
mod redis;
#[path = "../support/tls.rs"]
mod tls;
#[cfg(target_os = "linux")]
#[path = "../support/weight.rs"]
mod weight;

mod actions;
mod ca;
mod commands;
mod count;
mod digits;
mod faults;
mod files;
mod flow;
mod former;
mod golden;
mod guards;
#[cfg(target_os = "linux")]
mod heavy;
mod input;
mod inputs;
mod journal;
mod journal_denied;
mod journal_file;
mod journal_keep;
mod journal_key;
mod journal_look;
mod journal_redis;
mod journal_settings;
mod logs;
mod mistakes;
mod once_per_id;
mod plan;
mod poll;
mod poll_faults;
mod poll_state;
mod published;
#[cfg(target_os = "linux")]
mod report;
mod rules;
mod run;
mod runs;
mod secrets;
mod service;
mod settings;
mod signals;
mod stdout;
#[cfg(target_os = "linux")]
mod terminal;
mod texts;
mod waits;
