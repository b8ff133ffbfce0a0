//! A connector for [iSendPro](https://www.isendpro.com), a French SMS provider: a step of a flow on
//! an integration platform, a pipe of JSON lines, a typed client, and a local simulator.
//!
//! # Sending one SMS
//!
//! ```no_run
//! use isendpro_connector::isendpro::{Client, KeyId, Outcome, request::Sms};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let key = KeyId::new(std::env::var("ISENDPRO_KEYID")?).ok_or("the key is blank")?;
//! let client = Client::builder().build()?;
//! let sms = Sms { num: "33680010203".into(), sms: "Bonjour".into(), ..Sms::default() };
//! match client.call(&key, &sms).await {
//!     Outcome::Answered(reply) => println!("code {:?}", reply.entries[0].code()),
//!     Outcome::Refused(why) | Outcome::NotSent(why) => println!("nothing was sent: {why}"),
//!     Outcome::InDoubt(why) => println!("it may have been sent, do not repeat it: {why}"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! `examples/first_sms.rs` is a guide of five minutes that runs without an account. The same
//! actions that a platform uses can be run from Rust as well: see [`delivery::Engine`].
//!
//! # The house
//!
//! Each module may use those below it, never one above. A test holds this.
//!
//! | module | what it is |
//! |---|---|
//! | [`cli`] | the `isendpro` command |
//! | [`catalog`] | the table of actions and triggers, and what is published about them |
//! | [`runtime`] | how messages come and go: the pipe, a platform's step and its questions |
//! | [`delivery`] | never twice: claim, call, record, and what is told |
//! | [`actions`], [`triggers`] | what can be done, one file each |
//! | [`journal`] | where it is remembered what was sent |
//! | [`isendpro`] | the API: client, requests, and the judge of its answers |
//! | [`sms`] | rules that need no network: numbers, texts, senders, times |
//! | [`component`] | the contract between actions and runtimes |
//! | [`printable`] | words of others on a terminal and in a log |
//! | [`trust`] | whose certificates are trusted, and how web servers are asked |
//! | `backoff` | waits between tries |
//! | `simulator` | a local iSendPro (feature `simulator`, on by default) |
//!
//! # What became of a send
//!
//! The API has no way to ask whether a message was taken, and no key that makes a repetition
//! harmless. So every call ends in one of four [outcomes](isendpro::Outcome), and whatever left and
//! got no usable answer is *in doubt*: it is reported, and never repeated on its own.

pub mod actions;
mod backoff;
pub mod catalog;
pub mod cli;
pub mod component;
pub mod delivery;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzz;
pub mod isendpro;
pub mod journal;
pub mod printable;
pub mod runtime;
#[cfg(feature = "simulator")]
pub mod simulator;
pub mod sms;
pub mod triggers;
pub mod trust;
