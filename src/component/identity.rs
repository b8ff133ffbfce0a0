//! What makes two deliveries of a message the same message.

use std::num::NonZeroU32;

use ring::digest::{Context, SHA256};
use ring::pbkdf2;
use serde_json::{Map, Value};

use super::MessageKey;
use super::input::WRAPPER;

/// Fields that do not make another message: the key of the account, and the wish to send again what
/// is in doubt.
const APART: &[&str] = &["keyid", "resend"];

/// Hashed at both ends of a wrapper within which a field stands that stands beside it too: the one
/// within counts. No text is as long as that, so no other body has these bytes there.
const END: [u8; 8] = [u8::MAX; 8];

/// Fields that say nothing of what a message is for beyond its numbers, which are known by themselves.
const BESIDE: &[&str] = &["keyid", "resend", "recipients", "sms", "meta", "raw"];

/// The SHA-256 of a body as it was received, without the key.
pub fn identity(body: &Value) -> [u8; 32] {
    without(APART, body)
}

/// The SHA-256 of what a body is for: of all of it but its text, and what only comes back.
pub fn purpose(body: &Value) -> [u8; 32] {
    without(BESIDE, body)
}

fn without(apart: &[&str], body: &Value) -> [u8; 32] {
    let is_own = |name: &str| !apart.contains(&name);
    let own = |fields| own(fields, apart);
    let mut hash = Context::new(&SHA256);
    let Value::Object(fields) = body else {
        add(&mut hash, "", body);
        return finish(hash);
    };
    for (name, value) in fields {
        match value {
            Value::Object(inner) if name == WRAPPER => {
                let twice = own(inner).any(|(it, _)| it != WRAPPER && fields.contains_key(it));
                let end: &[u8] = if twice { &END } else { &[] };
                hash.update(end);
                own(inner).for_each(|(name, value)| add(&mut hash, name, value));
                hash.update(end);
            }
            value if is_own(name) => add(&mut hash, name, value),
            _ => {}
        }
    }
    finish(hash)
}

/// The fields that make the message what it is.
fn own<'a>(
    fields: &'a Map<String, Value>,
    apart: &[&str],
) -> impl Iterator<Item = (&'a String, &'a Value)> {
    fields.iter().filter(move |(name, _)| !apart.contains(&name.as_str()))
}

/// The user's own id of a message, as its body has it, right or wrong in all else.
pub fn reference(body: &Value) -> Option<String> {
    let inner = body.get(WRAPPER).and_then(|it| it.get("reference"));
    match inner.or_else(|| body.get("reference"))? {
        Value::String(text) => Some(text.clone()).filter(|it| !it.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Begins what is hashed for a tracker: no other hash of a key and a place is ever one.
const TRACKER: &[u8] = b"isendpro tracker 1";

/// The tracker of what one slot of a message sends, where the user gives none: 32 hexadecimal
/// digits, the same on each delivery and in each resumed run.
pub fn tracker(message: MessageKey, slot: u32) -> String {
    let mut hash = Context::new(&SHA256);
    hash.update(TRACKER);
    hash.update(&message.0);
    hash.update(&slot.to_be_bytes());
    hex(&finish(hash)[..16])
}

/// How often a secret is hashed: some are short, and to guess one has to take long.
const ROUNDS: NonZeroU32 = NonZeroU32::MIN.saturating_add(99_999);

/// Bytes that follow from a secret, and that it cannot be guessed from: for what is read by others.
/// Takes tens of milliseconds.
pub fn stretch<const BYTES: usize>(secret: &str, salt: &[u8]) -> [u8; BYTES] {
    let mut stretched = [0; BYTES];
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, ROUNDS, salt, secret.as_bytes(), &mut stretched);
    stretched
}

/// The bytes in hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut hex, byte| {
        hex += &format!("{byte:02x}");
        hex
    })
}

/// The hash of what was added.
pub fn finish(hash: Context) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(hash.finish().as_ref());
    bytes
}

/// Adds a text with its length before it, so that no two rows of texts run into the same bytes.
pub fn add_text(hash: &mut Context, text: &str) {
    hash.update(&(text.len() as u64).to_be_bytes());
    hash.update(text.as_bytes());
}

fn add(hash: &mut Context, name: &str, value: &Value) {
    add_text(hash, name);
    add_text(hash, &value.to_string());
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_key_and_the_wish_to_resend_make_no_other_message() {
        let body = json!({"num": "06", "sms": "a"});
        for same in [
            json!({"num": "06", "sms": "a", "keyid": "k"}),
            json!({"num": "06", "resend": true, "sms": "a"}),
            json!({"requestBody": {"keyid": "k", "num": "06", "sms": "a"}, "resend": 1}),
        ] {
            assert_eq!(identity(&same), identity(&body), "{same}");
        }
    }

    #[test]
    fn anything_else_does() {
        let body = json!({"num": "06", "sms": "a"});
        for other in [
            json!({"num": "06", "sms": "b"}),
            json!({"num": "06", "sms": "a", "meta": 1}),
            json!({"num": "06s", "ms": "a"}),
            json!({"num": "06"}),
            json!("text"),
        ] {
            assert_ne!(identity(&other), identity(&body), "{other}");
        }
    }

    #[test]
    fn a_field_beside_and_within_the_wrapper_is_told_apart() {
        let bodies = [
            json!({"reference": "r", "num": "A", "requestBody": {"num": "B"}, "sms": "x"}),
            json!({"reference": "r", "requestBody": {"num": "A"}, "num": "B", "sms": "x"}),
            json!({"reference": "r", "num": "A", "requestBody": {"num": "B", "sms": "x"}}),
        ];
        for (place, body) in bodies.iter().enumerate() {
            for other in &bodies[..place] {
                assert_ne!(identity(body), identity(other), "{body} {other}");
            }
        }
    }

    /// Journals remember messages by it: it may change for no body whose fields stand in one place.
    #[test]
    fn what_stands_in_one_place_has_the_identity_that_it_always_had() {
        let plain = json!({"num": "06", "sms": "a"});
        let known = "0200a7ae1ab36ed44c2f6c5667ffd04e806201384f137dd78121063da2df7626";
        assert_eq!(hex(&identity(&plain)), known);
        for same in [
            json!({"requestBody": {"num": "06", "sms": "a"}}),
            json!({"num": "06", "requestBody": {"sms": "a"}}),
            json!({"requestBody": {"num": "06"}, "sms": "a"}),
            json!({"keyid": "k", "requestBody": {"num": "06", "keyid": "l", "sms": "a"}}),
            json!({"resend": 1, "requestBody": {"num": "06", "resend": 0, "sms": "a"}}),
        ] {
            assert_eq!(identity(&same), identity(&plain), "{same}");
        }
    }

    /// Trackers stand in the reports of years: they may never be derived in another way.
    #[test]
    fn a_tracker_is_derived_from_the_message_and_the_place_for_ever() {
        let key = MessageKey([7; 32]);
        assert_eq!(tracker(key, 0), "b4af3b3b9eb5bd6629f5e5087fcb2415");
        let others = [tracker(key, 1), tracker(key, u32::MAX), tracker(MessageKey([8; 32]), 0)];
        assert!(others.iter().all(|it| *it != tracker(key, 0)), "{others:?}");
        assert!(tracker(key, 1).bytes().all(|it| it.is_ascii_alphanumeric()));
    }
}
