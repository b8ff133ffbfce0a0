//! The iSendPro HTTP API: what can be asked, how it is asked, and what an answer means.
//!
//! [`Client`] makes one HTTP request a call and judges the answer; it never repeats a send. Facts
//! about the API come from its published description (version 1.1.1), the vendor's own clients and
//! documentation pages; what could not be known is named where it matters.

mod client;
mod connection;
mod download;
mod encoding;
mod fragment;
mod judge;
mod key;
#[cfg(feature = "simulation")]
mod network;
mod operation;
mod outcome;
mod plain;
mod reply;
pub mod report;
pub mod request;
mod style;
mod transport;
mod xml;

pub use client::{Client, ClientBuilder, DEFAULT_SERVER};
pub use download::Download;
pub use judge::{Received, judge};
pub use key::KeyId;
#[cfg(feature = "simulation")]
pub use network::{Carried, Cut, Network};
pub use operation::{Method, Operation};
pub use outcome::{Failure, Outcome};
pub use reply::{Entry, Reply};
pub use request::Request;
pub use style::RequestStyle;
