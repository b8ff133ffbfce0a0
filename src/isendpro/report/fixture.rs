//! Downloads for the tests of reports: honest archives, and archives that lie.

use std::fs::File;
use std::io::{self, Seek, Write};

use flate2::{Compression, Crc, write::DeflateEncoder};
use zip::write::SimpleFileOptions;

use super::{Limits, Report, ReportError, Row};

/// A spooled download.
pub(super) fn spool(content: &[u8]) -> File {
    let write = || -> io::Result<File> {
        let mut file = tempfile::tempfile()?;
        file.write_all(content)?;
        Ok(file)
    };
    write().unwrap_or_else(|error| panic!("{error}"))
}

/// An archive of these files; a name that ends with `/` is a folder.
pub(super) fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let write = || -> io::Result<Vec<u8>> {
        let mut zip = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
        for (name, content) in files {
            let options = SimpleFileOptions::default();
            if name.ends_with('/') {
                zip.add_directory(*name, options)?;
            } else {
                zip.start_file(*name, options)?;
                zip.write_all(content)?;
            }
        }
        Ok(zip.finish()?.into_inner())
    };
    write().unwrap_or_else(|error| panic!("{error}"))
}

/// A report whose table this is.
pub(super) fn table(content: impl AsRef<[u8]>) -> Report {
    let archive = archive(&[("report.csv", content.as_ref())]);
    open(&archive).unwrap_or_else(|error| panic!("{error}"))
}

pub(super) fn open(download: &[u8]) -> Result<Report, ReportError> {
    Report::open(spool(download), &Limits::default())
}

/// The rows up to the first error, and the error, wherever it came.
pub(super) fn read(download: &[u8], limits: &Limits) -> (Vec<Row>, Option<ReportError>) {
    let mut rows = Vec::new();
    let report = match Report::open(spool(download), limits) {
        Ok(report) => report,
        Err(error) => return (rows, Some(error)),
    };
    for row in report {
        match row {
            Ok(row) => rows.push(row),
            Err(error) => return (rows, Some(error)),
        }
    }
    (rows, None)
}

/// Rows as JSON, one a line.
pub(super) fn json(report: Report) -> String {
    let line = |row: Result<Row, ReportError>| match row {
        Ok(row) => serde_json::Value::from(row).to_string(),
        Err(error) => format!("error: {error}"),
    };
    report.map(line).collect::<Vec<_>>().join("\n")
}

/// An archive with one entry, written by hand so that it can say anything.
pub(super) struct Forged {
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) crc: u32,
    pub(super) inflated: u32,
    pub(super) data: Vec<u8>,
}

impl Forged {
    /// A bomb of a hundred MiB of zeros: one MiB compressed, repeated.
    pub(super) fn bomb() -> Self {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        let mebibyte = encoder.write_all(&vec![0; 1 << 20]).and_then(|()| encoder.flush());
        mebibyte.unwrap_or_else(|error| panic!("{error}"));
        Self {
            flags: 0,
            method: 8,
            crc: 0,
            inflated: 100 << 20,
            data: encoder.get_ref().repeat(100),
        }
    }

    /// Says the truth about a table, so far.
    pub(super) fn new(table: &[u8]) -> Self {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        let data = encoder.write_all(table).and_then(|()| encoder.finish());
        let mut crc = Crc::new();
        crc.update(table);
        Self {
            flags: 0,
            method: 8,
            crc: crc.sum(),
            inflated: small(table.len()),
            data: data.unwrap_or_else(|error| panic!("{error}")),
        }
    }

    pub(super) fn archive(&self) -> Vec<u8> {
        let name = b"forged.csv";
        let mut common = Vec::new();
        for field in [20, self.flags, self.method, 0, 0x21] {
            common.extend(u16::to_le_bytes(field));
        }
        for field in [self.crc, small(self.data.len()), self.inflated] {
            common.extend(u32::to_le_bytes(field));
        }
        common.extend(10_u16.to_le_bytes());
        common.extend(0_u16.to_le_bytes());
        let mut zip = [b"PK\x03\x04", common.as_slice(), name, &self.data].concat();
        let directory = zip.len();
        zip.extend([b"PK\x01\x02\x14\x00", common.as_slice(), &[0; 14], name].concat());
        let length = zip.len() - directory;
        zip.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
        zip.extend(small(length).to_le_bytes());
        zip.extend(small(directory).to_le_bytes());
        zip.extend([0; 2]);
        zip
    }
}

fn small(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// A spooled archive with a table of so many rows, written as a stream.
pub(super) fn many_rows(rows: u32) -> io::Result<File> {
    let mut zip = zip::ZipWriter::new(tempfile::tempfile()?);
    let options = SimpleFileOptions::default().compression_level(Some(1));
    zip.start_file("campagne.csv", options)?;
    let mut table = io::BufWriter::new(zip);
    writeln!(table, "tel;statut envoi")?;
    for row in 0..rows {
        let tel = 33_600_000_000_u64 + u64::from(row);
        writeln!(table, "{tel};Délivré")?;
    }
    let mut file = table.into_inner()?.finish()?;
    file.rewind()?;
    Ok(file)
}
