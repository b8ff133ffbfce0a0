//! When a message is to be sent, as the API takes it.

use jiff::civil::DateTime;

/// The form of the API's dates.
pub const FORM: &str = "%Y-%m-%d %H:%M";

/// The time zones that the API's published description allows (`gmt_zone`), as it writes them.
/// Europe/Paris is not among them; Europe/Brussels keeps the same time.
pub const ZONES: [&str; 90] = [
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

/// Reads a date in the API's form, `YYYY-MM-DD hh:mm`.
pub fn date(text: &str) -> Option<DateTime> {
    let text = text.trim();
    // jiff would take shorter years and months, which the API's form does not.
    if text.len() == 16 { DateTime::strptime(FORM, text).ok() } else { None }
}

/// Whether the API knows this zone; else the name that is meant, as far as can be told.
///
/// # Errors
/// The name that it knows of the same time, or a most similar one.
pub fn known_zone(name: &str) -> Result<(), Option<&'static str>> {
    if ZONES.contains(&name) {
        return Ok(());
    }
    let likeness = |it: &str| strsim::jaro_winkler(&it.to_lowercase(), &name.to_lowercase());
    if name.eq_ignore_ascii_case("Europe/Paris") {
        return Err(Some("Europe/Brussels"));
    }
    let similar = ZONES.iter().filter(|it| likeness(it) > 0.9);
    let nearest = similar.max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    Err(nearest.copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_have_one_form() {
        assert!(date("2026-12-24 18:00").is_some());
        for bad in
            ["2026-12-24", "24/12/2026 18:00", "2026-13-01 00:00", "2026-12-24T18:00", "0-1-1 1:1"]
        {
            assert!(date(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn an_unknown_zone_names_the_nearest() {
        assert_eq!(known_zone("Europe/Brussels"), Ok(()));
        assert_eq!(known_zone("europe/brussel"), Err(Some("Europe/Brussels")));
        assert_eq!(known_zone("Europe/Paris"), Err(Some("Europe/Brussels")));
        assert_eq!(known_zone("Nowhere"), Err(None));
    }
}
