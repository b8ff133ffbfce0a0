//! What a step looks like from outside, shown by the platform's own runtime on Node: the yardstick
//! for ours. These tests run nothing of our runtime; they prove what the others are built on.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests")]

mod contract;
mod defects;
mod harness;

#[path = "../support/amqp.rs"]
mod amqp;
#[path = "../support/cli.rs"]
mod cli;
#[path = "../support/guard.rs"]
mod guard;
#[path = "../support/node.rs"]
mod node;
#[path = "../support/platform.rs"]
mod platform;
#[path = "../support/queues.rs"]
mod queues;
#[path = "../support/rabbit.rs"]
mod rabbit;
#[path = "../support/rabbit_shared.rs"]
mod rabbit_shared;
#[path = "../support/stage.rs"]
mod stage;
#[path = "../support/step.rs"]
mod step;
