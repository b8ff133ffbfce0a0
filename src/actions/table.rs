//! A report on disk, to be read as often as needed.

use std::fs::File;

use super::answer;
use crate::component::{Effect, Error, Kind, Reply, Session};
use crate::isendpro::report::{Column, Limits, Report, ReportError, Row};
use crate::isendpro::{Download, KeyId, Request};

/// A report that was fetched. It is deleted when dropped.
#[derive(Debug)]
pub struct Table {
    file: File,
    key: KeyId,
}

impl Table {
    /// Fetches a report.
    ///
    /// # Errors
    /// When iSendPro refuses it, cannot be reached, or gives no file.
    pub async fn fetch<R: Request>(api: &Session, request: &R) -> Result<Self, Error> {
        let file = download(api, request).await?.file;
        Ok(Self { file, key: api.key()?.clone() })
    }

    /// Its rows, from the first on. Blocks on the file; one reading at a time.
    ///
    /// # Errors
    /// When it is no report.
    pub fn read(&self) -> Result<Reading, Error> {
        let opened = self.file.try_clone().map_err(ReportError::from);
        let report = opened.and_then(|it| Report::open_hiding(&self.key, it, &Limits::default()));
        report.map(Reading).map_err(|it| unreadable(&it))
    }
}

/// The rows of a report, one after the other. A row that cannot be read is the last.
#[derive(Debug)]
pub struct Reading(Report);

impl Reading {
    /// The names of the columns, without the second names of those that are known.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.0.columns().iter().map(Column::name)
    }

    /// The cells of a row, each once.
    pub fn cells<'a>(&self, row: &'a Row) -> impl Iterator<Item = &'a str> {
        let seconds = self.0.columns().iter().filter_map(Column::alias).collect::<Vec<_>>();
        row.iter()
            .filter(move |(name, _)| !seconds.contains(&name.as_str()))
            .map(|(_, cell)| cell.as_str().unwrap_or_default())
    }
}

impl Iterator for Reading {
    type Item = Result<Row, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|row| row.map_err(|it| unreadable(&it)))
    }
}

/// Fetches a file.
pub(super) async fn download<R: Request>(api: &Session, request: &R) -> Result<Download, Error> {
    let outcome = api.download(request).await?;
    let mut download = None;
    answer::outcome_of(outcome, |it| {
        download = Some(it);
        Reply::default()
    })
    .into_reply(Effect::Read)?;
    download.ok_or_else(|| Error::new(Kind::Internal, "the file went astray"))
}

/// The error of a report that cannot be read.
pub(super) fn unreadable(error: &ReportError) -> Error {
    let passing =
        matches!(error, ReportError::Truncated | ReportError::Damaged { .. } | ReportError::Io(_));
    let kind = if passing { Kind::Unavailable } else { Kind::Unusable };
    let quotes = matches!(
        error,
        ReportError::NotAnArchive { .. }
            | ReportError::SeveralTables { .. }
            | ReportError::Encrypted { .. }
            | ReportError::Unsupported { .. }
    );
    let said = "the report cannot be read";
    if quotes {
        Error::quoting(kind, said, error)
    } else {
        Error::new(kind, format!("{said}: {error}"))
    }
}
