//! Reading the text of a date.

use std::ops::RangeInclusive;

use jiff::civil::{Date, DateTime};
use jiff::fmt::temporal::{Pieces, PiecesOffset, TimeZoneAnnotation, TimeZoneAnnotationKind};
use jiff::tz::{Offset, TimeZone};

use super::bad::{BadDate, BadZone, written_offset};
use super::local::{self, Meant};
use super::names::{self, label};
use super::zones::FORM;

/// Reads a date in the API's form, `YYYY-MM-DD hh:mm`, and no other.
pub fn date(text: &str) -> Option<DateTime> {
    let text = text.trim();
    // jiff would take shorter years and months, which the API's form does not.
    if text.len() == FORM_LENGTH && opens_with_a_day(text) {
        DateTime::strptime(FORM, text).ok()
    } else {
        None
    }
}

const FORM_LENGTH: usize = "YYYY-MM-DD hh:mm".len();

/// Writes a date in the API's form.
pub(super) fn written(date: DateTime) -> String {
    date.strftime(FORM).to_string()
}

/// What the text of a date says, before it is an instant.
#[derive(Debug)]
pub(super) struct Read {
    local: DateTime,
    offset: Option<PiecesOffset>,
    /// From brackets.
    zone: Option<TimeZone>,
}

/// Reads the API's form and ISO 8601.
pub(super) fn read(text: &str) -> Result<Read, BadDate> {
    let text = text.trim();
    // Years before 0 and after 9999 have a sign and six digits, and no use here.
    if !text.bytes().next().is_some_and(|it| it.is_ascii_digit()) {
        return Err(BadDate::Form);
    }
    let pieces = Pieces::parse(text).map_err(|_| why(text))?;
    let time = pieces.time().ok_or(BadDate::NoTime { day: pieces.date() })?;
    let offset = pieces.offset();
    if offset.is_some_and(|it| !names::is_kept(it.to_numeric_offset())) {
        return Err(BadDate::NoSuchOffset);
    }
    let zone = pieces.time_zone_annotation().map(in_brackets).transpose();
    let zone = zone.map_err(BadDate::Brackets)?;
    Ok(Read { local: pieces.date().to_datetime(time), offset, zone })
}

/// A date as it is written in France, such as `29/11/2026 10:00` or `29.11.2026 10h00`.
fn day_first(text: &str) -> Option<DateTime> {
    let plain: String =
        text.chars().map(|it| if matches!(it, '.' | '-') { '/' } else { it }).collect();
    let forms = ["%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %Hh%M", "%d/%m/%Y, %H:%M"];
    forms.iter().find_map(|form| DateTime::strptime(form, &plain).ok())
}

fn in_brackets(zone: &TimeZoneAnnotation<'_>) -> Result<TimeZone, BadZone> {
    match zone.kind() {
        TimeZoneAnnotationKind::Named(name) => names::zone(name.as_str()),
        TimeZoneAnnotationKind::Offset(offset) => names::zone(&written_offset(*offset)),
        _ => Err(BadZone::Unknown { nearest: None }),
    }
}

/// Why a text that is no date is none.
fn why(text: &str) -> BadDate {
    if let Some(date) = day_first(text) {
        return BadDate::DayFirst { date };
    }
    if !opens_with_a_day(text) {
        return BadDate::Form;
    }
    if text.get(..10).is_some_and(|it| it.parse::<Date>().is_err()) {
        return BadDate::NoSuchDay;
    }
    let shown = |range: RangeInclusive<usize>| text.get(range)?.parse::<u8>().ok();
    match (shown(11..=12), text.get(13..14), shown(14..=15)) {
        (Some(hour), Some(":"), Some(minute)) if hour > 23 || minute > 59 => BadDate::NoSuchTime,
        _ => BadDate::Form,
    }
}

fn opens_with_a_day(text: &str) -> bool {
    let shape = b"0000-00-00";
    text.len() >= shape.len()
        && text.bytes().zip(shape).all(|(byte, model)| match model {
            b'0' => byte.is_ascii_digit(),
            mark => byte == *mark,
        })
}

impl Read {
    /// The instant that is meant, in the date's own zone, or else the one `given` beside it, or
    /// else the `default`.
    pub(super) fn meant(
        self,
        given: Option<&TimeZone>,
        default: &TimeZone,
    ) -> Result<Meant, BadDate> {
        let zone = self.zone.as_ref().or(given);
        let mut meant = match self.offset {
            None => local::meant(self.local, zone.unwrap_or(default))?,
            Some(offset) => self.with_offset(offset, zone)?,
        };
        if meant.warning.is_none() && self.offset != Some(PiecesOffset::Zulu) {
            meant.warning = given.and_then(|it| overruled(it, &meant));
        }
        Ok(meant)
    }

    fn with_offset(&self, said: PiecesOffset, zone: Option<&TimeZone>) -> Result<Meant, BadDate> {
        let offset = said.to_numeric_offset();
        let at = offset.to_timestamp(self.local).map_err(|_| BadDate::TooFar)?;
        let keeps = |it: &&TimeZone| it.to_offset(at) == offset;
        match &self.zone {
            // Z says nothing of where the sender is, so no zone contradicts it.
            Some(zone) if said != PiecesOffset::Zulu && !keeps(&zone) => {
                Err(BadDate::Conflict { offset, zone: zone.clone() })
            }
            _ => {
                let home = zone.filter(keeps).cloned().unwrap_or(TimeZone::fixed(offset));
                Ok(Meant { at, home, warning: None })
            }
        }
    }
}

/// The warning that a date was not read in the zone given beside it.
fn overruled(given: &TimeZone, meant: &Meant) -> Option<String> {
    let own: Offset = meant.home.to_offset(meant.at);
    (given.to_offset(meant.at) != own).then(|| {
        let (own, given) = (label(&meant.home), label(given));
        format!("has {own} of its own, which was taken instead of the zone {given}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_the_api_is_strict() {
        assert!(date("2026-12-24 18:00").is_some() && date(" 2026-12-24 18:00\n").is_some());
        for bad in [
            "2026-12-24",
            "24/12/2026 18:00",
            "2026-13-01 00:00",
            "2026-12-24T18:00",
            "2026-12-24 24:00",
            "0-1-1 1:1",
            "+026-12-24 18:00",
        ] {
            assert!(date(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_apart() {
        let cases: [(&[&str], BadDate); 3] = [
            (&["2026-02-30 10:00", "2026-02-30", "2025-02-29T10:00Z"], BadDate::NoSuchDay),
            (&["2026-12-24T24:00", "2026-12-24 18:60", "2026-12-24 99:00"], BadDate::NoSuchTime),
            (
                &[
                    "",
                    "tomorrow",
                    "12/24/2026 6:00 PM",
                    "2026-12-24T18h00",
                    "2026-12-24 18h",
                    "2026/12/24 18:00",
                    "2026-12-24 6:00",
                    "2026-12-24 18:00 Paris",
                    "1798131600",
                    "1798131600000",
                    "-0001-12-24 18:00",
                    "-000001-12-24 18:00",
                    "+002026-12-24 18:00",
                    "12026-12-24 18:00",
                ],
                BadDate::Form,
            ),
        ];
        for (texts, bad) in cases {
            for text in texts {
                assert_eq!(read(text).unwrap_err(), bad, "{text}");
            }
        }
    }

    #[test]
    fn a_day_that_comes_first_is_repeated_last() {
        for text in [
            "24/12/2026 18:00",
            "24/12/2026 18h00",
            "24/12/2026 18:00:00",
            "24/12/2026, 18:00",
            "24.12.2026 18:00",
            "24.12.2026 18h00",
            "24-12-2026 18:00",
            " 24/12/2026 18:00 ",
            "24/12/2026  18:00",
            "24-12-2026 18h00",
        ] {
            let bad = read(text).unwrap_err().to_string();
            let expected = "has the day first; write year-month-day, as in 2026-12-24 18:00";
            assert_eq!(bad, expected, "{text}");
        }
    }

    #[test]
    fn a_day_without_a_time_is_repeated_with_one() {
        for text in ["2026-12-24", "20261224", "2026-12-24[Europe/Paris]"] {
            let bad = read(text).unwrap_err().to_string();
            assert_eq!(bad, "has no time of day; add one, as in 2026-12-24 18:00", "{text}");
        }
    }
}
