//! When a message is sent: the date that a sender gives, the words of the API for it, and the
//! hours in which commercial messages are permitted.
//!
//! Time zone data are those built into the program, so that the same date means the same instant
//! on every machine.

mod bad;
mod date;
mod holidays;
mod hours;
mod local;
mod names;
pub(super) mod places;
mod zones;

use jiff::tz::TimeZone;
use jiff::{RoundMode, SignedDuration, Timestamp, TimestampRound, Unit};

pub use bad::{BadDate, BadZone};
pub use date::date;
pub use holidays::is_holiday;
pub use hours::Hours;
pub use names::{paris, zone};
pub use zones::{FORM, ZONES};

/// How far ahead a message may be scheduled.
pub const FARTHEST: SignedDuration = SignedDuration::from_hours(366 * 24);

/// When the sender wants a message to leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requested {
    /// The instant, on a whole minute and never before the date that was given.
    pub at: Timestamp,
    /// What a person should know of how the date was read, to stand after `date_envoi: `.
    pub warning: Option<String>,
}

/// Reads when a message is to leave.
///
/// `date` is in the API's form or ISO 8601: with `T` or a blank, with or without seconds, an
/// offset or `Z`, and a zone in brackets as of RFC 9557. A date without any of these is in `zone`,
/// an IANA name in any case or an offset such as `+02:00`, or else in `default`. Seconds are
/// rounded up to the next minute, as the API knows none.
///
/// Of a local time that exists twice, the earlier is taken, with a warning. An offset or a zone in
/// brackets prevails over `zone`, with a warning when they disagree; there is none for `Z`, which
/// says that the sender counts in UTC and nothing of where.
///
/// # Errors
/// The date or the zone cannot be read, the date does not exist, lies before the minute of `now`,
/// or more than 366 days after it.
pub fn requested(
    date: &str,
    zone: Option<&str>,
    default: &TimeZone,
    now: Timestamp,
) -> Result<Requested, BadDate> {
    let given = zone.map(names::zone).transpose().map_err(BadDate::Zone)?;
    let meant = date::read(date)?.meant(given.as_ref(), default)?;
    let at = to_the_minute(meant.at, RoundMode::Ceil).ok_or(BadDate::TooFar)?;
    if at < to_the_minute(now, RoundMode::Floor).unwrap_or(now) {
        return Err(BadDate::Past { now, zone: meant.home });
    }
    if at.duration_since(now) > FARTHEST {
        return Err(BadDate::TooFar);
    }
    Ok(Requested { at, warning: meant.warning })
}

/// `None` at the very ends of time.
fn to_the_minute(at: Timestamp, mode: RoundMode) -> Option<Timestamp> {
    at.round(TimestampRound::new().smallest(Unit::Minute).mode(mode)).ok()
}

/// An instant in the words of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wire {
    /// The local date and time, in the form `YYYY-MM-DD hh:mm`.
    pub date_envoi: String,
    /// The zone of `date_envoi`, one of [`ZONES`].
    pub gmt_zone: &'static str,
}

/// Says an instant to the API, rounded up to a whole minute.
///
/// It is said in French time, whatever zone it was asked for in: whether the service has learnt of
/// later changes in the rules of other zones, nobody knows. In the hour that clocks repeat in
/// autumn a local time would say two instants; then it is said in a zone that keeps UTC.
pub fn wire(at: Timestamp) -> Wire {
    let at = to_the_minute(at, RoundMode::Ceil).unwrap_or(at);
    exact(at, zones::FRENCH_TIME).unwrap_or_else(|| Wire {
        date_envoi: date::written(TimeZone::UTC.to_datetime(at)),
        gmt_zone: zones::UTC,
    })
}

/// `None` when the local time in this zone does not say the instant alone.
fn exact(at: Timestamp, gmt_zone: &'static str) -> Option<Wire> {
    let zone = names::named(gmt_zone)?;
    let local = zone.to_datetime(at);
    let read = zone.to_ambiguous_timestamp(local).unambiguous().ok()?;
    (read == at && local.second() == 0).then(|| Wire { date_envoi: date::written(local), gmt_zone })
}

#[cfg(test)]
mod tests;
