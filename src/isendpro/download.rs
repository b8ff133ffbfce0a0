//! Files from the API, spooled to disk so that memory stays flat.

use std::io::{Seek, SeekFrom};
use std::time::Duration;

use hyper::body::Bytes;
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;

use super::Failure;
use super::transport::{Answer, Lost};

/// Most bytes of a file.
const MOST_BYTES: u64 = 1024 * 1024 * 1024;
/// Most bytes of an answer that is no file.
const MOST_TEXT: usize = 1024 * 1024;
/// Bytes a second that a file must come at, on the whole: a server that trickles would hold a worker
/// for ever.
const SLOWEST: u64 = 1024;

/// A file that came from the API: a zip, as far as its first bytes tell. It is deleted when dropped.
#[derive(Debug)]
pub struct Download {
    /// The file, at its start.
    pub file: std::fs::File,
    /// Its length in bytes.
    pub bytes: u64,
}

/// What came.
pub(super) enum Spooled {
    File(Download),
    /// What is no file, or the beginning of it.
    Text(Vec<u8>),
}

/// Reads an answer to its end: a file to disk, anything else into memory. The first bytes tell
/// which it is, since the API declares both alike. `patience` bounds the wait for each piece, and for a
/// file that comes too slowly.
pub(super) async fn spool(answer: &mut Answer, patience: Duration) -> Result<Spooled, Lost> {
    let mut pieces = Pieces { answer, patience, began: Instant::now(), bytes: 0 };
    let mut head = Vec::new();
    while head.len() < 2 {
        match pieces.next().await? {
            Some(chunk) => head.extend_from_slice(&chunk),
            None => break,
        }
    }
    if head.starts_with(b"PK") {
        return to_disk(&mut pieces, head).await.map(Spooled::File);
    }
    while let Some(chunk) = pieces.next().await? {
        if head.len() + chunk.len() > MOST_TEXT {
            break;
        }
        head.extend_from_slice(&chunk);
    }
    Ok(Spooled::Text(head))
}

async fn to_disk(pieces: &mut Pieces<'_>, head: Vec<u8>) -> Result<Download, Lost> {
    let disk = |it: std::io::Error| {
        Lost::After(Failure {
            hint: Some("check the space and the rights of the temporary folder (TMPDIR)"),
            ..Failure::new(format!("the file cannot be kept on disk: {it}"))
        })
    };
    let mut file = tokio::fs::File::from_std(tempfile::tempfile().map_err(disk)?);
    file.write_all(&head).await.map_err(disk)?;
    while let Some(chunk) = pieces.next().await? {
        if pieces.bytes > MOST_BYTES {
            return Err(Lost::After(Failure::new("the file is larger than 1 GiB")));
        }
        file.write_all(&chunk).await.map_err(disk)?;
    }
    file.flush().await.map_err(disk)?;
    let mut file = file.into_std().await;
    file.seek(SeekFrom::Start(0)).map_err(disk)?;
    Ok(Download { file, bytes: pieces.bytes })
}

/// The pieces of an answer, each of which is waited for.
struct Pieces<'a> {
    answer: &'a mut Answer,
    patience: Duration,
    began: Instant,
    /// How many have come.
    bytes: u64,
}

impl Pieces<'_> {
    async fn next(&mut self) -> Result<Option<Bytes>, Lost> {
        let due = self.began + self.patience + Duration::from_secs(self.bytes / SLOWEST);
        let until = due.min(Instant::now() + self.patience);
        let Ok(piece) = tokio::time::timeout_at(until, self.answer.next()).await else {
            let said = if self.bytes == 0 || until < due {
                format!("the file stopped coming for {} s", self.patience.as_secs())
            } else {
                format!("the file comes at less than {SLOWEST} bytes a second")
            };
            return Err(Lost::After(Failure::new(said)));
        };
        let piece = piece?;
        self.bytes += piece.as_ref().map_or(0, |it| it.len() as u64);
        Ok(piece)
    }
}
