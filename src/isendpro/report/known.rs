//! The columns that a report is expected to have, and the words by which a header names them; the
//! columns and the search for a header ask here.

use std::borrow::Cow;

use super::cell::{fold, is_phone};

/// The known columns and the words that name them, folded, in the order in which they are believed.
const KNOWN: [(&str, &str); 4] = [
    (
        "tel",
        "tel telephone numtel numerotel ntel ntelephone ndetelephone numerodetelephone phone \
         phonenumber msisdn mobile gsm portable cellphone numero number num destinataire recipient \
         dest to",
    ),
    ("statut", "statut status etat state"),
    ("tracker", "tracker"),
    (
        "date",
        "date dateenvoi datedenvoi datedelenvoi dateheure datetime horodatage timestamp senddate \
         sentdate sentat",
    ),
];

/// Longer cells, in bytes, are none of the words, and not worth folding.
const LONGEST: usize = 40;
/// Shorter words are too common as the beginning of others.
const SHORTEST_BEGINNING: usize = 3;

/// Whether a column of this name holds trackers.
pub fn is_for_trackers(name: &str) -> bool {
    fold(name).contains("tracker")
}

/// Whether a cell is a word that names a known column.
pub(super) fn is_known(cell: &str) -> bool {
    if cell.is_empty() || cell.len() > LONGEST {
        return false;
    }
    let folded = fold(cell);
    let mut words = KNOWN.iter().flat_map(|(_, words)| words.split(' '));
    words.any(|word| word == folded)
}

/// The known columns of a header, by number; `rows` are the first ones below it.
pub(super) fn find(header: &[Cow<'_, str>], rows: &[Vec<String>]) -> Vec<(usize, &'static str)> {
    let names: Vec<String> = header.iter().map(|name| fold(name)).collect();
    let column = |(alias, words): (&'static str, &str)| {
        // "Numéro de campagne" begins like a phone number, so the values have a say.
        let fits = |index: &usize| alias != "tel" || looks_like_phones(*index, rows);
        let index = same(&names, words).or_else(|| beginning(&names, words).find(fits));
        index.map(|index| (index, alias))
    };
    KNOWN.into_iter().filter_map(column).collect()
}

/// The first of the words that is a name.
fn same(names: &[String], words: &str) -> Option<usize> {
    let mut words = words.split(' ');
    words.find_map(|word| names.iter().position(|name| name == word))
}

/// The names that begin with one of the words.
fn beginning(names: &[String], words: &str) -> impl Iterator<Item = usize> {
    let words = words.split(' ').filter(|word| word.len() >= SHORTEST_BEGINNING);
    words.flat_map(move |word| {
        let matching = move |index: &usize| names[*index].starts_with(word);
        (0..names.len()).filter(matching)
    })
}

/// Whether most values of a column are phone numbers, or it has none yet.
fn looks_like_phones(index: usize, rows: &[Vec<String>]) -> bool {
    let cells = rows.iter().filter_map(|row| row.get(index));
    let cells: Vec<_> = cells.filter(|cell| !cell.is_empty()).collect();
    let phones = cells.iter().filter(|cell| is_phone(cell)).count();
    cells.is_empty() || phones * 2 > cells.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_folded() {
        for (alias, words) in KNOWN {
            assert_eq!(words.split(' ').next(), Some(alias));
            assert!(words.split(' ').all(|word| fold(word) == word && is_known(word)));
        }
        assert!(is_known("État") && is_known("N° Tél.") && is_known("Date de l'envoi"));
        assert!(!is_known("") && !is_known("ville") && !is_known("statut envoi"));
    }
}
