//! Files that go along with a message: put where the platform keeps them, and named in the message.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::stream::{Stream, try_unfold};
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use reqwest::{Body, Method, Request};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::platform::Platform;
use super::storage::Storage;
use crate::component::{Error, Kind};
use crate::runtime::http::{Bounds, Fault, Http, Retry};

const RETRY: Retry = Retry { attempts: 3, delay: Duration::from_millis(500) };
/// How long putting any file may take, and how much longer each MiB.
const TIME: (Duration, Duration) = (Duration::from_secs(20), Duration::from_secs(1));
const MOST_ANSWER: usize = 1024 * 1024;
/// How much of a file is in memory at a time.
const PIECE: usize = 64 * 1024;

/// Where files are kept.
#[derive(Debug, Clone)]
pub enum Attachments {
    /// In the object storage, when there is one.
    Storage(Http, Storage),
    /// Where the platform's API says.
    Platform(Http, Platform),
    /// There is neither.
    Nowhere,
}

impl Attachments {
    /// Puts a file, from its start. It comes back as a message's `attachments` name it: an object
    /// of `content-type`, `size` and `url`. `name` is for errors.
    ///
    /// # Errors
    /// When the file cannot be read, the platform does not take it, or there is none.
    pub async fn put(&self, name: &str, content_type: &str, file: File) -> Result<Value, Error> {
        let file = Attachment::new(name, content_type, file)?;
        let url = match self {
            Self::Storage(http, storage) => file.to_storage(http, storage).await?,
            Self::Platform(http, platform) => file.to_place(http, platform).await?,
            Self::Nowhere => return Err(nowhere(name)),
        };
        let size = file.bytes.to_string();
        Ok(json!({ "content-type": content_type, "size": size, "url": url }))
    }
}

fn nowhere(name: &str) -> Error {
    let what = format!("there is no place for the attachment {name}: the step has no platform");
    Error::new(Kind::Unusable, what).hint(
        "set ELASTICIO_OBJECT_STORAGE_URI and ELASTICIO_OBJECT_STORAGE_TOKEN, or choose another \
         emitBehaviour than file",
    )
}

struct Attachment {
    what: String,
    content_type: HeaderValue,
    file: Arc<Mutex<File>>,
    bytes: u64,
}

impl Attachment {
    fn new(name: &str, content_type: &str, file: File) -> Result<Self, Error> {
        let what = format!("the platform does not take the attachment {name}");
        let wrong = |it: &dyn std::fmt::Display| {
            Error::new(Kind::Internal, format!("the attachment {name} cannot be read: {it}"))
        };
        let bytes = file.metadata().map_err(|it| wrong(&it))?.len();
        let content_type = HeaderValue::try_from(content_type).map_err(|it| wrong(&it))?;
        Ok(Self { what, content_type, file: Arc::new(Mutex::new(file)), bytes })
    }

    async fn to_storage(&self, http: &Http, storage: &Storage) -> Result<String, Error> {
        let answer = http.ask_anew(RETRY, self.bounds(), || async {
            Ok(self.request(storage.request(Method::POST, storage.objects().clone(), None)))
        });
        let id = storage.object_id(answer.await, &self.what)?;
        let mut url = storage.object(&id)?;
        url.set_query(Some("storage_type=maester"));
        Ok(url.into())
    }

    async fn to_place(&self, http: &Http, platform: &Platform) -> Result<String, Error> {
        let place = platform.place().await?;
        let answer = http.ask_anew(RETRY, self.bounds(), || async {
            Ok(self.request(Request::new(Method::PUT, place.put.clone())))
        });
        let answer: Result<_, Fault> = answer.await;
        answer.map_err(|it| {
            let secrets: [SecretString; 2] =
                [place.put.as_str().into(), place.put.query().unwrap_or_default().into()];
            it.error(&self.what, "the platform's storage of attachments", &secrets)
        })?;
        Ok(place.get.into())
    }

    /// A request with the file as its body, whose length is said beforehand: storages ask for that.
    fn request(&self, mut request: Request) -> Request {
        request.headers_mut().insert(CONTENT_TYPE, self.content_type.clone());
        request.headers_mut().insert(CONTENT_LENGTH, self.bytes.into());
        *request.body_mut() = Some(Body::wrap_stream(pieces(Arc::clone(&self.file))));
        request
    }

    fn bounds(&self) -> Bounds {
        let mebibytes = u32::try_from(self.bytes / (1024 * 1024)).unwrap_or(u32::MAX);
        let (any, each) = TIME;
        Bounds { time: any + each.saturating_mul(mebibytes), bytes: MOST_ANSWER }
    }
}

fn pieces(file: Arc<Mutex<File>>) -> impl Stream<Item = io::Result<Vec<u8>>> {
    try_unfold(0, move |place: u64| {
        let file = Arc::clone(&file);
        async move {
            let read = tokio::task::spawn_blocking(move || piece(&file, place));
            let piece = read.await.map_err(io::Error::other)??;
            let next = place + piece.len() as u64;
            Ok((!piece.is_empty()).then_some((piece, next)))
        }
    })
}

/// Reads a piece from its own place: an attempt that was given up may still be reading another.
fn piece(file: &Mutex<File>, place: u64) -> io::Result<Vec<u8>> {
    let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
    file.seek(SeekFrom::Start(place))?;
    let mut piece = Vec::with_capacity(PIECE);
    file.by_ref().take(PIECE as u64).read_to_end(&mut piece)?;
    Ok(piece)
}

#[cfg(test)]
mod tests;
