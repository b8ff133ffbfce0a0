//! Public holidays of France and of its overseas territories.

use jiff::civil::Date;

use crate::sms::region::Region;

/// The fixed days of the eleven national holidays (Code du travail, L3133-1), as month and day.
const NATIONAL: [(i8, i8); 8] =
    [(1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25)];

/// Easter Monday, Ascension Day and Whit Monday, in days after Easter.
const MOVABLE: [i32; 3] = [1, 39, 50];

/// Good Friday, in days after Easter.
const GOOD_FRIDAY: i32 = -2;

/// Whether a day is a public holiday there. Outside of France and its territories, no day is.
///
/// Besides the eleven national holidays:
/// - the abolition of slavery in YT, MQ, GP, GF, RE and BL (Code du travail, L3422-2), and in MF
///   on 28 May, as the prefecture has set it since 2018. Numbers of Saint-Martin and
///   Saint-Barthélemy are those of Guadeloupe and belong to GP, which has only its own 27 May: two
///   more days would close nine in ten of its people for the sake of the others;
/// - in NC, 24 September;
/// - in PF, 5 March, Good Friday and 20 November, which took the place of 29 June in 2025;
/// - in WF, 28 April and 29 July.
///
/// Left out: Good Friday and 26 December in Alsace and Moselle, as a number does not tell where
/// its owner lives; days that are kept by custom only, such as the Muslim feasts of Mayotte or
/// Good Friday in the Antilles; days that an authority grants for one year.
pub fn is_holiday(date: Date, region: Region) -> bool {
    let Some(own) = own_days(region) else { return false };
    let day = (date.month(), date.day());
    NATIONAL.contains(&day) || own.contains(&day) || is_movable(date, region)
}

/// The fixed days that a French territory has besides the national ones; `None` elsewhere.
fn own_days(region: Region) -> Option<&'static [(i8, i8)]> {
    Some(match region.as_str() {
        "FR" | "PM" | "TF" => &[],
        "GP" => &[(5, 27)],
        "MQ" => &[(5, 22)],
        "GF" => &[(6, 10)],
        "RE" => &[(12, 20)],
        "YT" => &[(4, 27)],
        "MF" => &[(5, 28)],
        "BL" => &[(10, 9)],
        "NC" => &[(9, 24)],
        "PF" => &[(3, 5), (11, 20)],
        "WF" => &[(4, 28), (7, 29)],
        _ => return None,
    })
}

fn is_movable(date: Date, region: Region) -> bool {
    let Some(march) = day_of_march(date) else { return false };
    let after = march - easter(date.year());
    MOVABLE.contains(&after) || (after == GOOD_FRIDAY && region.as_str() == "PF")
}

/// Days counted on from 1 March, which is 1, to the end of June; Easter moves within them.
fn day_of_march(date: Date) -> Option<i32> {
    let before = match date.month() {
        3 => 0,
        4 => 31,
        5 => 61,
        6 => 92,
        _ => return None,
    };
    Some(before + i32::from(date.day()))
}

/// Easter of the Gregorian calendar, as a day counted on from 1 March: 22 to 56.
///
/// It is the Sunday after the full moon that the calendar of the Church reckons on or after
/// 21 March, from the year's place in the moon's cycle of 19 years and two corrections of centuries
/// (the computation published in Nature in 1876, known as that of Meeus, Jones and Butcher).
fn easter(year: i16) -> i32 {
    let year = i32::from(year);
    let (cycle, century, of_century) =
        (year.rem_euclid(19), year.div_euclid(100), year.rem_euclid(100));
    let (leap_centuries, century_rest) = (century.div_euclid(4), century.rem_euclid(4));
    let moon_shift = (century - (century + 8).div_euclid(25) + 1).div_euclid(3);
    // Days from 21 March to the full moon.
    let moon = (19 * cycle + century - leap_centuries - moon_shift + 15).rem_euclid(30);
    // Days from the day after the full moon to the next Sunday.
    let to_sunday =
        (32 + 2 * century_rest + 2 * (of_century / 4) - moon - of_century % 4).rem_euclid(7);
    // The two latest full moons are brought forward, so that Easter is never after 25 April.
    let late = (cycle + 11 * moon + 22 * to_sunday) / 451;
    22 + moon + to_sunday - 7 * late
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::{Weekday, date};

    /// Easter Monday, Ascension Day and Whit Monday, written out by hand.
    const CALENDAR: [(i16, [(i8, i8); 3]); 7] = [
        (2024, [(4, 1), (5, 9), (5, 20)]),
        (2025, [(4, 21), (5, 29), (6, 9)]),
        (2026, [(4, 6), (5, 14), (5, 25)]),
        (2027, [(3, 29), (5, 6), (5, 17)]),
        (2028, [(4, 17), (5, 25), (6, 5)]),
        (2029, [(4, 2), (5, 10), (5, 21)]),
        (2030, [(4, 22), (5, 30), (6, 10)]),
    ];

    fn of(year: i16, region: &str) -> Vec<(i8, i8)> {
        let region = region.parse().unwrap();
        let days = date(year, 1, 1).series(jiff::Span::new().days(1));
        let days = days.take_while(|it| it.year() == year);
        days.filter(|it| is_holiday(*it, region)).map(|it| (it.month(), it.day())).collect()
    }

    #[test]
    fn national_holidays_of_seven_years() {
        for (year, movable) in CALENDAR {
            let mut expected: Vec<_> = NATIONAL.into_iter().chain(movable).collect();
            expected.sort_unstable();
            for region in ["FR", "PM", "TF"] {
                assert_eq!(of(year, region), expected, "{year} {region}");
            }
        }
    }

    #[test]
    fn territories_have_days_of_their_own() {
        let national = of(2026, "FR");
        let cases: [(&str, &[(i8, i8)]); 10] = [
            ("GP", &[(5, 27)]),
            ("MQ", &[(5, 22)]),
            ("GF", &[(6, 10)]),
            ("RE", &[(12, 20)]),
            ("YT", &[(4, 27)]),
            ("MF", &[(5, 28)]),
            ("BL", &[(10, 9)]),
            ("NC", &[(9, 24)]),
            ("PF", &[(3, 5), (4, 3), (11, 20)]),
            ("WF", &[(4, 28), (7, 29)]),
        ];
        for (region, own) in cases {
            let days = of(2026, region);
            let more: Vec<_> = days.iter().filter(|it| !national.contains(it)).copied().collect();
            assert_eq!(more, own, "{region}");
            assert_eq!(days.len(), national.len() + own.len(), "{region}");
        }
        for abroad in ["BE", "CH", "MC"] {
            assert!(of(2026, abroad).is_empty(), "{abroad}");
        }
    }

    #[test]
    fn easter_at_its_limits() {
        for (year, day) in [(1818, 22), (2285, 22), (1943, 56), (2038, 56), (1954, 49), (1981, 50)]
        {
            assert_eq!(easter(year), day, "{year}");
        }
    }

    #[test]
    fn easter_is_a_sunday_of_spring_in_every_year() {
        for year in -9999..=9999 {
            let day = easter(year);
            assert!((22..=56).contains(&day), "{year}");
            let date = date(year, 3, 1).saturating_add(jiff::Span::new().days(day - 1));
            assert_eq!(date.weekday(), Weekday::Sunday, "{year}");
        }
    }
}
