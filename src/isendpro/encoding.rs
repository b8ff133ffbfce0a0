//! Answers that come compressed, asked for or not.

use std::io::{self, Write};

use flate2::write::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use hyper::body::Bytes;
use reqwest::header::{CONTENT_ENCODING, HeaderMap};

/// So many bytes are inflated at once. They become a megabyte at most: what is much too large is
/// seen before the memory is full of it.
const PIECE: usize = 1024;

/// Takes the bytes of an answer as they come, and gives them as they were meant.
#[derive(Debug)]
pub(super) enum Decoder {
    /// What is not compressed.
    Plain,
    /// Nothing has come yet.
    Unread(Coding),
    Gzip(MultiGzDecoder<Vec<u8>>),
    Zlib(ZlibDecoder<Vec<u8>>),
    Deflate(DeflateDecoder<Vec<u8>>),
}

/// A coding that can be undone.
#[derive(Debug, Clone, Copy)]
pub(super) enum Coding {
    Gzip,
    /// By the standard this is zlib; some servers leave its frame away.
    Deflate,
}

impl Decoder {
    /// The decoder for an answer with these headers.
    ///
    /// # Errors
    /// Names a coding that is not known here.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, String> {
        let values = headers.get_all(CONTENT_ENCODING).iter();
        let values: Vec<_> = values.map(|it| String::from_utf8_lossy(it.as_bytes())).collect();
        let named = values.join(",").to_lowercase();
        let codings = named.split(',').map(str::trim);
        let codings: Vec<_> = codings.filter(|it| !matches!(*it, "" | "identity")).collect();
        match codings.as_slice() {
            [] => Ok(Self::Plain),
            ["gzip" | "x-gzip"] => Ok(Self::Unread(Coding::Gzip)),
            ["deflate"] => Ok(Self::Unread(Coding::Deflate)),
            others => Err(others.join(", ").chars().take(40).collect()),
        }
    }

    /// Takes some of `bytes`, and gives what they hold.
    ///
    /// # Errors
    /// When they are not of this coding, or come after its end.
    pub(super) fn take(&mut self, bytes: &mut Bytes) -> io::Result<Bytes> {
        if let (Self::Unread(coding), Some(first)) = (&self, bytes.first()) {
            *self = Self::begin(*coding, *first);
        }
        if matches!(self, Self::Plain) {
            return Ok(std::mem::take(bytes));
        }
        let piece = bytes.split_to(PIECE.min(bytes.len()));
        let decoded = match self {
            Self::Plain | Self::Unread(_) => return Ok(piece),
            Self::Gzip(it) => it.write_all(&piece).map(|()| std::mem::take(it.get_mut())),
            Self::Zlib(it) => it.write_all(&piece).map(|()| std::mem::take(it.get_mut())),
            Self::Deflate(it) => it.write_all(&piece).map(|()| std::mem::take(it.get_mut())),
        };
        decoded.map(Bytes::from)
    }

    fn begin(coding: Coding, first: u8) -> Self {
        match coding {
            Coding::Gzip => Self::Gzip(MultiGzDecoder::new(Vec::new())),
            // With these bits, bare data would begin with a block that nobody writes.
            Coding::Deflate if first & 0x0f == 8 => Self::Zlib(ZlibDecoder::new(Vec::new())),
            Coding::Deflate => Self::Deflate(DeflateDecoder::new(Vec::new())),
        }
    }

    /// What is left once all has come; nothing, when it is asked again.
    ///
    /// # Errors
    /// When it breaks off before its end.
    pub(super) fn end(&mut self) -> io::Result<Bytes> {
        let left = match std::mem::replace(self, Self::Plain) {
            // What is empty needs no frame.
            Self::Plain | Self::Unread(_) => Vec::new(),
            Self::Gzip(it) => it.finish()?,
            Self::Zlib(it) => it.finish()?,
            Self::Deflate(it) => it.finish()?,
        };
        Ok(left.into())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::Compression;
    use flate2::read::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use reqwest::header::HeaderValue;

    use super::*;

    const TEXT: &[u8] = b"{\"etat\":{\"etat\":[{\"code\":\"0\",\"tel\":\"0680010203\"}]}}";

    fn all(mut encoder: impl Read) -> Vec<u8> {
        let mut bytes = Vec::new();
        encoder.read_to_end(&mut bytes).unwrap();
        bytes
    }

    fn named(coding: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(CONTENT_ENCODING, HeaderValue::from_static(coding))])
    }

    /// Decodes what comes in pieces of this size; `None` if it cannot be.
    fn decoded(coding: &'static str, bytes: &[u8], size: usize) -> Option<Vec<u8>> {
        let mut decoder = Decoder::of(&named(coding)).unwrap();
        let mut text = Vec::new();
        for piece in bytes.chunks(size) {
            let mut piece = Bytes::copy_from_slice(piece);
            while !piece.is_empty() {
                text.extend_from_slice(&decoder.take(&mut piece).ok()?);
            }
        }
        text.extend_from_slice(&decoder.end().ok()?);
        assert!(decoder.end().unwrap().is_empty());
        Some(text)
    }

    fn codings(text: &[u8]) -> [(&'static str, Vec<u8>); 6] {
        let gzip = all(GzEncoder::new(text, Compression::default()));
        [
            ("", text.to_vec()),
            ("Identity", text.to_vec()),
            ("gzip", gzip.clone()),
            ("identity, X-GZIP", gzip),
            ("deflate", all(ZlibEncoder::new(text, Compression::best()))),
            ("deflate", all(DeflateEncoder::new(text, Compression::fast()))),
        ]
    }

    #[test]
    fn every_coding_is_undone_however_it_comes() {
        let long: Vec<u8> = (0..20_000).flat_map(|it: u32| it.to_le_bytes()).collect();
        for text in [TEXT, &long, b""] {
            for (coding, bytes) in codings(text) {
                for size in [1, 7, 100_000] {
                    assert_eq!(decoded(coding, &bytes, size).as_deref(), Some(text), "{coding}");
                }
            }
        }
        for coding in ["gzip", "deflate"] {
            assert_eq!(decoded(coding, b"", 1).as_deref(), Some(&b""[..]));
        }
    }

    #[test]
    fn what_breaks_off_goes_on_or_is_of_another_kind_is_an_error() {
        for (coding, bytes) in codings(TEXT).into_iter().skip(2) {
            for length in 1..bytes.len() {
                assert_eq!(decoded(coding, &bytes[..length], 3), None, "{coding} {length}");
            }
            for more in [b"{\"etat\"".as_slice(), b"\0"] {
                assert_eq!(decoded(coding, &[&bytes, more].concat(), 100), None, "{coding}");
            }
            assert_eq!(decoded(coding, TEXT, 100), None, "{coding}");
        }
        // Two documents come out as two.
        let gzip = all(GzEncoder::new(TEXT, Compression::default())).repeat(2);
        assert_eq!(decoded("gzip", &gzip, 10), Some(TEXT.repeat(2)));
        for coding in ["br", "zstd", "gzip, gzip", "gzip;q=1"] {
            assert_eq!(Decoder::of(&named(coding)).unwrap_err(), coding);
        }
    }

    #[test]
    fn no_piece_becomes_more_than_a_megabyte() {
        let zeros = vec![0; 3 << 20];
        let mut bomb = Bytes::from(all(GzEncoder::new(&zeros[..], Compression::fast())));
        let mut decoder = Decoder::of(&named("gzip")).unwrap();
        while !bomb.is_empty() {
            assert!(decoder.take(&mut bomb).unwrap().len() <= (1 << 20) + 64 * 1024);
        }
    }
}
