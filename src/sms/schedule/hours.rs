//! When commercial messages may be sent.

use std::ops::Range;

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::{holidays, places};
use crate::sms::region::Region;

/// The hours of a day in which commercial messages are permitted in France, in the recipient's
/// local time: not from 20:00 to 08:00.
const OPEN: Range<i8> = 8..20;

/// A country whose zones are never open together for so long never is.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(14 * 24);

/// The days on which commercial messages may be sent, from 08:00 to 20:00 of the recipient's time.
/// By default neither on Sundays nor on public holidays, as the trade does in France.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Hours {
    /// Whether they may be sent on Sundays.
    pub sundays: bool,
    /// Whether they may be sent on public holidays; only French ones are known.
    pub holidays: bool,
}

impl Hours {
    /// The first permitted instant that is not before `at`: `at` itself when it is permitted.
    ///
    /// The hours are those of the recipient's country or territory; of one with several time
    /// zones, those that all of them share. Without a region, those of metropolitan France. An
    /// instant at the very end of time is given back as it is.
    pub fn next_open(self, at: Timestamp, region: Option<Region>) -> Timestamp {
        let region = region.unwrap_or(Region::FR);
        let zones = places::zones(region);
        let one = zones.get(..1).unwrap_or_default();
        self.shared(at, zones, region).or_else(|| self.shared(at, one, region)).unwrap_or(at)
    }

    /// The end of the permitted hours in which `at` lies: the first instant after it that is no
    /// longer permitted.
    pub fn closes(self, at: Timestamp, region: Option<Region>) -> Timestamp {
        let closing = |zone: &TimeZone| {
            let day = zone.to_datetime(at).date();
            zone.to_timestamp(day.at(OPEN.end, 0, 0, 0)).ok()
        };
        let zones = places::zones(region.unwrap_or(Region::FR));
        zones.iter().filter_map(closing).filter(|it| *it > at).min().unwrap_or(at)
    }

    /// The first instant from `at` on that is permitted in all zones; `None` if they share none.
    fn shared(self, at: Timestamp, zones: &[TimeZone], region: Region) -> Option<Timestamp> {
        let mut next = at;
        while next.duration_since(at) < LONGEST_WAIT {
            let mut moved = next;
            for zone in zones {
                moved = self.opening(moved, zone, region)?;
            }
            // No zone had to move it: all are open.
            if moved == next {
                return Some(next);
            }
            next = moved;
        }
        None
    }

    /// The first instant from `at` on that is permitted in this zone.
    fn opening(self, at: Timestamp, zone: &TimeZone, region: Region) -> Option<Timestamp> {
        let local = zone.to_datetime(at);
        let (mut day, hour) = (local.date(), local.hour());
        if OPEN.contains(&hour) && self.allows(day, region) {
            return Some(at);
        }
        if hour >= OPEN.start {
            day = day.tomorrow().ok()?;
        }
        while !self.allows(day, region) {
            day = day.tomorrow().ok()?;
        }
        let opening = zone.to_timestamp(day.at(OPEN.start, 0, 0, 0)).ok()?;
        // Clocks that repeat the opening hour would otherwise lead back in time.
        Some(opening.max(at))
    }

    fn allows(self, day: Date, region: Region) -> bool {
        (self.sundays || day.weekday() != Weekday::Sunday)
            && (self.holidays || !holidays::is_holiday(day, region))
    }
}

#[cfg(test)]
mod tests;
