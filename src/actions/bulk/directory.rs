//! A directory as recipient: only iSendPro knows its numbers.

use serde_json::{Map, Value};

use super::super::fate::{RecipientResult, Sent};
use super::super::recipients::{answer, answers, by_recipient, key};
use super::super::sending::Rules;
use super::{Batch, Detail};
use crate::component::{Answer, Effect, Error, Item, Outcome, Part, Tally};
use crate::isendpro::{Entry, Reply};

/// Where a reply carries the entries of a directory's numbers, which the message does not name.
const UNLISTED: &str = "unlisted";
/// What a directory is called where a number is expected.
const NAME: &str = "directory";

/// The entries of an answer that are about none of the message's own recipients: those of a
/// directory's numbers, or one for all of them.
pub fn unlisted(reply: &Reply, items: &[Item]) -> Map<String, Value> {
    let others = by_recipient(&reply.entries, items).others;
    let others = others.into_iter().filter(|it| it.tel().is_some() || it.code().is_some());
    let others: Vec<Value> = others.map(|it| Value::Object(it.fields().clone())).collect();
    if others.is_empty() {
        Map::new()
    } else {
        Map::from_iter([(UNLISTED.to_owned(), others.into())])
    }
}

/// What became of a message's directory, if it has one.
pub struct Directory {
    /// The outcomes of the calls, without the directory's entries.
    pub outcomes: Vec<Outcome>,
    /// Whether nothing was sent to it, and another try makes sense.
    pub unsent: bool,
    entries: Vec<Entry>,
    /// What became of all of it, where there is nothing to say of its numbers one by one: a dry run,
    /// or a call to the directory alone that failed beside others.
    all: Option<Answer>,
    /// Whether nothing is known of its numbers although they were called.
    silent: bool,
    /// What its numbers get, and when.
    detail: Option<Detail>,
}

impl Directory {
    /// Takes the directory's entries out of the outcomes.
    ///
    /// # Errors
    /// When a message to a directory alone got no answer: there is nobody to report on one by one.
    pub fn take(parts: &[Part<Batch>], outcomes: Vec<Outcome>) -> Result<Self, Error> {
        let alone = parts.len() == 1;
        let mut taken = Self {
            outcomes: Vec::with_capacity(outcomes.len()),
            unsent: false,
            entries: Vec::new(),
            all: None,
            silent: false,
            detail: None,
        };
        for (part, outcome) in parts.iter().zip(outcomes) {
            if part.request.sending.request.repertoire_id.is_none() {
                taken.outcomes.push(outcome);
                continue;
            }
            let outcome = taken.take_from(part, outcome, alone)?;
            taken.outcomes.push(outcome);
        }
        Ok(taken)
    }

    fn take_from(
        &mut self,
        part: &Part<Batch>,
        outcome: Outcome,
        alone: bool,
    ) -> Result<Outcome, Error> {
        self.unsent = outcome.may_be_tried_again();
        let at = part.request.sending.at;
        let detail = |content| Detail { content, at, tracker: None };
        self.detail = part.request.directory.clone().map(detail);
        match outcome {
            Outcome::Done(mut reply) => {
                if let Some(Value::Array(unlisted)) = reply.data.remove(UNLISTED) {
                    let fields = unlisted.into_iter().filter_map(|it| match it {
                        Value::Object(fields) => Some(Entry::from(fields)),
                        _ => None,
                    });
                    self.entries.extend(fields);
                }
                self.silent = self.entries.is_empty();
                Ok(Outcome::Done(reply))
            }
            Outcome::Planned => {
                self.all = answers(&[Item::default()], Outcome::Planned).pop();
                Ok(Outcome::Planned)
            }
            lost if part.items.is_empty() && alone => {
                Ok(Outcome::Done(lost.into_reply(Effect::Once)?))
            }
            lost => {
                if part.items.is_empty() {
                    self.all = answers(&[Item::default()], lost.clone()).pop();
                }
                Ok(lost)
            }
        }
    }

    /// What a person should know of it.
    pub fn warning(&self) -> Option<String> {
        if self.unsent {
            Some("the directory's numbers were not sent to".to_owned())
        } else if self.silent {
            Some("iSendPro's answer says nothing of the directory's numbers".to_owned())
        } else {
            None
        }
    }

    /// Adds the directory's numbers to the results.
    pub fn append(
        &self,
        rules: &Rules,
        results: &mut Vec<RecipientResult<Sent>>,
        tally: &mut Tally,
    ) {
        let known = self.entries.iter().map(|entry| {
            let num = entry.tel().map_or_else(|| NAME.to_owned(), String::from);
            (Item { tel: key(&num), num, ..Item::default() }, answer(entry))
        });
        let all = self
            .all
            .iter()
            .map(|answer| (Item { num: NAME.to_owned(), ..Item::default() }, answer.clone()));
        let after = results.last().map_or(0, |it| it.index + 1);
        for (index, (item, answer)) in (after..).zip(known.chain(all)) {
            tally.count(answer.status);
            tally.parts += u64::from(answer.parts.unwrap_or(0));
            let mut sent = Sent::new(&item, &answer);
            if let Some(detail) = &self.detail {
                sent = sent.with(&detail.content, detail.at, rules);
            }
            // How many numbers it has, nobody knows here.
            sent.price = None;
            results.push(RecipientResult { index, fate: sent, meta: None });
        }
    }
}
