//! `isendpro journal`: what was sent, and what is in doubt.

mod filter;
mod key;
mod matching;
mod reconcile;
mod rekey;
mod show;
#[cfg(test)]
mod tests;
mod words;

use std::io::ErrorKind;
use std::sync::Arc;

use clap::Subcommand;

use self::filter::FilterArgs;
use super::{Usage, complain, environment};
use crate::catalog::{JOURNAL, JOURNAL_KEY};
use crate::component::{Error, GIVEN_UP, Kind, RETURNED};
use crate::journal::{self, Entry, FileAddress, Filter, JournalKey, Ledger};

/// Arguments of `journal`.
#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub struct Args {
    /// The journal, `file:PATH` or `redis://HOST:PORT`
    #[arg(
        long,
        value_name = "STORE",
        env = "ISENDPRO_JOURNAL",
        hide_env_values = true,
        value_parser = address,
        global = true
    )]
    journal: Option<String>,
    #[command(subcommand)]
    what: What,
}

const EXAMPLES: &str = "Examples:
  isendpro journal list --journal file:sent.journal --state unknown
  isendpro journal show 3f2a9c07 --journal file:sent.journal
  isendpro journal reconcile --journal file:sent.journal
  isendpro journal accept 3f2a9c07:0 --journal file:sent.journal
  isendpro journal forget --before 2026-01-01T00:00Z --journal file:sent.journal";

#[derive(Debug, Subcommand)]
enum What {
    #[command(flatten)]
    Opened(Opened),
    /// Put a journal that was made without a key under the one that the environment has; nothing that
    /// it knows is lost
    Rekey,
}

/// A deed on a journal that is open.
#[derive(Debug, Subcommand)]
enum Opened {
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
    /// Show all that is remembered of one message, or of one of its recipients
    Show {
        /// Its key, as `list` shows it, or the first 8 digits or more
        key: String,
        /// Print JSON lines
        #[arg(long)]
        json: bool,
    },
    /// Look into iSendPro's report, and settle as sent what it proves
    Reconcile(Box<reconcile::Args>),
    /// Settle what is in doubt: it was sent, as you have seen in the report or on the phone
    Accept {
        /// Its key, as `list` shows it, or the first 8 digits or more
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

/// Looks into a journal, or settles what is in it.
pub fn main(args: Args) -> anyhow::Result<u8> {
    let store = found(args.journal)?.ok_or_else(|| {
        Usage(
            "which journal? give --journal file:PATH or redis://HOST:PORT, or set ISENDPRO_JOURNAL"
                .to_owned(),
        )
    })?;
    expect(&store)?;
    let what = match args.what {
        What::Rekey => return rekey::rekey(&store),
        What::Opened(what) => what,
    };
    super::runtime()?.block_on(async {
        let ledger = open(&store).await?;
        let done = match what {
            Opened::List { filter, limit, json } => {
                list(ledger.as_ref(), &filter.filter()?, limit, json).await
            }
            Opened::Show { key, json } => show::show(ledger.as_ref(), &key, json).await,
            Opened::Reconcile(args) => reconcile::reconcile(&ledger, &args).await,
            Opened::Accept { key } => accept(ledger.as_ref(), &key).await,
            Opened::Forget { filter, all } => forget(ledger.as_ref(), &filter, all).await,
        };
        close(&ledger).await;
        done
    })
}

/// Only what sends makes a journal: an empty one in the place of a slip would say that nothing is in
/// doubt.
fn expect(store: &str) -> anyhow::Result<()> {
    let Some(file) = FileAddress::parse(store)? else { return Ok(()) };
    let none = match std::fs::metadata(file.path) {
        Ok(found) => found.is_file() && found.len() == 0,
        Err(error) => error.kind() == ErrorKind::NotFound,
    };
    if none {
        return Err(Usage(format!(
            "--journal {store}: there is no journal at this path; a run with --journal makes one"
        ))
        .into());
    }
    Ok(())
}

/// The journal that is given, or else the one that a file names: its address may hold a password.
///
/// # Errors
/// When that file cannot be read.
pub fn found(given: Option<String>) -> Result<Option<String>, Usage> {
    match given {
        None => environment::secret(JOURNAL),
        given => Ok(given),
    }
}

/// Reads the address of a journal. An empty one is the slip of a script and not a wish for none: what
/// is sent without a journal may be sent again.
pub fn address(text: &str) -> Result<String, String> {
    if !text.trim().is_empty() {
        return Ok(text.to_owned());
    }
    let is_flag = |it: std::ffi::OsString| {
        it.to_str().is_some_and(|it| it == "--journal" || it.starts_with("--journal="))
    };
    let (name, way_out) = if std::env::args_os().any(is_flag) {
        ("--journal", "leave it out")
    } else {
        ("ISENDPRO_JOURNAL", "unset it")
    };
    Err(format!(
        "{name} is given and empty, as an unset variable of a script leaves it; name the journal, \
         file:PATH or redis://HOST:PORT, or {way_out} to work without one"
    ))
}

/// The key that journals are kept under, if there is one. One that is empty is the slip of a script: a new
/// journal would be made without it.
///
/// # Errors
/// When it is too short, or its file cannot be read.
pub fn key() -> Result<Option<JournalKey>, Error> {
    let wrong = |it: Usage| Error::new(Kind::Config, it.0);
    let given = match std::env::var_os(JOURNAL_KEY) {
        Some(it) => Some(it.into_string().map_err(|_| {
            Error::config(JOURNAL_KEY, "is no text").hint("make one with: openssl rand -hex 32")
        })?),
        None => environment::secret(JOURNAL_KEY).map_err(wrong)?,
    };
    given.map(|it| JournalKey::new(it.trim())).transpose()
}

/// The note on a journal without a key.
pub const WITHOUT_KEY: &str = "it has no key: whoever copies it can find the numbers in it by trying all \
    of them, and texts by guessing them; ISENDPRO_JOURNAL_KEY prevents that (docs/privacy.md)";

/// Opens a journal, and says what people should know of it.
pub async fn open(store: &str) -> Result<Arc<dyn Ledger>, Error> {
    let ledger = journal::open(store, key()?).await?;
    if ledger.is_new() && !ledger.seal().is_keyed() {
        complain(format_args!("isendpro: journal: a new one; {WITHOUT_KEY}"));
    }
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

/// Whether people are told of this entry: what was told of a message is the engine's affair.
fn is_shown(entry: &Entry) -> bool {
    ![RETURNED, GIVEN_UP].contains(&entry.slot)
}

async fn list(
    ledger: &dyn Ledger,
    filter: &Filter,
    limit: usize,
    json: bool,
) -> anyhow::Result<u8> {
    let entries = ledger.entries(filter, limit).await?;
    let line = if json { words::json_line } else { words::line };
    let shown = entries.iter().filter(|it| is_shown(it));
    super::print(&shown.map(line).collect::<String>())?;
    if entries.len() == limit {
        complain(format_args!("the first {limit}; --limit shows more"));
    }
    Ok(0)
}

async fn accept(ledger: &dyn Ledger, key: &str) -> anyhow::Result<u8> {
    let entry = key::read(key)?.entry(ledger).await?;
    if ledger.accept(entry.message, entry.slot).await? {
        super::print("settled: it counts as sent\n")?;
        return Ok(0);
    }
    let state = words::state_name(entry.state);
    Err(Usage(format!(
        "{key} is not in doubt, it is {state}; isendpro journal show tells all of it"
    ))
    .into())
}

async fn forget(ledger: &dyn Ledger, filter: &FilterArgs, all: bool) -> anyhow::Result<u8> {
    if filter.is_empty() && !all {
        let said = "forget what? give --state, --key, --tracker, --num or --before, or --all";
        return Err(Usage(said.to_owned()).into());
    }
    if let Some(key) = filter.key()? {
        // The beginning of several keys must not free what nobody meant.
        key.entries(ledger).await?;
    }
    let count = ledger.forget(&filter.filter()?).await?;
    super::print(&format!("{count} forgotten\n"))?;
    Ok(0)
}
