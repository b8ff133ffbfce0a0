//! Before anything is told as not sent, the journal is asked: an earlier delivery may have sent it, or
//! another worker since this one asked last. A false "not sent" is an invitation to send twice.

use super::call::{Call, is_once};
use super::claim::unclaimable;
use super::memory::Remembered;
use super::past::{History, delivered_before};
use crate::component::{Error, Job, Known, Mode, Outcome, PartInfo, Problem, Reason, Slot};

impl Call<'_> {
    /// Asks the journal of all that is about to be told as not sent, or was refused without a call.
    /// Where the result of the message returns what was not sent, that is remembered first.
    ///
    /// # Errors
    /// When the journal fails, and the message comes again: then nothing may be told.
    pub(super) async fn settle_the_unsent(
        &self,
        job: &mut dyn Job,
        parts: &[PartInfo],
        outcomes: &mut [Outcome],
    ) -> Result<(), Error> {
        let unsent: Vec<usize> = parts
            .iter()
            .zip(&*outcomes)
            .enumerate()
            .filter(|(_, (part, outcome))| is_once(part) && outcome.may_be_tried_again())
            .map(|it| it.0)
            .collect();
        let live = self.engine.mode == Mode::Live;
        if !live || unsent.is_empty() && job.left_out().is_empty() {
            return Ok(());
        }
        let Some(remembered) = self.remembered else {
            if self.came.in_doubt {
                doubt_all(outcomes, &unsent, &delivered_before());
                doubt_left_out(job);
            }
            return Ok(());
        };
        let given = match unsent.as_slice() {
            [] => Ok(()),
            _ => self.give_back(job, outcomes).await,
        };
        let given = self.or_told(remembered, given)?;
        let read = self.or_told(remembered, self.read_past(remembered).await)?;
        let is_read = read.is_some();
        if let Some(history) = read {
            self.settle_by(&history, job, outcomes, &unsent);
        }
        let is_certain = given.is_some() && (is_read || self.is_new(remembered));
        if !is_certain {
            doubt_the_rest(job, outcomes, &unsent, is_read);
        }
        Ok(())
    }

    /// What the journal has answered, or nothing where it fails and the message is told all the same.
    ///
    /// # Errors
    /// When it fails, and the message comes again.
    fn or_told<T>(
        &self,
        remembered: Remembered<'_>,
        answered: Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        let error = match answered {
            Ok(answer) => return Ok(Some(answer)),
            Err(error) => error,
        };
        tracing::warn!(%error, "the journal cannot be asked");
        if remembered.comes_again() {
            self.forgets(remembered, unclaimable(&error));
            if !self.must_be_told() {
                return Err(error);
            }
        }
        Ok(None)
    }

    fn settle_by(
        &self,
        history: &History,
        job: &mut dyn Job,
        outcomes: &mut [Outcome],
        unsent: &[usize],
    ) {
        for index in unsent {
            let outcome = &mut outcomes[*index];
            let (Outcome::NotSent(why) | Outcome::Refused(why)) = &*outcome else { continue };
            let now = self.unmade_after(history, job, *index, why.clone());
            if !matches!(now, Outcome::NotSent(_)) {
                *outcome = now;
            }
        }
        let left_out = job.left_out();
        let mut known = self.known_of(&left_out, history);
        if self.came.in_doubt {
            known = in_doubt(&left_out).into_iter().chain(known).collect();
        }
        drop(left_out);
        job.restate(known);
    }
}

/// Calls nothing unsent that the journal could not be asked of, or that it could not be told of: what is
/// not remembered as returned may be sent when the message comes again.
fn doubt_the_rest(job: &mut dyn Job, outcomes: &mut [Outcome], unsent: &[usize], is_read: bool) {
    let said = "the journal fails, and cannot say whether this is sent by another delivery of the \
                message";
    let doubt = Outcome::InDoubt(Problem::new(Reason::Unavailable, said));
    let rest = unsent.iter().copied().filter(|it| outcomes[*it].may_be_tried_again());
    let rest: Vec<usize> = rest.collect();
    doubt_all(outcomes, &rest, &doubt);
    if !is_read {
        doubt_left_out(job);
    }
}

fn doubt_all(outcomes: &mut [Outcome], unsent: &[usize], doubt: &Outcome) {
    for index in unsent {
        outcomes[*index] = doubt.clone();
    }
}

/// Nothing is known of what was refused without a call.
fn doubt_left_out(job: &mut dyn Job) {
    let left_out = in_doubt(&job.left_out());
    job.restate(left_out);
}

fn in_doubt(slots: &[Slot<'_>]) -> Vec<(u32, Known)> {
    let since = jiff::Timestamp::now();
    let unknown = |it: &Slot<'_>| (it.index, Known::Unknown { since, tracker: None });
    slots.iter().map(unknown).collect()
}
