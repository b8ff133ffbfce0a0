//! Numbers, and times.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::sms::number::{key, read as number};
use crate::sms::region::Region;
use crate::sms::schedule::{Hours, paris, requested, wire};

/// The bytes are lines: a region, a number; a date, and a zone.
pub fn read(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut lines = text.split('\n');
    let mut next = || lines.next().unwrap_or_default();
    let region = next().parse().unwrap_or(Region::FR);
    called(next(), region);
    when(next(), next(), region);
}

fn called(written: &str, region: Region) {
    let found = key(written, region);
    match number(written, region) {
        Ok(read) => {
            let digits = read.tel.bytes().all(|it| it.is_ascii_digit());
            assert!(digits && (7..=15).contains(&read.tel.len()), "{} cannot be called", read.tel);
            let again = number(&format!("+{}", read.tel), region).expect("it is refused with +");
            assert_eq!(again.tel, read.tel, "with + it is another");
            assert_eq!(key(&read.tel, region), found, "an answer would not find it");
        }
        Err(bad) => drop(bad.to_string()),
    }
}

fn when(date: &str, zone: &str, region: Region) {
    let now: Timestamp = "2026-11-30T12:00:00Z".parse().unwrap();
    let zone = (!zone.is_empty()).then_some(zone);
    let asked = match requested(date, zone, &paris(), now) {
        Ok(asked) => asked.at,
        Err(bad) => return drop(bad.to_string()),
    };
    let said = wire(asked);
    let again = requested(&said.date_envoi, Some(said.gmt_zone), &TimeZone::UTC, now);
    assert_eq!(again.expect("it is refused when it is said").at, asked, "another instant is said");
    for hours in [Hours::default(), Hours { sundays: true, holidays: true }] {
        let open = hours.next_open(asked, Some(region));
        assert!(open >= asked);
        assert_eq!(hours.next_open(open, Some(region)), open, "it is not open when it opens");
        assert!(hours.closes(open, Some(region)) > open, "it closes before it opens");
    }
}
