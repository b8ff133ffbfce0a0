//! Where the results of a message go, one after the other.

use std::fs::File;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ring::digest::{Context, SHA256};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{BoxFuture, Error, Kind, add_text, finish};

/// The ids of triggers' results are derived from this.
const NAMESPACE: Uuid = Uuid::from_u128(0x2a5d_93c1_6f0e_4d1b_8e77_41c0_9b3f_5ad2);

/// What a trigger's result is recognised by: the same whenever the same thing is found again, in
/// whatever run. The results of actions need none: they have the ids of their messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResultId(pub [u8; 32]);

impl ResultId {
    /// The id as a message has it. `place` tells apart who finds the same, such as two steps.
    pub fn uuid(self, place: &[&str]) -> Uuid {
        let mut hash = Context::new(&SHA256);
        for text in place {
            add_text(&mut hash, text);
        }
        hash.update(&self.0);
        Uuid::new_v5(&NAMESPACE, &finish(hash))
    }

    /// The id of one result that has several things in it.
    pub fn of_all(them: &[Self]) -> Self {
        let mut hash = Context::new(&SHA256);
        for it in them {
            hash.update(&it.0);
        }
        Self(finish(hash))
    }
}

/// A runtime's way of taking results, and what else it offers.
pub trait Emit: Send + Sync {
    /// Takes one result, waiting until there is room for it, so that memory stays flat however many
    /// results there are.
    ///
    /// # Errors
    /// When results cannot be taken any more.
    fn emit(&self, result: Value) -> BoxFuture<'_, Result<(), Error>>;

    /// Takes one result of a trigger, which has an id of its own.
    ///
    /// # Errors
    /// When results cannot be taken any more.
    fn emit_as(&self, _id: ResultId, result: Value) -> BoxFuture<'_, Result<(), Error>> {
        self.emit(result)
    }

    /// Hears that the message waits for its next try, and why.
    fn waits(&self, _why: &str, _wait: Duration) {}

    /// Where files go along with results, if they can.
    fn files(&self) -> Option<&dyn Files> {
        None
    }

    /// Where requests over HTTP are answered, if any begins a flow.
    fn replies(&self) -> Option<&dyn Replies> {
        None
    }

    /// Where it is kept what the next run of a trigger begins with, unless each run stands alone.
    fn snapshots(&self) -> Option<&dyn Snapshots> {
        None
    }
}

/// Takes files beside results, and not in them.
pub trait Files: Send + Sync {
    /// Takes one result with a file.
    ///
    /// # Errors
    /// When the file cannot be kept anywhere, or results cannot be taken any more.
    fn emit_with(&self, result: Value, file: Attached) -> BoxFuture<'_, Result<(), Error>>;
}

/// Answers requests over HTTP.
pub trait Replies: Send + Sync {
    /// Answers the request over HTTP that began the flow.
    ///
    /// # Errors
    /// When nobody waits for an answer.
    fn reply(&self, reply: HttpReply) -> BoxFuture<'_, Result<(), Error>>;
}

/// Keeps what the next run of a trigger begins with.
pub trait Snapshots: Send + Sync {
    /// Waits until all results so far are safe. Where each is when it is taken, there is no wait.
    ///
    /// # Errors
    /// When they cannot be made safe.
    fn settle(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Keeps a snapshot, once all results before it are safe.
    ///
    /// # Errors
    /// When it cannot be kept: the next run begins where this one did.
    fn keep(&self, snapshot: Value) -> BoxFuture<'_, Result<(), Error>>;
}

/// An answer to a request over HTTP.
#[derive(Debug, Clone, PartialEq)]
pub struct HttpReply {
    /// Its status, such as 200.
    pub status: u16,
    /// Its headers, which are texts.
    pub headers: Map<String, Value>,
    /// Its body.
    pub body: String,
}

/// A file that goes along with a result.
#[derive(Debug)]
pub struct Attached {
    /// Its name, such as `report.zip`.
    pub name: &'static str,
    /// What it is, such as `application/zip`.
    pub content_type: &'static str,
    /// It is read from its start.
    pub file: File,
}

/// The way out for one message's results. It adds to each what goes back to the sender untouched.
pub struct Outlet<'a> {
    to: &'a dyn Emit,
    echo: Map<String, Value>,
    emitted: AtomicU64,
}

impl<'a> Outlet<'a> {
    /// An outlet that adds these fields to each result, unless the result has them.
    pub fn new(to: &'a dyn Emit, echo: Map<String, Value>) -> Self {
        Self { to, echo, emitted: AtomicU64::new(0) }
    }

    /// Emits one result, waiting for room.
    ///
    /// # Errors
    /// When nobody takes results any more.
    pub async fn emit(&self, result: Value) -> Result<(), Error> {
        let result = self.echoed(result);
        self.to.emit(result).await
    }

    /// Emits one result of a trigger under an id of its own, waiting for room.
    ///
    /// # Errors
    /// When nobody takes results any more.
    pub async fn emit_as(&self, id: ResultId, result: Value) -> Result<(), Error> {
        let result = self.echoed(result);
        self.to.emit_as(id, result).await
    }

    /// The way out for results with files, if files can go along with results.
    pub fn files(&self) -> Option<FileOutlet<'_>> {
        self.to.files().map(|to| FileOutlet { outlet: self, to })
    }

    /// Answers the request over HTTP that began the flow.
    ///
    /// # Errors
    /// When nobody waits for an answer.
    pub async fn reply(&self, reply: HttpReply) -> Result<(), Error> {
        self.emitted.fetch_add(1, Ordering::Relaxed);
        let nobody = || Error::new(Kind::Unusable, "nobody waits for an answer");
        self.to.replies().ok_or_else(nobody)?.reply(reply).await
    }

    fn echoed(&self, mut result: Value) -> Value {
        if let Value::Object(fields) = &mut result {
            for (name, value) in &self.echo {
                fields.entry(name).or_insert_with(|| value.clone());
            }
        }
        self.emitted.fetch_add(1, Ordering::Relaxed);
        result
    }

    /// How many results and answers were given out: from the first one on, nothing is begun anew.
    pub fn emitted(&self) -> u64 {
        self.emitted.load(Ordering::Relaxed)
    }
}

/// The way out for a message's results with files.
pub struct FileOutlet<'a> {
    outlet: &'a Outlet<'a>,
    to: &'a dyn Files,
}

impl FileOutlet<'_> {
    /// Emits one result with a file.
    ///
    /// # Errors
    /// When the file cannot be kept anywhere, or nobody takes results any more.
    pub async fn emit(&self, result: Value, file: Attached) -> Result<(), Error> {
        let result = self.outlet.echoed(result);
        self.to.emit_with(result, file).await
    }
}
