//! The written form of a number: which digits it has, and whether they begin with a country code.

use super::BadNumber;
use crate::sms::invisible::is_invisible;

#[cfg(test)]
mod tests;

/// More digits than `00`, a country code, a zero too many and the longest national number (13
/// digits, for machines in France) have together.
const MOST: usize = 20;

/// The digits that were written.
pub(super) struct Written {
    /// Whether `+` or `00` says that the digits begin with a country code.
    pub international: bool,
    digits: [u8; MOST],
    start: usize,
    end: usize,
}

impl Written {
    /// The digits, without `+` and without `00`.
    pub fn digits(&self) -> &str {
        std::str::from_utf8(&self.digits[self.start..self.end]).unwrap_or_default()
    }
}

/// Reads the written form.
///
/// Blanks of all kinds, dots, dashes, slashes and parentheses separate digits; `(0)` is left out,
/// as is what cannot be seen.
pub(super) fn read(text: &str) -> Result<Written, BadNumber> {
    let mut written = Written { international: false, digits: [0; MOST], start: 0, end: 0 };
    let mut groups = Groups::default();
    let mut rest = number_itself(text).chars();
    while let Some(character) = rest.next() {
        if character == '('
            && let Some(after) = rest.as_str().strip_prefix("0)")
        {
            rest = after.chars();
            continue;
        }
        match sign(character) {
            Sign::Digit(digit) => {
                *written.digits.get_mut(written.end).ok_or(BadNumber::TooLong)? = b'0' + digit;
                written.end += 1;
                groups.digit();
            }
            Sign::Plus if written.end == 0 && !written.international => {
                written.international = true;
            }
            Sign::Dot => groups.dot(),
            Sign::Gap => groups.gap(),
            Sign::Nothing => {}
            Sign::Plus | Sign::Other => return Err(strange(text)),
        }
    }
    if groups.are_decimals() {
        return Err(BadNumber::Spreadsheet);
    }
    if written.digits[..written.end].starts_with(b"00") {
        written.international = true;
        written.start = 2;
    }
    match written.end {
        0 => Err(BadNumber::Empty),
        end if end == written.start => Err(BadNumber::TooShort),
        _ => Ok(written),
    }
}

/// All digits of a text, whatever else is in it.
pub(super) fn digits(text: &str) -> String {
    let digit = |character| match sign(character) {
        Sign::Digit(digit) => Some(char::from(b'0' + digit)),
        _ => None,
    };
    text.chars().filter_map(digit).collect()
}

/// The text without what people and programs put around a number: the apostrophe that makes a
/// spreadsheet take it for text, `tel:` of a link with its parameters, and the comma or semicolon
/// that ended it in a list.
fn number_itself(text: &str) -> &str {
    // Nearly all numbers have nothing around them.
    if let [b'0'..=b'9' | b'+', .., b'0'..=b'9'] = text.as_bytes() {
        return text;
    }
    let nothing = |it: char| it.is_whitespace() || is_invisible(it);
    let text = text.trim_start_matches(nothing);
    let text = text.strip_prefix(['\'', '\u{2019}']).unwrap_or(text);
    let text = match text.split_at_checked(4) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("tel:") => subscriber(rest),
        _ => text,
    };
    text.trim_end_matches(|it: char| nothing(it) || matches!(it, ',' | ';'))
}

/// The number of a `tel:` link (RFC 3966) without its parameters: an SMS goes to the telephone, not
/// to an extension behind it. One that is local to some network stays as it is, and is refused.
fn subscriber(link: &str) -> &str {
    match link.split_once(';') {
        Some((number, more))
            if number.trim_start().starts_with('+')
                || !more.to_ascii_lowercase().contains("phone-context=") =>
        {
            number
        }
        _ => link,
    }
}

/// What a character is to a number.
enum Sign {
    Digit(u8),
    Plus,
    Dot,
    Gap,
    Nothing,
    Other,
}

fn sign(character: char) -> Sign {
    match character {
        '0'..='9' => Sign::Digit(character as u8 - b'0'),
        ' ' | '-' | '/' | '(' | ')' | '\t'..='\r' => Sign::Gap,
        '.' => Sign::Dot,
        '+' => Sign::Plus,
        _ if character.is_ascii() => Sign::Other,
        _ => beyond_ascii(character),
    }
}

fn beyond_ascii(character: char) -> Sign {
    match character {
        '\u{ff0b}' | '\u{fe62}' => Sign::Plus,
        '\u{ff0e}' => Sign::Dot,
        _ if character.is_whitespace() || is_punctuation(character) => Sign::Gap,
        _ if is_invisible(character) => Sign::Nothing,
        _ => digit(character).map_or(Sign::Other, Sign::Digit),
    }
}

/// Dashes, minus signs, the middle dot, and fullwidth dash, slash and parentheses.
fn is_punctuation(character: char) -> bool {
    matches!(
        character,
        '\u{2010}'
            ..='\u{2015}'
                | '\u{2212}'
                | '\u{fe58}'
                | '\u{fe63}'
                | '\u{ff0d}'
                | '\u{b7}'
                | '\u{ff0f}'
                | '\u{ff08}'
                | '\u{ff09}'
    )
}

/// The zeros of other scripts' digits, each followed by its one to nine. Source: the Unicode
/// character database, general category Nd, without archaic scripts and letter-like symbols.
const ZEROS: [u32; 36] = [
    0x0660, 0x06f0, 0x07c0, 0x0966, 0x09e6, 0x0a66, 0x0ae6, 0x0b66, 0x0be6, 0x0c66, 0x0ce6, 0x0d66,
    0x0de6, 0x0e50, 0x0ed0, 0x0f20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90,
    0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10,
];

fn digit(character: char) -> Option<u8> {
    let nearest = ZEROS.iter().rev().find(|zero| **zero <= u32::from(character))?;
    u8::try_from(u32::from(character) - nearest).ok().filter(|digit| *digit < 10)
}

/// The lengths of the groups of digits, as far as they tell a decimal number.
#[derive(Default)]
struct Groups {
    /// Digits since the last separator.
    last: usize,
    /// Digits before that separator, if it is a dot.
    before_dot: Option<usize>,
}

impl Groups {
    fn digit(&mut self) {
        self.last += 1;
    }

    fn dot(&mut self) {
        self.before_dot = Some(self.last);
        self.last = 0;
    }

    fn gap(&mut self) {
        self.before_dot = None;
        self.last = 0;
    }

    /// `680010203.0` or `680010203.00`, but not `06.80.01.02.03`.
    fn are_decimals(&self) -> bool {
        match self.before_dot {
            Some(before) => self.last == 1 || (before >= 7 && self.last == 2),
            None => false,
        }
    }
}

/// What is wrong with a text that has a sign too many.
fn strange(text: &str) -> BadNumber {
    let text: String = number_itself(text).chars().filter(|it| !is_invisible(*it)).collect();
    let text = text.as_str();
    if let Some((letter, digit)) = letter_for_digit(text) {
        return BadNumber::Letter { letter, digit };
    }
    let (number, exponent) = match text.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, Some(exponent)),
        None => (text, None),
    };
    let (whole, decimals) = number.split_once(['.', ',']).unwrap_or((number, ""));
    let is_decimal = match exponent {
        Some(exponent) => is_digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)),
        None => (1..=2).contains(&decimals.len()),
    };
    let whole = whole.strip_prefix('+').unwrap_or(whole);
    if is_decimal && is_digits(whole) && (decimals.is_empty() || is_digits(decimals)) {
        BadNumber::Spreadsheet
    } else {
        BadNumber::NotDigits
    }
}

/// The first letter that looks like a digit, and that digit, if such letters are all that keeps the
/// text from being a number.
fn letter_for_digit(text: &str) -> Option<(char, char)> {
    // Cyrillic and Greek have an O too.
    let digit = |letter| match letter {
        'O' | 'o' | '\u{41e}' | '\u{43e}' | '\u{39f}' | '\u{3bf}' => Some('0'),
        'I' | 'l' | '|' => Some('1'),
        _ => None,
    };
    let first = text.chars().find_map(|it| Some((it, digit(it)?)))?;
    let letters = text.chars().filter(|it| digit(*it).is_some()).count();
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let meant: String = text.chars().map(|it| digit(it).unwrap_or(it)).collect();
    (letters < digits && read(&meant).is_ok()).then_some(first)
}

/// Digits, with the blanks that some spreadsheets put between thousands.
fn is_digits(text: &str) -> bool {
    text.starts_with(|it: char| it.is_ascii_digit())
        && text.chars().all(|it| it.is_ascii_digit() || it.is_whitespace())
}
