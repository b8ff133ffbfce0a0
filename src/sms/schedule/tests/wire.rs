//! What is said to the API.

use super::*;

#[test]
fn instants_are_said_in_the_words_of_the_api() {
    let cases = [
        ("2026-12-24T17:00:00Z", "2026-12-24 18:00", "Europe/Brussels"),
        ("2026-07-14T16:00:00Z", "2026-07-14 18:00", "Europe/Brussels"),
        ("2026-12-24T16:59:00.1Z", "2026-12-24 18:00", "Europe/Brussels"),
        // Both passes of the hour from 02:00 to 03:00, and the minutes around it.
        ("2026-10-24T23:59:00Z", "2026-10-25 01:59", "Europe/Brussels"),
        ("2026-10-25T00:00:00Z", "2026-10-25 00:00", "Africa/Abidjan"),
        ("2026-10-25T01:59:00Z", "2026-10-25 01:59", "Africa/Abidjan"),
        ("2026-10-25T02:00:00Z", "2026-10-25 03:00", "Europe/Brussels"),
    ];
    for (instant, date, zone) in cases {
        let expected = Wire { date_envoi: date.to_owned(), gmt_zone: zone };
        assert_eq!(wire(at(instant)), expected, "{instant}");
    }
    for end in [Timestamp::MIN, Timestamp::MAX] {
        assert!(!wire(end).date_envoi.is_empty());
    }
}

/// Reads the words of the API as its server would, and finds that they say one instant.
fn heard(said: &Wire) -> Timestamp {
    assert!(ZONES.contains(&said.gmt_zone), "{said:?}");
    assert_eq!(said.date_envoi.len(), "YYYY-MM-DD hh:mm".len(), "{said:?}");
    let local = date(&said.date_envoi).unwrap();
    zone(said.gmt_zone).unwrap().to_ambiguous_timestamp(local).unambiguous().unwrap()
}

#[test]
fn every_minute_around_changes_of_clocks_is_said_exactly() {
    let paris = paris();
    let changes = paris.following(at("2025-01-01T00:00:00Z")).map(|it| it.timestamp());
    let end = at("2035-01-01T00:00:00Z");
    for change in changes.take_while(|it| *it < end) {
        for minute in -200..=200_i64 {
            let instant = change + minute.minutes();
            assert_eq!(heard(&wire(instant)), instant, "{instant}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn every_instant_is_said_exactly(
        minute in at("2024-01-01T00:00:00Z").as_second() / 60..at("2035-01-01T00:00:00Z").as_second() / 60,
    ) {
        let instant = Timestamp::from_second(minute * 60).unwrap();
        let said = wire(instant);
        prop_assert_eq!(heard(&said), instant);
        // What is said can be asked for again.
        let asked = requested(&said.date_envoi, Some(said.gmt_zone), &paris(), instant).unwrap();
        prop_assert_eq!(asked.at, instant);
    }
}
