//! What is deployed: the image, and the compose file with all that it mounts. No container engine is
//! needed: the broker, the journal and the workers run as processes, with the same files.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests")]

mod component;
mod compose;
mod files;
mod readme;
mod rights;
mod root;

#[path = "../support/amqp.rs"]
mod amqp;
#[path = "../support/cli.rs"]
mod cli;
#[path = "../support/guard.rs"]
mod guard;
#[path = "../support/platform.rs"]
mod platform;
#[path = "../support/queues.rs"]
mod queues;
#[path = "../support/rabbit.rs"]
mod rabbit;
#[path = "../support/rabbit_shared.rs"]
mod rabbit_shared;
#[path = "../support/redis.rs"]
mod redis;
#[path = "../support/step.rs"]
mod step;
