//! `isendpro journal`: what was sent, and what is in doubt.

use std::sync::Arc;

use clap::Subcommand;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Usage, complain};
use crate::component::{Error, MessageKey, WHOLE, hex};
use crate::journal::{self, Entry, Filter, Ledger, State};
use crate::sms::number;
use crate::sms::region::Region;

/// Arguments of `journal`.
#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub struct Args {
    /// The journal, `file:PATH` or `redis://HOST:PORT`
    #[arg(long, value_name = "STORE", env = "ISENDPRO_JOURNAL", global = true)]
    journal: Option<String>,
    #[command(subcommand)]
    what: What,
}

const EXAMPLES: &str = "Examples:
  isendpro journal list --journal file:sent.journal --state unknown
  isendpro journal accept 3f2a...:0 --journal file:sent.journal
  isendpro journal forget --before 2026-01-01T00:00Z --journal file:sent.journal";

#[derive(Debug, Subcommand)]
enum What {
    /// List what is remembered, oldest first
    List {
        #[command(flatten)]
        filter: FilterArgs,
        /// Most entries
        #[arg(long, value_name = "N", default_value_t = 100)]
        limit: usize,
        /// Print JSON lines
        #[arg(long)]
        json: bool,
    },
    /// Settle what is in doubt: it was sent, as you have seen in the report or on the phone
    Accept {
        /// Its key, as `list` shows it
        key: String,
    },
    /// Forget entries; what is forgotten may be sent again
    Forget {
        #[command(flatten)]
        filter: FilterArgs,
        /// Forget without a filter, all of it
        #[arg(long)]
        all: bool,
    },
}

/// Which entries are meant. All that is given must hold.
#[derive(Debug, clap::Args)]
struct FilterArgs {
    /// claimed, accepted, refused or unknown
    #[arg(long, value_name = "STATE", value_parser = state)]
    state: Option<State>,
    /// The key of one entry
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// A tracker
    #[arg(long)]
    tracker: Option<String>,
    /// A number
    #[arg(long)]
    num: Option<String>,
    /// Older than this, such as 2026-01-01T00:00Z
    #[arg(long, value_name = "TIME")]
    before: Option<Timestamp>,
}

/// Looks into a journal, or settles what is in it.
pub fn main(args: Args) -> anyhow::Result<u8> {
    let store = args.journal.ok_or_else(|| {
        Usage(
            "which journal? give --journal file:PATH or redis://HOST:PORT, or set ISENDPRO_JOURNAL"
                .to_owned(),
        )
    })?;
    super::runtime()?.block_on(async {
        let ledger = open(&store).await?;
        let done = match args.what {
            What::List { filter, limit, json } => {
                list(&ledger, &filter.filter()?, limit, json).await
            }
            What::Accept { key } => accept(&ledger, &key).await,
            What::Forget { filter, all } => forget(&ledger, &filter, all).await,
        };
        close(&ledger).await;
        done
    })
}

/// Opens a journal, and says what people should know of it.
pub async fn open(store: &str) -> Result<Arc<dyn Ledger>, Error> {
    let ledger = journal::open(store).await?;
    for warning in ledger.warnings() {
        complain(format_args!("isendpro: journal: {warning}"));
    }
    Ok(ledger)
}

/// Lets go of a journal. Where that fails, it is found out by others after a while.
pub async fn close(ledger: &Arc<dyn Ledger>) {
    if let Err(error) = ledger.close().await {
        tracing::warn!(%error, "the journal was not closed");
    }
}

async fn list(
    ledger: &Arc<dyn Ledger>,
    filter: &Filter,
    limit: usize,
    json: bool,
) -> anyhow::Result<u8> {
    let entries = ledger.entries(filter, limit).await?;
    let lines: String = entries
        .iter()
        .map(|it| if json { format!("{}\n", to_json(it)) } else { in_words(it) })
        .collect();
    super::print(&lines)?;
    if entries.len() == limit {
        complain(format_args!("the first {limit}; --limit shows more"));
    }
    Ok(0)
}

async fn accept(ledger: &Arc<dyn Ledger>, key: &str) -> anyhow::Result<u8> {
    let (message, slot) = read_key(key)?;
    if ledger.accept(message, slot).await? {
        super::print("settled: it counts as sent\n")?;
        return Ok(0);
    }
    Err(Usage(format!("{key} is not in doubt; isendpro journal list shows what is")).into())
}

async fn forget(ledger: &Arc<dyn Ledger>, filter: &FilterArgs, all: bool) -> anyhow::Result<u8> {
    if filter.is_empty() && !all {
        let said = "forget what? give --state, --key, --tracker, --num or --before, or --all";
        return Err(Usage(said.to_owned()).into());
    }
    let count = ledger.forget(&filter.filter()?).await?;
    super::print(&format!("{count} forgotten\n"))?;
    Ok(0)
}

impl FilterArgs {
    fn is_empty(&self) -> bool {
        let Self { state, key, tracker, num, before } = self;
        state.is_none() && key.is_none() && tracker.is_none() && num.is_none() && before.is_none()
    }

    fn filter(&self) -> Result<Filter, Usage> {
        let tel = self.num.as_deref().map(|num| {
            let number = number::read(num, Region::FR);
            number.map(|it| it.tel).map_err(|bad| Usage(format!("--num: {bad}")))
        });
        Ok(Filter {
            state: self.state,
            message: self.key.as_deref().map(read_key).transpose()?.map(|it| it.0),
            tracker: self.tracker.clone(),
            tel: tel.transpose()?,
            before: self.before,
        })
    }
}

fn state(text: &str) -> Result<State, String> {
    match text {
        "claimed" => Ok(State::Claimed),
        "accepted" => Ok(State::Accepted),
        "refused" => Ok(State::Refused),
        "unknown" => Ok(State::Unknown),
        _ => Err("must be claimed, accepted, refused or unknown".to_owned()),
    }
}

const fn state_name(state: State) -> &'static str {
    match state {
        State::Claimed => "claimed",
        State::Accepted => "accepted",
        State::Refused => "refused",
        State::Unknown => "unknown",
    }
}

/// The message in hexadecimal digits, and the recipient's place in it.
fn key(entry: &Entry) -> String {
    let message = hex(&entry.message.0);
    match entry.slot {
        WHOLE => message,
        slot => format!("{message}:{slot}"),
    }
}

fn read_key(text: &str) -> Result<(MessageKey, u32), Usage> {
    let bad = || Usage(format!("{text} is no key; isendpro journal list shows them"));
    let (message, slot) = match text.split_once(':') {
        Some((message, slot)) => (message, slot.parse().map_err(|_| bad())?),
        None => (text, WHOLE),
    };
    let mut key = [0; 32];
    if message.len() != 64 || !message.bytes().all(|it| it.is_ascii_hexdigit()) {
        return Err(bad());
    }
    for (place, byte) in key.iter_mut().enumerate() {
        let digits = message.get(2 * place..2 * place + 2).ok_or_else(bad)?;
        *byte = u8::from_str_radix(digits, 16).map_err(|_| bad())?;
    }
    Ok((MessageKey(key), slot))
}

fn in_words(entry: &Entry) -> String {
    let number = entry.last_digits.as_ref().map_or_else(String::new, |it| format!("  ..{it}"));
    let tracker = entry.tracker.as_ref().map_or_else(String::new, |it| format!("  {it}"));
    let code = entry.code.map_or_else(String::new, |it| format!("  code {it}"));
    format!(
        "{:.0}  {:<9}{:<14}{}{number}{tracker}{code}\n",
        entry.at,
        state_name(entry.state),
        entry.action,
        key(entry)
    )
}

fn to_json(entry: &Entry) -> Value {
    json!({
        "key": key(entry),
        "state": state_name(entry.state),
        "action": entry.action,
        "at": entry.at.to_string(),
        "code": entry.code,
        "smslong": entry.parts,
        "tracker": entry.tracker,
        "lastDigits": entry.last_digits,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_it_is_shown() {
        let mut entry = Entry {
            message: MessageKey([7; 32]),
            slot: 3,
            scope: crate::component::Scope([0; 16]),
            action: "sendSms".to_owned(),
            state: State::Unknown,
            at: Timestamp::UNIX_EPOCH,
            code: None,
            parts: None,
            tracker: None,
            last_digits: None,
        };
        for slot in [3, WHOLE] {
            entry.slot = slot;
            assert_eq!(read_key(&key(&entry)).unwrap(), (MessageKey([7; 32]), slot));
        }
        for bad in ["", "07", "zz", &"é".repeat(32), &format!("{}:x", "07".repeat(32))] {
            assert!(read_key(bad).is_err(), "{bad}");
        }
    }
}
