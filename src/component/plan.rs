//! What one message will do, decided before anything leaves.

use serde_json::Value;

use super::{Answer, Effect};

/// One recipient of a message.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Item {
    /// Place of the recipient in the message, counted from 0.
    pub index: usize,
    /// The number as the message gave it.
    pub num: String,
    /// The number as it is called: digits with the country code, without `+`; empty when the
    /// number could not be read.
    pub tel: String,
    /// The tracker sent with it.
    pub tracker: Option<String>,
    /// The user's own data for this recipient, to come back untouched.
    pub meta: Option<Value>,
}

/// One request to the API.
#[derive(Debug, Clone)]
pub struct Part<R> {
    /// What a second identical request would do.
    pub effect: Effect,
    /// Whom it concerns; empty for requests without recipients.
    pub items: Vec<Item>,
    /// The request.
    pub request: R,
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
}

impl<R> Plan<R> {
    /// A plan of one request that concerns no recipient.
    pub fn request(effect: Effect, request: R) -> Self {
        Self::parts(vec![Part { effect, items: Vec::new(), request }])
    }

    /// A plan of these requests, with nobody settled beforehand.
    pub fn parts(parts: Vec<Part<R>>) -> Self {
        Self { parts, settled: Vec::new(), warnings: Vec::new() }
    }
}
