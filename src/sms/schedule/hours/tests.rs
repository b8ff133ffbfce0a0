use super::*;
use jiff::tz;
use proptest::prelude::*;

const MINUTE: SignedDuration = SignedDuration::from_mins(1);
const STRICT: Hours = Hours { sundays: false, holidays: false };

fn region(code: &str) -> Region {
    code.parse().unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Public holidays of metropolitan France, written out by hand.
fn is_french_holiday(day: &str) -> bool {
    let fixed = ["01-01", "05-01", "05-08", "07-14", "08-15", "11-01", "11-11", "12-25"]
        .contains(&&day[5..]);
    let movable = "2024-04-01 2024-05-09 2024-05-20 2025-04-21 2025-05-29 2025-06-09 2026-04-06 \
        2026-05-14 2026-05-25 2027-03-29 2027-05-06 2027-05-17 2028-04-17 2028-05-25 2028-06-05 \
        2029-04-02 2029-05-10 2029-05-21 2030-04-22 2030-05-30 2030-06-10";
    fixed || movable.contains(day)
}

/// Whether an instant is permitted, read off the clock on the wall in every zone.
fn is_open(hours: Hours, at: Timestamp, region: Region) -> bool {
    let french = "FR GP MQ GF RE YT PM BL MF WF PF NC TF".contains(region.as_str());
    places::zones(region).iter().all(|zone| {
        let shown = at.to_zoned(zone.clone()).strftime("%a %Y-%m-%d %H:%M:%S").to_string();
        let (weekday, day, time) = (&shown[..3], &shown[4..14], &shown[15..]);
        let own = french && holidays::is_holiday(day.parse().unwrap(), region);
        let holiday = own || (region == Region::FR && is_french_holiday(day));
        ("08:00:00".."20:00:00").contains(&time)
            && (hours.sundays || weekday != "Sun")
            && (hours.holidays || !holiday)
    })
}

#[test]
fn the_hours_of_metropolitan_france() {
    let open_daily = Hours { sundays: true, holidays: true };
    let cases = [
        // Open: from 08:00:00 to 19:59:59, in winter and in summer.
        (STRICT, "2026-12-22T08:00:00+01", "2026-12-22T08:00:00+01"),
        (STRICT, "2026-12-22T19:59:59.999+01", "2026-12-22T19:59:59.999+01"),
        (STRICT, "2026-07-15T12:34:56+02", "2026-07-15T12:34:56+02"),
        // The night.
        (STRICT, "2026-12-22T20:00:00+01", "2026-12-23T08:00:00+01"),
        (STRICT, "2026-12-22T07:59:59.999+01", "2026-12-22T08:00:00+01"),
        (STRICT, "2026-12-22T00:00:00+01", "2026-12-22T08:00:00+01"),
        // A Sunday.
        (STRICT, "2026-12-19T20:00:00+01", "2026-12-21T08:00:00+01"),
        (open_daily, "2026-12-19T20:00:00+01", "2026-12-20T08:00:00+01"),
        // Christmas on a Friday, then a Saturday.
        (STRICT, "2026-12-25T10:00:00+01", "2026-12-26T08:00:00+01"),
        (open_daily, "2026-12-25T10:00:00+01", "2026-12-25T10:00:00+01"),
        // Easter, after the clocks went forward on 28 March 2027; Easter Monday follows.
        (STRICT, "2027-03-27T20:00:00+01", "2027-03-30T08:00:00+02"),
        (
            Hours { sundays: true, holidays: false },
            "2027-03-27T20:00:00+01",
            "2027-03-28T08:00:00+02",
        ),
        // 1 November 2026 is a Sunday and a holiday: one permission is not enough.
        (
            Hours { sundays: true, holidays: false },
            "2026-11-01T10:00:00+01",
            "2026-11-02T08:00:00+01",
        ),
        (
            Hours { sundays: false, holidays: true },
            "2026-11-01T10:00:00+01",
            "2026-11-02T08:00:00+01",
        ),
        // The clocks go back in the night of 25 October.
        (Hours { sundays: true, holidays: true }, "2026-10-24T20:00+02", "2026-10-25T08:00+01"),
    ];
    for (hours, from, to) in cases {
        assert_eq!(hours.next_open(at(from), None), at(to), "{hours:?} {from}");
        assert_eq!(hours.next_open(at(from), Some(Region::FR)), at(to), "{hours:?} {from}");
    }
}

#[test]
fn the_hours_are_the_recipients() {
    let cases = [
        // 19:00 in Paris in winter is 22:00 in Réunion and 14:00 in Guadeloupe.
        ("RE", "2026-12-22T19:00+01", "2026-12-23T08:00+04"),
        ("GP", "2026-12-22T19:00+01", "2026-12-22T19:00+01"),
        // 20 December 2027, a Monday, is a holiday in Réunion alone.
        ("RE", "2027-12-20T10:00+04", "2027-12-21T08:00+04"),
        ("YT", "2027-12-20T10:00+03", "2027-12-20T10:00+03"),
        ("BE", "2026-12-25T10:00+01", "2026-12-25T10:00+01"),
        // All of the United States: from 08:00 in Hawaii to 20:00 in New York.
        ("US", "2026-12-22T12:59-05", "2026-12-22T08:00-10"),
        ("US", "2026-12-22T20:00-05", "2026-12-23T08:00-10"),
        // Saturday evening in New York, then a Sunday everywhere.
        ("US", "2026-12-19T20:00-05", "2026-12-21T08:00-10"),
        // Two hours a day are left of Russia, from Kaliningrad to Kamchatka.
        ("RU", "2026-12-22T00:00Z", "2026-12-22T08:00+02"),
        ("RU", "2026-12-22T20:00+12", "2026-12-23T08:00+02"),
        ("PF", "2026-12-22T08:00-09", "2026-12-22T08:00-10"),
    ];
    for (code, from, to) in cases {
        assert_eq!(STRICT.next_open(at(from), Some(region(code))), at(to), "{code} {from}");
    }
}

#[test]
fn the_hours_end_where_they_end_first() {
    let cases = [
        (None, "2026-12-22T10:00+01", "2026-12-22T20:00+01"),
        (Some("RE"), "2026-12-22T10:00+01", "2026-12-22T20:00+04"),
        (Some("US"), "2026-12-22T15:00-05", "2026-12-22T20:00-05"),
    ];
    for (code, from, to) in cases {
        let (region, from) = (code.map(region), at(from));
        let closing = STRICT.closes(from, region);
        assert_eq!(closing, at(to), "{code:?}");
        assert_ne!(STRICT.next_open(closing, region), closing, "{code:?}");
        assert_eq!(STRICT.next_open(closing - MINUTE, region), closing - MINUTE, "{code:?}");
    }
}

#[test]
fn every_country_opens_within_days() {
    let from = at("2026-12-24T23:00Z");
    for code in places::codes() {
        let open = STRICT.next_open(from, Some(region(code)));
        assert!(open.duration_since(from) < SignedDuration::from_hours(5 * 24), "{code} {open}");
        assert!(is_open(STRICT, open, region(code)), "{code} {open}");
    }
}

#[test]
fn zones_that_are_never_open_together_leave_the_first() {
    let zones = [0, 12].map(|hours| TimeZone::fixed(tz::offset(hours)));
    assert_eq!(STRICT.shared(at("2026-12-22T00:00Z"), &zones, Region::FR), None);
}

#[test]
fn the_ends_of_time_do_not_panic() {
    for code in places::codes() {
        for end in [Timestamp::MIN, Timestamp::MAX] {
            assert!(STRICT.next_open(end, Some(region(code))) >= end, "{code}");
        }
    }
}

/// Instants from 2024 to 2030, those near to a change of hours among them more often.
fn instants() -> impl Strategy<Value = Timestamp> {
    let seconds = at("2024-01-01T00:00Z").as_second()..at("2030-12-20T00:00Z").as_second();
    let near = seconds.clone().prop_map(|it| it - it % 1800);
    let second = prop_oneof![seconds, near];
    second.prop_map(|it| Timestamp::from_second(it).unwrap())
}

fn some_region() -> impl Strategy<Value = Region> {
    let codes: Vec<_> = places::codes().collect();
    let french = prop::sample::select(vec!["FR", "GP", "MQ", "RE", "YT", "NC", "PF"]);
    prop_oneof![prop::sample::select(codes), french].prop_map(region)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn what_it_finds_is_the_first_open_instant(
        at in instants(),
        region in some_region(),
        sundays: bool,
        holidays: bool,
    ) {
        let hours = Hours { sundays, holidays };
        let open = hours.next_open(at, Some(region));
        prop_assert!(open >= at);
        prop_assert!(is_open(hours, open, region), "{region} {open} is closed");
        prop_assert_eq!(hours.next_open(open, Some(region)), open);
        // Hours begin on whole minutes, so that nothing open hides between two of them.
        let mut earlier = at;
        while earlier < open {
            prop_assert!(!is_open(hours, earlier, region), "{region} {earlier} was open");
            earlier += MINUTE * 7;
        }
        let before = open - MINUTE;
        prop_assert!(before < at || !is_open(hours, before, region), "{region} {before} was open");
    }
}

#[test]
fn every_minute_of_weeks_around_changes_of_clocks() {
    for (code, from) in
        [("FR", "2026-03-26T00:00Z"), ("FR", "2026-10-23T00:00Z"), ("US", "2026-10-30T00:00Z")]
    {
        let (region, from) = (region(code), at(from));
        let minutes: Vec<_> = (0..4 * 1440).map(|it| from + MINUTE * it).collect();
        let mut expected = STRICT.next_open(minutes[minutes.len() - 1], Some(region));
        for minute in minutes.into_iter().rev() {
            if is_open(STRICT, minute, region) {
                expected = minute;
            }
            assert_eq!(STRICT.next_open(minute, Some(region)), expected, "{code} {minute}");
        }
    }
}
