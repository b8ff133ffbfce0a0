//! What earlier deliveries of a message did, and other workers: asked of the journal each time that
//! something hangs on it, since it changes.

use std::collections::HashMap;

use jiff::Timestamp;

use super::call::{Call, Came, is_once};
use super::ids::used_for_others;
use super::memory::Remembered;
use super::returned::refused_in;
use crate::component::{
    AccountMark, Difference, Error, GIVEN_UP, Job, Known, NumberHash, Outcome, PartInfo, Past,
    Problem, RETURNED, Reason, Slot,
};

/// What is remembered of a message.
pub(super) struct History {
    slots: HashMap<u32, Past>,
    /// Where each number stood: more than once, when two messages of one id claimed it at one moment.
    places: HashMap<NumberHash, Vec<u32>>,
    /// What was refused in a result that returned the rest, if there was one.
    pub(super) refused: Option<HashMap<u32, Option<i64>>>,
    /// When it was told as not sent, for good.
    pub(super) given_up: Option<Timestamp>,
}

impl History {
    pub(super) fn new(past: Vec<Past>) -> Self {
        let mut places: HashMap<_, Vec<u32>> = HashMap::new();
        for (number, slot) in past.iter().filter_map(|it| Some((it.number?, it.slot))) {
            places.entry(number).or_default().push(slot);
        }
        let mut slots: HashMap<u32, Past> = past.into_iter().map(|it| (it.slot, it)).collect();
        let refused = slots.get(&RETURNED).map(refused_in);
        let given_up = slots.remove(&GIVEN_UP).map(|it| it.at);
        Self { slots, places, refused, given_up }
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

    /// Whether somebody is calling a slot.
    fn is_busy(&self, slot: u32) -> bool {
        self.slots.get(&slot).is_some_and(|it| it.known.is_none())
    }

    /// What a slot was called with that is another now.
    fn difference(
        &self,
        slot: u32,
        number: Option<NumberHash>,
        account: Option<AccountMark>,
    ) -> Option<Difference> {
        let past = self.slots.get(&slot)?;
        if past.number.is_some() && past.number != number {
            return Some(Difference::Number { ending: past.last_digits.clone() });
        }
        let both = past.account.zip(account);
        both.is_some_and(|(before, now)| before != now).then_some(Difference::Account)
    }

    /// Whether this slot was another number's, or this number had another slot, which is not its own
    /// by now: `now` says whose a slot is.
    pub(super) fn is_for_others(
        &self,
        slot: u32,
        number: Option<NumberHash>,
        now: impl Fn(u32) -> Option<NumberHash>,
    ) -> bool {
        let before = self.slots.get(&slot).and_then(|it| it.number);
        let places = number.and_then(|it| self.places.get(&it));
        let is_anothers = |place: &u32| *place != slot && now(*place) != number;
        before.is_some_and(|it| Some(it) != number)
            || places.is_some_and(|it| it.iter().any(is_anothers))
    }

    /// Whether this number may have been called, at whatever place; but not by the claim that this
    /// slot has now.
    pub(super) fn has_called(&self, slot: u32, number: Option<NumberHash>) -> bool {
        let places = number.and_then(|it| self.places.get(&it));
        places.is_some_and(|it| it.iter().any(|place| *place != slot || !self.is_busy(slot)))
    }
}

impl Remembered<'_> {
    /// Whether nobody can have sent anything of a message that came so, whatever the journal would say:
    /// it is the first delivery, in a new run, and nobody else claims beside this process.
    pub(super) fn is_new(&self, came: Came) -> bool {
        !self.earlier && !came.before && !self.journal.is_shared()
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

impl Call<'_> {
    /// Whether an earlier delivery of these requests, or another worker, may have sent anything, or be
    /// at it.
    pub(super) async fn may_have_a_past(&self, parts: &[PartInfo]) -> bool {
        if !parts.iter().any(is_once) {
            return false;
        }
        let Some(remembered) = self.remembered else { return self.came.in_doubt };
        self.came.in_doubt
            || match self.read_past(remembered).await {
                Ok(history) => !history.slots.is_empty(),
                Err(error) => {
                    tracing::warn!(%error, "the journal cannot be read");
                    !self.is_new(remembered)
                }
            }
    }

    /// Whether nobody can have sent anything of this message, whatever the journal would say.
    pub(super) fn is_new(&self, remembered: Remembered<'_>) -> bool {
        remembered.is_new(self.came) && !self.has_doubted()
    }

    /// Settles what was sent in an earlier run, before anybody is asked whether the rest may be sent.
    /// Says of each request what became of it, if nothing of it is left.
    ///
    /// # Errors
    /// When the id was used for other recipients.
    pub(super) async fn settle_the_past(
        &self,
        job: &mut dyn Job,
        parts: &[PartInfo],
    ) -> Result<Vec<Option<Outcome>>, Error> {
        let mut outcomes = vec![None; parts.len()];
        let Some(remembered) = self.remembered.filter(|it| it.earlier) else {
            return Ok(outcomes);
        };
        let history = match self.read_past(remembered).await {
            Ok(history) => history,
            Err(error) => {
                // What cannot be read cannot be claimed either.
                tracing::warn!(%error, "the journal cannot be read");
                return Ok(outcomes);
            }
        };
        for (index, outcome) in outcomes.iter_mut().enumerate() {
            if remembered.by_id() && self.is_for_others(job, index, &history) {
                let called = (0..parts.len()).any(|it| self.has_called(job, it, &history));
                let error = used_for_others(called);
                if !self.came.in_doubt {
                    return Err(error);
                }
                let said = format!("{STILL_IN_DOUBT}{}", error.what);
                *outcome = Some(Outcome::InDoubt(Problem::new(Reason::Other, said)));
                continue;
            }
            let mut known = self.known_of(&self.slots(job, index), &history);
            known.retain(|it| !self.resend || !matches!(it.1, Known::Unknown { .. }));
            if !known.is_empty() {
                *outcome = job.settle(index, known);
            }
        }
        Ok(outcomes)
    }

    /// Whether another worker of this run has begun with the message: it goes on with the rest.
    fn others_are_at(&self, history: &History) -> bool {
        let Some(remembered) = self.remembered.filter(|it| it.journal.is_shared()) else {
            return false;
        };
        let own = self.claimed();
        let others = history.slots.values().filter(|it| !own.contains(&it.slot));
        others
            .filter(|it| it.slot != RETURNED)
            .any(|it| it.known.is_none() || it.at >= remembered.since)
    }

    /// What is said of a request that is not made: not sent, unless the journal knows that it was, or
    /// may have been.
    pub(super) fn unmade_after(
        &self,
        history: &History,
        job: &mut dyn Job,
        index: usize,
        why: Problem,
    ) -> Outcome {
        let goes_on = self.returns_to(job).is_none() && self.others_are_at(history);
        let slots = self.slots(job, index);
        let busy = goes_on || slots.iter().any(|it| history.is_busy(it.index));
        let known = self.known_of(&slots, history);
        drop(slots);
        if !known.is_empty()
            && let Some(outcome) = job.settle(index, known)
        {
            return outcome;
        }
        match (busy, self.came.in_doubt) {
            (true, _) => self.in_other_hands(),
            (false, true) => {
                let said = format!("{STILL_IN_DOUBT}{}", why.message);
                Outcome::InDoubt(Problem {
                    quotes: why.quotes,
                    ..Problem::new(Reason::Unavailable, said)
                })
            }
            (false, false) => Outcome::NotSent(why),
        }
    }

    /// The same of a request that somebody else was making when the waiting for it ended.
    pub(super) async fn unmade_elsewhere(
        &self,
        remembered: Remembered<'_>,
        job: &mut dyn Job,
        index: usize,
    ) -> Outcome {
        if self.postponed().is_some() {
            return self.in_other_hands();
        }
        let Ok(history) = self.read_past(remembered).await else { return self.in_other_hands() };
        if let Some(conflict) = self.conflict_in(job, index, &history) {
            return conflict;
        }
        let known = self.known_of(&self.slots(job, index), &history);
        if known.is_empty() {
            return self.in_other_hands();
        }
        job.settle(index, known).unwrap_or_else(|| self.in_other_hands())
    }

    /// The outcome of what is claimed, and not by a call of this delivery.
    fn in_other_hands(&self) -> Outcome {
        let unrecorded = self.amnesia().filter(|it| it.unrecorded);
        let said = unrecorded.map_or_else(|| ELSEWHERE.to_owned(), |it| it.why);
        Outcome::InDoubt(Problem::new(Reason::Unavailable, said))
    }

    /// What is known of these slots.
    pub(super) fn known_of(&self, slots: &[Slot<'_>], history: &History) -> Vec<(u32, Known)> {
        let known = |slot: &Slot<'_>| {
            let known = history.known(slot.index)?;
            Some((slot.index, self.compared(slot, history, known)))
        };
        slots.iter().filter_map(known).collect()
    }

    /// What is known of a slot, or that it was another number's or another account's. A person who
    /// asks for it has what is in doubt sent on any account.
    pub(super) fn compared(&self, slot: &Slot<'_>, history: &History, known: Known) -> Known {
        let Some(Remembered { journal, .. }) = self.remembered else { return known };
        let accepted = matches!(known, Known::Accepted(_));
        let account = self.account.filter(|_| accepted || !self.asked);
        let account = account.map(|it| journal.account(&it));
        match history.difference(slot.index, journal.number(slot.tel), account) {
            Some(difference) => Known::Changed { difference, accepted },
            None => known,
        }
    }

    /// Whether what is known of the message is told now, whatever comes.
    pub(super) fn must_be_told(&self) -> bool {
        // What was not recorded is told now, or never; what has ended in doubt just now, and was asked
        // for, would be sent again unseen.
        self.amnesia().is_some_and(|it| it.unrecorded) || self.asked && self.has_doubted()
    }

    /// Why nothing is said of the message: it comes again, and will be told from the journal then.
    pub(super) fn postponed(&self) -> Option<String> {
        self.remembered.filter(|it| it.comes_again() && !self.must_be_told())?;
        match self.amnesia() {
            Some(amnesia) => Some(amnesia.why),
            None => self.is_elsewhere().then(|| ELSEWHERE.to_owned()),
        }
    }
}

/// Comes before the reason why a line in doubt is not sent now.
pub(super) const STILL_IN_DOUBT: &str = "an earlier try of it ended in doubt; this one: ";
