//! A text without the encodings that an answer may put around a part of it: those of URLs, of HTML and
//! of JSON, mixed and one within the other.

use std::ops::Range;

/// Encodings within encodings that are undone.
const MOST_ROUNDS: usize = 3;
/// The longest name of a character in HTML, `#x10FFFF` among them.
const LONGEST_NAME: usize = 9;

/// HTML's names for what a key may hold.
const NAMES: &[(&[u8], u8)] = &[
    (b"amp", b'&'),
    (b"lt", b'<'),
    (b"gt", b'>'),
    (b"quot", b'"'),
    (b"apos", b'\''),
    (b"plus", b'+'),
    (b"sol", b'/'),
    (b"bsol", b'\\'),
    (b"equals", b'='),
    (b"percnt", b'%'),
    (b"lowbar", b'_'),
    (b"colon", b':'),
    (b"semi", b';'),
    (b"comma", b','),
    (b"period", b'.'),
    (b"num", b'#'),
    (b"excl", b'!'),
    (b"quest", b'?'),
    (b"commat", b'@'),
    (b"dollar", b'$'),
    (b"ast", b'*'),
    (b"nbsp", b' '),
];

/// A decoded text.
pub(super) struct Plain {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The place of each of them in the text, and the end of the last one.
    starts: Vec<u32>,
}

impl Plain {
    /// Decodes a text; `None` if nothing in it is encoded.
    pub(super) fn of(text: &str) -> Option<Self> {
        let is_encoded = |it: u8| matches!(it, b'%' | b'&' | b'\\');
        if !text.bytes().any(is_encoded) {
            return None;
        }
        let end = u32::try_from(text.len()).ok()?;
        let mut plain = Self { bytes: text.as_bytes().to_vec(), starts: (0..=end).collect() };
        for _ in 0..MOST_ROUNDS {
            let before = plain.bytes.len();
            plain = plain.decoded();
            if plain.bytes.len() == before {
                break;
            }
        }
        (plain.bytes.len() < text.len()).then_some(plain)
    }

    /// The part of the text that these bytes come from.
    pub(super) fn source(&self, range: Range<usize>) -> Range<usize> {
        self.starts[range.start] as usize..self.starts[range.end] as usize
    }

    fn decoded(self) -> Self {
        let mut to = Self {
            bytes: Vec::with_capacity(self.bytes.len()),
            starts: Vec::with_capacity(self.starts.len()),
        };
        let mut rest = self.bytes.as_slice();
        while let Some(first) = rest.first() {
            let at = self.starts[self.bytes.len() - rest.len()];
            let (character, length) = encoded(rest).unwrap_or(('\0', 0));
            if length == 0 {
                to.bytes.push(*first);
                to.starts.push(at);
                rest = &rest[1..];
                continue;
            }
            // A URL encodes bytes, which may be parts of a character.
            match u8::try_from(character).ok().filter(|_| *first == b'%') {
                Some(byte) => to.bytes.push(byte),
                None => to.bytes.extend(character.encode_utf8(&mut [0; 4]).bytes()),
            }
            to.starts.resize(to.bytes.len(), at);
            rest = &rest[length..];
        }
        to.starts.extend(self.starts.last());
        to
    }
}

/// The character that is encoded at the beginning, and how many bytes say it.
fn encoded(text: &[u8]) -> Option<(char, usize)> {
    match *text {
        [b'%', high, low, ..] => Some((char::from_u32(hex(&[high, low])?)?, 3)),
        [b'\\', b'u', a, b, c, d, ..] => Some((char::from_u32(hex(&[a, b, c, d])?)?, 6)),
        [b'\\', one @ (b'"' | b'\\' | b'/'), ..] => Some((char::from(one), 2)),
        [b'&', ref rest @ ..] => {
            let length = rest.iter().take(LONGEST_NAME + 1).position(|it| *it == b';')?;
            Some((named(&rest[..length])?, length + 2))
        }
        _ => None,
    }
}

/// The character of this name in HTML.
fn named(name: &[u8]) -> Option<char> {
    match *name {
        [b'#', b'x' | b'X', ref digits @ ..] => char::from_u32(hex(digits)?),
        [b'#', ref digits @ ..] => char::from_u32(str::from_utf8(digits).ok()?.parse().ok()?),
        _ => {
            let known = NAMES.iter().find(|(known, _)| name.eq_ignore_ascii_case(known));
            known.map(|it| char::from(it.1))
        }
    }
}

fn hex(digits: &[u8]) -> Option<u32> {
    let all = !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit);
    u32::from_str_radix(str::from_utf8(digits).ok().filter(|_| all)?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded_and_found_again() {
        for (text, plain) in [
            ("a%2Bb", "a+b"),
            ("%c3%a9", "é"),
            ("%252B", "+"),
            ("&amp;quot;", "\""),
            ("&#233;&#xE9;", "éé"),
            ("\\u0041\\u002B", "A+"),
            ("\\/\\\"", "/\""),
            ("100 % &amp", ""),
            ("é % \\", ""),
            ("&#;&#x;&#x110000;\\ud800", ""),
            ("%G1%1", ""),
        ] {
            let decoded = Plain::of(text).map(|it| it.bytes).unwrap_or_default();
            assert_eq!(String::from_utf8(decoded).unwrap(), plain, "{text}");
        }
        let text = "é a%252Bb&#39;";
        let plain = Plain::of(text).unwrap();
        let place = plain.bytes.iter().position(|it| *it == b'+').unwrap();
        assert_eq!(&text[plain.source(place..place + 1)], "%252B");
        assert_eq!(&text[plain.source(place + 2..place + 3)], "&#39;");
    }
}
