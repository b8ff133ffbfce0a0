//! What may be wrong with a download, in words that say what to do about it; every step of reading
//! a report returns these.

use std::io;

use crate::printable::one_line;

/// Characters of the download that an error may quote.
const QUOTED: usize = 80;

/// What may be wrong with a download. A message quotes at most 80 characters of the content.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// Nothing was downloaded.
    #[error("the download is empty; ask for it again")]
    Empty,
    /// Something else than a zip archive: an error message in JSON, a page of a proxy.
    #[error(
        "the download is not a zip archive, it starts with `{start}`; act on that if it is an \
         error message, else ask for the download again"
    )]
    NotAnArchive {
        /// How the content starts, at most 80 printable characters.
        start: String,
    },
    /// The archive, or the data of the table, ends too early.
    #[error("the zip archive is cut short; ask for the download again")]
    Truncated,
    /// The archive contradicts itself.
    #[error("the zip archive is damaged ({what}); ask for the download again")]
    Damaged {
        /// What does not fit.
        what: &'static str,
    },
    /// No file in the archive.
    #[error(
        "the zip archive has no table in it ({entries} entries, none of them a file to read); \
         look whether the period or the list is empty"
    )]
    NoTable {
        /// Entries of the archive, folders and hidden files included.
        entries: usize,
    },
    /// More than one file could be the table.
    #[error(
        "the zip archive has {count} files that may be the table ({}); take the file as it is \
         and unpack it outside", .names.join(", ")
    )]
    SeveralTables {
        /// How many there are.
        count: usize,
        /// The first five, each shortened.
        names: Vec<String>,
    },
    /// The table is protected by a password.
    #[error("`{name}` in the zip archive is encrypted; ask iSendPro for it without a password")]
    Encrypted {
        /// The entry, shortened.
        name: String,
    },
    /// The table is compressed by something else than deflate.
    #[error(
        "`{name}` in the zip archive is compressed by {method}, which is not supported; take the \
         file as it is and unpack it outside"
    )]
    Unsupported {
        /// The entry, shortened.
        name: String,
        /// The method as the zip library names it.
        method: String,
    },
    /// The table is larger than allowed.
    #[error(
        "the table is larger than {limit} bytes once inflated; ask for a shorter period or raise \
         the limit"
    )]
    TooLarge {
        /// The limit that was passed.
        limit: u64,
    },
    /// The table inflates too well to be one.
    #[error(
        "the table inflates to more than {ratio} times its compressed size, which looks like a \
         zip bomb; look into the file before raising the limit"
    )]
    Bomb {
        /// The limit that was passed.
        ratio: u64,
    },
    /// A row that cannot be read. Rows after it would be guesswork.
    #[error("the table cannot be read near line {line}: {fault}; take the file as it is")]
    Row {
        /// The first line of the row, counted from 1.
        line: u64,
        /// What is wrong with it.
        fault: RowFault,
    },
    /// The spooled file cannot be read.
    #[error("the spooled download cannot be read ({0}); look at the disk, then try again")]
    Io(#[source] io::Error),
}

/// What may be wrong with one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RowFault {
    /// A row above the limit, often after a quote that nothing closes.
    #[error("a row is longer than {0} bytes, perhaps by a quote that is never closed")]
    RowTooLong(usize),
    /// More columns than the limit.
    #[error("a row has more than {0} columns")]
    TooManyColumns(usize),
    /// The file ends inside quotes: the lines after the quote were rows that can no longer be told.
    #[error("a quote is opened and never closed")]
    OpenQuote,
    /// A quote in a cell in quotes that is not doubled, and no other way to cut the row for sure.
    #[error("a quote in a text is not doubled, so that nobody can tell where the text ends")]
    StrayQuote,
    /// A cell in quotes holds a line that looks like a row.
    #[error("a text in quotes goes on over what looks like other rows")]
    RowInQuotes,
}

/// Readers can only fail with an [`io::Error`], so ours travel inside of one and come out here.
impl From<io::Error> for ReportError {
    fn from(error: io::Error) -> Self {
        error.downcast::<Self>().unwrap_or_else(Self::Io)
    }
}

impl From<ReportError> for io::Error {
    fn from(error: ReportError) -> Self {
        Self::other(error)
    }
}

/// The beginning of some content for a message: one line, printable, at most 80 characters.
pub(super) fn start_of(content: &[u8]) -> String {
    // Four bytes a character at most, so what is cut off here would not be shown anyway.
    let content = &content[..content.len().min(QUOTED * 4)];
    let text = String::from_utf8_lossy(content);
    let mut line: Vec<char> = one_line(text.trim()).chars().collect();
    if line.len() > QUOTED {
        line.truncate(QUOTED - 1);
        line.push('…');
    }
    line.into_iter().collect()
}

/// At most `max` characters of a name; the middle goes, as the end tells the kind of file.
pub(super) fn shorten(name: &str, max: usize) -> String {
    let shown: Vec<char> = one_line(name).chars().collect();
    if shown.len() <= max {
        return shown.into_iter().collect();
    }
    let tail = max / 3;
    let head = max - tail - 1;
    let (first, last) = (&shown[..head], &shown[shown.len() - tail..]);
    first.iter().chain(&['…']).chain(last).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_little_of_the_content() {
        assert_eq!(start_of(b"  {\"etat\":\n1}"), "{\"etat\": 1}");
        assert_eq!(start_of(&[b'x'; 5000]).chars().count(), QUOTED);
        assert_eq!(start_of("é".repeat(500).as_bytes()).chars().count(), QUOTED);
        assert_eq!(shorten("rapport_de_campagne_2024.csv", 16), "rapport_de…4.csv");
    }

    #[test]
    fn travels_through_a_reader() {
        let inside = io::Error::from(ReportError::Bomb { ratio: 7 });
        assert!(matches!(inside.into(), ReportError::Bomb { ratio: 7 }));
        let plain = io::Error::from(io::ErrorKind::PermissionDenied);
        assert!(matches!(plain.into(), ReportError::Io(_)));
    }
}
