//! Answers of the API, read as leniently as they are written.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde_json::{Map, Value};

/// An answer of the API.
///
/// Every answer is a list of entries here, although the API writes one entry now as an object, now
/// as a list of one, and the credit without the inner level.
#[derive(Clone, PartialEq)]
pub struct Reply {
    /// The entries, in the API's order.
    pub entries: Vec<Entry>,
    /// The answer as it came: JSON.
    pub raw: Box<str>,
}

/// One entry of an answer. Unknown fields are kept.
#[derive(Clone, PartialEq, Default)]
pub struct Entry(Map<String, Value>);

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("entries", &self.entries)
            .field("raw", &self.raw.len())
            .finish()
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").field("code", &self.code()).field("fields", &self.0.len()).finish()
    }
}

impl Reply {
    /// Reads an answer, whatever content type it was given. `None` if it is no answer of the API.
    pub fn read(text: &str) -> Option<Self> {
        Self::read_scrubbed(text, |_| false)
    }

    /// Reads an answer from which `scrub` takes what must not be shown; it says whether it did.
    pub(super) fn read_scrubbed(text: &str, scrub: impl Fn(&mut Value) -> bool) -> Option<Self> {
        let text = text.trim_start_matches('\u{feff}');
        let mut answer: Value = serde_json::from_str(text).ok()?;
        let raw = if scrub(&mut answer) { answer.to_string().into() } else { text.into() };
        let entries = entries(answer.get_mut("etat")?.take())?;
        Some(Self { entries, raw })
    }

    /// Whether an entry names a number that ends like none of these, however they are written. Of
    /// no numbers at all it is about nobody else.
    pub(super) fn is_about_others(&self, numbers: &[String]) -> bool {
        let asked: HashSet<String> = numbers.iter().filter_map(|it| ending(it)).collect();
        let named = self.entries.iter().filter_map(Entry::tel).filter_map(|it| ending(&it));
        !asked.is_empty() && named.into_iter().any(|it| !asked.contains(&it))
    }

    /// The first entry that has this field.
    pub fn with(&self, field: &str) -> Option<&Entry> {
        self.entries.iter().find(|it| it.get(field).is_some())
    }
}

/// The last digits of a number, which no way of writing it changes; `None` where digits are hidden
/// or too few.
fn ending(number: &str) -> Option<String> {
    const LENGTH: usize = 6;
    let is_written = |it: char| it.is_ascii_digit() || " +-./()\u{a0}".contains(it);
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let is_whole = number.chars().all(is_written) && digits.len() >= LENGTH;
    is_whole.then(|| digits[digits.len() - LENGTH..].to_owned())
}

fn entries(etat: Value) -> Option<Vec<Entry>> {
    match etat {
        Value::Array(list) => list
            .into_iter()
            .map(|it| match it {
                Value::Object(fields) => Some(Entry(fields)),
                _ => None,
            })
            .collect(),
        Value::Object(mut fields) => match fields.get_mut("etat").map(Value::take) {
            Some(inner) => entries(inner),
            // PHP writes a list with a gap as an object.
            None if !fields.is_empty() && fields.values().all(Value::is_object) => {
                entries(fields.into_iter().map(|(_, it)| it).collect())
            }
            None => Some(vec![Entry(fields)]),
        },
        _ => None,
    }
}

impl From<Map<String, Value>> for Entry {
    fn from(fields: Map<String, Value>) -> Self {
        Self(fields)
    }
}

impl Entry {
    /// The value of a field, unless it is absent or null.
    pub fn get(&self, field: &str) -> Option<&Value> {
        self.0.get(field).filter(|it| !it.is_null())
    }

    /// A field as text; numbers are written out.
    pub fn text(&self, field: &str) -> Option<Cow<'_, str>> {
        match self.get(field)? {
            Value::String(text) => Some(Cow::Borrowed(text)),
            Value::Number(number) => Some(Cow::Owned(number.to_string())),
            _ => None,
        }
    }

    /// A field as a number; numeric text is read, also with a decimal comma.
    pub fn number(&self, field: &str) -> Option<f64> {
        match self.get(field)? {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().replace(',', ".").parse().ok(),
            _ => None,
        }
    }

    /// A field as a whole number, also when it is written as `2.0`.
    pub fn integer(&self, field: &str) -> Option<i64> {
        let whole = match self.get(field)? {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        whole.or_else(|| {
            let number = self.number(field)?;
            #[allow(clippy::cast_possible_truncation, reason = "it is whole, and in bounds")]
            (number.fract() == 0.0 && number.abs() < 1e15).then_some(number as i64)
        })
    }

    /// The return code.
    pub fn code(&self) -> Option<i64> {
        self.integer("code")
    }

    /// The label of the return code. A created sub-account has it in `tel`.
    pub fn message(&self) -> Option<Cow<'_, str>> {
        self.text("message")
    }

    /// The number that this entry is about.
    pub fn tel(&self) -> Option<Cow<'_, str>> {
        self.text("tel")
    }

    /// Takes the code away.
    pub(super) fn forget_code(&mut self) {
        self.0.shift_remove("code");
    }

    /// The fields, as they came.
    pub fn fields(&self) -> &Map<String, Value> {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_entry_or_many_numbers_or_text_are_all_read() {
        for text in [
            r#"{"etat":{"etat":[{"code":0,"tel":"06"}]}}"#,
            r#"{"etat":{"etat":{"code":"0","tel":"06"}}}"#,
            r#"{"etat":[{"code":"0","tel":"06"}]}"#,
            "\u{feff}{\"etat\":{\"code\":0,\"tel\":\"06\"}}",
        ] {
            let reply = Reply::read(text).unwrap();
            assert_eq!(reply.entries.len(), 1, "{text}");
            assert_eq!(
                (reply.entries[0].code(), reply.entries[0].tel().as_deref()),
                (Some(0), Some("06"))
            );
        }
        let credit = Reply::read(r#"{"etat":{"credit":"10,5","quantite":"200"}}"#).unwrap();
        assert_eq!(credit.entries[0].number("credit"), Some(10.5));
        assert_eq!(credit.entries[0].integer("quantite"), Some(200));
    }

    #[test]
    fn whom_an_answer_is_about_is_told_however_it_is_written() {
        let about_others = |tels: &[&str], numbers: &[&str]| {
            let entries: Vec<_> = tels.iter().map(|it| json!({"code": "0", "tel": it})).collect();
            let reply = Reply::read(&json!({"etat": {"etat": entries}}).to_string()).unwrap();
            let numbers: Vec<String> = numbers.iter().map(|it| (*it).to_owned()).collect();
            reply.is_about_others(&numbers)
        };
        for tel in ["0680010203", "+33 (0)6.80.01.02.03", "680010203", "06xxxxxxxx", "06", "", "?"]
        {
            assert!(!about_others(&[tel], &["33680010203"]), "{tel}");
            assert!(!about_others(&[tel, "33680010204"], &["33680010204", "33680010203"]), "{tel}");
        }
        assert!(about_others(&["0680010204"], &["33680010203"]));
        assert!(about_others(&["0680010203", "0680010204"], &["33680010203"]));
        assert!(!about_others(&["0680010204"], &[]));
    }

    #[test]
    fn what_is_no_answer_is_none() {
        for text in [
            "",
            "<html>",
            "{}",
            "[]",
            r#"{"etat":"x"}"#,
            r#"{"etat":{"etat":[1]}}"#,
            r#"{"etat":{"etat":[{"code"#,
        ] {
            assert_eq!(Reply::read(text), None, "{text}");
        }
    }
}
