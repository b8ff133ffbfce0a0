//! The shape of an action that reads many things: a stream of results, with flat memory.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Error, Meta, Outlet, Session};

/// An action that only reads, and emits as many results as there are.
pub trait Report: Sized + 'static {
    /// The message body.
    type Input: DeserializeOwned + JsonSchema + Send + Sync;
    /// The step's fields.
    type Options: DeserializeOwned + JsonSchema + Send + Sync;
    /// What is emitted.
    type Output: Serialize + JsonSchema;

    /// What people and the platform are told about it.
    const META: Meta;

    /// Whether these options may emit more than one result for a message.
    fn emits_many(options: &Self::Options) -> bool;

    /// Checks the message. Pure.
    ///
    /// # Errors
    /// What is wrong with the message.
    fn check(input: &Self::Input, options: &Self::Options, now: Timestamp) -> Result<(), Error>;

    /// Reads, and emits results as they come.
    fn read(
        api: &Session,
        input: &Self::Input,
        options: &Self::Options,
        now: Timestamp,
        out: &Outlet<'_>,
    ) -> impl Future<Output = Result<(), Error>> + Send;
}
