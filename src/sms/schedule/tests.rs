use super::*;
use jiff::ToSpan;
use proptest::prelude::*;

mod clocks;
mod wire;

fn paris() -> TimeZone {
    zone("Europe/Paris").unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn ask(date: &str, zone: Option<&str>) -> Result<Requested, BadDate> {
    requested(date, zone, &paris(), at("2026-09-01T10:00:30Z"))
}

#[test]
fn dates_are_read_in_all_their_forms() {
    let evening = "2026-12-24T17:00:00Z";
    let cases = [
        ("2026-12-24 18:00", None, evening),
        (" 2026-12-24 18:00 ", None, evening),
        ("2026-12-24T18:00", None, evening),
        ("2026-12-24t18:00:00", None, evening),
        ("20261224T180000", None, evening),
        ("2026-12-24T17:00Z", None, evening),
        ("2026-12-24T17:00:00.000Z", Some("Asia/Tokyo"), evening),
        ("2026-12-24 17:00z", None, evening),
        ("2026-12-24T18:00+01:00", None, evening),
        ("2026-12-24 18:00:00+0100", None, evening),
        ("2026-12-24 18:00+01", None, evening),
        ("2026-12-24T17:00-00:00", None, evening),
        ("2026-12-24T18:00[Europe/Paris]", None, evening),
        ("2026-12-24T18:00+01:00[europe/paris]", None, evening),
        ("2026-12-24T17:00Z[Europe/Paris]", None, evening),
        ("2026-12-24T18:00[+01:00]", None, evening),
        ("2026-12-24 21:00", Some("indian/reunion"), evening),
        ("2026-12-24 18:00", Some("Europe/Brussels"), evening),
        ("2026-12-24 18:00", Some("+01:00"), evening),
        ("2026-12-24 22:30", Some("+0530"), evening),
        // The sign of these names is that of POSIX.
        ("2026-12-24 07:00", Some("Etc/GMT+10"), evening),
        // Seconds are rounded up, over midnight and the end of the year too.
        ("2026-12-24 17:59:00.000000001", None, evening),
        ("2026-12-24 17:59:01", None, evening),
        ("2026-12-24 17:59:59,9", None, evening),
        ("2026-12-31 23:59:30", None, "2026-12-31T23:00:00Z"),
        // In summer.
        ("2027-07-14 18:00", None, "2027-07-14T16:00:00Z"),
    ];
    for (date, zone, expected) in cases {
        let read = ask(date, zone).unwrap_or_else(|it| panic!("{date} {zone:?}: {it}"));
        assert_eq!((read.at, read.warning), (at(expected), None), "{date} {zone:?}");
    }
}

#[test]
fn what_is_wrong_is_told_with_the_field() {
    let now =
        "it is now 2026-09-01 12:00 (Europe/Paris); give a later one, or none to send at once";
    let cases = [
        ("2026-12-24", None, "date_envoi: has no time of day; add one, as in 2026-12-24 18:00"),
        (
            "24/12/2026 18:00",
            None,
            "date_envoi: has the day first; write year-month-day, as in 2026-12-24 18:00",
        ),
        (
            "December 24",
            None,
            "date_envoi: is not in a form that is read here; write it as 2026-12-24 18:00, \
             or with an offset as 2026-12-24T18:00+01:00",
        ),
        (
            "2026-02-30 10:00",
            None,
            "date_envoi: is no day of the calendar; give year-month-day, as in 2026-12-24 18:00",
        ),
        (
            "2026-12-24 24:00",
            None,
            "date_envoi: has no time of day from 00:00 to 23:59; correct it",
        ),
        (
            "2026-12-24T18:00+20:00",
            None,
            "date_envoi: has an offset that no place keeps; give one from -12:00 to +14:00",
        ),
        (
            "2026-12-24T18:00[Europe/Pari]",
            None,
            "date_envoi: the zone in brackets is no time zone; did you mean Europe/Paris?",
        ),
        (
            "2026-12-24T18:00+02:00[Europe/Paris]",
            None,
            "date_envoi: the offset +02:00 is not that of Europe/Paris at this time; \
             leave one of them out",
        ),
        ("2026-09-01 11:59", None, &format!("date_envoi: this date has passed: {now}")),
        ("0000-01-01 00:00", None, &format!("date_envoi: this date has passed: {now}")),
        (
            "1969-07-20T20:17Z",
            None,
            "date_envoi: this date has passed: it is now 2026-09-01 10:00 (UTC); \
             give a later one, or none to send at once",
        ),
        (
            "2027-09-02 12:01",
            None,
            "date_envoi: is more than 366 days ahead; give an earlier date, or send it later",
        ),
        (
            "2026-12-24 18:00",
            Some("Europe/Pari"),
            "gmt_zone: is no time zone; did you mean Europe/Paris?",
        ),
        (
            "2026-12-24 18:00",
            Some("Atlantis"),
            "gmt_zone: is no time zone; did you mean Canada/Atlantic?",
        ),
        (
            "2026-12-24 18:00",
            Some(""),
            "gmt_zone: holds only blanks; leave it out, or give a time zone such as Europe/Paris",
        ),
    ];
    for (date, zone, expected) in cases {
        let bad = ask(date, zone).unwrap_err();
        assert_eq!(format!("{}: {bad}", bad.field()), expected, "{date} {zone:?}");
        assert_eq!(bad.is_past(), expected.contains("has passed"), "{date} {zone:?}");
    }
}

#[test]
fn the_current_minute_has_not_passed_and_a_year_is_the_most() {
    assert_eq!(ask("2026-09-01 12:00", None).unwrap().at, at("2026-09-01T10:00:00Z"));
    assert_eq!(ask("2026-09-01T11:59:01+02:00", None).unwrap().at, at("2026-09-01T10:00:00Z"));
    assert!(ask("2026-09-01T11:59:00+02:00", None).unwrap_err().is_past());
    assert_eq!(ask("2027-09-02 12:00", None).unwrap().at, at("2027-09-02T10:00:00Z"));
    for far in ["9999-12-31 23:59", "9999-12-31T23:59:59.9-12:00", "9999-12-30T22:00Z"] {
        assert_eq!(ask(far, None), Err(BadDate::TooFar), "{far}");
        assert_eq!(requested(far, None, &paris(), Timestamp::MIN), Err(BadDate::TooFar), "{far}");
    }
    assert!(requested("2026-09-01 12:00", None, &paris(), Timestamp::MAX).unwrap_err().is_past());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn what_is_read_is_never_before_what_was_asked(
        nanosecond in 0..300 * 86_400_000_000_000_i128,
        offset in -12..=14_i8,
    ) {
        let now = at("2026-09-01T10:00:30Z");
        let asked = Timestamp::from_nanosecond(now.as_nanosecond() + nanosecond).unwrap();
        let text = asked.display_with_offset(jiff::tz::offset(offset)).to_string();
        let read = requested(&text, None, &paris(), now).unwrap();
        prop_assert!(read.at >= asked && read.at < asked + 1.minute());
        prop_assert_eq!(read.at.as_second() % 60, 0);
    }

}

proptest! {
    // An unknown zone is compared with all that there are.
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn no_text_panics(
        any in "\\PC{0,60}",
        near in "[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]?[0-9:.,éZ+\\[\\]-]{0,24}",
        brackets in "20(26|27)-1[0-2]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9](Z|[+-][0-9]{2}:?[0-9]{2})?\\[[!A-Za-z/_+:=0-9-]{0,20}\\]",
        zone in prop::option::of("(\\PC{0,20}|[+-][0-9:]{1,9}|[A-Z][a-z]{2,6}/[A-Z][a-z]{2,8})"),
    ) {
        for date in [any, near, brackets] {
            match ask(&date, zone.as_deref()) {
                Ok(read) => prop_assert_eq!(read.at.as_second() % 60, 0),
                Err(bad) => prop_assert!(!bad.to_string().is_empty()),
            }
        }
    }
}

#[test]
fn huge_texts_are_refused_quickly() {
    for part in ["2026-12-24 18:00", "0", "[", "é", "2026-12-24T18:00[Europe/Paris]", " "] {
        assert!(ask(&part.repeat(200_000), None).is_err(), "{part}");
        assert!(ask("2026-12-24 18:00", Some(&part.repeat(200_000))).is_err(), "{part}");
    }
    let long = format!("2026-12-24T18:00[{}]", "Europe/Paris".repeat(100_000));
    assert!(ask(&long, None).is_err());
}
