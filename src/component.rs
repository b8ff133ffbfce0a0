//! The contract between what the connector can do and how messages reach it.
//!
//! Actions and triggers are written against these types; runtimes (the pipe, the step) drive them
//! through a [`Component`] table without knowing what any of them does.

mod action;
pub mod clock;
mod config;
mod erased;
mod error;
pub mod exact;
pub(crate) mod faults;
mod handler;
mod identity;
mod input;
mod journal;
mod masked;
mod message;
pub mod metrics;
mod outcome;
mod outlet;
mod plan;
mod remembered;
mod report;
mod schema;
mod seal;
mod session;
mod shape;
mod state;
mod table;
mod trigger;
mod words;

pub use action::{Action, Effect, Example, Finish, Meta};
pub use config::{Config, Delivery, Mode, NoOptions, WhenUnknown};
pub use erased::{Bound, Finished, Job, PartInfo, Source, Task, Work, json_planned};
pub use error::{Error, Kind, Meant};
pub use handler::{Handler, Role};
pub use identity::{
    add_text, brings_key, finish, former, hex, identity, purpose, reference, stretch, tracker,
    unhex,
};
pub use input::{Common, Entry};
pub use journal::{
    Account, AccountMark, Claim, Difference, Fallout, GIVEN_UP, Journal, Kept, Known, MessageKey,
    NumberHash, Past, Progress, RETURNED, Scope, Slot, Ticket, WHOLE, Wanted,
};
pub use masked::Private;
pub use message::{Message, holds_secrets, is_bare, mask};
pub use outcome::{
    AccountTrouble, Answer, Oddities, Outcome, Problem, Reason, Reply, Status, Tally,
};
pub use outlet::{
    Attached, Emit, FileOutlet, Files, HttpReply, Outlet, Replies, ResultId, Snapshots,
};
pub use plan::{Deadline, Item, Part, Plan, Settled};
pub use report::Report;
pub use schema::{input_schema, options_schema, output_schema, plain};
pub use seal::Seal;
pub use session::{Balance, Diagnosis, Hasher, Session};
pub use shape::Shape;
pub use state::{State, Store};
pub use table::Component;
pub use trigger::{Around, Cause, Event, Fired, SNAPSHOT_BYTES, Trigger, Webhook};
pub use words::nearest;

/// A boxed future that may move between threads, as function pointers and trait objects need it.
pub type BoxFuture<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;
