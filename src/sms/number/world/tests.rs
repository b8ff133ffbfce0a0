use phonenumber::Type;
use proptest::prelude::*;

use super::*;

/// French country codes, which never come here.
const FRENCH: [u16; 9] = [33, 262, 508, 590, 594, 596, 681, 687, 689];

fn foreign() -> impl Iterator<Item = &'static Metadata> {
    DATABASE.iter().filter(|it| !FRENCH.contains(&it.country_code()))
}

#[test]
fn every_countrys_examples_are_of_their_class() {
    let mut count = 0;
    for metadata in foreign() {
        for (class, descriptor) in descriptors(metadata.descriptors()) {
            let Some(example) = descriptor.example() else { continue };
            let tel = format!("{}{example}", metadata.country_code());
            let found = reading(&tel).unwrap().class;
            let both = class == Class::Landline && found == Some(Class::Mobile);
            assert!(found == Some(class) || both, "{} {tel} {class:?} {found:?}", metadata.id());
            count += 1;
        }
        if let Some(example) = metadata.descriptors().mobile().and_then(Descriptor::example) {
            let tel = format!("{}{example}", metadata.country_code());
            let number = called(&tel).unwrap();
            assert_eq!((&number.tel, number.doubt), (&tel, None), "{}", metadata.id());
            let library = phonenumber::parse(None, format!("+{}", number.tel)).unwrap();
            let region = library.country().id().and_then(|it| it.as_ref().parse().ok());
            assert_eq!(number.region, region, "{}", metadata.id());
        }
    }
    assert!(count > 1000, "{count}");
}

#[test]
fn every_countrys_expressions_compile() {
    for metadata in DATABASE.iter() {
        let territory = Territory::new(metadata);
        assert_eq!(territory.patterns.len(), territory.classes.len(), "{}", metadata.id());
        assert!(!territory.classes.is_empty(), "{}", metadata.id());
        assert_eq!(territory.leading.is_some(), metadata.leading_digits().is_some());
    }
}

#[test]
fn national_forms_get_their_country_code() {
    let cases = [
        ("BE", "0470123456", "32470123456"),
        ("BE", "470123456", "32470123456"),
        ("CH", "0791234567", "41791234567"),
        ("DE", "01701234567", "491701234567"),
        ("ES", "612345678", "34612345678"),
        ("IT", "3123456789", "393123456789"),
        ("IT", "0612345678", "390612345678"),
        ("GB", "07911123456", "447911123456"),
        ("LU", "621123456", "352621123456"),
        ("US", "2015550123", "12015550123"),
        ("US", "011447911123456", "447911123456"),
        ("BR", "011961234567", "5511961234567"),
    ];
    for (region, digits, expected) in cases {
        let tel = national(digits, region.parse().unwrap()).unwrap();
        assert_eq!(tel, expected, "{region} {digits}");
    }
    for region in ["AQ", "TF"] {
        assert_eq!(national("0470123456", region.parse().unwrap()), None, "{region}");
    }
}

#[test]
fn lengths_are_those_of_the_country() {
    let cases = [
        ("3247012", BadNumber::TooShort),
        ("324701234567890", BadNumber::TooLong),
        ("4479111234567890", BadNumber::TooLong),
        ("1201555012", BadNumber::TooShort),
        ("21", BadNumber::Impossible),
        ("210123456789", BadNumber::Impossible),
        ("999123456789", BadNumber::Impossible),
        ("1", BadNumber::TooShort),
    ];
    for (digits, bad) in cases {
        assert_eq!(called(digits), Err(bad), "{digits}");
    }
}

#[test]
fn a_trunk_prefix_after_the_country_code_is_taken_out() {
    let cases = [
        ("4407911123456", Ok("447911123456")),
        ("320470123456", Ok("32470123456")),
        ("4901701234567", Ok("491701234567")),
        ("4402071234567", Err(BadNumber::Landline)),
        // Italy's zero is no prefix.
        ("390612345678", Err(BadNumber::Landline)),
    ];
    for (digits, expected) in cases {
        let tel = called(digits).map(|it| it.tel);
        assert_eq!(tel.as_deref(), expected.as_ref().copied(), "{digits}");
    }
}

fn digits() -> impl Strategy<Value = String> {
    let codes: Vec<u16> = foreign().map(Metadata::country_code).collect();
    (prop::sample::select(codes), "[0-9]{3,12}").prop_map(|(code, rest)| format!("{code}{rest}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn the_library_tells_the_same_class(digits in digits()) {
        let Ok(parsed) = phonenumber::parse(None, format!("+{digits}")) else { return Ok(()) };
        // The library has taken out a trunk prefix: not the same number.
        if format!("{}{}", parsed.code().value(), parsed.national()) != digits { return Ok(()) }
        // When it tells the class, the library has lost a first zero, as Italian landlines have.
        if parsed.national().zeros() > 0 {
            return Ok(());
        }
        // The library also knows numbers that only begin like one of a class: its expressions are not
        // anchored. So what is of no class here may be of one there, but not the reverse.
        let ours = reading(&digits).unwrap().class;
        let library = parsed.number_type(&DATABASE);
        let same = match library {
            _ if ours.is_none() => true,
            Type::Mobile | Type::FixedLineOrMobile => ours == Some(Class::Mobile),
            Type::FixedLine => ours == Some(Class::Landline),
            Type::TollFree | Type::PremiumRate | Type::SharedCost => ours == Some(Class::SpecialRate),
            _ => ours == Some(Class::Unsure),
        };
        prop_assert!(same, "{digits}: {ours:?} here, {library:?} there");
    }

    #[test]
    fn no_digits_are_too_strange(digits in "[0-9]{1,20}", region in prop::sample::select(regions())) {
        called(&digits).ok();
        national(&digits, region);
    }

    #[test]
    fn what_is_called_stays_as_it_is(digits in digits()) {
        if let Ok(number) = called(&digits) {
            prop_assert_eq!(called(&number.tel), Ok(number));
        }
    }
}

fn regions() -> Vec<Region> {
    DATABASE.iter().filter_map(|it| it.id().parse().ok()).collect()
}
