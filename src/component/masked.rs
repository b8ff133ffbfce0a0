//! Words of others, as a log may show them to whoever asks for details.

use std::collections::HashSet;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::Error;
use super::message::MASK;

/// Words with fewer letters say nothing of a text.
const SHORTEST: usize = 4;

/// Six digits or more, as people write telephone numbers.
static NUMBER: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\d(?:[ .\-/()\u{a0}]*\d){5,}").ok());

/// The words of a message's values, which must not be shown. Whole texts would not do, since a
/// server may quote a part of one, or write it in another way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Private(HashSet<String>);

impl Private {
    /// Collects the words of these values.
    pub fn of<'a>(values: impl IntoIterator<Item = &'a Value>) -> Self {
        let mut words = HashSet::new();
        values.into_iter().for_each(|it| collect(it, &mut words));
        Self(words)
    }

    /// Logs at `debug` what an error quotes; a message has `values`.
    pub fn tell<'a, V: IntoIterator<Item = &'a Value>>(error: &Error, values: impl FnOnce() -> V) {
        if tracing::enabled!(tracing::Level::DEBUG) && error.quotes() {
            Self::of(values()).log(error);
        }
    }

    /// Logs at `debug` what an error quotes, where the words are known already.
    pub fn log(&self, error: &Error) {
        if error.quotes() {
            tracing::debug!(error = self.mask(&error.to_string()), "the whole error");
        }
    }

    /// The text without what is private, and without numbers of telephones.
    fn mask(&self, words: &str) -> String {
        let words = match &*NUMBER {
            Some(number) => number.replace_all(words, MASK),
            None => return MASK.to_owned(),
        };
        let (mut masked, mut rest) = (String::with_capacity(words.len()), &*words);
        while let Some(first) = rest.chars().next() {
            // What a URL encodes ends a word, although it has letters.
            if let Some(code) = rest.get(..3).filter(|it| is_code(it)) {
                masked += code;
                rest = &rest[3..];
                continue;
            }
            let is_word = first.is_alphanumeric();
            let end = rest.find(|it: char| it.is_alphanumeric() != is_word).unwrap_or(rest.len());
            let (piece, after) = rest.split_at(end);
            let hidden = is_word && self.0.contains(&piece.to_lowercase());
            masked.push_str(if hidden { MASK } else { piece });
            rest = after;
        }
        masked
    }
}

fn is_code(text: &str) -> bool {
    let digits = text.strip_prefix('%');
    digits.is_some_and(|it| it.bytes().all(|it| it.is_ascii_hexdigit()))
}

fn collect(value: &Value, words: &mut HashSet<String>) {
    match value {
        Value::String(text) => {
            let pieces = text.split(|it: char| !it.is_alphanumeric());
            let long = pieces.filter(|it| it.chars().nth(SHORTEST - 1).is_some());
            words.extend(long.map(str::to_lowercase));
        }
        Value::Array(values) => values.iter().for_each(|it| collect(it, words)),
        Value::Object(fields) => fields.values().for_each(|it| collect(it, words)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_and_the_words_of_a_message_are_masked_however_they_are_quoted() {
        let body = json!({"num": "0680010203", "sms": "Votre code: Xanadu-77, à bientôt",
            "recipients": [{"sms": "Pégase", "meta": {"a": "zèbre"}}]});
        let private = Private::of([&body]);
        for (said, masked) in [
            ("num 0680010203", "num ***"),
            ("33680010203", "***"),
            ("+33 (0)6.80.01.02.03!", "+***!"),
            ("06 80 01 02 03 and 06-80-01-02-04", "*** and ***"),
            ("code 42, HTTP 404, 12345", "*** 42, HTTP 404, 12345"),
            ("sms=votre%20CODE%3A+xanadu", "sms=***%20***%3A+***"),
            ("PÉGASE et le zèbre", "*** et le ***"),
            ("tracker 2026-11-30", "tracker ***"),
            ("à bientôt...", "à ***..."),
            ("keyid refused", "keyid refused"),
            ("", ""),
        ] {
            assert_eq!(private.mask(said), masked, "{said}");
        }
        assert_eq!(Private::default().mask("Xanadu at 0680010203"), "Xanadu at ***");
    }
}
