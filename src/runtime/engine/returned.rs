//! What a result returned, because it was not sent: whoever reads it sends it by another message, and
//! knows nothing of one that is delivered again.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::call::Call;
use super::memory::Remembered;
use super::past::History;
use crate::component::{
    Claim, Connection, Error, Fallout, Job, Kept, Known, Outcome, Past, Problem, RETURNED, Reason,
    Slot, Wanted,
};

/// How often it is looked whether somebody else has returned something, and how long it takes.
const LOOKS: u32 = 50;
const BETWEEN: Duration = Duration::from_millis(100);

impl<C: Connection> Call<'_, C> {
    /// Where it is remembered what a result of this message returned, if one does.
    pub(super) fn returns_to(&self, job: &dyn Job<C>) -> Option<Remembered<'_>> {
        self.remembered.filter(|it| it.comes_again() && job.returns())
    }

    /// The same, where what was returned is left to others. Its own body may ask for it all the same.
    fn leaves_to(&self, job: &dyn Job<C>) -> Option<Remembered<'_>> {
        self.returns_to(job).filter(|_| !self.asked)
    }

    /// Why nothing more of a message is sent whose result has returned the rest of it.
    pub(super) async fn returned(&self, job: &dyn Job<C>) -> Option<Problem> {
        match self.read_past(self.leaves_to(job)?).await {
            Ok(history) => history.refused.map(|_| returned_before()),
            Err(error) => {
                // Whatever is claimed all the same is looked at once more.
                tracing::warn!(%error, "the journal cannot be read");
                None
            }
        }
    }

    /// The same, of what has been returned since the message came: what is said of its request then.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub(super) async fn returned_meanwhile(
        &self,
        job: &mut dyn Job<C>,
        index: usize,
    ) -> Result<Option<Outcome>, Error> {
        let Some(remembered) = self.leaves_to(job) else { return Ok(None) };
        let mut history = self.read_past(remembered).await?;
        if history.refused.is_none() {
            return Ok(None);
        }
        // Its own claim is to be given back.
        history.forget(&job.slots(index));
        Ok(Some(self.unmade_after(&history, job, index, returned_before())))
    }

    /// Remembers that the result which is told next returns what was not sent, if it does, and what it
    /// says of others. Whoever tells it has to look once more then: somebody else may have claimed some
    /// of it before that.
    ///
    /// # Errors
    /// When that cannot be remembered: then nothing may be told as not sent.
    pub(super) async fn give_back(
        &self,
        job: &dyn Job<C>,
        outcomes: &[Outcome],
    ) -> Result<(), Error> {
        match self.returns_to(job) {
            Some(remembered) => self.remember_return(remembered, &refusals(job, outcomes)).await,
            None => Ok(()),
        }
    }

    /// What is remembered of the message. What somebody else returns at this moment is waited for: it
    /// has to be told in the same way.
    pub(super) async fn read_past(&self, remembered: Remembered<'_>) -> Result<History, Error> {
        for _ in 0..LOOKS {
            let history = History::new(remembered.recall().await?);
            if !history.is_being_returned() || !self.pause(BETWEEN).await {
                return Ok(history);
            }
        }
        Ok(History::new(remembered.recall().await?))
    }

    async fn remember_return(
        &self,
        remembered: Remembered<'_>,
        refused: &[(u32, Option<i64>)],
    ) -> Result<(), Error> {
        let slots = [Slot { index: RETURNED, tel: "", tracker: None }];
        let wanted = Wanted {
            message: remembered.key,
            scope: remembered.scope,
            action: self.engine.name,
            account: self.account,
            slots: &slots,
            // Whoever died before it was recorded has told nothing; this result is the first.
            resend: true,
            lasts: Duration::ZERO,
            progress: remembered.progress,
        };
        let mut looks = 0..LOOKS;
        let ticket = loop {
            match remembered.journal.claim(wanted).await? {
                Claim::Granted(ticket, _) => break ticket,
                Claim::Busy(_) if looks.next().is_some() && self.pause(BETWEEN).await => {}
                // That it is there says enough.
                _ => return Ok(()),
            }
        };
        let data = Some(json!({ REFUSED: refused }).to_string().into_boxed_str());
        let kept = Kept { at: Timestamp::now(), code: None, parts: None, data };
        remembered.journal.record(ticket, &[(RETURNED, Fallout::Accepted(kept))]).await
    }
}

fn returned_before() -> Problem {
    let said = "an earlier result of this message returned it: send its retry";
    Problem::new(Reason::Unavailable, said)
}

/// The member of what is remembered of a result that returned something: slots, with their codes.
const REFUSED: &str = "refused";

/// What a result that returned something refused: slots, with their codes. Whoever died before it was
/// recorded has told nothing.
pub(super) fn refused_in(returned: &Past) -> HashMap<u32, Option<i64>> {
    let Some(Known::Accepted(kept)) = &returned.known else { return HashMap::new() };
    let data = kept.data.as_deref().and_then(|it| serde_json::from_str(it).ok());
    let refused = data.and_then(|mut it: Map<String, Value>| it.remove(REFUSED));
    let refused: Option<Vec<_>> = refused.and_then(|it| serde_json::from_value(it).ok());
    refused.unwrap_or_default().into_iter().collect()
}

/// The slots that these outcomes refuse.
fn refusals<C>(job: &dyn Job<C>, outcomes: &[Outcome]) -> Vec<(u32, Option<i64>)> {
    let fallout = outcomes.iter().enumerate().flat_map(|(part, it)| job.fallout(part, it));
    let refused = |(slot, it)| match it {
        Fallout::Refused { code } => Some((slot, code)),
        _ => None,
    };
    fallout.filter_map(refused).collect()
}

/// Says of a result that what it returns has lost the key that its message brought: no result holds a
/// key.
pub(super) fn warn_of_the_key(output: &mut Value) {
    let Some(output) = output.as_object_mut().filter(|it| it.contains_key("retry")) else { return };
    let warnings = output.entry("warnings").or_insert_with(|| json!([]));
    if let Some(warnings) = warnings.as_array_mut() {
        let said = "retry: the message had a keyid of its own; put it in again, or the configured \
                    account pays";
        warnings.push(said.into());
    }
}
