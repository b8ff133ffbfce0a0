//! The instant of a local time, where clocks are put forward and back.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

use super::bad::{BadDate, written_offset};
use super::date::written;
use super::names::label;

/// The instant that a date means.
pub(super) struct Meant {
    pub at: Timestamp,
    /// The zone in which the date says it.
    pub home: TimeZone,
    pub warning: Option<String>,
}

/// The instant of a local time that exists; the earlier if it exists twice.
pub(super) fn meant(local: DateTime, zone: &TimeZone) -> Result<Meant, BadDate> {
    let (offset, warning) = match zone.to_ambiguous_timestamp(local).offset() {
        AmbiguousOffset::Unambiguous { offset } => (offset, None),
        AmbiguousOffset::Gap { before, after } => return Err(skipped(local, zone, before, after)),
        AmbiguousOffset::Fold { before, after } => {
            (before, Some(twice(local, zone, before, after)))
        }
    };
    let at = offset.to_timestamp(local).map_err(|_| BadDate::TooFar)?;
    Ok(Meant { at, home: zone.clone(), warning })
}

fn twice(local: DateTime, zone: &TimeZone, before: Offset, after: Offset) -> String {
    let (local, zone) = (written(local), label(zone));
    let (before, after) = (written_offset(before), written_offset(after));
    format!(
        "{local} exists twice in {zone}, at {before} and again at {after}; the first was taken; \
         add an offset to say which, as in {local}{before}"
    )
}

fn skipped(local: DateTime, zone: &TimeZone, before: Offset, after: Offset) -> BadDate {
    let change = change(local, zone, after);
    // Without the change, the clocks' own step says as much: a time that surely exists.
    let (from, to) = match change {
        Some(at) => (before.to_datetime(at), after.to_datetime(at)),
        None => (local, local.saturating_add(before.duration_until(after))),
    };
    BadDate::Skipped { zone: zone.clone(), from, to }
}

/// The instant at which clocks skip `local`: the next change after the instant that it would be
/// if they had changed already.
fn change(local: DateTime, zone: &TimeZone, after: Offset) -> Option<Timestamp> {
    let already = after.to_timestamp(local).ok()?;
    zone.following(already).next().map(|it| it.timestamp())
}
