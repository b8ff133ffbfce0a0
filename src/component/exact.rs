//! JSON as it was written: numbers keep all of their digits, and their form.

use std::collections::HashMap;

use serde_json::value::RawValue;
use serde_json::{Number, Value};

/// Reads a JSON text. `serde_json` keeps the digits of numbers, but writes `1e3` as `1e+3`: what has
/// an exponent is put back.
///
/// # Errors
/// When it is not JSON, or [nested too deeply](is_too_deep).
pub fn parse(text: &str) -> serde_json::Result<Value> {
    let mut value = serde_json::from_str(text)?;
    if may_have_exponents(text) && has_exponents(&value) {
        restore(&mut value, serde_json::from_str(text)?)?;
    }
    Ok(value)
}

/// Most levels of lists and objects within each other.
pub const MOST_LEVELS: usize = 127;

/// Whether JSON could not be read for nothing but its depth.
pub fn is_too_deep(error: &serde_json::Error) -> bool {
    error.to_string().starts_with("recursion limit exceeded")
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
            assert!(is_too_deep(&parse(&nested(levels)).unwrap_err()), "{levels}");
        }
        for text in ["", "{", "[1e]", "01", "+1", "1.", "nul", &"[".repeat(100)] {
            assert!(!is_too_deep(&parse(text).unwrap_err()), "{text}");
        }
    }
}
