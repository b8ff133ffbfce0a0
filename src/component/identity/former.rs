//! Identities as the first journals have them, so that what these remember is recognised: the order
//! of fields and the form of numbers counted.

use ring::digest::{Context, SHA256};
use serde_json::{Map, Value};

use super::{APART, BESIDE, WRAPPER, add_text, finish, number};

/// Hashed at both ends of a wrapper within which a field stands that stands beside it too: the one
/// within counts. No text is as long as that, so no other body has these bytes there.
const END: [u8; 8] = [u8::MAX; 8];

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

fn add(hash: &mut Context, name: &str, value: &Value) {
    add_text(hash, name);
    add_text(hash, &formerly(value).to_string());
}

fn formerly(value: &Value) -> Value {
    match value {
        Value::Number(it) => Value::Number(number::formerly(it)),
        Value::Array(elements) => elements.iter().map(formerly).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, it)| (name.clone(), formerly(it))).collect()
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::component::hex;

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

    /// Journals remember messages by it.
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
}
