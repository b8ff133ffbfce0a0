//! Recipients: from numbers to what became of each.

use std::collections::{HashMap, HashSet, VecDeque};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::answer::known;
use crate::component::{
    Answer, Error, Item, Outcome, Part, Plan, Problem, Reason, Reply, Settled, Status, Tally,
};
use crate::isendpro::{self, Entry};
use crate::sms::number::{self, BadNumber};

/// What became of one recipient.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Fate {
    /// Status
    ///
    /// accepted (taken by iSendPro, which is not "delivered"), refused, notSent, unknown (it may
    /// have been sent), duplicate, or planned in a dry run.
    pub status: Status,
    /// Number, as given
    pub num: String,
    /// Number, as called
    #[serde(skip_serializing_if = "String::is_empty")]
    pub tel: String,
    /// Why it was not accepted
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Return code
    ///
    /// iSendPro's; 0 when the message was taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<i64>,
    /// Explanation
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// SMS parts billed
    ///
    /// When iSendPro says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smslong: Option<u32>,
    /// Tracker
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracker: Option<String>,
}

/// What became of one recipient of several.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RecipientResult {
    /// Place in the message
    ///
    /// Counted from 0.
    pub index: usize,
    /// What became of it.
    #[serde(flatten)]
    pub fate: Fate,
    /// Your own data for this recipient
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meta: Option<Value>,
}

impl Fate {
    /// The fate of this recipient.
    pub fn new(item: &Item, answer: Answer) -> Self {
        Self {
            status: answer.status,
            num: item.num.clone(),
            tel: item.tel.clone(),
            reason: answer.reason,
            code: answer.code,
            message: answer.message,
            smslong: answer.parts,
            tracker: item.tracker.clone(),
        }
    }
}

/// The number as it is called.
///
/// # Errors
/// Names the field, and why this cannot be called.
pub fn called(field: &str, num: &str) -> Result<String, Error> {
    number::normalise(num)
        .map_err(|bad| Error { reason: Some(reason(bad)), ..Error::invalid(field, bad) })
}

fn reason(bad: BadNumber) -> Reason {
    match bad {
        BadNumber::Landline => Reason::Landline,
        BadNumber::Short => Reason::ShortNumber,
        BadNumber::Premium | BadNumber::Impossible => Reason::BadNumber,
    }
}

/// The recipients that can be called, and those that are settled without a call: bad numbers, and
/// numbers that came before in the same message.
pub fn sort_out(items: Vec<Item>) -> (Vec<Item>, Vec<Settled>) {
    let (mut callable, mut settled) = (Vec::with_capacity(items.len()), Vec::new());
    let mut seen = HashSet::new();
    for mut item in items {
        match number::normalise(&item.num) {
            Err(bad) => {
                let answer = without_call(Status::Refused, Some(reason(bad)), bad.to_string());
                settled.push(Settled { item, answer });
            }
            Ok(tel) if seen.contains(&tel) => {
                item.tel = tel;
                let said = "the same number comes earlier in this message".to_owned();
                settled.push(Settled { item, answer: without_call(Status::Duplicate, None, said) });
            }
            Ok(tel) => {
                seen.insert(tel.clone());
                item.tel = tel;
                callable.push(item);
            }
        }
    }
    (callable, settled)
}

fn without_call(status: Status, reason: Option<Reason>, message: String) -> Answer {
    Answer { status, code: None, message: Some(message), reason, parts: None }
}

/// The engine's reply for the API's: one answer for each recipient of the call.
///
/// Entries are matched to recipients by number, repeats by their order. A recipient without an
/// entry is unknown.
pub fn reply(reply: isendpro::Reply, items: &[Item]) -> Reply {
    let answers = match (reply.entries.as_slice(), items) {
        // One of each: the answer to one message is about that message, however it writes the number.
        ([entry], [_]) => vec![answer(entry)],
        (entries, items) => matched(entries, items),
    };
    Reply { answers, raw: reply.raw, ..Reply::default() }
}

/// The same for a message that goes to a directory too, whose numbers it does not name.
pub fn reply_with_directory(reply: isendpro::Reply, items: &[Item]) -> Reply {
    let answers = matched(&reply.entries, items);
    Reply { answers, raw: reply.raw, ..Reply::default() }
}

fn matched(entries: &[Entry], items: &[Item]) -> Vec<Answer> {
    let mut by_number: HashMap<String, VecDeque<&Entry>> = HashMap::with_capacity(entries.len());
    for entry in entries {
        if let Some(tel) = entry.tel() {
            by_number.entry(number::key(&tel)).or_default().push_back(entry);
        }
    }
    items
        .iter()
        .map(|item| match by_number.get_mut(&item.tel).and_then(VecDeque::pop_front) {
            Some(entry) => answer(entry),
            None => without_call(
                Status::Unknown,
                Some(Reason::Unavailable),
                "iSendPro's answer does not mention this number".to_owned(),
            ),
        })
        .collect()
}

/// What one entry says of its recipient.
pub fn answer(entry: &Entry) -> Answer {
    let code = entry.code();
    let status = match code {
        Some(0) => Status::Accepted,
        Some(_) => Status::Refused,
        None => Status::Unknown,
    };
    Answer {
        status,
        code,
        message: entry.message().map(Into::into),
        reason: (status == Status::Refused).then(|| known(code).unwrap_or(Reason::Other)),
        parts: entry.integer("smslong").and_then(|it| u32::try_from(it).ok()),
    }
}

/// What became of every recipient of a part whose call had this outcome.
pub fn answers(part_items: usize, outcome: Outcome) -> Vec<Answer> {
    let all = |status, problem: Problem| {
        let answer = Answer {
            status,
            code: problem.code,
            message: Some(problem.message),
            reason: Some(problem.reason),
            parts: None,
        };
        vec![answer; part_items]
    };
    match outcome {
        Outcome::Done(reply) => reply.answers,
        // With the account mended, the same message may well be taken.
        Outcome::Refused(problem) if problem.account.is_some() => all(Status::NotSent, problem),
        Outcome::Refused(problem) => all(Status::Refused, problem),
        Outcome::NotSent(problem) => all(Status::NotSent, problem),
        Outcome::InDoubt(problem) => all(Status::Unknown, problem),
        Outcome::Planned => {
            let planned = Answer {
                status: Status::Planned,
                code: None,
                message: None,
                reason: None,
                parts: None,
            };
            vec![planned; part_items]
        }
    }
}

/// What became of every recipient of a message, in the message's order, and the count.
pub fn results<R>(plan: Plan<R>, outcomes: Vec<Outcome>) -> (Vec<RecipientResult>, Tally) {
    let called = plan.parts.into_iter().zip(outcomes).flat_map(|(part, outcome)| {
        let Part { items, .. } = part;
        let answers = answers(items.len(), outcome);
        items.into_iter().zip(answers)
    });
    let settled = plan.settled.into_iter().map(|it| (it.item, it.answer));
    let mut tally = Tally::default();
    let mut results: Vec<RecipientResult> = called
        .chain(settled)
        .map(|(item, answer)| {
            tally.count(answer.status);
            tally.parts += u64::from(answer.parts.unwrap_or(0));
            let fate = Fate::new(&item, answer);
            RecipientResult { index: item.index, fate, meta: item.meta }
        })
        .collect();
    results.sort_by_key(|it| it.index);
    (results, tally)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(nums: &[&str]) -> Vec<Item> {
        let item = |(index, num): (usize, &&str)| Item {
            index,
            num: (*num).to_owned(),
            ..Item::default()
        };
        nums.iter().enumerate().map(item).collect()
    }

    #[test]
    fn bad_numbers_and_repeats_are_settled_beforehand() {
        let (callable, settled) =
            sort_out(items(&["0680010203", "0142000000", "+33 680 01 02 03", "x"]));
        assert_eq!(callable.len(), 1);
        let statuses: Vec<_> =
            settled.iter().map(|it| (it.item.index, it.answer.status, it.answer.reason)).collect();
        assert_eq!(
            statuses,
            [
                (1, Status::Refused, Some(Reason::Landline)),
                (2, Status::Duplicate, None),
                (3, Status::Refused, Some(Reason::BadNumber))
            ]
        );
    }

    #[test]
    fn entries_are_matched_by_number_whatever_their_order_and_form() {
        let raw = r#"{"etat":{"etat":[{"code":"11","tel":"0692112233"},{"code":"0","tel":"33680010203"},{"code":"0","tel":"0600000000"}]}}"#;
        let (callable, _) = sort_out(items(&["0680010203", "0692112233", "0611111111"]));
        let reply = reply(isendpro::Reply::read(raw).unwrap(), &callable);
        let statuses: Vec<_> = reply.answers.iter().map(|it| it.status).collect();
        assert_eq!(statuses, [Status::Accepted, Status::Refused, Status::Unknown]);
        assert_eq!(reply.answers[1].reason, Some(Reason::Blacklisted));
    }

    #[test]
    fn results_come_in_the_messages_order() {
        let (callable, settled) = sort_out(items(&["x", "0680010203", "0680010204"]));
        let part = Part { effect: crate::component::Effect::Once, items: callable, request: () };
        let plan = Plan { parts: vec![part], settled, warnings: Vec::new() };
        let lost = Outcome::InDoubt(Problem::new(Reason::Unavailable, "lost"));
        let (results, tally) = results(plan, vec![lost]);
        let statuses: Vec<_> = results.iter().map(|it| (it.index, it.fate.status)).collect();
        assert_eq!(statuses, [(0, Status::Refused), (1, Status::Unknown), (2, Status::Unknown)]);
        assert_eq!((tally.unknown, tally.refused), (2, 1));
    }
}
