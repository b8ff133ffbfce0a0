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
use super::{BadCharacter, Breaking, Repaired, change, gsm, table};

/// See [`super::repair()`].
pub(super) fn repair(text: &str) -> Result<Repaired<'_>, BadCharacter> {
    let start = gsm::prefix(text);
    if start == text.len() && !table::ends_blank(text) {
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
    let mut walk = Walk::new(text, gsm::prefix(text));
    while let Some(piece) = walk.next_piece() {
        if !walk.replace(piece) {
            walk.keep(piece);
        }
    }
    by_origin(walk.finish().1)
}

/// What becomes of a character within a text; `None` if it is refused.
pub(super) fn alone(c: char) -> Option<String> {
    if table::is_left_out(c) {
        return Some(String::new());
    }
    fold::fold(c.encode_utf8(&mut [0; 4])).map(|it| it.to.into_owned())
}

/// Counts together what neighbours made different: `°` is one entry, be it `o` or `deg`. Line ends
/// and blanks of the alphabet do not stand in its way.
fn by_origin(tally: Tally<'_>) -> Vec<Breaking> {
    let mut list: Vec<Breaking> = Vec::new();
    let mut places = HashMap::new();
    let foreign = tally.into_iter().filter(|it| !super::is_gsm(it.from));
    for Entry { from, to, count, .. } in foreign {
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
