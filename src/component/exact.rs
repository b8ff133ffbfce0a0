//! JSON as it was written: numbers keep all of their digits, and their form.

use std::collections::HashMap;
use std::fmt;

use serde_json::value::RawValue;
use serde_json::{Number, Value};

/// Most levels of lists and objects within each other.
pub const MOST_LEVELS: usize = 127;
/// Most values of a text: elements, fields, and the lists and objects that hold them. A message with
/// 10,000 recipients, each with a text and a reference of its own, has 40,000. A value takes some
/// hundred bytes of memory, however short it is written: without this bound, a message of 3 MB could
/// end a small worker.
pub const MOST_VALUES: usize = 250_000;

/// A bound that every text is held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// At most [`MOST_LEVELS`].
    Levels,
    /// At most [`MOST_VALUES`].
    Values,
}

/// What is said of a message that exceeds it, after "the message".
impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Levels => write!(f, "has more than {MOST_LEVELS} levels of JSON"),
            Self::Values => write!(f, "has more than {MOST_VALUES} JSON values"),
        }
    }
}

/// Why something cannot be read.
#[derive(Debug)]
pub enum Unreadable {
    /// It may be JSON, and exceeds a limit.
    Beyond(Limit),
    /// It is not JSON.
    NotJson(serde_json::Error),
    /// It is not UTF-8.
    NotText,
}

/// What is said of it, after "the message": nothing of what it holds, which `serde_json` may quote.
impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Beyond(limit) => limit.fmt(f),
            Self::NotJson(error) => {
                write!(f, "is not JSON (line {}, column {})", error.line(), error.column())
            }
            Self::NotText => write!(f, "is not UTF-8"),
        }
    }
}

impl From<serde_json::Error> for Unreadable {
    fn from(error: serde_json::Error) -> Self {
        let is_too_deep = error.to_string().starts_with("recursion limit exceeded");
        if is_too_deep { Self::Beyond(Limit::Levels) } else { Self::NotJson(error) }
    }
}

/// Reads a JSON text. `serde_json` keeps the digits of numbers, but writes `1e3` as `1e+3`: what has
/// an exponent is put back.
///
/// # Errors
/// When it is not JSON, nested too deeply, or has too many values. The last is known before any of
/// them takes memory.
pub fn parse(text: &str) -> Result<Value, Unreadable> {
    if has_too_many_values(text.as_bytes()) {
        return Err(Unreadable::Beyond(Limit::Values));
    }
    let mut value = serde_json::from_str(text)?;
    if may_have_exponents(text) && has_exponents(&value) {
        restore(&mut value, serde_json::from_str(text)?)?;
    }
    Ok(value)
}

/// Reads bytes that should be JSON.
///
/// # Errors
/// Those of [`parse`], and when they are not UTF-8.
pub fn parse_bytes(bytes: &[u8]) -> Result<Value, Unreadable> {
    std::str::from_utf8(bytes).map_or(Err(Unreadable::NotText), parse)
}

/// Counts what begins a value or parts two, outside of quotes. A text too short for that many is not
/// looked at.
fn has_too_many_values(text: &[u8]) -> bool {
    if text.len() <= MOST_VALUES {
        return false;
    }
    let (mut count, mut quoted, mut escaped) = (0, false, false);
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = quoted,
            b'"' => quoted = !quoted,
            b',' | b'[' | b'{' if !quoted => count += 1,
            _ => {}
        }
    }
    count > MOST_VALUES
}

/// A look at the bytes, which most texts pass.
fn may_have_exponents(text: &str) -> bool {
    text.as_bytes().windows(2).any(|it| it[0].is_ascii_digit() && matches!(it[1], b'e' | b'E'))
}

/// Whether a value has numbers whose form serde changes when the value goes through it.
pub fn has_exponents(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.as_str().contains(['e', 'E']),
        Value::Array(elements) => elements.iter().any(has_exponents),
        Value::Object(fields) => fields.values().any(has_exponents),
        _ => false,
    }
}

/// Gives the numbers of a value the form that they have in its text.
fn restore(value: &mut Value, written: &RawValue) -> serde_json::Result<()> {
    let text = written.get();
    match value {
        // An object may stand for a number by the name that serde_json gives to it.
        Value::Number(number) if !text.starts_with('{') => {
            *number = Number::from_string_unchecked(text.to_owned());
        }
        Value::Array(elements) => {
            let written: Vec<&RawValue> = serde_json::from_str(text)?;
            for (element, written) in elements.iter_mut().zip(written) {
                restore(element, written)?;
            }
        }
        Value::Object(fields) => {
            let written: HashMap<String, &RawValue> = serde_json::from_str(text)?;
            for (name, field) in fields {
                if let Some(written) = written.get(name) {
                    restore(field, written)?;
                }
            }
        }
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_and_written_again_is_the_same() {
        for number in [
            "0",
            "-0",
            "-0.0",
            "19.90",
            "1.0",
            "1e3",
            "1E3",
            "1e+3",
            "1E-03",
            "-2.50e0",
            "0.0000001",
            "1e400",
            "-1e-400",
            "18446744073709551616",
            "20261128000000000001",
            "-20261128000000000001",
            "3.14159265358979323846264338327950288",
        ] {
            for text in [
                number.to_owned(),
                format!("[{number},\"4e\",{number}]"),
                format!(r#"{{"b":{{"é\n":[[{number}]],"x":"1e5"}},"a":{number}}}"#),
            ] {
                assert_eq!(parse(&text).unwrap().to_string(), text);
            }
        }
        // The last of several fields of a name counts, as always.
        assert_eq!(parse(r#"{"a":1e2,"b":1,"a":1E3}"#).unwrap().to_string(), r#"{"a":1E3,"b":1}"#);
    }

    #[test]
    fn depth_is_told_from_what_is_no_json() {
        let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        assert!(parse(&nested(MOST_LEVELS)).is_ok());
        for levels in [MOST_LEVELS + 1, 200, 100_000] {
            assert!(
                matches!(parse(&nested(levels)), Err(Unreadable::Beyond(Limit::Levels))),
                "{levels}"
            );
        }
        for text in ["", "{", "[1e]", "01", "+1", "1.", "nul", &"[".repeat(100)] {
            assert!(matches!(parse(text), Err(Unreadable::NotJson(_))), "{text}");
        }
    }

    #[test]
    fn values_are_counted_and_not_what_is_quoted() {
        let list = |element: &str, count: usize| {
            format!("[{}{element}]", format!("{element},").repeat(count - 1))
        };
        for element in ["1", "\"\"", "{}", "[]", "{\"a\":1}", " \"\\\"\"\n"] {
            let weight = if element.starts_with(['{', '[']) { 2 } else { 1 };
            // The list is a value too, and so is what an element holds.
            let most = (MOST_VALUES - 1) / weight;
            assert!(parse(&list(element, most)).is_ok(), "{element}");
            assert!(
                matches!(parse(&list(element, most + 2)), Err(Unreadable::Beyond(Limit::Values))),
                "{element}"
            );
        }
        for quoted in [",", "[", "{", "\\\",", "\\\\"] {
            let text = format!("{{\"a\":\"{}\"}}", quoted.repeat(2 * MOST_VALUES));
            assert!(parse(&text).is_ok(), "{quoted}");
        }
    }
}
