//! Counts changes: equal ones once, in order of first appearance.

use std::collections::HashMap;

use super::table;

/// Up to so many distinct entries, looking through them is quicker than a hash map, and a text of
/// 100 characters seldom has more.
const FEW: usize = 8;

/// Pieces of a text and what they become, counted.
#[derive(Default)]
pub(super) struct Tally<'a> {
    entries: Vec<Entry<'a>>,
    /// The place of the first entry of each piece, once there are more than a few.
    first: HashMap<&'a str, usize>,
}

/// A piece of the text, what it becomes, and how often.
pub(super) struct Entry<'a> {
    pub(super) from: &'a str,
    /// `None` if it is refused.
    pub(super) to: Option<String>,
    pub(super) count: u32,
    /// The place of the next entry of the same piece: it becomes something else there.
    next: Option<usize>,
}

impl<'a> Tally<'a> {
    /// Counts one more.
    pub(super) fn add(&mut self, from: &'a str, to: Option<&str>) {
        let place = if self.entries.len() <= FEW {
            self.entries.iter().position(|entry| entry.from == from && entry.to.as_deref() == to)
        } else {
            self.look_up(from, to)
        };
        if let Some(place) = place {
            let count = &mut self.entries[place].count;
            *count = count.saturating_add(1);
        } else {
            self.entries.push(Entry { from, to: to.map(str::to_owned), count: 1, next: None });
        }
    }

    /// Leaves out the end of a text, where only blanks and line ends are, and those that something
    /// left out has brought to the end of `out`.
    pub(super) fn drop_end(&mut self, text: &'a str, end: usize, out: &mut String) {
        out.truncate(table::without_end(out).len());
        if end < text.len() {
            self.add(&text[end..], Some(""));
        }
    }

    /// The place of an entry; if it is new, it is linked to the place that it will get.
    fn look_up(&mut self, from: &'a str, to: Option<&str>) -> Option<usize> {
        if self.first.is_empty() {
            self.index();
        }
        let new = self.entries.len();
        let mut place = *self.first.entry(from).or_insert(new);
        while place < new {
            let entry = &mut self.entries[place];
            if entry.to.as_deref() == to {
                return Some(place);
            }
            place = *entry.next.get_or_insert(new);
        }
        None
    }

    /// Indexes the few entries there are, the last first, so that each links to its next.
    fn index(&mut self) {
        for (place, entry) in self.entries.iter_mut().enumerate().rev() {
            entry.next = self.first.insert(entry.from, place);
        }
    }
}

impl<'a> IntoIterator for Tally<'a> {
    type Item = Entry<'a>;
    type IntoIter = std::vec::IntoIter<Entry<'a>>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_entries_are_one_whether_few_or_many() {
        for pieces in [2, FEW, FEW + 1, 200] {
            let names: Vec<String> = (0..pieces).map(|n| n.to_string()).collect();
            let mut tally = Tally::default();
            for to in [Some("a"), None, Some("b"), Some("a"), None] {
                for from in &names {
                    tally.add(from, to);
                }
            }
            let entries: Vec<_> =
                tally.into_iter().map(|entry| (entry.from, entry.to, entry.count)).collect();
            let expected = |to: Option<&str>, count| {
                let to = to.map(str::to_owned);
                names.iter().map(move |from| (from.as_str(), to.clone(), count)).collect::<Vec<_>>()
            };
            let expected = [expected(Some("a"), 2), expected(None, 2), expected(Some("b"), 1)];
            assert_eq!(entries, expected.concat());
        }
    }
}
