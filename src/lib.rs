//! A connector for iSendPro SMS: a step of a flow, a pipe, a typed client and a simulator.

pub mod actions;
pub mod catalog;
pub mod cli;
pub mod component;
pub mod isendpro;
pub mod journal;
pub mod runtime;
#[cfg(feature = "simulator")]
pub mod simulator;
pub mod sms;
pub mod triggers;
