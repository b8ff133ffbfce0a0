//! Makes a text fit the GSM alphabet, and tells what stands in its way.
//!
//! A text is gone through once. Stretches of the alphabet are copied as they are; between them
//! stand pieces: a run of characters to leave out, or one character with the marks on it.

mod fold;
mod walk;

use std::borrow::Cow;
use std::collections::HashMap;

use self::walk::Walk;
use super::tally::{Entry, Tally};
use super::{BadCharacter, Breaking, Change, Repaired, gsm};

/// See [`super::repair()`].
pub(super) fn repair(text: &str) -> Result<Repaired<'_>, BadCharacter> {
    let start = gsm::prefix(text);
    if start == text.len() {
        return Ok(Repaired { text: Cow::Borrowed(text), changes: Vec::new() });
    }
    let mut walk = Walk::new(text, start);
    while let Some(piece) = walk.next_piece() {
        if !walk.replace(piece) {
            return Err(BadCharacter::beyond_repair(text, fold::refused_in(text, piece)));
        }
    }
    let (out, tally) = walk.finish();
    Ok(Repaired { text: Cow::Owned(out), changes: tally.into_iter().map(change).collect() })
}

/// See [`super::breaking`].
pub(super) fn breaking(text: &str) -> Vec<Breaking> {
    let start = gsm::prefix(text);
    if start == text.len() {
        return Vec::new();
    }
    let mut walk = Walk::new(text, start);
    while let Some(piece) = walk.next_piece() {
        if !walk.replace(piece) {
            walk.keep(piece);
        }
    }
    by_origin(walk.finish().1)
}

/// What becomes of a character that stands alone; `None` if it is refused.
pub(super) fn alone(c: char) -> Option<String> {
    repair(c.encode_utf8(&mut [0; 4])).ok().map(|repaired| repaired.text.into_owned())
}

fn change(entry: Entry<'_>) -> Change {
    Change { from: entry.from.to_owned(), to: entry.to.unwrap_or_default(), count: entry.count }
}

/// Counts together what neighbours made different: `°` is one entry, be it `o` or `deg`.
fn by_origin(tally: Tally<'_>) -> Vec<Breaking> {
    let mut list: Vec<Breaking> = Vec::new();
    let mut places = HashMap::new();
    for Entry { from, to, count, .. } in tally {
        let place = *places.entry(from).or_insert(list.len());
        match list.get_mut(place) {
            Some(known) => known.count = known.count.saturating_add(count),
            None => list.push(Breaking { text: from.to_owned(), to, count }),
        }
    }
    list
}

#[cfg(test)]
mod tests;
