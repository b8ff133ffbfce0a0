//! `isendpro step` as the platform sees it: real RabbitMQ, messages written and read by the platform's own
//! runtime on Node, SMS counted at the simulator.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests")]

mod again;
mod ca;
mod canary;
mod contract;
mod defects;
mod denied;
mod example;
mod faults;
mod files;
mod flow;
mod golden;
#[cfg(target_os = "linux")]
mod heavy;
mod limits;
mod plain;
mod poison;
mod quotes;
mod said;
mod settings;
mod start;
#[cfg(feature = "otel")]
mod traces;
mod trigger;
mod trigger_faults;
mod triggers;
mod twice;
mod watched;

#[path = "../support/amqp.rs"]
mod amqp;
#[path = "../support/bytes_amqp.rs"]
mod bytes_amqp;
#[path = "../support/cli.rs"]
mod cli;
#[path = "../support/guard.rs"]
mod guard;
#[path = "../support/lossy.rs"]
mod lossy;
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
#[path = "../support/redis.rs"]
mod redis;
#[path = "../support/stage.rs"]
mod stage;
#[path = "../support/step.rs"]
mod step;
#[path = "../support/tls.rs"]
mod tls;
#[cfg(target_os = "linux")]
#[path = "../support/weight.rs"]
mod weight;
