//! Somebody who believes what is said: posts each `retry` once, posts again what was told as not sent, has
//! what is in doubt sent again now and then, and leaves alone what is done.

use std::sync::Arc;

use isendpro_connector::component::Error;
use serde_json::Value;

use crate::book::{Message, Word};
use crate::broker::Delivery;
use crate::plan::{EMITS, Host, Store};
use crate::words;
use crate::world::World;

/// How often an error is taken up, at most.
const PATIENCE: usize = 3;

impl World {
    /// A result of a message is out.
    pub fn tell(self: &Arc<Self>, message: usize, result: &Value, by: &str) {
        let only_problems = EMITS[usize::from(self.plan.shape.emits)] == "problemsOnly";
        let inner = self.lock();
        let of = inner.book.messages[message].clone();
        let mut said = words::told(&of, result, only_problems);
        let retry = &result["retry"];
        let returned = words::returned(&inner.book, &of, retry);
        // Whoever gets it believes that it was not sent, whatever is said beside it.
        let beside = returned.iter().filter(|it| !said.contains(&(**it, Word::NotSent)));
        let beside: Vec<_> = beside.map(|it| (*it, Word::NotSent)).collect();
        said.extend(beside);
        drop(inner);
        self.hear(message, &said, by);
        if self.plan.host == Host::Step && !returned.is_empty() {
            self.take_up(message, &of, retry.clone(), &returned);
        }
    }

    /// The error of a message is out.
    pub fn tell_error(self: &Arc<Self>, message: usize, error: &Error, by: &str) {
        let of = self.lock().book.messages[message].clone();
        let said = words::failed(&of, error);
        self.say(|| format!("{by} says of {}: {error}", of.name));
        self.hear(message, &said, by);
        if self.plan.host == Host::Step && error.retryable() && of.id.is_some() {
            self.post_again(message);
        }
    }

    fn hear(self: &Arc<Self>, message: usize, said: &[(usize, Word)], by: &str) {
        let now = self.now();
        let mut inner = self.lock();
        for (slot, word) in said {
            inner.book.say((message, *slot), now, *word);
            if inner.is_hasty {
                inner.book.hasty.insert((message, *slot));
            }
        }
        drop(inner);
        self.say(|| {
            let inner = self.lock();
            let words = said.iter().map(|(slot, word)| {
                let slot = &inner.book.slots[*slot];
                format!("{} \"{}\" {word:?}", slot.tel, slot.text)
            });
            let words = words.collect::<Vec<_>>().join(", ");
            format!("{by} says of {}: {words}", inner.book.messages[message].name)
        });
        let is_in_doubt = said.iter().any(|it| it.1 == Word::Unknown);
        if self.plan.host == Host::Step && is_in_doubt {
            self.have_sent_again(message);
        }
    }

    /// A `retry` is a new message. What the same message has returned before was sent then.
    fn take_up(self: &Arc<Self>, message: usize, of: &Message, retry: Value, returned: &[usize]) {
        let mut inner = self.lock();
        if !inner.dice.strikes(self.plan.believes) {
            return;
        }
        let new: Vec<bool> =
            returned.iter().map(|it| inner.book.taken_up.insert((message, *it))).collect();
        let slots: Vec<usize> =
            returned.iter().zip(&new).filter(|it| *it.1).map(|it| *it.0).collect();
        if slots.is_empty() {
            return;
        }
        let name = inner.book.next_name();
        let mut body = retry;
        let mut kept = new.into_iter();
        let recipients = body["recipients"].as_array_mut().unwrap();
        recipients.retain(|_| kept.next().unwrap());
        for it in recipients {
            it["tracker"] = name.as_str().into();
        }
        let id = of.id.as_ref().map(|_| format!("id-{name}"));
        let posted = Message { name, id, body, slots, posted: self.now() };
        let place = inner.book.add_message(posted);
        drop(inner);
        self.post_later(place, false);
    }

    /// What was not sent is posted as it was.
    fn post_again(self: &Arc<Self>, message: usize) {
        let mut inner = self.lock();
        let posts = inner.book.posts.get(&message).map_or(0, Vec::len);
        let heard = inner.book.heard.insert(message, posts).unwrap_or(0);
        // The broker may bring the same error twice.
        if heard == posts || posts > PATIENCE || !inner.dice.strikes(self.plan.believes) {
            return;
        }
        let of = inner.book.messages[message].clone();
        let has_only_its_id = of.id.is_some() && of.body["reference"].is_null();
        let is_journaled = self.plan.store != Store::None && self.plan.twice == 0;
        if !has_only_its_id || !is_journaled || inner.dice.draw(2) == 0 {
            drop(inner);
            return self.post_later(message, false);
        }
        // Under another id, it is another message.
        let name = inner.book.next_name();
        let (id, mut body) = (Some(format!("id-{name}")), of.body);
        match body["recipients"].as_array_mut() {
            Some(all) => all.iter_mut().for_each(|it| it["tracker"] = name.as_str().into()),
            None => body["tracker"] = name.as_str().into(),
        }
        let posted = Message { name, id, body, slots: of.slots, posted: self.now() };
        let place = inner.book.add_message(posted);
        inner.book.renewed.insert(message);
        drop(inner);
        self.post_later(place, false);
    }

    /// Somebody decides that what is in doubt is to be sent again, once.
    fn have_sent_again(self: &Arc<Self>, message: usize) {
        let mut inner = self.lock();
        // Without a journal all of the message would be sent.
        let is_safe = match self.plan.store {
            Store::None => self.plan.shape.batch == 0,
            _ => inner.book.messages[message].id.is_some(),
        };
        if !is_safe || inner.book.asked.contains(&message) || !inner.dice.strikes(self.plan.resends)
        {
            return;
        }
        inner.book.asked.insert(message);
        drop(inner);
        self.post_later(message, true);
    }

    fn post_later(self: &Arc<Self>, message: usize, resend: bool) {
        let wait = self.between(10, 20_000);
        self.later(wait, move |world| world.post(message, resend));
    }

    /// Posts a message, by now.
    pub fn post(self: &Arc<Self>, message: usize, resend: bool) {
        let now = self.now();
        let mut inner = self.lock();
        inner.book.messages[message].posted = now;
        inner.book.posts.entry(message).or_default().push(now);
        let is_twice =
            inner.dice.strikes(self.plan.twice) && inner.book.messages[message].id.is_some();
        drop(inner);
        let delivery = Delivery { message, resend, ..Delivery::default() };
        self.say(|| {
            let inner = self.lock();
            let of = &inner.book.messages[message];
            let (how, again) =
                (if is_twice { ", twice" } else { "" }, if resend { ", resend" } else { "" });
            format!("somebody posts {}{again}{how}: {}", of.name, of.body)
        });
        if is_twice {
            let wait = self.between(0, 5_000);
            self.enqueue_later(delivery.clone(), wait);
        }
        self.enqueue(delivery);
    }
}
