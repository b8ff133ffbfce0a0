//! Bulk messages: who gets which text, recipients that only the API knows, and what to retry.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value, json};

use super::recipients::{Fate, RecipientResult, answer};
use super::send_sms_multi::{Input, Recipient};
use super::sending;
use crate::component::{Effect, Error, Item, Outcome, Part, Status, Tally};
use crate::isendpro::request::SmsMulti;
use crate::isendpro::{Entry, Reply};
use crate::sms::number;

/// Where a reply carries the entries of a directory's numbers, which the message does not name.
const UNLISTED: &str = "unlisted";

/// The recipients of a message, and the texts: one for all, or one for each.
///
/// # Errors
/// Names the field when recipients, texts and trackers do not fit together.
pub fn recipients_of(input: &Input) -> Result<(Vec<Item>, Vec<String>), Error> {
    match (input.recipients.is_empty(), input.num.is_empty()) {
        (false, false) => {
            Err(Error::invalid("recipients", "stands beside num; give one of the two"))
        }
        (false, true) => from_recipients(input),
        (true, false) => from_lists(input),
        (true, true) if input.repertoire_id.is_some() => {
            check_texts(input, 1)?;
            Ok((Vec::new(), input.sms.clone()))
        }
        (true, true) => Err(Error::invalid("num", "is missing or empty")
            .hint("give num, recipients or repertoireId")),
    }
}

fn from_lists(input: &Input) -> Result<(Vec<Item>, Vec<String>), Error> {
    // A directory's numbers have no text of their own.
    check_texts(input, if input.repertoire_id.is_some() { 1 } else { input.num.len() })?;
    let (trackers, count) = (&input.tracker, input.num.len());
    if !trackers.is_empty() && trackers.len() != count {
        let said = format!("{} trackers for {count} recipients; give one for each", trackers.len());
        return Err(Error::invalid("tracker", said));
    }
    for (index, tracker) in trackers.iter().enumerate().filter(|(_, it)| !it.is_empty()) {
        sending::check_tracker(&format!("tracker[{index}]"), tracker)?;
    }
    let item = |(index, num): (usize, &String)| Item {
        index,
        num: num.clone(),
        tracker: trackers.get(index).filter(|it| !it.is_empty()).cloned(),
        ..Item::default()
    };
    Ok((input.num.iter().enumerate().map(item).collect(), input.sms.clone()))
}

fn from_recipients(input: &Input) -> Result<(Vec<Item>, Vec<String>), Error> {
    if input.sms.len() > 1 {
        return Err(Error::invalid("sms", "may hold only the one common text beside recipients"));
    }
    if !input.tracker.is_empty() {
        return Err(Error::invalid("tracker", "stands beside recipients; give it in each of them"));
    }
    let (mut items, mut texts) = (Vec::new(), Vec::new());
    for (index, recipient) in input.recipients.iter().enumerate() {
        let field = |name: &str| format!("recipients[{index}].{name}");
        let text = recipient.sms.as_ref().or(input.sms.first());
        let text = text.ok_or_else(|| {
            Error::invalid(field("sms"), "is missing, and there is no common text")
        })?;
        sending::check_text(&field("sms"), text)?;
        if let Some(tracker) = &recipient.tracker {
            sending::check_tracker(&field("tracker"), tracker)?;
        }
        let Recipient { num, tracker, meta, .. } = recipient.clone();
        items.push(Item { index, num, tracker, meta, ..Item::default() });
        texts.push(text.clone());
    }
    let same = texts.windows(2).all(|it| it[0] == it[1]);
    if same || input.repertoire_id.is_some() {
        if !same {
            return Err(Error::invalid(
                "recipients",
                "have texts of their own beside a directory, whose numbers have none",
            ));
        }
        texts.truncate(1);
    }
    Ok((items, texts))
}

fn check_texts(input: &Input, recipients: usize) -> Result<(), Error> {
    let texts = input.sms.len();
    if texts == 0 {
        return Err(Error::invalid("sms", "is missing or empty"));
    }
    if texts != 1 && texts != recipients {
        let said =
            format!("{texts} texts for {recipients} recipients; give one for all, or one for each");
        return Err(Error::invalid("sms", said));
    }
    for (index, text) in input.sms.iter().enumerate() {
        let field = if texts == 1 { "sms".to_owned() } else { format!("sms[{index}]") };
        sending::check_text(&field, text)?;
    }
    Ok(())
}

/// The texts of the recipients that are left once some were settled.
pub fn texts_for(items: &[Item], texts: Vec<String>) -> Vec<String> {
    if texts.len() == 1 {
        return texts;
    }
    items.iter().map(|it| texts.get(it.index).cloned().unwrap_or_default()).collect()
}

/// The entries of an answer that are about none of the message's own recipients: those of a
/// directory's numbers, or one for all of them.
pub fn unlisted(reply: &Reply, items: &[Item]) -> Map<String, Value> {
    let listed: HashSet<&str> = items.iter().map(|it| it.tel.as_str()).collect();
    let others = reply.entries.iter().filter(|entry| {
        entry
            .tel()
            .map_or(entry.code().is_some(), |tel| !listed.contains(number::key(&tel).as_str()))
    });
    let others: Vec<Value> = others.map(|it| Value::Object(it.fields().clone())).collect();
    if others.is_empty() {
        Map::new()
    } else {
        Map::from_iter([(UNLISTED.to_owned(), others.into())])
    }
}

/// Takes the directory's entries out of the outcomes.
///
/// # Errors
/// When a message to a directory alone got no answer: there is nobody to report on one by one.
pub fn directory_answers<R>(
    parts: &[Part<R>],
    outcomes: Vec<Outcome>,
) -> Result<(Vec<Outcome>, Vec<Entry>), Error> {
    let mut entries = Vec::new();
    let mut kept = Vec::with_capacity(outcomes.len());
    for (part, outcome) in parts.iter().zip(outcomes) {
        let outcome = match outcome {
            Outcome::Done(mut reply) => {
                if let Some(Value::Array(unlisted)) = reply.data.remove(UNLISTED) {
                    let fields = unlisted.into_iter().filter_map(|it| match it {
                        Value::Object(fields) => Some(Entry::from(fields)),
                        _ => None,
                    });
                    entries.extend(fields);
                }
                Outcome::Done(reply)
            }
            Outcome::Planned => Outcome::Planned,
            lost if part.items.is_empty() => Outcome::Done(lost.into_reply(Effect::Once)?),
            lost => lost,
        };
        kept.push(outcome);
    }
    Ok((kept, entries))
}

/// Adds the directory's numbers to the results.
pub fn append(entries: Vec<Entry>, results: &mut Vec<RecipientResult>, tally: &mut Tally) {
    let after = results.last().map_or(0, |it| it.index + 1);
    for (index, entry) in (after..).zip(entries) {
        let num = entry.tel().map_or_else(|| "directory".to_owned(), String::from);
        let item = Item { index, tel: number::key(&num), num, ..Item::default() };
        let fate = Fate::new(&item, answer(&entry));
        tally.count(fate.status);
        tally.parts += u64::from(fate.smslong.unwrap_or(0));
        results.push(RecipientResult { index, fate, meta: None });
    }
}

/// A message with just the recipients that were not sent, to be given to the same action again.
pub fn retry(
    results: &[RecipientResult],
    called: &[Item],
    requests: &[SmsMulti],
    with_directory: bool,
) -> Option<Value> {
    let first = requests.first()?;
    let mut texts: HashMap<usize, &String> = HashMap::new();
    let mut items = called.iter();
    for request in requests {
        for place in 0..request.num.len() {
            let text =
                if request.sms.len() == 1 { request.sms.first() } else { request.sms.get(place) };
            if let (Some(item), Some(text)) = (items.next(), text) {
                texts.insert(item.index, text);
            }
        }
    }
    let recipients: Vec<Recipient> = results
        .iter()
        .filter(|it| it.fate.status == Status::NotSent)
        .map(|it| Recipient {
            num: it.fate.num.clone(),
            sms: texts.get(&it.index).map(|it| (*it).clone()),
            tracker: it.fate.tracker.clone(),
            meta: it.meta.clone(),
        })
        .collect();
    if recipients.is_empty() {
        return None;
    }
    let mut message = json!({ "recipients": recipients });
    // The settings go along, and a directory if nothing was sent to it: otherwise nobody knows which
    // of its numbers remain.
    let settings = super::answer::fields(&SmsMulti {
        num: Vec::new(),
        sms: Vec::new(),
        tracker: Vec::new(),
        repertoire_id: first.repertoire_id.clone().filter(|_| with_directory),
        ..first.clone()
    });
    for (name, value) in settings.into_iter().filter(|(name, _)| name != "sms") {
        message[name] = value;
    }
    Some(message)
}
