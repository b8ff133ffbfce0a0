//! What was given to the workers, what they have said of it, and what the API has taken: all that is
//! judged.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;

/// One SMS that somebody wants sent: this text to this number.
#[derive(Debug, Clone)]
pub struct Slot {
    /// As it is called.
    pub tel: String,
    pub text: String,
    /// The code with which iSendPro refuses the number, if it does.
    pub refused: Option<u16>,
}

/// One message, however often it is posted.
#[derive(Debug, Clone)]
pub struct Message {
    pub name: String,
    /// The id around it.
    pub id: Option<String>,
    pub body: Value,
    /// The SMS that its recipients stand for, in their order; one may come twice.
    pub slots: Vec<usize>,
    /// When somebody posted it last.
    pub posted: Duration,
}

/// What a recipient was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Word {
    Accepted,
    Refused,
    NotSent,
    Unknown,
}

impl Word {
    pub fn of(status: &str) -> Option<Self> {
        match status {
            "accepted" => Some(Self::Accepted),
            "refused" => Some(Self::Refused),
            "notSent" => Some(Self::NotSent),
            "unknown" => Some(Self::Unknown),
            _ => None,
        }
    }
}

/// What was said of an SMS by the results of one message.
#[derive(Debug, Clone, Copy)]
pub struct Said {
    pub at: Duration,
    pub word: Word,
}

/// A place in [`Book::messages`], and one in [`Book::slots`].
pub type Place = (usize, usize);

/// All of it.
#[derive(Debug, Default)]
pub struct Book {
    pub slots: Vec<Slot>,
    pub messages: Vec<Message>,
    pub said: BTreeMap<Place, Vec<Said>>,
    /// When the API took each SMS, and of which message.
    pub taken: BTreeMap<usize, Vec<(Duration, usize)>>,
    /// What went wrong that may have left a doubt of an SMS.
    pub doubts: BTreeSet<Place>,
    /// What a result has returned, and somebody has taken up.
    pub taken_up: BTreeSet<Place>,
    /// When each message was posted, and after how many of these its error was heard last.
    pub posts: BTreeMap<usize, Vec<Duration>>,
    pub heard: BTreeMap<usize, usize>,
    /// What a run said that was resumed right after another.
    pub hasty: BTreeSet<Place>,
    /// Messages that were told as not sent and posted again under another id, and those of which the
    /// broker has not heard that they were rejected, and that were not put back before: a step sends
    /// these after all, as docs/never-twice.md says.
    pub renewed: BTreeSet<usize>,
    pub unrejected: BTreeSet<usize>,
    /// Messages of which two copies were under way at once.
    pub shared: BTreeSet<usize>,
    /// The messages that somebody has had sent again.
    pub asked: BTreeSet<usize>,
}

impl Book {
    pub fn add_slot(&mut self, slot: Slot) -> usize {
        self.slots.push(slot);
        self.slots.len() - 1
    }

    pub fn next_name(&self) -> String {
        format!("m{}", self.messages.len() + 1)
    }

    pub fn add_message(&mut self, message: Message) -> usize {
        self.messages.push(message);
        self.messages.len() - 1
    }

    /// How often somebody has asked to have an SMS sent again that may have been sent.
    pub fn resends(&self, slot: usize) -> usize {
        self.asked.iter().filter(|message| self.doubts.contains(&(**message, slot))).count()
    }

    /// How often an SMS was posted once more under another id, of which a step cannot know.
    pub fn renewals(&self, slot: usize) -> usize {
        let both = self.renewed.intersection(&self.unrejected);
        both.filter(|message| self.messages[**message].slots.contains(&slot)).count()
    }

    /// The SMS of this text to this number.
    pub fn slot(&self, tel: &str, text: &str) -> Option<usize> {
        self.slots.iter().position(|it| it.tel == tel && it.text == text)
    }

    /// The message of this tracker.
    pub fn message(&self, tracker: &str) -> Option<usize> {
        self.messages.iter().position(|it| it.name == tracker)
    }

    pub fn say(&mut self, place: Place, at: Duration, word: Word) {
        self.said.entry(place).or_default().push(Said { at, word });
    }

    pub fn words(&self, place: Place) -> &[Said] {
        self.said.get(&place).map_or(&[], Vec::as_slice)
    }

    /// Something went wrong that may leave a doubt of all of a message.
    pub fn doubt(&mut self, message: usize) {
        for slot in &self.messages[message].slots {
            self.doubts.insert((message, *slot));
        }
    }
}
