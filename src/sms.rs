//! Rules of SMS that need no network: numbers, texts, senders, times.

mod invisible;
pub mod moment;
pub mod number;
pub mod region;
pub mod schedule;
pub mod sender;
pub mod text;
pub mod tracker;
