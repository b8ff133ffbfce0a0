//! `isendpro poll`: one run of a trigger, as cron does it.

pub(crate) mod state;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::Context as _;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::sync::Mutex;

use self::state::{Account, StateFile};
use super::settings::{SettingsArgs, advised};
use super::{FAILED, Usage, actions, code_of, complain, files, logging, server, stdio};
use crate::catalog::step_fields;
use crate::component::Session;
use crate::component::{
    BoxFuture, Cause, Config, Emit, Error, Handler, Kind, Message, ResultId, Role, Snapshots, Store,
};
use crate::delivery::{Engine, Stop};

/// How long iSendPro is asked again while it does not answer, unless `giveUpAfter` says otherwise.
const PATIENCE: Duration = Duration::from_secs(15);

/// Arguments of `poll`.
#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub struct Args {
    /// The trigger, such as newDeliveryReports; `isendpro actions` lists them
    trigger: String,
    /// Where it is kept what this run has seen; the next one begins there. Made by the first run
    #[arg(long, value_name = "FILE")]
    state: PathBuf,
    #[command(flatten)]
    settings: SettingsArgs,
    /// Write a log to this file
    #[arg(long, value_name = "FILE")]
    log_file: Option<PathBuf>,
    /// Write a log to stderr; twice for more
    #[arg(long, short, action = clap::ArgAction::Count)]
    verbose: u8,
}

const EXAMPLES: &str = "Examples:
  isendpro poll newDeliveryReports --state reports.state >> reports.ndjson
  isendpro poll lowCredit --state credit.state --set threshold=20
  */5 * * * * isendpro poll newOptOuts --state optouts.state >> optouts.ndjson

What is new comes on stdout, a message a line, each with its id; nothing new is no line. The state
is written once all lines are out: what fails in between comes out again, with the same ids.

Exit codes: 0 done; 1 could not run; 2 usage or configuration; 4 key or address refused; 5 no
credit.";

/// Runs the trigger once.
pub fn main(args: &Args) -> anyhow::Result<u8> {
    files::apart(&[("--log-file", args.log_file.as_deref())], &[("--state", Some(&args.state))])?;
    logging::start_telling(args.verbose, args.log_file.as_deref())?;
    let handler = actions::find(&args.trigger)?;
    check(handler)?;
    let mut names: Vec<String> =
        step_fields(handler).as_object().into_iter().flat_map(|it| it.keys().cloned()).collect();
    names.push("giveUpAfter".to_owned());
    let config = args.settings.config(&names)?;
    super::runtime()?.block_on(poll(args, handler, config))
}

/// Only what asks can be made to ask.
fn check(handler: &Handler) -> Result<(), Usage> {
    let name = handler.meta.name;
    match handler.role {
        Role::Trigger(Cause::Polling) => Ok(()),
        Role::Trigger(Cause::Webhook) => Err(Usage(format!(
            "{name} waits to be called, so there is nothing to ask for; it works in a flow, or give \
             isendpro run {name} what came, a line a call"
        ))),
        Role::Action => Err(Usage(format!("{name} is no trigger; isendpro run {name}"))),
    }
}

async fn poll(args: &Args, handler: &'static Handler, mut config: Config) -> anyhow::Result<u8> {
    let server = config.text("server").unwrap_or_default();
    let _simulator = server::resolve(&mut config).await?;
    let worded = |error: Error| worded(error, handler, &args.state);
    Session::connect(&config).and_then(|it| it.ready()).map_err(worded)?;
    let key = config.text("keyid").unwrap_or_default();
    let account = Account { server: &server, key: &key };
    let (state, snapshot) = StateFile::open(&args.state, handler.meta.name, account)?;
    let state = Arc::new(state);
    let engine = Engine::new(handler, &config, PATIENCE, Stop::new().1)
        .map_err(worded)?
        .store(Store::new(state.clone(), handler.meta.name));
    let output = stdio::Output::stdout().context("writing to stdout")?;
    let out = Out::new(output, state);
    let first = snapshot.is_none();
    let message = Message { snapshot: snapshot.unwrap_or_default(), ..Message::new(json!({})) };
    let verdict = engine.handle(message, &out).await;
    // What fails here is told below.
    out.settle().await.ok();
    if let Some(failure) = out.failure.get() {
        complain(format_args!("isendpro: {failure}; the next run will emit the same again"));
        return Ok(FAILED);
    }
    if let Some(error) = verdict.error.map(worded) {
        complain(format_args!("isendpro: {error}"));
        return Ok(code_of(error.kind));
    }
    if first && out.kept.load(Ordering::Relaxed) {
        greet(&args.state, out.told.load(Ordering::Relaxed));
    }
    Ok(0)
}

/// A state that was lost or misspelled looks like a first run: somebody has to see it.
fn greet(state: &Path, told: usize) {
    let told = match told {
        0 => "recorded what there is, and told nothing".to_owned(),
        1 => "told 1 result".to_owned(),
        many => format!("told {many} results"),
    };
    complain(format_args!(
        "isendpro: first run: there was no {}, so this run began anew and {told}; the next one \
         tells what is new since",
        state.display()
    ));
}

/// An error in the words of this command: there is no step here.
fn worded(error: Error, handler: &Handler, state: &Path) -> Error {
    let of_state = error.kind == Kind::Config && error.field.as_deref() == Some("snapshot");
    let error = advised(error, handler);
    if !of_state {
        return error;
    }
    error.hint(format!(
        "it is in --state {}, which stays as it is; use the version of isendpro that wrote it, or \
         {}",
        state.display(),
        state::ANEW
    ))
}

/// Messages to stdout, and then what was seen to the file.
struct Out {
    output: Mutex<stdio::Output>,
    state: Arc<StateFile>,
    /// Results that went out.
    told: AtomicUsize,
    /// Whether the file was written.
    kept: AtomicBool,
    /// Why results, or the file, could not be written.
    failure: OnceLock<String>,
}

impl Out {
    fn new(output: stdio::Output, state: Arc<StateFile>) -> Self {
        let (told, kept) = (AtomicUsize::new(0), AtomicBool::new(false));
        Self { output: Mutex::new(output), state, told, kept, failure: OnceLock::new() }
    }

    fn line(&self, mut line: String) -> BoxFuture<'_, Result<(), Error>> {
        line.push('\n');
        Box::pin(async move {
            let written = self.output.lock().await.write_all(line.as_bytes()).await;
            self.told.fetch_add(1, Ordering::Relaxed);
            written.map_err(|it| self.unwritten(&it))
        })
    }

    fn unwritten(&self, error: &std::io::Error) -> Error {
        self.failed(match error.kind() {
            std::io::ErrorKind::BrokenPipe => "the reader of the results has gone".to_owned(),
            _ => format!("the results cannot be written: {error}"),
        })
    }

    /// Remembers the first failure: it is not the API's, and told by this command.
    fn failed(&self, why: String) -> Error {
        Error::new(Kind::Internal, self.failure.get_or_init(|| why).as_str())
    }
}

impl Emit for Out {
    fn emit(&self, result: Value) -> BoxFuture<'_, Result<(), Error>> {
        self.line(json!({ "body": result }).to_string())
    }

    fn emit_as(&self, id: ResultId, result: Value) -> BoxFuture<'_, Result<(), Error>> {
        let id = id.uuid(&[]).to_string();
        self.line(json!({ "id": id, "body": result }).to_string())
    }

    fn snapshots(&self) -> Option<&dyn Snapshots> {
        Some(self)
    }
}

impl Snapshots for Out {
    fn settle(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async {
            self.output.lock().await.flush().await.map_err(|it| self.unwritten(&it))?;
            stdio::sync(None).map_err(|it| self.unwritten(&it))
        })
    }

    fn keep(&self, snapshot: Value) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            self.settle().await?;
            let state = Arc::clone(&self.state);
            let written = tokio::task::spawn_blocking(move || state.write(&snapshot)).await;
            let written = written.map_err(|it| it.to_string());
            let written = written.and_then(|it| it.map_err(|it| format!("{it:#}")));
            written.map_err(|it| self.failed(it))?;
            self.kept.store(true, Ordering::Relaxed);
            Ok(())
        })
    }
}
