//! Reads the downloads of iSendPro, the campaign report and the blacklist: a zip archive with one
//! CSV table. The report actions call it on a blocking thread, with the download spooled to a file.
//!
//! iSendPro documents neither the name of the table nor its columns, separator, encoding or header,
//! so all of that is found out by looking, within [`Limits`]. Memory stays flat: the table is
//! inflated while it is read and a million rows pass one by one.
//!
//! - **Entry**: the only `.csv` of the archive, else its only file.
//! - **Encoding**: by byte order mark (UTF-8, UTF-16), else UTF-8 when the first 64 KiB are, else
//!   Windows-1252. A field that is not UTF-8 in a file that is gets read as Windows-1252.
//! - **Separator**: what a first line `sep=;` says, which is no row; else `;`, `,`, tab or `|`,
//!   whichever cuts the first rows most consistently; a table of one column has none.
//! - **Quotes** that are not doubled are read as meant where that gives the cells that other rows
//!   have; where they may have taken in other cells or rows, that is an error.
//! - **Header**: the first row is one when no cell of it looks like a phone number or a date and
//!   either a cell is a known column word ("statut") or all cells are distinct words that do not
//!   come back in their column. Otherwise every row is data: a blacklist of bare numbers.
//! - **Names**: those of the header, made unique by `_2`, `_3`; `column1`, `column2` without one.
//!   Cells beyond the header are `columnN`, left out when empty; cells that a short row lacks are
//!   absent; rows without any content are skipped.
//! - **Known columns** come a second time at the end of a row, as `tel`, `statut`, `tracker` and
//!   `date`, unless a column already has that very name: see [`Column::alias`].
//! - **Values** are strings as they stand in the file, less the blanks and NULs at their end.

mod archive;
mod cell;
mod columns;
mod cutter;
mod error;
mod inflate;
mod known;
mod records;
mod sample;
mod text;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fs::File;
use std::io::{Read, Seek};
use std::iter::FusedIterator;

use serde_json::{Map, Value};

use super::KeyId;

pub use columns::Column;
pub use error::{ReportError, RowFault};
pub use known::is_for_trackers;

use columns::Columns;
use inflate::Entry;
use records::Records;
use text::{Charset, Replay};

/// A row of a report: its values by column name, in the order of the file.
pub type Row = Map<String, Value>;

/// Bounds of what is accepted, so that no download can fill the memory or run for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the inflated table; 2 GiB.
    pub inflated_bytes: u64,
    /// Inflated bytes for one compressed byte, judged once 10 MiB are inflated; 200.
    pub ratio: u64,
    /// Bytes of one row; 16 KiB. An SMS has 918 characters at most, and a page of 500 rows is in
    /// memory several times.
    pub row_bytes: usize,
    /// Columns of one row; 256.
    pub columns: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { inflated_bytes: 2 << 30, ratio: 200, row_bytes: 16 << 10, columns: 256 }
    }
}

/// An open report: an iterator over its rows.
///
/// The first error is the last item, and comes after the rows that were whole. A checksum can only
/// be judged at the end: whoever must not act on a damaged report waits for the end of the rows.
pub struct Report {
    name: String,
    records: Records<Replay>,
    charset: Charset,
    columns: Columns,
    has_header: bool,
    done: bool,
    /// No cell may show it.
    key: Option<KeyId>,
}

impl Report {
    /// Finds the table in a spooled download and reads its beginning; it blocks on the file.
    pub fn open(file: File, limits: &Limits) -> Result<Self, ReportError> {
        Self::locate(file, limits, None)
    }

    /// Opens a download that might reflect this key: no row, no name and no error shows it.
    pub fn open_hiding(key: &KeyId, file: File, limits: &Limits) -> Result<Self, ReportError> {
        Self::locate(file, limits, Some(key))
    }

    fn locate(file: File, limits: &Limits, key: Option<&KeyId>) -> Result<Self, ReportError> {
        let (file, place) = archive::locate(file, key)?;
        let entry = Entry::open(file, &place, limits)?;
        Self::read(place.name, Box::new(entry), limits, key)
    }

    /// Reads the beginning of a download that somebody has kept: the archive, or the table that was
    /// in it.
    pub fn open_kept(mut file: File, limits: &Limits) -> Result<Self, ReportError> {
        let mut start = Vec::new();
        file.rewind()?;
        (&mut file).take(2).read_to_end(&mut start)?;
        file.rewind()?;
        if start == b"PK" {
            return Self::open(file, limits);
        }
        if start.is_empty() {
            return Err(ReportError::Empty);
        }
        if file.metadata()?.len() > limits.inflated_bytes {
            return Err(ReportError::TooLarge { limit: limits.inflated_bytes });
        }
        Self::read(String::new(), Box::new(file), limits, None)
    }

    fn read(
        name: String,
        table: Box<dyn Read + Send>,
        limits: &Limits,
        key: Option<&KeyId>,
    ) -> Result<Self, ReportError> {
        let (mut head, charset) = text::decode(Replay::new(table));
        let (lines, named) = head.skip_separator();
        let sample = sample::take(&head, charset, named, limits);
        let has_header = sample.has_header();
        let mut records = Records::new(head, sample.separator, lines, *limits);
        let columns = if has_header {
            // Read again rather than taken from the sample, which holds only what fits into it.
            let header: Vec<_> = match records.next()? {
                Some(record) => record.iter().map(|cell| hidden(key, charset.text(cell))).collect(),
                None => Vec::new(),
            };
            Columns::named(&header, &sample.rows)
        } else {
            Columns::numbered(&sample.rows, limits.columns)
        };
        let key = key.cloned();
        Ok(Self { name, records, charset, columns, has_header, done: false, key })
    }

    /// The name of the table inside the archive; empty for a table without one.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The columns: those of the header or, without one, as many as the first rows have.
    pub fn columns(&self) -> &[Column] {
        self.columns.known()
    }

    /// Whether the table begins with the names of its columns.
    pub fn has_header(&self) -> bool {
        self.has_header
    }
}

/// A text of a report without this key.
fn hidden<'a>(key: Option<&KeyId>, text: Cow<'a, str>) -> Cow<'a, str> {
    match key.and_then(|it| it.hide(&text)) {
        Some(hidden) => Cow::Owned(hidden),
        None => text,
    }
}

impl std::fmt::Debug for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Report")
            .field("name", &self.name)
            .field("columns", &self.columns.known())
            .field("has_header", &self.has_header)
            .finish_non_exhaustive()
    }
}

impl Iterator for Report {
    type Item = Result<Row, ReportError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let item = match self.records.next() {
            Ok(Some(record)) => {
                let (key, charset) = (self.key.as_ref(), self.charset);
                let cells = record.iter().map(|cell| hidden(key, charset.text(cell)));
                Some(Ok(self.columns.row(cells)))
            }
            Ok(None) => None,
            Err(error) => Some(Err(error)),
        };
        self.done = !matches!(item, Some(Ok(_)));
        item
    }
}

impl FusedIterator for Report {}
