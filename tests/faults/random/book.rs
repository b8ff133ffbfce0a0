//! What was given to the workers, and what they have said of it, with times: all that is judged.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::count::{self, Word};
use crate::messages::Shape;

/// Why a message was given that is not of something else.
pub const NEW: &str = "new";

/// One giving of a message.
#[derive(Debug, Clone)]
pub struct Given {
    /// Its message id.
    pub id: String,
    /// The tracker of each of its recipients: what tells at the API which message an SMS is of. Two
    /// givings that a journal must take for one message have the same.
    pub tracker: String,
    pub shape: Shape,
    pub body: Value,
    /// How it came to be given.
    pub why: String,
    pub at: i64,
    pub tels: Vec<String>,
}

impl Given {
    /// A message of this body, whose recipients get this tracker.
    pub fn new(id: String, tracker: String, shape: Shape, mut body: Value, why: String) -> Self {
        match body.get_mut("recipients").and_then(Value::as_array_mut) {
            Some(all) => all.iter_mut().for_each(|it| it["tracker"] = json!(tracker)),
            None => body["tracker"] = json!(tracker),
        }
        let tels = count::numbers(&body);
        Self { id, tracker, shape, body, why, at: now(), tels }
    }
}

/// What was said of a recipient of a message.
#[derive(Debug, Clone)]
pub struct Said {
    pub id: String,
    pub tracker: String,
    pub tel: String,
    pub word: Word,
    pub at: i64,
    /// The process that said it.
    pub by: String,
}

/// All of it.
#[derive(Default)]
pub struct Book {
    pub given: Vec<Given>,
    pub said: Vec<Said>,
    /// What happened to the workers.
    pub happened: Vec<(i64, String)>,
    /// The last giving of each message id, by its place.
    ids: HashMap<String, usize>,
}

impl Book {
    /// Notes what is given now.
    pub fn give(&mut self, given: Given) {
        self.ids.insert(given.id.clone(), self.given.len());
        self.given.push(given);
    }

    /// Notes what happens to a worker now.
    pub fn note(&mut self, what: String) {
        self.happened.push((now(), what));
    }

    /// What was given under this id, the last time.
    pub fn of(&self, id: &str) -> &Given {
        &self.given[self.ids[id]]
    }

    /// Notes what a line says of the message of this id.
    pub fn say(&mut self, id: &str, line: &Value, at: i64, by: &str) {
        let tracker = self.of(id).tracker.clone();
        let said = count::said(line).into_iter().map(|(tel, word)| Said {
            id: id.to_owned(),
            tracker: tracker.clone(),
            tel,
            word,
            at,
            by: by.to_owned(),
        });
        self.said.extend(said);
    }

    /// How many givings nothing was said of since.
    pub fn silent(&self) -> usize {
        let mut last: HashMap<&str, i64> = HashMap::new();
        for said in &self.said {
            let at = last.entry(&said.tracker).or_default();
            *at = said.at.max(*at);
        }
        let heard = |it: &&Given| last.get(it.tracker.as_str()).is_none_or(|last| *last < it.at);
        self.given.iter().filter(heard).count()
    }
}

/// Now, in milliseconds, as the step and the simulator tell it.
pub fn now() -> i64 {
    Timestamp::now().as_millisecond()
}
