//! What a step publishes: results, errors, answers, snapshots, and messages that are put off.

mod own;
mod publication;
mod rebound;

use std::borrow::Cow;

use jiff::Timestamp;
use lapin::BasicProperties;
use lapin::types::ShortString;
use serde::Serialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::cipher::Protocol;
use super::headers::{ERROR_RESPONSE, Headers};
use super::incoming::{Incoming, Raw};
use super::passthrough::{Passthrough, Published};
use super::settings::{BrokerSettings, Settings};
use crate::component::{self, Error, exact};
pub use publication::{Kind, Publication};

/// The header of a message by which it chooses its own way.
const ROUTING_KEY: &str = "x-eio-routing-key";

/// Whether an error goes out with the message that met it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// It does.
    Given,
    /// It does not: nobody takes so much.
    LeftOut,
}

/// Writes what results from one delivery, or from none: an error at the start.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing<'a> {
    /// The step's settings.
    pub settings: &'a Settings,
    /// How the broker is used.
    pub broker: &'a BrokerSettings,
    /// The delivery.
    pub incoming: Option<&'a Incoming>,
    /// When the work on it began.
    pub started: Timestamp,
}

impl Outgoing<'_> {
    /// A result. A message without body, headers or attachments gets empty ones; the header that
    /// chooses its way is taken out of it.
    ///
    /// # Errors
    /// It is larger than the platform allows, or names an impossible routing key.
    pub fn data(
        &self,
        message: &mut Map<String, Value>,
        passthrough: Option<&Passthrough>,
        id: Uuid,
    ) -> Result<Publication, Error> {
        message.insert("id".to_owned(), id.to_string().into());
        for name in ["attachments", "headers", "body"] {
            let field = message.entry(name).or_insert(Value::Null);
            if field.is_null() {
                *field = Map::new().into();
            }
        }
        let chosen = message.get_mut("headers").map(take_routing_key).transpose()?.flatten();
        let routing_key = chosen.as_deref().unwrap_or(&self.broker.data_key);
        let protocol = self.settings.protocol;
        let payload = self.seal(&Published { message, passthrough }, protocol)?;
        let mut headers = self.headers(id);
        headers.number("protocolVersion", protocol.number());
        self.ended(&mut headers);
        self.publication(Kind::Data, routing_key, self.bounded(payload)?, headers)
    }

    /// An error, with the message that met it if that is `input`, and no larger than what is read.
    ///
    /// # Errors
    /// Of the settings only.
    pub fn error(&self, error: &Error, id: Uuid, input: Input) -> Result<Publication, Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Payload<'a> {
            error: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            error_input: Option<&'a str>,
        }
        let shown = self.shown(error)?;
        // The same key and vector give the same bytes: the first protocol's form of an input is its
        // base64, and what cannot be decrypted goes the same way.
        let incoming = self.incoming.filter(|it| input == Input::Given && !it.raw.is_too_large());
        let input = incoming.map(|it| self.told(&it.raw)).transpose()?;
        let payload = Payload { error: &shown, error_input: input.as_deref() };
        let mut headers = self.headers(id);
        self.ended(&mut headers);
        self.publication(Kind::Error, &self.broker.error_key, to_json(&payload)?, headers)
    }

    /// The same error for whoever waits for an answer, unless nobody does.
    ///
    /// # Errors
    /// The routing key that the message asks for is impossible.
    pub fn error_reply(&self, error: &Error, id: Uuid) -> Result<Option<Publication>, Error> {
        let Some(reply_to) = self.reply_to().filter(|_| !self.settings.no_error_replies) else {
            return Ok(None);
        };
        let mut headers = self.headers(id);
        self.ended(&mut headers);
        headers.flag(ERROR_RESPONSE, true);
        self.publication(Kind::Reply, reply_to, self.shown(error)?.into_bytes(), headers).map(Some)
    }

    /// An answer to a request over HTTP that began the flow.
    ///
    /// # Errors
    /// Nobody waits for one, or it is larger than the platform allows.
    pub fn http_reply(
        &self,
        status: u16,
        body: &str,
        headers: &Map<String, Value>,
        id: Uuid,
    ) -> Result<Publication, Error> {
        let nobody = || {
            unpublishable(
                "nobody waits for an answer: the message has no reply_to, or one of this step",
            )
        };
        let reply_to = self.reply_to().ok_or_else(nobody)?;
        let mut headers = Value::from(headers.clone());
        take_routing_key(&mut headers)?;
        let reply = json!({"statusCode": status, "body": body, "headers": headers});
        let payload = self.bounded(self.seal(&reply, Protocol::V1)?)?;
        let mut headers = self.headers(id);
        headers.number("protocolVersion", Protocol::V1.number());
        self.publication(Kind::Reply, reply_to, payload, headers)
    }

    /// The snapshot that a trigger leaves for its next run, in place of the one before. The platform reads
    /// it, so it is not encrypted.
    ///
    /// # Errors
    /// Of the settings only.
    pub fn snapshot(&self, value: &Value, id: Uuid) -> Result<Publication, Error> {
        let mut headers = self.headers(id);
        headers.text("snapshotEvent", "snapshot");
        self.publication(Kind::Snapshot, &self.broker.snapshot_key, to_json(value)?, headers)
    }

    /// Where an answer goes. Answers are not answered, and none goes to the step's own queues: it
    /// would be the next input, and so on for ever.
    fn reply_to(&self) -> Option<&str> {
        let (incoming, ids) = (self.incoming?, &self.settings.ids);
        let key = incoming.reply_to.as_deref()?;
        let BrokerSettings { queue, data_key, error_key, rebound_key, snapshot_key, .. } =
            self.broker;
        let own = [queue, data_key, error_key, rebound_key, snapshot_key].map(String::as_str);
        let loops = own.contains(&key) || incoming.is_answer_or_of(&ids.flow, &ids.step);
        (!loops).then_some(key)
    }

    fn ended(&self, headers: &mut Headers) {
        if self.incoming.is_some() {
            headers.moment("end", Timestamp::now());
        }
    }

    /// An error as the platform shows it to people, encrypted.
    fn shown(&self, error: &Error) -> Result<String, Error> {
        let (name, message) = (json!(error.kind), error.shown());
        let name = name.as_str().unwrap_or("error");
        let stack = format!("{name}: {message}");
        self.sealed(&json!({"name": name, "message": message, "stack": stack}))
    }

    /// A message as its error tells it: as it came, but for the keys and passwords in its body, which
    /// whoever reads errors need not know. They are looked for also where no step reads a message: in one
    /// without a body, and in JSON that nobody has encrypted.
    fn told<'a>(&self, raw: &'a Raw) -> Result<Cow<'a, str>, Error> {
        let read = |plain: &[u8]| {
            exact::parse_bytes(plain).map_err(|it| unpublishable(format!("the input {it}")))
        };
        let opened = self.broker.cipher.open(&raw.payload, raw.protocol, read);
        let is_plain = opened.is_err();
        let message = opened.or_else(|_| read(&raw.payload)).unwrap_or_default();
        match without_secrets(message) {
            None => Ok(raw.protocol.in_base64(&raw.payload)),
            Some(hidden) if is_plain => Ok(hidden.to_string().into()),
            Some(hidden) => self.sealed(&hidden).map(Cow::Owned),
        }
    }

    /// A value, encrypted as text.
    fn sealed(&self, value: &impl Serialize) -> Result<String, Error> {
        let sealed = self.seal(value, Protocol::V1)?;
        String::from_utf8(sealed).map_err(|_| unpublishable("base64 is not text"))
    }

    fn seal(&self, value: &impl Serialize, protocol: Protocol) -> Result<Vec<u8>, Error> {
        Ok(self.broker.cipher.seal(to_json(value)?, protocol))
    }

    fn bounded(&self, payload: Vec<u8>) -> Result<Vec<u8>, Error> {
        let (size, limit) = (payload.len(), self.settings.size_limit);
        if size <= limit {
            return Ok(payload);
        }
        Err(unpublishable(format!(
            "the outgoing message has {size} bytes, the platform's limit is {limit}"
        )))
    }

    fn publication(
        &self,
        kind: Kind,
        routing_key: &str,
        payload: Vec<u8>,
        headers: Headers,
    ) -> Result<Publication, Error> {
        let properties = BasicProperties::default()
            .with_content_type("application/json".into())
            .with_content_encoding("utf8".into())
            .with_delivery_mode(self.delivery_mode(kind))
            .with_headers(headers.into());
        let routing_key = short(routing_key)?;
        Ok(Publication { routing_key, payload, properties, mandatory: true, kind })
    }

    /// Whether a broker that restarts still has it. Of an input nothing else is left but its error,
    /// or its copy that waits.
    fn delivery_mode(&self, kind: Kind) -> u8 {
        let last = matches!(kind, Kind::Error | Kind::Rebound);
        if self.settings.persistent || last { 2 } else { 1 }
    }
}

/// A message without the secrets of its body, if there are any.
fn without_secrets(mut message: Value) -> Option<Value> {
    let has_body = message.get("body").is_some();
    let body = if has_body { &mut message["body"] } else { &mut message };
    if !component::holds_secrets(body) {
        return None;
    }
    component::mask(body);
    Some(message)
}

/// Takes the routing key out of a message's headers, however its name is written.
fn take_routing_key(headers: &mut Value) -> Result<Option<String>, Error> {
    let Some(headers) = headers.as_object_mut() else {
        return Err(unpublishable("the headers of the outgoing message are not an object"));
    };
    let mut chosen = None;
    headers.retain(|name, value| {
        let kept = !name.eq_ignore_ascii_case(ROUTING_KEY);
        if !kept {
            chosen = Some(value.take());
        }
        kept
    });
    match chosen {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(key)) => Ok(Some(key).filter(|it| !it.is_empty())),
        Some(_) => Err(unpublishable(format!("the header {ROUTING_KEY} must be a text"))),
    }
}

fn to_json(value: &impl Serialize) -> Result<Vec<u8>, Error> {
    let mut json = Vec::with_capacity(1024);
    serde_json::to_writer(&mut json, value)
        .map_err(|_| unpublishable("the outgoing message cannot be written as JSON"))?;
    Ok(json)
}

/// AMQP keeps such texts in 255 bytes, and its client panics at longer ones.
fn short(text: &str) -> Result<ShortString, Error> {
    let long = |_| unpublishable("a routing key has more than 255 bytes");
    ShortString::try_new(text).map_err(long)
}

/// Whatever it says of a message, the work on it is done: this must not claim that nothing was.
fn unpublishable(what: impl Into<String>) -> Error {
    Error::new(component::Kind::Unusable, what)
}

#[cfg(test)]
mod tests;
