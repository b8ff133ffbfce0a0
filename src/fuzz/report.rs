//! The downloads of iSendPro.

use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;

use crate::isendpro::report::{Limits, Report, ReportError, Row};

/// Small enough to be met.
const LIMITS: Limits = Limits { inflated_bytes: 1 << 20, ratio: 20, row_bytes: 1024, columns: 64 };

/// The bytes are a download; and the table in one.
pub fn read(bytes: &[u8]) {
    let file = || super::file(bytes).into_file();
    rows(Report::open(file(), &LIMITS));
    let kept = rows(Report::open_kept(file(), &LIMITS));
    if bytes.is_empty() || bytes.starts_with(b"PK") {
        return;
    }
    let sent = super::file(&archive(bytes)).into_file();
    assert_eq!(rows(Report::open(sent, &LIMITS)), kept, "sent and kept differ");
}

/// The rows up to the first error, and whether there was one.
fn rows(report: Result<Report, ReportError>) -> (Vec<Row>, bool) {
    let Ok(mut report) = report else { return (Vec::new(), true) };
    let rows: Vec<_> = report.by_ref().map_while(Result::ok).collect();
    assert!(report.next().is_none(), "it goes on after an error");
    let failed = rows.iter().any(|it| it.len() > 2 * LIMITS.columns);
    (rows, failed)
}

fn archive(table: &[u8]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    zip.start_file("report.csv", stored).unwrap();
    zip.write_all(table).unwrap();
    zip.finish().unwrap().into_inner()
}
