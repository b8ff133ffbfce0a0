//! A step of a flow on a platform: environment in, RabbitMQ in and out.

pub mod attachments;
pub mod cipher;
pub mod headers;
pub mod incoming;
pub mod logs;
pub mod outgoing;
pub mod passthrough;
pub mod platform;
pub mod settings;
pub mod storage;
