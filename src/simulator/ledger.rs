//! The ledger: every message that was taken, once for each time. Tests count
//! with it, and the campaign report is made of it.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;

use super::account::Identity;
use super::message::{Message, Recipient};
use super::number;
use super::schedule;

/// A message that was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sent {
    /// The recipient as the request wrote it.
    pub num: String,
    /// The recipient in international form without `+`.
    pub tel: String,
    /// The text.
    pub sms: String,
    /// The sender, when one was set.
    pub emetteur: Option<String>,
    /// The tracker, when one was set.
    pub tracker: Option<String>,
    /// SMS parts, 1 to 6.
    pub parts: u8,
    /// Whether the request was a sandbox one, which is not billed.
    pub sandbox: bool,
    /// When it was taken: RFC 3339, UTC, milliseconds.
    pub date: String,
    /// When it is to leave, in the same form, for a deferred one.
    pub due: Option<String>,
    /// The last two characters of the key; empty for a key that has no more.
    pub key: String,
}

/// One line of the ledger, kept small: a benchmark writes millions.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// Who sent it.
    pub account: Arc<Identity>,
    num: Box<str>,
    /// Its request, by the place of that one's first line.
    request: usize,
    /// The text, shared by neighbours that have the same.
    pub sms: Arc<str>,
    /// The sender.
    pub emetteur: Option<Arc<str>>,
    /// The tracker.
    pub tracker: Option<Box<str>>,
    taken: i64,
    /// When it leaves or left, in milliseconds since 1970.
    pub due: i64,
    /// SMS parts.
    pub parts: u8,
    /// Whether it was a sandbox one.
    pub sandbox: bool,
}

impl Line {
    /// The recipient in international form.
    pub fn tel(&self) -> String {
        number::international(&self.num).unwrap_or_default()
    }

    /// Whether another line is of the same request and says the same.
    pub fn is_of_one_send(&self, other: &Self) -> bool {
        self.request == other.request && self.sms == other.sms && self.parts == other.parts
    }

    fn sent(&self) -> Sent {
        let text = |text: &str| text.to_owned();
        Sent {
            num: text(&self.num),
            tel: self.tel(),
            sms: text(&self.sms),
            emetteur: self.emetteur.as_deref().map(text),
            tracker: self.tracker.as_deref().map(text),
            parts: self.parts,
            sandbox: self.sandbox,
            date: schedule::rfc3339(self.taken),
            due: (self.due != self.taken).then(|| schedule::rfc3339(self.due)),
            key: self.account.tail.clone(),
        }
    }
}

/// The counts of the ledger, by recipient and text.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Counts {
    /// Messages.
    total: usize,
    /// Messages that differ in recipient or text.
    distinct: usize,
    /// Those that were taken more than once.
    doubled: Vec<Doubled>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Doubled {
    tel: String,
    sms: String,
    count: u64,
}

/// All that was sent.
#[derive(Debug, Default)]
pub(super) struct Ledger(Vec<Line>);

impl Ledger {
    /// Writes down the recipients of a message that were accepted.
    pub fn add<'a>(
        &mut self,
        account: &Arc<Identity>,
        message: &Message,
        accepted: impl Iterator<Item = &'a Recipient>,
    ) {
        let taken = schedule::now();
        let request = self.0.len();
        for recipient in accepted {
            let line = Line {
                account: account.clone(),
                num: recipient.num.as_str().into(),
                request,
                sms: self.shared(&recipient.sms),
                emetteur: message.emetteur.clone(),
                tracker: recipient.tracker.clone(),
                taken,
                due: message.due.unwrap_or(taken),
                parts: recipient.parts,
                sandbox: message.sandbox,
            };
            self.0.push(line);
        }
    }

    /// Keeps one copy of a text that is sent many times in a row.
    fn shared(&self, sms: &Arc<str>) -> Arc<str> {
        match self.0.last() {
            Some(last) if last.sms == *sms => last.sms.clone(),
            _ => sms.clone(),
        }
    }

    /// Every message, oldest first.
    pub fn sent(&self) -> Vec<Sent> {
        self.0.iter().map(Line::sent).collect()
    }

    /// How many messages there are.
    pub fn total(&self) -> usize {
        self.0.len()
    }

    /// How many parts they have.
    pub fn parts(&self) -> usize {
        self.0.iter().map(|line| usize::from(line.parts)).sum()
    }

    /// Counts by recipient and text; the doubled ones in order.
    pub fn counts(&self) -> Counts {
        let mut groups: HashMap<(String, &Arc<str>), u64> = HashMap::new();
        for line in &self.0 {
            *groups.entry((line.tel(), &line.sms)).or_default() += 1;
        }
        let distinct = groups.len();
        let mut doubled: Vec<_> = groups
            .into_iter()
            .filter(|(_, count)| *count > 1)
            .map(|((tel, sms), count)| Doubled { tel, sms: sms.to_string(), count })
            .collect();
        doubled.sort_by(|a, b| (&a.tel, &a.sms).cmp(&(&b.tel, &b.sms)));
        Counts { total: self.0.len(), distinct, doubled }
    }

    /// Up to 1000 lines from a place on; empty at the end. Reports read this
    /// way, so that they neither hold the lock nor copy the ledger.
    pub fn page(&self, from: usize) -> &[Line] {
        let rest = self.0.get(from..).unwrap_or_default();
        &rest[..rest.len().min(1000)]
    }

    /// Forgets everything; returns how much that was.
    pub fn clear(&mut self) -> usize {
        std::mem::take(&mut self.0).len()
    }
}
