//! Finds the table inside the archive; opening a report begins here.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use zip::CompressionMethod;
use zip::ZipArchive;
use zip::read::ZipFile;
use zip::result::{ZipError, ZipResult};

use super::error::{ReportError, shorten, start_of};
use crate::isendpro::KeyId;

/// Bytes that may be read to find the table. The directory of a report is a few hundred; without a
/// bound, an archive of nothing but directory would be taken into memory several times its size.
const DIRECTORY_BYTES: u64 = 16 << 20;
/// Names that an error gives, and the characters of each: 80 together.
const NAMES: usize = 5;
const NAME_CHARS: usize = 16;

/// Where the table lies in the file, and what the archive says about it.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) name: String,
    pub(super) start: u64,
    pub(super) compressed: u64,
    pub(super) inflated: u64,
    pub(super) crc: u32,
    pub(super) deflated: bool,
}

/// Finds the table. The file comes back, to be read from `Place::start`: the zip library lends an
/// entry only together with its archive, which an iterator that owns both could not hold. No name and no
/// error shows `key`.
pub(super) fn locate(mut file: File, key: Option<&KeyId>) -> Result<(File, Place), ReportError> {
    let mut start = Vec::new();
    file.rewind().map_err(ReportError::Io)?;
    (&mut file).take(512).read_to_end(&mut start).map_err(ReportError::Io)?;
    if start.is_empty() {
        return Err(ReportError::Empty);
    }
    if let Some(hidden) = key.and_then(|it| it.hide(&String::from_utf8_lossy(&start))) {
        start = hidden.into();
    }
    let budget = Budget { file, left: DIRECTORY_BYTES };
    let mut archive = ZipArchive::new(budget).map_err(|error| broken(error, &start))?;
    let index = choose(&archive, key)?;
    let entry = archive.by_index_raw(index).map_err(|error| broken(error, &start))?;
    let place = place(&entry, key)?;
    drop(entry);
    Ok((archive.into_inner().file, place))
}

/// The number of the entry to read: the only `.csv`, else the only file.
fn choose(archive: &ZipArchive<Budget>, key: Option<&KeyId>) -> Result<usize, ReportError> {
    let mut files = Vec::new();
    for index in 0..archive.len() {
        let Ok(entry) = archive.by_index_data(index) else {
            continue;
        };
        let name = name_of(entry.name(), entry.name_raw(), key);
        if entry.is_file() && !is_hidden(&name) {
            files.push((index, name));
        }
    }
    let tables: Vec<_> = files.iter().filter(|(_, name)| is_csv(name)).collect();
    let candidates = match tables.len() {
        0 => files.iter().collect(),
        _ => tables,
    };
    match candidates.as_slice() {
        [] => Err(ReportError::NoTable { entries: archive.len() }),
        [(index, _)] => Ok(*index),
        several => Err(ReportError::SeveralTables {
            count: several.len(),
            names: several.iter().take(NAMES).map(|(_, name)| shorten(name, NAME_CHARS)).collect(),
        }),
    }
}

/// Checks that the entry can be read, and notes where it is.
fn place(entry: &ZipFile<'_, Budget>, key: Option<&KeyId>) -> Result<Place, ReportError> {
    let name = name_of(entry.name(), entry.name_raw(), key);
    if entry.encrypted() {
        return Err(ReportError::Encrypted { name: shorten(&name, NAME_CHARS) });
    }
    let deflated = match entry.compression() {
        CompressionMethod::Stored => false,
        CompressionMethod::Deflated => true,
        other => {
            return Err(ReportError::Unsupported {
                name: shorten(&name, NAME_CHARS),
                method: other.to_string(),
            });
        }
    };
    let start =
        entry.data_start().ok_or(ReportError::Damaged { what: "its table has no place" })?;
    Ok(Place {
        name,
        start,
        compressed: entry.compressed_size(),
        inflated: entry.size(),
        crc: entry.crc32(),
        deflated,
    })
}

fn name_of(name: ZipResult<Cow<'_, str>>, raw: &[u8], key: Option<&KeyId>) -> String {
    let name = name.unwrap_or_else(|_| String::from_utf8_lossy(raw));
    key.and_then(|it| it.hide(&name)).unwrap_or_else(|| name.into_owned())
}

fn is_csv(name: &str) -> bool {
    let end = name.len().saturating_sub(4);
    name.as_bytes()[end..].eq_ignore_ascii_case(b".csv")
}

/// What macOS and other desktops add to an archive.
fn is_hidden(name: &str) -> bool {
    name.split(['/', '\\']).any(|part| part == "__MACOSX" || part.starts_with('.'))
}

/// Says in our words why the archive cannot be opened.
fn broken(error: ZipError, start: &[u8]) -> ReportError {
    match error {
        ZipError::Io(error) if error.kind() != io::ErrorKind::UnexpectedEof => error.into(),
        // The directory stands at the end of an archive: without it, the end is missing.
        _ if start.starts_with(b"PK") => ReportError::Truncated,
        _ => ReportError::NotAnArchive { start: start_of(start) },
    }
}

/// The file, as long as no more than a budget is read of it.
struct Budget {
    file: File,
    left: u64,
}

impl Read for Budget {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(ReportError::Damaged { what: "its directory is too large" }.into());
        }
        let read = (&mut self.file).take(self.left).read(buf)?;
        self.left -= read as u64;
        Ok(read)
    }
}

impl Seek for Budget {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}
