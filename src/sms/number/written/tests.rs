use proptest::prelude::*;

use super::*;

/// The digits, with `+` if they are marked as international.
fn shown(text: &str) -> Result<String, BadNumber> {
    let written = read(text)?;
    Ok(format!("{}{}", if written.international { "+" } else { "" }, written.digits()))
}

#[test]
fn what_separates_digits_is_left_out() {
    let forms = [
        "0680010203",
        "06 80 01 02 03",
        "06.80.01.02.03",
        "06-80-01-02-03",
        "06/80/01/02/03",
        " 06 80  01 02 03\t\r\n",
        "(06) 80 01 02 03",
        "06.80.01.02.03.",
        "0680 010 203",
        "06\u{a0}80\u{202f}01\u{2009}02\u{3000}03",
        "06\u{2010}80\u{2011}01\u{2013}02\u{2212}03",
        "06·80·01·02·03",
        "\u{feff}0680010203\u{200b}",
        "\u{202a}0680010203\u{202c}",
        "06\u{ad}80\u{2060}010203",
        "'0680010203",
        "\u{2019}0680010203",
        "tel:0680010203",
        " TEL:06-80-01-02-03",
        "０６８００１０２０３",
        "٠٦٨٠٠١٠٢٠٣",
        "०६८००१०२०३",
        "06（80）01．02／03",
    ];
    for text in forms {
        assert_eq!(shown(text).as_deref(), Ok("0680010203"), "{text:?}");
    }
}

#[test]
fn plus_and_two_zeros_mark_a_country_code() {
    let forms = [
        "+33680010203",
        "0033680010203",
        "+33 (0)6 80 01 02 03",
        "+33(0)680010203",
        "(+33) 680010203",
        "+0033680010203",
        "00 33 6 80 01 02 03",
        "＋33680010203",
        "\u{202d}+33 6 80 01 02 03\u{202c}",
        "tel:+33-6-80-01-02-03",
        "'+33680010203",
    ];
    for text in forms {
        assert_eq!(shown(text).as_deref(), Ok("+33680010203"), "{text:?}");
    }
    assert_eq!(shown("(33)680010203").as_deref(), Ok("33680010203"));
}

#[test]
fn what_is_no_number_says_what_is_wrong() {
    use BadNumber::{Empty, NotDigits, Spreadsheet, TooLong, TooShort};
    let forty = "0123456789".repeat(4);
    let cases = [
        ("", Empty),
        (" \u{a0}\u{200b}\n", Empty),
        ("+", Empty),
        ("-", Empty),
        ("tel:", Empty),
        ("'", Empty),
        ("00", TooShort),
        ("+00", TooShort),
        (forty.as_str(), TooLong),
        ("0680010203 / 0612345678 9", TooLong),
        ("680010203.0", Spreadsheet),
        ("680010203.00", Spreadsheet),
        ("33680010203,0", Spreadsheet),
        ("33680010203,00", Spreadsheet),
        ("680 010 203.0", Spreadsheet),
        ("680 010 203,00", Spreadsheet),
        ("3.36E+10", Spreadsheet),
        ("3,36E+10", Spreadsheet),
        ("+3.3680010203e10", Spreadsheet),
        ("336E8", Spreadsheet),
        ("06 8X 01 02 03", NotDigits),
        ("call me", NotDigits),
        ("06,80,01,02,03", NotDigits),
        ("0680010203,0612345678", NotDigits),
        ("33,680,010,203", NotDigits),
        ("0680010203;ext=4", NotDigits),
        ("#REF!", NotDigits),
        ("*31#0680010203", NotDigits),
        ("33+680010203", NotDigits),
        ("++33680010203", NotDigits),
        ("e5", NotDigits),
        ("Ⅷ", NotDigits),
        ("06 80 01 02 03 😀", NotDigits),
    ];
    for (text, bad) in cases {
        assert_eq!(shown(text), Err(bad), "{text:?}");
    }
}

#[test]
fn what_stands_around_a_number_is_no_part_of_it() {
    let forms = [
        "0680010203,",
        "0680010203;",
        " 06 80 01 02 03 ; ",
        "0680010203\u{200b},\u{a0}",
        "tel:0680010203;ext=4",
        "TEL:06-80-01-02-03;isub=1234;ext=2",
        "tel:0680010203;ext=+33142000000",
        "\u{2068}tel:0680010203;\u{2069}",
        "'0680010203,",
    ];
    for text in forms {
        assert_eq!(shown(text).as_deref(), Ok("0680010203"), "{text:?}");
    }
    let global = "tel:+33-680-01-02-03;phone-context=example.com;ext=9";
    assert_eq!(shown(global).as_deref(), Ok("+33680010203"));
    // Whose it is, only that network knows.
    for local in ["tel:7042;phone-context=example.com", "tel:680010203;Phone-Context=+33"] {
        assert_eq!(shown(local), Err(BadNumber::NotDigits), "{local}");
    }
    assert_eq!(shown(","), Err(BadNumber::Empty));
}

/// Each character of the list, and wherever it stands.
#[test]
fn what_cannot_be_seen_is_no_part_of_a_number() {
    for c in ('\u{80}'..=char::MAX).filter(|c| is_invisible(*c)) {
        for text in [format!("{c}0680010203"), format!("06{c}80 01{c}02 03{c}")] {
            assert_eq!(shown(&text).as_deref(), Ok("0680010203"), "{text:?}");
        }
        let decimal = format!("{c}680010203{c},0{c}");
        assert_eq!(shown(&decimal), Err(BadNumber::Spreadsheet), "{decimal:?}");
    }
}

#[test]
fn a_letter_for_a_digit_is_named() {
    for (text, letter, digit) in [
        ("O68O010203", 'O', '0'),
        ("06 8o 01 02 03", 'o', '0'),
        ("0680 0I0 203", 'I', '1'),
        ("068OOl02O3", 'O', '0'),
        ("+336800l0203", 'l', '1'),
        ("06.80.01.02.O3", 'O', '0'),
        ("tel:068001020O", 'O', '0'),
        ("'O680010203", 'O', '0'),
        ("06 80 0| 02 03", '|', '1'),
        ("\u{41e}680010203", '\u{41e}', '0'),
        ("068001\u{200b}02\u{3bf}3,", '\u{3bf}', '0'),
    ] {
        assert_eq!(shown(text), Err(BadNumber::Letter { letter, digit }), "{text:?}");
    }
    for text in ["Oo", "O6 ll OO OI l0", "06 8O 01 02 03 x", "1e5O,,5"] {
        assert!(!matches!(shown(text), Err(BadNumber::Letter { .. }) | Ok(_)), "{text:?}");
    }
}

#[test]
fn each_other_script_has_ten_digits() {
    for zero in ZEROS {
        let signs = (zero..zero + 10).filter_map(char::from_u32);
        assert!(signs.clone().all(char::is_numeric), "{zero:x}");
        let ten: String = signs.collect();
        assert_eq!(digits(&ten), "0123456789", "{zero:x}");
    }
    assert!(ZEROS.is_sorted());
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        if let Ok(written) = read(&text) {
            prop_assert!(!written.digits().is_empty());
            prop_assert!(written.digits().bytes().all(|it| it.is_ascii_digit()));
        }
    }

    #[test]
    fn decimals_are_never_taken_for_digits(number in 1_000_000_u64.., cents in "[.,][0-9]{1,2}") {
        let text = format!("{number}{cents}");
        let bad = read(&text).err();
        prop_assert!(matches!(bad, Some(BadNumber::Spreadsheet | BadNumber::TooLong)), "{text}");
    }
}
