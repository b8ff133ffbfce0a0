//! Time zones by their names.

use std::ops::RangeInclusive;
use std::sync::LazyLock;

use jiff::fmt::temporal::DateTimeParser;
use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};

use super::bad::{BadZone, written_offset};

/// The data built into the program. Those of the system may be older, may lack the old names that
/// the API uses, and would be read from disk.
static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// The offsets that places keep, in seconds.
const KEPT: RangeInclusive<i32> = -12 * 3600..=14 * 3600;

/// Longer than any name: comparing more would only cost time.
const LONGEST_NAME: usize = 64;

/// French time, the zone of dates that name none.
pub fn paris() -> TimeZone {
    static PARIS: LazyLock<TimeZone> =
        LazyLock::new(|| named("Europe/Paris").unwrap_or(TimeZone::UTC));
    PARIS.clone()
}

/// The time zone of an IANA name, in any case, or of an offset such as `+02:00`.
///
/// # Errors
/// The text is blank or no zone; then the nearest is named, as far as can be told.
pub fn zone(name: &str) -> Result<TimeZone, BadZone> {
    let name = name.trim();
    if name.is_empty() {
        return Err(BadZone::Blank);
    }
    let zone = named(name).or_else(|| offset(name).map(TimeZone::fixed));
    zone.ok_or_else(|| BadZone::Unknown { nearest: nearest(name) })
}

/// The time zone of an IANA name.
pub(super) fn named(name: &str) -> Option<TimeZone> {
    DATABASE.get(name).ok().filter(|it| !it.is_unknown())
}

/// Whether any place on Earth may keep this offset.
pub(super) fn is_kept(offset: Offset) -> bool {
    KEPT.contains(&offset.seconds())
}

/// What to call a zone before people.
pub(super) fn label(zone: &TimeZone) -> String {
    let offset = || zone.to_fixed_offset().map(written_offset).ok();
    let name = zone.iana_name().map(str::to_owned).or_else(offset);
    name.unwrap_or_else(|| "local time".to_owned())
}

fn offset(text: &str) -> Option<Offset> {
    // Without a sign, the parser would take names, and rules that count westward as positive.
    if !text.starts_with(['+', '-']) {
        return None;
    }
    let zone = DateTimeParser::new().parse_time_zone_with(&DATABASE, text).ok()?;
    zone.to_fixed_offset().ok().filter(|it| is_kept(*it))
}

/// The zone that is most likely meant.
fn nearest(name: &str) -> Option<String> {
    if name.len() > LONGEST_NAME {
        return None;
    }
    let name = name.to_lowercase().replace(' ', "_");
    usual(&name).map(str::to_owned).or_else(|| from_utc(&name)).or_else(|| most_similar(&name))
}

/// Names that people use for zones and that resemble none.
fn usual(name: &str) -> Option<&'static str> {
    match name {
        "france" | "french" | "cest" => Some("Europe/Paris"),
        "belgique" | "belgium" => Some("Europe/Brussels"),
        "suisse" | "switzerland" => Some("Europe/Zurich"),
        "z" => Some("UTC"),
        _ => None,
    }
}

/// `+02:00` for `utc+2`, which is no IANA name. (Etc/GMT+2 is one, and means -02:00.)
fn from_utc(name: &str) -> Option<String> {
    let count = name.strip_prefix("utc").or_else(|| name.strip_prefix("gmt"))?;
    let count = count.trim_matches('_');
    let digits = count.trim_start_matches(['+', '-']);
    let sign = if count.starts_with('-') { '-' } else { '+' };
    let padded = if digits.find(':').unwrap_or(digits.len()) == 1 { "0" } else { "" };
    offset(&format!("{sign}{padded}{digits}")).map(written_offset)
}

/// The zone with the most similar city, if one is similar enough.
fn most_similar(name: &str) -> Option<String> {
    let likeness = |it: &str| {
        let it = it.to_lowercase();
        let whole = strsim::jaro_winkler(&it, name);
        let cities = strsim::jaro_winkler(city(&it), city(name));
        // A missing or wrong slash leaves only the whole names to compare.
        (if name.contains('/') { cities } else { cities.max(whole) }, whole)
    };
    let scored = DATABASE.available().map(|it| (likeness(it.as_str()), it));
    let similar = scored.filter(|((score, _), _)| *score > 0.88);
    let best = similar.max_by(|((a, whole_a), _), ((b, whole_b), _)| {
        a.total_cmp(b).then(whole_a.total_cmp(whole_b))
    });
    best.map(|(_, it)| it.to_string())
}

/// `paris` of `europe/paris`.
fn city(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_and_offsets_are_taken_in_any_case() {
        let cases = [
            ("Europe/Paris", "Europe/Paris"),
            ("europe/PARIS", "Europe/Paris"),
            (" Indian/Reunion ", "Indian/Reunion"),
            ("America/Godthab", "America/Godthab"),
            ("CET", "CET"),
            ("utc", "UTC"),
            ("Etc/GMT+2", "Etc/GMT+2"),
            ("+02:00", "+02:00"),
            ("-0330", "-03:30"),
            ("+14", "+14:00"),
        ];
        for (name, known) in cases {
            assert_eq!(label(&zone(name).unwrap()), known, "{name}");
        }
    }

    #[test]
    fn an_unknown_zone_names_the_nearest() {
        let cases = [
            ("Paris", "Europe/Paris"),
            ("France", "Europe/Paris"),
            ("Europe/Pari", "Europe/Paris"),
            ("Erope/Paris", "Europe/Paris"),
            ("Europe-Paris", "Europe/Paris"),
            ("Europe/Brussel", "Europe/Brussels"),
            ("America/New York", "America/New_York"),
            ("New York", "America/New_York"),
            ("America/NewYork", "America/New_York"),
            ("Réunion", "Indian/Reunion"),
            ("Noumea", "Pacific/Noumea"),
            ("CEST", "Europe/Paris"),
            ("GMT+1", "+01:00"),
            ("UTC+2", "+02:00"),
            ("UTC +05:30", "+05:30"),
            ("utc-3", "-03:00"),
            ("GMT+0200", "+02:00"),
        ];
        for (name, nearest) in cases {
            let unknown = BadZone::Unknown { nearest: Some(nearest.to_owned()) };
            assert_eq!(zone(name), Err(unknown), "{name}");
        }
    }

    #[test]
    fn no_zone_is_named_where_none_is_near() {
        let huge = "Europe/Paris".repeat(10_000);
        let rules = "CET-1CEST,M3.5.0,M10.5.0/3";
        for name in ["Nowhere", "Europe/Lyon", "+25:00", "+15:00", "-12:01", rules, "\0", &huge] {
            assert_eq!(zone(name), Err(BadZone::Unknown { nearest: None }), "{name}");
        }
        assert_eq!(zone(" \t"), Err(BadZone::Blank));
        assert!(zone("Etc/Unknown").is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(50))]

        #[test]
        fn no_text_panics(text in "\\PC{0,40}", signed in "[+-][0-9:.]{0,9}", utc in "(utc|GMT)[ +-]?[0-9:é]{0,6}") {
            for name in [text, signed, utc] {
                if let Err(bad) = zone(&name) {
                    prop_assert!(!bad.to_string().is_empty());
                }
            }
        }
    }
}
