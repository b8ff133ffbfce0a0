//! The French territories with numbering plans of their own: short local numbers, without a zero
//! in front and without area codes.
//!
//! Source of all ranges: the metadata of libphonenumber 9.0.33, after the plans that the
//! territories have filed with the ITU.

use super::{BadNumber, Doubt, Number, Region};

#[cfg(test)]
mod tests;

/// A territory and its plan.
struct Territory {
    code: &'static str,
    region: Region,
    /// Digits of a local number.
    length: usize,
    class: fn(&[u8]) -> Class,
}

/// What a plan says of a local number.
enum Class {
    /// Mobile, or mobile and fixed alike.
    Mobile,
    Landline,
    SpecialRate,
    Unknown,
}

static SAINT_PIERRE: Territory =
    Territory { code: "508", region: Region::of(*b"PM"), length: 6, class: saint_pierre_class };

/// Those that do not share the French plan.
static PACIFIC: [Territory; 3] = [
    Territory { code: "681", region: Region::of(*b"WF"), length: 6, class: wallis_class },
    Territory { code: "687", region: Region::of(*b"NC"), length: 6, class: caledonia_class },
    Territory { code: "689", region: Region::of(*b"PF"), length: 8, class: polynesia_class },
];

fn saint_pierre_class(local: &[u8]) -> Class {
    match local {
        [b'4', b'1' | b'5'..=b'7', ..] | [b'5', b'1', ..] => Class::Landline,
        [b'2'..=b'9', ..] => Class::Mobile,
        _ => Class::Unknown,
    }
}

fn caledonia_class(local: &[u8]) -> Class {
    match local {
        [b'0', b'5', b'0', ..] | [b'3', b'6', ..] => Class::SpecialRate,
        [b'2', b'0' | b'3'..=b'9', ..]
        | [b'3', b'0'..=b'5', ..]
        | [b'4', b'1'..=b'7', ..]
        | [b'8', b'8', ..] => Class::Landline,
        [b'5' | b'7'..=b'9', ..] => Class::Mobile,
        _ => Class::Unknown,
    }
}

fn polynesia_class(local: &[u8]) -> Class {
    match local {
        [b'8', b'7'..=b'9', ..] => Class::Mobile,
        [b'4', b'0', b'4'..=b'6' | b'8' | b'9', ..] | [b'4', b'9', b'4'..=b'6' | b'8', ..] => {
            Class::Landline
        }
        _ => Class::Unknown,
    }
}

fn wallis_class(local: &[u8]) -> Class {
    match local {
        [b'7', b'2', ..] | [b'8', b'2' | b'3', ..] => Class::Mobile,
        _ => Class::Unknown,
    }
}

/// Whether a region is a Pacific territory.
pub(super) fn is_pacific(region: Region) -> bool {
    pacific(region).is_some()
}

fn pacific(region: Region) -> Option<&'static Territory> {
    PACIFIC.iter().find(|it| it.region == region)
}

/// Digits without a mark that are a local number of a region; `None` if they are not, or if the
/// region has no plan of its own.
pub(super) fn bare(digits: &str, region: Region) -> Option<Result<Number, BadNumber>> {
    if region == SAINT_PIERRE.region {
        let is_local = digits.len() == SAINT_PIERRE.length && !digits.starts_with(['0', '1']);
        return is_local.then(|| SAINT_PIERRE.read(digits));
    }
    let territory = pacific(region)?;
    match digits.len() {
        length if length == territory.length => Some(territory.read(digits)),
        2..=6 if !digits.starts_with('0') => Some(Err(BadNumber::Short)),
        length if length < 2 || digits.starts_with('0') => Some(territory.read(digits)),
        _ => None,
    }
}

/// Digits with a country code; `None` if it is none of a Pacific territory.
pub(super) fn called(digits: &str) -> Option<Result<Number, BadNumber>> {
    let territory = PACIFIC.iter().find(|it| digits.starts_with(it.code))?;
    Some(territory.read(&digits[territory.code.len()..]))
}

/// A local number of Saint-Pierre-et-Miquelon.
pub(super) fn saint_pierre(local: &str) -> Result<Number, BadNumber> {
    SAINT_PIERRE.read(local)
}

impl Territory {
    fn read(&self, local: &str) -> Result<Number, BadNumber> {
        if local.len() < self.length {
            return Err(BadNumber::TooShort);
        }
        if local.len() > self.length {
            // The French free-phone numbers are the only ones of another length.
            let free = local.len() == 9 && local.starts_with("80");
            return Err(if free { BadNumber::Premium } else { BadNumber::TooLong });
        }
        let doubt = match (self.class)(local.as_bytes()) {
            Class::Mobile => None,
            Class::Unknown => Some(Doubt::UnknownRange),
            Class::Landline => return Err(BadNumber::Landline),
            Class::SpecialRate => return Err(BadNumber::Premium),
        };
        Ok(Number::new(self.code, local, Some(self.region), doubt))
    }
}
