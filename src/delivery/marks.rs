//! What was told as not sent, by a result that returned it or by an error: whoever reads that sends it by
//! another message, and knows nothing of a copy that comes again. So it is remembered first.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use super::history::{History, REFUSED};
use super::memory::{CLOCKS_DIFFER, Record};
use super::shared::Shared;
use super::words::unavailable;
use crate::component::{
    Claim, Error, Fallout, Job, Kept, Outcome, Problem, RETURNED, Slot, Wanted, clock,
};

/// How often it is looked whether somebody else has returned something, and how long it takes.
const LOOKS: u32 = 50;
const BETWEEN: Duration = Duration::from_millis(100);

/// How a message was told as not sent, which leaves it to others.
#[derive(Debug, Clone, Copy)]
pub(super) enum Withdrawn {
    /// By a result that returned what was not sent.
    Returned,
    /// By an error, of a copy of it.
    GivenUp,
}

impl Withdrawn {
    /// How the message was left to others, if it was: it `returns` what is not sent, and was put back
    /// at this time for the first time. One that somebody has posted since it was given up, and that
    /// was put back in its turn, is another one.
    pub(super) fn by(history: &History, returns: bool, since: Option<Timestamp>) -> Option<Self> {
        if returns && history.was_returned() {
            return Some(Self::Returned);
        }
        let (since, given_up) = since.zip(history.given_up)?;
        (since <= given_up + CLOCKS_DIFFER).then_some(Self::GivenUp)
    }

    pub(super) fn problem(self) -> Problem {
        unavailable(match self {
            Self::Returned => "an earlier result of this message returned it: send its retry",
            Self::GivenUp => "another copy of this message was told as not sent: post it again",
        })
    }
}

impl Shared {
    /// Remembers what was told of a message, in a slot of its own.
    pub(super) async fn mark(
        &self,
        record: Record<'_>,
        slot: u32,
        data: Option<Box<str>>,
    ) -> Result<(), Error> {
        let slots = [Slot { index: slot, tel: "", tracker: None }];
        let wanted = Wanted {
            message: record.key,
            scope: record.scope,
            action: self.name,
            account: None,
            slots: &slots,
            // Whoever died before it was recorded has told nothing; this one is the first.
            resend: true,
            lasts: Duration::ZERO,
            progress: record.progress,
        };
        let mut looks = 0..LOOKS;
        let ticket = loop {
            match record.journal.claim(wanted).await? {
                Claim::Granted(ticket, _) => break ticket,
                Claim::Busy(_) if looks.next().is_some() && self.pause(BETWEEN).await => {}
                // That it is there says enough.
                _ => return Ok(()),
            }
        };
        let kept = Kept { at: clock::now(), code: None, parts: None, data };
        record.journal.record(ticket, &[(slot, Fallout::Accepted(kept))]).await
    }

    /// Remembers that the result which is told next returns what was not sent, and what it refuses.
    /// Whoever tells it has to look once more then: somebody else may have claimed some of it before.
    ///
    /// # Errors
    /// When that cannot be remembered: then nothing may be told as not sent.
    pub(super) async fn mark_returned(
        &self,
        record: Record<'_>,
        job: &dyn Job,
        outcomes: &[Outcome],
    ) -> Result<(), Error> {
        let refused = json!({ REFUSED: refusals(job, outcomes) });
        self.mark(record, RETURNED, Some(refused.to_string().into())).await
    }

    /// What is remembered of the message. What somebody else returns at this moment is waited for: it
    /// has to be told in the same way.
    pub(super) async fn read_past(&self, record: Record<'_>) -> Result<History, Error> {
        for _ in 0..LOOKS {
            let history = History::new(record.recall().await?);
            if !history.is_being_returned() || !self.pause(BETWEEN).await {
                return Ok(history);
            }
        }
        Ok(History::new(record.recall().await?))
    }
}

/// The slots that these outcomes refuse.
fn refusals(job: &dyn Job, outcomes: &[Outcome]) -> Vec<(u32, Option<i64>)> {
    let fallout = outcomes.iter().enumerate().flat_map(|(part, it)| job.fallout(part, it));
    let refused = |(slot, it)| match it {
        Fallout::Refused { code } => Some((slot, code)),
        _ => None,
    };
    fallout.filter_map(refused).collect()
}
