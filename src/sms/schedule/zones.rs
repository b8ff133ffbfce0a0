//! The time zones of the API, and the form of its dates.

/// The form of the API's dates: minutes, without seconds and without an offset.
pub const FORM: &str = "%Y-%m-%d %H:%M";

/// The zone of the API that keeps French time: Europe/Paris is not among its [`ZONES`].
pub(super) const FRENCH_TIME: &str = "Europe/Brussels";

/// A zone of the API that keeps UTC all the year.
pub(super) const UTC: &str = "Africa/Abidjan";

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sms::schedule::names;

    #[test]
    fn every_zone_is_in_the_time_zone_data() {
        for name in ZONES {
            let zone = names::named(name).unwrap_or_else(|| panic!("{name} is unknown"));
            assert_eq!(zone.iana_name(), Some(name));
        }
        let unique: std::collections::BTreeSet<_> = ZONES.into_iter().collect();
        assert_eq!(unique.len(), 90);
        assert!(unique.contains(FRENCH_TIME) && unique.contains(UTC));
    }
}
