//! Never twice: what happens to one message, whichever way it came.
//!
//! For each request of it: rate, claim, call, record. What is decided is one pure function,
//! `decide`; all else gathers its facts and does what it says.

mod account;
mod admission;
mod decide;
mod drive;
mod engine;
mod facts;
mod history;
mod marks;
mod memory;
mod refuse;
mod sequence;
mod shared;
mod stop;
mod stream;
mod verdict;
mod words;

pub use admission::{Admission, Load, Turn};
pub use engine::Engine;
pub use memory::{JournalFailure, Memory, key_in_run};
pub use sequence::{Place, Reading, Sequence};
pub use stop::{Stop, Stopper};
pub use verdict::Verdict;
