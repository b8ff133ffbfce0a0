//! Cuts a table into records, within the limits; the report and its first sample both use it.
//!
//! Quotes are read as they are meant to be written: one begins a cell, doubled it is a quote, and
//! alone it ends the cell. A line that breaks this rule comes from a program that writes the quotes
//! of its texts as they are. It is cut as that program must have meant it, if that gives the cells
//! that other records have; else it is a fault. A record of several lines is a fault if they look
//! like rows: some quote has taken in what follows. So no row goes astray in silence.

use std::io::{BufRead as _, BufReader, Read};

use csv::ByteRecord;

use super::Limits;
use super::cutter::{Cut, Cutter, is_line_end, takes_in_a_row, undoubled, without_end};
use super::error::{ReportError, RowFault};

const BUFFER: usize = 64 * 1024;
/// Stands for "no separator" in a table of one column: a control character that no text holds.
const NO_SEPARATOR: u8 = 0x1F;

/// The records of a table that have some content.
pub(super) struct Records<R> {
    source: BufReader<R>,
    separator: u8,
    record: ByteRecord,
    /// The lines of the record as they came.
    raw: Vec<u8>,
    /// Cells of the first record; 0 before it.
    width: usize,
    /// The first line of the record, counted from 1.
    line: u64,
    /// Lines that were read.
    lines: u64,
    /// Bytes that were read.
    bytes: u64,
    /// Whether the last line ended with CR, to which an LF may belong.
    after_cr: bool,
    limits: Limits,
}

impl<R: Read> Records<R> {
    /// The records of a table of which so many `lines` have been read.
    pub(super) fn new(source: R, separator: Option<u8>, lines: u64, limits: Limits) -> Self {
        Self {
            source: BufReader::with_capacity(BUFFER, source),
            separator: separator.unwrap_or(NO_SEPARATOR),
            record: ByteRecord::new(),
            raw: Vec::new(),
            width: 0,
            line: 0,
            lines,
            bytes: 0,
            after_cr: false,
            limits,
        }
    }

    /// The next record, or nothing at the end. Not to be called again after an error.
    pub(super) fn next(&mut self) -> Result<Option<&ByteRecord>, ReportError> {
        loop {
            self.raw.clear();
            self.record.clear();
            self.line = self.lines + 1;
            if !self.read_line()? {
                return Ok(None);
            }
            self.cut()?;
            self.check().map_err(|it| self.fault(it))?;
            if !is_blank(&self.record) {
                // The first record has as many as there are columns; a quote out of place may make more.
                if self.width == 0 {
                    self.width = self.record.len();
                }
                return Ok(Some(&self.record));
            }
        }
    }

    /// Where the next record starts, in bytes.
    pub(super) fn offset(&self) -> u64 {
        self.bytes
    }

    fn fault(&self, fault: RowFault) -> ReportError {
        ReportError::Row { line: self.line, fault }
    }

    /// Cuts the line that was read, and as many more as its quotes take in.
    fn cut(&mut self) -> Result<(), ReportError> {
        let mut cutter = Cutter::new(self.separator);
        let mut end = without_end(&self.raw);
        match cutter.cut(&self.raw[..end], &mut self.record) {
            Cut::Whole if !cutter.is_mixed() || self.fits(&self.record) => return Ok(()),
            Cut::Whole | Cut::Stray if self.cut_as_meant() => return Ok(()),
            Cut::Whole | Cut::Stray => return Err(self.fault(RowFault::StrayQuote)),
            Cut::Open => {}
        }
        loop {
            if !self.read_line()? {
                return Err(self.fault(RowFault::OpenQuote));
            }
            let start = end;
            end = without_end(&self.raw);
            let found = cutter.cut(&self.raw[start..end], &mut self.record);
            if found == Cut::Stray {
                return Err(self.fault(RowFault::StrayQuote));
            }
            if found == Cut::Whole {
                let is_wider = self.width > 0 && self.record.len() > self.width;
                if cutter.is_mixed() || (is_wider && !self.fits(&self.record)) {
                    return Err(self.fault(RowFault::StrayQuote));
                }
                let is_wrong = takes_in_a_row(&self.raw, self.separator, self.record.len());
                return if is_wrong { Err(self.fault(RowFault::RowInQuotes)) } else { Ok(()) };
            }
        }
    }

    /// Whether a record has as many cells as others have, but for an empty one at its end: a header
    /// may lack the separator that rows end with.
    fn fits(&self, record: &ByteRecord) -> bool {
        let is_closed = record.iter().next_back().is_some_and(<[u8]>::is_empty);
        record.len() == self.width || (is_closed && record.len() == self.width + 1)
    }

    /// Cuts a line with a quote out of place as a program means it that doubles no quotes; whether
    /// that gives as many cells as other records have.
    fn cut_as_meant(&mut self) -> bool {
        let line = &self.raw[..without_end(&self.raw)];
        let record = |cells: Vec<&[u8]>| ByteRecord::from(cells);
        let quoted = undoubled(line, self.separator).map(record);
        // Or it puts no cell into quotes either: then those of a text come in pairs.
        let plain = || {
            let cells: Vec<&[u8]> = line.split(|it| *it == self.separator).collect();
            let is_paired = |cell: &&[u8]| cell.iter().fold(true, |is, it| is ^ (*it == b'"'));
            cells.iter().all(is_paired).then(|| record(cells))
        };
        let fits = |it: &ByteRecord| self.fits(it);
        let Some(record) = quoted.filter(fits).or_else(|| plain().filter(fits)) else {
            return false;
        };
        self.record = record;
        true
    }

    /// Adds the next line, and its end, to what was read of the record; not at the end of the table.
    fn read_line(&mut self) -> Result<bool, ReportError> {
        // Of what can be accepted, every byte may be a doubled quote.
        let most = self.limits.row_bytes.saturating_mul(2).saturating_add(BUFFER);
        let mut found = false;
        self.skip_lf()?;
        loop {
            let mut piece = self.source.fill_buf()?;
            if piece.is_empty() {
                self.lines += u64::from(found);
                return Ok(found);
            }
            found = true;
            let end = piece.iter().position(|it| is_line_end(*it));
            if let Some(end) = end {
                self.after_cr = piece[end] == b'\r';
                piece = &piece[..=end];
            }
            let taken = piece.len();
            self.raw.extend_from_slice(piece);
            self.source.consume(taken);
            self.bytes += taken as u64;
            if self.raw.len() > most {
                return Err(self.fault(RowFault::RowTooLong(self.limits.row_bytes)));
            }
            if end.is_some() {
                self.lines += 1;
                return Ok(true);
            }
        }
    }

    /// Takes the LF that belongs to the CR before it; in a record of several lines it is kept.
    fn skip_lf(&mut self) -> Result<(), ReportError> {
        if std::mem::take(&mut self.after_cr) && self.source.fill_buf()?.first() == Some(&b'\n') {
            self.source.consume(1);
            self.bytes += 1;
            if !self.raw.is_empty() {
                self.raw.push(b'\n');
            }
        }
        Ok(())
    }

    fn check(&self) -> Result<(), RowFault> {
        let Limits { row_bytes, columns, .. } = self.limits;
        if self.record.as_slice().len() > row_bytes {
            return Err(RowFault::RowTooLong(row_bytes));
        }
        if self.record.len() > columns {
            return Err(RowFault::TooManyColumns(columns));
        }
        Ok(())
    }
}

/// No content at all: a blank line, or the bare separators that spreadsheets leave.
fn is_blank(record: &ByteRecord) -> bool {
    let bytes = record.as_slice().iter();
    bytes.copied().all(|byte| byte == 0 || byte.is_ascii_whitespace())
}

#[cfg(test)]
mod tests;
