//! Places of a template that nothing was put in.

use super::find_near;

/// The most characters of a name between braces: more is a remark.
const LONGEST: usize = 40;

/// What programs write for no value, and spreadsheets for an error.
const NOTHING: [&str; 12] = [
    "[object Object]",
    "[object Undefined]",
    "[object Null]",
    "#REF!",
    "#N/A",
    "#VALUE!",
    "#NAME?",
    "#DIV/0!",
    "#VALEUR!",
    "#NOM?",
    "#NULL!",
    "#NOMBRE!",
];

/// Words that programs write for no value, in just these letters.
const WORDS: [&str; 3] = ["undefined", "null", "NaN"];

/// The first place that was not filled in.
pub(super) fn first(text: &str) -> Option<&str> {
    let found = text.bytes().enumerate().find_map(|(at, byte)| match byte {
        b'{' | b'[' | b'#' | b'%' | b'$' => place(text, at),
        b'u' | b'n' | b'N' => word(text, at),
        _ => None,
    });
    found.map(|(at, length)| &text[at..at + length])
}

fn place(text: &str, at: usize) -> Option<(usize, usize)> {
    let rest = &text[at..];
    let length = match rest.as_bytes() {
        [b'$', b'{', ..] => braces(&rest[1..]).map(|it| it + 1),
        [b'{', b'{', ..] => between(rest, "{{", "}}").or_else(|| braces(rest)),
        [b'{', b'%', ..] => between(rest, "{%", "%}"),
        [b'{', ..] => braces(rest),
        [b'[', b'[', ..] => between(rest, "[[", "]]"),
        [b'%', ..] => percents(text, at),
        _ => NOTHING.iter().find(|it| rest.starts_with(**it)).map(|it| it.len()),
    };
    length.map(|it| (at, it))
}

/// `{name}`, `{0}`, `{}`: braces around a name, with blanks at most around that.
fn braces(rest: &str) -> Option<usize> {
    let inner = &rest[1..find_near(rest, "}")?];
    let name = inner.trim();
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '$' | ' ');
    (name.chars().count() <= LONGEST && name.chars().all(fits)).then(|| inner.len() + 2)
}

fn between(rest: &str, open: &str, close: &str) -> Option<usize> {
    let inner = &rest[open.len()..];
    let length = find_near(inner, close)?;
    let short = !inner[..length].contains('\n') && inner[..length].chars().count() <= LONGEST;
    short.then(|| open.len() + length + close.len())
}

/// `%name%`, but no `20%` and no percent-encoding.
fn percents(text: &str, at: usize) -> Option<usize> {
    let before = text[..at].chars().next_back();
    let name = &text[at + 1..];
    let length = name.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))?;
    let encoded = before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '/' | '=' | '%'));
    let is_name = length >= 3 && name.starts_with(|c: char| c.is_ascii_alphabetic());
    (!encoded && is_name && name[length..].starts_with('%')).then_some(length + 2)
}

fn word(text: &str, at: usize) -> Option<(usize, usize)> {
    let rest = &text[at..];
    let word = WORDS.iter().find(|it| rest.starts_with(**it))?;
    let part =
        |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '@' | '/' | '\'' | '’');
    let alone = !text[..at].ends_with(part)
        && !rest[word.len()..].starts_with(|c: char| part(c) && c != '.')
        && !is_dotted(&rest[word.len()..]);
    alone.then_some((at, word.len()))
}

/// Whether a point with something behind it follows, as in an address: `null.fr`.
fn is_dotted(rest: &str) -> bool {
    rest.strip_prefix('.').is_some_and(|it| it.starts_with(char::is_alphanumeric))
}
