//! What is new, in pages: read on a thread of its own, a page ahead of whoever emits them.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::Serialize;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;

use crate::component::{Error, Kind, Outlet, ResultId};

/// Things of a page.
const PAGE: usize = 500;

type Page<T> = Vec<(ResultId, T)>;
type Receiver<T> = mpsc::Receiver<Result<Page<T>, Error>>;

/// What is filled with new things, each with its id.
pub struct Pages<T> {
    page: Page<T>,
    to: mpsc::Sender<Result<Page<T>, Error>>,
}

impl<T> Pages<T> {
    /// Adds one. False if nobody wants more.
    pub fn add(&mut self, id: ResultId, thing: T) -> bool {
        self.page.push((id, thing));
        self.page.len() < PAGE || self.to.blocking_send(Ok(std::mem::take(&mut self.page))).is_ok()
    }
}

/// Runs `read`, which goes through the whole of something, on a thread of its own.
///
/// # Errors
/// Of the reading, and when it panics.
pub async fn survey<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(read).await.unwrap_or_else(|_| Err(defect()))
}

/// Runs `read`, which fills the pages that come out here. After an error nothing more comes.
pub fn read<T: Send + 'static>(
    read: impl FnOnce(&mut Pages<T>) -> Result<(), Error> + Send + 'static,
) -> Receiver<T> {
    let (to, receiver) = mpsc::channel(1);
    tokio::task::spawn_blocking(move || {
        let mut pages = Pages { page: Page::new(), to };
        let done = catch_unwind(AssertUnwindSafe(|| read(&mut pages)));
        // What ends early must not look like an end.
        let last = done.unwrap_or_else(|_| Err(defect())).map(|()| pages.page);
        if last.as_ref().map_or(true, |page| !page.is_empty()) {
            pages.to.blocking_send(last).ok();
        }
    });
    receiver
}

fn defect() -> Error {
    Error::new(Kind::Internal, "a defect of the connector stopped the reading")
        .hint("please report it, with the log")
}

/// Emits pages with a field of this name and the things' ids; or, with the name for one, each thing.
///
/// # Errors
/// Of the reading, and when nobody takes results any more.
pub async fn emit<T: Serialize>(
    mut pages: Receiver<T>,
    each: Option<&str>,
    all: &str,
    out: &Outlet<'_>,
) -> Result<(), Error> {
    while let Some(page) = pages.recv().await.transpose()? {
        if let Some(each) = each {
            for (id, thing) in page {
                out.emit_as(id, Map::from_iter([(each.to_owned(), json!(thing))]).into()).await?;
            }
            continue;
        }
        let (ids, things): (Vec<ResultId>, Vec<T>) = page.into_iter().unzip();
        let names: Value = ids.iter().map(|it| it.uuid(&[]).to_string()).collect();
        let result = Map::from_iter([(all.to_owned(), json!(things)), ("ids".to_owned(), names)]);
        out.emit_as(ResultId::of_all(&ids), result.into()).await?;
    }
    Ok(())
}
