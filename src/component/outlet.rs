//! Where the results of a message go, one after the other.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Map, Value};

use super::{BoxFuture, Error};

/// A runtime's way of taking results.
pub trait Emit: Send + Sync {
    /// Takes one result, waiting until there is room for it, so that memory stays flat however many
    /// results there are.
    ///
    /// # Errors
    /// When results cannot be taken any more.
    fn emit(&self, result: Value) -> BoxFuture<'_, Result<(), Error>>;
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
    pub async fn emit(&self, mut result: Value) -> Result<(), Error> {
        if let Value::Object(fields) = &mut result {
            for (name, value) in &self.echo {
                fields.entry(name).or_insert_with(|| value.clone());
            }
        }
        self.emitted.fetch_add(1, Ordering::Relaxed);
        self.to.emit(result).await
    }

    /// How many results were emitted.
    pub fn emitted(&self) -> u64 {
        self.emitted.load(Ordering::Relaxed)
    }
}
