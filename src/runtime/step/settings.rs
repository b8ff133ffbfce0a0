//! What the platform tells a step: the variables that begin with `ELASTICIO_`.

mod origin;
mod reader;

use std::fmt;
use std::time::Duration;

use secrecy::SecretString;

use super::cipher::{Cipher, Protocol};
use super::headers::camel_case;
use super::logs::CONTEXT;
use crate::component::Error;
pub use origin::Origin;
use reader::Reader;

/// Most that a number of milliseconds, messages or tries may be.
const MOST: u64 = u32::MAX as u64;

/// All that the platform tells.
#[derive(Clone)]
pub struct Settings {
    /// Who the step is.
    pub ids: Ids,
    /// Who says what the step is.
    pub origin: Origin<ApiAccess>,
    /// The broker; none when the step only runs its shutdown hook.
    pub broker: Option<BrokerSettings>,
    /// Messages under way at once, 1 or more.
    pub prefetch: u16,
    /// How results are written.
    pub protocol: Protocol,
    /// How much may be published.
    pub rates: Rates,
    /// How messages are put off.
    pub rebound: Rebound,
    /// How publishing is tried again.
    pub publish: Retry,
    /// How the platform's API is asked again.
    pub api_retry: Retry,
    /// Whether all published messages survive a restart of the broker, and not only errors and what
    /// is put off.
    pub persistent: bool,
    /// Most bytes of a result as it is published.
    pub size_limit: usize,
    /// Whether a result is not passed on beside itself, but the incoming message is.
    pub no_self_passthrough: bool,
    /// Whether errors do not go to whoever waits for an answer.
    pub no_error_replies: bool,
    /// What comes in.
    pub input_format: InputFormat,
    /// Where large bodies are kept.
    pub storage: Option<StorageSettings>,
    /// Which hooks are run.
    pub hook: Hook,
    /// Headers, by name, that each published message gets. They may say anything, so they are not
    /// shown.
    pub extra_headers: Vec<(String, String)>,
    /// Variables, by name, that each line of the log repeats.
    pub log_fields: Vec<(String, String)>,
    /// What is as it may be, and has to be said.
    pub warnings: Vec<String>,
}

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

/// What comes in.
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
    /// Whether bodies are stored at all.
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

impl Settings {
    /// Reads the variables, once and for all.
    ///
    /// # Errors
    /// Names every variable that is missing or wrong, and what it must be; never a value.
    pub fn read(variables: impl IntoIterator<Item = (String, String)>) -> Result<Self, Error> {
        let mut from = Reader::new(variables);
        let shutdown = from.flag("HOOK_SHUTDOWN");
        let settings = Self {
            ids: ids(&mut from),
            origin: origin::origin(&mut from),
            broker: (!shutdown).then(|| broker(&mut from)).flatten(),
            prefetch: from.number("RABBITMQ_PREFETCH_SAILOR", 1, 1..=65_535),
            protocol: from.choice("PROTOCOL_VERSION", &[("1", Protocol::V1), ("2", Protocol::V2)]),
            rates: Rates {
                data: from.number("DATA_RATE_LIMIT", 10, 1..=MOST),
                error: from.number("ERROR_RATE_LIMIT", 2, 1..=MOST),
                snapshot: from.number("SNAPSHOT_RATE_LIMIT", 2, 1..=MOST),
                interval: from.millis("RATE_INTERVAL", 100, 1),
            },
            rebound: Rebound {
                initial: from.millis("REBOUND_INITIAL_EXPIRATION", 15_000, 1),
                limit: from.number("REBOUND_LIMIT", 20, 0..=MOST),
            },
            publish: Retry {
                delay: from.millis("AMQP_PUBLISH_RETRY_DELAY", 100, 1),
                max_delay: from.millis("AMQP_PUBLISH_MAX_RETRY_DELAY", 300_000, 1),
                attempts: from.attempts("AMQP_PUBLISH_RETRY_ATTEMPTS", None),
            },
            api_retry: api_retry(&mut from),
            persistent: from.flag("AMQP_PERSISTENT_MESSAGES"),
            size_limit: from.number("OUTGOING_MESSAGE_SIZE_LIMIT", 10_485_760, 1..=MOST),
            no_self_passthrough: from.flag("NO_SELF_PASSTRHOUGH"), // the platform's own spelling
            no_error_replies: from.flag("NO_ERROR_REPLIES"),
            input_format: from.choice(
                "INPUT_FORMAT",
                &[("default", InputFormat::Default), ("error", InputFormat::Error)],
            ),
            storage: storage(&mut from),
            hook: hook(&mut from, shutdown),
            extra_headers: extra_headers(&from),
            log_fields: logged(&from),
            warnings: std::mem::take(&mut from.warnings),
        };
        from.finish(settings)
    }
}

fn ids(from: &mut Reader) -> Ids {
    let of_platform = |from: &mut Reader, name: &str| match from.get(name) {
        None if origin::alone(from) => "none".to_owned(),
        _ => from.required(name),
    };
    Ids {
        flow: from.required("FLOW_ID"),
        exec: of_platform(from, "EXEC_ID"),
        step: from.required("STEP_ID"),
        container: of_platform(from, "CONTAINER_ID"),
        workspace: of_platform(from, "WORKSPACE_ID"),
        user: of_platform(from, "USER_ID"),
        comp: of_platform(from, "COMP_ID"),
        function: from.required("FUNCTION"),
    }
}

fn hook(from: &mut Reader, shutdown: bool) -> Hook {
    let hook = Hook { startup_required: from.flag("STARTUP_REQUIRED"), shutdown };
    origin::hooks(from, hook)
}

fn broker(from: &mut Reader) -> Option<BrokerSettings> {
    Some(BrokerSettings {
        uri: from.broker_address("AMQP_URI").into(),
        queue: from.amqp_name("LISTEN_MESSAGES_ON"),
        exchange: from.amqp_name("PUBLISH_MESSAGES_TO"),
        data_key: from.amqp_name("DATA_ROUTING_KEY"),
        error_key: from.amqp_name("ERROR_ROUTING_KEY"),
        rebound_key: from.amqp_name("REBOUND_ROUTING_KEY"),
        snapshot_key: from.amqp_name("SNAPSHOT_ROUTING_KEY"),
        cipher: from.cipher("MESSAGE_CRYPTO_PASSWORD", "MESSAGE_CRYPTO_IV", origin::alone(from))?,
    })
}

fn api_retry(from: &mut Reader) -> Retry {
    let delay = from.millis("API_REQUEST_RETRY_DELAY", 100, 0);
    let attempts = from.attempts("API_REQUEST_RETRY_ATTEMPTS", Some(3));
    Retry { delay, max_delay: delay, attempts }
}

fn storage(from: &mut Reader) -> Option<StorageSettings> {
    let emit_lightweight = from.flag("EMIT_LIGHTWEIGHT_MESSAGE");
    let threshold = from.number("OBJECT_STORAGE_SIZE_THRESHOLD", 1_048_576, 0..=MOST);
    if from.get("OBJECT_STORAGE_URI").is_none() && !emit_lightweight {
        return None;
    }
    let uri = from.required_address("OBJECT_STORAGE_URI");
    let token = from.required("OBJECT_STORAGE_TOKEN").into();
    Some(StorageSettings { uri, token, threshold, emit_lightweight })
}

/// The variables that are to go out as headers. One that is listed and not set is left out.
fn extra_headers(from: &Reader) -> Vec<(String, String)> {
    let listed = from.get("ADDITIONAL_VARS_FOR_HEADERS").unwrap_or_default();
    let header = |name: &str| {
        let short = name.strip_prefix(reader::PREFIX).unwrap_or(name);
        Some((camel_case(short), from.variable(name)?.to_owned()))
    };
    listed.split(',').filter_map(|it| header(it.trim())).filter(|it| !it.0.is_empty()).collect()
}

/// The variables of the log that are set.
fn logged(from: &Reader) -> Vec<(String, String)> {
    let set =
        |name: &&str| Some(from.variable(name)?.to_owned()).filter(|it| !it.trim().is_empty());
    CONTEXT.iter().filter_map(|it| Some(((*it).to_owned(), set(it)?))).collect()
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("ids", &self.ids)
            .field("origin", &self.origin)
            .field("broker", &self.broker)
            .field("prefetch", &self.prefetch)
            .field("protocol", &self.protocol)
            .field("storage", &self.storage)
            .field("hook", &self.hook)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(super) mod tests;
