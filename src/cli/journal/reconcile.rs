//! `isendpro journal reconcile`: settles what iSendPro's report proves, and nothing else.

use std::fs::File;
use std::io::{Read, Seek as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use futures_util::{StreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::filter::instant;
use super::is_shown;
use super::matching::{Doubts, Findings};
use super::words;
use crate::actions::kept_report;
use crate::cli::settings::SettingsArgs;
use crate::cli::{IN_DOUBT, Usage, actions, logging, print, server};
use crate::component::{BoxFuture, Emit, Error, Message};
use crate::delivery::{Engine, Stop};
use crate::journal::{Entry, Filter, Ledger, State};
use crate::printable;
use crate::sms::schedule;

/// Arguments of `journal reconcile`.
#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES, after_help = PROOFS)]
pub struct Args {
    /// The report, as it was downloaded before: the zip of getCampagne, or the table in it; `-` for
    /// stdin. Without it, iSendPro is asked
    #[arg(long, value_name = "FILE", conflicts_with_all = ["from", "to"])]
    report: Option<PathBuf>,
    /// Ask for what was sent since then, such as 2026-01-01T00:00Z, or "2026-01-01 00:00" in French
    /// time; without it, since an hour before the oldest doubt
    #[arg(long, value_name = "TIME", value_parser = instant)]
    from: Option<Timestamp>,
    /// Ask for what was sent until then; without it, until the farthest date that a send may be put
    /// off to, 366 days ahead. Give it if iSendPro refuses so long a time
    #[arg(long, value_name = "TIME", value_parser = instant)]
    to: Option<Timestamp>,
    /// Show what would be settled, and settle nothing
    #[arg(long, short = 'n')]
    dry_run: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    settings: SettingsArgs,
}

const EXAMPLES: &str = "Examples:
  isendpro journal reconcile --journal file:sent.journal
  isendpro journal reconcile --journal file:sent.journal --report campagne.zip --dry-run
  isendpro journal reconcile --journal file:sent.journal --from '2026-01-12 08:00' --json";

const PROOFS: &str = "What proves that an SMS was sent: a row with the tracker that was derived for it. \
A tracker of your own proves it with the number beside it, a time not before the claim, and as many \
such rows as were sent or may have been. What the report does not have proves nothing, and stays as \
it is.

iSendPro does not publish the columns of its report, and whether it names trackers is unproven: one \
that names none proves nothing about single messages. Then nothing is settled, and this says so.

Exit codes: 0 nothing is in doubt any more; 1 could not run; 2 usage or configuration; 4 key or \
address refused; 6 something is still in doubt.";

/// How far beyond the time of the doubts the report is asked for.
const AROUND: SignedDuration = SignedDuration::from_hours(1);
/// By how much marketing may leave later than the date that was asked for, which is bounded: over
/// the longest row of Sundays and holidays.
const WAITING: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How long iSendPro is asked again if it does not answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// Entries that are settled at the same time, to be written together.
const TOGETHER: usize = 256;

/// Looks into the report, and settles what it proves.
pub async fn reconcile(ledger: &Arc<dyn Ledger>, args: &Args) -> anyhow::Result<u8> {
    logging::start(0, None)?;
    let unknown = Filter { state: Some(State::Unknown), ..Filter::default() };
    let mut entries = ledger.entries(&unknown, usize::MAX).await?;
    entries.retain(is_shown);
    let Some(oldest) = entries.iter().map(|it| it.at).min() else {
        // A slip in its name would otherwise be found out on a worse day.
        args.report.as_deref().filter(|it| *it != Path::new("-")).map(opened).transpose()?;
        return tell(args, &Outcome::default());
    };
    let doubts = Doubts::new(entries);
    let doubts = match &args.report {
        Some(path) => of_file(path, doubts, Arc::clone(ledger)).await?,
        None => of_account(args, oldest, doubts, Arc::clone(ledger)).await?,
    };
    // Read after the report, so that whatever has a row in it is known here.
    let same = Filter { trackers: Some(doubts.trackers()), ..Filter::default() };
    let same = ledger.entries(&same, usize::MAX).await?;
    let Findings { sent, mut unknown, rows, untimed, names_trackers } = doubts.findings(&same);
    let mut settled = Vec::with_capacity(sent.len());
    let mut answers = stream::iter(sent)
        .map(|mut entry| async {
            if args.dry_run {
                return Ok((entry, true));
            }
            let accepted = ledger.accept(entry.message, entry.slot).await?;
            if accepted {
                entry.state = State::Accepted;
            }
            Ok::<_, Error>((entry, accepted))
        })
        .buffered(TOGETHER);
    while let Some(answer) = answers.next().await {
        let (entry, accepted) = answer?;
        if accepted { settled.push(entry) } else { unknown.push(entry) }
    }
    tell(args, &Outcome { settled, unknown, rows, untimed, names_trackers })
}

/// Lets a report that was kept go by.
async fn of_file(
    path: &Path,
    mut doubts: Doubts,
    ledger: Arc<dyn Ledger>,
) -> anyhow::Result<Doubts> {
    let path = path.to_owned();
    let read = tokio::task::spawn_blocking(move || {
        for row in kept_report(opened(&path)?)? {
            doubts.see(&row?, |tel| ledger.number(tel));
        }
        Ok(doubts)
    });
    read.await.context("reading the report")?
}

/// The file, as one that can be read from any place.
fn opened(path: &Path) -> anyhow::Result<File> {
    if path == Path::new("-") {
        return spooled(std::io::stdin().lock());
    }
    let failed = |it: std::io::Error| Usage(format!("--report {}: {it}", path.display()));
    let file = File::open(path).map_err(failed)?;
    let kind = file.metadata().map_err(failed)?;
    if kind.is_dir() {
        return Err(Usage(format!("--report {}: this is a folder", path.display())).into());
    }
    if kind.is_file() { Ok(file) } else { spooled(file) }
}

fn spooled(mut source: impl Read) -> anyhow::Result<File> {
    let mut spool = tempfile::tempfile().context("making a temporary file for the report")?;
    std::io::copy(&mut source, &mut spool).context("keeping the report in a temporary file")?;
    spool.rewind()?;
    Ok(spool)
}

/// Asks iSendPro for the report, and lets it go by.
async fn of_account(
    args: &Args,
    oldest: Timestamp,
    doubts: Doubts,
    ledger: Arc<dyn Ledger>,
) -> anyhow::Result<Doubts> {
    let from = args.from.unwrap_or(oldest - AROUND);
    // A deferred send stands in the report at the time at which it leaves.
    let to = args.to.unwrap_or_else(|| Timestamp::now() + schedule::FARTHEST + WAITING);
    let mut config = args.settings.config(&["giveUpAfter".to_owned()])?;
    let _simulator = server::resolve(&mut config).await?;
    // Of a configuration that is meant for sending.
    config.set("mode", "live");
    config.set("emitBehaviour", "emitPage");
    config.set("rapportCampagne", "1");
    let engine = Engine::new(actions::find("getCampagne")?, &config, PATIENCE, Stop::new().1)?;
    let date = |at: Timestamp| at.to_zoned(schedule::paris()).strftime(schedule::FORM).to_string();
    let message = Message::new(json!({"date_deb": date(from), "date_fin": date(to)}));
    let passing = Passing { doubts: Mutex::new(doubts), ledger };
    match engine.handle(message, &passing).await.error {
        Some(error) => Err(error.into()),
        None => Ok(passing.doubts.into_inner().unwrap_or_else(PoisonError::into_inner)),
    }
}

/// Takes the pages of a report.
struct Passing {
    doubts: Mutex<Doubts>,
    ledger: Arc<dyn Ledger>,
}

impl Emit for Passing {
    fn emit(&self, page: Value) -> BoxFuture<'_, Result<(), Error>> {
        let mut doubts = self.doubts.lock().unwrap_or_else(PoisonError::into_inner);
        for row in page["rows"].as_array().into_iter().flatten().filter_map(Value::as_object) {
            doubts.see(row, |tel| self.ledger.number(tel));
        }
        Box::pin(std::future::ready(Ok(())))
    }
}

/// What came of it.
#[derive(Default)]
struct Outcome {
    settled: Vec<Entry>,
    unknown: Vec<Entry>,
    rows: u64,
    untimed: u64,
    names_trackers: bool,
}

fn tell(args: &Args, outcome: &Outcome) -> anyhow::Result<u8> {
    if args.json {
        let json = to_json(outcome, args.dry_run).to_string();
        print(&format!("{}\n", printable::json(&json)))?;
    } else {
        print(&in_words(outcome, args.dry_run))?;
    }
    Ok(if outcome.unknown.is_empty() { 0 } else { IN_DOUBT })
}

fn to_json(outcome: &Outcome, dry_run: bool) -> Value {
    let entries = |them: &[Entry]| them.iter().map(words::json).collect::<Value>();
    json!({
        "dryRun": dry_run,
        "rows": outcome.rows,
        "rowsWithoutTime": outcome.untimed,
        "namesTrackers": outcome.names_trackers,
        "settled": entries(&outcome.settled),
        "unknown": entries(&outcome.unknown),
    })
}

fn in_words(outcome: &Outcome, dry_run: bool) -> String {
    let Outcome { settled, unknown, rows, untimed, names_trackers } = outcome;
    if settled.is_empty() && unknown.is_empty() {
        return "nothing is in doubt\n".to_owned();
    }
    let entries = |them: &[Entry]| them.iter().map(words::line).collect::<String>();
    let count = settled.len();
    let verb = if dry_run { "would be settled" } else { "settled" };
    let mut said = if *rows > 0 && !names_trackers {
        format!(
            "nothing {verb}: this report, of {rows} rows, names no trackers: it proves nothing about \
             single messages\n"
        )
    } else {
        format!("{count} {verb} as sent: the report, of {rows} rows, proves it\n")
    };
    said += &entries(settled);
    if *untimed > 0 {
        said += &format!(
            "{untimed} rows of the report have a tracker of yours and its number, but no time that \
             can be read: they prove nothing\n"
        );
    }
    if let Some(first) = unknown.first() {
        said += &format!(
            "{} still in doubt; that the report does not prove them does not mean that they were \
             not sent\n{}{}",
            unknown.len(),
            entries(unknown),
            words::advice("KEY", first.resent)
        );
    }
    said
}
