//! Cuts lines into cells, and tells where a quote is out of place; the records are cut here.

use csv::ByteRecord;

use super::cell::{is_date, is_phone};

/// How a line was cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// The record ends with it.
    Whole,
    /// A cell in quotes goes on in the next line.
    Open,
    /// A cell in quotes goes on behind the quote that should end it.
    Stray,
}

/// Cuts the lines of one record by the rule for quotes.
pub(super) struct Cutter {
    separator: u8,
    /// Whether it stands in a cell in quotes.
    quoted: bool,
    cell: Vec<u8>,
    /// Whether cells were in quotes, and whether others had one in them.
    seen: (bool, bool),
}

impl Cutter {
    pub(super) fn new(separator: u8) -> Self {
        Self { separator, quoted: false, cell: Vec::new(), seen: (false, false) }
    }

    /// Whether some cells are in quotes, and others hold one: whoever puts cells into quotes does so
    /// with those, so the quotes may be those of a text.
    pub(super) fn is_mixed(&self) -> bool {
        self.seen == (true, true)
    }

    /// Cuts a line; one that follows has the end of the line before it at its start.
    pub(super) fn cut(&mut self, mut line: &[u8], record: &mut ByteRecord) -> Cut {
        loop {
            if !self.quoted {
                if let Some(quoted) = line.strip_prefix(b"\"") {
                    (self.quoted, self.seen.0) = (true, true);
                    line = quoted;
                    continue;
                }
                let cut = cut_at(line, self.separator);
                let cell = cut.map_or(line, |it| it.0);
                self.seen.1 |= cell.contains(&b'"');
                record.push_field(cell);
                let Some((_, rest)) = cut else { return Cut::Whole };
                line = rest;
                continue;
            }
            let Some((text, rest)) = cut_at(line, b'"') else {
                self.cell.extend_from_slice(line);
                return Cut::Open;
            };
            self.cell.extend_from_slice(text);
            if let Some(rest) = rest.strip_prefix(b"\"") {
                self.cell.push(b'"');
                line = rest;
                continue;
            }
            let is_blank = |it: &u8| *it != self.separator && b" \t".contains(it);
            let rest = &rest[rest.iter().take_while(|it| is_blank(it)).count()..];
            if rest.first().is_some_and(|it| *it != self.separator) {
                return Cut::Stray;
            }
            record.push_field(&self.cell);
            self.cell.clear();
            self.quoted = false;
            match rest.split_first() {
                Some((_, rest)) => line = rest,
                None => return Cut::Whole,
            }
        }
    }
}

/// What stands before and behind the first of these bytes.
fn cut_at(line: &[u8], byte: u8) -> Option<(&[u8], &[u8])> {
    let at = line.iter().position(|it| *it == byte)?;
    Some((&line[..at], &line[at + 1..]))
}

/// The cells of a line by a program that puts cells into quotes and doubles none: a quote ends its
/// cell before a separator, and at the end. `None` if the line is not of such a program.
pub(super) fn undoubled(line: &[u8], separator: u8) -> Option<Vec<&[u8]>> {
    let mut cells = Vec::new();
    let mut rest = Some(line);
    while let Some(line) = rest {
        let (cell, after) = if let Some(quoted) = line.strip_prefix(b"\"") {
            let ends = |at: &usize| {
                quoted[*at] == b'"' && quoted.get(at + 1).is_none_or(|it| *it == separator)
            };
            let end = (0..quoted.len()).find(ends)?;
            (&quoted[..end], quoted.get(end + 2..).filter(|_| end + 1 < quoted.len()))
        } else {
            cut_at(line, separator).map_or((line, None), |(cell, after)| (cell, Some(after)))
        };
        if !line.starts_with(b"\"") && cell.contains(&b'"') {
            return None;
        }
        cells.push(cell);
        rest = after;
    }
    Some(cells)
}

/// Whether the first and the last line of a record look like rows, so that its quotes have taken in
/// what was not theirs: cut at each separator, quoted or not, neither has fewer cells than the
/// record; where both have something in a column, it is a number in both, or a date, or neither; and
/// there is such a column.
pub(super) fn takes_in_a_row(record: &[u8], separator: u8, cells: usize) -> bool {
    let mut lines = record.split(|it| is_line_end(*it)).filter(|it| !it.is_empty());
    let kinds = |line: &[u8]| line.split(|it| *it == separator).map(Kind::of).collect::<Vec<_>>();
    let (Some(first), Some(last)) = (lines.next().map(kinds), lines.next_back().map(kinds)) else {
        return false;
    };
    let pairs = || first.iter().zip(&last);
    let alike = |(one, other): (&Kind, &Kind)| {
        one == other || [one, other].into_iter().any(|it| *it == Kind::Empty)
    };
    let shares = |them: &[Kind]| pairs().any(|(one, other)| one == other && them.contains(one));
    let telling = [Kind::Phone, Kind::Date];
    let is_told = [&first, &last].into_iter().flatten().any(|it| telling.contains(it));
    let is_evident =
        if is_told { shares(&telling) } else { first.len() > 1 && shares(&[Kind::Other]) };
    is_evident && first.len().min(last.len()) >= cells && pairs().all(alike)
}

/// What a cell looks like.
#[derive(PartialEq)]
enum Kind {
    Phone,
    Date,
    Other,
    Empty,
}

impl Kind {
    fn of(cell: &[u8]) -> Self {
        let text = String::from_utf8_lossy(cell);
        match text.trim_matches(['"', ' ']) {
            "" => Self::Empty,
            text if is_date(text) => Self::Date,
            text if is_phone(text) => Self::Phone,
            _ => Self::Other,
        }
    }
}

/// How long the lines are without the end of the last.
pub(super) fn without_end(lines: &[u8]) -> usize {
    lines.len() - usize::from(lines.last().is_some_and(|it| is_line_end(*it)))
}

pub(super) fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}
