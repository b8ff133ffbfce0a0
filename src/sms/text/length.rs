//! How many parts a text takes.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

use super::gsm;

/// Characters that the mention `STOP XXXXX` takes at the end of a text: iSendPro adds it when a
/// sender is set, so that the recipient can object.
pub const STOP: usize = 12;

/// The most parts that iSendPro takes: 918 characters of GSM-7.
pub const MOST_PARTS: u32 = 6;

/// How a text is written on its way to the phone.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, JsonSchema)]
pub enum Encoding {
    /// The alphabet of GSM 03.38, in septets.
    #[serde(rename = "GSM-7")]
    Gsm7,
    /// Any character, in UTF-16 units.
    #[serde(rename = "UCS-2")]
    Ucs2,
}

impl Encoding {
    /// `GSM-7` or `UCS-2`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gsm7 => "GSM-7",
            Self::Ucs2 => "UCS-2",
        }
    }

    /// Units in an SMS of one part, and in each part of a longer one: there, 6 octets of the 140
    /// say which part it is (3GPP TS 23.040, section 9.2.3.24.1).
    const fn sizes(self) -> (usize, usize) {
        match self {
            Self::Gsm7 => (160, 153),
            Self::Ucs2 => (70, 67),
        }
    }

    /// Units that a text takes.
    fn total(self, text: &str) -> Option<usize> {
        match self {
            Self::Gsm7 => gsm::total(text),
            Self::Ucs2 => Some(text.chars().map(char::len_utf16).sum()),
        }
    }

    /// Units that a character takes, 1 or 2.
    const fn units(self, c: char) -> Option<usize> {
        match self {
            Self::Gsm7 => gsm::septets(c),
            Self::Ucs2 => Some(c.len_utf16()),
        }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The length of a text, as it is billed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Length {
    /// How the text was measured.
    pub encoding: Encoding,
    /// Unicode characters (scalar values) of the text, without the mention.
    pub characters: usize,
    /// Septets, or UTF-16 units with UCS-2, mention included.
    pub units: usize,
    /// Parts, at least 1, even for an empty text; may be over [`MOST_PARTS`].
    pub parts: u32,
    /// Units that are free in the last part. Before a second part begins, those of the only one.
    pub left: usize,
}

/// Measures a text with a mention of so many units at its end: 0 or [`STOP`].
///
/// A character of two units is never cut in two, so a part may end one unit short; such a unit
/// counts neither as used nor as left. `None` if the encoding is GSM-7 and a character is not in
/// its alphabet.
pub fn measure(text: &str, encoding: Encoding, mention: usize) -> Option<Length> {
    let units = mention.saturating_add(encoding.total(text)?);
    let (single, part) = encoding.sizes();
    let (parts, left) =
        if units <= single { (1, single - units) } else { fill(text, encoding, mention, part) };
    Some(Length { encoding, characters: text.chars().count(), units, parts, left })
}

/// Fills parts of one size one after the other: how many, and what is left in the last.
fn fill(text: &str, encoding: Encoding, mention: usize, part: usize) -> (u32, usize) {
    let (mut parts, mut left) = (1_usize, part);
    for width in text.chars().filter_map(|c| encoding.units(c)) {
        if width > left {
            parts += 1;
            left = part;
        }
        left -= width;
    }
    // Every character of the mention is of one unit.
    let beyond = mention.saturating_sub(left);
    parts += beyond.div_ceil(part);
    let left = if beyond == 0 { left - mention } else { (part - beyond % part) % part };
    (u32::try_from(parts).unwrap_or(u32::MAX), left)
}

#[cfg(test)]
mod tests;
