//! How messages come and go. Nothing here knows what any action does.

pub mod engine;
pub mod http;
pub mod live;
pub mod pipe;
mod retry;
pub mod service;
pub mod step;
mod stop;

pub use engine::{Admission, Amnesia, Engine, Load, Memory, Turn, Verdict};
pub use retry::{Next, next};
pub use stop::{Stop, Stopper};
