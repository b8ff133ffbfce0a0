//! What a result says, SMS by SMS.

use isendpro_connector::component::Error;
use serde_json::Value;

use crate::book::{Book, Message, Word};

/// What this result of a message says of each SMS. Where only problems are told, the rest is accepted.
pub fn told(message: &Message, result: &Value, only_problems: bool) -> Vec<(usize, Word)> {
    let word = |it: &Value| it["status"].as_str().and_then(Word::of);
    let Some(results) = result["results"].as_array() else {
        return word(result).map(|it| (message.slots[0], it)).into_iter().collect();
    };
    let place = |it: &Value| it["index"].as_u64().and_then(|it| usize::try_from(it).ok()).unwrap();
    let said = results.iter().filter_map(|it| Some((message.slots[place(it)], word(it)?)));
    let mut said: Vec<_> = said.collect();
    if only_problems {
        let named: Vec<usize> = results.iter().map(place).collect();
        let rest = (0..message.slots.len()).filter(|it| !named.contains(it));
        said.extend(rest.map(|it| (message.slots[it], Word::Accepted)));
    }
    said
}

/// What the error of a whole message says of each.
pub fn failed(message: &Message, error: &Error) -> Vec<(usize, Word)> {
    let word = Word::of(error.status()).unwrap();
    let mut slots = message.slots.clone();
    slots.sort_unstable();
    slots.dedup();
    slots.into_iter().map(|it| (it, word)).collect()
}

/// The SMS that a `retry` would send.
pub fn returned(book: &Book, message: &Message, retry: &Value) -> Vec<usize> {
    let text = |it: &Value| match it {
        Value::Array(all) => all.first().and_then(Value::as_str).map(str::to_owned),
        one => one.as_str().map(str::to_owned),
    };
    let common = text(&retry["sms"]);
    let recipients = retry["recipients"].as_array().into_iter().flatten();
    let slots = recipients.map(|it| {
        let (num, text) = (it["num"].as_str().unwrap(), text(&it["sms"]).or(common.clone()));
        let is_it = |slot: &&usize| {
            let slot = &book.slots[**slot];
            slot.tel.ends_with(&num[1..]) && Some(&slot.text) == text.as_ref()
        };
        *message.slots.iter().find(is_it).expect("a retry is of its message")
    });
    slots.collect()
}
