//! The platform's object storage: bodies that are too large to travel.
//!
//! Such a body is left in the storage, encrypted, and the message carries its object's id in a
//! header in its place. What travels like that is called lightweight.

mod marker;

use std::time::Duration;

use futures_util::future::try_join_all;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Body, Method, Request, Url};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};

use marker::{length, mark, passed_on, passthrough, stored, unmark};

use super::cipher::{Cipher, Protocol};
use super::incoming::MOST_BYTES;
use super::platform::address;
use super::settings::{Ids, StorageSettings};
use crate::component::{Error, Kind, Private, exact};
use crate::printable::is_obeyed;
use crate::runtime::http::{Answer, Bounds, Fault, Http, Retry};

/// The variable that people have to look at when the storage cannot be used.
pub(super) const ADDRESS: &str = "ELASTICIO_OBJECT_STORAGE_URI";
const BOUNDS: Bounds = Bounds { time: Duration::from_secs(10), bytes: MOST_BYTES };
const RETRY: Retry = Retry { attempts: 3, delay: Duration::from_millis(100) };

/// The object storage, as one step uses it.
#[derive(Clone)]
pub struct Storage {
    http: Http,
    objects: Url,
    authorization: HeaderValue,
    request_id: HeaderValue,
    secrets: [SecretString; 1],
    cipher: Cipher,
    /// Messages whose bodies have more bytes than this are made lightweight; none, if it is none.
    threshold: Option<usize>,
}

/// Whether the body of a message is in the storage, and not here.
pub(super) fn is_stored(message: &Map<String, Value>) -> bool {
    stored(message).is_some()
}

impl Storage {
    /// The storage of these settings. No I/O.
    ///
    /// # Errors
    /// When its address or token cannot be used.
    pub fn new(
        http: Http,
        settings: &StorageSettings,
        ids: &Ids,
        cipher: Cipher,
    ) -> Result<Self, Error> {
        let mut objects = address(&settings.uri, ADDRESS)?;
        if let Ok(mut path) = objects.path_segments_mut() {
            path.pop_if_empty().push("objects");
        }
        let header = |text: String, variable| {
            HeaderValue::try_from(text).map_err(|_| Error::config(variable, "cannot be sent"))
        };
        let token = settings.token.expose_secret();
        let mut authorization =
            header(format!("Bearer {token}"), "ELASTICIO_OBJECT_STORAGE_TOKEN")?;
        authorization.set_sensitive(true);
        Ok(Self {
            http,
            objects,
            authorization,
            request_id: header(format!("f:{};s:{};m:", ids.flow, ids.step), "ELASTICIO_FLOW_ID")?,
            secrets: [settings.token.clone()],
            cipher,
            threshold: settings.emit_lightweight.then_some(settings.threshold),
        })
    }

    /// Puts the body of a lightweight message back. Its header goes: were it to travel on, the next
    /// step would take the old body for the new one. For the same reason a message that has both a
    /// body and the header keeps its body.
    ///
    /// # Errors
    /// When the body cannot be had. Nothing was changed then.
    pub async fn resolve(&self, message: &mut Map<String, Value>) -> Result<(), Error> {
        if let Some(id) = stored(message) {
            let body = self.body(&id, MOST_BYTES).await?;
            message.insert("body".to_owned(), body);
        }
        unmark(message);
        Ok(())
    }

    /// Makes a message ready to be published: lightweight if it is too large and the settings ask
    /// for that; if they do not, with the bodies that its passthrough only names.
    ///
    /// A storage that fails holds no result back, which may be that of an SMS that is paid for: the
    /// message stays as it is, and the log says so.
    pub async fn outgoing(&self, message: &mut Map<String, Value>) {
        let Some(threshold) = self.threshold else { return self.fill_passthrough(message).await };
        let weight = |it: &Map<String, Value>| it.get("body").map_or(0, length);
        let passed: usize = passthrough(message).map(|(_, it)| weight(it)).sum();
        if weight(message) + passed <= threshold {
            return;
        }
        if let Err(error) = self.lighten(message).await {
            tracing::warn!(error = %error.logged(), "a large message travels whole");
            Private::tell(&error, || message.values());
        }
    }

    async fn lighten(&self, message: &mut Map<String, Value>) -> Result<(), Error> {
        let passed = passthrough(message).filter(|(_, it)| stored(it).is_none());
        let places = std::iter::once((None, &*message))
            .chain(passed.map(|(name, it)| (Some(name.clone()), it)));
        let stored = try_join_all(places.map(|(place, it)| async {
            let body = it.get("body").map_or_else(|| "{}".to_owned(), Value::to_string);
            self.put_body(body.as_bytes()).await.map(|id| (place, id))
        }))
        .await?;
        for (place, id) in stored {
            match place {
                None => mark(message, id),
                Some(name) => passed_on(message, &name, |it| mark(it, id)),
            }
        }
        Ok(())
    }

    async fn fill_passthrough(&self, message: &mut Map<String, Value>) {
        let named = passthrough(message)
            .filter_map(|(name, it)| stored(it).map(|id| (name.clone(), id)))
            .collect::<Vec<_>>();
        // One after the other, and no more than one message may have: a worker has room for that.
        let mut room = MOST_BYTES;
        for (name, id) in &named {
            match self.body(id, room).await {
                Ok(body) => {
                    room = room.saturating_sub(length(&body));
                    passed_on(message, name, |it| {
                        it.insert("body".to_owned(), body);
                        unmark(it);
                    });
                }
                Err(error) => {
                    let logged = error.logged();
                    tracing::warn!(error = %logged, step = name, "its body is passed on by name");
                    Private::tell(&error, || message.values());
                }
            }
        }
    }

    /// A body of at most so many bytes.
    async fn body(&self, id: &str, most: usize) -> Result<Value, Error> {
        let place = self.object(id)?;
        let what = format!("the message's body (object {id}) cannot be had from the storage");
        let request = self.request(Method::GET, place, None);
        let answer = self.http.ask(RETRY, Bounds { bytes: most, ..BOUNDS }, &request).await;
        let answer = answer.map_err(|fault| {
            let error = fault.error(&what, ADDRESS, &self.secrets);
            if !matches!(fault.status(), Some(404 | 410)) {
                return error;
            }
            Error { kind: Kind::Unusable, ..error }
                .hint("stored bodies expire, mostly after a day; run the flow again from the start")
        })?;
        let read = |plain: &[u8]| {
            exact::parse_bytes(plain).map_err(|it| Error::new(Kind::Unusable, format!("it {it}")))
        };
        self.cipher.open(&answer.body, Protocol::V2, read).map_err(|it| {
            let said = format!("{what}: {}", it.what);
            Error { kind: Kind::Unusable, what: said, ..it }
        })
    }

    async fn put_body(&self, plain: &[u8]) -> Result<String, Error> {
        let sealed = self.cipher.encrypt(plain, Protocol::V2);
        let request = self.request(Method::POST, self.objects.clone(), Some(sealed.into()));
        let answer = self.http.ask(RETRY, BOUNDS, &request).await;
        self.object_id(answer, "the object storage does not take a message's body")
    }

    /// A request to the storage.
    pub(super) fn request(&self, method: Method, url: Url, body: Option<Body>) -> Request {
        let mut request = Request::new(method, url);
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, self.authorization.clone());
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert("x-request-id", self.request_id.clone());
        if body.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        *request.body_mut() = body;
        request
    }

    /// Where objects are put.
    pub(super) fn objects(&self) -> &Url {
        &self.objects
    }

    /// Where an object is.
    ///
    /// # Errors
    /// The id leads elsewhere: a URL drops tabs, and dots alone are other folders.
    pub(super) fn object(&self, id: &str) -> Result<Url, Error> {
        let strays = |it: char| is_obeyed(it) || matches!(it, '/' | '\\');
        if id.contains(strays) || id.chars().all(|it| it == '.') {
            let said = "an id of the object storage has characters that no id has, or dots alone";
            return Err(Error::new(Kind::Unusable, said));
        }
        let mut url = self.objects.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.push(id);
        }
        Ok(url)
    }

    /// The id of an object that was put.
    pub(super) fn object_id(
        &self,
        answer: Result<Answer, Fault>,
        what: &str,
    ) -> Result<String, Error> {
        let answer = answer.map_err(|it| it.error(what, ADDRESS, &self.secrets))?;
        let answer = exact::parse_bytes(&answer.body).unwrap_or_default();
        match answer.get("objectId").and_then(Value::as_str) {
            Some(id) if !id.is_empty() => Ok(id.to_owned()),
            _ => Err(Error::new(Kind::Unusable, format!("{what}: the answer names no object"))),
        }
    }
}

/// Nothing of it is for people.
impl std::fmt::Debug for Storage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Storage").field("threshold", &self.threshold).finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(super) mod tests;
