//! A step of a flow on a platform: environment in, RabbitMQ in and out.

pub mod cipher;
