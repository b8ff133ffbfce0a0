//! Telephone numbers: from what people and spreadsheets write to what the API calls.
//!
//! French numbers, metropolitan and overseas, are read by `french` and `territories`, from
//! tables of their own: they are nearly all numbers there are, and need no start-up. All others
//! are read by `world`, from the tables of a library that takes its time on its first use.

use std::fmt;

use super::region::Region;

mod french;
mod territories;
mod world;
mod written;

#[cfg(test)]
mod tests;

/// A number as it is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number {
    /// Country code and national digits, without `+`: 7 to 15 digits.
    pub tel: String,
    /// Where it belongs, by its range; `None` when several countries share the country code and
    /// the range does not tell.
    pub region: Option<Region>,
    /// Why a person should look at it; it is sent all the same.
    pub doubt: Option<Doubt>,
}

/// A reason to look twice at a number that is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doubt {
    /// No range that is known to be mobile. New ones open over the years, so it may well be one.
    UnknownRange,
    /// A French number of extended length (0700), made for machines.
    Machine,
    /// Digits without the mark `+`, no more of them than a French number has, which are a number
    /// abroad, or a French one with a slip in it.
    ReadAsForeign {
        /// Where that one belongs.
        region: Region,
    },
    /// Nine digits without any mark, which are more likely a French number that lost its first
    /// zero, but could be a mobile number with the country code of a Pacific territory.
    ReadAsFrench {
        /// The other number, as it has to be written to be called.
        other: String,
        /// Where that one belongs.
        region: Region,
    },
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownRange => {
                f.write_str("in no range known to be mobile; the SMS may not arrive")
            }
            Self::Machine => f.write_str("a number for machines (0700); the SMS may not arrive"),
            Self::ReadAsForeign { region } => {
                write!(f, "read as a number in {region}; write it with + to be sure")
            }
            Self::ReadAsFrench { other, region } => write!(
                f,
                "read as a French number that lost its first zero; \
                 if the one in {region} is meant, write it as {other}"
            ),
        }
    }
}

/// Why a number cannot receive an SMS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadNumber {
    /// Nothing, or nothing but blanks and signs.
    Empty,
    /// Letters or other signs that no number has.
    NotDigits,
    /// A letter that looks like a digit: `O` for `0`.
    Letter {
        /// The letter.
        letter: char,
        /// The digit that was meant.
        digit: char,
    },
    /// A decimal number such as `680010203.0` or `3.36E+10`, in which digits may be lost.
    Spreadsheet,
    /// A sign or a fraction, such as `-679728165`: a program has calculated with it.
    Calculated,
    /// Fewer digits than any number of its country.
    TooShort,
    /// More digits than any number of its country.
    TooLong,
    /// A landline or a number of an internet box.
    Landline,
    /// A special-rate, premium or free-phone number.
    Premium,
    /// A short code.
    Short,
    /// Neither a national number, nor, without the mark `+`, one of a known mobile range abroad.
    Unmarked,
    /// No number can look like this, or its country code does not exist.
    Impossible,
}

impl fmt::Display for BadNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Letter { letter, digit } => {
                return write!(
                    f,
                    "the letter {letter} stands where a digit must; write the digit {digit}"
                );
            }
            Self::Empty => "there is no number; give one such as 0612345678 or +33612345678",
            Self::NotDigits => {
                "this has signs that no telephone number has; \
                 write it as 0612345678 or +33612345678"
            }
            Self::Spreadsheet => {
                "a spreadsheet has made a decimal number of this, and digits may be lost; \
                 format the column as text and enter it again"
            }
            Self::Calculated => {
                "a program has taken this for a number to calculate with (it has a sign or a \
                 fraction), and digits may be wrong; keep it as text, in quotes"
            }
            Self::TooShort => "a digit is missing; give the whole mobile number",
            Self::TooLong => "there are too many digits; give one mobile number only",
            Self::Landline => "a landline cannot receive an SMS; give a mobile number",
            Self::Premium => "a special-rate number cannot receive an SMS; give a mobile number",
            Self::Short => "a short number cannot receive an SMS; give a mobile number",
            Self::Unmarked => {
                "a digit may be missing or too many; \
                 write a number abroad with + and its country code"
            }
            Self::Impossible => {
                "this is not a telephone number; write it as 0612345678 or +33612345678"
            }
        })
    }
}

impl std::error::Error for BadNumber {}

impl Number {
    fn new(code: &str, national: &str, region: Option<Region>, doubt: Option<Doubt>) -> Self {
        let mut tel = String::with_capacity(code.len() + national.len());
        tel.push_str(code);
        tel.push_str(national);
        Self { tel, region, doubt }
    }
}

/// Reads a number. `national` is the region whose national forms are meant, such as `0680010203`
/// in metropolitan France or `0470 12 34 56` in Belgium.
///
/// With `+` or `00` a number is international. Digits without such a mark are a national form if
/// they can be, else international without its mark, if they are in a range known to be mobile.
/// What has been read stays as it is: `tel` with `+` in front is read as the same number. In the
/// French regions `tel` alone is, too, unless it is in no known range, or has nine digits, which
/// are always taken for a French number that lost its first zero.
///
/// # Errors
/// When the number is known not to be a mobile one, or cannot be a number.
pub fn read(written: &str, national: Region) -> Result<Number, BadNumber> {
    if is_calculated(written) {
        return Err(BadNumber::Calculated);
    }
    let written = written::read(written)?;
    let digits = written.digits();
    if written.international {
        return international(digits);
    }
    if let Some(local) = territories::bare(digits, national) {
        return local;
    }
    if french::is_spoken_in(national) {
        return french::bare(digits).unwrap_or_else(|| unmarked(digits));
    }
    if territories::is_pacific(national) {
        return unmarked(digits);
    }
    elsewhere(digits, national)
}

/// Whether it is written as JSON writes a negative number, or one with a fraction. People begin a
/// number with a zero or a plus, or separate more than two groups of digits.
fn is_calculated(written: &str) -> bool {
    // Nearly all numbers begin with a zero or a plus, or have neither sign nor point.
    let begins = matches!(written.as_bytes(), [b'0' | b'+', ..]);
    if begins || !written.bytes().any(|it| matches!(it, b'-' | b'.')) {
        return false;
    }
    let (sign, number) = match written.trim().strip_prefix('-') {
        Some(number) => (true, number),
        None => (false, written.trim()),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let are_digits = |it: &str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit());
    let is_number = are_digits(whole) && are_digits(fraction) && !whole.starts_with('0');
    // What a spreadsheet does to a number is told as such.
    is_number && (sign || fraction.len() > 2 && number.contains('.'))
}

/// A text that is equal for all ways of writing one number, to match an answer with a recipient.
///
/// It is the number as it is called, but of two numbers that only the mark `+` tells apart it is
/// the one that is meant without it: `+687751234` and `0687751234` have the same key, since an
/// answer about either may say `687751234`. What cannot be called is compared by its digits.
pub fn key(written: &str, national: Region) -> String {
    let Ok(Number { mut tel, .. }) = read(written, national) else {
        return written::digits(written);
    };
    // Each round puts a country code in front, so that the second is nearly always the last.
    for _ in 0..3 {
        match read(&tel, national) {
            Ok(other) if other.tel != tel => tel = other.tel,
            _ => break,
        }
    }
    tel
}

/// A number with its country code.
fn international(digits: &str) -> Result<Number, BadNumber> {
    // Country codes begin with 1 to 9.
    if digits.starts_with('0') {
        return Err(BadNumber::Impossible);
    }
    french::called(digits)
        .or_else(|| territories::called(digits))
        .unwrap_or_else(|| world::called(digits))
}

/// Digits of a French number with its first zero.
const FRENCH_DIGITS: usize = 10;

/// Digits that can only be international, without the mark that says so. With a digit missing or
/// too many, most numbers become one of some country far away: only a known mobile range will do.
fn unmarked(digits: &str) -> Result<Number, BadNumber> {
    match international(digits) {
        Ok(Number { doubt: Some(Doubt::UnknownRange), .. }) if french::called(digits).is_none() => {
            Err(BadNumber::Unmarked)
        }
        Ok(number @ Number { doubt: None, region: Some(region), .. })
            if digits.len() <= FRENCH_DIGITS && french::called(digits).is_none() =>
        {
            Ok(Number { doubt: Some(Doubt::ReadAsForeign { region }), ..number })
        }
        read => read,
    }
}

/// Digits without a mark, where another plan than the French one is spoken.
fn elsewhere(digits: &str, national: Region) -> Result<Number, BadNumber> {
    let home = world::national(digits, national).map(|tel| international(&tel));
    let home = home.unwrap_or(Err(BadNumber::Impossible));
    if is_certain(&home) {
        return home;
    }
    let abroad = unmarked(digits);
    match (home, abroad) {
        (_, abroad) if is_certain(&abroad) => abroad,
        (Ok(home), _) => Ok(home),
        (_, Ok(abroad)) => Ok(abroad),
        _ if (2..=6).contains(&digits.len()) => Err(BadNumber::Short),
        (home, _) => home,
    }
}

/// Whether the number's class is known, be it good or bad.
fn is_certain(reading: &Result<Number, BadNumber>) -> bool {
    matches!(
        reading,
        Ok(Number { doubt: None, .. }) | Err(BadNumber::Landline | BadNumber::Premium)
    )
}
