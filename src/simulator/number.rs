//! Telephone numbers: the two forms that the API takes, the form of its
//! answers, and the operator that a look-up names.

/// Digits of a national French or international number as an international
/// number without `+`; `None` when no such number can exist.
///
/// A leading `+` or `00` is dropped. Blanks and dots are not: the API documents
/// digits only.
pub(super) fn international(num: &str) -> Option<String> {
    let digits = num.strip_prefix('+').or_else(|| num.strip_prefix("00")).unwrap_or(num);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let tel = match digits.strip_prefix('0') {
        Some(national) if digits.len() == num.len() => format!("33{national}"),
        Some(_) => return None,
        None => digits.to_owned(),
    };
    possible(&tel).then_some(tel)
}

/// France has nine digits after 33; elsewhere anything that E.164 allows.
fn possible(tel: &str) -> bool {
    match tel.strip_prefix("33") {
        Some(rest) => rest.len() == 9 && !rest.starts_with('0'),
        None => (8..=15).contains(&tel.len()),
    }
}

/// `tel` as answers write it: national for metropolitan France, else as it is.
pub(super) fn answered(tel: &str) -> String {
    match tel.strip_prefix("33") {
        Some(rest) if metropolitan(tel) => format!("0{rest}"),
        _ => tel.to_owned(),
    }
}

/// `num` as answers write it, even when no such number can exist.
pub(super) fn echoed(num: &str) -> String {
    international(num).map_or_else(|| num.to_owned(), |tel| answered(&tel))
}

/// Whether an international number is one of metropolitan France.
pub(super) fn metropolitan(tel: &str) -> bool {
    tel.starts_with("33")
}

/// Operator of a number: `?` for an impossible one. The names but `ORAN` are
/// made up, by the digit after 06 or 07.
pub(super) fn operator(num: &str) -> &'static str {
    let Some(tel) = international(num) else {
        return "?";
    };
    match tel.as_bytes() {
        [b'3', b'3', b'6' | b'7', range, ..] => match range {
            b'3' | b'7' | b'8' => "ORAN",
            b'0' | b'1' | b'2' => "SFR0",
            b'5' | b'6' => "BOUY",
            _ => "FREE",
        },
        [b'3', b'3', ..] => "FIXE",
        _ => "ETRA",
    }
}

/// Calling code of a country that a price is set for: digits as they are, or
/// one of a few two-letter names.
pub(super) fn calling_code(country: &str) -> Option<&str> {
    if !country.is_empty() && country.len() <= 3 && country.bytes().all(|b| b.is_ascii_digit()) {
        return Some(country);
    }
    Some(match country {
        "FR" => "33",
        "BE" => "32",
        "CH" => "41",
        "DE" => "49",
        "ES" => "34",
        "GB" => "44",
        "IT" => "39",
        "LU" => "352",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn national_and_international_forms_meet() {
        for num in ["0680010203", "33680010203", "+33680010203", "0033680010203"] {
            assert_eq!(international(num).as_deref(), Some("33680010203"), "{num}");
        }
        assert_eq!(answered("33680010203"), "0680010203");
        assert_eq!(answered("4915112345678"), "4915112345678");
    }

    #[test]
    fn impossible_numbers_are_refused() {
        for num in [
            "",
            "+",
            "06",
            "06123456789",
            "0033",
            "06 80 01 02 03",
            "abc",
            "+0680010203",
            "330680010203",
            "1234567",
            "1234567890123456",
        ] {
            assert_eq!(international(num), None, "{num}");
            assert_eq!(operator(num), "?", "{num}");
        }
    }

    #[test]
    fn operators_go_by_prefix() {
        assert_eq!(operator("0680010203"), "ORAN");
        assert_eq!(operator("0612345678"), "SFR0");
        assert_eq!(operator("0102030405"), "FIXE");
        assert_eq!(operator("4915112345678"), "ETRA");
    }
}
