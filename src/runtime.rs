//! How messages come and go. Nothing here knows what any action does.

pub mod disposition;
mod health;
pub mod http;
pub mod live;
mod monitor;
pub mod pipe;
pub mod service;
pub mod step;

pub use health::{Health, Obstacle};
pub use monitor::Monitor;
