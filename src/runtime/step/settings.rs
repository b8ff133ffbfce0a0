//! What the platform tells a step: the variables that begin with `ELASTICIO_`.

mod origin;
mod parts;
mod reader;

use std::fmt;

use super::cipher::Protocol;
use super::headers::camel_case;
use super::logs::CONTEXT;
use crate::component::Error;
pub use origin::Origin;
pub use parts::{
    ApiAccess, BrokerSettings, Hook, Ids, InputFormat, Rates, Rebound, Retry, StorageSettings,
};
use reader::{MOST, Reader};

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
        None if from.is_alone() => "none".to_owned(),
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
        cipher: from.cipher("MESSAGE_CRYPTO_PASSWORD", "MESSAGE_CRYPTO_IV", from.is_alone())?,
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
