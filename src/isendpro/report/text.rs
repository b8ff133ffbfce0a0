//! From the bytes of the table to text, whatever the encoding; opening a report decides it here.

use std::borrow::Cow;
use std::io::{self, Cursor, Read};

use encoding_rs::{Decoder, Encoding, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// Bytes looked at before anything is decided about a table.
pub(super) const HEAD: usize = 64 * 1024;

/// A stream whose beginning can be looked at before it is read.
pub(super) struct Replay {
    head: Cursor<Vec<u8>>,
    ended: bool,
    /// What went wrong while the head was read: reported after it, so that its whole rows count.
    failure: Option<io::Error>,
    rest: Box<dyn Read + Send>,
}

impl Replay {
    /// Reads the head of the stream.
    pub(super) fn new(mut rest: Box<dyn Read + Send>) -> Self {
        let mut head = vec![0; HEAD];
        let mut filled = 0;
        let mut ended = false;
        let mut failure = None;
        while filled < HEAD && !ended && failure.is_none() {
            match rest.read(&mut head[filled..]) {
                Ok(0) => ended = true,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => failure = Some(error),
            }
        }
        head.truncate(filled);
        Self { head: Cursor::new(head), ended, failure, rest }
    }

    /// The beginning of what will be read.
    pub(super) fn head(&self) -> &[u8] {
        let skipped = usize::try_from(self.head.position()).unwrap_or(usize::MAX);
        self.head.get_ref().get(skipped..).unwrap_or_default()
    }

    /// Whether the head is all there is.
    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    /// Drops the first line if it is one that tells a spreadsheet the separator, `sep=;`. Gives how
    /// many lines were dropped, and the separator.
    pub(super) fn skip_separator(&mut self) -> (u64, Option<u8>) {
        let head = self.head();
        let end = head.iter().position(|it| b"\r\n".contains(it)).unwrap_or(head.len());
        let line = head[..end].strip_prefix(b"\"").unwrap_or(&head[..end]);
        let named = match line.strip_suffix(b"\"").unwrap_or(line) {
            [name @ .., b'='] if name.eq_ignore_ascii_case(b"sep") => None,
            [name @ .., byte]
                if name.eq_ignore_ascii_case(b"sep=")
                    && byte.is_ascii()
                    && !byte.is_ascii_alphanumeric() =>
            {
                Some(*byte)
            }
            _ => return (0, None),
        };
        let breaks = if head[end..].starts_with(b"\r\n") { 2 } else { 1 };
        let skipped = (end + breaks).min(head.len()) as u64;
        self.head.set_position(self.head.position() + skipped);
        (1, named)
    }

    /// Drops a byte order mark.
    fn skip_if(&mut self, mark: &[u8]) -> bool {
        let marked = self.head().starts_with(mark);
        if marked {
            self.head.set_position(mark.len() as u64);
        }
        marked
    }
}

impl Read for Replay {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.head.read(buf)?;
        if read > 0 || buf.is_empty() || self.ended {
            return Ok(read);
        }
        match self.failure.take() {
            Some(failure) => Err(failure),
            None => self.rest.read(buf),
        }
    }
}

/// How the fields of a table are encoded. UTF-16 is none of them: it is turned into UTF-8 as a
/// stream, for it has to be cut into fields first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Charset {
    Utf8,
    Windows1252,
}

impl Charset {
    /// A field as text, without the blanks and NULs at its end.
    pub(super) fn text(self, field: &[u8]) -> Cow<'_, str> {
        let text = match self {
            Self::Utf8 => std::str::from_utf8(field).map(Cow::Borrowed).ok(),
            Self::Windows1252 => None,
        };
        let text = text.unwrap_or_else(|| WINDOWS_1252.decode_without_bom_handling(field).0);
        let blank = |c: char| c == '\0' || c.is_whitespace();
        let end = text.trim_end_matches(blank).len();
        match text {
            Cow::Borrowed(text) => Cow::Borrowed(&text[..end]),
            Cow::Owned(mut text) => {
                text.truncate(end);
                Cow::Owned(text)
            }
        }
    }
}

/// Decides the encoding; the stream that comes back can be cut into fields byte by byte.
pub(super) fn decode(mut stream: Replay) -> (Replay, Charset) {
    for (mark, encoding) in [(b"\xFF\xFE", UTF_16LE), (b"\xFE\xFF", UTF_16BE)] {
        if stream.skip_if(mark) {
            let utf8 = Transcoder::new(stream, encoding);
            return (Replay::new(Box::new(utf8)), Charset::Utf8);
        }
    }
    let marked = stream.skip_if(b"\xEF\xBB\xBF");
    let charset = match std::str::from_utf8(stream.head()) {
        _ if marked => Charset::Utf8,
        Ok(_) => Charset::Utf8,
        // The end of the head may cut a character in two.
        Err(error) if error.error_len().is_none() && !stream.ended() => Charset::Utf8,
        Err(_) => Charset::Windows1252,
    };
    (stream, charset)
}

/// Turns a stream into UTF-8.
struct Transcoder {
    source: Replay,
    decoder: Decoder,
    input: Vec<u8>,
    output: String,
    given: usize,
    ended: bool,
}

impl Transcoder {
    fn new(source: Replay, encoding: &'static Encoding) -> Self {
        Self {
            source,
            decoder: encoding.new_decoder_without_bom_handling(),
            input: vec![0; HEAD / 4],
            output: String::new(),
            given: 0,
            ended: false,
        }
    }

    /// Decodes the next piece.
    fn refill(&mut self) -> io::Result<()> {
        let read = self.source.read(&mut self.input)?;
        self.ended = read == 0;
        self.output.clear();
        self.given = 0;
        // With room for the worst case, the decoder always takes all of its input.
        let room = self.decoder.max_utf8_buffer_length(read).unwrap_or(read);
        self.output.reserve(room);
        let piece = &self.input[..read];
        let (_, taken, _) = self.decoder.decode_to_string(piece, &mut self.output, self.ended);
        debug_assert_eq!(taken, read);
        Ok(())
    }
}

impl Read for Transcoder {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.given == self.output.len() && !self.ended {
            self.refill()?;
        }
        let read = (&self.output.as_bytes()[self.given..]).read(buf)?;
        self.given += read;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(bytes: Vec<u8>) -> (Vec<u8>, Charset) {
        let (mut stream, charset) = decode(Replay::new(Box::new(Cursor::new(bytes))));
        let mut all = Vec::new();
        assert!(stream.read_to_end(&mut all).is_ok());
        (all, charset)
    }

    fn utf16(text: &str, big: bool) -> Vec<u8> {
        format!("\u{feff}{text}")
            .encode_utf16()
            .flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() })
            .collect()
    }

    #[test]
    fn utf16_becomes_utf8_whatever_its_length() {
        for times in [0, 1, 9_000, 70_000] {
            let text = "é€😀a".repeat(times);
            for big in [false, true] {
                let (all, charset) = decoded(utf16(&text, big));
                assert_eq!(all, text.as_bytes());
                assert_eq!(charset, Charset::Utf8);
            }
        }
    }

    #[test]
    fn a_character_may_lie_across_the_end_of_the_head() {
        for shift in 0..4 {
            let text = format!("{}{}", "a".repeat(shift), "😀".repeat(HEAD / 2));
            assert_eq!(decoded(text.clone().into_bytes()), (text.into_bytes(), Charset::Utf8));
        }
    }

    #[test]
    fn a_character_cut_by_the_end_of_the_file_is_not_utf8() {
        assert_eq!(decoded(b"caf\xC3".to_vec()).1, Charset::Windows1252);
        assert_eq!(decoded(b"\xEF\xBB\xBFcaf\xC3".to_vec()), (b"caf\xC3".to_vec(), Charset::Utf8));
    }

    #[test]
    fn fields_fall_back_and_lose_their_end() {
        assert_eq!(Charset::Utf8.text("été \u{a0}\0\t".as_bytes()), "été");
        assert_eq!(Charset::Utf8.text(b"\xE9t\xE9 "), "été");
        assert_eq!(Charset::Windows1252.text(b" 12 \x80"), " 12 €");
        assert_eq!(Charset::Windows1252.text(b"\0\0"), "");
    }

    #[test]
    fn the_line_for_spreadsheets_is_skipped() {
        for (table, named, rest) in [
            ("sep=;\r\ntel;a", (1, Some(b';')), "tel;a"),
            ("sep=,\ntel", (1, Some(b',')), "tel"),
            ("SEP=|\rtel", (1, Some(b'|')), "tel"),
            ("sep=\t\n\ntel", (1, Some(b'\t')), "\ntel"),
            ("\"sep=;\"\r\ntel", (1, Some(b';')), "tel"),
            ("sep=^\ntel", (1, Some(b'^')), "tel"),
            ("sep=\r\ntel", (1, None), "tel"),
            ("sep=;", (1, Some(b';')), ""),
            ("sep=;tel", (0, None), "sep=;tel"),
            ("sep=x\n", (0, None), "sep=x\n"),
            ("sep;tel\n", (0, None), "sep;tel\n"),
            ("tel\nsep=;\n", (0, None), "tel\nsep=;\n"),
            ("se", (0, None), "se"),
            ("", (0, None), ""),
        ] {
            let mut stream = Replay::new(Box::new(Cursor::new(table.as_bytes().to_vec())));
            assert_eq!(stream.skip_separator(), named, "{table:?}");
            let mut left = String::new();
            assert!(stream.read_to_string(&mut left).is_ok());
            assert_eq!(left, rest, "{table:?}");
        }
    }

    #[test]
    fn what_went_wrong_in_the_head_comes_after_it() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::PermissionDenied.into())
            }
        }
        let stream = Box::new(Cursor::new(b"ab".to_vec()).chain(Broken));
        let mut stream = Replay::new(stream);
        let mut all = Vec::new();
        let error = stream.read_to_end(&mut all).map_err(|error| error.kind());
        assert_eq!(error, Err(io::ErrorKind::PermissionDenied));
        assert_eq!(all, b"ab");
    }
}
