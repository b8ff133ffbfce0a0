//! The journal of a run: which run an input belongs to, and when it is over.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use jiff::Timestamp;
use tokio::io::AsyncBufRead;

use super::told::{
    already_sent, not_too_old, other_input, tell_resumed, tell_unchecked, warn_of_forgetting,
};
use crate::cli::failed::Owner;
use crate::cli::journal::{address, close, found, open};
use crate::cli::{Usage, stdio, terminal};
use crate::component::{MessageKey, Scope, hex};
use crate::delivery::{Memory, key_in_run};
use crate::journal::{Begin, EndedRun, FileAddress, Job, Ledger, OpenRun, Run};
use crate::runtime::pipe::{First, Input, Opening, Summary};

/// What is said of a run that stays open.
const NOT_OVER: &str = "the run is not over: the same command with the same input sends what it has not \
    sent, and nothing else";

/// What is said of a run that other input went through.
const BESIDE: &str = "the run is not over: it waits for its own whole input";

/// Flags of the journal.
#[derive(Debug, Clone, clap::Args)]
pub struct JournalArgs {
    /// Remember what was sent in this journal, `file:PATH` or `redis://HOST:PORT`; a run that was
    /// interrupted is resumed, and sends nothing again
    #[arg(long, value_name = "STORE", env = "ISENDPRO_JOURNAL", hide_env_values = true, value_parser = address)]
    journal: Option<String>,
    /// What the run is called in the journal; the action's name by default. Runs of other jobs are
    /// never resumed
    #[arg(long, value_name = "NAME", value_parser = job)]
    job: Option<String>,
    /// Send all of the input, whatever earlier runs of the job have sent; gives up one that is not over
    #[arg(long, conflicts_with_all = ["resume", "once_per_id"])]
    again: bool,
    /// Go on with the last run of the job, also if it is over or had other input: send only what it
    /// has not sent. One that had other input waits for that still
    #[arg(long, conflicts_with = "once_per_id")]
    resume: bool,
    /// Send each id (reference) once, also in later runs, for as long as the journal keeps what was sent:
    /// what ?keep=DAYS in its address says, or 90 days with a file, 30 with Redis
    #[arg(long)]
    once_per_id: bool,
}

/// The journal of a run that has begun.
pub struct Remembering {
    ledger: Arc<dyn Ledger>,
    what: What,
}

/// What is remembered.
enum What {
    /// One run of a job.
    Run { job: Job, scope: Scope, resumed: bool, first: [u8; 32], beside: bool },
    /// Each id, for all runs; under the first journals' scope too.
    Ids { scope: Scope, former: Scope },
}

/// What an input goes on with, and what is open to whoever has it sent.
enum Found {
    /// A run to go on with, or a new one.
    Begun(Run),
    /// The job's open run had other input.
    OtherInput(Scope, OpenRun),
    /// A run that is over had this input, or a part of it.
    AlreadySent(EndedRun),
}

/// What a person wants sent of an input that was perhaps sent before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// All of it.
    Again,
    /// What was not sent.
    Resume,
}

impl JournalArgs {
    /// The same, with the journal that a file names, if one does.
    ///
    /// # Errors
    /// When that cannot be read, or a flag needs a journal and there is none.
    pub fn found(self) -> Result<Self, Usage> {
        let found = Self { journal: found(self.journal)?, ..self };
        let flags = [
            ("--job", found.job.is_some()),
            ("--again", found.again),
            ("--resume", found.resume),
            ("--once-per-id", found.once_per_id),
        ];
        match flags.iter().find(|it| it.1) {
            Some((flag, _)) if found.journal.is_none() => Err(Usage(format!(
                "{flag} needs a journal: add --journal file:PATH or redis://HOST:PORT"
            ))),
            _ => Ok(found),
        }
    }

    /// Whether there is one.
    pub const fn is_used(&self) -> bool {
        self.journal.is_some()
    }

    /// The journal's file, if it is one.
    pub fn file(&self) -> Option<&Path> {
        FileAddress::parse(self.journal.as_deref()?).ok()?.map(|it| it.path)
    }

    /// Opens the journal, and begins a run of this action or goes on with one; nothing without a
    /// journal, and of an input without messages. Reads of the input what tells whose it is, and gives
    /// all of it back. What is sent in a test mode is a job of its own: it must not keep anything from
    /// being sent in earnest.
    ///
    /// # Errors
    /// When the journal cannot be opened or read, or nobody says what is to become of input that was
    /// perhaps sent before.
    pub async fn begin(
        &self,
        action: &str,
        mode: Option<&str>,
        input: impl AsyncBufRead + Send + Unpin + 'static,
        line_limit: usize,
    ) -> anyhow::Result<(Option<Remembering>, Input)> {
        let Some(store) = self.journal.as_deref() else {
            return Ok((None, Box::new(input)));
        };
        let ledger = open(store).await?;
        let job = Job::new(self.job.as_deref(), action, mode);
        if self.once_per_id {
            warn_of_forgetting(ledger.as_ref());
            let what = self.ids(action, mode);
            return Ok((Some(Remembering { ledger, what }), Box::new(input)));
        }
        let mut opening = Opening::new(input, line_limit, ledger.has_former_keys(), ledger.seal());
        let begun = self.begin_run(&*ledger, &job, action, &mut opening).await;
        let what = match begun {
            Ok(what) => what,
            Err(error) => {
                close(&ledger).await;
                return Err(error);
            }
        };
        let input = opening.again().context("reading the input a second time")?;
        Ok((what.map(|what| Remembering { ledger, what }), input))
    }

    fn ids(&self, action: &str, mode: Option<&str>) -> What {
        let job = self.job.as_deref().unwrap_or(action);
        let scope = Scope::of(&["once per id", job, mode.unwrap_or_default()]);
        let former = mode.map_or_else(|| job.to_owned(), |mode| format!("{job} ({mode})"));
        What::Ids { scope, former: Scope::formerly_named(&format!("once per id {former}")) }
    }

    async fn begin_run<R: AsyncBufRead + Send + Unpin + 'static>(
        &self,
        ledger: &dyn Ledger,
        job: &Job,
        action: &str,
        opening: &mut Opening<R>,
    ) -> anyhow::Result<Option<What>> {
        let reading = "reading the input";
        let Some(first) = opening.first().await.context(reading)? else { return Ok(None) };
        let digest = first.place.progress.digest;
        let found = if self.again {
            Found::Begun(begin_anew(ledger, job, digest).await?)
        } else {
            self.find(ledger, job, action, opening).await?
        };
        let name = self.job.as_deref().unwrap_or(action);
        let (wish, taken) = match &found {
            Found::Begun(run) => {
                if let Some(open) = run.resumed {
                    tell_resumed(name, &open);
                }
                let (scope, resumed) = (run.scope, run.resumed.is_some());
                let job = job.clone();
                return Ok(Some(What::Run { job, scope, resumed, first: digest, beside: false }));
            }
            Found::OtherInput(scope, open) => (self.wish(&other_input(name, open)).await?, *scope),
            Found::AlreadySent(run) => (self.wish(&already_sent(name, run)).await?, run.scope),
        };
        let resumed = wish == Wish::Resume;
        let beside = resumed && matches!(found, Found::OtherInput(..));
        let scope = match wish {
            Wish::Again => begin_anew(ledger, job, digest).await?.scope,
            // The run waits for its own input: whatever comes beside must not bring it to its end.
            Wish::Resume if beside => taken,
            Wish::Resume => ledger.begin(job, digest, Begin::Take(taken)).await?.scope,
        };
        Ok(Some(What::Run { job: job.clone(), scope, resumed, first: digest, beside }))
    }

    /// Finds out which run the input belongs to. Nothing is sent before that is known.
    async fn find<R: AsyncBufRead + Send + Unpin + 'static>(
        &self,
        ledger: &dyn Ledger,
        job: &Job,
        action: &str,
        opening: &mut Opening<R>,
    ) -> anyhow::Result<Found> {
        let reading = "reading the input";
        let Some(first) = opening.first().await.context(reading)? else {
            anyhow::bail!("the input has no message any more");
        };
        let run = ledger.begin(job, first.place.progress.digest, Begin::Join).await?;
        match run.resumed.map(|it| (it, it.progress)) {
            Some((open, None)) => {
                tell_unchecked();
                not_too_old(ledger, &open)?;
                return Ok(Found::Begun(run));
            }
            Some((open, Some(progress))) if progress.read > 0 => {
                not_too_old(ledger, &open)?;
                return Ok(if opening.begins_with(progress).await.context(reading)? {
                    Found::Begun(run)
                } else {
                    Found::OtherInput(run.scope, open)
                });
            }
            _ => {}
        }
        for ended in ledger.ended(job).await?.into_iter().rev() {
            let is_own = ended.scope == run.scope;
            if !is_own && has_sent(ledger, &ended, action, first).await? {
                return Ok(Found::AlreadySent(ended));
            }
        }
        Ok(Found::Begun(run))
    }

    /// What is to become of input that was perhaps sent before.
    ///
    /// # Errors
    /// When nobody says.
    async fn wish(&self, said: &str) -> anyhow::Result<Wish> {
        if self.resume {
            return Ok(Wish::Resume);
        }
        let answer = terminal::ask_wish(said.to_owned()).await;
        answer.ok_or_else(|| {
            let ways = "--resume sends only what it has not sent; --again sends all of this input";
            Usage(format!("nothing was sent: {said}: {ways}")).into()
        })
    }
}

/// Begins a new run. One that is open is given up: it is over, and what it has sent is known as that of
/// any other run that has ended.
async fn begin_anew(ledger: &dyn Ledger, job: &Job, first: [u8; 32]) -> anyhow::Result<Run> {
    let run = ledger.begin(job, first, Begin::Join).await?;
    let Some(open) = run.resumed else { return Ok(run) };
    let read = open.progress.map_or(0, |it| it.read);
    if read > 0 {
        // It has claimed something, which may have been sent.
        let sent = open.accepted.max(1);
        let ended =
            EndedRun { scope: run.scope, ended: Timestamp::now(), first: [0; 32], read, sent };
        ledger.end(job, ended).await?;
    }
    Ok(ledger.begin(job, first, Begin::Anew).await?)
}

/// Whether a run that is over began with this message, or has sent it.
async fn has_sent(
    ledger: &dyn Ledger,
    ended: &EndedRun,
    action: &str,
    first: &First,
) -> anyhow::Result<bool> {
    if ended.first == first.place.progress.digest {
        return Ok(true);
    }
    let Some(message) = &first.message else { return Ok(false) };
    let key: MessageKey = key_in_run(&ledger.seal(), ended.scope, action, message, first.place);
    Ok(!ledger.recall(key).await?.is_empty())
}

impl Remembering {
    /// The engine's memory.
    pub fn memory(&self) -> Memory {
        let journal = Arc::clone(&self.ledger) as _;
        match &self.what {
            What::Run { scope, resumed, beside, .. } => {
                Memory::of_run(journal, *scope, *resumed).beside(*beside)
            }
            What::Ids { scope, former } => Memory::of_ids(journal, *scope).formerly(*former),
        }
    }

    /// Whether what was told before is told again.
    pub const fn tells_again(&self) -> bool {
        matches!(self.what, What::Run { resumed: true, .. } | What::Ids { .. })
    }

    /// Who goes on with the file of failed messages; nobody with that of an input beside the run's own.
    pub fn owner(&self) -> Option<Owner> {
        match &self.what {
            What::Run { beside: true, .. } => None,
            What::Run { scope, resumed, .. } => Some(Owner { mark: hex(&scope.0), anew: *resumed }),
            What::Ids { scope, .. } => Some(Owner { mark: hex(&scope.0), anew: false }),
        }
    }

    /// Lets go of the journal before anything was sent: the run stays as it is.
    pub async fn leave(self) {
        close(&self.ledger).await;
    }

    /// Lets go of the journal. Says that the run is over, if each of its messages has a final word
    /// that is safe: the next one is a new one then. `acts_once`: whether it may have sent anything.
    /// `results`: where they went, if not to stdout.
    pub async fn end(self, summary: &mut Summary, acts_once: bool, results: Option<File>) {
        if let What::Run { job, scope, first, beside, .. } = &self.what
            && acts_once
        {
            if *beside {
                summary.notes.push(BESIDE.to_owned());
            } else if !summary.is_over() {
                summary.notes.push(NOT_OVER.to_owned());
            } else if let Err(why) = self.end_run(job, *scope, *first, summary, results).await {
                summary.stopped = Some(why);
            }
        }
        close(&self.ledger).await;
    }

    async fn end_run(
        &self,
        job: &Job,
        scope: Scope,
        first: [u8; 32],
        summary: &Summary,
        results: Option<File>,
    ) -> Result<(), String> {
        let synced = tokio::task::spawn_blocking(move || stdio::sync(results.as_ref())).await;
        match synced {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(format!("the results are not safe on disk: {error}")),
            Err(_) => return Err("a defect of the connector stopped the writing".to_owned()),
        }
        let sent = summary.tally.accepted + summary.tally.unknown;
        let read = summary.messages;
        let run = EndedRun { scope, ended: Timestamp::now(), first, read, sent };
        self.ledger.end(job, run).await.map_err(|error| {
            format!(
                "the journal: nobody knows whether it has heard that the run is over: {error}; all was \
                 sent: give the same input again only with --resume"
            )
        })
    }
}

/// Reads the name of a job.
fn job(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("--job is empty, as an unset variable of a script leaves it; give the run a \
                    name, or leave --job out to have it called as its action"
            .to_owned());
    }
    Ok(text.to_owned())
}
