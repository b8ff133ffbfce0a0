//! What the engine needs of a memory that outlives it: claim before the call, record after it.

use super::{BoxFuture, Error, Outcome};

/// What a claim is for: one request that must happen at most once.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ClaimKey {
    /// The action's name.
    pub action: &'static str,
    /// The message's own id, when it has one.
    pub message: Option<String>,
    /// Place of the request within its message, counted from 0.
    pub part: usize,
}

/// Proof of a claim; needed to record what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket(pub u64);

/// The answer to a claim.
#[derive(Debug, Clone, PartialEq)]
pub enum Claim {
    /// Go ahead, then record.
    Granted(Ticket),
    /// It was done before: this is what became of it.
    Settled(Outcome),
}

/// A store of claims. Only requests that must happen at most once are claimed.
pub trait Journal: Send + Sync {
    /// Claims the right to make one request. Durable once it returns.
    fn claim<'a>(&'a self, key: &'a ClaimKey) -> BoxFuture<'a, Result<Claim, Error>>;

    /// Records what became of it. Durable once it returns.
    fn record<'a>(
        &'a self,
        ticket: Ticket,
        outcome: &'a Outcome,
    ) -> BoxFuture<'a, Result<(), Error>>;
}
