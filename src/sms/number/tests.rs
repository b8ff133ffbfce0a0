use proptest::prelude::*;

use super::*;

fn region(code: &str) -> Region {
    code.parse().unwrap()
}

fn tel(written: &str, national: &str) -> Result<String, BadNumber> {
    read(written, region(national)).map(|it| it.tel)
}

#[test]
fn what_people_write_becomes_what_is_called() {
    let cases = [
        ("0680010203", "33680010203", "FR"),
        ("+33 (0)6.80.01.02.03", "33680010203", "FR"),
        ("0033680010203", "33680010203", "FR"),
        ("33680010203", "33680010203", "FR"),
        ("330680010203", "33680010203", "FR"),
        ("(33)680010203", "33680010203", "FR"),
        ("680010203", "33680010203", "FR"),
        ("0712345678", "33712345678", "FR"),
        ("0692112233", "262692112233", "RE"),
        ("+33692112233", "262692112233", "RE"),
        ("+262 692 11 22 33", "262692112233", "RE"),
        ("2620692112233", "262692112233", "RE"),
        ("0639112233", "262639112233", "YT"),
        ("0690112233", "590690112233", "GP"),
        ("0639980011", "33639980011", "FR"),
        ("+687 75 12 34", "687751234", "NC"),
        ("00689 87 12 34 56", "68987123456", "PF"),
        ("+681821234", "681821234", "WF"),
        ("+508 55 12 34", "508551234", "PM"),
        ("32470123456", "32470123456", "BE"),
        ("491701234567", "491701234567", "DE"),
    ];
    for (written, called, place) in cases {
        let number = read(written, Region::FR).unwrap();
        assert_eq!(
            (number.tel.as_str(), number.region),
            (called, Some(region(place))),
            "{written}"
        );
    }
}

/// Of each country a mobile number, a landline and a special-rate number. Sources: the examples in
/// the metadata of libphonenumber, and the plans of the countries.
#[test]
fn the_world_is_told_apart() {
    use BadNumber::{Landline, Premium};
    let cases = [
        ("BE", "+32 470 12 34 56", "+32 2 512 34 56", "+32 902 12 345"),
        ("CH", "+41 79 123 45 67", "+41 44 668 18 00", "+41 900 123 456"),
        ("DE", "+49 1512 3456789", "+49 30 123456", "+49 900 1234567"),
        ("ES", "+34 612 34 56 78", "+34 810 12 34 56", "+34 803 12 34 56"),
        ("IT", "+39 312 345 6789", "+39 02 1234 5678", "+39 899 123456"),
        ("GB", "+44 7400 123456", "+44 20 7946 0018", "+44 909 8790000"),
        ("LU", "+352 628 123 456", "+352 27 12 34 56", "+352 900 12345"),
        ("NL", "+31 6 12345678", "+31 10 123 4567", "+31 906 123 4567"),
        ("PT", "+351 912 345 678", "+351 212 345 678", "+351 760 123 456"),
        ("PL", "+48 512 345 678", "+48 12 345 67 89", "+48 701 234 567"),
        ("MA", "+212 650 123456", "+212 520 123456", "+212 891 234567"),
        ("DZ", "+213 551 23 45 67", "+213 12 34 56 78", "+213 808 12 34 56"),
        ("TN", "+216 20 123 456", "+216 71 123 456", "+216 88 123 456"),
        ("SN", "+221 70 123 45 67", "+221 30 101 23 45", "+221 88 412 34 56"),
        ("BR", "+55 11 96123 4567", "+55 11 2345 6789", "+55 900 123 456"),
        ("JP", "+81 90 1234 5678", "+81 3 1234 5678", "+81 990 123 456"),
        ("AU", "+61 412 345 678", "+61 2 1234 5678", "+61 190 012 3456"),
    ];
    for (home, mobile, fixed, special) in cases {
        let number = read(mobile, Region::FR).unwrap();
        assert_eq!((number.region, number.doubt), (Some(region(home)), None), "{mobile}");
        assert_eq!(tel(fixed, "FR"), Err(Landline), "{fixed}");
        assert_eq!(tel(special, "FR"), Err(Premium), "{special}");
    }
    // In North America nobody can tell mobile from fixed.
    let number = read("+1 201 555 0123", Region::FR).unwrap();
    assert_eq!((number.region, number.doubt), (Some(region("US")), None));
    assert_eq!(read("+1 506 234 5678", Region::FR).unwrap().region, Some(region("CA")));
    assert_eq!(tel("+1 900 234 5678", "FR"), Err(Premium));
    let number = read("6581234567", Region::FR).unwrap();
    assert_eq!(number.doubt, Some(Doubt::ReadAsForeign { region: region("SG") }));
    // A range that no country of the code claims.
    let number = read("+1 999 234 5678", Region::FR).unwrap();
    assert_eq!((number.region, number.doubt), (None, Some(Doubt::UnknownRange)));
}

#[test]
fn national_forms_are_those_of_the_region() {
    let cases = [
        ("RE", "0692 11 22 33", Ok("262692112233")),
        ("RE", "0680010203", Ok("33680010203")),
        ("GP", "0690 11 22 33", Ok("590690112233")),
        ("MF", "0690 11 22 33", Ok("590690112233")),
        ("YT", "0269 61 12 34", Err(BadNumber::Landline)),
        ("NC", "75 12 34", Ok("687751234")),
        ("NC", "687751234", Ok("687751234")),
        ("NC", "+33 6 80 01 02 03", Ok("33680010203")),
        ("PF", "87 12 34 56", Ok("68987123456")),
        ("WF", "82 12 34", Ok("681821234")),
        ("PM", "55 12 34", Ok("508551234")),
        ("PM", "0508 55 12 34", Ok("508551234")),
        ("PM", "06 80 01 02 03", Ok("33680010203")),
        ("PM", "15", Err(BadNumber::Short)),
        ("BE", "0470 12 34 56", Ok("32470123456")),
        ("BE", "470 12 34 56", Ok("32470123456")),
        ("BE", "32470123456", Ok("32470123456")),
        ("BE", "33680010203", Ok("33680010203")),
        ("BE", "0033680010203", Ok("33680010203")),
        ("BE", "491701234567", Ok("491701234567")),
        ("BE", "02 512 34 56", Err(BadNumber::Landline)),
        ("BE", "8850", Err(BadNumber::Short)),
        ("CH", "079 123 45 67", Ok("41791234567")),
        ("DE", "0170 1234567", Ok("491701234567")),
        ("US", "(201) 555-0123", Ok("12015550123")),
        ("US", "011 33 6 80 01 02 03", Ok("33680010203")),
        ("FO", "211234", Ok("298211234")),
        ("AQ", "33680010203", Ok("33680010203")),
        ("AQ", "0680010203", Err(BadNumber::Impossible)),
    ];
    // No Belgian range, but a Belgian length.
    let number = read("0680010203", region("BE")).unwrap();
    assert_eq!((number.tel.as_str(), number.doubt), ("32680010203", Some(Doubt::UnknownRange)));
    for (national, written, expected) in cases {
        assert_eq!(
            tel(written, national).as_deref(),
            expected.as_ref().copied(),
            "{national} {written}"
        );
    }
}

#[test]
fn what_cannot_receive_an_sms_says_why() {
    use BadNumber::{
        Empty, Impossible, Landline, Letter, Premium, Short, Spreadsheet, TooLong, TooShort,
        Unmarked,
    };
    let cases = [
        ("0142000000", Landline),
        ("+33942000000", Landline),
        ("142000000", Landline),
        ("0262112233", Landline),
        ("0892000000", Premium),
        ("36180", Short),
        ("7", TooShort),
        ("06800102", TooShort),
        ("068001020304", TooLong),
        ("+0680010203", Impossible),
        ("+999 123 456 789", Impossible),
        // A French number that lost its zero and one digit more could be Australian.
        ("61234567", Unmarked),
        ("68001020", TooShort),
        ("3.36E+10", Spreadsheet),
        ("41791234567.0", Spreadsheet),
        ("06 80 O1 02 03", Letter { letter: 'O', digit: '0' }),
        ("", Empty),
        ("+", Empty),
        ("1234567890123456", TooLong),
    ];
    for (written, bad) in cases {
        assert_eq!(tel(written, "FR"), Err(bad), "{written}");
    }
}

#[test]
fn what_is_said_helps() {
    let said = read("687751234", Region::FR).unwrap().doubt.unwrap().to_string();
    assert!(said.contains("NC") && said.contains("+687751234"), "{said}");
    assert!(BadNumber::Spreadsheet.to_string().contains("format the column as text"));
}

#[test]
fn an_answer_meets_its_recipient() {
    let alike = [
        ["0680010203", "+33 (0)6 80 01 02 03", "680010203", "33680010203"],
        ["0692112233", "+33692112233", "262692112233", "2620692112233"],
        ["+687751234", "687751234", "0687751234", "33687751234"],
        ["+32470123456", "32470123456", "0032470123456", "+32(0)470123456"],
        ["01 42 00 00 00", "0142000000", "01.42.00.00.00", "0142000000"],
    ];
    for forms in alike {
        let keys = forms.map(|it| key(it, Region::FR));
        assert!(keys.iter().all(|it| *it == keys[0]), "{forms:?} {keys:?}");
    }
    assert_eq!(key("+687751234", region("NC")), "687751234");
    assert_ne!(key("0680010203", Region::FR), key("0680010204", Region::FR));
}

/// Regions of every kind.
const REGIONS: [&str; 20] = [
    "FR", "RE", "YT", "GP", "BL", "GF", "MQ", "PM", "NC", "PF", "WF", "BE", "CH", "IT", "GB", "US",
    "AR", "MX", "RU", "AQ",
];

/// Like what people write, right or nearly so.
fn texts() -> impl Strategy<Value = String> {
    let mark = "(|\\+|00|\\+33|0033|33|330|\\+262|262|590|508|687|681|689|\\+32|\\+1|\\+7|44|39)";
    let rest = "(|0|\\(0\\))[67]?[0-9]{5,9}|[0-9 .()/+-]{0,20}|[0-9]{1,20}";
    prop_oneof![
        4 => (mark, rest).prop_map(|(mark, rest)| format!("{mark}{rest}")),
        1 => any::<String>(),
    ]
}

fn regions() -> impl Strategy<Value = Region> {
    prop::sample::select(&REGIONS[..]).prop_map(region)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn what_has_been_read_stays(written in texts(), national in regions()) {
        if let Ok(number) = read(&written, national) {
            prop_assert!((7..=15).contains(&number.tel.len()), "{number:?}");
            let again = read(&format!("+{}", number.tel), national).map(|it| it.tel);
            prop_assert_eq!(again.as_ref(), Ok(&number.tel));
        }
    }

    #[test]
    fn in_france_it_stays_without_its_plus_but_for_nine_digits(written in texts()) {
        for national in ["FR", "RE", "PM"] {
            if let Ok(number) = read(&written, region(national))
                && number.tel.len() != 9
            {
                let again = read(&number.tel, region(national));
                if number.doubt == Some(Doubt::UnknownRange)
                    && again == Err(BadNumber::Unmarked)
                {
                    let home = number.region.map(|it| it.to_string()).unwrap_or_default();
                    prop_assert!(!["FR", "RE", "YT", "GP", "GF", "MQ"].contains(&&*home));
                    continue;
                }
                let again = again.map(|it| (it.tel, it.region));
                prop_assert_eq!(again, Ok((number.tel, number.region)));
            }
        }
    }

    #[test]
    fn all_forms_of_a_number_have_one_key(written in texts(), national in regions()) {
        if let Ok(number) = read(&written, national) {
            let expected = key(&written, national);
            for form in [
                number.tel.clone(),
                format!("+{}", number.tel),
                format!("00{}", number.tel),
                format!(" {}\u{a0}", number.tel),
            ] {
                prop_assert_eq!(&key(&form, national), &expected, "{}", form);
            }
        }
    }

    #[test]
    fn all_forms_of_a_french_number_have_one_key(digits in "[67][0-9]{8}") {
        let pairs = format!("0{digits}");
        let pairs: Vec<&str> = (0..5).map(|it| &pairs[2 * it..2 * it + 2]).collect();
        let expected = key(&format!("0{digits}"), Region::FR);
        for form in [
            digits.clone(),
            format!("+33{digits}"),
            format!("330{digits}"),
            format!("0033 (0){digits}"),
            pairs.join(" "),
            pairs.join("\u{202f}"),
            pairs.join("."),
        ] {
            prop_assert_eq!(&key(&form, Region::FR), &expected, "{}", form);
        }
    }
}

#[test]
fn what_was_calculated_with_is_no_number_of_a_telephone() {
    for written in [
        "-680010203",
        "-33680010203",
        "-1614957093",
        "-612345678.0",
        "-7",
        "33680.010203",
        "680.010203",
        "6.80010203",
        "336800102.031",
        "1.5123",
        " -679728164\n",
        "4179123.4567",
    ] {
        for national in [Region::FR, region("BE")] {
            assert_eq!(read(written, national), Err(BadNumber::Calculated), "{written}");
        }
    }
    for written in ["680010203.0", "680010203.00", "6.80010203E+8", "6.8e8", "3368001020e1"] {
        assert_eq!(read(written, Region::FR), Err(BadNumber::Spreadsheet), "{written}");
    }
    for written in [
        "680010203",
        "06.80010203",
        "-06 80 01 02 03",
        "0680-010203",
        "33.6.80.01.02.03",
        "6.80.01.02.03",
    ] {
        assert_eq!(read(written, Region::FR).unwrap().tel, "33680010203", "{written}");
    }
}
