//! What a delivery says, once it is decrypted.

use jiff::Timestamp;
use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::cipher::{Cipher, Protocol};
use super::headers::{self, ERROR_RESPONSE, META, REBOUND_ID, REBOUND_REPEATED, REBOUNDS};
use super::settings::InputFormat;
use super::sieve::{Flaw, MARK, MOST_LEVELS, MOST_VALUES};
use crate::component::{Error, Kind, exact, is_bare, reference};

/// Most bytes of a delivery: what a broker takes unless it is told otherwise (RabbitMQ 4). The
/// platform's own limit is 10 MiB.
pub const MOST_BYTES: usize = 16 * 1024 * 1024;

/// The ids that messages of a flow are told apart by.
#[derive(Debug, Clone, PartialEq)]
pub struct MessageIds {
    /// What began with one trigger: the incoming thread, or else a new one.
    pub thread: String,
    /// The message itself. Old senders give none, and some give several messages the same.
    pub message: Option<String>,
    /// The message that it results from.
    pub parent: Option<String>,
}

/// A delivery as it came, to go out again unchanged.
#[derive(Clone, PartialEq)]
pub struct Raw {
    /// Its bytes.
    pub payload: Vec<u8>,
    /// Its properties and headers.
    pub properties: BasicProperties,
    /// How its bytes are written.
    pub protocol: Protocol,
}

impl Raw {
    /// Whether it is larger than anything that is read, or told again.
    pub fn is_too_large(&self) -> bool {
        self.payload.len() > MOST_BYTES
    }
}

/// A delivery that was read.
#[derive(Clone, PartialEq)]
pub struct Incoming {
    /// Its ids.
    pub ids: MessageIds,
    /// The routing key under which somebody waits for an answer.
    pub reply_to: Option<String>,
    /// The step that it comes from.
    pub origin: Option<String>,
    /// How often it was put off already.
    pub rebounds: u32,
    /// What all copies share of a message that was put off.
    pub rebound_id: Option<Uuid>,
    /// Whether it was put off and may have been taken twice: the other copy comes back too, or has.
    pub repeated: bool,
    /// The flow's own headers, with their names in lower case.
    pub meta: Vec<(String, AMQPValue)>,
    /// The message. Whoever carries it on may take it.
    pub payload: Map<String, Value>,
    /// The delivery as it came.
    pub raw: Raw,
    /// What no other delivery has, and no other message once it was put off.
    alone: Uuid,
}

impl std::fmt::Debug for Incoming {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Incoming")
            .field("ids", &self.ids)
            .field("origin", &self.origin)
            .field("rebounds", &self.rebounds)
            .finish_non_exhaustive()
    }
}

/// A delivery that could not be read.
#[derive(Debug)]
pub struct Undecodable {
    /// As much of it as is known without its payload, which is enough to report it.
    pub incoming: Incoming,
    /// Why.
    pub error: Error,
}

impl Incoming {
    /// Reads a delivery.
    ///
    /// # Errors
    /// It is larger than [`MOST_BYTES`], cannot be decrypted, or holds no message.
    pub fn decode(
        payload: Vec<u8>,
        properties: BasicProperties,
        cipher: &Cipher,
        format: InputFormat,
    ) -> Result<Self, Box<Undecodable>> {
        let mut incoming = Self::undecoded(payload, properties);
        let read = whole(&incoming.raw).and_then(|()| match format {
            InputFormat::Default => message(&incoming.raw, cipher),
            InputFormat::Error => failure(&incoming.raw, cipher),
        });
        match read {
            Ok(mut payload) => {
                if let Some(reply_to) = &incoming.reply_to {
                    answer_to(&mut payload, reply_to);
                }
                incoming.payload = payload;
                Ok(incoming)
            }
            Err(error) => {
                if cipher.encrypts() {
                    incoming.reply_to = None;
                }
                Err(Box::new(Undecodable { incoming, error }))
            }
        }
    }

    /// What the message is remembered by: its own id, that of its headers, or what it was given when it
    /// was put off.
    pub fn id(&self) -> Option<String> {
        let given = || self.rebound_id.as_ref().map(Uuid::to_string);
        self.own_id().map(str::to_owned).or_else(given)
    }

    fn own_id(&self) -> Option<&str> {
        let own = self.payload.get("id").and_then(Value::as_str).filter(|it| !it.is_empty());
        own.or(self.ids.message.as_deref())
    }

    /// What tells a message from its equals where it has nothing of its own that would: no id, and no
    /// reference in its body. It is another one each time that the message is delivered, until it is put
    /// off.
    pub fn mark(&self) -> Option<Uuid> {
        let body = self.payload.get("body");
        let named = self.own_id().is_some() || body.and_then(reference).is_some();
        (!named).then_some(self.alone)
    }

    /// Whether it is an answer itself, or comes from this step of this flow.
    pub fn is_answer_or_of(&self, flow: &str, step: &str) -> bool {
        let Some(headers) = self.raw.properties.headers() else { return false };
        let says = |name: &str, what: &str| {
            headers.inner().get(name).and_then(headers::text).is_some_and(|it| it == what)
        };
        headers.contains_key(ERROR_RESPONSE) || says("taskId", flow) && says("stepId", step)
    }

    /// Whether it was put off.
    pub fn was_put_off(&self) -> bool {
        self.rebounds > 0 || self.rebound_id.is_some()
    }

    /// What it goes on being known by when it is put off again. One that was rejected since, and has
    /// been posted again as it was, begins anew.
    pub fn put_off_id(&self) -> Option<Uuid> {
        let headers = self.raw.properties.headers().as_ref()?;
        self.rebound_id.filter(|_| !headers::was_rejected(headers))
    }

    /// When it was put off for the first time: its [`REBOUND_ID`] tells, unless somebody else gave it.
    pub fn put_off_since(&self) -> Option<Timestamp> {
        let (seconds, nanoseconds) = self.put_off_id()?.get_timestamp()?.to_unix();
        let nanoseconds = i32::try_from(nanoseconds).ok()?;
        Timestamp::new(i64::try_from(seconds).ok()?, nanoseconds).ok()
    }

    /// The message's id, and how often it was put off, as its properties say.
    pub(super) fn identity(properties: &BasicProperties) -> (Option<String>, u32) {
        let none = FieldTable::default();
        let table = properties.headers().as_ref().unwrap_or(&none);
        let id = table.inner().get("messageId").and_then(headers::text);
        (id.filter(|it| !it.is_empty()), rebounds(table))
    }

    /// What the properties say.
    fn undecoded(payload: Vec<u8>, properties: BasicProperties) -> Self {
        let none = FieldTable::default();
        let table = properties.headers().as_ref().unwrap_or(&none);
        let get = |name: &str| table.inner().get(name);
        let text = |name| get(name).and_then(headers::text).filter(|it| !it.is_empty());
        let meta: Vec<_> = table
            .into_iter()
            .filter_map(|(name, value)| {
                let name = name.as_str();
                let begins = name.get(..META.len())?.eq_ignore_ascii_case(META);
                begins.then(|| (name.to_lowercase(), value.clone()))
            })
            .collect();
        let trace = || {
            let named = meta.iter().find(|(name, _)| name == "x-eio-meta-trace-id");
            named.and_then(|(_, value)| headers::text(value)).filter(|it| !it.is_empty())
        };
        let thread = text("threadId").or_else(trace);
        let rebound_id = text(REBOUND_ID).and_then(|it| Uuid::parse_str(&it).ok());
        let protocol = text("protocolVersion").and_then(|it| it.trim().parse::<f64>().ok());
        Self {
            ids: MessageIds {
                thread: thread.unwrap_or_else(|| Uuid::new_v4().to_string()),
                message: text("messageId"),
                parent: text("parentMessageId"),
            },
            reply_to: text("reply_to"),
            origin: text("stepId"),
            rebounds: rebounds(table),
            rebound_id,
            repeated: get(REBOUND_REPEATED).is_some(),
            payload: Map::new(),
            raw: Raw {
                protocol: if protocol.is_some_and(|it| it >= 2.0) {
                    Protocol::V2
                } else {
                    Protocol::V1
                },
                payload,
                properties,
            },
            alone: rebound_id.unwrap_or_else(Uuid::new_v4),
            meta,
        }
    }
}

/// How often a message was put off.
fn rebounds(table: &FieldTable) -> u32 {
    let number = table.inner().get(REBOUNDS).and_then(headers::number).unwrap_or(0);
    u32::try_from(number.max(0)).unwrap_or(u32::MAX)
}

/// Whether a message is as it was sent: no larger than what is taken, and with all of its headers.
fn whole(raw: &Raw) -> Result<(), Error> {
    if raw.is_too_large() {
        return Err(too_large(raw.payload.len()));
    }
    let headers = raw.properties.headers().as_ref();
    let Some(AMQPValue::LongString(mark)) = headers.and_then(|it| it.inner().get(MARK)) else {
        return Ok(());
    };
    let why = match Flaw::named(mark.as_bytes()) {
        Some(Flaw::Levels) => format!("its headers have more than {MOST_LEVELS} levels"),
        Some(Flaw::Values) => format!("its headers have more than {MOST_VALUES} values"),
        Some(Flaw::Size) => "its headers have more than 1 MB".to_owned(),
        Some(Flaw::Illegible) | None => "its properties or headers are not AMQP 0.9.1".to_owned(),
    };
    Err(unreadable(&why).hint("publish it without them"))
}

/// Reads the usual input: a message, encrypted. An empty delivery is an empty message: schedulers
/// may have nothing to say.
fn message(raw: &Raw, cipher: &Cipher) -> Result<Map<String, Value>, Error> {
    if raw.payload.is_empty() {
        return Ok(Map::new());
    }
    let opened = cipher.open(&raw.payload, raw.protocol, object);
    let message = opened.map_err(|it| readable(raw, cipher).unwrap_or(it))?;
    if is_bare(&message) {
        return Err(unreadable("it has no \"body\"")
            .hint("put its fields into one: {\"body\": {\"num\": ..., \"sms\": ...}}"));
    }
    Ok(message)
}

/// What is said of JSON that does not say so, where nothing is encrypted: the first mistake of who
/// publishes without a platform.
fn readable(raw: &Raw, cipher: &Cipher) -> Option<Error> {
    object(&raw.payload).ok().filter(|_| !cipher.encrypts())?;
    Some(
        unreadable("it is JSON, and does not say so")
            .hint("publish it with the header protocolVersion: 2"),
    )
}

/// Reads the input of a step that handles errors: readable JSON, with encrypted texts in it.
fn failure(raw: &Raw, cipher: &Cipher) -> Result<Map<String, Value>, Error> {
    let mut body = object(&raw.payload)?;
    for name in ["error", "errorInput"] {
        match body.get_mut(name) {
            Some(Value::String(text)) if text.is_empty() => {}
            Some(value @ Value::String(_)) => {
                let text = value.as_str().unwrap_or_default();
                *value = cipher.open(text.as_bytes(), Protocol::V1, parse)?;
            }
            _ => {}
        }
    }
    let headers = raw.properties.headers().as_ref().map(headers::json).unwrap_or_default();
    Ok(Map::from_iter([("body".to_owned(), body.into()), ("headers".to_owned(), headers.into())]))
}

/// Tells the message itself whom to answer.
fn answer_to(message: &mut Map<String, Value>, reply_to: &str) {
    let headers = message.entry("headers").or_insert(Value::Null);
    if !headers.is_object() {
        *headers = Map::new().into();
    }
    headers["reply_to"] = reply_to.into();
}

fn object(plain: &[u8]) -> Result<Map<String, Value>, Error> {
    match parse(plain)? {
        Value::Object(fields) => Ok(fields),
        _ => Err(unreadable("it is not a JSON object")),
    }
}

fn parse(plain: &[u8]) -> Result<Value, Error> {
    exact::parse_bytes(plain).map_err(|it| unreadable(&format!("it {it}")))
}

fn too_large(bytes: usize) -> Error {
    unreadable(&format!("it has {bytes} bytes, and at most {MOST_BYTES} are taken"))
        .hint("make several messages of it")
}

fn unreadable(why: &str) -> Error {
    Error::new(Kind::Invalid, format!("the message cannot be read: {why}")).in_own_words()
}

#[cfg(test)]
pub(super) mod tests;
