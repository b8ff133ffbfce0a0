//! Inputs that are no messages, in words: one error for the input, with a way out.

use serde::de::IgnoredAny;

use crate::component::{Error, Kind};

/// Why an input cannot be read on: whatever follows would be guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    /// It is not UTF-8.
    Encoding(Encoding),
    /// It is a table, such as spreadsheets save.
    Table {
        /// What separates its columns.
        separator: &'static str,
        /// How it is encoded.
        encoding: Encoding,
    },
    /// It is JSON over several lines, and breaks JSON's rules.
    Syntax {
        /// The line of the mistake, counted from 1.
        line: u64,
        /// The byte of that line, counted from 1.
        column: usize,
    },
    /// It ends within a message, or within its list.
    Unfinished,
    /// It has a message a line, and then one over several lines.
    Mixed,
}

/// How a text is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// As it must be.
    Utf8,
    /// In one byte a character, as Windows does here.
    Windows1252,
    /// In two bytes a character, the lower one first.
    Utf16Little,
    /// In two bytes a character, the higher one first.
    Utf16Big,
}

impl Encoding {
    /// The two-byte encoding of a text, by its mark or by a zero beside its first character.
    pub fn wide(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0xff, 0xfe, ..] | [1..=0xff, 0, ..] => Some(Self::Utf16Little),
            [0xfe, 0xff, ..] | [0, 1..=0xff, ..] => Some(Self::Utf16Big),
            _ => None,
        }
    }

    /// A text in this encoding. What cannot be decoded is left out.
    fn decode(self, bytes: &[u8]) -> String {
        let wide = |unit: fn([u8; 2]) -> u16| {
            let units = bytes.chunks_exact(2).map(|it| unit([it[0], it[1]]));
            char::decode_utf16(units)
                .filter_map(Result::ok)
                .filter(|it| *it != '\u{feff}')
                .collect()
        };
        match self {
            Self::Utf16Little => wide(u16::from_le_bytes),
            Self::Utf16Big => wide(u16::from_be_bytes),
            Self::Utf8 | Self::Windows1252 => String::from_utf8_lossy(bytes).into_owned(),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Windows1252 => "Windows-1252",
            Self::Utf16Little => "UTF-16 (little endian)",
            Self::Utf16Big => "UTF-16 (big endian)",
        }
    }

    /// Its name for iconv. With a byte order mark, UTF-16 alone would do; without one it would not.
    const fn iconv(self) -> &'static str {
        match self {
            Self::Utf16Little => "UTF-16LE",
            Self::Utf16Big => "UTF-16BE",
            other => other.name(),
        }
    }

    /// Its name for Python. `utf-8-sig` skips the mark that Excel writes.
    const fn python(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8-sig",
            Self::Windows1252 => "cp1252",
            Self::Utf16Little | Self::Utf16Big => "utf-16",
        }
    }
}

impl Wrong {
    /// The table that begins with this line, in UTF-8.
    pub fn table(line: &[u8]) -> Option<Self> {
        Self::table_in(line, Encoding::Utf8)
    }

    /// A text in two bytes a character: a table, or not.
    pub fn wide(bytes: &[u8], encoding: Encoding) -> Self {
        Self::table_in(bytes, encoding).unwrap_or(Self::Encoding(encoding))
    }

    /// A row of a table has separators, and no brackets.
    fn table_in(bytes: &[u8], encoding: Encoding) -> Option<Self> {
        let text = encoding.decode(bytes);
        let row = text.lines().find(|it| !it.trim().is_empty())?;
        let counts = [(";", ";"), (",", ","), ("\t", "\\t")]
            .map(|(mark, separator)| (row.matches(mark).count(), separator));
        let (count, separator) = counts.into_iter().max()?;
        let is_json = serde_json::from_str::<IgnoredAny>(row).is_ok();
        (count > 0 && !is_json && !row.contains(['{', '[']))
            .then_some(Self::Table { separator, encoding })
    }

    /// The same of an input that begins so: its first line may not show the encoding.
    pub fn in_encoding_of(self, beginning: &[u8]) -> Self {
        let encoding = match Encoding::wide(beginning) {
            None if is_text(beginning) => Encoding::Utf8,
            None => Encoding::Windows1252,
            Some(wide) => return Self::wide(beginning, wide),
        };
        match self {
            Self::Table { separator, .. } => Self::Table { separator, encoding },
            other => other,
        }
    }

    /// The error of the input, and at the same time of the line where it shows.
    pub fn error(self) -> Error {
        let error =
            Error::new(Kind::Invalid, format!("{}; nothing from here on is read", self.what()));
        error.hint(self.way_out())
    }

    /// The same, as the reason why a run has stopped.
    pub fn reason(self) -> String {
        format!("{}; {}", self.what(), self.way_out())
    }

    fn what(self) -> String {
        match self {
            Self::Encoding(encoding) => {
                format!("the input is not UTF-8; it looks like {}", encoding.name())
            }
            Self::Table { .. } => {
                "the input looks like a table (CSV), and messages are JSON".to_owned()
            }
            Self::Syntax { line, column } => {
                format!("the input is not JSON from line {line}, column {column} on")
            }
            Self::Unfinished => {
                "the input ends before the message or the list that begins here does".to_owned()
            }
            Self::Mixed => {
                "the input has one message a line before this one, which goes over several lines"
                    .to_owned()
            }
        }
    }

    fn way_out(self) -> String {
        match self {
            Self::Encoding(encoding) => format!(
                "save it as UTF-8, or convert it: iconv -f {} -t UTF-8 FILE > NEW",
                encoding.iconv()
            ),
            Self::Table { separator, encoding } => format!(
                "make messages of it, with columns named as their fields (num, sms...): python3 -c \
                 'import csv, json, sys; sys.stdin.reconfigure(encoding=\"{}\", newline=\"\"); \
                 [print(json.dumps(row)) for row in csv.DictReader(sys.stdin, \
                 delimiter=\"{separator}\")]' < in.csv > messages.ndjson",
                encoding.python()
            ),
            Self::Syntax { .. } => {
                "look for a comma, a bracket or a quote that is missing or one too many".to_owned()
            }
            Self::Unfinished => {
                "see whether the file is whole: a copy may have broken off".to_owned()
            }
            Self::Mixed => "make one message a line of all of it: jq -c . FILE > NEW".to_owned(),
        }
    }
}

/// Whether these bytes are UTF-8, but for a character that they may end within.
fn is_text(bytes: &[u8]) -> bool {
    str::from_utf8(bytes).map_or_else(|it| it.error_len().is_none(), |_| true)
}
