//! Entities and tags of HTML.

use super::find_near;

/// Entities that are no letter with an accent.
const NAMES: [&str; 44] = [
    "amp", "lt", "gt", "quot", "apos", "nbsp", "euro", "pound", "yen", "cent", "laquo", "raquo",
    "lsquo", "rsquo", "sbquo", "ldquo", "rdquo", "bdquo", "hellip", "ndash", "mdash", "bull",
    "middot", "deg", "ordm", "ordf", "copy", "reg", "trade", "times", "shy", "zwj", "zwnj",
    "oelig", "OElig", "aelig", "AElig", "szlig", "sect", "para", "frac12", "sup2", "iexcl",
    "iquest",
];

/// What ends the name of a letter with an accent: `eacute`.
const ACCENTS: [&str; 8] = ["acute", "grave", "circ", "uml", "tilde", "cedil", "ring", "slash"];

/// The first entity or tag.
pub(super) fn first(text: &str) -> Option<&str> {
    let found = text.bytes().enumerate().find_map(|(at, byte)| match byte {
        b'&' => entity(&text[at..]).map(|length| (at, length)),
        b'<' => tag(&text[at..]).map(|length| (at, length)),
        _ => None,
    });
    found.map(|(at, length)| &text[at..at + length])
}

/// `&amp;`, `&#39;`, `&#x2019;`.
fn entity(rest: &str) -> Option<usize> {
    let length = rest[1..].find(|c: char| !(c.is_ascii_alphanumeric() || c == '#'))?;
    let name = &rest[1..=length];
    let digits = |it: &str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit());
    let hex = |it: &str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_hexdigit());
    let known = match name.strip_prefix('#') {
        Some(code) => digits(code) || code.strip_prefix(['x', 'X']).is_some_and(hex),
        None => {
            let letter = name.split_at_checked(1).is_some_and(|(_, it)| ACCENTS.contains(&it));
            letter || NAMES.contains(&name)
        }
    };
    (known && rest[1 + length..].starts_with(';')).then_some(length + 2)
}

/// `<br>`, `</b>`, `<a href="...">`, `<!-- -->`; no address in brackets, and no heart.
fn tag(rest: &str) -> Option<usize> {
    let inner = &rest[1..find_near(rest, ">")?];
    let name = inner.strip_prefix('/').unwrap_or(inner);
    let end = name.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).unwrap_or(name.len());
    let named = name.starts_with(|c: char| c.is_ascii_alphabetic());
    let rest = name[end..].trim();
    let ended =
        rest.is_empty() || rest == "/" || (name[end..].starts_with(' ') && rest.contains('='));
    ((named && ended) || inner.starts_with('!')).then(|| inner.len() + 2)
}
