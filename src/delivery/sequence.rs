//! The messages of a run in the order in which its input has them: what tells equal ones apart, and
//! one input from another.

use std::collections::HashMap;

use ring::digest::{Context, SHA256};

use super::memory::id_of;
use crate::component::{Message, Progress, Seal, add_text, finish, former, identity};

/// What was read next.
#[derive(Debug, Clone, Copy)]
pub enum Reading<'a> {
    /// A message.
    Message(&'a Message),
    /// A line that is no message, as far as it was kept.
    Other(&'a str),
}

/// Where a message stands in the input of its run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place {
    /// How many equal messages without an id were read, this one included.
    pub repeat: u32,
    /// The same, of those that the first journals took for equal.
    pub former_repeat: u32,
    /// How far the input was read, with the hash sealed.
    pub progress: Progress,
    /// The hash of what the message says, which was needed to count it.
    pub identity: Option<[u8; 32]>,
}

/// Counts the messages of an input as they are read.
#[derive(Debug, Default)]
pub struct Sequence {
    progress: Progress,
    seal: Seal,
    repeats: Repeats,
    /// Counts what the first journals took for equal; absent where no journal of theirs is used.
    former_repeats: Option<Repeats>,
}

/// How often each body came, by the first half of its hash.
type Repeats = HashMap<[u8; 16], u32>;

impl Sequence {
    /// Nothing was read yet. `former`: whether the journal may be one of the first; `seal` is its own.
    pub fn new(former: bool, seal: Seal) -> Self {
        Self { former_repeats: former.then(HashMap::new), seal, ..Self::default() }
    }

    /// The place of what was read next.
    pub fn place(&mut self, reading: Reading<'_>) -> Place {
        let mut place = Place::default();
        let mut hash = Context::new(&SHA256);
        hash.update(&self.progress.digest);
        match reading {
            Reading::Message(message) => {
                let identity = identity(&message.body);
                place.identity = Some(identity);
                let id = id_of(message);
                if id.is_none() {
                    place.repeat = count(&mut self.repeats, &identity);
                    if let Some(repeats) = &mut self.former_repeats {
                        place.former_repeat = count(repeats, &former::identity(&message.body));
                    }
                }
                hash.update(&[1, u8::from(id.is_some())]);
                add_text(&mut hash, id.as_deref().unwrap_or_default());
                hash.update(&identity);
            }
            Reading::Other(text) => {
                hash.update(&[0]);
                add_text(&mut hash, text);
            }
        }
        self.progress = Progress { read: self.progress.read + 1, digest: finish(hash) };
        let digest = self.seal.of(self.progress.digest);
        place.progress = Progress { digest, ..self.progress };
        place
    }
}

fn count(repeats: &mut Repeats, identity: &[u8; 32]) -> u32 {
    let mut short = [0; 16];
    short.copy_from_slice(&identity[..16]);
    let count = repeats.entry(short).or_insert(0);
    *count += 1;
    *count
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn places(lines: &[Value]) -> Vec<Place> {
        let mut sequence = Sequence::new(true, Seal::default());
        let place = |it: &Value| sequence.place(Reading::Message(&Message::new(it.clone())));
        lines.iter().map(place).collect()
    }

    #[test]
    fn equal_messages_without_an_id_are_counted_and_others_are_not() {
        let (a, a_again) = (json!({"num": "1", "sms": "a"}), json!({"sms": "a", "num": "1"}));
        let named = json!({"id": "x", "body": {"num": "1", "sms": "a"}});
        let places = places(&[a.clone(), a_again, named.clone(), json!({"num": "2"}), a, named]);
        let repeats: Vec<_> = places.iter().map(|it| (it.repeat, it.former_repeat)).collect();
        assert_eq!(repeats, [(1, 1), (2, 1), (0, 0), (1, 1), (3, 2), (0, 0)]);
        assert_eq!(places.last().unwrap().progress.read, 6);
    }

    #[test]
    fn an_input_is_known_by_what_its_messages_say_and_by_their_order() {
        let end = |lines: &[Value]| places(lines).last().unwrap().progress.digest;
        let (a, b) = (json!({"num": "1", "sms": "a"}), json!({"num": "2", "sms": "b"}));
        let same =
            json!({"error": {"kind": "notSent"}, "body": {"sms": "b", "num": "2", "resend": 1}});
        assert_eq!(end(&[a.clone(), b.clone()]), end(&[a.clone(), same]));
        for other in
            [vec![b.clone(), a.clone()], vec![a.clone()], vec![a.clone(), b.clone(), b.clone()]]
        {
            assert_ne!(end(&[a.clone(), b.clone()]), end(&other));
        }
        let mut sequence = Sequence::default();
        let first = sequence.place(Reading::Other("{")).progress.digest;
        assert_ne!(first, Sequence::default().place(Reading::Other("}")).progress.digest);
    }

    #[test]
    fn each_hash_of_an_input_is_sealed_by_itself() {
        let seal = Seal::new(&[4; 32]);
        let (mut plain, mut sealed) = (Sequence::default(), Sequence::new(false, seal.clone()));
        for line in ["{", "[", "x", "", "{}", "null", "0", " ", "é", "{\"num\":1}"] {
            let (plain, sealed) =
                (plain.place(Reading::Other(line)), sealed.place(Reading::Other(line)));
            assert_eq!(sealed.progress.digest, seal.of(plain.progress.digest));
            assert_eq!(sealed.progress.read, plain.progress.read);
        }
    }
}
