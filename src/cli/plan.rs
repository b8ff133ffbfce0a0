//! `isendpro plan`: what messages would send, and what that costs.

use super::flow::{self, FlowArgs, Manner};

/// Arguments of `plan`.
#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    flow: FlowArgs,
}

const EXAMPLES: &str = "Examples:
  isendpro plan sendSms < messages.ndjson
  isendpro plan sendSmsMulti --price-per-part 0.045 --set kind=marketing < messages.ndjson
  isendpro plan sendSms --compare-credit < messages.ndjson

Nothing is called but, with --compare-credit, the credit, which is free. Results are on stdout, one
a message; the totals on stderr. Exit codes: as those of run; 5 if the credit is not enough.";

/// Plans the messages on stdin.
pub fn main(args: Args) -> anyhow::Result<u8> {
    let manner = Manner {
        dry_run: true,
        concurrency: 8,
        rate: None,
        ordered: true,
        many: true,
        quiet: true,
        yes: true,
        tolerance: 0.0,
        totals: true,
    };
    flow::main(args.flow, manner, None)
}
