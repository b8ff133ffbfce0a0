//! What was told as not sent, by a result that returned it or by an error: whoever reads that sends it by
//! another message, and knows nothing of a copy that comes again.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::Engine;
use super::call::Call;
use super::claim::unclaimable;
use super::memory::{Amnesia, CLOCKS_DIFFER, Remembered, id_of};
use super::past::History;
use crate::component::{
    Claim, Error, Fallout, GIVEN_UP, Job, Kept, Known, Message, Outcome, Past, Problem, RETURNED,
    Reason, Slot, Wanted,
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
    pub(super) fn problem(self) -> Problem {
        let said = match self {
            Self::Returned => "an earlier result of this message returned it: send its retry",
            Self::GivenUp => "another copy of this message was told as not sent: post it again",
        };
        Problem::new(Reason::Unavailable, said)
    }
}

impl Engine {
    /// Remembers of a message that was put back that it is told as not sent, for good: from now on no
    /// copy of it is sent that was put back before. False if one has been by now, or is being sent: then
    /// that is to be told.
    ///
    /// # Errors
    /// When that cannot be remembered, or the journal not be read: then nothing may be told.
    pub async fn give_up(&self, message: &Message) -> Result<bool, Amnesia> {
        let id = id_of(message);
        let give_up = async {
            let Some(remembered) = self.remembered(&message.body, id.as_deref(), None).await?
            else {
                return Ok(true);
            };
            self.mark(remembered, GIVEN_UP, None).await?;
            let past = remembered.recall().await?;
            Ok(past.iter().all(|it| [GIVEN_UP, RETURNED].contains(&it.slot)))
        };
        if !self.bound.acts_once() {
            return Ok(true);
        }
        give_up.await.map_err(|it: Error| unclaimable(&it))
    }

    /// Remembers what was told of a message, in a slot of its own.
    async fn mark(
        &self,
        remembered: Remembered<'_>,
        slot: u32,
        data: Option<Box<str>>,
    ) -> Result<(), Error> {
        let slots = [Slot { index: slot, tel: "", tracker: None }];
        let wanted = Wanted {
            message: remembered.key,
            scope: remembered.scope,
            action: self.name,
            account: None,
            slots: &slots,
            // Whoever died before it was recorded has told nothing; this one is the first.
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
        let kept = Kept { at: Timestamp::now(), code: None, parts: None, data };
        remembered.journal.record(ticket, &[(slot, Fallout::Accepted(kept))]).await
    }
}

impl Call<'_> {
    /// Where it is remembered what a result of this message returned, if one does.
    pub(super) fn returns_to(&self, job: &dyn Job) -> Option<Remembered<'_>> {
        self.remembered.filter(|it| it.comes_again() && job.returns())
    }

    /// Where it is remembered that the message was told as not sent, which leaves it to others. Its own
    /// body may ask for it all the same.
    pub(super) fn leaves_to(&self, job: &dyn Job) -> Option<Remembered<'_>> {
        let may_be_left = job.returns() || self.came.put_back_since.is_some();
        self.remembered.filter(|it| it.comes_again() && may_be_left && !self.asked)
    }

    /// Why nothing more of the message is sent, if it was told as not sent.
    pub(super) async fn withdrawn(&self, job: &dyn Job) -> Option<Withdrawn> {
        match self.read_past(self.leaves_to(job)?).await {
            Ok(history) => self.withdrawn_by(&history, job),
            Err(error) => {
                // Whatever is claimed all the same is looked at once more.
                tracing::warn!(%error, "the journal cannot be read");
                None
            }
        }
    }

    fn withdrawn_by(&self, history: &History, job: &dyn Job) -> Option<Withdrawn> {
        if job.returns() && history.refused.is_some() {
            return Some(Withdrawn::Returned);
        }
        self.is_given_up(history).then_some(Withdrawn::GivenUp)
    }

    /// Whether the message was put back before it was told as not sent. One that somebody has posted
    /// since, and that was put back in its turn, is another one.
    fn is_given_up(&self, history: &History) -> bool {
        let times = self.came.put_back_since.zip(history.given_up);
        times.is_some_and(|(since, given_up)| since <= given_up + CLOCKS_DIFFER)
    }

    /// The same, of what has been told since the message came: what is said of its request then.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub(super) async fn withdrawn_meanwhile(
        &self,
        job: &mut dyn Job,
        index: usize,
    ) -> Result<Option<Outcome>, Error> {
        let Some(remembered) = self.leaves_to(job) else { return Ok(None) };
        let mut history = self.read_past(remembered).await?;
        let Some(withdrawn) = self.withdrawn_by(&history, job) else { return Ok(None) };
        // Its own claim is to be given back.
        history.forget(&job.slots(index));
        Ok(Some(self.unmade_after(&history, job, index, withdrawn.problem())))
    }

    /// Remembers that the result which is told next returns what was not sent, if it does, and what it
    /// says of others. Whoever tells it has to look once more then: somebody else may have claimed some
    /// of it before that.
    ///
    /// # Errors
    /// When that cannot be remembered: then nothing may be told as not sent.
    pub(super) async fn give_back(&self, job: &dyn Job, outcomes: &[Outcome]) -> Result<(), Error> {
        let Some(remembered) = self.returns_to(job) else { return Ok(()) };
        let refused = json!({ REFUSED: refusals(job, outcomes) });
        self.engine.mark(remembered, RETURNED, Some(refused.to_string().into())).await
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
fn refusals(job: &dyn Job, outcomes: &[Outcome]) -> Vec<(u32, Option<i64>)> {
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
