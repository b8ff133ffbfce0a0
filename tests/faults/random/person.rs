//! Whoever reads the results, and believes them: what a result returns is sent once, and what an error
//! says was not sent is sent once more.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::book::{Book, Given};
use crate::count::numbers;
use crate::soak::clock::Dice;

/// How long it takes at most until somebody does something about a result.
const THINKS: u64 = 15_000;
/// The errors that say "not sent, retry is safe".
const RETRYABLE: [&str; 4] = ["notSent", "unavailable", "accountKey", "accountCredit"];

/// Somebody who believes what they read.
pub struct Person {
    dice: Dice,
    /// What will be given, and when.
    plans: Vec<(Instant, Given)>,
    /// The recipients that each message has returned, and that were taken up.
    returned: HashSet<(String, String)>,
    /// The messages whose error was taken up.
    errors: HashSet<String>,
    /// How many messages came of it.
    posted: usize,
}

impl Person {
    /// Somebody who decides by these dice.
    pub fn new(dice: Dice) -> Self {
        Self {
            dice,
            plans: Vec::new(),
            returned: HashSet::new(),
            errors: HashSet::new(),
            posted: 0,
        }
    }

    /// Reads what was said of the message of this id.
    pub fn read(&mut self, book: &Book, id: &str, line: &Value) {
        let given = book.of(id).clone();
        let retry = &line["body"]["retry"];
        if retry.is_object() {
            self.take_up(&given, retry.clone());
        }
        let kind = line["error"]["kind"].as_str();
        if kind.is_some_and(|it| RETRYABLE.contains(&it))
            && self.errors.insert(given.tracker.clone())
        {
            self.send_again(given);
        }
    }

    /// A `retry` is a new message. A recipient that the same message has returned before was sent then.
    fn take_up(&mut self, given: &Given, mut retry: Value) {
        let recipients = retry.get_mut("recipients").and_then(Value::as_array_mut);
        let Some(recipients) = recipients else { return };
        recipients.retain(|it| {
            let tel = numbers(it).concat();
            self.returned.insert((given.tracker.clone(), tel))
        });
        if recipients.is_empty() {
            return;
        }
        let (id, tracker) = self.names();
        let why = format!("the retry of {}", given.id);
        self.plan(Given::new(id, tracker, given.shape, retry, why));
    }

    /// An error's message is the same as before. Whether it has the same id is the platform's affair;
    /// where neither that nor a reference tells that it is the same, it is another one.
    fn send_again(&mut self, given: Given) {
        let keeps_its_id = self.dice.draw(2) == 0;
        let why = format!("the error of {}, sent again", given.id);
        let named = given.body["reference"].is_string();
        let (id, tracker) = self.names();
        let id = if keeps_its_id { given.id } else { id };
        let tracker = if keeps_its_id || named { given.tracker } else { tracker };
        self.errors.insert(tracker.clone());
        self.plan(Given::new(id, tracker, given.shape, given.body, why));
    }

    fn names(&mut self) -> (String, String) {
        self.posted += 1;
        (format!("again-{}", self.posted), format!("again{}", self.posted))
    }

    fn plan(&mut self, given: Given) {
        let wait = Duration::from_millis(self.dice.draw(THINKS));
        self.plans.push((Instant::now() + wait, given));
    }

    /// What is given now.
    pub fn acts(&mut self) -> Vec<Given> {
        let now = Instant::now();
        let due = self.plans.extract_if(.., |it| it.0 <= now);
        due.map(|it| Given { at: super::book::now(), ..it.1 }).collect()
    }

    /// Whether something is still to be given.
    pub fn is_busy(&self) -> bool {
        !self.plans.is_empty()
    }

    /// How many messages were given again.
    pub fn posted(&self) -> usize {
        self.posted
    }
}

/// A bulk message to these numbers, or a single one.
pub fn body(nums: &[String], text: &str, reference: Option<String>) -> Value {
    let recipients: Vec<_> = nums.iter().map(|it| json!({ "num": it })).collect();
    let mut body = match nums {
        [num] => json!({"num": num, "sms": text}),
        _ => json!({"recipients": recipients, "sms": text}),
    };
    if let Some(reference) = reference {
        body["reference"] = reference.into();
    }
    body
}
