use phonenumber::{Type, metadata::DATABASE};
use proptest::prelude::*;

use super::*;

/// Blocks of the plan by the digits after the first zero, how long its numbers are, and the country
/// code they are called by. Source: Arcep's list of allotted blocks (MAJNUM, June 2025), one block
/// or more for each root and territory.
const MOBILE: &[(&str, usize, &str, &str)] = &[
    ("601", 9, "33", "FR"),
    ("637", 9, "33", "FR"),
    ("638", 9, "33", "FR"),
    ("6400", 9, "33", "FR"),
    ("651", 9, "33", "FR"),
    ("670", 9, "33", "FR"),
    ("687", 9, "33", "FR"),
    ("695", 9, "33", "FR"),
    ("698", 9, "33", "FR"),
    ("699", 9, "33", "FR"),
    ("743", 9, "33", "FR"),
    ("63900", 9, "262", "YT"),
    ("63940", 9, "262", "YT"),
    ("63997", 9, "262", "YT"),
    ("63999", 9, "262", "YT"),
    ("69000", 9, "590", "GP"),
    ("69123", 9, "590", "GP"),
    ("69200", 9, "262", "RE"),
    ("69312", 9, "262", "RE"),
    ("69400", 9, "594", "GF"),
    ("69499", 9, "594", "GF"),
    ("69600", 9, "596", "MQ"),
    ("69727", 9, "596", "MQ"),
    ("70856", 9, "508", "PM"),
    ("70900", 9, "590", "GP"),
    ("70904", 9, "590", "GP"),
    ("70910", 9, "596", "MQ"),
    ("70913", 9, "596", "MQ"),
    ("70920", 9, "262", "RE"),
    ("70923", 9, "262", "RE"),
    ("70930", 9, "594", "GF"),
    ("70933", 9, "594", "GF"),
    ("70935", 9, "262", "YT"),
    ("70937", 9, "262", "YT"),
];

/// The same of the numbers of extended length, which are for machines.
const MACHINES: &[(&str, usize, &str, &str)] = &[
    ("700000", 13, "33", "FR"),
    ("700011", 13, "33", "FR"),
    ("700501", 12, "590", "GP"),
    ("700601", 12, "594", "GF"),
    ("700701", 12, "596", "MQ"),
    ("700800", 12, "262", "YT"),
    ("700900", 12, "262", "RE"),
];

/// The block, filled up with other digits.
fn filled(block: &str, length: usize) -> String {
    block.chars().chain("123456789".chars().cycle()).take(length).collect()
}

#[test]
fn ranges_belong_where_the_plan_puts_them() {
    let doubts = [(MOBILE, None), (MACHINES, Some(Doubt::Machine))];
    for (blocks, doubt) in doubts {
        for (block, length, code, region) in blocks {
            let national = filled(block, *length);
            let expected = Number {
                tel: format!("{code}{national}"),
                region: Some(region.parse().unwrap()),
                doubt: doubt.clone(),
            };
            for form in [format!("0{national}"), national.clone()] {
                assert_eq!(bare(&form), Some(Ok(expected.clone())), "{form}");
            }
            // Even if another territory's country code was put in front.
            for code in ["33", "330", "262", "2620", "590", "594", "596"] {
                let form = format!("{code}{national}");
                assert_eq!(called(&form), Some(Ok(expected.clone())), "{form}");
            }
        }
    }
}

#[test]
fn films_have_a_range_of_their_own_among_mayottes() {
    let number = bare("0639980011").unwrap().unwrap();
    assert_eq!((number.tel.as_str(), number.region), ("33639980011", Some(Region::FR)));
    assert_eq!(called("262639980011").unwrap().unwrap().tel, "33639980011");
}

#[test]
fn what_is_no_mobile_range_is_refused() {
    use BadNumber::{Landline, Premium};
    // By the same list, and for 08 by the plan: 080 free, 081 to 089 at a rate of their own.
    let cases = [
        ("142000000", Landline),
        ("254123456", Landline),
        ("262112233", Landline),
        ("263112233", Landline),
        ("269611234", Landline),
        ("388112233", Landline),
        ("491112233", Landline),
        ("536351234", Landline),
        ("590201234", Landline),
        ("594201234", Landline),
        ("596501234", Landline),
        ("508411234", Landline),
        ("976012345", Landline),
        ("942000000", Landline),
        ("800123456", Premium),
        ("806123456", Premium),
        ("810123456", Premium),
        ("892700000", Premium),
    ];
    for (national, bad) in cases {
        for form in [format!("0{national}"), national.to_owned()] {
            assert_eq!(bare(&form), Some(Err(bad)), "{form}");
        }
        for code in ["33", "330", "262", "590", "5940", "596"] {
            assert_eq!(called(&format!("{code}{national}")), Some(Err(bad)), "{code} {national}");
        }
    }
}

#[test]
fn ranges_that_are_not_open_are_sent_with_a_doubt() {
    for national in ["700123456", "701123456", "707123456", "708123456", "709341234", "719123456"] {
        let number = bare(&format!("0{national}")).unwrap().unwrap();
        assert_eq!(number.doubt, Some(Doubt::UnknownRange), "{national}");
        assert_eq!(number.tel, format!("33{national}"));
        let number = called(&format!("590{national}")).unwrap().unwrap();
        assert_eq!((number.tel, number.region), (format!("590{national}"), "GP".parse().ok()));
        assert_eq!(called(&format!("262{national}")).unwrap().unwrap().region, None);
    }
}

#[test]
fn lengths_that_no_number_has_are_refused() {
    use BadNumber::{Impossible, Short, TooLong, TooShort};
    for (digits, bad) in [
        ("0", TooShort),
        ("7", TooShort),
        ("15", Short),
        ("3615", Short),
        ("118218", Short),
        ("0612", TooShort),
        ("068001020", TooShort),
        ("06800102034", TooLong),
        ("0700000123456", TooLong),
        ("07000001234567890", TooLong),
    ] {
        assert_eq!(bare(digits), Some(Err(bad)), "{digits}");
    }
    for (digits, bad) in [
        ("33", TooShort),
        ("330", TooShort),
        ("3368001020", TooShort),
        ("336800102034", TooLong),
        ("3300680010203", TooLong),
        ("330012345678", Impossible),
        ("26269211223", TooShort),
        ("2626921122334", TooLong),
    ] {
        let read = called(digits).unwrap();
        assert_eq!(read, Err(bad), "{digits}");
    }
    assert_eq!(bare("32470123456"), None);
    assert_eq!(called("32470123456"), None);
}

#[test]
fn saint_pierre_is_called_within_the_plan_and_from_abroad() {
    for form in ["508551234", "5080508551234"] {
        assert_eq!(called(form).unwrap().unwrap().tel, "508551234", "{form}");
    }
    for form in ["0508551234", "508551234"] {
        let number = bare(form).unwrap().unwrap();
        assert_eq!((number.tel.as_str(), number.doubt), ("508551234", None), "{form}");
    }
    assert_eq!(called("33508551234").unwrap().unwrap().tel, "508551234");
    assert_eq!(called("508708561234").unwrap().unwrap().tel, "508708561234");
}

#[test]
fn a_lost_zero_may_hide_a_pacific_number() {
    let number = bare("687751234").unwrap().unwrap();
    assert_eq!(number.tel, "33687751234");
    let other = Doubt::ReadAsFrench { other: "+687751234".into(), region: Region::of(*b"NC") };
    assert_eq!(number.doubt, Some(other));
    assert!(bare("681821234").unwrap().unwrap().doubt.is_some());
    // A landline there, or no range at all.
    assert_eq!(bare("687271234").unwrap().unwrap().doubt, None);
    assert_eq!(bare("681121234").unwrap().unwrap().doubt, None);
    assert_eq!(bare("0687751234").unwrap().unwrap().doubt, None);
}

proptest! {
    // Where this deviates from the library, on purpose:
    // - It knows blocks where this knows ranges: what a range opens to is mobile here, and of no
    //   known class there until a block is allotted (06 39 8x, 06 91 4x, 06 97 8x, 07 09 05 ...).
    // - It has no range for films; 06 39 98 is of no known class there.
    // - 09 is voice over IP there, and a landline here.
    // - 08 is special rate here as a whole; there some of it is free, of companies, or a landline.
    // - Landlines of 02 62, 05 90 ... are landlines here as a whole.
    #[test]
    fn the_library_agrees(national in "[67][0-9]{8}|(63|69|70)[0-9]{7}|709[0-9]{6}|[1-9][0-9]{8}") {
        let ours = bare(&format!("0{national}")).unwrap();
        for code in ["33", "262", "590", "594", "596"] {
            let tel = format!("{code}{national}");
            let Ok(parsed) = phonenumber::parse(None, format!("+{tel}")) else { continue };
            match parsed.number_type(&DATABASE) {
                Type::Mobile => {
                    let ours = ours.clone().unwrap();
                    let id = parsed.country().id().unwrap();
                    prop_assert_eq!(ours.tel, tel);
                    prop_assert_eq!(ours.region, id.as_ref().parse().ok());
                    prop_assert_eq!(ours.doubt, None);
                }
                // Six digits of Saint-Pierre have their own test.
                _ if national.starts_with("508") => {}
                Type::Unknown => {}
                _ => {
                    let special = national.starts_with('8');
                    let bad = if special { BadNumber::Premium } else { BadNumber::Landline };
                    prop_assert_eq!(&ours, &Err(bad), "{}", tel);
                }
            }
        }
    }
}
