//! What `run` and `plan` are told.

use std::path::PathBuf;

use crate::cli::limits::LimitArgs;
use crate::cli::settings::SettingsArgs;

/// Flags of every command that carries messages.
#[derive(Debug, clap::Args)]
pub struct FlowArgs {
    /// The action or trigger; `isendpro actions` lists them
    pub action: String,
    #[command(flatten)]
    pub settings: SettingsArgs,
    #[command(flatten)]
    pub limits: LimitArgs,
    /// Read messages from this file, and not from stdin
    #[arg(long, short, value_name = "FILE")]
    pub input: Option<PathBuf>,
    /// Write results to this file, and not to stdout. It must be new or empty: {time} in its name makes
    /// each run's another one. A run that is resumed writes all results again, and keeps what was there
    /// as FILE.1
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Collect failed messages in this file, to be fed in again (those that may have been sent are
    /// refused then); it may hold keys. It must be new or empty: {time} in its name makes each run's
    /// another one. A run that is resumed writes its own anew
    #[arg(long, value_name = "FILE")]
    pub failed: Option<PathBuf>,
    /// Write the counts to this file, as JSON
    #[arg(long, value_name = "FILE")]
    pub summary: Option<PathBuf>,
    /// Most bytes of a line
    #[arg(long, value_name = "BYTES", default_value_t = 10 * 1024 * 1024, value_parser = clap::value_parser!(u64).range(1..))]
    pub line_limit: u64,
    /// Write a log to this file
    #[arg(long, value_name = "FILE")]
    pub log_file: Option<PathBuf>,
    /// Write a log to stderr; twice for more
    #[arg(long, short, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// How a command carries messages.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    /// Call nothing.
    pub dry_run: bool,
    /// Messages under way at the same time.
    pub concurrency: u16,
    /// Most calls a second.
    pub rate: Option<f64>,
    /// Whether results come in the order of their messages.
    pub ordered: bool,
    /// Whether a message may have several results.
    pub many: bool,
    /// Whether nothing is said on stderr while messages flow.
    pub quiet: bool,
    /// Whether many recipients need no question.
    pub yes: bool,
    /// The share of refused recipients that is still a success.
    pub tolerance: f64,
    /// Whether the totals are told off a terminal too.
    pub totals: bool,
}
