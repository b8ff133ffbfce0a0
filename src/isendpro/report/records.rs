//! Cuts a stream into records, within the limits; the report and its first sample both use it.

use std::io::{self, Read};

use csv::{ByteRecord, ErrorKind, Reader, ReaderBuilder};

use super::Limits;
use super::error::{ReportError, RowFault};

const BUFFER: usize = 64 * 1024;
/// Stands for "no separator" in a table of one column: a control character that no text holds.
const NO_SEPARATOR: u8 = 0x1F;

/// The records of a table that have some content.
pub(super) struct Records<R> {
    reader: Reader<Meter<R>>,
    record: ByteRecord,
    limits: Limits,
}

impl<R: Read> Records<R> {
    pub(super) fn new(source: R, separator: Option<u8>, limits: Limits) -> Self {
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(separator.unwrap_or(NO_SEPARATOR))
            .buffer_capacity(BUFFER)
            .from_reader(Meter { source, left: 0, ended: false, last: 0 });
        Self { reader, record: ByteRecord::new(), limits }
    }

    /// The next record, or nothing at the end. Not to be called again after an error.
    pub(super) fn next(&mut self) -> Result<Option<&ByteRecord>, ReportError> {
        loop {
            let line = self.reader.position().line();
            let fault = |fault| ReportError::Row { line, fault };
            // The library takes a record of any length. It is given no more than the longest that
            // can be accepted, every byte of it a doubled quote, and what it reads ahead.
            let most = self.limits.row_bytes.saturating_mul(2);
            self.reader.get_mut().left = most.saturating_add(BUFFER);
            let found = match self.reader.read_byte_record(&mut self.record) {
                Ok(found) => found,
                Err(_) if self.reader.get_ref().left == 0 => {
                    return Err(fault(RowFault::RowTooLong(self.limits.row_bytes)));
                }
                Err(error) => return Err(reading(error)),
            };
            if !found {
                return Ok(None);
            }
            self.check().map_err(fault)?;
            if !is_blank(&self.record) {
                return Ok(Some(&self.record));
            }
        }
    }

    /// Where the next record starts, in bytes.
    pub(super) fn offset(&self) -> u64 {
        self.reader.position().byte()
    }

    fn check(&self) -> Result<(), RowFault> {
        let Limits { field_bytes, row_bytes, columns, .. } = self.limits;
        if self.record.as_slice().len() > row_bytes {
            return Err(RowFault::RowTooLong(row_bytes));
        }
        if self.record.len() > columns {
            return Err(RowFault::TooManyColumns(columns));
        }
        if self.record.iter().any(|field| field.len() > field_bytes) {
            return Err(RowFault::FieldTooLong(field_bytes));
        }
        if self.ends_inside_quotes() {
            return Err(RowFault::OpenQuote);
        }
        Ok(())
    }

    /// The library closes a quote at the end of the file without a word. But a last field of
    /// several lines was quoted, so a file that ends with it has to end with a quote.
    fn ends_inside_quotes(&self) -> bool {
        let several_lines = |field: &[u8]| field.iter().any(|byte| b"\r\n".contains(byte));
        let Meter { ended, last, .. } = self.reader.get_ref();
        let last_field = || self.record.iter().next_back();
        *ended && *last != b'"' && last_field().is_some_and(several_lines)
    }
}

/// No content at all: a blank line, or the bare separators that spreadsheets leave.
fn is_blank(record: &ByteRecord) -> bool {
    let bytes = record.as_slice().iter();
    bytes.copied().all(|byte| byte == 0 || byte.is_ascii_whitespace())
}

fn reading(error: csv::Error) -> ReportError {
    match error.into_kind() {
        ErrorKind::Io(error) => error.into(),
        // Neither uneven rows nor encodings are errors to a flexible reader of bytes.
        _ => ReportError::Damaged { what: "its table is no table" },
    }
}

/// A stream that gives no more than it was allowed to since the last record.
struct Meter<R> {
    source: R,
    left: usize,
    ended: bool,
    /// The last byte given that was not white space.
    last: u8,
}

impl<R: Read> Read for Meter<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::Error::other("the record is too long"));
        }
        let most = buf.len().min(self.left);
        let read = self.source.read(&mut buf[..most])?;
        self.left -= read;
        self.ended = read == 0;
        let mut given = buf[..read].iter().rev();
        if let Some(last) = given.find(|byte| !byte.is_ascii_whitespace()) {
            self.last = *last;
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(table: &[u8], limits: Limits) -> (Vec<Vec<String>>, Option<ReportError>) {
        let mut records = Records::new(table, Some(b';'), limits);
        let mut rows = Vec::new();
        loop {
            match records.next() {
                Ok(Some(record)) => rows.push(
                    record
                        .iter()
                        .map(|field| String::from_utf8_lossy(field).into_owned())
                        .collect(),
                ),
                Ok(None) => return (rows, None),
                Err(error) => return (rows, Some(error)),
            }
        }
    }

    fn fault(table: &[u8], limits: Limits) -> (usize, Option<(u64, RowFault)>) {
        match read(table, limits) {
            (rows, Some(ReportError::Row { line, fault })) => (rows.len(), Some((line, fault))),
            (rows, None) => (rows.len(), None),
            (_, Some(other)) => panic!("{other}"),
        }
    }

    #[test]
    fn quotes_line_ends_and_blank_lines() {
        let table = b"a;\"b;\"\"c\"\"\nd\"\r\n\r\n   \n;;\ne\rf;g";
        let (rows, error) = read(table, Limits::default());
        assert!(error.is_none());
        assert_eq!(rows, [vec!["a", "b;\"c\"\nd"], vec!["e"], vec!["f", "g"]]);
    }

    #[test]
    fn too_long_or_too_wide() {
        let limits = Limits { field_bytes: 10, row_bytes: 15, columns: 3, ..Limits::default() };
        let long = (1, Some((2, RowFault::FieldTooLong(10))));
        assert_eq!(fault(b"1234567890\n12345678901\n", limits), long);
        let wide = (1, Some((2, RowFault::TooManyColumns(3))));
        assert_eq!(fault(b"1;2;3\n1;2;3;4\n", limits), wide);
        let row = (1, Some((2, RowFault::RowTooLong(15))));
        assert_eq!(fault(b"1\n12345678;12345678\n", limits), row);
        // Doubled quotes count once.
        let quotes = format!("\"{}\"\n", "\"\"".repeat(10));
        assert_eq!(fault(quotes.as_bytes(), limits), (1, None));
    }

    #[test]
    fn a_quote_that_is_never_closed_stops_at_the_limit() {
        let limits = Limits { row_bytes: 1000, ..Limits::default() };
        let table = format!("a;b\n\"{}", "x;y\n".repeat(1_000_000));
        let endless = (1, Some((2, RowFault::RowTooLong(1000))));
        assert_eq!(fault(table.as_bytes(), limits), endless);
    }

    #[test]
    fn a_file_that_ends_inside_quotes() {
        let open = (1, Some((2, RowFault::OpenQuote)));
        assert_eq!(fault(b"a;b\nc;\"d\ne;f\n", Limits::default()), open);
        for closed in ["a;b\nc;\"d\ne\"", "a;b\nc;\"d\ne\" \r\n", "a;b\nc;d\"\n"] {
            assert_eq!(fault(closed.as_bytes(), Limits::default()), (2, None), "{closed}");
        }
    }
}
