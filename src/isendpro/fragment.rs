//! A body that is no answer of the API: what it looks like, and whether it may hold part of one.

use serde::de::IgnoredAny;

/// What a person sees in it.
pub(super) fn looks(text: &str) -> &'static str {
    let text = bare(text);
    match text.as_bytes().first() {
        None => "an empty body",
        Some(b'<') if text.starts_with("<?xml") => "an XML text",
        Some(b'<') => "a web page",
        Some(b'{' | b'[') if !is_document(text) => "a JSON text that breaks off or is not valid",
        Some(b'{' | b'[') => "a JSON text of another kind",
        Some(_) if is_binary(text) => "bytes that are no text",
        Some(_) => "a text",
    }
}

/// Whether something of it may be an answer: one that is cut, wrapped, spoilt, or comes before or
/// after something else; or whether the program that answers has run at all, which PHP's warnings
/// tell. It is better to see too much here than too little.
pub(super) fn may_hold_an_answer(text: &str) -> bool {
    let text = bare(text);
    let is_broken = text.starts_with(['{', '[']) && !is_document(text);
    is_broken || is_binary(text) || names_an_answer(text) || begins_one(text) || is_of_php(text)
}

fn bare(text: &str) -> &str {
    text.trim_start_matches('\u{feff}').trim()
}

/// Whether it is one whole JSON document, and nothing else.
fn is_document(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// Whether it is no text: compressed or encrypted, or in an encoding that nobody reads here.
fn is_binary(text: &str) -> bool {
    text.chars().any(|it| it.is_control() && !matches!(it, '\t' | '\n' | '\r' | '\x0c'))
}

/// Whether the word that each answer begins with stands there, however it is quoted.
fn names_an_answer(text: &str) -> bool {
    const NAME: &str = "etat";
    let text = text.to_ascii_lowercase();
    text.match_indices(NAME).any(|(place, _)| {
        let before = text[..place].chars().next_back();
        let after = text[place + NAME.len()..].chars().next();
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}

/// Whether it ends where an answer has just begun.
fn begins_one(text: &str) -> bool {
    const BEGINNING: &str = "{\"etat\"";
    let end: Vec<char> = text.chars().rev().filter(|it| !it.is_whitespace()).take(16).collect();
    let end: String = end.into_iter().rev().collect();
    (1..BEGINNING.len()).any(|it| end.ends_with(&BEGINNING[..it]))
}

/// Whether PHP warns in it, as in `Warning: ... in /www/sms.php on line 12`.
fn is_of_php(text: &str) -> bool {
    text.contains(" on line ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = r#"{"etat":{"etat":[{"code":"0","tel":"0680010203"}]}}"#;

    #[test]
    fn every_part_of_an_answer_is_seen_wherever_it_is() {
        let warning = "<br />\n<b>Warning</b>:  Undefined index in <b>/www/sms.php</b>";
        for length in 1..ANSWER.len() {
            let cut = &ANSWER[..length];
            assert!(may_hold_an_answer(cut), "{cut}");
            assert!(may_hold_an_answer(&format!("{warning}\n{cut}")), "{cut}");
            assert!(may_hold_an_answer(&format!("\u{feff}  {cut}")), "{cut}");
        }
        let wrapped = [
            format!("{ANSWER}{ANSWER}"),
            format!("{ANSWER}\n<html></html>"),
            format!("<html><pre>{ANSWER}</pre></html>"),
            format!("callback({ANSWER})"),
            ANSWER.replace('"', "&quot;"),
            format!("{ANSWER:?}"),
            ANSWER.to_ascii_uppercase(),
            r#"{"etat":{"etat":[]}}"#.to_owned(),
            "{\n  \"etat\"".to_owned(),
            format!("{warning} on line <b>12</b><br />"),
            "\u{1f}\u{8b}\u{8}\0\0\0".to_owned(),
            ANSWER.chars().flat_map(|it| [it, '\0']).collect(),
        ];
        for text in wrapped {
            assert!(may_hold_an_answer(&text), "{text:?}");
        }
    }

    #[test]
    fn what_holds_none_is_left_alone() {
        for text in [
            "",
            "  \r\n",
            "Forbidden",
            "{}",
            "[]",
            r#"{"message":"Forbidden"}"#,
            "<!doctype html><html><body>L'état de vos métadonnées, vegetation, metatag</body></html>",
            "<script>window.x={a:1};</script>\t<p>Accès refusé</p>",
            "null",
        ] {
            assert!(!may_hold_an_answer(text), "{text}");
        }
    }

    #[test]
    fn what_it_looks_like_is_said() {
        for (text, expected) in [
            (" ", "an empty body"),
            ("\u{feff}<html>", "a web page"),
            ("\u{feff} <?xml version=\"1.0\"?><e/>", "an XML text"),
            ("{}", "a JSON text of another kind"),
            ("{}{}", "a JSON text that breaks off or is not valid"),
            ("\u{1f}\u{8b}\u{8}", "bytes that are no text"),
            ("Busy", "a text"),
        ] {
            assert_eq!(looks(text), expected);
        }
    }
}
