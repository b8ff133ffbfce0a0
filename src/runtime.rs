//! How messages come and go. Nothing here knows what any action does.

mod health;
pub mod http;
pub mod live;
mod monitor;
pub mod pipe;
pub mod service;
pub mod step;

pub use crate::delivery::{
    Admission, Engine, JournalFailure, Load, Memory, Place, Reading, Sequence, Stop, Stopper, Turn,
    Verdict, key_in_run,
};
pub use health::{Health, Obstacle};
pub use monitor::Monitor;
