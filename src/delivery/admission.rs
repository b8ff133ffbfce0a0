//! Who is asked before a message is sent: guards.

use tokio::sync::OwnedMutexGuard;

use crate::component::{BoxFuture, Error};

/// What is asked before a message is sent.
pub trait Admission: Send + Sync {
    /// Lets a message of this weight pass.
    ///
    /// # Errors
    /// Why it may not.
    fn admit(&self, load: Load) -> BoxFuture<'_, Result<(), Error>>;
}

/// How much one message would send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Recipients that would be called.
    pub recipients: usize,
    /// Units (SMS parts), as far as is known beforehand.
    pub units: u64,
    /// Whether the message has a key of its own, and goes on another account.
    pub own_account: bool,
    /// Whether it also has recipients that nobody can count.
    pub uncounted: bool,
}

/// A message's turn to be let through: held until it is, or is not. Messages that take turns are
/// counted in the order in which they came.
pub type Turn = OwnedMutexGuard<()>;
