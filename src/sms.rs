//! Rules of SMS that need no network: numbers, texts, senders, and when to send.

pub mod number;
pub mod region;
pub mod schedule;
pub mod sender;
pub mod text;
pub mod tracker;
