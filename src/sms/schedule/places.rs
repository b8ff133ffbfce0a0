//! The time zones of every country and territory.

use std::sync::OnceLock;

use jiff::tz::TimeZone;

use super::names;
use crate::sms::region::Region;

/// ISO 3166 codes in order, each with its zones.
///
/// Made by a script from `zone.tab` of the IANA time zone database (public domain, release 2025b):
/// of the zones of a country that keep the same time from November 2026 to 2036 by release 2026e,
/// one was kept, that of the largest city where the choice is plain. Three codes that telephone
/// numbers have and `zone.tab` lacks were added: AC, TA and XK. Antarctica keeps only its first
/// zone: no hour of the day is permitted in all of its stations.
#[rustfmt::skip] // one line for each country
const PLACES: [(&str, &[&str]); 250] = [
    ("AC", &["Atlantic/St_Helena"]),
    ("AD", &["Europe/Andorra"]),
    ("AE", &["Asia/Dubai"]),
    ("AF", &["Asia/Kabul"]),
    ("AG", &["America/Antigua"]),
    ("AI", &["America/Anguilla"]),
    ("AL", &["Europe/Tirane"]),
    ("AM", &["Asia/Yerevan"]),
    ("AO", &["Africa/Luanda"]),
    ("AQ", &["Antarctica/McMurdo"]),
    ("AR", &["America/Argentina/Buenos_Aires"]),
    ("AS", &["Pacific/Pago_Pago"]),
    ("AT", &["Europe/Vienna"]),
    ("AU", &["Australia/Sydney", "Australia/Lord_Howe", "Australia/Adelaide", "Australia/Brisbane", "Australia/Darwin", "Australia/Perth", "Australia/Eucla"]),
    ("AW", &["America/Aruba"]),
    ("AX", &["Europe/Mariehamn"]),
    ("AZ", &["Asia/Baku"]),
    ("BA", &["Europe/Sarajevo"]),
    ("BB", &["America/Barbados"]),
    ("BD", &["Asia/Dhaka"]),
    ("BE", &["Europe/Brussels"]),
    ("BF", &["Africa/Ouagadougou"]),
    ("BG", &["Europe/Sofia"]),
    ("BH", &["Asia/Bahrain"]),
    ("BI", &["Africa/Bujumbura"]),
    ("BJ", &["Africa/Porto-Novo"]),
    ("BL", &["America/St_Barthelemy"]),
    ("BM", &["Atlantic/Bermuda"]),
    ("BN", &["Asia/Brunei"]),
    ("BO", &["America/La_Paz"]),
    ("BQ", &["America/Kralendijk"]),
    ("BR", &["America/Sao_Paulo", "America/Noronha", "America/Manaus", "America/Rio_Branco"]),
    ("BS", &["America/Nassau"]),
    ("BT", &["Asia/Thimphu"]),
    ("BW", &["Africa/Gaborone"]),
    ("BY", &["Europe/Minsk"]),
    ("BZ", &["America/Belize"]),
    ("CA", &["America/Toronto", "America/St_Johns", "America/Halifax", "America/Blanc-Sablon", "America/Winnipeg", "America/Resolute", "America/Edmonton", "America/Cambridge_Bay", "America/Vancouver"]),
    ("CC", &["Indian/Cocos"]),
    ("CD", &["Africa/Kinshasa", "Africa/Lubumbashi"]),
    ("CF", &["Africa/Bangui"]),
    ("CG", &["Africa/Brazzaville"]),
    ("CH", &["Europe/Zurich"]),
    ("CI", &["Africa/Abidjan"]),
    ("CK", &["Pacific/Rarotonga"]),
    ("CL", &["America/Santiago", "America/Coyhaique", "Pacific/Easter"]),
    ("CM", &["Africa/Douala"]),
    ("CN", &["Asia/Shanghai", "Asia/Urumqi"]),
    ("CO", &["America/Bogota"]),
    ("CR", &["America/Costa_Rica"]),
    ("CU", &["America/Havana"]),
    ("CV", &["Atlantic/Cape_Verde"]),
    ("CW", &["America/Curacao"]),
    ("CX", &["Indian/Christmas"]),
    ("CY", &["Asia/Nicosia"]),
    ("CZ", &["Europe/Prague"]),
    ("DE", &["Europe/Berlin"]),
    ("DJ", &["Africa/Djibouti"]),
    ("DK", &["Europe/Copenhagen"]),
    ("DM", &["America/Dominica"]),
    ("DO", &["America/Santo_Domingo"]),
    ("DZ", &["Africa/Algiers"]),
    ("EC", &["America/Guayaquil", "Pacific/Galapagos"]),
    ("EE", &["Europe/Tallinn"]),
    ("EG", &["Africa/Cairo"]),
    ("EH", &["Africa/El_Aaiun"]),
    ("ER", &["Africa/Asmara"]),
    ("ES", &["Europe/Madrid", "Atlantic/Canary"]),
    ("ET", &["Africa/Addis_Ababa"]),
    ("FI", &["Europe/Helsinki"]),
    ("FJ", &["Pacific/Fiji"]),
    ("FK", &["Atlantic/Stanley"]),
    ("FM", &["Pacific/Chuuk", "Pacific/Pohnpei"]),
    ("FO", &["Atlantic/Faroe"]),
    ("FR", &["Europe/Paris"]),
    ("GA", &["Africa/Libreville"]),
    ("GB", &["Europe/London"]),
    ("GD", &["America/Grenada"]),
    ("GE", &["Asia/Tbilisi"]),
    ("GF", &["America/Cayenne"]),
    ("GG", &["Europe/Guernsey"]),
    ("GH", &["Africa/Accra"]),
    ("GI", &["Europe/Gibraltar"]),
    ("GL", &["America/Nuuk", "America/Danmarkshavn", "America/Thule"]),
    ("GM", &["Africa/Banjul"]),
    ("GN", &["Africa/Conakry"]),
    ("GP", &["America/Guadeloupe"]),
    ("GQ", &["Africa/Malabo"]),
    ("GR", &["Europe/Athens"]),
    ("GS", &["Atlantic/South_Georgia"]),
    ("GT", &["America/Guatemala"]),
    ("GU", &["Pacific/Guam"]),
    ("GW", &["Africa/Bissau"]),
    ("GY", &["America/Guyana"]),
    ("HK", &["Asia/Hong_Kong"]),
    ("HN", &["America/Tegucigalpa"]),
    ("HR", &["Europe/Zagreb"]),
    ("HT", &["America/Port-au-Prince"]),
    ("HU", &["Europe/Budapest"]),
    ("ID", &["Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura"]),
    ("IE", &["Europe/Dublin"]),
    ("IL", &["Asia/Jerusalem"]),
    ("IM", &["Europe/Isle_of_Man"]),
    ("IN", &["Asia/Kolkata"]),
    ("IO", &["Indian/Chagos"]),
    ("IQ", &["Asia/Baghdad"]),
    ("IR", &["Asia/Tehran"]),
    ("IS", &["Atlantic/Reykjavik"]),
    ("IT", &["Europe/Rome"]),
    ("JE", &["Europe/Jersey"]),
    ("JM", &["America/Jamaica"]),
    ("JO", &["Asia/Amman"]),
    ("JP", &["Asia/Tokyo"]),
    ("KE", &["Africa/Nairobi"]),
    ("KG", &["Asia/Bishkek"]),
    ("KH", &["Asia/Phnom_Penh"]),
    ("KI", &["Pacific/Tarawa", "Pacific/Kanton", "Pacific/Kiritimati"]),
    ("KM", &["Indian/Comoro"]),
    ("KN", &["America/St_Kitts"]),
    ("KP", &["Asia/Pyongyang"]),
    ("KR", &["Asia/Seoul"]),
    ("KW", &["Asia/Kuwait"]),
    ("KY", &["America/Cayman"]),
    ("KZ", &["Asia/Almaty"]),
    ("LA", &["Asia/Vientiane"]),
    ("LB", &["Asia/Beirut"]),
    ("LC", &["America/St_Lucia"]),
    ("LI", &["Europe/Vaduz"]),
    ("LK", &["Asia/Colombo"]),
    ("LR", &["Africa/Monrovia"]),
    ("LS", &["Africa/Maseru"]),
    ("LT", &["Europe/Vilnius"]),
    ("LU", &["Europe/Luxembourg"]),
    ("LV", &["Europe/Riga"]),
    ("LY", &["Africa/Tripoli"]),
    ("MA", &["Africa/Casablanca"]),
    ("MC", &["Europe/Monaco"]),
    ("MD", &["Europe/Chisinau"]),
    ("ME", &["Europe/Podgorica"]),
    ("MF", &["America/Marigot"]),
    ("MG", &["Indian/Antananarivo"]),
    ("MH", &["Pacific/Majuro"]),
    ("MK", &["Europe/Skopje"]),
    ("ML", &["Africa/Bamako"]),
    ("MM", &["Asia/Yangon"]),
    ("MN", &["Asia/Ulaanbaatar", "Asia/Hovd"]),
    ("MO", &["Asia/Macau"]),
    ("MP", &["Pacific/Saipan"]),
    ("MQ", &["America/Martinique"]),
    ("MR", &["Africa/Nouakchott"]),
    ("MS", &["America/Montserrat"]),
    ("MT", &["Europe/Malta"]),
    ("MU", &["Indian/Mauritius"]),
    ("MV", &["Indian/Maldives"]),
    ("MW", &["Africa/Blantyre"]),
    ("MX", &["America/Mexico_City", "America/Cancun", "America/Matamoros", "America/Ciudad_Juarez", "America/Hermosillo", "America/Tijuana"]),
    ("MY", &["Asia/Kuala_Lumpur"]),
    ("MZ", &["Africa/Maputo"]),
    ("NA", &["Africa/Windhoek"]),
    ("NC", &["Pacific/Noumea"]),
    ("NE", &["Africa/Niamey"]),
    ("NF", &["Pacific/Norfolk"]),
    ("NG", &["Africa/Lagos"]),
    ("NI", &["America/Managua"]),
    ("NL", &["Europe/Amsterdam"]),
    ("NO", &["Europe/Oslo"]),
    ("NP", &["Asia/Kathmandu"]),
    ("NR", &["Pacific/Nauru"]),
    ("NU", &["Pacific/Niue"]),
    ("NZ", &["Pacific/Auckland", "Pacific/Chatham"]),
    ("OM", &["Asia/Muscat"]),
    ("PA", &["America/Panama"]),
    ("PE", &["America/Lima"]),
    ("PF", &["Pacific/Tahiti", "Pacific/Marquesas", "Pacific/Gambier"]),
    ("PG", &["Pacific/Port_Moresby", "Pacific/Bougainville"]),
    ("PH", &["Asia/Manila"]),
    ("PK", &["Asia/Karachi"]),
    ("PL", &["Europe/Warsaw"]),
    ("PM", &["America/Miquelon"]),
    ("PN", &["Pacific/Pitcairn"]),
    ("PR", &["America/Puerto_Rico"]),
    ("PS", &["Asia/Gaza"]),
    ("PT", &["Europe/Lisbon", "Atlantic/Azores"]),
    ("PW", &["Pacific/Palau"]),
    ("PY", &["America/Asuncion"]),
    ("QA", &["Asia/Qatar"]),
    ("RE", &["Indian/Reunion"]),
    ("RO", &["Europe/Bucharest"]),
    ("RS", &["Europe/Belgrade"]),
    ("RU", &["Europe/Moscow", "Europe/Kaliningrad", "Europe/Samara", "Asia/Yekaterinburg", "Asia/Omsk", "Asia/Novosibirsk", "Asia/Irkutsk", "Asia/Yakutsk", "Asia/Vladivostok", "Asia/Magadan", "Asia/Kamchatka"]),
    ("RW", &["Africa/Kigali"]),
    ("SA", &["Asia/Riyadh"]),
    ("SB", &["Pacific/Guadalcanal"]),
    ("SC", &["Indian/Mahe"]),
    ("SD", &["Africa/Khartoum"]),
    ("SE", &["Europe/Stockholm"]),
    ("SG", &["Asia/Singapore"]),
    ("SH", &["Atlantic/St_Helena"]),
    ("SI", &["Europe/Ljubljana"]),
    ("SJ", &["Arctic/Longyearbyen"]),
    ("SK", &["Europe/Bratislava"]),
    ("SL", &["Africa/Freetown"]),
    ("SM", &["Europe/San_Marino"]),
    ("SN", &["Africa/Dakar"]),
    ("SO", &["Africa/Mogadishu"]),
    ("SR", &["America/Paramaribo"]),
    ("SS", &["Africa/Juba"]),
    ("ST", &["Africa/Sao_Tome"]),
    ("SV", &["America/El_Salvador"]),
    ("SX", &["America/Lower_Princes"]),
    ("SY", &["Asia/Damascus"]),
    ("SZ", &["Africa/Mbabane"]),
    ("TA", &["Atlantic/St_Helena"]),
    ("TC", &["America/Grand_Turk"]),
    ("TD", &["Africa/Ndjamena"]),
    ("TF", &["Indian/Kerguelen"]),
    ("TG", &["Africa/Lome"]),
    ("TH", &["Asia/Bangkok"]),
    ("TJ", &["Asia/Dushanbe"]),
    ("TK", &["Pacific/Fakaofo"]),
    ("TL", &["Asia/Dili"]),
    ("TM", &["Asia/Ashgabat"]),
    ("TN", &["Africa/Tunis"]),
    ("TO", &["Pacific/Tongatapu"]),
    ("TR", &["Europe/Istanbul"]),
    ("TT", &["America/Port_of_Spain"]),
    ("TV", &["Pacific/Funafuti"]),
    ("TW", &["Asia/Taipei"]),
    ("TZ", &["Africa/Dar_es_Salaam"]),
    ("UA", &["Europe/Kyiv", "Europe/Simferopol"]),
    ("UG", &["Africa/Kampala"]),
    ("UM", &["Pacific/Midway", "Pacific/Wake"]),
    ("US", &["America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles", "America/Anchorage", "America/Adak", "Pacific/Honolulu"]),
    ("UY", &["America/Montevideo"]),
    ("UZ", &["Asia/Tashkent"]),
    ("VA", &["Europe/Vatican"]),
    ("VC", &["America/St_Vincent"]),
    ("VE", &["America/Caracas"]),
    ("VG", &["America/Tortola"]),
    ("VI", &["America/St_Thomas"]),
    ("VN", &["Asia/Ho_Chi_Minh"]),
    ("VU", &["Pacific/Efate"]),
    ("WF", &["Pacific/Wallis"]),
    ("WS", &["Pacific/Apia"]),
    ("XK", &["Europe/Belgrade"]),
    ("YE", &["Asia/Aden"]),
    ("YT", &["Indian/Mayotte"]),
    ("ZA", &["Africa/Johannesburg"]),
    ("ZM", &["Africa/Lusaka"]),
    ("ZW", &["Africa/Harare"]),
];

/// The zones of each of [`PLACES`], read when first asked for.
static ZONES: [OnceLock<Vec<TimeZone>>; PLACES.len()] = [const { OnceLock::new() }; PLACES.len()];

/// The zones of a place; those of metropolitan France for a code that no country has.
pub(super) fn zones(region: Region) -> &'static [TimeZone] {
    let Some(index) = index(region).or_else(|| index(Region::FR)) else { return &[] };
    ZONES[index].get_or_init(|| PLACES[index].1.iter().filter_map(|it| names::named(it)).collect())
}

fn index(region: Region) -> Option<usize> {
    PLACES.binary_search_by(|(code, _)| (*code).cmp(region.as_str())).ok()
}

/// Whether a country or territory has this code.
pub(in crate::sms) fn is_known(region: Region) -> bool {
    index(region).is_some()
}

/// Every code of the table.
#[cfg(test)]
pub(super) fn codes() -> impl Iterator<Item = &'static str> {
    PLACES.iter().map(|(code, _)| *code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_in_order_and_once() {
        assert!(PLACES.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn every_zone_is_known() {
        for (code, names) in PLACES {
            let zones = zones(code.parse().unwrap());
            let known: Vec<_> = zones.iter().filter_map(|it| it.iana_name()).collect();
            assert_eq!(known, names, "{code}");
        }
    }

    #[test]
    fn an_unknown_code_keeps_french_time() {
        for code in [*b"ZZ", *b"AA", *b"FR"] {
            assert_eq!(zones(Region::of(code))[0].iana_name(), Some("Europe/Paris"), "{code:?}");
        }
        assert_eq!(zones("RE".parse().unwrap())[0].iana_name(), Some("Indian/Reunion"));
    }
}
