//! The actions against a local HTTP server: message in, request out, reply in, result out.
#![allow(clippy::unwrap_used, reason = "the helpers of the tests are tests too")]

#[path = "../support/http.rs"]
mod http;
#[path = "../support/nobody.rs"]
mod nobody;

mod bulk;
mod chance;
mod changed;
mod connection;
mod defects;
mod denied;
mod doubt;
mod downloads;
mod encoding;
mod given_up;
mod ids;
mod journal;
mod judge;
mod meanwhile;
mod memory;
mod network;
mod operations;
mod past;
mod plans;
mod replies;
mod requests;
mod returned;
mod run;
mod secrets;
mod styles;
mod trackers;
