use phonenumber::{Type, metadata::DATABASE};

use super::*;

#[test]
fn the_library_agrees_on_every_range() {
    for territory in PACIFIC.iter().chain([&SAINT_PIERRE]) {
        // The library loses a first zero when it tells the class.
        for range in 100..1000 {
            let local: String =
                format!("{range:03}123456").chars().take(territory.length).collect();
            let tel = format!("+{}{local}", territory.code);
            let Ok(parsed) = phonenumber::parse(None, &tel) else { continue };
            let ours = territory.read(&local).map(|it| it.doubt);
            let expected = match parsed.number_type(&DATABASE) {
                Type::Mobile | Type::FixedLineOrMobile => Ok(None),
                Type::FixedLine => Err(BadNumber::Landline),
                Type::TollFree | Type::PremiumRate => Err(BadNumber::Premium),
                _ => Ok(Some(Doubt::UnknownRange)),
            };
            assert_eq!(ours, expected, "{tel}");
        }
    }
}

#[test]
fn local_numbers_are_read_where_they_are_dialled() {
    let cases = [
        ("NC", "751234", Ok("687751234")),
        ("NC", "271234", Err(BadNumber::Landline)),
        ("NC", "050012", Err(BadNumber::Premium)),
        ("NC", "366711", Err(BadNumber::Premium)),
        ("NC", "1010", Err(BadNumber::Short)),
        ("NC", "0687751234", Err(BadNumber::TooLong)),
        ("PF", "87123456", Ok("68987123456")),
        ("PF", "40412345", Err(BadNumber::Landline)),
        ("PF", "440123", Err(BadNumber::Short)),
        ("PF", "0", Err(BadNumber::TooShort)),
        ("WF", "821234", Ok("681821234")),
        ("PM", "551234", Ok("508551234")),
        ("PM", "411234", Err(BadNumber::Landline)),
    ];
    for (region, digits, expected) in cases {
        let read = bare(digits, region.parse().unwrap()).unwrap().map(|it| it.tel);
        assert_eq!(read.as_deref(), expected.as_ref().copied(), "{region} {digits}");
    }
    for (region, digits) in
        [("NC", "687751234"), ("NC", "33680010203"), ("PM", "118218"), ("FR", "751234")]
    {
        assert!(bare(digits, region.parse().unwrap()).is_none(), "{region} {digits}");
    }
}

#[test]
fn country_codes_lead_to_them() {
    let cases = [
        ("687751234", Ok("NC")),
        ("68987123456", Ok("PF")),
        ("681821234", Ok("WF")),
        ("68775123", Err(BadNumber::TooShort)),
        ("6877512345", Err(BadNumber::TooLong)),
        ("689800012345", Err(BadNumber::Premium)),
        ("68940412345", Err(BadNumber::Landline)),
    ];
    for (digits, expected) in cases {
        let read = called(digits).unwrap().map(|it| it.region.unwrap());
        assert_eq!(read.as_ref().map(Region::as_str), expected.as_ref().copied(), "{digits}");
    }
    assert!(called("32470123456").is_none());
}
