//! What a message emits, on its way out: results, files, and what the next run begins with.

use std::sync::atomic::{AtomicU32, Ordering};

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tokio::sync::OnceCell;
use uuid::Uuid;

use super::cut;
use super::flow::Flow;
use super::incoming::Incoming;
use super::outgoing::{Outgoing, Publication};
use super::passthrough::Passthrough;
use super::publication_id::Which;
use super::storage::is_stored;

use crate::component::{
    Attached, BoxFuture, Emit, Error, Files, HttpReply, Kind, Replies, ResultId, Snapshots,
};
use crate::runtime::disposition::Unpublished;

/// Where a message carries what earlier steps found.
const PASSTHROUGH: &str = "passthrough";

/// The way out for the results of one message.
pub(super) struct Emitter<'a> {
    flow: &'a Flow,
    incoming: &'a Incoming,
    passthrough: Option<&'a Passthrough>,
    started: Timestamp,
    emitted: AtomicU32,
    failure: OnceCell<Unpublished>,
    kept: OnceCell<Value>,
}

impl<'a> Emitter<'a> {
    pub fn new(
        flow: &'a Flow,
        incoming: &'a Incoming,
        passthrough: Option<&'a Passthrough>,
        started: Timestamp,
    ) -> Self {
        let (emitted, failure, kept) = (AtomicU32::new(0), OnceCell::new(), OnceCell::new());
        Self { flow, incoming, passthrough, started, emitted, failure, kept }
    }

    /// Why something could not be published, if so: then nobody can be told of the results.
    pub fn failure(&self) -> Option<&Unpublished> {
        self.failure.get()
    }

    /// What the next run of a trigger begins with, if it is safe.
    pub fn kept(&self) -> Option<&Value> {
        self.kept.get()
    }

    fn out(&self) -> Outgoing<'_> {
        self.flow.out(self.incoming, self.started)
    }

    async fn publish(
        &self,
        own: Option<ResultId>,
        result: Value,
        attachments: Value,
    ) -> Result<(), Unpublished> {
        let place = self.emitted.fetch_add(1, Ordering::Relaxed);
        if place > 0 {
            // The permit for the first was there before the call.
            self.flow.rates.data.until_ready().await;
        }
        let ids = &self.flow.settings.ids;
        let id = own.map_or_else(
            || Which::Result(place).id(ids, self.incoming),
            |it| it.uuid(&[&ids.flow, &ids.step]),
        );
        let mut whole = message(result, attachments);
        let publication = match self.written(&mut whole, id).await {
            Ok(publication) => Ok(publication),
            Err(error) => {
                tracing::warn!(error = %error.logged(), "a result is cut");
                self.shortened(&mut whole, id)
            }
        };
        self.flow.publish(publication).await
    }

    /// As much of a result as the platform takes.
    fn shortened(&self, whole: &mut Map<String, Value>, id: Uuid) -> Result<Publication, Error> {
        if is_stored(whole)
            && let Ok(light) = self.out().data(whole, None, id)
        {
            return Ok(light);
        }
        let field = |name: &str| whole.get(name).cloned().unwrap_or_default();
        let (out, passthrough) = (self.out(), self.passthrough);
        let problems = cut::problems(&field("body"));
        let mut counts = message(cut::counts(&problems), field("attachments"));
        out.data(&mut message(problems, field("attachments")), passthrough, id)
            .or_else(|_| out.data(&mut counts, passthrough, id))
            .or_else(|_| out.data(&mut counts, None, id))
    }

    async fn written(
        &self,
        message: &mut Map<String, Value>,
        id: Uuid,
    ) -> Result<Publication, Error> {
        let out = self.out();
        let Some(storage) = &self.flow.storage else {
            return out.data(message, self.passthrough, id);
        };
        let mut passthrough = self.passthrough.cloned();
        if let Some(passed) = &mut passthrough {
            message.insert(PASSTHROUGH.to_owned(), std::mem::take(&mut passed.steps).into());
        }
        storage.outgoing(message).await;
        if let (Some(passed), Some(Value::Object(steps))) =
            (&mut passthrough, message.shift_remove(PASSTHROUGH))
        {
            passed.steps = steps;
        }
        out.data(message, passthrough.as_ref(), id)
    }

    async fn emit_all(
        &self,
        own: Option<ResultId>,
        result: Value,
        attachments: Value,
    ) -> Result<(), Error> {
        let Err(unpublished) = self.publish(own, result, attachments).await else { return Ok(()) };
        // Only the first one counts.
        self.failure.set(unpublished).ok();
        Err(Error::new(Kind::Unavailable, "a result could not be published"))
    }
}

impl Emit for Emitter<'_> {
    fn emit(&self, result: Value) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(self.emit_all(None, result, json!({})))
    }

    fn emit_as(&self, id: ResultId, result: Value) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(self.emit_all(Some(id), result, json!({})))
    }

    fn files(&self) -> Option<&dyn Files> {
        Some(self)
    }

    fn replies(&self) -> Option<&dyn Replies> {
        Some(self)
    }

    fn snapshots(&self) -> Option<&dyn Snapshots> {
        Some(self)
    }
}

impl Files for Emitter<'_> {
    fn emit_with(&self, result: Value, file: Attached) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            let Attached { name, content_type, file } = file;
            let kept = self.flow.attachments.put(name, content_type, file).await?;
            self.emit_all(None, result, json!({ name: kept })).await
        })
    }
}

impl Replies for Emitter<'_> {
    fn reply(&self, reply: HttpReply) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            let out = self.out();
            let id = Which::HttpReply.id(&self.flow.settings.ids, self.incoming);
            let HttpReply { status, headers, body } = reply;
            let publication = out.http_reply(status, &body, &headers, id);
            self.flow.publish(publication).await.map_err(Error::from)
        })
    }
}

impl Snapshots for Emitter<'_> {
    fn keep(&self, snapshot: Value) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            self.flow.rates.snapshot.until_ready().await;
            let id = Which::Snapshot.id(&self.flow.settings.ids, self.incoming);
            let out = self.out();
            let published = self.flow.publish(out.snapshot(&snapshot, id)).await;
            match published {
                Ok(()) => {
                    self.kept.set(snapshot).ok();
                    Ok(())
                }
                Err(Unpublished::Unroutable(error)) => Err(unkept(&error)),
                Err(gone) => {
                    self.failure.set(gone).ok();
                    Err(Error::new(Kind::Unavailable, "the snapshot could not be published"))
                }
            }
        })
    }
}

/// The error of a snapshot that nobody takes: its results are out.
fn unkept(error: &Error) -> Error {
    let said = format!("the next run will emit the same again: {}", error.what);
    Error { hint: error.hint.clone(), ..Error::new(Kind::Unusable, said) }
}

/// A platform message of this body.
fn message(body: Value, attachments: Value) -> Map<String, Value> {
    let mut message = Map::new();
    message.insert("attachments".to_owned(), attachments);
    message.insert("headers".to_owned(), Map::new().into());
    message.insert("body".to_owned(), body);
    message.insert("metadata".to_owned(), Map::new().into());
    message
}
