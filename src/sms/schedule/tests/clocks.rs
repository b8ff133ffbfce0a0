//! Where clocks go forward and back, and where a date and a zone disagree.

use super::*;

#[test]
fn a_time_that_clocks_skip_names_one_that_exists() {
    let cases = [
        ("2027-03-28 02:00", "Europe/Paris", "2027-03-28 02:00 to 2027-03-28 03:00"),
        ("2027-03-28 02:59", "Europe/Paris", "2027-03-28 02:00 to 2027-03-28 03:00"),
        ("2027-03-14 02:30", "America/New_York", "2027-03-14 02:00 to 2027-03-14 03:00"),
        ("2026-10-04 02:15", "Australia/Lord_Howe", "2026-10-04 02:00 to 2026-10-04 02:30"),
        // At midnight.
        ("2026-09-06 00:30", "America/Santiago", "2026-09-06 00:00 to 2026-09-06 01:00"),
    ];
    for (date, zone, change) in cases {
        let bad = ask(date, Some(zone)).unwrap_err();
        let good = &change[change.len() - 16..];
        let expected = format!(
            "this time does not exist in {zone}: the clocks go from {change}; give {good} or later"
        );
        assert_eq!((bad.field(), bad.to_string()), ("date_envoi", expected), "{date}");
        assert!(ask(good, Some(zone)).is_ok(), "{good}");
    }
    assert!(ask("2027-03-28 01:59", None).is_ok());
    let bad = ask("2027-03-28T02:30[Europe/Paris]", Some("Asia/Tokyo")).unwrap_err();
    assert!(matches!(bad, BadDate::Skipped { .. }));
    // A whole day, that Samoa left out.
    let apia = zone("Pacific/Apia").unwrap();
    let bad = requested("2011-12-30 12:00", None, &apia, at("2011-12-01T00:00:00Z")).unwrap_err();
    assert!(bad.to_string().contains("from 2011-12-30 00:00 to 2011-12-31 00:00"), "{bad}");
}

#[test]
fn of_a_time_that_exists_twice_the_first_is_taken() {
    let read = ask("2026-10-25 02:30", None).unwrap();
    assert_eq!(read.at, at("2026-10-25T00:30:00Z"));
    assert_eq!(
        read.warning.unwrap(),
        "2026-10-25 02:30 exists twice in Europe/Paris, at +02:00 and again at +01:00; the first \
         was taken; add an offset to say which, as in 2026-10-25 02:30+02:00"
    );
    let read = ask("2026-11-01 01:00", Some("America/New_York")).unwrap();
    assert_eq!(read.at, at("2026-11-01T05:00:00Z"));
    assert!(read.warning.unwrap().contains("at -04:00 and again at -05:00"));
    for (date, utc) in [
        ("2026-10-25 02:30+02:00", "2026-10-25T00:30:00Z"),
        ("2026-10-25 02:30+01:00", "2026-10-25T01:30:00Z"),
        ("2026-10-25 02:30+01:00[Europe/Paris]", "2026-10-25T01:30:00Z"),
        ("2026-10-25 01:59", "2026-10-24T23:59:00Z"),
        ("2026-10-25 03:00", "2026-10-25T02:00:00Z"),
    ] {
        let read = ask(date, None).unwrap();
        assert_eq!((read.at, read.warning), (at(utc), None), "{date}");
    }
}

#[test]
fn a_zone_that_a_date_overrules_is_told() {
    let warning = |date, zone| ask(date, Some(zone)).unwrap().warning;
    assert_eq!(
        warning("2026-12-24 18:00+05:00", "Europe/Paris").unwrap(),
        "has +05:00 of its own, which was taken instead of the zone Europe/Paris"
    );
    assert_eq!(
        warning("2026-12-24 18:00[Asia/Tokyo]", "+01:00").unwrap(),
        "has Asia/Tokyo of its own, which was taken instead of the zone +01:00"
    );
    assert_eq!(warning("2026-12-24 18:00+01:00", "Europe/Madrid"), None);
    assert_eq!(warning("2026-12-24 18:00[Europe/Berlin]", "Europe/Paris"), None);
    assert_eq!(warning("2026-12-24 18:00Z", "Asia/Tokyo"), None);
}
