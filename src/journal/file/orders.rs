//! What the writer is asked to do.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::oneshot;

use super::runs::LastRun;
use super::tables::Key;
use crate::component::{Claim, Error, Fallout, MessageKey, Progress, Scope, Ticket};
use crate::journal::record::{Record, Sought};
use crate::journal::{Begin, EndedRun, Job};

/// Where an answer goes.
pub type Reply<T> = oneshot::Sender<Result<T, Error>>;

/// A claim, ready to be written.
#[derive(Debug)]
pub struct Claiming {
    pub message: MessageKey,
    pub attempt: u64,
    pub resend: bool,
    /// Each slot and its record.
    pub slots: Vec<(u32, Record)>,
    /// How far its run has read.
    pub reached: Option<(Scope, Progress)>,
    pub now: Timestamp,
}

/// A run to begin.
#[derive(Debug)]
pub struct BeginRun {
    pub job: Job,
    /// The hash of the first message of its input.
    pub first: [u8; 32],
    pub how: Begin,
    /// Its scope, if it is a new one.
    pub new: Scope,
    pub now: Timestamp,
}

/// Something to do, and where its answer goes.
#[derive(Debug)]
pub enum Order {
    Claim(Claiming, Reply<Claim>),
    Record(Ticket, Vec<(u32, Fallout)>, Timestamp, Reply<()>),
    Accept(MessageKey, u32, Timestamp, Reply<bool>),
    /// Forgets some, from this key on; says how many, and where to go on.
    Forget(Arc<Sought>, Option<Key>, Reply<(u64, Option<Key>)>),
    /// Leaves nothing of what was forgotten in the file.
    Erase(Reply<()>),
    /// Begins a run. Says what it is, and whether it was open before.
    Begin(BeginRun, Reply<(LastRun, bool)>),
    End(Job, EndedRun, Reply<()>),
    /// Saves what a trigger remembers.
    Save(String, Vec<u8>, Reply<()>),
}

impl Order {
    /// Answers with this error.
    pub fn refuse(self, error: &Error) {
        let error = error.clone();
        // Who does not wait any more does not need the answer.
        match self {
            Self::Claim(_, reply) => drop(reply.send(Err(error))),
            Self::Record(.., reply)
            | Self::End(.., reply)
            | Self::Save(.., reply)
            | Self::Erase(reply) => {
                drop(reply.send(Err(error)));
            }
            Self::Accept(.., reply) => drop(reply.send(Err(error))),
            Self::Forget(.., reply) => drop(reply.send(Err(error))),
            Self::Begin(.., reply) => drop(reply.send(Err(error))),
        }
    }
}
