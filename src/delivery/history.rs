//! What the journal remembers of a message, and what that says of its slots.

use std::cell::LazyCell;
use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::facts::IdUse;
use super::memory::Record;
use crate::component::{
    Account, AccountMark, Difference, GIVEN_UP, Job, Known, NumberHash, Past, RETURNED, Slot, WHOLE,
};

/// What is remembered of a message. It changes at any moment, since others may write: it is read again
/// each time that something hangs on it.
pub(super) struct History {
    slots: HashMap<u32, Past>,
    /// Where each number stood: more than once, when two messages of one id claimed it at one moment.
    places: HashMap<NumberHash, Vec<u32>>,
    /// What was refused in a result that returned the rest, if there was one.
    refused: Option<HashMap<u32, Option<i64>>>,
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

    /// True if nothing of the message was called, or is being called, or was returned.
    pub(super) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// True if a result has returned what was not sent.
    pub(super) fn was_returned(&self) -> bool {
        self.refused.is_some()
    }

    /// True if somebody is about to return something.
    pub(super) fn is_being_returned(&self) -> bool {
        self.is_busy(RETURNED)
    }

    /// True if somebody is calling a slot.
    pub(super) fn is_busy(&self, slot: u32) -> bool {
        self.slots.get(&slot).is_some_and(|it| it.known.is_none())
    }

    /// True if another worker has begun with the message since this time, or is calling a slot that
    /// is not one of these.
    pub(super) fn has_others(&self, own: &[u32], since: Timestamp) -> bool {
        let others = self.slots.values().filter(|it| !own.contains(&it.slot));
        others.filter(|it| it.slot != RETURNED).any(|it| it.known.is_none() || it.at >= since)
    }

    fn known(&self, slot: u32) -> Option<Known> {
        let refused = || Some(Known::Refused { code: *self.refused.as_ref()?.get(&slot)? });
        self.slots.get(&slot).and_then(|it| it.known.clone()).or_else(refused)
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

    /// True if this slot was another number's, or this number had another slot, which is not its own
    /// by now: `now` says whose a slot is.
    fn is_for_others(
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

    /// True if this number may have been called, at whatever place; but not by the claim that this
    /// slot has now.
    fn has_called(&self, slot: u32, number: Option<NumberHash>) -> bool {
        let places = number.and_then(|it| self.places.get(&it));
        places.is_some_and(|it| it.iter().any(|place| *place != slot || !self.is_busy(slot)))
    }
}

/// The member of what is remembered of a result that returned something: slots, with their codes.
pub(super) const REFUSED: &str = "refused";

/// What a result that returned something refused: slots, with their codes. Whoever died before it was
/// recorded has told nothing.
fn refused_in(returned: &Past) -> HashMap<u32, Option<i64>> {
    let Some(Known::Accepted(kept)) = &returned.known else { return HashMap::new() };
    let data = kept.data.as_deref().and_then(|it| serde_json::from_str(it).ok());
    let refused = data.and_then(|mut it: Map<String, Value>| it.remove(REFUSED));
    let refused: Option<Vec<_>> = refused.and_then(|it| serde_json::from_value(it).ok());
    refused.unwrap_or_default().into_iter().collect()
}

/// Whose a message is, to compare with what the journal remembers of it.
pub(super) struct Identity<'a> {
    pub(super) record: Record<'a>,
    /// Whose key its requests carry, if that is known.
    pub(super) account: Option<Account>,
    /// A hash of what it is for, where the id alone tells what is the same.
    pub(super) purpose: Option<String>,
    /// Whether its body asks to send what may have been sent.
    pub(super) asked: bool,
}

impl Identity<'_> {
    /// The slots of a request. Where the id tells what is the same, what has no number is marked with
    /// what it was used for.
    pub(super) fn slots<'s>(&'s self, job: &'s dyn Job, request: usize) -> Vec<Slot<'s>> {
        let mut slots = job.slots(request);
        if let Some(purpose) = &self.purpose {
            let whole = slots.iter_mut().filter(|it| it.index == WHOLE);
            whole.for_each(|it| it.tel = purpose);
        }
        slots
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
        let journal = self.record.journal;
        let accepted = matches!(known, Known::Accepted(_));
        let account = self.account.filter(|_| accepted || !self.asked);
        let account = account.map(|it| journal.account(&it));
        match history.difference(slot.index, journal.number(slot.tel), account) {
            Some(difference) => Known::Changed { difference, accepted },
            None => known,
        }
    }

    /// Whose the id is, as far as this request tells; `among` are the requests of which it is asked
    /// whether some of it was sent.
    pub(super) fn id_use(
        &self,
        job: &dyn Job,
        request: usize,
        among: impl IntoIterator<Item = usize>,
        history: &History,
    ) -> IdUse {
        let number = |tel: &str| self.record.journal.number(tel);
        let is_by_id = self.purpose.is_some();
        if !is_by_id || !self.is_for_others(job, request, history) {
            return IdUse::Own;
        }
        let has_called = |request: usize| {
            let slots = self.slots(job, request);
            slots.iter().any(|it| history.has_called(it.index, number(it.tel)))
        };
        if among.into_iter().any(has_called) { IdUse::OthersAndThese } else { IdUse::Others }
    }

    fn is_for_others(&self, job: &dyn Job, request: usize, history: &History) -> bool {
        let number = |tel: &str| self.record.journal.number(tel);
        // Several texts for one number have a slot each.
        let everyone = LazyCell::new(|| -> HashMap<u32, &str> {
            job.everyone().into_iter().map(|it| (it.index, it.tel)).collect()
        });
        let now = |slot: u32| everyone.get(&slot).and_then(|tel| number(tel));
        let slots = self.slots(job, request);
        slots.iter().any(|it| history.is_for_others(it.index, number(it.tel), now))
    }
}
