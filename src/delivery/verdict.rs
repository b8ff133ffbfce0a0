//! What became of a message.

use tokio::time::Instant;

use super::JournalFailure;
use crate::component::{AccountTrouble, Error, Kind, Status, Tally};

/// What became of a message.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Verdict {
    /// The count, by recipient.
    pub tally: Tally,
    /// The error, if the message as a whole failed.
    pub error: Option<Error>,
    /// What is wrong with the account, if that came to light: other messages will fail too.
    pub account: Option<AccountTrouble>,
    /// Why the journal cannot be relied on any more: no other message may be sent.
    pub journal_failure: Option<JournalFailure>,
    /// Whether it was given up without a connection, and no other message has had one since it began.
    pub unreachable: bool,
}

impl Verdict {
    /// What became of it in one word of the results, unless its recipients differ.
    fn status(&self) -> Option<&'static str> {
        if let Some(error) = &self.error {
            return Some(error.status());
        }
        let some = |it: &(Status, u64)| it.1 > 0;
        let mut statuses = self.tally.by_status().into_iter().filter(some);
        let status = statuses.next().map(|it| it.0.as_str());
        status.filter(|_| statuses.next().is_none())
    }
}

impl From<Error> for Verdict {
    fn from(error: Error) -> Self {
        let mut tally = Tally::default();
        match error.kind {
            Kind::Unknown => tally.count(Status::Unknown),
            Kind::Refused => tally.count(Status::Refused),
            Kind::NotSent | Kind::Unavailable | Kind::AccountKey | Kind::AccountCredit => {
                tally.count(Status::NotSent);
            }
            _ => {}
        }
        Self { tally, error: Some(error), ..Self::default() }
    }
}

/// Says in the log what became of a message: counts, codes and reasons, and no word of others.
pub(super) fn log(action: &str, started: Instant, verdict: &Verdict) {
    let elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let Tally { accepted, refused, not_sent, unknown, duplicate, .. } = verdict.tally;
    let error = verdict.error.as_ref().map(|it| tracing::field::display(it.logged()));
    if error.is_some() {
        tracing::Span::current().record("otel.status_code", "ERROR");
    }
    tracing::info!(
        action,
        elapsed_ms,
        status = verdict.status(),
        accepted,
        refused,
        not_sent,
        unknown,
        duplicate,
        error,
        "message done"
    );
}
