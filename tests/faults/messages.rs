//! What is sent: 500 messages, as single sends or as bulk messages of several requests each.

use std::fmt;

use serde_json::{Value, json};

/// Messages of a row.
pub const MESSAGES: usize = 500;
/// Recipients of a bulk message.
const RECIPIENTS: usize = 4;
/// Every so many recipients, one is blacklisted.
pub const BLACKLISTED: usize = 50;

/// How messages are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// `sendSms`: one request a message.
    Single,
    /// `sendSmsMulti`: several requests a message.
    Bulk,
}

impl Shape {
    /// The action.
    pub fn action(self) -> &'static str {
        match self {
            Self::Single => "sendSms",
            Self::Bulk => "sendSmsMulti",
        }
    }

    /// Recipients of a message.
    pub fn recipients(self) -> usize {
        if self == Self::Single { 1 } else { RECIPIENTS }
    }

    /// Most recipients of a request, unless a row says otherwise.
    pub fn batch(self) -> usize {
        if self == Self::Single { 1 } else { 2 }
    }

    /// Requests of all messages.
    pub fn requests(self) -> usize {
        MESSAGES * self.recipients().div_ceil(self.batch())
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.action())
    }
}

/// What must happen at most once: one of these texts to this number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thing {
    /// The number in international form.
    pub tel: String,
    /// The texts.
    pub texts: Vec<String>,
}

/// The messages of a row.
#[derive(Debug, Clone)]
pub struct Messages {
    /// One a line.
    pub lines: Vec<String>,
    /// All recipients, of the first message first.
    pub things: Vec<Thing>,
}

impl Messages {
    /// Messages without an id.
    pub fn plain(shape: Shape) -> Self {
        Self::of(shape, MESSAGES, &["n"], |_, body| body)
    }

    /// Messages with an id each.
    pub fn with_ids(shape: Shape) -> Self {
        Self::of(shape, MESSAGES, &["n"], referred)
    }

    /// Two bodies for each id, one after the other. Half as many ids.
    pub fn with_two_bodies(shape: Shape) -> Self {
        Self::of(shape, MESSAGES / 2, &["one", "other"], referred)
    }

    fn of(shape: Shape, count: usize, texts: &[&str], finish: fn(usize, Value) -> Value) -> Self {
        let (mut lines, mut things) = (Vec::new(), Vec::new());
        for message in 0..count {
            let texts: Vec<String> = texts.iter().map(|it| format!("{it} {message}")).collect();
            let first = message * shape.recipients();
            let nums: Vec<String> = (first..first + shape.recipients()).map(number).collect();
            for text in &texts {
                let body = match shape {
                    Shape::Single => json!({"num": nums[0], "sms": text}),
                    Shape::Bulk => json!({"num": nums, "sms": text}),
                };
                lines.push(format!("{}\n", finish(message, body)));
            }
            let thing = |num: &String| Thing { tel: international(num), texts: texts.clone() };
            things.extend(nums.iter().map(thing));
        }
        Self { lines, things }
    }
}

fn referred(message: usize, mut body: Value) -> Value {
    body["reference"] = format!("order {message}").into();
    body
}

/// A mobile number of France for each recipient. The last four digits choose a scenario of the
/// simulator: 0011 is blacklisted.
fn number(recipient: usize) -> String {
    let ending = if recipient % BLACKLISTED == BLACKLISTED - 1 { 11 } else { 5000 };
    format!("06{:04}{ending:04}", 1000 + recipient)
}

/// A French number in international form.
pub fn international(num: &str) -> String {
    num.strip_prefix('0').map_or_else(|| num.to_owned(), |it| format!("33{it}"))
}
