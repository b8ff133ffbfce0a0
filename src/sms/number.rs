//! Telephone numbers: from what people write to what the API calls.

/// Why a number cannot receive an SMS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadNumber {
    /// A landline or a number of an internet box.
    Landline,
    /// A premium or free-phone number (08).
    Premium,
    /// A short code.
    Short,
    /// No number can look like this.
    Impossible,
}

impl std::fmt::Display for BadNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Landline => "a landline cannot receive an SMS; give a mobile number",
            Self::Premium => "a special-rate number cannot receive an SMS; give a mobile number",
            Self::Short => "a short number cannot receive an SMS; give a mobile number",
            Self::Impossible => {
                "this is not a telephone number; write it as 0612345678 or +33612345678"
            }
        })
    }
}

/// First digits of overseas French mobile numbers (after the 0), and the country code to call them
/// by. Source: the French numbering plan.
const OVERSEAS: &[(&str, &str)] = &[
    ("639", "262"), // Mayotte
    ("690", "590"), // Guadeloupe
    ("691", "590"),
    ("692", "262"), // Réunion
    ("693", "262"),
    ("694", "594"), // Guyane
    ("696", "596"), // Martinique
    ("697", "596"),
];

/// Numbers that the French numbering plan sets apart for films and examples. They look like
/// Mayotte's, but are metropolitan.
const FICTION: &str = "63998";

/// The number as it is called: digits with the country code, without `+`.
///
/// National French forms, international forms with `+`, `00` or nothing, blanks, dots, dashes and
/// `(0)` are read, and the first zero that a spreadsheet dropped is put back.
///
/// # Errors
/// When the number is known not to be a mobile one, or cannot be a number.
pub fn normalise(written: &str) -> Result<String, BadNumber> {
    let (international, digits) = digits(written)?;
    if international {
        return called(&digits);
    }
    match digits.as_str() {
        it if it.len() == 10 && it.starts_with('0') => national(&it[1..]),
        it if it.len() == 9 && it.starts_with(['6', '7']) => national(it),
        it if it.starts_with('0') => Err(BadNumber::Impossible),
        it if it.len() <= 6 => Err(BadNumber::Short),
        it => called(it),
    }
}

/// A form in which two ways of writing the same number are equal: the number as it is called, or
/// its digits when it cannot be.
pub fn key(written: &str) -> String {
    normalise(written).unwrap_or_else(|_| written.chars().filter(char::is_ascii_digit).collect())
}

/// The digits, and whether they begin with a country code that was marked as one.
fn digits(written: &str) -> Result<(bool, String), BadNumber> {
    let mut rest = written.trim();
    let plus = rest.strip_prefix('+');
    rest = plus.unwrap_or(rest);
    // What a spreadsheet makes of a number, 680010203.0, would get a digit more.
    if let [.., b'.' | b',', last] = rest.as_bytes()
        && last.is_ascii_digit()
    {
        return Err(BadNumber::Impossible);
    }
    let mut digits = String::with_capacity(rest.len());
    for character in rest.replace("(0)", "").chars() {
        match character {
            '0'..='9' => digits.push(character),
            '.' | '-' | '/' | '(' | ')' => {}
            blank if blank.is_whitespace() => {}
            _ => return Err(BadNumber::Impossible),
        }
    }
    if digits.is_empty() {
        return Err(BadNumber::Impossible);
    }
    match digits.strip_prefix("00") {
        Some(rest) if plus.is_none() => Ok((true, rest.to_owned())),
        _ => Ok((plus.is_some(), digits)),
    }
}

/// A number whose country code is there.
fn called(digits: &str) -> Result<String, BadNumber> {
    if let Some(french) = digits.strip_prefix("33") {
        let french = french.strip_prefix('0').unwrap_or(french);
        return if french.len() == 9 { national(french) } else { Err(BadNumber::Impossible) };
    }
    let possible = (8..=15).contains(&digits.len()) && !digits.starts_with('0');
    if possible { Ok(digits.to_owned()) } else { Err(BadNumber::Impossible) }
}

/// A French number of nine digits, without its first zero.
fn national(digits: &str) -> Result<String, BadNumber> {
    match digits.as_bytes().first() {
        Some(b'6' | b'7') => {
            let overseas = OVERSEAS.iter().find(|(prefix, _)| digits.starts_with(prefix));
            let country = match overseas {
                Some((_, country)) if !digits.starts_with(FICTION) => country,
                _ => "33",
            };
            Ok(format!("{country}{digits}"))
        }
        Some(b'1'..=b'5' | b'9') => Err(BadNumber::Landline),
        Some(b'8') => Err(BadNumber::Premium),
        _ => Err(BadNumber::Impossible),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_becomes_what_is_called() {
        let cases = [
            ("0680010203", "33680010203"),
            ("06 80 01 02 03", "33680010203"),
            ("+33 (0)6.80.01.02.03", "33680010203"),
            ("0033680010203", "33680010203"),
            ("330680010203", "33680010203"),
            ("680010203", "33680010203"),
            ("06\u{a0}80\u{202f}01-02-03", "33680010203"),
            ("0692112233", "262692112233"),
            ("+33692112233", "262692112233"),
            ("0690112233", "590690112233"),
            ("0639980011", "33639980011"),
            ("0639112233", "262639112233"),
            ("32470123456", "32470123456"),
            ("+491701234567", "491701234567"),
        ];
        for (written, called) in cases {
            assert_eq!(normalise(written).as_deref(), Ok(called), "{written}");
            assert_eq!(normalise(called).as_deref(), Ok(called), "{called} again");
        }
    }

    #[test]
    fn what_cannot_receive_an_sms_says_why() {
        let cases = [
            ("0142000000", BadNumber::Landline),
            ("+33942000000", BadNumber::Landline),
            ("0892000000", BadNumber::Premium),
            ("36180", BadNumber::Short),
            ("06800102", BadNumber::Impossible),
            ("33600000000.0", BadNumber::Impossible),
            ("680010203.0", BadNumber::Impossible),
            ("41791234567.0", BadNumber::Impossible),
            ("3.36E+10", BadNumber::Impossible),
            ("", BadNumber::Impossible),
            ("+", BadNumber::Impossible),
            ("1234567890123456", BadNumber::Impossible),
        ];
        for (written, bad) in cases {
            assert_eq!(normalise(written), Err(bad), "{written}");
        }
    }
}
