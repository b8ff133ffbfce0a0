//! What makes two deliveries of a message the same message.

pub mod former;
mod number;

use std::num::NonZeroU32;

use ring::digest::{Context, SHA256};
use ring::pbkdf2;
use serde_json::{Map, Value};

use super::MessageKey;
use super::input::WRAPPER;

/// Fields that do not make another message: the key of the account, and the wish to send again what
/// is in doubt.
const APART: &[&str] = &["keyid", "resend"];

/// Fields that say nothing of what a message is for beyond its numbers, which are known by themselves.
const BESIDE: &[&str] = &["keyid", "resend", "recipients", "sms", "meta", "raw"];

/// The SHA-256 of what a body says: the order of its fields, the form of its numbers and the wrapper
/// of the old connector do not matter. The key of the account and the wish to resend are left out.
pub fn identity(body: &Value) -> [u8; 32] {
    canonical(APART, body)
}

/// The SHA-256 of what a body is for: of all of it but its text, and what only comes back.
pub fn purpose(body: &Value) -> [u8; 32] {
    canonical(BESIDE, body)
}

fn canonical(apart: &[&str], body: &Value) -> [u8; 32] {
    let mut hash = Context::new(&SHA256);
    match body {
        Value::Object(fields) => {
            let fields = effective(fields).filter(|(name, _)| !apart.contains(name));
            add_fields(&mut hash, fields.collect());
        }
        other => add_value(&mut hash, other),
    }
    finish(hash)
}

/// The fields that count: those within the wrapper, and those beside it that it does not replace.
fn effective(fields: &Map<String, Value>) -> impl Iterator<Item = (&str, &Value)> {
    let inner = fields.get(WRAPPER).and_then(Value::as_object);
    let within = inner.into_iter().flatten();
    let beside = fields.iter().filter(move |(name, _)| {
        inner.is_none_or(|it| name.as_str() != WRAPPER && !it.contains_key(*name))
    });
    beside.chain(within).map(|(name, value)| (name.as_str(), value))
}

fn add_fields(hash: &mut Context, mut fields: Vec<(&str, &Value)>) {
    fields.sort_unstable_by_key(|it| it.0);
    add_count(hash, b'{', fields.len());
    for (name, value) in fields {
        add_text(hash, name);
        add_value(hash, value);
    }
}

/// Adds a value in a form that all ways of writing it share. The first byte is its type.
fn add_value(hash: &mut Context, value: &Value) {
    match value {
        Value::Null => hash.update(b"n"),
        Value::Bool(it) => hash.update(if *it { b"t" } else { b"f" }),
        Value::Number(it) => {
            hash.update(b"#");
            add_text(hash, &number::canonical(it));
        }
        Value::String(it) => {
            hash.update(b"s");
            add_text(hash, it);
        }
        Value::Array(elements) => {
            add_count(hash, b'[', elements.len());
            for element in elements {
                add_value(hash, element);
            }
        }
        Value::Object(fields) => {
            add_fields(hash, fields.iter().map(|(name, it)| (name.as_str(), it)).collect());
        }
    }
}

fn add_count(hash: &mut Context, kind: u8, count: usize) {
    hash.update(&[kind]);
    hash.update(&(count as u64).to_be_bytes());
}

/// The user's own id of a message, as its body has it, right or wrong in all else.
pub fn reference(body: &Value) -> Option<String> {
    let inner = body.get(WRAPPER).and_then(|it| it.get("reference"));
    match inner.or_else(|| body.get("reference"))? {
        Value::String(text) => Some(text.clone()).filter(|it| !it.is_empty()),
        Value::Number(number) => Some(number.as_str().to_owned()),
        _ => None,
    }
}

/// Whether a message brings the key of an account.
pub fn brings_key(body: &Value) -> bool {
    let inner = body.get(WRAPPER).and_then(|it| it.get("keyid"));
    inner.or_else(|| body.get("keyid")).is_some_and(|it| !it.is_null())
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

/// The bytes that so many hexadecimal digits are, and nothing else.
pub fn unhex<const N: usize>(digits: &str) -> Option<[u8; N]> {
    let is_one = digits.len() == 2 * N && digits.bytes().all(|it| it.is_ascii_hexdigit());
    let digits = Some(digits).filter(|_| is_one)?;
    let mut bytes = [0; N];
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(2 * place..2 * place + 2)?, 16).ok()?;
    }
    Some(bytes)
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

#[cfg(test)]
mod tests;
