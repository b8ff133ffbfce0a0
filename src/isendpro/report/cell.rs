//! What a cell looks like: a phone number, a date, a word; the header, the separator and the known
//! columns are found by it.

/// Longer cells are texts, no names of columns.
const WORD_CHARS: usize = 60;

/// Looks like a phone number: 8 to 15 digits, grouped and prefixed in any of the usual ways.
pub(super) fn is_phone(cell: &str) -> bool {
    let cell = cell.trim();
    let digits = cell.bytes().filter(u8::is_ascii_digit).count();
    (8..=15).contains(&digits)
        && !cell.starts_with('-')
        && cell.chars().all(|c| c.is_ascii_digit() || is_grouping(c))
        && !is_date(cell)
}

/// Looks like a number that could be dialled from France, not only like some long number.
pub(super) fn is_dialable(cell: &str) -> bool {
    let plus = cell.contains('+');
    let digits: String = cell.chars().filter(char::is_ascii_digit).collect();
    let national = digits.len() == 10 && digits.starts_with('0');
    let french = digits.len() == 11 && digits.starts_with("33");
    is_phone(cell) && (plus || national || french || digits.starts_with("00"))
}

/// Also the `="0612345678"` by which programs keep spreadsheets from dropping a zero.
fn is_grouping(c: char) -> bool {
    " \u{a0}\u{202f}.-/()+=\"'".contains(c)
}

/// Looks like a date, with or without a time: `2024-01-31T10:00:00Z`, `31/01/2024 10:00`, `31/1/24`,
/// `20240131`, `202401311000`.
pub(super) fn is_date(cell: &str) -> bool {
    let cell = cell.trim();
    if !cell.chars().all(|c| c.is_ascii_digit() || " -/.:,TZh+".contains(c)) {
        return false;
    }
    // A phone number in pairs (06/12/10/56/78) has more than the three parts of a date.
    let day = cell.split([' ', 'T', ',']).next().unwrap_or_default();
    match day.split(['-', '/', '.']).collect::<Vec<_>>().as_slice() {
        [first, second, third] => is_spelled_date(first, second, third, day.contains('/')),
        [digits] => *digits == cell && is_compact_date(digits),
        _ => false,
    }
}

fn is_spelled_date(first: &str, second: &str, third: &str, slashes: bool) -> bool {
    match (first.len(), third.len()) {
        (4, 1..=2) => is_day(first, second, third),
        (1..=2, 4) => is_day(third, second, first),
        // Elsewhere two digits of a year would be guessed into version numbers and the like.
        (1..=2, 2) if slashes => is_day("2000", second, first),
        _ => false,
    }
}

/// `yyyymmdd`, alone or with `hhmm` or `hhmmss`.
fn is_compact_date(digits: &str) -> bool {
    let pair = |at: usize| digits.get(at..at + 2).unwrap_or("00");
    let below = |pair: &str, end: u32| pair.parse().is_ok_and(|value: u32| value < end);
    // Digits only, so that bytes are characters.
    digits.bytes().all(|byte| byte.is_ascii_digit())
        && matches!(digits.len(), 8 | 12 | 14)
        && is_day(&digits[..4], pair(4), pair(6))
        && below(pair(8), 24)
        && below(pair(10), 60)
        && below(pair(12), 60)
}

fn is_day(year: &str, month: &str, day: &str) -> bool {
    let within = |text: &str, range: std::ops::RangeInclusive<u32>| {
        text.parse().is_ok_and(|value| range.contains(&value))
    };
    within(year, 1990..=2099) && within(month, 1..=12) && within(day, 1..=31)
}

/// Could name a column: short, on one line, more letters than digits.
pub(super) fn is_word(cell: &str) -> bool {
    let letters = cell.chars().filter(|c| c.is_alphabetic()).count();
    let digits = cell.chars().filter(|c| c.is_numeric()).count();
    letters > digits && cell.chars().count() <= WORD_CHARS && !cell.contains(['\n', '\r'])
}

/// Letters and digits only, lower case, without accents: "Date d'envoi" is `datedenvoi`.
pub(super) fn fold(name: &str) -> String {
    name.chars()
        .flat_map(char::to_lowercase)
        .map(unaccented)
        .filter(char::is_ascii_alphanumeric)
        .collect()
}

fn unaccented(c: char) -> char {
    match c {
        'à' | 'â' | 'ä' | 'á' | 'ã' | 'å' => 'a',
        'ç' => 'c',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'î' | 'ï' | 'í' | 'ì' => 'i',
        'ñ' => 'n',
        'ô' | 'ö' | 'ó' | 'ò' | 'õ' => 'o',
        'ù' | 'û' | 'ü' | 'ú' => 'u',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phones() {
        let phones = "33680010203|0680010203|+33 6 80 01 02 03|06.80.01.02.03|06-80-01-02-03\
                      |(0)680010203|0033680010203|'0680010203|=\"0680010203\"|680010203\
                      |06 12 10 20 24|06/12/10/56/78|262692123456";
        for phone in phones.split('|') {
            assert!(is_phone(phone), "{phone}");
            assert!(!is_date(phone), "{phone}");
        }
        for other in ["", "36180", "2024-01-31", "20240131", "-12345678", "1,25", "3,36E+10", "OK"]
        {
            assert!(!is_phone(other), "{other}");
        }
        assert!(
            is_dialable("0680010203")
                && is_dialable("33680010203")
                && is_dialable("+4915112345678")
        );
        assert!(!is_dialable("4915112345678") && !is_dialable("12345678"));
    }

    #[test]
    fn dates() {
        let dates = "2024-01-31|2024-01-31 10:00|2024-01-31T10:00:00Z|31/01/2024 10:00:00|31/1/24\
                     |31.01.2024|20240131|202401311000|20240131100000|2024/01/31 10h00\
                     |2024-01-31T10:00:00+01:00|31-01-2024";
        for date in dates.split('|') {
            assert!(is_date(date), "{date}");
            assert!(!is_phone(date), "{date}");
        }
        for other in
            ["", "2024", "10:30", "2024-13-01", "32/01/2024", "20241301", "1.2.3", "12 01 2024 1"]
        {
            assert!(!is_date(other), "{other}");
        }
    }

    #[test]
    fn words() {
        assert!(is_word("Statut") && is_word("N° tél") && is_word("tel1"));
        for other in ["", "12", "#", "A123456", "3,36123E+10", "a\nb", &"long ".repeat(20)] {
            assert!(!is_word(other), "{other}");
        }
        assert_eq!(fold("Date d'Envoi"), "datedenvoi");
        assert_eq!(fold("N° de TÉLÉPHONE"), "ndetelephone");
        assert_eq!(fold("te\u{301}l."), "tel");
    }
}
