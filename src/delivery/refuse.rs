//! A message that is refused before it is planned: wrong, or wrong for the settings of today. What an
//! earlier delivery has done under others is not denied for that.

use serde_json::Value;

use super::decide::{Decision, Refusal, decide};
use super::engine::Engine;
use super::facts::{Facts, MessageFacts, Read, Stage};
use super::memory::Record;
use super::words::{STILL_IN_DOUBT, refused_now, unknown, what_happened};
use super::{JournalFailure, Verdict};
use crate::component::{Error, GIVEN_UP, Kind, Past, Task, Work, clock};

impl Engine {
    /// Checks and plans a message. One that was claimed before, by an earlier delivery, is planned as
    /// of then, if it would be refused today: its date may have passed since it was accepted.
    pub(super) async fn plan(
        &self,
        body: Value,
        record: Option<Record<'_>>,
        facts: MessageFacts,
    ) -> Result<Task, Box<Verdict>> {
        let Some(record) = record else {
            let task = self.bound.prepare(body, clock::now());
            return match task {
                Ok(task) => Ok(task),
                Err(error) => Err(Box::new(self.refuse(None, facts, error).await)),
            };
        };
        let mut task = match self.bound.prepare(body.clone(), clock::now()) {
            Ok(task) => task,
            Err(error) => {
                let past = self.past_of(Some(record), facts).await;
                let then = past.as_ref().ok().and_then(|it| it.iter().map(|it| it.at).min());
                let task = then.and_then(|it| self.bound.prepare(body, it).ok());
                task.ok_or_else(|| Box::new(self.refused(past, facts, error)))?
            }
        };
        if let Work::Calls(job) = &mut task.work {
            job.track(record.key);
        }
        Ok(task)
    }

    /// The verdict of a message that is refused as a whole.
    pub(super) async fn refuse(
        &self,
        record: Option<Record<'_>>,
        facts: MessageFacts,
        error: Error,
    ) -> Verdict {
        let past = self.past_of(record, facts).await;
        self.refused(past, facts, error)
    }

    /// What the journal knows of a message that is refused, if it is to be asked.
    ///
    /// # Errors
    /// When the journal cannot be read.
    async fn past_of(
        &self,
        record: Option<Record<'_>>,
        message: MessageFacts,
    ) -> Result<Vec<Past>, Error> {
        let stage =
            Stage::Refused { once: self.bound.acts_once(), read: Read::NotYet, past: false };
        let asks = decide(&Facts { message, stage }) == Decision::Look;
        let Some(record) = record.filter(|_| asks) else { return Ok(Vec::new()) };
        let mut past = record.recall().await.inspect_err(|error| {
            tracing::warn!(%error, "the journal cannot be read");
        })?;
        past.retain(|it| it.slot != GIVEN_UP);
        Ok(past)
    }

    fn refused(
        &self,
        past: Result<Vec<Past>, Error>,
        message: MessageFacts,
        error: Error,
    ) -> Verdict {
        let (read, any) = match &past {
            Ok(past) => (Read::Answered, !past.is_empty()),
            Err(_) => (Read::Failed, false),
        };
        let stage = Stage::Refused { once: self.bound.acts_once(), read, past: any };
        let Decision::Refuse(refusal) = decide(&Facts { message, stage }) else {
            let unread = past.err().unwrap_or(error);
            let journal_failure = Some(JournalFailure::of_claims(&unread));
            return Verdict { journal_failure, ..Error::new(Kind::NotSent, unread.what).into() };
        };
        let unreadable = "the journal cannot say whether an earlier try of this message was sent";
        match refusal {
            Refusal::AfterAnEarlierTry => {
                refused_now(&what_happened(&past.unwrap_or_default()), error)
            }
            Refusal::Unreadable => refused_now(unreadable, error),
            Refusal::StillInDoubt => unknown(STILL_IN_DOUBT, error),
            Refusal::AsItIs | Refusal::IdOfOthers => error,
        }
        .into()
    }
}
