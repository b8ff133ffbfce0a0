//! Rules of SMS that need no network: numbers, and when to send.

pub mod number;
pub mod schedule;
