//! The text of an SMS: how many parts it takes, and how to make it fit the alphabet.
//!
//! A text goes out in one of two ways. GSM-7 holds 160 characters of the alphabet of GSM 03.38
//! (3GPP TS 23.038, section 6.2.1); UCS-2 holds any character, but only 70 of them. One `’` that
//! a word processor put in would thus more than double the price, so [`repair()`] writes `'`
//! instead. It never drops or changes what a reader would miss: what it can neither write in the
//! alphabet nor leave out with a good conscience, it refuses.

mod bad;
mod gsm;
mod length;
mod repair;
mod table;
mod tally;

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::Serialize;

pub use bad::BadCharacter;
pub use length::{Encoding, Length, MOST_PARTS, STOP, measure};

/// One kind of change that [`repair()`] made, or would make.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct Change {
    /// From
    ///
    /// What stood in the text: a character, a letter with its accents, or a run of characters
    /// that were left out together, such as an emoji.
    pub from: String,
    /// To
    ///
    /// What stands there now; empty when it was left out.
    pub to: String,
    /// How often
    ///
    /// At least 1.
    pub count: u32,
}

/// A text of which every character is in the GSM alphabet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Repaired<'a> {
    /// The text, borrowed when nothing was changed. Empty if all of it was left out.
    pub text: Cow<'a, str>,
    /// All differences from the original, in order of first appearance, equal ones counted
    /// together. Only ordinary blanks that an emoji left behind go unmentioned.
    pub changes: Vec<Change>,
}

/// Something in a text that the GSM alphabet lacks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Breaking {
    /// What stands in the text, as in [`Change::from`].
    pub text: String,
    /// What [`repair()`] writes instead where it appears first (a few characters, such as `°`,
    /// depend on their neighbours): empty if left out, `None` if refused.
    pub to: Option<String>,
    /// How often, at least 1.
    pub count: u32,
}

/// Whether a character shows nothing: control characters, joiners, marks of direction.
pub fn is_invisible(c: char) -> bool {
    c.is_control() || table::is_invisible(c)
}

/// Whether every character is in the GSM alphabet, so that the text can go as GSM-7.
pub fn is_gsm(text: &str) -> bool {
    gsm::prefix(text) == text.len()
}

/// The strict policy: the text must be GSM as it stands.
///
/// # Errors
///
/// The first character that is not in the alphabet, with what could be written instead.
pub fn check(text: &str) -> Result<(), BadCharacter> {
    match gsm::prefix(text) {
        end if end == text.len() => Ok(()),
        end => Err(BadCharacter::strict(text, end)),
    }
}

/// What any text sent as Unicode must keep to: no damaged and no control characters, but for line
/// feed and carriage return. Everything else is sent as it is.
///
/// # Errors
///
/// The first control character (C0, DEL, C1) or U+FFFD.
pub fn check_unicode(text: &str) -> Result<(), BadCharacter> {
    let harmful = |c: char| (c.is_control() && !matches!(c, '\n' | '\r')) || c == '\u{fffd}';
    text.find(harmful).map_or(Ok(()), |at| Err(BadCharacter::in_unicode(text, at)))
}

/// Makes a text fit for GSM-7.
///
/// Typographic characters become plain ones (`’` is `'`, `œ` is `oe`), letters lose the accents
/// that the alphabet lacks (`ê` is `e`, but `é` stays), and emoji, ornaments and invisible
/// characters are left out, with the blanks that they would leave behind.
///
/// A text that is GSM already comes back borrowed. Hence a second repair changes nothing.
///
/// # Errors
///
/// The first character that has no equivalent and cannot be left out without a loss: a letter of
/// another script, a currency sign, a strike-through, a control character, U+FFFD.
pub fn repair(text: &str) -> Result<Repaired<'_>, BadCharacter> {
    repair::repair(text)
}

/// Whether a text has a web or mail address that is not GSM. With a letter replaced it would lead
/// elsewhere.
pub fn has_fragile_address(text: &str) -> bool {
    let mut words = text.split_whitespace().map(|it| it.trim_matches(around_address));
    words.any(|it| !is_gsm(it) && is_address(&it.to_lowercase()))
}

/// Quotes, points and emoji around an address are not part of it.
fn around_address(c: char) -> bool {
    !c.is_alphanumeric() && !matches!(c, '/' | '=' | '%' | '-' | '_')
}

/// Endings that make a word an address although nothing else does: `fête.fr`, but not
/// `prête.Merci`, where a blank is missing.
const ENDINGS: [&str; 14] =
    ["be", "biz", "bzh", "ch", "com", "eu", "fr", "gp", "info", "io", "nc", "net", "org", "re"];

fn is_address(word: &str) -> bool {
    let host = word.split(['/', '?', '#']).next().unwrap_or(word);
    let dotted = host.rsplit_once('.');
    let ending = dotted.map_or("", |(_, it)| it.split(':').next().unwrap_or(it));
    let plausible = ending.len() >= 2 && ending.bytes().all(|it| it.is_ascii_alphabetic());
    word.contains("://")
        || word.starts_with("www.")
        || (plausible && (host.contains('@') || host.len() < word.len()))
        || ENDINGS.contains(&ending)
}

/// What stands in the way of GSM-7 in a text, each once with its count, in order of appearance.
pub fn breaking(text: &str) -> Vec<Breaking> {
    repair::breaking(text)
}

#[cfg(test)]
mod tests;
