//! `isendpro run`: messages through an action.

use super::flow::{self, FlowArgs, JournalArgs, Manner};
use super::stdio;
use crate::catalog::CONCURRENCY;

/// Arguments of `run`.
#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    flow: FlowArgs,
    #[command(flatten)]
    journal: JournalArgs,
    /// Check everything, call nothing, and tell what would be sent
    #[arg(long, short = 'n')]
    dry_run: bool,
    /// Messages under way at the same time
    #[arg(long, value_name = "N", env = CONCURRENCY, hide_env_values = true, default_value_t = 8, value_parser = concurrency)]
    concurrency: u16,
    /// Most calls to the API a second
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = rate)]
    rate: Option<f64>,
    /// Write results as they come, not in the order of the messages: none waits for a slower one
    /// before it
    #[arg(long)]
    unordered: bool,
    /// Allow several results for a message (pages, one for each recipient)
    #[arg(long)]
    many: bool,
    /// Still succeed with up to this share of refused recipients, such as 5%
    #[arg(long, value_name = "SHARE", value_parser = share)]
    tolerate: Option<f64>,
    /// Say nothing on stderr while messages flow, not even which of them wait and why
    #[arg(long, short)]
    quiet: bool,
    /// Send to more than 100 recipients without a question
    #[arg(long, short = 'y')]
    yes: bool,
}

const EXAMPLES: &str = "Examples:
  isendpro run sendSms --server simulator < messages.ndjson
  isendpro run sendSms --dry-run < messages.ndjson
  isendpro run sendSms --failed failed.ndjson < messages.ndjson > results.ndjson
  isendpro run sendSms --input messages.ndjson --output 'results-{time}.ndjson'
  isendpro run sendSms --max-parts 500 --compare-credit --price-per-part 0.045 < messages.ndjson
  echo '{}' | isendpro run getCampagne --many --set period=yesterday

Exit codes: 0 done; 1 could not run; 2 usage or configuration; 3 some messages refused or
failed; 4 key or address refused; 5 no credit; 6 some may have been sent; 7 iSendPro could not be
reached for as long as a message is tried; 129, 130, 143 signals.";

/// Carries messages from stdin to stdout.
pub fn main(args: Args) -> anyhow::Result<u8> {
    if !args.dry_run && args.flow.output.is_none() {
        stdio::check()?;
    }
    let manner = Manner {
        dry_run: args.dry_run,
        concurrency: args.concurrency,
        rate: args.rate,
        ordered: !args.unordered,
        many: args.many,
        quiet: args.quiet,
        yes: args.yes,
        tolerance: args.tolerate.unwrap_or(0.0),
        totals: false,
    };
    flow::main(args.flow, manner, Some(args.journal.found()?))
}

/// A number that may come from the environment too, which clap does not say.
fn concurrency(text: &str) -> Result<u16, String> {
    let number = text.trim().parse().ok().filter(|it| (1..=1024).contains(it));
    number.ok_or_else(|| format!("--concurrency, or else {CONCURRENCY}, must be from 1 to 1024"))
}

fn rate(text: &str) -> Result<f64, String> {
    text.trim()
        .parse()
        .map_err(|_| "must be a number of calls a second, such as 10 or 0.5".to_owned())
}

/// A share such as `5%` or `0.05`.
fn share(text: &str) -> Result<f64, String> {
    let (number, divisor) = text.strip_suffix('%').map_or((text, 1.0), |it| (it, 100.0));
    let share =
        number.trim().parse::<f64>().map_err(|_| "must be a share such as 5%".to_owned())?
            / divisor;
    if (0.0..=1.0).contains(&share) { Ok(share) } else { Err("must be from 0% to 100%".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_read() {
        assert_eq!(share("5%"), Ok(0.05));
        assert_eq!(share("0.5"), Ok(0.5));
        assert!(share("150%").is_err() && share("some").is_err());
    }
}
