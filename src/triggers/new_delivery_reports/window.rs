//! The time that a run asks the report for, and where in it a row stands.

use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

use crate::isendpro::report::Row;
use crate::isendpro::request::Campagne;
use crate::sms::moment::moments;
use crate::sms::schedule::{FORM, paris};

/// How much of the time before is asked for again: rows may come late.
pub const OVERLAP: SignedDuration = SignedDuration::from_mins(10);

/// How far back to ask, at least, when it is not known when the last run was.
const UNKNOWN: SignedDuration = SignedDuration::from_hours(24);

/// A time, in whole minutes: the first and the last of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    from: i64,
    to: i64,
}

impl Window {
    /// What to ask for now, if it was asked for until then; so far back, if that is still to come. By
    /// a clock that was ahead, nobody knows when the last run was.
    pub fn since(last: Timestamp, back: SignedDuration, now: Timestamp) -> Self {
        let last = if last > now { now - back.max(UNKNOWN) } else { last };
        Self { from: minute(last - OVERLAP), to: minute(now) }
    }

    /// What to ask for at first.
    pub fn first(back: SignedDuration, now: Timestamp) -> Self {
        Self { from: minute(now - back), to: minute(now) }
    }

    /// Its last minute.
    pub const fn to(self) -> i64 {
        self.to
    }

    /// The first minute that the next run will ask for again.
    pub fn again_from(self) -> i64 {
        self.to - OVERLAP.as_mins()
    }

    /// The request for it, in French time. In the hour that the clocks repeat, a time has two
    /// meanings: then more is asked for, never less.
    pub fn request(self) -> Campagne {
        Campagne::new(text(self.from, false), text(self.to, true))
    }

    /// The minute of a row: that of its first time that lies in here.
    pub fn minute_of(self, row: &Row) -> Option<i64> {
        let cells = row.values().filter_map(serde_json::Value::as_str);
        moments(cells).map(minute).find(|it| (self.from..=self.to).contains(it))
    }
}

/// The minute of an instant, counted from 1970.
pub fn minute(at: Timestamp) -> i64 {
    at.as_second().div_euclid(60)
}

fn text(minute: i64, end: bool) -> String {
    let at = Timestamp::from_second(minute * 60).unwrap_or_default();
    let civil = at.to_zoned(paris()).datetime();
    let civil =
        if paris().to_ambiguous_zoned(civil).is_ambiguous() { hour(civil, end) } else { civil };
    civil.strftime(FORM).to_string()
}

/// The beginning or the end of the hour.
fn hour(civil: DateTime, end: bool) -> DateTime {
    let start = civil.date().at(civil.hour(), 0, 0, 0);
    if end { start.checked_add(1.hour()).unwrap_or(start) } else { start }
}
