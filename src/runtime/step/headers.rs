//! Headers of AMQP: read whatever type a sender has given them, and written as a platform reads them.

mod camel;

use std::collections::BTreeMap;

use jiff::Timestamp;
use lapin::types::{AMQPValue, FieldTable, ShortString};
use serde_json::{Map, Value};

pub use camel::camel_case;

/// How the headers begin that go through a whole flow.
pub const META: &str = "x-eio-meta-";

/// Most bytes of a text that goes out where there is little room.
const LONGEST: usize = 1024;

/// Tells how often a message was put off.
pub const REBOUNDS: &str = "reboundIteration";
/// Holds a UUID of version 7 that a message gets when it is put off first, and keeps: all its copies
/// have it.
pub const REBOUND_ID: &str = "reboundId";
/// Is there if the broker may have taken the same copy once before, so that two come back.
pub const REBOUND_REPEATED: &str = "reboundRepeated";

/// Is there in an answer that tells of an error.
pub const ERROR_RESPONSE: &str = "x-eio-error-response";

/// Whether a message with these headers comes from where rejected messages go (`x-death`).
pub fn was_rejected(table: &FieldTable) -> bool {
    let Some(AMQPValue::FieldArray(deaths)) = table.inner().get("x-death") else { return false };
    deaths.as_slice().iter().any(|death| match death {
        AMQPValue::FieldTable(death) => {
            death.inner().get("reason").and_then(text).is_some_and(|it| it == "rejected")
        }
        _ => false,
    })
}

/// Headers of one outgoing message.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Headers(BTreeMap<ShortString, AMQPValue>);

impl Headers {
    /// The headers that a message came with.
    pub fn of(table: Option<&FieldTable>) -> Self {
        Self(table.map(|it| it.inner().clone()).unwrap_or_default())
    }

    /// Leaves out where a broker has sent the message on its way here: it would go to these places
    /// once more (`CC`, `BCC`), or be counted as dead again (`x-death` and the like).
    pub fn forget_the_way(&mut self) {
        self.0.retain(|name, _| {
            let name = name.as_str();
            !matches!(name, "CC" | "BCC" | "x-death")
                && !name.starts_with("x-first-death-")
                && !name.starts_with("x-last-death-")
        });
    }

    /// Leaves out the flow's own headers, and texts that no header of ours has the length of. Whether
    /// there were any.
    pub fn lighten(&mut self) -> bool {
        let before = self.0.len();
        self.0.retain(|name, value| {
            let is_long =
                matches!(value, AMQPValue::LongString(it) if it.as_bytes().len() > LONGEST);
            !name.as_str().starts_with(META) && !is_long
        });
        self.0.len() < before
    }

    /// Sets a text.
    pub fn text(&mut self, name: &str, value: &str) {
        self.put(name, AMQPValue::LongString(value.into()));
    }

    /// Sets a number.
    pub fn number(&mut self, name: &str, value: i64) {
        self.put(name, AMQPValue::LongLongInt(value));
    }

    /// Sets a moment, as milliseconds since 1970.
    pub fn moment(&mut self, name: &str, value: Timestamp) {
        self.number(name, value.as_millisecond());
    }

    /// Sets a yes or no.
    pub fn flag(&mut self, name: &str, value: bool) {
        self.put(name, AMQPValue::Boolean(value));
    }

    /// Sets a header. AMQP has no room for a name of more than 255 bytes, and its client panics at one.
    pub fn put(&mut self, name: &str, value: AMQPValue) {
        if let Ok(name) = ShortString::try_new(name) {
            self.0.insert(name, value);
        }
    }
}

impl From<Headers> for FieldTable {
    fn from(headers: Headers) -> Self {
        headers.0.into()
    }
}

/// The text of a header; a number counts as one.
pub fn text(value: &AMQPValue) -> Option<String> {
    match value {
        AMQPValue::LongString(it) => Some(String::from_utf8_lossy(it.as_bytes()).into_owned()),
        AMQPValue::ShortString(it) => Some(it.as_str().to_owned()),
        _ => number(value).map(|it| it.to_string()),
    }
}

/// The number of a header, whichever of AMQP's types it has.
pub fn number(value: &AMQPValue) -> Option<i64> {
    Some(match *value {
        AMQPValue::ShortShortInt(it) => it.into(),
        AMQPValue::ShortShortUInt(it) => it.into(),
        AMQPValue::ShortInt(it) => it.into(),
        AMQPValue::ShortUInt(it) => it.into(),
        AMQPValue::LongInt(it) => it.into(),
        AMQPValue::LongUInt(it) => it.into(),
        AMQPValue::LongLongInt(it) => it,
        AMQPValue::Timestamp(it) => i64::try_from(it).ok()?,
        #[expect(clippy::cast_possible_truncation, reason = "it has no fraction and saturates")]
        AMQPValue::Double(it) if it.fract() == 0.0 => it as i64,
        #[expect(clippy::cast_possible_truncation, reason = "it has no fraction and saturates")]
        AMQPValue::Float(it) if it.fract() == 0.0 => it as i64,
        _ => return None,
    })
}

/// Headers as JSON, for those who read them in a message.
pub fn json(table: &FieldTable) -> Map<String, Value> {
    table.into_iter().map(|(name, value)| (name.to_string(), value_json(value))).collect()
}

fn value_json(value: &AMQPValue) -> Value {
    match value {
        AMQPValue::Boolean(it) => (*it).into(),
        AMQPValue::FieldTable(it) => json(it).into(),
        AMQPValue::FieldArray(it) => it.as_slice().iter().map(value_json).collect(),
        AMQPValue::Double(it) => (*it).into(),
        AMQPValue::Float(it) => (*it).into(),
        _ => number(value).map(Value::from).or_else(|| text(value).map(Value::from)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_whatever_their_type() {
        for value in [
            AMQPValue::ShortShortInt(7),
            AMQPValue::ShortShortUInt(7),
            AMQPValue::ShortInt(7),
            AMQPValue::ShortUInt(7),
            AMQPValue::LongInt(7),
            AMQPValue::LongUInt(7),
            AMQPValue::LongLongInt(7),
            AMQPValue::Timestamp(7),
            AMQPValue::Float(7.0),
            AMQPValue::Double(7.0),
        ] {
            assert_eq!((number(&value), text(&value).as_deref()), (Some(7), Some("7")));
        }
        assert_eq!(number(&AMQPValue::Double(7.5)), None);
        assert_eq!(text(&AMQPValue::LongString("é".into())).as_deref(), Some("é"));
        assert_eq!(text(&AMQPValue::LongString(vec![255].into())).as_deref(), Some("\u{fffd}"));
        assert_eq!((text(&AMQPValue::Void), number(&AMQPValue::Void)), (None, None));
    }

    #[test]
    fn headers_can_be_read_as_json() {
        let mut inner = FieldTable::default();
        inner.insert("deep".into(), AMQPValue::Boolean(true));
        let mut table = FieldTable::default();
        table.insert("a".into(), AMQPValue::FieldTable(inner));
        table.insert("b".into(), AMQPValue::FieldArray(vec![AMQPValue::Double(0.5)].into()));
        table.insert("c".into(), AMQPValue::Void);
        let expected = serde_json::json!({"a": {"deep": true}, "b": [0.5], "c": null});
        assert_eq!(Value::from(json(&table)), expected);
    }

    #[test]
    fn a_name_that_amqp_cannot_hold_is_left_out() {
        let mut headers = Headers::default();
        headers.text(&"n".repeat(256), "x");
        headers.text(&"n".repeat(255), "x");
        assert_eq!(FieldTable::from(headers).inner().len(), 1);
    }
}
