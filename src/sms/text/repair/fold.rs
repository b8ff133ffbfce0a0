//! What a single character, with the marks on it, becomes.

use std::borrow::Cow;

use icu_normalizer::DecomposingNormalizerBorrowed;
use icu_normalizer::properties::CanonicalCompositionBorrowed;

use super::walk::Piece;
use crate::sms::text::gsm;
use crate::sms::text::table::{self, Manner};

/// What stands for a character in the GSM alphabet.
pub(super) struct Fold {
    pub(super) to: Cow<'static, str>,
    pub(super) manner: Manner,
}

/// What a character becomes, with its marks; `None` if it is refused.
pub(super) fn fold(piece: &str) -> Option<Fold> {
    let piece = piece.trim_end_matches(table::is_variation_selector);
    if let Some(c) = compose(piece) {
        return fold_character(c);
    }
    let to = Cow::Owned(decompose(piece.chars())?);
    Some(Fold { to, manner: Manner::Plain })
}

/// The byte position of the first character of a refused piece that is refused by itself.
pub(super) fn refused_in(text: &str, piece: Piece) -> usize {
    let is_refused = |c: char| {
        gsm::septets(c).is_none() && !table::is_left_out(c) && fold_character(c).is_none()
    };
    piece.start + text[piece.start..piece.end].find(is_refused).unwrap_or(0)
}

fn fold_character(c: char) -> Option<Fold> {
    let to = match table::replacement(c) {
        Some(text) => Cow::Borrowed(text),
        None if gsm::septets(c).is_some() => Cow::Owned(c.to_string()),
        None => Cow::Owned(decompose(std::iter::once(c))?),
    };
    Some(Fold { to, manner: table::manner(c) })
}

/// The one character that a character and its marks are, if there is one.
fn compose(piece: &str) -> Option<char> {
    let mut characters = piece.chars();
    let base = characters.next()?;
    characters.try_fold(base, |c, mark| CanonicalCompositionBorrowed::new().compose(c, mark))
}

/// Takes characters apart and keeps of them what the alphabet has: letters without their accents,
/// but for the first accent with which the alphabet has the letter.
fn decompose(characters: impl Iterator<Item = char>) -> Option<String> {
    let mut text = String::new();
    for c in DecomposingNormalizerBorrowed::new_nfkd().normalize_iter(characters) {
        if gsm::septets(c).is_some() {
            text.push(c);
        } else if table::is_accent(c) {
            accent(&mut text, c);
        } else if let Some(replacement) = table::replacement(c) {
            text.push_str(replacement);
        } else {
            return None;
        }
    }
    Some(text)
}

/// Puts an accent on the last letter, if the alphabet has such a letter.
fn accent(text: &mut String, accent: char) {
    let Some(letter) = text.pop() else { return };
    let accented = CanonicalCompositionBorrowed::new().compose(letter, accent);
    text.push(accented.filter(|c| gsm::septets(*c).is_some()).unwrap_or(letter));
}
