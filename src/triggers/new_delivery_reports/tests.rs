//! Runs at any time, over reports whose rows come at any time.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::json;

use super::seen::{Line, Next, Seen, Sifted, sift};
use super::window::{OVERLAP, Window, minute};
use super::{Snapshot, marks, snapshot};
use crate::isendpro::report::Row;
use crate::sms::schedule::paris;

/// The length of YYYY-MM-DD hh:mm.
const FORM_LENGTH: usize = 16;

/// A row: when it was sent, when the report has it, and what tells it from others.
#[derive(Debug, Clone)]
struct Sent {
    at: Timestamp,
    /// Its time on French clocks, to the second.
    text: String,
    appears: Timestamp,
    mark: u64,
}

impl Sent {
    fn new(start: Timestamp, second: i64, late: i64, mark: u64) -> Self {
        let at = start + SignedDuration::from_secs(second);
        let text = at.to_zoned(paris()).strftime("%Y-%m-%d %H:%M:%S").to_string();
        Self { at, text, appears: at + SignedDuration::from_secs(late), mark }
    }
}

/// A trigger that is run again and again.
struct Runs {
    was: Option<(Timestamp, Seen)>,
    room: usize,
    out: BTreeMap<u64, usize>,
}

impl Runs {
    fn new(room: usize) -> Self {
        Self { was: None, room, out: BTreeMap::new() }
    }

    /// Asks as the API is asked, by times of French clocks.
    fn run(&mut self, report: &[Sent], now: Timestamp) {
        let back = SignedDuration::from_hours(24);
        let (window, seen) = match self.was.take() {
            Some((until, seen)) => (Window::since(until, back, now), seen),
            None => (Window::first(back, now), Seen::Each(Vec::new())),
        };
        let request = window.request();
        assert!(request.date_deb <= request.date_fin, "{request:?}");
        let asked = |it: &&Sent| {
            let minute = &it.text[..FORM_LENGTH];
            it.appears <= now && minute >= &*request.date_deb && minute <= &*request.date_fin
        };
        let lines: Vec<Line> = report
            .iter()
            .filter(asked)
            .map(|it| {
                let row = Row::from_iter([("date".to_owned(), it.text.as_str().into())]);
                Line { minute: window.minute_of(&row), mark: it.mark }
            })
            .collect();
        let next = Next { from: window.again_from(), now: window.to(), room: self.room };
        let Sifted { fresh, seen } = sift(&seen, &lines, next);
        for (line, _) in lines.iter().zip(fresh).filter(|it| it.1) {
            *self.out.entry(line.mark).or_default() += 1;
        }
        self.was = Some((now, seen));
    }
}

fn start() -> Timestamp {
    "2026-07-14T08:00:00Z".parse().unwrap()
}

/// Rows of two hours, none of which comes later than is asked for again, and runs in between.
fn sends_and_runs() -> impl Strategy<Value = (Vec<(i64, i64)>, Vec<i64>)> {
    let late = prop_oneof![Just(0), 0..=OVERLAP.as_secs()];
    let sends = prop::collection::vec((0..7200_i64, late), 0..150);
    let runs = prop::collection::vec(0..9000_i64, 1..60);
    (sends, runs)
}

fn played(sends: &[(i64, i64)], runs: &[i64], room: usize) -> Runs {
    let marks = 1_u64..;
    let mut rows: Vec<Sent> = sends
        .iter()
        .zip(marks)
        .map(|((at, late), mark)| Sent::new(start(), *at, *late, mark * 1_000_003))
        .collect();
    rows.sort_by_key(|it| it.at);
    let mut times = runs.to_vec();
    times.sort_unstable();
    let mut played = Runs::new(room);
    for second in times.into_iter().chain([9000, 9900]) {
        played.run(&rows, start() + SignedDuration::from_secs(second));
    }
    played
}

proptest! {
    #[test]
    fn no_row_is_missed_and_none_comes_twice((sends, runs) in sends_and_runs()) {
        let played = played(&sends, &runs, marks::IN_SNAPSHOT);
        prop_assert_eq!(played.out.len(), sends.len());
        prop_assert!(played.out.values().all(|it| *it == 1), "{:?}", played.out);
    }

    #[test]
    fn no_row_is_missed_where_there_is_no_room_for_each((sends, runs) in sends_and_runs()) {
        let played = played(&sends, &runs, 5);
        prop_assert_eq!(played.out.len(), sends.len());
    }
}

/// The last week of October, in which French clocks are put back: the hour that comes twice is the
/// only one whose rows may come out twice.
#[test]
fn a_week_asked_for_every_minute_comes_once() {
    let start: Timestamp = "2026-10-19T00:00:00Z".parse().unwrap();
    let second = |number: u64| i64::try_from(number * 7919 % 604_800).unwrap();
    let mut rows: Vec<Sent> = (0..20_000)
        .map(|it| Sent::new(start, second(it), second(it * 31) % OVERLAP.as_secs(), it * 104_729))
        .collect();
    rows.sort_by_key(|it| it.at);
    let mut runs = Runs::new(marks::IN_SNAPSHOT);
    let (mut begin, mut end) = (0, 0);
    for number in 0..=7 * 24 * 60 + 15 {
        let now = start + SignedDuration::from_mins(number);
        while rows.get(end).is_some_and(|it| it.at <= now) {
            end += 1;
        }
        while rows[begin].at < now - SignedDuration::from_mins(150) {
            begin += 1;
        }
        runs.run(&rows[begin..end], now);
    }
    let twice = |it: &&Sent| runs.out[&it.mark] > 1;
    assert_eq!(runs.out.len(), rows.len(), "a row was missed");
    assert!(rows.iter().filter(twice).all(|it| it.text.starts_with("2026-10-25 02:")));
    assert!(rows.iter().filter(twice).all(|it| runs.out[&it.mark] == 2));
}

#[test]
fn a_row_that_comes_late_to_a_crowd_brings_few_others() {
    let crowd: Vec<Sent> = (0..60_000)
        .map(|it| {
            Sent::new(start(), 600 + it / 100, 0, marks::MOST / 60_000 * it.unsigned_abs() + 7)
        })
        .collect();
    let mut runs = Runs::new(marks::IN_SNAPSHOT);
    let at = |second| start() + SignedDuration::from_secs(second);
    runs.run(&crowd, at(1200));
    assert!(runs.out.len() < crowd.len(), "the last minutes wait");
    runs.run(&crowd, at(1260));
    runs.run(&crowd, at(1320));
    assert_eq!(runs.out.len(), crowd.len());
    assert!(runs.out.values().all(|it| *it == 1));
    let late = Sent { appears: at(1320), ..Sent::new(start(), 1000, 0, 12_345) };
    let report: Vec<Sent> = crowd.into_iter().chain([late.clone()]).collect();
    runs.run(&report, at(1380));
    assert_eq!(runs.out[&late.mark], 1);
    let again = runs.out.values().filter(|it| **it > 1).count();
    assert!((1..1000).contains(&again), "{again} of 60000 again");
}

#[test]
fn a_clock_that_is_put_back_leaves_no_gap() {
    let rows = [Sent::new(start(), 60, 0, 1), Sent::new(start(), 700, 0, 2)];
    let mut runs = Runs::new(marks::IN_SNAPSHOT);
    runs.run(&rows[..1], start() + SignedDuration::from_hours(30));
    runs.run(&rows, start() + SignedDuration::from_secs(600));
    runs.run(&rows, start() + SignedDuration::from_secs(800));
    assert!(runs.out.contains_key(&2), "{:?}", runs.out);
}

/// When the last run really was, nobody knows: an hour ago here, by a clock two hours ahead.
#[test]
fn what_came_since_a_run_by_a_clock_that_was_ahead_comes_out() {
    let after = |minutes| start() + SignedDuration::from_mins(minutes);
    let rows = [Sent::new(start(), 60, 0, 1), Sent::new(start(), 20 * 60, 0, 2)];
    for room in [marks::IN_SNAPSHOT, 0] {
        let mut runs = Runs::new(room);
        runs.run(&rows[..1], after(2));
        runs.run(&rows[..1], after(123));
        runs.run(&rows, after(63));
        runs.run(&rows, after(66));
        assert_eq!(runs.out[&2], 1, "{:?}", runs.out);
    }
}

#[test]
fn whatever_was_seen_fits_into_a_snapshot() {
    let lines: Vec<Line> = (0..100_000)
        .map(|it: u64| Line {
            minute: Some(minute(start()) + i64::try_from(it % 11).unwrap()),
            mark: (it * 2_654_435_761) & marks::MOST,
        })
        .collect();
    let now = minute(start()) + 10;
    for (count, room) in [(550, 550), (551, 550), (100_000, 550)] {
        let next = Next { from: minute(start()), now, room };
        let seen = sift(&Seen::Each(Vec::new()), &lines[..count], next).seen;
        let columns = Some("0123456789abcdef".to_owned());
        let until = "2026-07-14T08:00:00.123456789Z".parse().unwrap();
        let written = snapshot::write(&Snapshot { until, columns, seen: seen.clone() }).unwrap();
        let read: Snapshot = snapshot::read(&written).unwrap().unwrap();
        assert_eq!((read.seen, read.until), (seen, until));
    }
}

#[test]
fn a_snapshot_of_another_version_is_refused_and_told() {
    for (snapshot, words) in [
        (json!({"version": 2, "until": "2026-07-14T08:00:00Z"}), "is of version 2"),
        (json!({"last": 3}), "is none of this trigger"),
        (json!({"version": 1, "until": "yesterday"}), "damaged"),
    ] {
        let error = snapshot::read::<Snapshot>(&snapshot).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        assert!(!error.retryable());
    }
    assert!(snapshot::read::<Snapshot>(&json!({})).unwrap().is_none());
}
