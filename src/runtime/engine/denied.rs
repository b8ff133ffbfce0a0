//! A message that is refused before it is planned: wrong, or wrong for the settings of today. What an
//! earlier delivery has done under others is not denied for that.

use jiff::Timestamp;
use serde_json::Value;

use super::call::Came;
use super::claim::unclaimable;
use super::memory::Remembered;
use super::past::STILL_IN_DOUBT;
use super::{Engine, Verdict};
use crate::component::{Error, GIVEN_UP, Kind, Known, Mode, Past, RETURNED, Task, Work};

impl Engine {
    /// Checks and plans a message. One that was claimed before, by an earlier delivery, is planned as
    /// of then, if it would be refused today: its date may have passed since it was accepted.
    pub(super) async fn plan(
        &self,
        body: Value,
        remembered: Option<Remembered<'_>>,
        came: Came,
    ) -> Result<Task, Box<Verdict>> {
        let Some(remembered) = remembered else {
            let task = self.bound.prepare(body, Timestamp::now());
            return task.map_err(|it| Box::new(self.doubted(came, it).into()));
        };
        let mut task = match self.bound.prepare(body.clone(), Timestamp::now()) {
            Ok(task) => task,
            Err(error) => {
                let past = self.past_of(remembered, came, &error).await?;
                let then = past.iter().map(|it| it.at).min();
                let task = then.and_then(|it| self.bound.prepare(body, it).ok());
                task.ok_or_else(|| Box::new(self.denied(&past, came, error).into()))?
            }
        };
        if let Work::Calls(job) = &mut task.work {
            job.track(remembered.key);
        }
        Ok(task)
    }

    /// What is said of a message that is refused as a whole.
    pub(super) async fn refuse(
        &self,
        remembered: Option<Remembered<'_>>,
        came: Came,
        error: Error,
    ) -> Verdict {
        let Some(remembered) = remembered else { return self.doubted(came, error).into() };
        match self.past_of(remembered, came, &error).await {
            Ok(past) => self.denied(&past, came, error).into(),
            Err(verdict) => *verdict,
        }
    }

    /// What the journal knows of a message that is refused.
    async fn past_of(
        &self,
        remembered: Remembered<'_>,
        came: Came,
        error: &Error,
    ) -> Result<Vec<Past>, Box<Verdict>> {
        if !self.bound.acts_once() {
            return Ok(Vec::new());
        }
        let unread = match remembered.recall().await {
            Ok(mut past) => {
                past.retain(|it| it.slot != GIVEN_UP);
                return Ok(past);
            }
            Err(unread) => unread,
        };
        tracing::warn!(error = %unread, "the journal cannot be read");
        if remembered.comes_again() {
            let amnesia = Some(unclaimable(&unread));
            let error = Error::new(Kind::NotSent, unread.what);
            return Err(Box::new(Verdict { amnesia, ..error.into() }));
        }
        if remembered.is_new(came) {
            return Ok(Vec::new());
        }
        let said = "the journal cannot say whether an earlier try of this message was sent";
        Err(Box::new(refused_now(said, error.clone()).into()))
    }

    /// The error of a message with this past, of which nothing is sent now.
    fn denied(&self, past: &[Past], came: Came, error: Error) -> Error {
        match what_happened(past) {
            Some(said) => refused_now(&said, error),
            None => self.doubted(came, error),
        }
    }

    /// The same without a past that the journal knows of.
    fn doubted(&self, came: Came, error: Error) -> Error {
        if !came.in_doubt || !self.bound.acts_once() || self.mode == Mode::DryRun {
            return error;
        }
        unknown(STILL_IN_DOUBT, error)
    }
}

/// An error that says what happened before, and why nothing happens now.
fn refused_now(before: &str, now: Error) -> Error {
    unknown(&format!("{before}; as things are now, it is refused: "), now)
}

fn unknown(before: &str, now: Error) -> Error {
    let Error { what, own, field, .. } = now;
    Error { field, own, ..Error::new(Kind::Unknown, what) }.after(before)
}

/// What is known of earlier tries, in words; nothing, if there were none.
fn what_happened(past: &[Past]) -> Option<String> {
    let is_accepted = |it: &&Past| matches!(it.known, Some(Known::Accepted(_)));
    let (returned, past): (Vec<_>, Vec<_>) = past.iter().partition(|it| it.slot == RETURNED);
    let Some(at) = past.iter().map(|it| it.at).min() else {
        let said = "an earlier result of this message returned it, to be sent by its retry";
        return (!returned.is_empty()).then(|| said.to_owned());
    };
    let accepted = past.iter().copied().filter(|it| is_accepted(it)).count();
    let of = match (accepted, past.len()) {
        (_, 1) => String::new(),
        (0, all) => format!("{all} recipients, "),
        (some, all) if some < all => format!("{some} of {all} recipients, "),
        (all, _) => format!("{all} recipients, "),
    };
    let became = if accepted > 0 { "was accepted" } else { "may have been sent" };
    Some(format!("an earlier try of this message {became} ({of}at {at:.0})"))
}
