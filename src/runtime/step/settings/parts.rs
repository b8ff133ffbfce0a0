//! The parts of a step's settings.

use std::time::Duration;

use secrecy::SecretString;

use crate::runtime::step::cipher::Cipher;

/// Who a step is, on its platform.
#[derive(Debug, Clone)]
pub struct Ids {
    /// The flow.
    pub flow: String,
    /// This run of the flow.
    pub exec: String,
    /// The step of the flow.
    pub step: String,
    /// The container that it runs in.
    pub container: String,
    /// The workspace that the flow belongs to.
    pub workspace: String,
    /// The user who started it.
    pub user: String,
    /// The component.
    pub comp: String,
    /// The action or trigger.
    pub function: String,
}

/// How the platform's API is reached.
#[derive(Debug, Clone)]
pub struct ApiAccess {
    /// Its address, without a slash at the end.
    pub uri: String,
    /// The user's name.
    pub username: String,
    /// The user's key.
    pub key: SecretString,
}

/// How the broker is reached and used. All names fit into AMQP's 255 bytes.
#[derive(Debug, Clone)]
pub struct BrokerSettings {
    /// Its address as lapin reads it, with user, password and virtual host.
    pub uri: SecretString,
    /// The queue that is read.
    pub queue: String,
    /// The exchange that everything is published to.
    pub exchange: String,
    /// Routing key of results.
    pub data_key: String,
    /// Routing key of errors.
    pub error_key: String,
    /// Routing key of messages that are put off.
    pub rebound_key: String,
    /// Routing key of snapshots.
    pub snapshot_key: String,
    /// The flow's cipher.
    pub cipher: Cipher,
}

/// Most messages in one interval, each 1 or more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// Results.
    pub data: u32,
    /// Errors.
    pub error: u32,
    /// Snapshots.
    pub snapshot: u32,
    /// The interval, a millisecond or more.
    pub interval: Duration,
}

/// How messages are put off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rebound {
    /// The first wait, a millisecond or more.
    pub initial: Duration,
    /// How often; 0: never.
    pub limit: u32,
}

/// How something is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// The first wait.
    pub delay: Duration,
    /// The longest wait.
    pub max_delay: Duration,
    /// Tries in all, 1 or more; none: without end.
    pub attempts: Option<u32>,
}

/// The form of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputFormat {
    /// Messages.
    Default,
    /// Errors of other steps.
    Error,
}

/// Where large bodies are kept.
#[derive(Debug, Clone)]
pub struct StorageSettings {
    /// Its address, without a slash at the end.
    pub uri: String,
    /// The bearer token.
    pub token: SecretString,
    /// Bodies of more bytes than this in all are stored; 0: all are.
    pub threshold: usize,
    /// True if bodies are stored at all.
    pub emit_lightweight: bool,
}

/// Which hooks are run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hook {
    /// The start-up hook, before messages come.
    pub startup_required: bool,
    /// The shutdown hook, and nothing else.
    pub shutdown: bool,
}
