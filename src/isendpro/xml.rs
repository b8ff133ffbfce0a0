//! Errors that come as XML: the second form in which iSendPro refuses to give a file.
//!
//! A small part of XML is read, and nothing is guessed: what is not whole, is a web page, or has no
//! code that is a number is no error of iSendPro.

use std::borrow::Cow;

use serde_json::json;

/// How the pieces of a document begin and end.
const COMMENT: (&str, &str) = ("<!--", "-->");
const INSTRUCTION: (&str, &str) = ("<?", "?>");
const PLAIN: (&str, &str) = ("<![CDATA[", "]]>");
const DECLARATION: (&str, &str) = ("<!", ">");
const CLOSING: (&str, &str) = ("</", ">");
/// The longest name of a character, `&#x10FFFF;` without its ends.
const LONGEST_NAME: usize = 9;

/// The `code` and the `message` of an XML error, as the same answer in JSON; `None` if this is none.
pub(super) fn error(text: &str) -> Option<String> {
    let text = text.trim_start_matches('\u{feff}').trim();
    if !text.starts_with('<') {
        return None;
    }
    let Found { codes, messages } = read(text)?;
    let code: i64 = codes.first()?.trim().parse().ok()?;
    let mut entry = json!({"code": code});
    let words: Vec<&str> = messages.first().map_or("", String::as_str).split_whitespace().collect();
    if !words.is_empty() {
        entry["message"] = words.join(" ").into();
    }
    Some(json!({"etat": {"etat": [entry]}}).to_string())
}

/// What the elements of these names hold, in the order of the document.
#[derive(Default)]
struct Found {
    codes: Vec<String>,
    messages: Vec<String>,
}

impl Found {
    /// Where the text of an element belongs, if it is one of these. The root is neither, whatever
    /// its name.
    fn of(&mut self, open: &[&str]) -> Option<&mut Vec<String>> {
        match *open.get(1..)?.last()? {
            "code" => Some(&mut self.codes),
            "message" => Some(&mut self.messages),
            _ => None,
        }
    }
}

/// A piece of a document.
enum Piece<'a> {
    Text(Cow<'a, str>),
    Open {
        name: &'a str,
        is_empty: bool,
    },
    Close(&'a str),
    /// What says nothing here.
    Other,
}

/// Reads a whole document; `None` if it is none, or a web page.
fn read(text: &str) -> Option<Found> {
    let mut found = Found::default();
    let mut open: Vec<&str> = Vec::new();
    let mut rest = text;
    let mut had_root = false;
    while !rest.is_empty() {
        let (piece, after) = piece(rest)?;
        rest = after;
        match piece {
            Piece::Text(text) if open.is_empty() && !text.trim().is_empty() => return None,
            Piece::Text(text) => {
                if let Some(last) = found.of(&open).and_then(|it| it.last_mut()) {
                    last.push_str(&text);
                }
            }
            Piece::Open { name, .. } if name.eq_ignore_ascii_case("html") => return None,
            Piece::Open { .. } if open.is_empty() && had_root => return None,
            Piece::Open { name, is_empty } => {
                had_root = true;
                open.push(name);
                if let Some(them) = found.of(&open) {
                    them.push(String::new());
                }
                if is_empty {
                    open.pop();
                }
            }
            Piece::Close(name) => drop(open.pop().filter(|it| *it == name)?),
            Piece::Other => {}
        }
    }
    (had_root && open.is_empty()).then_some(found)
}

/// The first piece of a text that is not empty, and what follows.
fn piece(text: &str) -> Option<(Piece<'_>, &str)> {
    if let Some((_, after)) = skipped(text, COMMENT).or_else(|| skipped(text, INSTRUCTION)) {
        return Some((Piece::Other, after));
    }
    if let Some((plain, after)) = skipped(text, PLAIN) {
        return Some((Piece::Text(plain.into()), after));
    }
    if let Some((declared, after)) = skipped(text, DECLARATION) {
        // What a document type declares may be anything.
        return (!declared.contains('[')).then_some((Piece::Other, after));
    }
    if let Some((name, after)) = skipped(text, CLOSING) {
        return Some((Piece::Close(name.trim_end()), after));
    }
    if let Some(tag) = text.strip_prefix('<') {
        let (tag, after) = tag.split_at(end_of_tag(tag)?);
        let name = tag.trim_end_matches('/').split_whitespace().next()?;
        return Some((Piece::Open { name, is_empty: tag.ends_with('/') }, &after[1..]));
    }
    let (words, after) = text.split_at(text.find('<').unwrap_or(text.len()));
    Some((Piece::Text(decoded(words).into()), after))
}

/// What stands between these ends, and what follows; `None` if the text does not begin with it.
fn skipped<'a>(text: &'a str, (begin, end): (&str, &str)) -> Option<(&'a str, &'a str)> {
    text.strip_prefix(begin)?.split_once(end)
}

/// Where a tag ends, behind the values of its attributes.
fn end_of_tag(tag: &str) -> Option<usize> {
    let mut quote = None;
    tag.bytes().position(|byte| {
        match (quote, byte) {
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(it), _) if it == byte => quote = None,
            _ => {}
        }
        quote.is_none() && byte == b'>'
    })
}

/// Text with its characters in place of their names; a name that is not known stays.
fn decoded(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        decoded.push_str(before);
        let named = after.split_once(';').filter(|it| it.0.len() <= LONGEST_NAME);
        match named.and_then(|(name, after)| Some((character(name)?, after))) {
            Some((character, after)) => {
                decoded.push(character);
                rest = after;
            }
            None => {
                decoded.push('&');
                rest = after;
            }
        }
    }
    decoded.push_str(rest);
    decoded
}

fn character(name: &str) -> Option<char> {
    let number = |digits: &str, radix| u32::from_str_radix(digits, radix).ok();
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let name = name.strip_prefix('#')?;
            let hexadecimal = name.strip_prefix(['x', 'X']);
            char::from_u32(hexadecimal.map_or_else(|| number(name, 10), |it| number(it, 16))?)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::isendpro::Reply;

    fn told(text: &str) -> Option<(i64, String)> {
        let reply = Reply::read(&error(text)?).expect("an answer in the other form");
        let [entry] = reply.entries.as_slice() else { panic!("one entry") };
        Some((entry.code()?, entry.message().unwrap_or_default().into_owned()))
    }

    #[test]
    fn errors_are_read_however_they_are_written() {
        for (text, code, message) in [
            ("<erreur><code>81</code><message>Acces refuse</message></erreur>", 81, "Acces refuse"),
            (
                "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\r\n<reponse>\r\n\t<message>Période \
                 trop longue</message>\r\n\t<code> 7 </code>\r\n</reponse>\r\n",
                7,
                "Période trop longue",
            ),
            ("\u{feff}  <e><code>5</code></e>", 5, ""),
            ("<e><code>5</code><message/></e>", 5, ""),
            ("<e><code>5</code><message>\n  deux\n  lignes\n</message></e>", 5, "deux lignes"),
            (
                "<e><code>-3</code><message>l&apos;IP &lt;a&gt; &amp; b &quot;c&quot;</message></e>",
                -3,
                "l'IP <a> & b \"c\"",
            ),
            (
                "<e><code>&#49;2</code><message>cl&#233; d&#xE9;faillante</message></e>",
                12,
                "clé défaillante",
            ),
            (
                "<e><code><![CDATA[33]]></code><message><![CDATA[<b>non</b> & non]]></message></e>",
                33,
                "<b>non</b> & non",
            ),
            (
                "<e><!-- <code>1</code> --><code>2</code><message>a<!-- b -->c</message></e>",
                2,
                "ac",
            ),
            (
                "<!DOCTYPE etat><e a='>' b=\"</e>\"><code x='1'>4</code ><message>oui</message></e>",
                4,
                "oui",
            ),
            ("<etat><etat><code>9</code><message>dedans</message></etat></etat>", 9, "dedans"),
            (
                "<e><code>6</code><message>&inconnu; & &#xD800; &;</message></e>",
                6,
                "&inconnu; & &#xD800; &;",
            ),
            (
                "<e><r><code>1</code><message>a</message></r><r><code>2</code><message>b</message></r></e>",
                1,
                "a",
            ),
            ("<?php x?><e><code>8</code><message>a <b>b</b> c</message></e>", 8, "a c"),
        ] {
            assert_eq!(told(text), Some((code, message.to_owned())), "{text}");
        }
    }

    #[test]
    fn what_is_no_error_of_this_form_is_none() {
        for text in [
            "",
            "<",
            "code",
            "<code>81</code>",
            "<e><message>sans code</message></e>",
            "<e><code>AccessDenied</code><message>x</message></e>",
            "<e><code></code></e>",
            "<e><code>1</code><message>coup",
            "<e><code>1</code>",
            "<e><code>1</code></f>",
            "<e><code>1</code></e><e/>",
            "<e><code>1</code></e> reste",
            "avant <e><code>1</code></e>",
            "<html><body><code>502</code><message>x</message></body></html>",
            "<!DOCTYPE html><HTML><code>502</code></HTML>",
            "<!DOCTYPE e [<!ENTITY a \"b\">]><e><code>1</code></e>",
            "<e><!-- <code>1</code></e>",
            "<e><![CDATA[<code>1</code></e>",
            "{\"etat\":{\"etat\":[{\"code\":\"1\"}]}}",
            "<e><code>99999999999999999999</code></e>",
        ] {
            assert_eq!(error(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics_and_what_comes_out_is_an_answer(
            text in "(<|>|</|/>|code|message|e|&|&#|;|<!--|-->|<!|\\[CDATA\\[|\\]\\]>|<\\?|'|\"| |é|[0-9]){0,40}",
            around in any::<bool>(),
        ) {
            let text = if around { format!("<e><code>1</code><message>{text}</message></e>") } else { text };
            if let Some(answer) = error(&text) {
                prop_assert!(serde_json::from_str::<Value>(&answer).is_ok());
                prop_assert!(Reply::read(&answer).is_some_and(|it| it.entries[0].code().is_some()));
            }
        }

        #[test]
        fn whatever_is_written_is_read(code in any::<i32>(), message in "[ -~é€]{0,60}") {
            let escaped = message.replace('&', "&amp;").replace('<', "&lt;");
            let text = format!("<e><code>{code}</code><message>{escaped}</message></e>");
            let words: Vec<_> = message.split_whitespace().collect();
            prop_assert_eq!(told(&text), Some((code.into(), words.join(" "))));
        }
    }
}
