//! What one message will do, decided before anything leaves.

use jiff::Timestamp;
use serde_json::Value;

use super::{Answer, Effect, Oddities, Problem, Reason};

/// One recipient of a message.
#[derive(Clone, Default, PartialEq)]
pub struct Item {
    /// Place of the recipient in the message, counted from 0.
    pub index: usize,
    /// The number as the message gave it.
    pub num: String,
    /// The number as it is called: digits with the country code, without `+`; empty when the
    /// number could not be read.
    pub tel: String,
    /// How many recipients before it have the same number, and get another text.
    pub nth: usize,
    /// The tracker sent with it.
    pub tracker: Option<String>,
    /// Whether the tracker is derived from the message's key, and not the user's.
    pub tracker_is_ours: bool,
    /// The user's own data for this recipient, to come back untouched.
    pub meta: Option<Value>,
    /// How many units (SMS parts) the account is billed for it, as far as is known beforehand.
    pub units: u32,
    /// Why its entry cannot be read; then it is refused.
    pub fault: Option<String>,
    /// What a person should know of this recipient although it stops nothing.
    pub warnings: Vec<String>,
}

impl std::fmt::Debug for Item {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Item")
            .field("index", &self.index)
            .field("units", &self.units)
            .finish_non_exhaustive()
    }
}

impl Item {
    /// Gives the recipient this tracker, unless the user gave one.
    pub fn track(&mut self, tracker: impl FnOnce() -> String) {
        if self.tracker.is_none() {
            self.tracker = Some(tracker());
            self.tracker_is_ours = true;
        }
    }

    /// The user's tracker.
    pub fn own_tracker(&self) -> Option<&str> {
        self.tracker.as_deref().filter(|_| !self.tracker_is_ours)
    }
}

/// One request to the API.
#[derive(Debug, Clone)]
pub struct Part<R> {
    /// What a second identical request would do.
    pub effect: Effect,
    /// Whom it concerns; empty for requests without recipients.
    pub items: Vec<Item>,
    /// Until when it may be made, if there is such a limit.
    pub until: Option<Deadline>,
    /// Whether it also has recipients that nobody can count: those of a directory.
    pub uncounted: bool,
    /// Whether it does something beyond its recipients: all that a request without recipients does,
    /// and a directory's numbers.
    pub whole: bool,
    /// The request.
    pub request: R,
}

/// The last moment at which a request may leave. Tries, and waiting for the rate, take time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline {
    /// The last moment.
    pub at: Timestamp,
    /// Why it may not be made later, from the closed list.
    pub reason: Reason,
    /// The same in words.
    pub why: &'static str,
}

impl Deadline {
    /// What is said of a request that is too late at `now`; `None` while it is not.
    pub fn missed(&self, now: Timestamp) -> Option<Problem> {
        (now > self.at).then(|| Problem::new(self.reason, self.why))
    }
}

impl<R> Part<R> {
    /// A request with this effect that concerns these recipients.
    pub fn new(effect: Effect, items: Vec<Item>, request: R) -> Self {
        let whole = items.is_empty();
        Self { effect, items, until: None, uncounted: false, whole, request }
    }
}

/// A recipient whose fate is known without asking the API.
#[derive(Debug, Clone, PartialEq)]
pub struct Settled {
    /// The recipient.
    pub item: Item,
    /// What became of it.
    pub answer: Answer,
}

/// What one message will do: the requests, in order, and the recipients that need none.
#[derive(Debug, Clone)]
pub struct Plan<R> {
    /// The requests.
    pub parts: Vec<Part<R>>,
    /// Recipients that were refused or left out beforehand.
    pub settled: Vec<Settled>,
    /// What a person should know although it stops nothing.
    pub warnings: Vec<String>,
    /// What looks like a mistake in it, counted.
    pub oddities: Oddities,
}

impl<R> Plan<R> {
    /// A plan of one request that concerns no recipient.
    pub fn request(effect: Effect, request: R) -> Self {
        Self::parts(vec![Part::new(effect, Vec::new(), request)])
    }

    /// The tracker of a message to one recipient.
    pub fn only_tracker(&self) -> Option<String> {
        let called = self.parts.iter().flat_map(|it| &it.items);
        let mut items = called.chain(self.settled.iter().map(|it| &it.item));
        let only = items.next().filter(|_| items.next().is_none());
        only?.tracker.clone()
    }

    /// A plan of these requests, with nobody settled beforehand.
    pub fn parts(parts: Vec<Part<R>>) -> Self {
        Self { parts, settled: Vec::new(), warnings: Vec::new(), oddities: Oddities::default() }
    }
}
