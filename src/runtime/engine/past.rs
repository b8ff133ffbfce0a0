//! What earlier deliveries of a message did: asked before anything is said of a request that this one
//! does not make.

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use super::call::Call;
use super::ids::used_for_others;
use super::returned::refused_in;
use crate::component::{
    Connection, Effect, Error, Job, Known, NumberHash, Outcome, PartInfo, Past, Problem, RETURNED,
    Reason, Slot,
};

/// What is remembered of a message.
pub(super) struct History {
    slots: HashMap<u32, Past>,
    /// Where each number stood: more than once, when two messages of one id claimed it at one moment.
    places: HashMap<NumberHash, Vec<u32>>,
    /// What was refused in a result that returned the rest, if there was one.
    pub(super) refused: Option<HashMap<u32, Option<i64>>>,
}

impl History {
    pub(super) fn new(past: Vec<Past>) -> Self {
        let mut places: HashMap<_, Vec<u32>> = HashMap::new();
        for (number, slot) in past.iter().filter_map(|it| Some((it.number?, it.slot))) {
            places.entry(number).or_default().push(slot);
        }
        let slots: HashMap<u32, Past> = past.into_iter().map(|it| (it.slot, it)).collect();
        let refused = slots.get(&RETURNED).map(refused_in);
        Self { slots, places, refused }
    }

    /// Whether somebody is about to return something.
    pub(super) fn is_being_returned(&self) -> bool {
        self.slots.get(&RETURNED).is_some_and(|it| it.known.is_none())
    }

    /// Leaves out what this delivery is about to give back.
    pub(super) fn forget(&mut self, slots: &[Slot<'_>]) {
        for slot in slots {
            self.slots.remove(&slot.index);
        }
    }

    /// What is known of a slot.
    fn known(&self, slot: u32) -> Option<Known> {
        let refused = || Some(Known::Refused { code: *self.refused.as_ref()?.get(&slot)? });
        self.slots.get(&slot).and_then(|it| it.known.clone()).or_else(refused)
    }

    /// Whether this slot was another number's, or this number had another slot.
    pub(super) fn is_for_others(&self, slot: u32, number: Option<NumberHash>) -> bool {
        let before = self.slots.get(&slot).and_then(|it| it.number);
        let places = number.and_then(|it| self.places.get(&it));
        before.is_some_and(|it| Some(it) != number)
            || places.is_some_and(|it| it.iter().any(|place| *place != slot))
    }
}

/// What is said of a message that another process has in hand.
pub(super) const ELSEWHERE: &str = "somebody else is sending this same message";

/// The outcome of what may have been sent by an earlier delivery, where there is no journal.
pub(super) fn delivered_before() -> Outcome {
    let said = "this message was delivered before, and without a journal nobody knows whether it \
                was sent";
    Outcome::InDoubt(Problem::new(Reason::Unavailable, said))
}

/// The outcome of what another process has in hand.
fn elsewhere() -> Outcome {
    Outcome::InDoubt(Problem::new(Reason::Unavailable, ELSEWHERE))
}

impl<C: Connection> Call<'_, C> {
    /// What the journal knows of the message; `None` if it cannot be read. It is asked once: of
    /// requests that this delivery has not made, nothing changes.
    pub(super) async fn history(&self) -> Option<&History> {
        let remembered = self.remembered?;
        let asked = async {
            match self.read_past(remembered).await {
                Ok(history) => Some(history),
                Err(error) => {
                    tracing::warn!(%error, "the journal cannot be read");
                    None
                }
            }
        };
        self.past.get_or_init(|| asked).await.as_ref()
    }

    /// Whether an earlier delivery may have sent anything, or be at it.
    pub(super) fn may_have_a_past(&self) -> bool {
        self.came.in_doubt
            || match self.past.get() {
                Some(Some(history)) => !history.slots.is_empty(),
                Some(None) => true,
                None => false,
            }
    }

    /// Settles what was sent in an earlier run, before anybody is asked whether the rest may be sent.
    /// Says of each request what became of it, if nothing of it is left.
    ///
    /// # Errors
    /// When the id was used for other recipients.
    pub(super) async fn settle_the_past(
        &self,
        job: &mut dyn Job<C>,
        parts: &[PartInfo],
    ) -> Result<Vec<Option<Outcome>>, Error> {
        let mut outcomes = vec![None; parts.len()];
        let Some(remembered) = self.remembered.filter(|it| it.earlier) else {
            return Ok(outcomes);
        };
        // What cannot be read cannot be claimed either.
        let Some(history) = self.history().await else { return Ok(outcomes) };
        for (index, outcome) in outcomes.iter_mut().enumerate() {
            if remembered.by_id() && self.is_for_others(job, index, history) {
                if !self.came.in_doubt {
                    return Err(used_for_others());
                }
                let said = still_in_doubt(&used_for_others().what);
                *outcome = Some(Outcome::InDoubt(Problem::new(Reason::Other, said)));
                continue;
            }
            let mut known = known(job, index, history);
            known.retain(|it| !self.resend || matches!(it.1, Known::Accepted(_)));
            if !known.is_empty() {
                *outcome = job.settle(index, known);
            }
        }
        Ok(outcomes)
    }

    /// What is said of a request that is not made now: not sent, unless an earlier delivery has made
    /// it, or may have.
    pub(super) async fn unmade(
        &self,
        job: &mut dyn Job<C>,
        index: usize,
        part: &PartInfo,
        why: Problem,
    ) -> Outcome {
        if part.effect != Effect::Once || self.postponed().is_some() {
            return Outcome::NotSent(why);
        }
        let Some(remembered) = self.remembered else {
            return if self.came.in_doubt { delivered_before() } else { Outcome::NotSent(why) };
        };
        let Some(history) = self.history().await else {
            let doubted = self.doubted.load(Ordering::Relaxed);
            if !self.came.before && !remembered.earlier && !self.asked && !doubted {
                return Outcome::NotSent(why);
            }
            let said = "this message came before, and the journal cannot say whether it was sent";
            return Outcome::InDoubt(Problem::new(Reason::Unavailable, said));
        };
        self.unmade_after(history, job, index, why)
    }

    /// The same, by what is remembered of the message.
    pub(super) fn unmade_after(
        &self,
        history: &History,
        job: &mut dyn Job<C>,
        index: usize,
        why: Problem,
    ) -> Outcome {
        let is_busy = |index: u32| history.slots.get(&index).is_some_and(|it| it.known.is_none());
        let busy = job.slots(index).iter().any(|it| is_busy(it.index));
        let known = known(job, index, history);
        if !known.is_empty()
            && let Some(outcome) = job.settle(index, known)
        {
            return outcome;
        }
        match (busy, self.came.in_doubt) {
            (true, _) => elsewhere(),
            (false, true) => {
                Outcome::InDoubt(Problem::new(Reason::Unavailable, still_in_doubt(&why.message)))
            }
            (false, false) => Outcome::NotSent(why),
        }
    }

    /// The same of a request that somebody else was making when the waiting for it ended.
    pub(super) async fn unmade_elsewhere(&self, job: &mut dyn Job<C>, index: usize) -> Outcome {
        let known = match self.history().await {
            Some(history) if self.postponed().is_none() => known(job, index, history),
            _ => Vec::new(),
        };
        if known.is_empty() {
            return elsewhere();
        }
        job.settle(index, known).unwrap_or_else(elsewhere)
    }

    /// Whether what is known of the message is told now, whatever comes.
    pub(super) fn must_be_told(&self) -> bool {
        // What was not recorded is told now, or never; what has ended in doubt just now, and was asked
        // for, would be sent again unseen.
        self.amnesia().is_some_and(|it| it.unrecorded)
            || self.asked && self.doubted.load(Ordering::Relaxed)
    }

    /// Why nothing is said of the message: it comes again, and will be told from the journal then.
    pub(super) fn postponed(&self) -> Option<String> {
        self.remembered.filter(|it| it.comes_again() && !self.must_be_told())?;
        match self.amnesia() {
            Some(amnesia) => Some(amnesia.why),
            None => self.elsewhere.load(Ordering::Relaxed).then(|| ELSEWHERE.to_owned()),
        }
    }
}

/// What is said of a line in doubt that is not sent now.
fn still_in_doubt(why: &str) -> String {
    format!("an earlier try of it ended in doubt; this one: {why}")
}

/// What is known of the slots of a request.
fn known<C>(job: &dyn Job<C>, index: usize, history: &History) -> Vec<(u32, Known)> {
    let slots = job.slots(index);
    let of = |index: u32| Some((index, history.known(index)?));
    slots.iter().filter_map(|it| of(it.index)).collect()
}
