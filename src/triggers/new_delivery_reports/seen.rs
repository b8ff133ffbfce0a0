//! Which rows are new. Pure: no report, no clock.
//!
//! A run asks again for the last minutes of the run before, since rows may come late. What it has
//! seen of them is remembered row by row, as long as there is room. Where there is not, the sums of
//! groups of rows are: when a row comes late to a group, all of its group come out again, under the
//! same ids. None is ever taken for seen that was not.

use serde::{Deserialize, Serialize};

use crate::triggers::marks;

/// A row, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// Its minute; none if it cannot be told.
    pub minute: Option<i64>,
    /// What tells it from all others.
    pub mark: u64,
}

/// What the last run has seen of what is asked for again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Seen {
    /// Each row.
    Each(#[serde(with = "marks::text")] Vec<u64>),
    /// Each row, in the store.
    Stored,
    /// Groups of rows.
    Sums(Sums),
}

/// The sums of the marks of groups of rows: so many groups of rows without a minute, then as many of
/// each minute from the first on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sums {
    first: i64,
    groups: usize,
    #[serde(with = "marks::text")]
    of_groups: Vec<u64>,
}

/// Where the time that the next run asks for begins, and how many rows there is room for.
#[derive(Debug, Clone, Copy)]
pub struct Next {
    /// Its first minute.
    pub from: i64,
    /// The minute that it is now.
    pub now: i64,
    /// Most rows that are remembered one by one.
    pub room: usize,
}

/// What came of a report.
#[derive(Debug, PartialEq, Eq)]
pub struct Sifted {
    /// Which rows are new.
    pub fresh: Vec<bool>,
    /// What the next run has to know.
    pub seen: Seen,
}

/// Tells the rows that are new.
pub fn sift(was: &Seen, lines: &[Line], next: Next) -> Sifted {
    let mut fresh = was.fresh(lines);
    let comes_again = |it: &&Line| it.minute.is_none_or(|it| it >= next.from);
    let mut kept: Vec<u64> = lines.iter().filter(comes_again).map(|it| it.mark).collect();
    if kept.len() <= next.room {
        kept.sort_unstable();
        return Sifted { fresh, seen: Seen::Each(kept) };
    }
    // Rows still come to the last two minutes: they would bring their groups again each time. The
    // next run sees them whole.
    let end = next.now - 1;
    let waits = |it: &Line| it.minute.is_some_and(|it| it >= end);
    lines.iter().zip(&mut fresh).filter(|it| waits(it.0)).for_each(|it| *it.1 = false);
    let sums = Sums::new(next.from, end, lines);
    Sifted { fresh, seen: Seen::Sums(sums) }
}

impl Seen {
    /// Which of these rows were not there before.
    fn fresh(&self, lines: &[Line]) -> Vec<bool> {
        match self {
            Self::Each(seen) => {
                lines.iter().map(|it| seen.binary_search(&it.mark).is_err()).collect()
            }
            Self::Stored => vec![true; lines.len()],
            Self::Sums(was) => {
                let is =
                    Sums { of_groups: vec![0; was.of_groups.len()], ..was.clone() }.with(lines);
                let differs = |it: &Line| was.sum(it) != is.sum(it) || was.sum(it).is_none();
                lines.iter().map(differs).collect()
            }
        }
    }
}

impl Sums {
    /// The sums of what has no minute, or one from the first and before the end.
    fn new(first: i64, end: i64, lines: &[Line]) -> Self {
        let minutes = usize::try_from(end - first).unwrap_or_default();
        let groups = marks::IN_SNAPSHOT / (minutes + 1).min(marks::IN_SNAPSHOT);
        Self { first, groups, of_groups: vec![0; groups * (minutes + 1)] }.with(lines)
    }

    fn with(mut self, lines: &[Line]) -> Self {
        for line in lines {
            if let Some(sum) = self.place(line).and_then(|it| self.of_groups.get_mut(it)) {
                *sum = (*sum + line.mark) & marks::MOST;
            }
        }
        self
    }

    fn sum(&self, line: &Line) -> Option<u64> {
        self.of_groups.get(self.place(line)?).copied()
    }

    fn place(&self, line: &Line) -> Option<usize> {
        let group = usize::try_from(line.mark).ok()?.checked_rem(self.groups)?;
        let minute = match line.minute {
            Some(minute) => 1 + usize::try_from(minute.checked_sub(self.first)?).ok()?,
            None => 0,
        };
        minute.checked_mul(self.groups)?.checked_add(group)
    }
}
