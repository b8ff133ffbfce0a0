//! Inflates the table while it is read, and holds it to the limits and to what the archive said.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Take};

use flate2::Crc;
use flate2::bufread::DeflateDecoder;

use super::Limits;
use super::archive::Place;
use super::error::ReportError;

/// From here on the ratio is judged: below, a table of one repeated line would be refused.
const RATIO_FROM: u64 = 10 << 20;
const BUFFER: usize = 64 * 1024;

/// The bytes of the table. Its errors are [`ReportError`]s inside of [`io::Error`]s.
pub(super) struct Entry {
    body: Body,
    crc: Crc,
    read: u64,
    expected_size: u64,
    expected_crc: u32,
    max_bytes: u64,
    max_ratio: u64,
}

enum Body {
    Stored(Take<File>),
    Deflated(DeflateDecoder<BufReader<Take<File>>>),
}

impl Entry {
    /// Refuses at once what already says that it is too large.
    pub(super) fn open(
        mut file: File,
        place: &Place,
        limits: &Limits,
    ) -> Result<Self, ReportError> {
        if place.inflated > limits.inflated_bytes {
            return Err(ReportError::TooLarge { limit: limits.inflated_bytes });
        }
        file.seek(SeekFrom::Start(place.start)).map_err(ReportError::Io)?;
        let data = file.take(place.compressed);
        let body = if place.deflated {
            let input = BufReader::with_capacity(BUFFER, data);
            Body::Deflated(DeflateDecoder::new(input))
        } else {
            Body::Stored(data)
        };
        Ok(Self {
            body,
            crc: Crc::new(),
            read: 0,
            expected_size: place.inflated,
            expected_crc: place.crc,
            max_bytes: limits.inflated_bytes,
            max_ratio: limits.ratio,
        })
    }

    /// Judged on what really came out: the sizes in an archive may be lies.
    fn check_bounds(&self) -> Result<(), ReportError> {
        if self.read > self.max_bytes {
            return Err(ReportError::TooLarge { limit: self.max_bytes });
        }
        if let Body::Deflated(decoder) = &self.body
            && self.read > RATIO_FROM
            && self.read / self.max_ratio.max(1) >= decoder.total_in().max(1)
        {
            return Err(ReportError::Bomb { ratio: self.max_ratio });
        }
        if self.read > self.expected_size {
            return Err(ReportError::Damaged { what: "its table is longer than announced" });
        }
        Ok(())
    }

    fn check_end(&self) -> Result<(), ReportError> {
        if self.read < self.expected_size {
            return Err(ReportError::Truncated);
        }
        if self.crc.sum() != self.expected_crc {
            return Err(ReportError::Damaged { what: "its checksum does not fit its table" });
        }
        Ok(())
    }
}

impl Read for Entry {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        let read = match &mut self.body {
            Body::Stored(data) => data.read(buf)?,
            Body::Deflated(decoder) => decoder.read(buf).map_err(inflating)?,
        };
        if read == 0 {
            self.check_end()?;
            return Ok(0);
        }
        self.crc.update(&buf[..read]);
        self.read += read as u64;
        self.check_bounds()?;
        Ok(read)
    }
}

/// Tells the errors of the decoder from those of the disk below it.
fn inflating(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
            ReportError::Damaged { what: "its compressed data makes no sense" }.into()
        }
        io::ErrorKind::UnexpectedEof => ReportError::Truncated.into(),
        _ => error,
    }
}
