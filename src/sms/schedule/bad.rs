//! What can be wrong with a date or with a time zone, in words for people.

use std::error::Error;
use std::fmt;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};

use super::date::written;
use super::names::label;

/// The date or the zone of a message cannot be used. Its text stands after the field's name and a
/// colon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadDate {
    /// It is no date, or not in a form that is read here.
    Form,
    /// It has the day before the month.
    DayFirst {
        /// What it says, if the first number is the day.
        date: DateTime,
    },
    /// It says a day and no time of day.
    NoTime {
        /// The day that it says.
        day: Date,
    },
    /// It says a day that no calendar has, such as 30 February.
    NoSuchDay,
    /// It says a time that no day has, such as 24:00.
    NoSuchTime,
    /// It has an offset that no place keeps.
    NoSuchOffset,
    /// The zone that it has in brackets is wrong.
    Brackets(BadZone),
    /// The zone that it has in brackets does not keep its offset at that time.
    Conflict {
        /// The offset of the date.
        offset: Offset,
        /// The zone in brackets.
        zone: TimeZone,
    },
    /// It says a local time that clocks skip.
    Skipped {
        /// The zone of the clocks.
        zone: TimeZone,
        /// The local time at which the clocks change.
        from: DateTime,
        /// The local time that they show then: the first that exists again.
        to: DateTime,
    },
    /// It lies before the current minute.
    Past {
        /// The instant with which it was compared.
        now: Timestamp,
        /// The zone in which the date was given.
        zone: TimeZone,
    },
    /// It lies more than 366 days ahead.
    TooFar,
    /// The zone given beside the date is wrong.
    Zone(BadZone),
}

impl BadDate {
    /// The API's field that is wrong: `date_envoi` or `gmt_zone`.
    pub fn field(&self) -> &'static str {
        if matches!(self, Self::Zone(_)) { "gmt_zone" } else { "date_envoi" }
    }

    /// Whether the date is good but has passed.
    pub fn is_past(&self) -> bool {
        matches!(self, Self::Past { .. })
    }
}

impl fmt::Display for BadDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form => f.write_str(
                "is not in a form that is read here; \
                 write it as 2026-12-24 18:00, or with an offset as 2026-12-24T18:00+01:00",
            ),
            Self::DayFirst { date } => {
                write!(f, "has the day first; write year-month-day, as in {}", written(*date))
            }
            Self::NoTime { day } => {
                write!(f, "has no time of day; add one, as in {day} 18:00")
            }
            Self::NoSuchDay => f.write_str(
                "is no day of the calendar; give year-month-day, as in 2026-12-24 18:00",
            ),
            Self::NoSuchTime => f.write_str("has no time of day from 00:00 to 23:59; correct it"),
            Self::NoSuchOffset => {
                f.write_str("has an offset that no place keeps; give one from -12:00 to +14:00")
            }
            Self::Brackets(zone) => write!(f, "the zone in brackets {zone}"),
            Self::Conflict { offset, zone } => write!(
                f,
                "the offset {} is not that of {} at this time; leave one of them out",
                written_offset(*offset),
                label(zone)
            ),
            Self::Skipped { zone, from, to } => write!(
                f,
                "this time does not exist in {}: the clocks go from {} to {}; give {} or later",
                label(zone),
                written(*from),
                written(*to),
                written(*to)
            ),
            Self::Past { now, zone } => write!(
                f,
                "this date has passed: it is now {} ({}); give a later one, or none to send at once",
                written(zone.to_datetime(*now)),
                label(zone)
            ),
            Self::TooFar => {
                f.write_str("is more than 366 days ahead; give an earlier date, or send it later")
            }
            Self::Zone(zone) => zone.fmt(f),
        }
    }
}

impl Error for BadDate {}

/// A text that is no time zone. Its text stands after the field's name and a colon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadZone {
    /// Nothing but blanks.
    Blank,
    /// No time zone is called so.
    Unknown {
        /// The zone or the offset that is most likely meant.
        nearest: Option<String>,
    },
}

impl fmt::Display for BadZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blank => f.write_str(
                "holds only blanks; leave it out, or give a time zone such as Europe/Paris",
            ),
            Self::Unknown { nearest: Some(nearest) } => {
                write!(f, "is no time zone; did you mean {nearest}?")
            }
            Self::Unknown { nearest: None } => f.write_str(
                "is no time zone; give a name such as Europe/Paris, or an offset such as +02:00",
            ),
        }
    }
}

impl Error for BadZone {}

/// An offset as people write it, such as `+02:00`.
pub(super) fn written_offset(offset: Offset) -> String {
    let minutes = offset.seconds().abs() / 60;
    let sign = if offset.is_negative() { '-' } else { '+' };
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}
