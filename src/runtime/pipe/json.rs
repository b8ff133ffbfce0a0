//! Lines that are not JSON, in words.

use serde_json::Value;

use crate::component::exact::{self, Limit, Unreadable};
use crate::component::{Error, Kind};

/// What stands for half a character: a code that is no character, and in no text by itself.
const LOST: char = '\u{fdd0}';

/// Reads a line.
///
/// # Errors
/// Where it stops being JSON; for half a character, in which field.
pub fn read(text: &str) -> Result<Value, Error> {
    exact::parse(text).map_err(|unreadable| match unreadable {
        Unreadable::Beyond(limit) => beyond(limit),
        Unreadable::NotJson(error) => half_a_character(text).unwrap_or_else(|| not_json(&error)),
        other @ Unreadable::NotText => Error::new(Kind::Invalid, format!("the line {other}")),
    })
}

fn not_json(error: &serde_json::Error) -> Error {
    Error::new(Kind::Invalid, format!("the line is not JSON, from column {} on", error.column()))
        .hint("each line must be one JSON object; `jq -c .` makes lines of other JSON")
}

fn beyond(limit: Limit) -> Error {
    Error::new(Kind::Invalid, format!("the line {limit}")).hint(match limit {
        Limit::Levels => "nest less, or put the inner part in quotes",
        Limit::Values => "make several messages of it",
    })
}

/// Characters beyond the first 65,536, emoji for example, are escaped in two halves. A program that
/// cuts texts to a length may cut between them, and what is left is not JSON.
fn half_a_character(text: &str) -> Option<Error> {
    let mended: Value = serde_json::from_str(&without_halves(text)?).ok()?;
    let field = place_of_loss(&mended, String::new())?;
    let said = "holds half a character (a lone surrogate such as \\ud83d)";
    Some(
        Error::invalid(field, said)
            .hint("the program that wrote the line has cut an emoji in two; cut before it"),
    )
}

/// The text with `\ufdd0` for every half that stands alone; `None` if there is none.
fn without_halves(text: &str) -> Option<String> {
    let mut mended = String::new();
    let mut rest = text;
    while let Some(place) = rest.find('\\') {
        let (before, escape) = rest.split_at(place);
        mended.push_str(before);
        let length = match (half(escape), escape.get(6..).and_then(half)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(0xd800..=0xdfff), _) => {
                mended.push_str("\\ufdd0");
                rest = &escape[6..];
                continue;
            }
            // A backslash and what it escapes.
            _ => 1 + escape.chars().nth(1).map_or(0, char::len_utf8),
        };
        mended.push_str(&escape[..length]);
        rest = &escape[length..];
    }
    mended.push_str(rest);
    (mended != text).then_some(mended)
}

/// The number of an escape such as `\ud83d` at the beginning of a text.
fn half(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    u32::from_str_radix(digits, 16).ok()
}

/// The path of the first text in which something was lost.
fn place_of_loss(value: &Value, path: String) -> Option<String> {
    match value {
        Value::String(text) => text.contains(LOST).then_some(path),
        Value::Array(elements) => (0..)
            .zip(elements)
            .find_map(|(index, it): (usize, _)| place_of_loss(it, format!("{path}[{index}]"))),
        Value::Object(fields) => fields.iter().find_map(|(name, it)| {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            place_of_loss(it, path)
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn said(line: &str) -> String {
        read(line).map_or_else(|it| it.to_string(), |it| it.to_string())
    }

    #[test]
    fn half_a_character_is_told_with_its_field() {
        for half in [r"\ud83d", r"\ud83d!", r"\ude00", r"\ud83d\ud83d\ude00", r"\ud83d\n"] {
            let line = format!(r#"{{"num":"06","sms":"Merci {half}"}}"#);
            let said = said(&line);
            assert!(
                said.starts_with("INVALID, nothing sent: sms: holds half a character"),
                "{said}"
            );
        }
        let nested = said(r#"{"recipients":[{"sms":"a"},{"sms":"\ud83d"}]}"#);
        assert!(nested.contains("recipients[1].sms: holds half"), "{nested}");
    }

    #[test]
    fn whole_characters_and_escaped_backslashes_are_left_alone() {
        assert_eq!(said(r#"{"a":"\ud83d\ude00 \\ud83d"}"#), r#"{"a":"😀 \\ud83d"}"#);
        assert!(said(r#"{"a":"\\ud83d" b}"#).contains("is not JSON, from column"));
        assert!(said("{\"a\":").contains("is not JSON, from column"));
    }

    proptest! {
        #[test]
        fn no_line_panics(line in r#"(\\|\\u|d83d|de00|"|a|é|😀|\{|:){0,40}"#) {
            read(&line).ok();
            without_halves(&line);
        }
    }
}
