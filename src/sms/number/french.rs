//! The French numbering plan, which metropolitan France and its overseas départements share: ten
//! digits from 0 on. From abroad each territory has a country code of its own, which the range of
//! a number tells.
//!
//! Sources: the plan is Arcep's decision 2018-0881 with its later versions, which open the roots
//! 06 and 073 to 079 to mobile numbers, and 0700 to numbers of extended length for machines. Where
//! a range belongs is by Arcep's list of allotted blocks (MAJNUM, June 2025) and by the metadata of
//! libphonenumber 9.0.33; where the two are silent, this is too.

use super::territories;
use super::{BadNumber, Doubt, Number, Region};

#[cfg(test)]
mod tests;

/// A territory of the plan.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    code: &'static str,
    region: Region,
}

const fn place(code: &'static str, region: [u8; 2]) -> Place {
    Place { code, region: Region::of(region) }
}

static METROPOLITAN: Place = place("33", *b"FR");
static GUADELOUPE: Place = place("590", *b"GP");
static GUYANE: Place = place("594", *b"GF");
static MARTINIQUE: Place = place("596", *b"MQ");
static MAYOTTE: Place = place("262", *b"YT");
static REUNION: Place = place("262", *b"RE");
static SAINT_PIERRE: Place = place("508", *b"PM");

/// One for each country code, to read what is written with it.
static CALLED: [&Place; 6] =
    [&METROPOLITAN, &GUADELOUPE, &GUYANE, &MARTINIQUE, &REUNION, &SAINT_PIERRE];

/// Digits of a national number, without the first zero.
const LENGTH: usize = 9;

/// What the plan says of a range.
#[derive(Debug, PartialEq, Eq)]
enum Range {
    Mobile(&'static Place),
    Landline,
    SpecialRate,
    /// Six digits of Saint-Pierre-et-Miquelon, which has a plan of its own within 0508.
    SaintPierre,
    /// Mobile or not yet open; nobody knows where.
    Unknown,
}

/// The plan, by the nine digits after the first zero. The ranges 0708 and 0709 opened in 2024, when
/// 06 was full overseas.
fn range(national: &[u8]) -> Range {
    match national {
        // Set apart for films and examples, in the middle of Mayotte's.
        [b'6', b'3', b'9', b'9', b'8', ..] => Range::Mobile(&METROPOLITAN),
        [b'6', b'3', b'9', ..] | [b'7', b'0', b'9', b'3', b'5'..=b'7', ..] => {
            Range::Mobile(&MAYOTTE)
        }
        [b'6', b'9', b'0' | b'1', ..] | [b'7', b'0', b'9', b'0', ..] => Range::Mobile(&GUADELOUPE),
        [b'6', b'9', b'2' | b'3', ..] | [b'7', b'0', b'9', b'2', ..] => Range::Mobile(&REUNION),
        [b'6', b'9', b'4', ..] | [b'7', b'0', b'9', b'3', b'0'..=b'3', ..] => {
            Range::Mobile(&GUYANE)
        }
        [b'6', b'9', b'6' | b'7', ..] | [b'7', b'0', b'9', b'1', ..] => Range::Mobile(&MARTINIQUE),
        [b'7', b'0', b'8', b'4' | b'5', ..] => Range::Mobile(&SAINT_PIERRE),
        [b'6', ..] | [b'7', b'3'..=b'9', ..] => Range::Mobile(&METROPOLITAN),
        [b'5', b'0', b'8', ..] => Range::SaintPierre,
        [b'1'..=b'5' | b'9', ..] => Range::Landline,
        [b'8', ..] => Range::SpecialRate,
        _ => Range::Unknown,
    }
}

/// Where a number of extended length belongs. They have 14 digits in metropolitan France, and 13
/// overseas, where the country code is a digit longer.
fn machine(national: &[u8]) -> Option<&'static Place> {
    let [b'7', b'0', b'0', territory, ..] = national else {
        return None;
    };
    match (territory, national.len()) {
        (b'0'..=b'4', 13) => Some(&METROPOLITAN),
        (b'5', 12) => Some(&GUADELOUPE),
        (b'6', 12) => Some(&GUYANE),
        (b'7', 12) => Some(&MARTINIQUE),
        (b'8', 12) => Some(&MAYOTTE),
        (b'9', 12) => Some(&REUNION),
        _ => None,
    }
}

/// Whether people in a region write numbers by this plan.
pub(super) fn is_spoken_in(region: Region) -> bool {
    matches!(region.as_str(), "FR" | "GP" | "BL" | "MF" | "GF" | "MQ" | "RE" | "YT" | "PM" | "TF")
}

/// Digits without a mark, where this plan is spoken; `None` if they are no national form.
pub(super) fn bare(digits: &str) -> Option<Result<Number, BadNumber>> {
    if let Some(national) = digits.strip_prefix('0') {
        return Some(read(national, &METROPOLITAN));
    }
    match digits.len() {
        0..=1 => Some(Err(BadNumber::TooShort)),
        2..=6 => Some(Err(BadNumber::Short)),
        LENGTH => Some(read(digits, &METROPOLITAN).map(|it| doubtful(it, digits))),
        _ => machine(digits.as_bytes()).map(|_| read(digits, &METROPOLITAN)),
    }
}

/// Digits with a country code; `None` if it is none of this plan.
pub(super) fn called(digits: &str) -> Option<Result<Number, BadNumber>> {
    let place = CALLED.iter().find(|it| digits.starts_with(it.code))?;
    let national = &digits[place.code.len()..];
    if **place == SAINT_PIERRE && national.len() < LENGTH {
        return Some(territories::saint_pierre(national));
    }
    Some(read(national.strip_prefix('0').unwrap_or(national), place))
}

/// A national number, without its first zero. The range says where it belongs, even if it was
/// `written` with another territory's country code.
fn read(national: &str, written: &Place) -> Result<Number, BadNumber> {
    if let Some(place) = machine(national.as_bytes()) {
        return Ok(number(place, national, Some(Doubt::Machine)));
    }
    if national.len() != LENGTH {
        let short = national.len() < LENGTH;
        return Err(if short { BadNumber::TooShort } else { BadNumber::TooLong });
    }
    match range(national.as_bytes()) {
        Range::Mobile(place) => Ok(number(place, national, None)),
        Range::Landline => Err(BadNumber::Landline),
        Range::SpecialRate => Err(BadNumber::Premium),
        Range::SaintPierre => territories::saint_pierre(&national[SAINT_PIERRE.code.len()..]),
        Range::Unknown if national.starts_with('0') => Err(BadNumber::Impossible),
        Range::Unknown => {
            let mut number = number(written, national, Some(Doubt::UnknownRange));
            // Mayotte shares Réunion's code.
            number.region = number.region.filter(|_| *written != REUNION);
            Ok(number)
        }
    }
}

fn number(place: &Place, national: &str, doubt: Option<Doubt>) -> Number {
    Number::new(place.code, national, Some(place.region), doubt)
}

/// A French number that lost its first zero, with a word if its digits could be meant otherwise.
fn doubtful(number: Number, digits: &str) -> Number {
    match territories::called(digits) {
        Some(Ok(Number { tel, region: Some(region), doubt: None })) => {
            let doubt = Doubt::ReadAsFrench { other: format!("+{tel}"), region };
            Number { doubt: Some(doubt), ..number }
        }
        _ => number,
    }
}
