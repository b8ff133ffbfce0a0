//! Civil dates in the API's form `YYYY-MM-DD hh:mm`, and the time zones that it
//! lists. Called by sends, comptage and the campaign report.

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::codes;
use super::fields::Fields;
use super::reply::Refusal;

/// The zone of dates that come without one. UTC where the system has no zone
/// data.
pub(super) static PARIS: LazyLock<TimeZone> =
    LazyLock::new(|| TimeZone::get("Europe/Paris").unwrap_or(TimeZone::UTC));

/// A date in the API's form, in milliseconds since 1970. `None` when the form
/// is wrong or the day does not exist.
pub(super) fn instant(text: &str, zone: &TimeZone) -> Option<i64> {
    let timestamp = civil(text)?.to_zoned(zone.clone()).ok()?.timestamp();
    Some(timestamp.as_millisecond())
}

/// Strict: sixteen characters, no seconds, no offset.
fn civil(text: &str) -> Option<DateTime> {
    let form = b"0000-00-00 00:00";
    let fits = text.len() == form.len()
        && text.bytes().zip(form).all(|(byte, model)| match model {
            b'0' => byte.is_ascii_digit(),
            mark => byte == *mark,
        });
    if !fits {
        return None;
    }
    let part = |from: usize| text.get(from..from + 2)?.parse::<i8>().ok();
    let year = text.get(..4)?.parse().ok()?;
    DateTime::new(year, part(5)?, part(8)?, part(11)?, part(14)?, 0, 0).ok()
}

/// When a message is to leave, from `date_envoi` and `gmt_zone`, in
/// milliseconds since 1970; `None` for at once.
pub(super) fn due(fields: &Fields) -> Result<Option<i64>, Refusal> {
    let refused = |name| Refusal::about(codes::BAD_DATE, name);
    let zone = match fields.optional("gmt_zone")? {
        None => PARIS.clone(),
        Some(name) if ZONES.contains(&&*name) => {
            TimeZone::get(&name).unwrap_or_else(|_| PARIS.clone())
        }
        Some(_) => return Err(refused("gmt_zone")),
    };
    match fields.optional("date_envoi")? {
        None => Ok(None),
        Some(date) => instant(&date, &zone).map(Some).ok_or_else(|| refused("date_envoi")),
    }
}

/// Milliseconds since 1970.
pub(super) fn now() -> i64 {
    Timestamp::now().as_millisecond()
}

/// An instant as RFC 3339, in UTC with milliseconds.
pub(super) fn rfc3339(millisecond: i64) -> String {
    let timestamp = Timestamp::from_millisecond(millisecond).unwrap_or_default();
    format!("{timestamp:.3}")
}

/// An instant as `YYYY-MM-DD hh:mm:ss` in Paris.
pub(super) fn local(millisecond: i64) -> String {
    let timestamp = Timestamp::from_millisecond(millisecond).unwrap_or_default();
    let civil = PARIS.to_datetime(timestamp);
    let (date, time) = (civil.date(), civil.time());
    format!("{date} {:02}:{:02}:{:02}", time.hour(), time.minute(), time.second())
}

/// The zones that `gmt_zone` may name.
const ZONES: [&str; 90] = [
    "Pacific/Midway",
    "America/Adak",
    "Etc/GMT+10",
    "Pacific/Marquesas",
    "Pacific/Gambier",
    "America/Anchorage",
    "America/Ensenada",
    "Etc/GMT+8",
    "America/Los_Angeles",
    "America/Denver",
    "America/Chihuahua",
    "America/Dawson_Creek",
    "America/Belize",
    "America/Cancun",
    "Chile/EasterIsland",
    "America/Chicago",
    "America/New_York",
    "America/Havana",
    "America/Bogota",
    "America/Caracas",
    "America/Santiago",
    "America/La_Paz",
    "Atlantic/Stanley",
    "America/Campo_Grande",
    "America/Goose_Bay",
    "America/Glace_Bay",
    "America/St_Johns",
    "America/Araguaina",
    "America/Montevideo",
    "America/Miquelon",
    "America/Godthab",
    "America/Argentina/Buenos_Aires",
    "America/Sao_Paulo",
    "America/Noronha",
    "Atlantic/Cape_Verde",
    "Atlantic/Azores",
    "Europe/Belfast",
    "Europe/Dublin",
    "Europe/Lisbon",
    "Europe/London",
    "Africa/Abidjan",
    "Europe/Amsterdam",
    "Europe/Belgrade",
    "Europe/Brussels",
    "Africa/Algiers",
    "Africa/Windhoek",
    "Asia/Beirut",
    "Africa/Cairo",
    "Asia/Gaza",
    "Africa/Blantyre",
    "Asia/Jerusalem",
    "Europe/Minsk",
    "Asia/Damascus",
    "Europe/Moscow",
    "Africa/Addis_Ababa",
    "Asia/Tehran",
    "Asia/Dubai",
    "Asia/Yerevan",
    "Asia/Kabul",
    "Asia/Yekaterinburg",
    "Asia/Tashkent",
    "Asia/Kolkata",
    "Asia/Katmandu",
    "Asia/Dhaka",
    "Asia/Novosibirsk",
    "Asia/Rangoon",
    "Asia/Bangkok",
    "Asia/Krasnoyarsk",
    "Asia/Hong_Kong",
    "Asia/Irkutsk",
    "Australia/Perth",
    "Australia/Eucla",
    "Asia/Tokyo",
    "Asia/Seoul",
    "Asia/Yakutsk",
    "Australia/Adelaide",
    "Australia/Darwin",
    "Australia/Brisbane",
    "Australia/Hobart",
    "Asia/Vladivostok",
    "Australia/Lord_Howe",
    "Etc/GMT-11",
    "Asia/Magadan",
    "Pacific/Norfolk",
    "Asia/Anadyr",
    "Pacific/Auckland",
    "Etc/GMT-12",
    "Pacific/Chatham",
    "Pacific/Tongatapu",
    "Pacific/Kiritimati",
];

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fields(value: &serde_json::Value) -> Fields {
        let sources = super::super::fields::Sources { query: false, json: true, form: false };
        Fields::read(sources, None, value.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn the_form_is_strict() {
        assert!(instant("2017-07-01 00:00", &PARIS).is_some());
        for text in [
            "2017-7-1 0:00",
            "2017-07-01",
            "2017-07-01T00:00",
            "2017-02-30 10:00",
            "2017-07-01 24:00",
            "2017-07-01 00:00:00",
            "+017-07-01 00:00",
        ] {
            assert_eq!(instant(text, &PARIS), None, "{text}");
        }
    }

    #[test]
    fn a_zone_moves_the_instant() {
        let paris = due(&fields(&json!({"date_envoi": "2026-01-10 12:00"})));
        let rfc = |due: Result<Option<i64>, Refusal>| rfc3339(due.unwrap().unwrap());
        assert_eq!(rfc(paris), "2026-01-10T11:00:00.000Z");
        let zoned = json!({"date_envoi": "2026-01-10 12:00", "gmt_zone": "Etc/GMT+10"});
        assert_eq!(rfc(due(&fields(&zoned))), "2026-01-10T22:00:00.000Z");
        assert_eq!(local(1_768_042_800_000), "2026-01-10 12:00:00");
    }

    #[test]
    fn zones_outside_the_list_are_refused() {
        for zone in ["Europe/Paris", "UTC", "europe/brussels"] {
            let refusal = due(&fields(&json!({"gmt_zone": zone}))).unwrap_err();
            assert_eq!(refusal.number(), 912, "{zone}");
        }
        assert_eq!(due(&fields(&json!({"gmt_zone": "Europe/Brussels"}))).unwrap(), None);
    }

    #[test]
    fn the_list_has_no_double() {
        let unique: std::collections::HashSet<_> = ZONES.iter().collect();
        assert_eq!(unique.len(), 90);
    }
}
