//! The journal of a run.

use std::path::Path;
use std::sync::Arc;

use crate::cli::journal::{close, open};
use crate::cli::{Usage, complain};
use crate::component::Scope;
use crate::journal::Ledger;
use crate::runtime::Memory;
use crate::runtime::pipe::Summary;

/// Flags of the journal.
#[derive(Debug, Clone, clap::Args)]
pub struct JournalArgs {
    /// Remember what was sent in this journal, `file:PATH` or `redis://HOST:PORT`; a run that was
    /// interrupted is resumed, and sends nothing again
    #[arg(long, value_name = "STORE", env = "ISENDPRO_JOURNAL", hide_env_values = true)]
    journal: Option<String>,
    /// What the run is called in the journal; the action's name by default. Runs of other jobs are
    /// never resumed
    #[arg(long, value_name = "NAME", requires = "journal")]
    job: Option<String>,
    /// Send each id (reference) once for all, also in later runs
    #[arg(long, requires = "journal")]
    once_per_id: bool,
}

/// The journal of a run that has begun.
pub struct Remembering {
    ledger: Arc<dyn Ledger>,
    job: String,
    scope: Scope,
    resumed: bool,
    once_per_id: bool,
}

impl JournalArgs {
    /// The journal's file, if it is one.
    pub fn file(&self) -> Option<&Path> {
        self.journal.as_deref()?.strip_prefix("file:").map(Path::new)
    }

    /// Opens the journal and begins a run of this action, or resumes the last one; `None` without a
    /// journal. What is sent in a test mode is a job of its own: it must not keep anything from being
    /// sent in earnest.
    ///
    /// # Errors
    /// When the journal cannot be opened or read.
    pub async fn begin(
        &self,
        action: &str,
        mode: Option<&str>,
    ) -> anyhow::Result<Option<Remembering>> {
        let Some(store) = self.journal.as_deref().filter(|it| !it.is_empty()) else {
            if self.once_per_id || self.job.is_some() {
                let said = "--job and --once-per-id need a --journal";
                return Err(Usage(said.to_owned()).into());
            }
            return Ok(None);
        };
        let ledger = open(store).await?;
        let job = self.job.as_deref().unwrap_or(action);
        let job = mode.map_or_else(|| job.to_owned(), |mode| format!("{job} ({mode})"));
        if self.once_per_id {
            let scope = scope_of_ids(&job);
            return Ok(Some(Remembering { ledger, job, scope, resumed: false, once_per_id: true }));
        }
        let run = ledger.begin(&job).await?;
        if let Some(sent) = run.resumed {
            complain(format_args!(
                "isendpro: resuming the last run of {job}, which did not reach its end: {sent} \
                 already sent; if this is other input, give it another --job: messages of it that \
                 are equal to those would not be sent"
            ));
        }
        let (scope, resumed) = (run.scope, run.resumed.is_some());
        Ok(Some(Remembering { ledger, job, scope, resumed, once_per_id: false }))
    }
}

impl Remembering {
    /// The engine's memory.
    pub fn memory(&self) -> Memory {
        let journal = Arc::clone(&self.ledger) as _;
        if self.once_per_id {
            Memory::of_ids(journal, self.scope)
        } else {
            Memory::of_run(journal, self.scope, self.resumed)
        }
    }

    /// Lets go of the journal. Says that the run has ended, if it has reached the end of its input:
    /// the next one is a new one then.
    pub async fn end(self, summary: &mut Summary) {
        if !self.once_per_id
            && summary.complete
            && summary.account.is_none()
            && let Err(error) = self.ledger.end(&self.job).await
        {
            summary.stopped = Some(format!("the journal: the run was not ended: {error}"));
        }
        close(&self.ledger).await;
    }
}

/// The scope of all runs of a job that send each id once.
fn scope_of_ids(job: &str) -> Scope {
    Scope::named(&format!("once per id {job}"))
}
