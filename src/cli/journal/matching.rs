//! What a report proves of what is in doubt. Pure: no journal, no file, no clock.
//!
//! The columns of iSendPro's report are not public, so cells are recognised by what they hold. What
//! a report does not hold proves nothing.

use std::collections::{BTreeSet, HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use crate::actions::is_for_trackers;
use crate::component::{NumberHash, tracker};
use crate::journal::{Entry, State};
use crate::sms::moment::moments;
use crate::sms::number;
use crate::sms::region::Region;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

/// By how much a row may be older than the claim that it is to prove: clocks differ.
const MARGIN: SignedDuration = SignedDuration::from_mins(15);
/// The same for a tracker of ours. It is long enough for a report in any time zone, and too short
/// for an earlier life of the same message, of which the journal was made to forget.
const AN_EARLIER_LIFE: SignedDuration = SignedDuration::from_hours(24);
/// Least characters of a user's tracker that is recognised in a table without a column for trackers.
const TELLING: usize = 6;

/// A row of a report.
pub type Row = Map<String, Value>;

/// What is in doubt, while a report goes by.
pub struct Doubts {
    entries: Vec<Doubt>,
    /// Places in `entries` by our trackers.
    ours: HashMap<String, usize>,
    /// What was sent with a tracker of the user's, by tracker and number.
    theirs: HashMap<String, HashMap<NumberHash, Group>>,
    /// Whether the table has a column for trackers.
    named: bool,
    /// Whether it names trackers at all: in that column, or ours or a known one in any.
    names_trackers: bool,
    rows: u64,
    untimed: u64,
}

/// An entry that is in doubt.
struct Doubt {
    entry: Entry,
    /// Whether a row has its own tracker.
    seen: bool,
}

/// All that was or may have been sent with one tracker of the user's to one number.
#[derive(Default)]
struct Group {
    /// How many rows all of it can lead to.
    capacity: usize,
    /// When rows with this tracker and number say that they were sent. Those of one moment count
    /// once: a report may have a row for each part.
    moments: BTreeSet<Timestamp>,
}

/// What a report proves.
#[derive(Debug)]
pub struct Findings {
    /// What was sent.
    pub sent: Vec<Entry>,
    /// What is still in doubt.
    pub unknown: Vec<Entry>,
    /// How many rows the report has.
    pub rows: u64,
    /// How many rows have a tracker of the user's and its number, but no time that can be read.
    pub untimed: u64,
    /// Whether the report names trackers, as far as its rows show; if not, it proves nothing.
    pub names_trackers: bool,
}

impl Doubts {
    /// These entries are in doubt.
    pub fn new(entries: Vec<Entry>) -> Self {
        let mut doubts = Self {
            entries: Vec::with_capacity(entries.len()),
            ours: HashMap::new(),
            theirs: HashMap::new(),
            named: false,
            names_trackers: false,
            rows: 0,
            untimed: 0,
        };
        for (place, entry) in entries.into_iter().enumerate() {
            let own = tracker(entry.message, entry.slot);
            if let (Some(its), Some(number)) = (&entry.tracker, entry.number)
                && *its != own
            {
                doubts.theirs.entry(its.clone()).or_default().entry(number).or_default();
            }
            doubts.ours.insert(own, place);
            doubts.entries.push(Doubt { entry, seen: false });
        }
        doubts
    }

    /// The trackers that the findings rest on.
    pub fn trackers(&self) -> HashSet<String> {
        let seen = self.ours.iter().filter(|it| self.entries.get(*it.1).is_some_and(|it| it.seen));
        seen.map(|it| it.0).chain(self.theirs.keys()).cloned().collect()
    }

    /// Looks at a row. `hash` is the journal's hash of a number.
    pub fn see(&mut self, row: &Row, hash: impl Fn(&str) -> Option<NumberHash>) {
        self.rows += 1;
        self.names_trackers |=
            row.keys().any(|it| is_for_trackers(it)) || cells(row).any(is_like_ours);
        self.see_ours(row);
        if !self.theirs.is_empty() {
            self.see_theirs(row, hash);
        }
    }

    fn see_ours(&mut self, row: &Row) {
        for cell in cells(row) {
            if let Some(doubt) = self.ours.get(cell).and_then(|it| self.entries.get_mut(*it)) {
                let newest = moments(cells(row)).max();
                doubt.seen |= newest.is_none_or(|it| it >= doubt.entry.at - AN_EARLIER_LIFE);
            }
        }
    }

    fn see_theirs(&mut self, row: &Row, hash: impl Fn(&str) -> Option<NumberHash>) {
        if !self.named && row.keys().any(|it| is_for_trackers(it)) {
            self.named = true;
            // Earlier rows were too short to show that there is such a column.
            self.theirs
                .values_mut()
                .flat_map(HashMap::values_mut)
                .for_each(|it| it.moments.clear());
        }
        let named = self.named;
        let trackers: HashSet<&str> = row
            .iter()
            .filter(|(name, _)| !named || is_for_trackers(name))
            .filter_map(|(_, cell)| cell.as_str().map(str::trim))
            .filter(|it| named || is_telling(it))
            .collect();
        for tracker in trackers {
            let Some(groups) = self.theirs.get_mut(tracker) else { continue };
            self.names_trackers = true;
            for number in numbers(row, &hash) {
                let Some(group) = groups.get_mut(&number) else { continue };
                // The oldest: none of the row may be older than the claim.
                match moments(cells(row)).min() {
                    Some(moment) => drop(group.moments.insert(moment)),
                    None => self.untimed += 1,
                }
            }
        }
    }

    /// What the report proves, once all of it has gone by. `same` are all entries of the journal with
    /// one of the [trackers](Self::trackers), in doubt or not: each can explain a row.
    pub fn findings(mut self, same: &[Entry]) -> Findings {
        same.iter().filter(|it| it.state != State::Refused).for_each(|it| self.weigh(it));
        let doubts = std::mem::take(&mut self.entries);
        let (sent, unknown): (Vec<_>, Vec<_>) =
            doubts.into_iter().partition(|it| it.seen || self.is_counted(&it.entry));
        let entries = |them: Vec<Doubt>| them.into_iter().map(|it| it.entry).collect();
        let Self { rows, untimed, names_trackers, .. } = self;
        let (sent, unknown) = (entries(sent), entries(unknown));
        Findings { sent, unknown, rows, untimed, names_trackers }
    }

    fn weigh(&mut self, entry: &Entry) {
        let Some(tracker) = &entry.tracker else { return };
        let ours = self.ours.get(tracker).and_then(|it| self.entries.get_mut(*it));
        if let Some(doubt) = ours {
            // Somebody copied our tracker into another message: the row may be of that.
            let same = (doubt.entry.message, doubt.entry.slot) == (entry.message, entry.slot);
            doubt.seen &= same;
        }
        let groups = self.theirs.get_mut(tracker);
        let group = groups.zip(entry.number).and_then(|(groups, number)| groups.get_mut(&number));
        if let Some(group) = group {
            group.capacity += most_rows(entry);
        }
    }

    /// Whether there are more rows than all else with this tracker and number can explain.
    fn is_counted(&self, entry: &Entry) -> bool {
        let groups = entry.tracker.as_ref().and_then(|it| self.theirs.get(it));
        let group = groups.zip(entry.number).and_then(|(groups, number)| groups.get(&number));
        group.is_some_and(|group| {
            let rows = group.moments.range(entry.at - MARGIN..).count();
            rows > group.capacity.saturating_sub(most_rows(entry))
        })
    }
}

/// How many rows an entry can lead to: what was sent again has two.
fn most_rows(entry: &Entry) -> usize {
    1 + usize::from(entry.resent)
}

/// The cells of a row that hold text.
fn cells(row: &Row) -> impl Iterator<Item = &str> + Clone {
    row.values().filter_map(Value::as_str).map(str::trim)
}

/// Whether a cell has the form of the trackers that are derived here.
fn is_like_ours(cell: &str) -> bool {
    cell.len() == 32 && cell.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether a cell like this is hardly anything but a tracker: no count, code, word, number or date.
fn is_telling(cell: &str) -> bool {
    cell.len() >= TELLING
        && cell.bytes().any(|it| it.is_ascii_digit())
        && cell.bytes().any(|it| it.is_ascii_alphabetic())
}

/// The numbers of a row, outside of its trackers.
fn numbers(row: &Row, hash: impl Fn(&str) -> Option<NumberHash>) -> HashSet<NumberHash> {
    let cells = row.iter().filter(|(name, _)| !is_for_trackers(name));
    let cells = cells.filter_map(|(_, cell)| cell.as_str());
    cells.filter_map(called).filter_map(|it| hash(&it)).collect()
}

/// The number that a cell holds, as it is called; none if it may be one of two.
fn called(cell: &str) -> Option<String> {
    let tel = number::read(cell, Region::FR).ok()?.tel;
    match number::read(&format!("+{}", cell.trim()), Region::FR) {
        Ok(abroad) if abroad.tel != tel => None,
        _ => Some(tel),
    }
}
