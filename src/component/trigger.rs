//! The shape of a trigger: what starts a flow.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Connection, Error, Meta, Outlet};

/// What a trigger leaves behind for its next run.
#[derive(Debug, Clone, PartialEq)]
pub struct Fired {
    /// The snapshot to be kept, when it changed.
    pub snapshot: Option<Value>,
}

/// What makes a trigger run.
#[derive(Debug, Clone, Copy)]
pub struct Event<'a> {
    /// What came with it: nothing from a scheduler, a request's body from a webhook.
    pub body: &'a Value,
    /// What the last run left; an empty object at first.
    pub snapshot: &'a Value,
    /// When it is.
    pub now: Timestamp,
}

/// A trigger. It is run again and again, each time with the snapshot of the time before.
pub trait Trigger: Sized + 'static {
    /// What it talks to.
    type Api: Connection;
    /// The step's fields.
    type Options: DeserializeOwned + JsonSchema + Send + Sync;
    /// What is emitted.
    type Output: Serialize + JsonSchema;

    /// What people and the platform are told about it.
    const META: Meta;

    /// Runs once, emitting what is new since the snapshot.
    fn fire(
        api: &Self::Api,
        options: &Self::Options,
        event: Event<'_>,
        out: &Outlet<'_>,
    ) -> impl Future<Output = Result<Fired, Error>> + Send;
}
