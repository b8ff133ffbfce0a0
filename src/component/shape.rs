//! Plain values are taken as they are meant: the leniency that comes before strict checks.

use std::collections::HashMap;

use serde_json::{Number, Value};

/// Marks a list in a schema as one that may also be written as text, separated by comma,
/// semicolon or line end.
pub const SPLIT: &str = "x-split";

/// What a value is expected to be, read once from a JSON Schema.
///
/// [`Shape::coerce`] brings a value nearer to it where the meaning is plain: `"3"` for 3, 33612345678
/// for text, `"on"` for true, one value for a list of one, null and empty text for "not given". What
/// it cannot read it leaves alone, for the schema to refuse in words.
///
/// A number that stands for text keeps its digits and its form: whoever wrote `19.90` sees `19.90`.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Shape {
    /// Anything: left as it is.
    #[default]
    Any,
    /// Text; numbers are taken as they are written.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// Yes or no.
    Flag,
    /// A list; `split` if it may be written as separated text.
    List {
        /// What each element is.
        item: Box<Shape>,
        /// Whether text is split at commas, semicolons and line ends.
        split: bool,
    },
    /// An object with these fields.
    Object(HashMap<String, Shape>),
}

impl Shape {
    /// Reads the shape from a JSON Schema without references.
    pub fn of(schema: &Value) -> Self {
        if let Some(arms) = schema.get("anyOf").and_then(Value::as_array) {
            let mut arms = arms.iter().filter(|it| it.get("type") != Some(&Value::from("null")));
            return arms.next().map_or(Self::Any, Self::of);
        }
        match type_name(schema) {
            Some("string") => Self::Text,
            Some("integer") => Self::Integer,
            Some("number") => Self::Number,
            Some("boolean") => Self::Flag,
            Some("array") => Self::List {
                item: Box::new(schema.get("items").map_or(Self::Any, Self::of)),
                split: schema.get(SPLIT) == Some(&Value::Bool(true)),
            },
            Some("object") => match schema.get("properties").and_then(Value::as_object) {
                Some(fields) => Self::Object(
                    fields.iter().map(|(name, it)| (name.clone(), Self::of(it))).collect(),
                ),
                None => Self::Any,
            },
            _ if schema.get("enum").is_some() || schema.get("oneOf").is_some() => Self::Text,
            _ => Self::Any,
        }
    }

    /// Brings a value nearer to this shape.
    pub fn coerce(&self, value: &mut Value) {
        match (self, &mut *value) {
            (Self::Text, Value::Number(number)) => *value = Value::String(number.to_string()),
            (Self::Integer, Value::Number(number)) => {
                if let Some(whole) = whole(number) {
                    *value = whole.into();
                }
            }
            (Self::Number, Value::Number(number)) => {
                // In one form, which is read as a float everywhere.
                if let Some(number) = number.as_f64().and_then(Number::from_f64) {
                    *value = Value::Number(number);
                }
            }
            (Self::Integer, Value::String(text)) => {
                if let Ok(number) = text.trim().parse::<i64>() {
                    *value = number.into();
                }
            }
            (Self::Number, Value::String(text)) => {
                if let Some(number) = text.trim().parse().ok().and_then(Number::from_f64) {
                    *value = Value::Number(number);
                }
            }
            (Self::Flag, Value::String(_) | Value::Number(_)) => {
                if let Some(flag) = flag(value) {
                    *value = flag.into();
                }
            }
            (Self::List { item, split }, _) => coerce_list(item, *split, value),
            (Self::Object(fields), Value::Object(object)) => {
                object.retain(|name, value| {
                    let Some(shape) = fields.get(name) else { return true };
                    if *shape != Self::Any && is_blank(value) {
                        return false;
                    }
                    shape.coerce(value);
                    true
                });
            }
            _ => {}
        }
    }
}

fn coerce_list(item: &Shape, split: bool, value: &mut Value) {
    match value {
        Value::Array(_) => {}
        Value::String(text) if split => {
            *value = text
                .split([',', ';', '\n', '\r'])
                .map(str::trim)
                .filter(|it| !it.is_empty())
                .map(Value::from)
                .collect();
        }
        Value::Object(_) if !matches!(item, Shape::Object(_)) => return,
        _ => *value = Value::Array(vec![value.take()]),
    }
    if let Value::Array(elements) = value {
        for element in elements {
            item.coerce(element);
        }
    }
}

/// A whole number, also where it is written as `2.0`, as data frames do.
fn whole(number: &Number) -> Option<i64> {
    let float = number.as_f64().filter(|it| it.fract() == 0.0 && it.abs() < 1e15)?;
    #[expect(clippy::cast_possible_truncation, reason = "it is whole, and in bounds")]
    Some(float as i64)
}

/// What a tick box may send: see [`Shape::coerce`].
fn flag(value: &Value) -> Option<bool> {
    let text = match value {
        Value::String(text) => text.trim().to_ascii_lowercase(),
        Value::Number(number) => whole(number)?.to_string(),
        _ => return None,
    };
    match text.as_str() {
        "1" | "true" | "on" | "yes" => Some(true),
        "0" | "false" | "off" | "no" => Some(false),
        _ => None,
    }
}

fn is_blank(value: &Value) -> bool {
    value.is_null() || value.as_str() == Some("")
}

/// The type of a schema, leaving out `null`.
fn type_name(schema: &Value) -> Option<&str> {
    match schema.get("type")? {
        Value::String(name) => Some(name),
        Value::Array(names) => names.iter().filter_map(Value::as_str).find(|it| *it != "null"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::component::exact;

    fn shape() -> Shape {
        Shape::of(&json!({"type": "object", "properties": {
            "text": {"type": ["string", "null"]},
            "count": {"type": "integer"},
            "amount": {"type": "number"},
            "flag": {"type": "boolean"},
            "nums": {"type": "array", "items": {"type": "string"}, "x-split": true},
            "texts": {"type": "array", "items": {"type": "string"}},
            "people": {"type": "array", "items": {"type": "object", "properties": {"num": {"type": "string"}}}},
            "meta": true,
        }}))
    }

    #[test]
    fn plain_values_are_taken_as_meant() {
        let cases = [
            (
                json!({"text": 336, "count": "3", "amount": "1.5"}),
                json!({"text": "336", "count": 3, "amount": 1.5}),
            ),
            (json!({"count": 2.0}), json!({"count": 2})),
            (json!({"flag": "on"}), json!({"flag": true})),
            (json!({"flag": 0}), json!({"flag": false})),
            (json!({"flag": 1.0, "amount": 1}), json!({"flag": true, "amount": 1.0})),
            (json!({"text": null, "count": "", "nums": null}), json!({})),
            (json!({"nums": "1, 2;3\n4;"}), json!({"nums": ["1", "2", "3", "4"]})),
            (json!({"nums": 33}), json!({"nums": ["33"]})),
            (json!({"nums": [33, ""]}), json!({"nums": ["33", ""]})),
            (json!({"texts": "Hello, you"}), json!({"texts": ["Hello, you"]})),
            (json!({"people": {"num": 6}}), json!({"people": [{"num": "6"}]})),
            (json!({"meta": null, "other": ""}), json!({"meta": null, "other": ""})),
        ];
        for (mut given, expected) in cases {
            shape().coerce(&mut given);
            assert_eq!(given, expected);
        }
    }

    #[test]
    fn a_number_that_stands_for_text_stays_as_it_is_written() {
        for number in [
            "0",
            "-0",
            "7",
            "4711",
            "19.90",
            "3.0",
            "1e3",
            "1E+3",
            "-12.500",
            "0.0000001",
            "12345678901234567890123",
            "20261128000000000001",
            "1e400",
        ] {
            let text = format!(r#"{{"text":{number},"texts":[{number}],"meta":{number}}}"#);
            let mut given = exact::parse(&text).unwrap();
            shape().coerce(&mut given);
            let expected = format!(r#"{{"text":"{number}","texts":["{number}"],"meta":{number}}}"#);
            assert_eq!(given.to_string(), expected);
        }
    }

    #[test]
    fn whole_numbers_and_flags_are_read_in_all_forms() {
        for (one, two) in
            [("1", "2"), ("1.0", "2.0"), ("1e0", "2e0"), ("0.1e1", "20E-1"), ("10e-1", "2.00")]
        {
            let text = format!(r#"{{"flag":{one},"count":{two},"amount":{two}}}"#);
            let mut given = exact::parse(&text).unwrap();
            shape().coerce(&mut given);
            assert_eq!(given, json!({"flag": true, "count": 2, "amount": 2.0}), "{text}");
        }
        for other in ["1.5", "2", "-1", "1e2", "1.0000000000000002"] {
            let mut given = exact::parse(&format!(r#"{{"flag":{other}}}"#)).unwrap();
            let before = given.clone();
            shape().coerce(&mut given);
            assert_eq!(given, before);
        }
    }

    #[test]
    fn what_cannot_be_read_is_left_for_the_schema_to_refuse() {
        for unreadable in [
            json!({"text": {"a": 1}}),
            json!({"text": true}),
            json!({"texts": [false]}),
            json!({"count": 1.5}),
            json!({"count": "many"}),
            json!({"flag": "perhaps"}),
            json!({"nums": {"a": 1}}),
        ] {
            let mut given = unreadable.clone();
            shape().coerce(&mut given);
            assert_eq!(given, unreadable);
        }
    }
}
