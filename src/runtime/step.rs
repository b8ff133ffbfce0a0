//! A step of a flow on a platform: environment in, RabbitMQ in and out.
//!
//! The order of a message: decode, permit to publish, plan, claim, call, record, publish with
//! confirm, acknowledge. Whatever happens, a message is either acknowledged after its results were
//! taken by the broker, rejected after its error was, put back for later, or left in the queue.

pub mod attachments;
mod broker;
pub mod cipher;
mod confirms;
mod cut;
mod emitter;
mod flow;
mod gate;
mod handling;
mod headers;
pub(crate) mod incoming;
mod inflight;
mod limits;
pub(crate) mod logs;
mod outage;
mod outgoing;
mod passthrough;
mod platform;
mod publication_id;
mod publisher;
mod run;
mod said;
pub mod settings;
pub(crate) mod sieve;
mod step_data;
pub mod storage;
mod worker;

pub use outgoing::Kind as PublicationKind;
pub use run::{Setup, run};
pub use settings::{Origin, Settings};
