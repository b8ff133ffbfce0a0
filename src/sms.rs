//! Rules of SMS that need no network: numbers, texts, senders, times.

pub mod moment;
pub mod number;
pub mod region;
pub mod schedule;
pub mod sender;
pub mod text;
pub mod tracker;
