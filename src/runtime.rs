//! How messages come and go. Nothing here knows what any action does.

pub mod disposition;
pub mod engine;
mod health;
pub mod http;
pub mod live;
mod monitor;
pub mod pipe;
mod retry;
pub mod service;
pub mod step;
mod stop;

pub use engine::{
    Admission, Amnesia, Engine, Load, Memory, Place, Reading, Sequence, Turn, Verdict, key_in_run,
};
pub use health::{Health, Obstacle};
pub use monitor::Monitor;
pub use retry::{Next, next};
pub use stop::{Stop, Stopper};
