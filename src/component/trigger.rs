//! The shape of a trigger: what starts a flow.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Error, Meta, Outlet, Session, Store};

/// What a trigger leaves behind for its next run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Fired {
    /// The snapshot to be kept, when it changed: at most [`SNAPSHOT_BYTES`] as JSON.
    pub snapshot: Option<Value>,
    /// What is to be saved in the store, before the snapshot is; only where there is a store.
    pub stored: Option<Vec<u8>>,
}

/// Most bytes of a snapshot: what platforms keep of one.
pub const SNAPSHOT_BYTES: usize = 5 * 1024;

/// What makes a trigger run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// A scheduler: it asks for what is new.
    Polling,
    /// A request over HTTP, which the platform passes on.
    Webhook,
}

/// What a request over HTTP has beside its body.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Webhook {
    /// Its method, such as GET.
    pub method: Option<String>,
    /// The fields of its query; null when there are none.
    pub query: Value,
}

/// What comes with an event beside its body.
#[derive(Debug, Clone, Copy)]
pub struct Around<'a> {
    /// What the last run left; an empty object at first.
    pub snapshot: &'a Value,
    /// The request, of a webhook.
    pub webhook: &'a Webhook,
    /// Where more is kept than a snapshot takes, if there is such a place.
    pub store: Option<&'a Store>,
}

/// One run of a trigger.
#[derive(Debug, Clone, Copy)]
pub struct Event<'a> {
    /// What came with it: nothing from a scheduler, a request's body from a webhook.
    pub body: &'a Value,
    /// What the last run left; an empty object at first.
    pub snapshot: &'a Value,
    /// The request, of a webhook.
    pub webhook: &'a Webhook,
    /// Where more is kept than a snapshot takes, if there is such a place.
    pub store: Option<&'a Store>,
    /// When it is.
    pub now: Timestamp,
}

/// A trigger. It is run again and again, each time with the snapshot of the time before.
pub trait Trigger: Sized + 'static {
    /// The step's fields.
    type Options: DeserializeOwned + JsonSchema + Send + Sync;
    /// What is emitted.
    type Output: Serialize + JsonSchema;

    /// What people and the platform are told about it.
    const META: Meta;

    /// What makes it run.
    const CAUSE: Cause = Cause::Polling;

    /// Whether one run may lead to more than one result.
    fn emits_many(_options: &Self::Options) -> bool {
        false
    }

    /// Runs once, emitting what is new since the snapshot.
    fn fire(
        api: &Session,
        options: &Self::Options,
        event: Event<'_>,
        out: &Outlet<'_>,
    ) -> impl Future<Output = Result<Fired, Error>> + Send;
}
