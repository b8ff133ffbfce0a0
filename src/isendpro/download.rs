//! Files from the API, spooled to disk so that memory stays flat.

use std::io::{Seek, SeekFrom};
use std::time::Duration;

use hyper::body::Bytes;
use tokio::io::AsyncWriteExt;

use super::Failure;
use super::transport::{Answer, Lost};

/// Most bytes of a file.
const MOST_BYTES: u64 = 1024 * 1024 * 1024;
/// Most bytes of an answer that is no file.
const MOST_TEXT: usize = 1024 * 1024;

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
/// which it is, since the API declares both alike. `patience` bounds the wait for each piece.
pub(super) async fn spool(answer: &mut Answer, patience: Duration) -> Result<Spooled, Lost> {
    let mut head = Vec::new();
    while head.len() < 2 {
        match next(answer, patience).await? {
            Some(chunk) => head.extend_from_slice(&chunk),
            None => break,
        }
    }
    if head.starts_with(b"PK") {
        return to_disk(answer, head, patience).await.map(Spooled::File);
    }
    while let Some(chunk) = next(answer, patience).await? {
        if head.len() + chunk.len() > MOST_TEXT {
            break;
        }
        head.extend_from_slice(&chunk);
    }
    Ok(Spooled::Text(head))
}

async fn to_disk(answer: &mut Answer, head: Vec<u8>, patience: Duration) -> Result<Download, Lost> {
    let disk = |it: std::io::Error| {
        Lost::After(Failure {
            hint: Some("check the space and the rights of the temporary folder (TMPDIR)"),
            ..Failure::new(format!("the file cannot be kept on disk: {it}"))
        })
    };
    let mut file = tokio::fs::File::from_std(tempfile::tempfile().map_err(disk)?);
    let mut bytes = head.len() as u64;
    file.write_all(&head).await.map_err(disk)?;
    while let Some(chunk) = next(answer, patience).await? {
        bytes += chunk.len() as u64;
        if bytes > MOST_BYTES {
            return Err(Lost::After(Failure::new("the file is larger than 1 GiB")));
        }
        file.write_all(&chunk).await.map_err(disk)?;
    }
    file.flush().await.map_err(disk)?;
    let mut file = file.into_std().await;
    file.seek(SeekFrom::Start(0)).map_err(disk)?;
    Ok(Download { file, bytes })
}

async fn next(answer: &mut Answer, patience: Duration) -> Result<Option<Bytes>, Lost> {
    tokio::time::timeout(patience, answer.next()).await.unwrap_or_else(|_| {
        let seconds = patience.as_secs();
        Err(Lost::After(Failure::new(format!("the file stopped coming for {seconds} s"))))
    })
}
