//! `isendpro run`: messages through an action.

use std::fs::{File, OpenOptions};
use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;

use super::actions::find;
use super::settings::SettingsArgs;
use super::{Usage, complain, terminal};
use crate::actions::Session;
use crate::catalog::step_fields;
use crate::component::{AccountTrouble, Config, Handler};
use crate::journal::NoJournal;
use crate::runtime::pipe::{self, Failures, Options, Summary};
use crate::runtime::{Engine, Stop};

/// How long a message that was not sent is tried again, unless `giveUpAfter` says otherwise.
const PATIENCE: Duration = Duration::from_secs(15);

/// Arguments of `run`.
#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub struct Args {
    /// The action or trigger; `isendpro actions` lists them
    action: String,
    #[command(flatten)]
    settings: SettingsArgs,
    /// Check everything, call nothing, and tell what would be sent
    #[arg(long, short = 'n')]
    dry_run: bool,
    /// Messages under way at the same time
    #[arg(long, value_name = "N", env = "ISENDPRO_CONCURRENCY", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=1024))]
    concurrency: u16,
    /// Most calls to the API a second
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    rate: Option<f64>,
    /// Write results as they come, not in the order of the messages
    #[arg(long)]
    unordered: bool,
    /// Allow several results for a message (pages, one for each recipient)
    #[arg(long)]
    many: bool,
    /// Collect failed messages in this file, to be fed in again (those that may have been sent are
    /// refused then); it may hold keys
    #[arg(long, value_name = "FILE")]
    failed: Option<PathBuf>,
    /// Still succeed with up to this share of refused recipients, such as 5%
    #[arg(long, value_name = "SHARE", value_parser = share)]
    tolerate: Option<f64>,
    /// Write the counts to this file, as JSON
    #[arg(long, value_name = "FILE")]
    summary: Option<PathBuf>,
    /// Most bytes of a line
    #[arg(long, value_name = "BYTES", default_value_t = 10 * 1024 * 1024, value_parser = clap::value_parser!(u64).range(1..))]
    line_limit: u64,
    /// Send to more than 100 recipients without a question
    #[arg(long, short = 'y')]
    yes: bool,
    /// Write a log to this file
    #[arg(long, value_name = "FILE")]
    log_file: Option<PathBuf>,
    /// Write a log to stderr; twice for more
    #[arg(long, short, action = clap::ArgAction::Count)]
    verbose: u8,
}

const EXAMPLES: &str = "Examples:
  isendpro run sendSms --server simulator < messages.ndjson
  isendpro run sendSms --dry-run < messages.ndjson
  isendpro run sendSms --failed failed.ndjson < messages.ndjson > results.ndjson
  echo '{}' | isendpro run getCampagne --many --set period=yesterday

Exit codes: 0 done; 1 could not run; 2 usage or configuration; 3 some messages refused or
failed; 4 key or address refused; 5 no credit; 6 some may have been sent; 130, 143 signals.";

/// Carries messages from stdin to stdout.
pub fn main(args: Args) -> anyhow::Result<u8> {
    super::logging::start(args.verbose, args.log_file.as_deref())?;
    let handler = find(&args.action)?;
    let config = config(&args, handler)?;
    let runtime = super::runtime()?;
    // As a task, so that the reading happens where the messages are carried.
    let carried = runtime.block_on(runtime.spawn(carry(args, handler, config)));
    // A read of stdin that is still waiting must not hold the exit.
    runtime.shutdown_background();
    carried.context("carrying messages")?
}

fn config(args: &Args, handler: &Handler<Session>) -> anyhow::Result<Config> {
    let fields = step_fields(handler);
    let mut names: Vec<String> =
        fields.as_object().into_iter().flat_map(|it| it.keys().cloned()).collect();
    for name in ["mode", "giveUpAfter"] {
        if names.iter().all(|it| it != name) {
            names.push(name.to_owned());
        }
    }
    let mut config = args.settings.config(&names)?;
    if args.dry_run {
        config.set("mode", "dryRun");
    }
    if let Some(rate) = args.rate {
        config.set("rate", rate);
    }
    Ok(config)
}

async fn carry(
    args: Args,
    handler: &'static Handler<Session>,
    mut config: Config,
) -> anyhow::Result<u8> {
    let _simulator = resolve_server(&mut config).await?;
    let (stopper, stop) = Stop::new();
    let mut engine = Engine::new(handler, &config, PATIENCE, Arc::new(NoJournal), stop.clone())?;
    if engine.emits_many() && !args.many {
        return Err(Usage(format!(
            "{} gives several results for a message this way; add --many, or --set emitBehaviour=fetchAll",
            handler.meta.name
        ))
        .into());
    }
    let mode = engine.test_mode();
    let progress = terminal::Progress::start();
    if mode.is_none()
        && handler.meta.deed == "sent"
        && !args.yes
        && let Some(question) = terminal::AskAboutMany::new(stopper.clone(), progress.clone())
    {
        engine = engine.admission(Arc::new(question));
    }
    let summary_file = args.summary.as_deref().map(create_summary).transpose()?;
    let failures = args.failed.as_deref().map(FailedFile::create).transpose()?;
    greet(handler);
    let signal = watch_signals(terminal::Signals::new()?, stopper.clone());
    let options = Options {
        concurrency: args.concurrency.into(),
        ordered: !args.unordered,
        line_limit: usize::try_from(args.line_limit).unwrap_or(usize::MAX),
    };
    let summary = pipe::run(
        Arc::new(engine),
        super::stdio::input(),
        super::stdio::Output::start().context("starting the writing of results")?,
        failures.map(|it| it as Arc<dyn Failures>),
        options,
        (stopper, stop),
        progress.watch(),
    )
    .await;
    let signal = *signal.lock().unwrap_or_else(PoisonError::into_inner);
    let code = signal.unwrap_or_else(|| summary.exit_code(args.tolerate.unwrap_or(0.0)));
    report(&summary, handler.meta.deed, mode, signal.is_some());
    if let Some(mut file) = summary_file
        && let Err(error) = writeln!(file, "{}", summary.to_json(code))
    {
        complain(format_args!("isendpro: the summary was not written: {error}"));
    }
    Ok(code)
}

/// Opened before anything is sent: a path that cannot be written is a mistake to learn of early.
fn create_summary(path: &Path) -> anyhow::Result<File> {
    File::create(path).map_err(|it| Usage(format!("--summary {}: {it}", path.display())).into())
}

/// What keeps the simulator of this process alive.
#[cfg(feature = "simulator")]
pub type Simulator = Option<crate::simulator::Simulator>;
/// There is no simulator in this build.
#[cfg(not(feature = "simulator"))]
pub struct Simulator;

/// Starts the simulator, if that is the server, and points the configuration to it.
#[cfg(feature = "simulator")]
pub async fn resolve_server(config: &mut Config) -> anyhow::Result<Simulator> {
    // Only we know whether it is a test.
    config.unset("testMode");
    if config.text("server").is_none_or(|it| !it.eq_ignore_ascii_case("simulator")) {
        return Ok(None);
    }
    let options = crate::simulator::Options { credit: 1_000_000.0, ..Default::default() };
    let simulator = crate::simulator::start(options).await.context("starting the simulator")?;
    config.set("server", simulator.url());
    config.set("testMode", "simulator");
    if config.text("keyid").is_none() {
        config.set("keyid", "simulated-account");
    }
    Ok(Some(simulator))
}

/// There is no simulator in this build: the session says so.
#[cfg(not(feature = "simulator"))]
#[allow(clippy::unused_async, reason = "the same shape as with the simulator")]
pub async fn resolve_server(config: &mut Config) -> anyhow::Result<Simulator> {
    config.unset("testMode");
    Ok(Simulator)
}

/// A person who started the command without input is told what it waits for.
fn greet(handler: &Handler<Session>) {
    if std::io::stdin().is_terminal() {
        let example = handler.meta.examples.first().map_or("{}", |it| it.body);
        terminal::hint(&format!(
            "{} reads one JSON message a line from the terminal; Ctrl-D ends it. For example:\n{example}",
            handler.meta.name
        ));
    }
}

/// The first signal ends the reading, a second one the process.
fn watch_signals(
    mut signals: terminal::Signals,
    stopper: crate::runtime::Stopper,
) -> Arc<Mutex<Option<u8>>> {
    let seen = Arc::new(Mutex::new(None));
    let mark = Arc::clone(&seen);
    tokio::spawn(async move {
        let code = signals.next().await;
        *mark.lock().unwrap_or_else(PoisonError::into_inner) = Some(code);
        stopper.stop();
        terminal::hint("stopping: finishing what is under way; a second signal stops at once");
        let code = signals.next().await;
        complain("stopped at once: messages under way may have been sent");
        #[expect(clippy::exit, reason = "the person asked twice")]
        std::process::exit(code.into());
    });
    seen
}

/// What is said at the end: to a person all of it, else only what went wrong with the run itself.
fn report(summary: &Summary, deed: &str, mode: Option<&str>, interrupted: bool) {
    if let Some(reason) = &summary.stopped {
        complain(format_args!("isendpro: stopped early: {reason}"));
    }
    if !summary.unprinted.is_empty() {
        complain(format_args!(
            "isendpro: these were carried out, but their results could not be written: {}",
            summary.unprinted.join(", ")
        ));
    }
    match summary.account {
        Some(AccountTrouble::KeyOrAddress) => complain(
            "isendpro: stopped: iSendPro refuses the key or this machine's address; see Mon compte > \
             Mon API in your account, and run `isendpro check`",
        ),
        Some(AccountTrouble::Credit) => {
            complain(
                "isendpro: stopped: the account has no credit; top it up, then feed in again what was not sent",
            );
        }
        None => {}
    }
    let (last, next) = (summary.last_line, summary.last_line + 1);
    let rest = format!(
        "isendpro: read up to line {last} of the input; go on with the rest: tail -n +{next}"
    );
    if summary.stopped.is_some() || summary.account.is_some() {
        complain(&rest);
    } else if interrupted {
        terminal::hint(&rest);
    }
    terminal::hint(&summary.in_words(deed, mode));
}

/// Where failed messages are collected. They may hold keys and texts, so only the owner reads them.
struct FailedFile(Mutex<File>);

impl FailedFile {
    fn create(path: &Path) -> anyhow::Result<Arc<Self>> {
        if is_stdin(path) {
            let path = path.display();
            let said = format!("--failed {path} is the input itself; name another file");
            return Err(Usage(said).into());
        }
        let mut options = OpenOptions::new();
        options.create(true).write(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let opened = || format!("opening {}", path.display());
        let file =
            options.open(path).map_err(|it| Usage(format!("--failed {}: {it}", path.display())))?;
        // The mode above is for a new file; an old one may be readable by others.
        #[cfg(unix)]
        {
            let owner_only = std::os::unix::fs::PermissionsExt::from_mode(0o600);
            if file.metadata().with_context(opened)?.is_file() {
                file.set_permissions(owner_only).with_context(opened)?;
            }
        }
        file.set_len(0).ok();
        Ok(Arc::new(Self(Mutex::new(file))))
    }
}

impl Failures for FailedFile {
    fn keep(&self, line: &str) -> std::io::Result<()> {
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(format!("{line}\n").as_bytes())
    }
}

/// Whether this file is the one that is being read: opening it for writing would empty it.
#[cfg(unix)]
fn is_stdin(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let of =
        |path: &Path| std::fs::metadata(path).map(|it| (it.dev(), it.ino(), it.is_file())).ok();
    of(path).is_some_and(|it| it.2 && of(Path::new("/dev/stdin")) == Some(it))
}

#[cfg(not(unix))]
fn is_stdin(_path: &Path) -> bool {
    false
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
