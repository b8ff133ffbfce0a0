//! What comes of a message, as lines.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::sync::mpsc;

use super::waits::Waiting;
use super::writer::Event;
use crate::component::{BoxFuture, Emit, Error, Kind, ResultId};

/// A value as a line. `to_string` would go through the slower formatting machinery.
pub fn written(value: &Value) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// Results as lines, in the form in which their message came.
pub struct Out<'a> {
    pub events: &'a mpsc::Sender<Event>,
    pub closed: &'a AtomicBool,
    pub envelope: Option<Map<String, Value>>,
    pub waiting: Waiting,
}

impl Out<'_> {
    fn line(&self, line: String) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            // A report of a million rows is not read to its end for nobody.
            if self.closed.load(Ordering::Relaxed) {
                return Err(gone());
            }
            self.events.send(Event::Line(line)).await.map_err(|_| gone())
        })
    }
}

impl Emit for Out<'_> {
    fn emit(&self, result: Value) -> BoxFuture<'_, Result<(), Error>> {
        self.line(match &self.envelope {
            None => written(&result),
            Some(envelope) => {
                let mut wrapped = envelope.clone();
                wrapped.insert("body".to_owned(), result);
                written(&Value::Object(wrapped))
            }
        })
    }

    fn waits(&self, why: &str, wait: Duration) {
        self.waiting.wait(why, wait);
    }

    fn emit_as(&self, id: ResultId, result: Value) -> BoxFuture<'_, Result<(), Error>> {
        let mut wrapped = self.envelope.clone().unwrap_or_default();
        wrapped.insert("id".to_owned(), id.uuid(&[]).to_string().into());
        wrapped.insert("body".to_owned(), result);
        self.line(written(&Value::Object(wrapped)))
    }
}

fn gone() -> Error {
    Error::new(Kind::Unavailable, "the reader of the results has gone")
}
