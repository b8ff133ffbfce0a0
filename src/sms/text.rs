//! The text of an SMS: how many parts it takes, and how to make it fit the alphabet.
//!
//! A text goes out in one of two ways. GSM-7 holds 160 characters of the alphabet of GSM 03.38
//! (3GPP TS 23.038, section 6.2.1); UCS-2 holds any character, but only 70 of them. One `’` that
//! a word processor put in would thus more than double the price, so [`repair()`] writes `'`
//! instead. It never drops or changes what a reader would miss: what it can neither write in the
//! alphabet nor leave out with a good conscience, it refuses.

mod address;
mod bad;
mod compose;
mod doubt;
mod garbled;
mod gsm;
mod length;
mod repair;
mod table;
mod tally;

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::Serialize;

use bad::Policy;
use tally::Entry;

pub use bad::BadCharacter;
pub use doubt::{Doubt, doubts};
pub use length::{Encoding, Length, MOST_PARTS, STOP, measure};

/// One kind of change that was made to a text, or would be made.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct Change {
    /// From
    ///
    /// What stood in the text: a character, a letter with its accents, a line end, or a run of
    /// characters that were left out together, such as an emoji or blanks at the end.
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

/// A text in order: after [`repair()`] and [`check`], all of it is in the GSM alphabet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Repaired<'a> {
    /// The text, borrowed when nothing was changed. Empty if all of it was left out.
    pub text: Cow<'a, str>,
    /// All differences from the original, in order of first appearance, equal ones counted
    /// together. Only blanks and line ends that something left out has left behind go
    /// unmentioned.
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
    text.chars().all(|c| gsm::septets(c).is_some())
}

/// What was meant by a text that was decoded wrongly: UTF-8 read as Windows-1252 or Latin-1, once or
/// several times. `None` if it was not, as far as can be told.
pub fn garbled(text: &str) -> Option<String> {
    garbled::meant(text)
}

/// The strict policy: all that a reader sees must be GSM as it stands. As with any policy, a line
/// end is LF, a tab a blank, a letter with its accent one character; what shows nothing is left out,
/// and so are blanks and line ends at the end.
///
/// # Errors
///
/// The first character that is not in the alphabet, with what could be written instead.
pub fn check(text: &str) -> Result<Repaired<'_>, BadCharacter> {
    compose::compose(text, Policy::Strict)
}

/// A text to be sent as Unicode: in order as with [`check`], but with the invisible characters that
/// join letters or pictures, or turn the direction. Everything else is sent as it is.
///
/// # Errors
///
/// The first control character (C0, DEL, C1) or U+FFFD.
pub fn check_unicode(text: &str) -> Result<Repaired<'_>, BadCharacter> {
    compose::compose(text, Policy::Unicode)
}

/// Makes a text fit for GSM-7.
///
/// Typographic characters become plain ones (`’` is `'`, `œ` is `oe`), letters lose the accents
/// that the alphabet lacks (`ê` is `e`, but `é` stays), and emoji, ornaments and invisible
/// characters are left out, with the blanks that they would leave behind.
///
/// CR LF and CR are one line end (LF), and blanks and line ends at the end are left out: they would
/// be billed. A text that is in order already comes back borrowed. Hence a second repair changes
/// nothing.
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
    text.split_whitespace().any(address::is_fragile)
}

/// What stands in the way of GSM-7 in a text, each once with its count, in order of appearance.
pub fn breaking(text: &str) -> Vec<Breaking> {
    repair::breaking(text)
}

fn change(entry: Entry<'_>) -> Change {
    Change { from: entry.from.to_owned(), to: entry.to.unwrap_or_default(), count: entry.count }
}

#[cfg(test)]
mod tests;
