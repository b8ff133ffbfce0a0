//! What makes two deliveries of a message the same message.

use std::num::NonZeroU32;

use ring::digest::{Context, SHA256};
use ring::pbkdf2;
use serde_json::Value;

use super::MessageKey;
use super::input::WRAPPER;

/// Fields that do not make another message: the key of the account, and the wish to send again what
/// is in doubt.
const APART: &[&str] = &["keyid", "resend"];

/// The SHA-256 of a body as it was received, without the key.
pub fn identity(body: &Value) -> [u8; 32] {
    let mut hash = Context::new(&SHA256);
    match body {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    _ if APART.contains(&name.as_str()) => {}
                    Value::Object(inner) if name == WRAPPER => {
                        for (name, value) in inner {
                            if !APART.contains(&name.as_str()) {
                                add(&mut hash, name, value);
                            }
                        }
                    }
                    value => add(&mut hash, name, value),
                }
            }
        }
        other => add(&mut hash, "", other),
    }
    finish(hash)
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
