//! Numbers of all countries but France, from the metadata of libphonenumber that the crate
//! `phonenumber` carries.
//!
//! The crate loads that metadata on its first use: some 70 ms and 6 to 10 MB. It matches numbers with
//! expressions that are not anchored at their end and compiled anew when more than a hundred are in
//! use, so classes are told here, by the same expressions: one set for each territory, compiled
//! when its country code is first seen.

use std::sync::OnceLock;

use phonenumber::Metadata;
use phonenumber::country;
use phonenumber::metadata::{DATABASE, Descriptor, Descriptors};
use regex::{Regex, RegexSet};

use super::{BadNumber, Doubt, Number, Region, is_certain};

#[cfg(test)]
mod tests;

/// Most digits that a number has, its country code included. Source: ITU-T E.164.
const LONGEST: usize = 15;

/// Fewest digits, as far as classes tell: Niue has four after its country code. Metadata of some
/// countries allow for less, which are numbers within a town.
const SHORTEST: usize = 7;

/// What a number is for. A number of several classes has the first of them: one that may be mobile
/// or fixed counts as mobile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    SpecialRate,
    /// Voice over IP, personal, pager, voicemail and company numbers: who knows.
    Unsure,
    Mobile,
    Landline,
}

/// A country or territory as the metadata describe it.
struct Territory {
    /// `None` for satellite networks and the like, which belong nowhere.
    region: Option<Region>,
    /// The digits with which its numbers begin, where that tells it from its neighbours.
    leading: Option<Regex>,
    /// The expression of each class in `classes`.
    patterns: RegexSet,
    classes: Vec<Class>,
    /// Possible lengths of national numbers: bit n for n digits.
    lengths: u32,
}

/// The territories of a country code, the main one first.
fn territories(code: u16) -> &'static [Territory] {
    static CODES: [OnceLock<Box<[Territory]>>; 1000] = [const { OnceLock::new() }; 1000];
    CODES.get(usize::from(code)).map_or(&[], |territories| {
        territories.get_or_init(|| {
            DATABASE.by_code(&code).unwrap_or_default().into_iter().map(Territory::new).collect()
        })
    })
}

impl Territory {
    fn new(metadata: &Metadata) -> Self {
        let described = descriptors(metadata.descriptors());
        let patterns = described.iter().map(|(_, it)| anchored(it.national_number().as_str()));
        let lengths = described.iter().flat_map(|(_, it)| it.possible_length());
        let leading = metadata.leading_digits().map(|it| format!("^(?x-u:{})", it.as_str()));
        Self {
            region: metadata.id().parse().ok(),
            leading: leading.and_then(|it| Regex::new(&it).ok()),
            patterns: RegexSet::new(patterns).unwrap_or_default(),
            classes: described.iter().map(|(class, _)| *class).collect(),
            lengths: lengths.fold(0, |mask, length| mask | 1 << length),
        }
    }

    fn class(&self, national: &str) -> Option<Class> {
        if self.leading.as_ref().is_some_and(|leading| !leading.is_match(national)) {
            return None;
        }
        let first = self.patterns.matches(national).iter().next()?;
        self.classes.get(first).copied()
    }
}

/// An expression that has to match the whole number. The metadata's are written with blanks, and
/// know no digits but those of ASCII.
fn anchored(pattern: &str) -> String {
    format!("^(?x-u:{pattern})$")
}

/// The classes of a territory, in the order in which they count.
fn descriptors(all: &Descriptors) -> Vec<(Class, &Descriptor)> {
    let special = [all.premium_rate(), all.toll_free(), all.shared_cost()];
    let unsure = [all.voip(), all.personal_number(), all.pager(), all.uan(), all.voicemail()];
    let special = special.into_iter().map(|it| (Class::SpecialRate, it));
    let unsure = unsure.into_iter().map(|it| (Class::Unsure, it));
    let usual = [(Class::Mobile, all.mobile()), (Class::Landline, all.fixed_line())];
    special
        .chain(unsure)
        .chain(usual)
        .filter_map(|(class, descriptor)| Some((class, descriptor?)))
        .collect()
}

/// A number, taken apart by the metadata.
struct Reading<'a> {
    digits: &'a str,
    territories: &'static [Territory],
    national: &'a str,
    class: Option<Class>,
    region: Option<Region>,
}

/// Takes a number apart; `None` if no country has its code.
fn reading(digits: &str) -> Option<Reading<'_>> {
    let (territories, national) = split(digits)?;
    let found = territories.iter().find_map(|it| Some((it.class(national)?, it.region)));
    let (class, region) = match (found, territories) {
        (Some((class, region)), _) => (Some(class), region),
        (None, [only]) => (None, only.region),
        (None, _) => (None, None),
    };
    Some(Reading { digits, territories, national, class, region })
}

/// Country code and national number. No code is the beginning of another.
fn split(digits: &str) -> Option<(&'static [Territory], &str)> {
    (1..=3).find_map(|length| {
        let (code, national) = digits.split_at_checked(length)?;
        let territories = territories(code.parse().ok()?);
        (!territories.is_empty()).then_some((territories, national))
    })
}

impl Reading<'_> {
    /// Whether the country has numbers of as many digits. A country that shares a main country's
    /// code has no mobile numbers of other lengths.
    fn length(&self) -> Result<(), BadNumber> {
        if self.digits.len() < SHORTEST {
            return Err(BadNumber::TooShort);
        }
        let lengths = self.territories.first().map_or(0, |it| it.lengths);
        match 1_u32 << self.national.len() {
            length if length & lengths != 0 => Ok(()),
            length if length > lengths => Err(BadNumber::TooLong),
            length if (length - 1) & lengths == 0 => Err(BadNumber::TooShort),
            _ => Err(BadNumber::Impossible),
        }
    }

    fn number(&self) -> Result<Number, BadNumber> {
        if self.digits.len() > LONGEST {
            return Err(BadNumber::TooLong);
        }
        let doubt = match self.class {
            Some(Class::Mobile) => None,
            Some(Class::SpecialRate) => return Err(BadNumber::Premium),
            Some(Class::Landline) => return Err(BadNumber::Landline),
            Some(Class::Unsure) => Some(Doubt::UnknownRange),
            None => self.length().map(|()| Some(Doubt::UnknownRange))?,
        };
        Ok(Number { tel: self.digits.to_owned(), region: self.region, doubt })
    }
}

/// A number with its country code. A trunk prefix after the code, as in `+44 07911 123456`, is
/// taken out if the number makes no sense with it.
pub(super) fn called(digits: &str) -> Result<Number, BadNumber> {
    let written = reading(digits).ok_or(BadNumber::Impossible)?;
    if written.class.is_some() {
        return written.number();
    }
    let shorter = parse(None, &format!("+{digits}")).filter(|it| it.len() < digits.len());
    match shorter.map(|it| called(&it)) {
        Some(shorter) if is_certain(&shorter) => shorter,
        Some(shorter) => written.number().or_else(|bad| shorter.map_err(|_| bad)),
        None => written.number(),
    }
}

/// A number in the national form of a region, with its country code; `None` if it cannot be one,
/// or if the library does not know the region.
pub(super) fn national(digits: &str, region: Region) -> Option<String> {
    let id: country::Id = region.as_str().parse().ok()?;
    // The library takes for granted that it has metadata of every region that it can name.
    DATABASE.by_id(id.as_ref())?;
    parse(Some(id), digits)
}

fn parse(id: Option<country::Id>, digits: &str) -> Option<String> {
    let number = phonenumber::parse(id, digits).ok()?;
    Some(format!("{}{}", number.code().value(), number.national()))
}
