//! Looks at the first rows to tell the separator, and whether there is a header; opening a report
//! asks here.

use std::collections::HashSet;

use super::Limits;
use super::cell::{is_date, is_phone, is_word};
use super::known::is_known;
use super::records::Records;
use super::text::{Charset, Replay};

/// Rows that are looked at.
const ROWS: usize = 100;
/// The possible separators; between equals, the earlier wins.
const SEPARATORS: [u8; 4] = *b";,\t|";

/// The first rows of a table.
#[derive(Debug)]
pub(super) struct Sample {
    pub(super) separator: Option<u8>,
    pub(super) rows: Vec<Vec<String>>,
}

/// A separator that could be the one, and what speaks for it.
struct Candidate {
    separator: u8,
    rows: Vec<Vec<String>>,
    /// Rows that have as many columns as most rows have.
    agreeing: usize,
    columns: usize,
    recognised: usize,
}

/// Reads the first rows with the separator that fits best: one of those that cut nearly all rows
/// alike, and among these the one that leaves most phone numbers, dates and known names whole. A
/// text full of commas may be as regular as the true separator, but it breaks the cells beside it.
/// One that the table has `named` is the one.
pub(super) fn take(
    stream: &Replay,
    charset: Charset,
    named: Option<u8>,
    limits: &Limits,
) -> Sample {
    let read = |separator| first_rows(stream, separator, charset, limits);
    if named.is_some() {
        return Sample { separator: named, rows: read(named) };
    }
    let counts = count(stream.head(), stream.ended());
    let mut candidates = Vec::new();
    for (index, separator) in SEPARATORS.into_iter().enumerate() {
        let (columns, agreeing) = most_common(counts.iter().map(|row| row[index] + 1));
        if columns > 1 && agreeing * 2 >= counts.len() {
            let rows = read(Some(separator));
            candidates.push(Candidate {
                separator,
                agreeing,
                columns,
                recognised: rows.iter().flatten().filter(|cell| is_recognised(cell)).count(),
                rows,
            });
        }
    }
    let most = candidates.iter().map(|candidate| candidate.agreeing).max();
    let most = most.unwrap_or(0);
    let best = candidates
        .into_iter()
        .rev()
        .filter(|candidate| candidate.agreeing + 1 + most / 10 >= most)
        .max_by_key(|candidate| (candidate.recognised, candidate.agreeing, candidate.columns));
    match best {
        Some(Candidate { separator, rows, .. }) => Sample { separator: Some(separator), rows },
        None => Sample { separator: None, rows: read(None) },
    }
}

impl Sample {
    /// Whether the first row names the columns.
    pub(super) fn has_header(&self) -> bool {
        let Some((first, others)) = self.rows.split_first() else {
            return false;
        };
        // A separator at the end of the line is no column without a name.
        let named = first.iter().rposition(|cell| !cell.is_empty());
        let cells = &first[..named.map_or(0, |last| last + 1)];
        if cells.is_empty() || cells.iter().any(|cell| is_phone(cell) || is_date(cell)) {
            return false;
        }
        if cells.iter().any(|cell| is_known(cell)) {
            return true;
        }
        let mut seen = HashSet::new();
        let distinct = cells.iter().all(|cell| is_word(cell) && seen.insert(cell.to_lowercase()));
        // "OK" above "OK" is a value.
        let comes_back = |(column, cell): (usize, &String)| {
            let mut others = others.iter().filter(|row| *row != first);
            others.any(|row| row.get(column) == Some(cell))
        };
        distinct && !cells.iter().enumerate().any(comes_back)
    }
}

fn is_recognised(cell: &str) -> bool {
    is_phone(cell) || is_date(cell) || is_known(cell)
}

/// The first rows, without one that the end of the head may have cut (unless it is all there is).
fn first_rows(
    stream: &Replay,
    separator: Option<u8>,
    charset: Charset,
    limits: &Limits,
) -> Vec<Vec<String>> {
    let head = stream.head();
    let mut records = Records::new(head, separator, 0, *limits);
    let mut rows: Vec<Vec<String>> = Vec::new();
    while rows.len() < ROWS {
        let Ok(Some(record)) = records.next() else {
            break;
        };
        let row = record.iter().map(|cell| charset.text(cell).into_owned()).collect();
        let cut = !stream.ended() && records.offset() >= head.len() as u64;
        if cut && !rows.is_empty() {
            break;
        }
        rows.push(row);
    }
    rows
}

/// How often each separator stands in each row, outside quotes. A quote opens only at the start of
/// a cell; which separator starts cells is not known yet, so any of them may.
fn count(head: &[u8], ended: bool) -> Vec<[usize; 4]> {
    let mut rows = Vec::new();
    let mut row = [0; 4];
    let (mut quoted, mut at_start, mut blank) = (false, true, true);
    for byte in head {
        if quoted {
            // A doubled quote closes and opens again.
            quoted = *byte != b'"';
            at_start = !quoted;
            continue;
        }
        let separator = SEPARATORS.iter().position(|candidate| candidate == byte);
        if let Some(separator) = separator {
            row[separator] += 1;
        }
        if matches!(byte, b'\n' | b'\r') {
            if !blank {
                rows.push(std::mem::take(&mut row));
            }
            if rows.len() == ROWS {
                return rows;
            }
            (at_start, blank) = (true, true);
            continue;
        }
        quoted = *byte == b'"' && at_start;
        at_start = separator.is_some();
        blank = false;
    }
    let whole = ended && !quoted;
    if !blank && (whole || rows.is_empty()) {
        rows.push(row);
    }
    rows
}

/// The most common number and how often it comes; the larger of two as common.
fn most_common(numbers: impl Iterator<Item = usize>) -> (usize, usize) {
    let mut sorted: Vec<usize> = numbers.collect();
    sorted.sort_unstable();
    sorted
        .chunk_by(|left, right| left == right)
        .map(|same| (same[0], same.len()))
        .max_by_key(|(_, times)| *times)
        .unwrap_or((0, 0))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn sample(table: &str) -> Sample {
        let stream = Replay::new(Box::new(Cursor::new(table.as_bytes().to_vec())));
        take(&stream, Charset::Utf8, None, &Limits::default())
    }

    #[test]
    fn separators() {
        for (table, separator) in [
            ("tel;statut\n33680010203;OK\n", Some(b';')),
            ("tel,statut\r\n33680010203,OK\r\n", Some(b',')),
            ("tel\tstatut\r33680010203\tOK", Some(b'\t')),
            ("tel|statut\n33680010203|OK\n", Some(b'|')),
            ("tel\n33680010203\n", None),
            ("33680010203", None),
            ("", None),
            // Inside quotes nothing separates.
            ("tel;texte\n33680010203;\"a,b,c\"\n33680010204;\"a,b\n,c\"\n", Some(b';')),
            ("\"a;b\",\"c;\"\"d\"\n\"e;f\",\"g;h\"\n", Some(b',')),
            // As regular as the true one, but it breaks the cells beside it.
            ("33680010203;Bonjour, Anne, oui\n", Some(b';')),
            ("33680010203,Bonjour; STOP au 36180,12\n", Some(b',')),
            ("33680010203;0,05\n33680010204;0,05\n33680010205;0,06;x\n", Some(b';')),
            // An uneven row does not matter, uneven prose is no table.
            ("a;b;c\n1;2\n1;2;3\n1;2;3;4\n1;2;3\n", Some(b';')),
            ("message\nun, deux, trois\nrien\nun, deux\nrien\n", None),
        ] {
            assert_eq!(sample(table).separator, separator, "{table}");
        }
    }

    #[test]
    fn headers() {
        for (table, header) in [
            ("tel;statut\n33680010203;OK", true),
            ("tel;statut", true),
            ("Nom;Ville\nAnne;Lyon", true),
            ("tel;date;date;;statut\n1;2;3;4;5", true),
            ("Nom;Ville;\nAnne;Lyon;", true),
            ("numero\n33680010203", true),
            ("Имя;Город\nАнна;Лион", true),
            ("33680010203\n33680010204", false),
            ("33680010203", false),
            ("33680010203;statut", false),
            ("2024-01-31;OK;Anne", false),
            ("Anne;OK\nPaul;OK", false),
            ("Anne;12\nPaul;13", false),
            ("Nom;Nom\nAnne;Lyon", false),
            ("Nom;;Ville\nAnne;;Lyon", false),
            ("Nom;Ville\nNom;Ville\nAnne;Lyon", true),
            ("", false),
        ] {
            assert_eq!(sample(table).has_header(), header, "{table}");
        }
    }
}
