//! Reports as rows: pages, one by one, all at once, or the file as it came.

use std::fs::File;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::mpsc;

use super::answer;
use super::table::{download, unreadable};
use crate::component::{Attached, Error, Kind, Outlet, Session};
use crate::isendpro::report::{Limits, Report, ReportError, Row};
use crate::isendpro::{Download, KeyId, Request};

/// Rows of a page.
const PAGE: usize = 500;
/// Most rows that one message may hold.
const MOST_ROWS: usize = 100_000;
/// Most cells of those: each takes some 150 bytes of memory, however short it is.
const MOST_CELLS: usize = 1_000_000;
/// Most bytes of those, each with the name of its column.
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// The name of a report as a file.
const FILE: &str = "report.zip";
/// Most bytes of a file that one message may hold; in base64 it stays below the 10 MiB that
/// platforms take.
const MOST_FILE: u64 = 7 * 1024 * 1024;

/// How a report is emitted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum EmitBehaviour {
    /// Pages of 500 rows
    #[default]
    EmitPage,
    /// One message
    FetchAll,
    /// One message a row
    EmitIndividually,
    /// The file
    File,
}

impl EmitBehaviour {
    /// Whether one message may lead to more than one result.
    pub const fn emits_many(self) -> bool {
        matches!(self, Self::EmitPage | Self::EmitIndividually)
    }
}

/// A report, or a part of it. Which fields are there depends on how it is emitted.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[allow(clippy::struct_field_names, reason = "the field is named as people know it")]
pub struct Rows {
    /// Rows
    ///
    /// Each has the columns under their own names (`column1`... without a header), and those that
    /// were recognised also as tel, statut, tracker and date. All values are text, as in the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<Vec<Map<String, Value>>>,
    /// Row
    ///
    /// When each row is a message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<Map<String, Value>>,
    /// Place of the row, or of the first row of the page
    ///
    /// Counted from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<usize>,
    /// Page
    ///
    /// Counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<usize>,
    /// Last page
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<bool>,
    /// File
    ///
    /// The zip as it came, in base64. In a flow it is the attachment report.zip instead, of any size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Size of the file in bytes
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
}

impl Rows {
    /// The result. Rows are moved into it: a copy of many would take as much memory again.
    fn into_value(mut self) -> Value {
        let (rows, row) = (self.rows.take(), self.row.take());
        let mut fields = Map::new();
        if let Some(rows) = rows {
            fields.insert("rows".into(), rows.into_iter().map(Value::Object).collect());
        }
        if let Some(row) = row {
            fields.insert("row".into(), Value::Object(row));
        }
        fields.extend(answer::fields(&self));
        Value::Object(fields)
    }
}

/// Fetches a report and emits it.
pub async fn fetch<R: Request>(
    api: &Session,
    request: &R,
    behaviour: EmitBehaviour,
    out: &Outlet<'_>,
) -> Result<(), Error> {
    let download = download(api, request).await?;
    let key = api.key()?.clone();
    match behaviour {
        EmitBehaviour::File => emit_file(download, out).await,
        EmitBehaviour::EmitPage => emit_pages(&mut pages(download, key), out).await,
        EmitBehaviour::FetchAll => emit_all(&mut pages(download, key), out).await,
        EmitBehaviour::EmitIndividually => emit_rows(&mut pages(download, key), out).await,
    }
}

type Page = Result<Vec<Row>, ReportError>;

/// Reads the report on a thread of its own, a page ahead of whoever takes the pages.
fn pages(download: Download, key: KeyId) -> mpsc::Receiver<Page> {
    let (sender, receiver) = mpsc::channel(1);
    tokio::task::spawn_blocking(move || {
        let report = match Report::open_hiding(&key, download.file, &Limits::default()) {
            Ok(report) => report,
            Err(error) => return drop(sender.blocking_send(Err(error))),
        };
        let mut page = Vec::with_capacity(PAGE);
        for row in report {
            match row {
                Ok(row) => page.push(row),
                Err(error) => {
                    // The rows before the damage are whole; they go first.
                    if sender.blocking_send(Ok(page)).is_ok() {
                        drop(sender.blocking_send(Err(error)));
                    }
                    return;
                }
            }
            if page.len() == PAGE {
                let full = std::mem::replace(&mut page, Vec::with_capacity(PAGE));
                if sender.blocking_send(Ok(full)).is_err() {
                    return;
                }
            }
        }
        drop(sender.blocking_send(Ok(page)));
    });
    receiver
}

async fn emit_pages(pages: &mut mpsc::Receiver<Page>, out: &Outlet<'_>) -> Result<(), Error> {
    let (mut number, mut index) = (0, 0);
    let mut current = next(pages).await?;
    while let Some(rows) = current {
        current = match next(pages).await {
            Ok(Some(rows)) if rows.is_empty() => None,
            Ok(following) => following,
            Err(error) => {
                emit(out, page(number + 1, index, rows, false)).await?;
                return Err(error);
            }
        };
        number += 1;
        let count = rows.len();
        emit(out, page(number, index, rows, current.is_none())).await?;
        index += count;
    }
    Ok(())
}

fn page(number: usize, index: usize, rows: Vec<Row>, last: bool) -> Rows {
    Rows {
        rows: Some(rows),
        index: Some(index),
        page: Some(number),
        last: Some(last),
        ..Rows::default()
    }
}

async fn emit_all(pages: &mut mpsc::Receiver<Page>, out: &Outlet<'_>) -> Result<(), Error> {
    let mut all = All::default();
    while let Some(page) = next(pages).await? {
        all.add(page)?;
    }
    emit(out, Rows { rows: Some(all.rows), ..Rows::default() }).await
}

/// A report that becomes one message.
#[derive(Default)]
struct All {
    rows: Vec<Row>,
    cells: usize,
    /// Of all cells and the names of their columns.
    bytes: usize,
}

impl All {
    fn add(&mut self, page: Vec<Row>) -> Result<(), Error> {
        for (name, cell) in page.iter().flatten() {
            self.cells += 1;
            self.bytes += name.len() + cell.as_str().map_or(0, str::len);
        }
        self.rows.extend(page);
        if self.rows.len() <= MOST_ROWS && self.cells <= MOST_CELLS && self.bytes <= MOST_BYTES {
            return Ok(());
        }
        let megabytes = MOST_BYTES / (1024 * 1024);
        let said = format!(
            "the report has more than {MOST_ROWS} rows, {MOST_CELLS} cells or {megabytes} MiB, \
             too many for one message"
        );
        Err(Error::new(Kind::Unusable, said).hint("choose pages, or one message a row"))
    }
}

async fn emit_rows(pages: &mut mpsc::Receiver<Page>, out: &Outlet<'_>) -> Result<(), Error> {
    let mut index = 0;
    while let Some(rows) = next(pages).await? {
        for row in rows {
            emit(out, Rows { row: Some(row), index: Some(index), ..Rows::default() }).await?;
            index += 1;
        }
    }
    Ok(())
}

async fn emit_file(mut download: Download, out: &Outlet<'_>) -> Result<(), Error> {
    let size = download.bytes;
    if let Some(files) = out.files() {
        let file = Attached { name: FILE, content_type: "application/zip", file: download.file };
        let rows = Rows { size: Some(size), ..Rows::default() };
        return files.emit(rows.into_value(), file).await;
    }
    if size > MOST_FILE {
        let megabytes = size / (1024 * 1024);
        let said = format!("the file has {megabytes} MiB, too many for one message");
        return Err(Error::new(Kind::Unusable, said).hint("choose pages, or one message a row"));
    }
    let read = tokio::task::spawn_blocking(move || {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut download.file, &mut bytes).map(|_| bytes)
    });
    let bytes = match read.await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(error)) => {
            return Err(Error::new(Kind::Unavailable, format!("reading the file: {error}")));
        }
        Err(_) => return Err(Error::new(Kind::Internal, "reading the file failed")),
    };
    let file = Some(STANDARD.encode(bytes));
    emit(out, Rows { file, size: Some(size), ..Rows::default() }).await
}

async fn next(pages: &mut mpsc::Receiver<Page>) -> Result<Option<Vec<Row>>, Error> {
    pages.recv().await.transpose().map_err(|error| {
        unreadable(&error).hint("the file itself can be had with emitBehaviour: file")
    })
}

/// The rows of a report that somebody has kept: the zip, or its table. Blocks on the file.
///
/// # Errors
/// When it is no report; and in the place of the first row that cannot be read.
pub fn kept(file: File) -> Result<impl Iterator<Item = Result<Row, Error>>, Error> {
    let report = Report::open_kept(file, &Limits::default()).map_err(|it| unreadable(&it))?;
    Ok(report.map(|row| row.map_err(|it| unreadable(&it))))
}

async fn emit(out: &Outlet<'_>, rows: Rows) -> Result<(), Error> {
    out.emit(rows.into_value()).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_message_has_bounds_in_rows_and_cells_and_bytes() {
        let row = |columns: usize, bytes: usize| -> Row {
            (0..columns).map(|it| (it.to_string(), Value::from("x".repeat(bytes)))).collect()
        };
        for (rows, columns, bytes) in
            [(100_000, 1, 1), (100_000, 10, 0), (3_906, 256, 0), (1_000, 1, 16_000), (0, 0, 0)]
        {
            assert!(All::default().add(vec![row(columns, bytes); rows]).is_ok(), "{rows}");
        }
        for (rows, columns, bytes) in
            [(100_001, 1, 1), (100_000, 11, 0), (3_907, 256, 0), (1_050, 1, 16_000)]
        {
            let error = All::default().add(vec![row(columns, bytes); rows]).unwrap_err();
            assert!(error.what.ends_with("too many for one message"), "{error}");
        }
        let mut all = All::default();
        let pages = (0..).take_while(|_| all.add(vec![row(1, 1); 500]).is_ok());
        assert_eq!(pages.count(), 200);
    }
}
