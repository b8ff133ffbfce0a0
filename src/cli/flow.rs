//! Messages from stdin through an action to stdout: what `run` and `plan` have in common.

mod args;
mod funds;
mod guards;
mod remember;
mod report;
mod told;

use std::fs::File;
use std::io::{IsTerminal as _, Seek as _, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use tokio::io::{AsyncBufRead, AsyncWriteExt as _, BufReader};

pub use self::args::{FlowArgs, Manner};
use self::funds::Funds;
use self::guards::Guards;
use self::remember::Remembering;
pub use self::remember::{JournalArgs, Wish};
use super::failed::FailedFile;
use super::limits::Count;
use super::settings::advised;
use super::{Usage, complain, files, monitor, own, server, stdio, terminal};
use crate::catalog::{kind_is_open, step_fields};
use crate::component::{Config, Handler, Message, Role, Seal, brings_key};
use crate::runtime::pipe::{self, Failures, Foreseen, Opening, Options, Summary};
use crate::runtime::{Engine, Health, Memory, Stop, Stopper};

/// How long a message that was not sent is tried again, unless `giveUpAfter` says otherwise.
const PATIENCE: Duration = Duration::from_secs(15);

/// Carries messages from stdin to stdout.
pub fn main(args: FlowArgs, manner: Manner, journal: Option<JournalArgs>) -> anyhow::Result<u8> {
    check_files(&args, journal.as_ref())?;
    super::logging::start(args.verbose, args.log_file.as_deref())?;
    let handler = super::actions::find(&args.action)?;
    let config = config(&args, manner, handler)?;
    let runtime = super::runtime()?;
    let flow = Flow { args, manner, handler, journal };
    // As a task, so that the reading happens where the messages are carried.
    let carried = runtime.block_on(runtime.spawn(flow.carry(config)));
    // A read of stdin that is still waiting must not hold the exit.
    runtime.shutdown_background();
    carried.context("carrying messages")?
}

/// Before anything is opened: opening empties some of them.
fn check_files(args: &FlowArgs, journal: Option<&JournalArgs>) -> Result<(), Usage> {
    let written = [
        ("--output", args.output.as_deref()),
        ("--failed", args.failed.as_deref()),
        ("--summary", args.summary.as_deref()),
        ("--log-file", args.log_file.as_deref()),
    ];
    let journal_file = journal.and_then(JournalArgs::file);
    files::apart(&written, &[("--input", args.input.as_deref()), ("--journal", journal_file)])?;
    let remembered = journal.is_some_and(JournalArgs::is_used);
    args.failed.as_deref().map_or(Ok(()), |it| FailedFile::vacant(it, remembered))
}

fn config(args: &FlowArgs, manner: Manner, handler: &Handler) -> anyhow::Result<Config> {
    let fields = step_fields(handler);
    let mut names: Vec<String> =
        fields.as_object().into_iter().flat_map(|it| it.keys().cloned()).collect();
    for name in ["mode", "giveUpAfter", "whenUnknown"] {
        if names.iter().all(|it| it != name) {
            names.push(name.to_owned());
        }
    }
    let mut config = args.settings.config(&names)?;
    if manner.dry_run {
        config.set("mode", "dryRun");
    }
    if let Some(rate) = manner.rate {
        config.set("rate", rate);
    }
    if let Some(price) = args.limits.price_per_part {
        config.set("pricePerPart", price);
    }
    Ok(config)
}

struct Flow {
    args: FlowArgs,
    manner: Manner,
    handler: &'static Handler,
    /// Where it is remembered what was sent; nowhere in plans.
    journal: Option<JournalArgs>,
}

impl Flow {
    async fn carry(self, mut config: Config) -> anyhow::Result<u8> {
        let _simulator = server::resolve(&mut config).await?;
        if !self.manner.dry_run {
            monitor::start(&Health::default()).await?;
        }
        let price = config.number("pricePerPart", 0.0, 0.0, 1000.0)?;
        let price = (price > 0.0).then_some(price);
        let limit = self.line_limit();
        let input = self.input().await?;
        let path = self.args.input.clone();
        let foreseen =
            tokio::task::spawn_blocking(move || stdio::foresee(path.as_deref(), limit)).await?;
        let foreseen = foreseen.context("reading the input")?;
        if !self.args.limits.compare_credit {
            return self.pass(&config, (input, foreseen), None, None, price).await;
        }
        // At once: a key that does not work is a mistake to learn of early.
        let funds = Funds::ask(&config, price).await?;
        if self.manner.dry_run {
            return self.pass(&config, (input, foreseen), None, Some(funds), price).await;
        }
        self.greet();
        let mut spool = spooled(input).await?;
        let foreseen = pipe::look_through(&mut spool, limit).context("reading the input")?;
        if foreseen.is_some() {
            let input = (from_start(&spool)?, foreseen);
            return self.pass(&config, input, None, None, price).await;
        }
        let mode = self.engine(&config, Stop::new().1)?.test_mode();
        let (begun, _) = self.remember(mode, from_start(&spool)?).await?;
        let memory = begun.as_ref().map(Remembering::memory);
        let (plan, count) = self.rehearse(&config, from_start(&spool)?, memory).await?;
        // The input may have taken its time.
        let funds = Funds::ask(&config, price).await?;
        let Some(shortage) = funds.shortage(&count) else {
            return self.pass(&config, (from_start(&spool)?, None), begun, None, price).await;
        };
        if let Some(begun) = begun {
            begun.leave().await;
        }
        complain(format_args!("isendpro: nothing was sent: {shortage}"));
        let summary = Summary { last_line: 0, complete: false, ..plan };
        if let Some(file) = self.args.summary.as_deref().map(create_summary).transpose()? {
            write_summary(file, &summary.to_json(super::NO_CREDIT));
        }
        Ok(super::NO_CREDIT)
    }

    /// Plans the whole input, without what the journal knows to be sent, and counts the rest.
    async fn rehearse(
        &self,
        config: &Config,
        input: pipe::Input,
        memory: Option<Memory>,
    ) -> anyhow::Result<(Summary, Arc<Count>)> {
        let mut dry = config.clone();
        dry.set("mode", "dryRun");
        let (stopper, stop) = Stop::new();
        let guards = Guards::new(&self.args.limits, true, stopper.clone());
        let mut engine = guards.guard(self.engine(&dry, stop.clone())?);
        if let Some(memory) = memory {
            engine = engine.memory(memory);
        }
        let plan = pipe::run(
            Arc::new(engine),
            input,
            tokio::io::sink(),
            None,
            self.options(None),
            (stopper, stop),
            Arc::new(()),
        )
        .await;
        Ok((plan, guards.count))
    }

    async fn input(&self) -> anyhow::Result<pipe::Input> {
        let Some(path) = self.args.input.as_deref() else { return Ok(Box::new(stdio::input())) };
        let opened = tokio::fs::File::open(path).await;
        let file = opened.map_err(|it| files::cannot("--input", path, &it))?;
        if file.metadata().await?.is_dir() {
            let error = std::io::ErrorKind::IsADirectory.into();
            return Err(files::cannot("--input", path, &error).into());
        }
        Ok(Box::new(BufReader::with_capacity(64 * 1024, file)))
    }

    /// Where results go, if not to stdout.
    fn results(&self, remembering: Option<&Remembering>) -> anyhow::Result<Option<File>> {
        let again = remembering.is_some_and(Remembering::tells_again);
        Ok(self.args.output.as_deref().map(|it| files::output(it, again)).transpose()?)
    }

    /// Carries the messages of one input, in the run that was begun for it, if one was.
    async fn pass(
        &self,
        config: &Config,
        (input, foreseen): (impl AsyncBufRead + Send + Unpin + 'static, Foreseen),
        begun: Option<Remembering>,
        funds: Option<Funds>,
        price: Option<f64>,
    ) -> anyhow::Result<u8> {
        let (stopper, stop) = Stop::new();
        let engine = self.engine(config, stop.clone())?;
        let mode = engine.test_mode();
        // A rehearsed input was greeted before it was read.
        if self.manner.dry_run || !self.args.limits.compare_credit {
            self.greet();
        }
        let (remembering, input) = if foreseen.is_some() || begun.is_some() {
            // Of what was foreseen nothing is sent, so no run begins.
            (begun, Box::new(input) as pipe::Input)
        } else {
            let (remembering, input) = self.remember(mode, input).await?;
            // What was sent before is told without a key.
            if remembering.as_ref().is_some_and(Remembering::tells_again) {
                (remembering, input)
            } else {
                match self.keyed(&engine, input).await {
                    Ok(input) => (remembering, input),
                    Err(error) => {
                        if let Some(begun) = remembering {
                            begun.leave().await;
                        }
                        return Err(error);
                    }
                }
            }
        };
        let progress = terminal::Progress::start(self.manner.quiet);
        let guards = Guards::new(&self.args.limits, self.manner.dry_run, stopper.clone());
        let mut engine = self.asking(engine, mode, &stopper, &progress);
        if let Some(remembering) = &remembering {
            engine = engine.memory(remembering.memory());
        }
        let engine = Arc::new(guards.guard(engine));
        let summary_file = self.args.summary.as_deref().map(create_summary).transpose()?;
        let owner = remembering.as_ref().and_then(Remembering::owner);
        let failed = self.args.failed.as_deref();
        let failures = failed.map(|it| FailedFile::open(it, owner.as_ref())).transpose()?;
        let results = self.results(remembering.as_ref())?;
        let output = match &results {
            Some(file) => stdio::Output::file(file.try_clone()?),
            None => stdio::Output::stdout(),
        };
        let signal = watch_signals(terminal::Signals::new()?, stopper.clone());
        let mut summary = pipe::run(
            Arc::clone(&engine),
            input,
            output.context("starting the writing of results")?,
            failures.clone().map(|it| it as Arc<dyn Failures>),
            self.options(foreseen),
            (stopper, stop),
            Arc::new(progress.clone()),
        )
        .await;
        progress.end();
        summary.notes.extend(self.unchecked(config));
        let signal = *signal.lock().unwrap_or_else(PoisonError::into_inner);
        let limit = guards.reached();
        let remembered = remembering.is_some();
        if let Some(remembering) = remembering {
            remembering.end(&mut summary, engine.acts_once(), results).await;
        }
        if let Some(failures) = &failures {
            failures.close(owner.is_none() || summary.is_over());
        }
        let report = report::Report {
            summary: &summary,
            deed: self.handler.meta.deed,
            mode,
            remembered,
            failed: failures.as_ref().map(|it| it.path()),
            asked_nothing: self
                .asks_by_nothing()
                .filter(|_| summary.messages == 0 && summary.complete && signal.is_none()),
            limit,
            price,
            shortage: funds.as_ref().and_then(|it| it.shortage(&guards.count)),
            funds: funds.as_ref(),
            totals: self.manner.totals,
        };
        report.tell();
        let code = signal.unwrap_or_else(|| report.code(self.manner.tolerance));
        if let Some(file) = summary_file {
            write_summary(file, &report.to_json(code));
        }
        Ok(code)
    }

    /// A key that is missing is told once, before anything is carried, unless the first message brings
    /// its own. Triggers say themselves whether they need one.
    async fn keyed(&self, engine: &Engine, input: pipe::Input) -> anyhow::Result<pipe::Input> {
        let Err(missing) = engine.ready() else { return Ok(input) };
        if self.handler.role != Role::Action {
            return Ok(input);
        }
        let mut opening = Opening::new(input, self.line_limit(), false, Seal::default());
        let first = opening.first().await.context("reading the input")?;
        let is_keyed = |it: &Message| brings_key(&it.body);
        if first.is_some_and(|it| !it.message.as_ref().is_some_and(is_keyed)) {
            return Err(advised(missing, self.handler).into());
        }
        opening.again().context("reading the input a second time")
    }

    /// Begins to remember, where that is asked for and anything is sent.
    async fn remember(
        &self,
        mode: Option<&str>,
        input: impl AsyncBufRead + Send + Unpin + 'static,
    ) -> anyhow::Result<(Option<Remembering>, pipe::Input)> {
        match self.journal.as_ref().filter(|_| mode != Some("dryRun")) {
            Some(journal) => {
                journal.begin(self.handler.meta.name, mode, input, self.line_limit()).await
            }
            None => Ok((None, Box::new(input))),
        }
    }

    /// The engine that asks a person before it sends to many, if there is one to ask.
    fn asking(
        &self,
        engine: Engine,
        mode: Option<&str>,
        stopper: &Stopper,
        progress: &terminal::Progress,
    ) -> Engine {
        let sends = mode.is_none() && self.handler.meta.deed == "sent";
        if !sends || self.manner.yes {
            return engine;
        }
        match terminal::AskAboutMany::new(stopper.clone(), progress.clone()) {
            Some(question) => engine.admission(Arc::new(question)),
            None => engine,
        }
    }

    fn engine(&self, config: &Config, stop: Stop) -> anyhow::Result<Engine> {
        let engine = Engine::new(self.handler, config, PATIENCE, stop)
            .map_err(|it| advised(it, self.handler))?;
        if engine.emits_many() && !self.manner.many {
            return Err(Usage(format!(
                "{} gives several results for a message this way; add --many, or --set emitBehaviour=fetchAll",
                self.handler.meta.name
            ))
            .into());
        }
        Ok(engine)
    }

    fn options(&self, foreseen: Foreseen) -> Options {
        Options {
            concurrency: self.manner.concurrency.into(),
            ordered: self.manner.ordered,
            line_limit: self.line_limit(),
            foreseen,
        }
    }

    fn line_limit(&self) -> usize {
        usize::try_from(self.args.line_limit).unwrap_or(usize::MAX)
    }

    /// What was not checked for want of a setting that a step must have.
    fn unchecked(&self, config: &Config) -> Option<String> {
        kind_is_open(self.handler, config).then(|| {
            "kind is not set (marketing or transactional): hours and STOP mention were not checked"
                .to_owned()
        })
    }

    /// The action, if an empty message asks for something.
    fn asks_by_nothing(&self) -> Option<&'static str> {
        let meta = &self.handler.meta;
        meta.examples.iter().any(|it| it.body == "{}").then_some(meta.name)
    }

    /// A person who started the command without input is told what it waits for.
    fn greet(&self) {
        if self.args.input.is_none() && std::io::stdin().is_terminal() {
            let meta = &self.handler.meta;
            let example = meta.examples.first().map_or("{}", |it| it.body);
            terminal::hint(&format!(
                "{} reads one JSON message a line from the terminal; Ctrl-D ends it. For example:\n{example}",
                meta.name
            ));
        }
    }
}

/// The whole input, to be read more than once.
async fn spooled(mut input: pipe::Input) -> anyhow::Result<File> {
    let mut spool = tempfile::tempfile().context("making a temporary file for the input")?;
    let mut copy = tokio::fs::File::from_std(spool.try_clone()?);
    tokio::io::copy(&mut input, &mut copy).await.context("reading the input")?;
    copy.flush().await.context("keeping the input in a temporary file")?;
    spool.rewind()?;
    Ok(spool)
}

/// Reads it from its start. One reader at a time.
fn from_start(mut spool: &File) -> anyhow::Result<pipe::Input> {
    spool.rewind()?;
    Ok(Box::new(BufReader::new(tokio::fs::File::from_std(spool.try_clone()?))))
}

/// Opened before anything is sent: a path that cannot be written is a mistake to learn of early.
fn create_summary(path: &Path) -> anyhow::Result<File> {
    Ok(own::open("--summary", path, own::Access::Anew)?)
}

fn write_summary(mut file: File, summary: &serde_json::Value) {
    if let Err(error) = writeln!(file, "{summary}") {
        complain(format_args!("isendpro: the summary was not written: {error}"));
    }
}

/// The first signal ends the reading, a second one the process.
fn watch_signals(mut signals: terminal::Signals, stopper: Stopper) -> Arc<Mutex<Option<u8>>> {
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
