//! Lines of an input, bounded.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt};

/// One line of the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// A line, without its end.
    Text(String),
    /// A line longer than allowed; its content was skipped.
    TooLong,
    /// A line that is not UTF-8; what it looks like.
    Encoding(&'static str),
}

/// Reads lines, one after the other.
#[derive(Debug)]
pub struct Lines<R> {
    input: R,
    limit: usize,
    number: u64,
    broken_off: bool,
}

impl<R: AsyncBufRead + Unpin> Lines<R> {
    /// Lines of at most `limit` bytes.
    pub const fn new(input: R, limit: usize) -> Self {
        Self { input, limit, number: 0, broken_off: false }
    }

    /// Whether the line that was read last has no end: perhaps a copy broke off there.
    pub const fn is_broken_off(&self) -> bool {
        self.broken_off
    }

    /// The input, as far as it was not read.
    pub fn into_inner(self) -> R {
        self.input
    }

    /// The next line that is not blank, with its number, counted from 1; `None` at the end.
    ///
    /// # Errors
    /// When the input cannot be read.
    pub async fn next(&mut self) -> io::Result<Option<(u64, Line)>> {
        loop {
            let Some(bytes) = self.line().await? else { return Ok(None) };
            self.number += 1;
            let Some(bytes) = bytes else { return Ok(Some((self.number, Line::TooLong))) };
            let bytes = if self.number == 1 { without_bom(bytes) } else { bytes };
            if let Some(encoding) = utf_16(&bytes) {
                return Ok(Some((self.number, Line::Encoding(encoding))));
            }
            match String::from_utf8(bytes) {
                Ok(text) if text.trim().is_empty() => {}
                Ok(text) => return Ok(Some((self.number, Line::Text(text)))),
                Err(_) => return Ok(Some((self.number, Line::Encoding("Windows-1252")))),
            }
        }
    }

    /// The bytes of a line, `Some(None)` if there are too many; `None` at the end of the input.
    async fn line(&mut self) -> io::Result<Option<Option<Vec<u8>>>> {
        let mut line = Vec::new();
        let (mut too_long, mut any) = (false, false);
        loop {
            let buffer = self.input.fill_buf().await?;
            if buffer.is_empty() {
                self.broken_off |= any;
                return Ok(any.then(|| (!too_long).then_some(line)));
            }
            any = true;
            let end = buffer.iter().position(|it| *it == b'\n');
            let piece = &buffer[..end.unwrap_or(buffer.len())];
            if too_long || line.len() + piece.len() > self.limit {
                too_long = true;
                line = Vec::new();
            } else {
                line.extend_from_slice(piece);
            }
            let used = end.map_or(buffer.len(), |it| it + 1);
            self.input.consume(used);
            if end.is_some() {
                return Ok(Some((!too_long).then_some(line)));
            }
        }
    }
}

fn without_bom(mut bytes: Vec<u8>) -> Vec<u8> {
    if bytes.starts_with(b"\xef\xbb\xbf") {
        bytes.drain(..3);
    }
    bytes
}

/// UTF-16 shows by its mark, or by a zero byte in every other place.
fn utf_16(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xfe, ..] | [b'{' | b'[' | b' ', 0, ..] => Some("UTF-16 (little endian)"),
        [0xfe, 0xff, ..] | [0, b'{' | b'[' | b' ', ..] => Some("UTF-16 (big endian)"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(input: &[u8], limit: usize) -> Vec<(u64, Line)> {
        let buffered = tokio::io::BufReader::with_capacity(4, input);
        let mut lines = Lines::new(buffered, limit);
        let mut all = Vec::new();
        while let Some(line) = lines.next().await.unwrap() {
            all.push(line);
        }
        all
    }

    fn text(text: &str) -> Line {
        Line::Text(text.to_owned())
    }

    #[tokio::test]
    async fn lines_are_numbered_and_blank_ones_are_skipped() {
        let lines = read(b"\xef\xbb\xbf{\"a\":1}\r\n\n  \n{}\nlast", 100).await;
        assert_eq!(lines, [(1, text("{\"a\":1}\r")), (4, text("{}")), (5, text("last"))]);
        assert_eq!(read(b"", 10).await, []);
    }

    #[tokio::test]
    async fn a_line_too_long_costs_no_memory_and_no_other_line() {
        let lines = read(b"12345678901\n1234567890\n12345678901234567890", 10).await;
        assert_eq!(lines, [(1, Line::TooLong), (2, text("1234567890")), (3, Line::TooLong)]);
    }

    #[tokio::test]
    async fn other_encodings_are_named() {
        assert_eq!(
            read(b"caf\xe9\n{}", 100).await,
            [(1, Line::Encoding("Windows-1252")), (2, text("{}"))]
        );
        let wide: Vec<u8> = "\u{feff}{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(read(&wide, 100).await, [(1, Line::Encoding("UTF-16 (little endian)"))]);
        let wide: Vec<u8> = "{}".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(read(&wide, 100).await, [(1, Line::Encoding("UTF-16 (big endian)"))]);
    }
}
