//! The tests' own client of RabbitMQ, which may be called from anywhere: it has a runtime of its own.

#![allow(dead_code, reason = "every test file uses a part of this")]

use std::future::Future;
use std::sync::{OnceLock, mpsc};
use std::time::Duration;

use lapin::types::{AMQPValue, FieldTable};
use lapin::{Connection, ConnectionProperties};
use serde_json::{Map, Value, json};
use tokio::runtime::{Builder, Runtime};

/// What nothing that the server is asked for should ever take.
pub const LIMIT: Duration = Duration::from_secs(120);

/// Waits for what happens in the client's runtime.
pub fn wait<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> T {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| {
        Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
    });
    let (sender, receiver) = mpsc::channel();
    runtime.spawn(async move { sender.send(future.await).ok() });
    receiver.recv_timeout(2 * LIMIT).expect("the server does not answer, or not so")
}

/// Connects to the server at this address.
pub fn connect(uri: &str) -> lapin::Result<Connection> {
    let uri = uri.to_owned();
    wait(async move { Connection::connect(&uri, ConnectionProperties::default()).await })
}

/// Whether the server at this address takes a connection within this time.
pub fn takes_connections(uri: &str, within: Duration) -> bool {
    let uri = uri.to_owned();
    wait(async move {
        let connecting = Connection::connect(&uri, ConnectionProperties::default());
        matches!(tokio::time::timeout(within, connecting).await, Ok(Ok(_)))
    })
}

/// Lets some time go by between two attempts.
pub fn pause(time: Duration) {
    wait(async move { tokio::time::sleep(time).await });
}

/// Headers without their AMQP types.
pub fn plain(table: &FieldTable) -> Map<String, Value> {
    let entries = table.inner().iter();
    entries.map(|(name, value)| (name.as_str().to_owned(), plain_value(value))).collect()
}

fn plain_value(value: &AMQPValue) -> Value {
    match value {
        AMQPValue::Boolean(it) => json!(it),
        AMQPValue::ShortShortInt(it) => json!(it),
        AMQPValue::ShortShortUInt(it) => json!(it),
        AMQPValue::ShortInt(it) => json!(it),
        AMQPValue::ShortUInt(it) => json!(it),
        AMQPValue::LongInt(it) => json!(it),
        AMQPValue::LongUInt(it) => json!(it),
        AMQPValue::LongLongInt(it) => json!(it),
        AMQPValue::Timestamp(it) => json!(it),
        AMQPValue::Float(it) => json!(it),
        AMQPValue::Double(it) => json!(it),
        AMQPValue::ShortString(it) => json!(it.as_str()),
        AMQPValue::LongString(it) => json!(String::from_utf8_lossy(it.as_bytes())),
        AMQPValue::FieldArray(it) => it.as_slice().iter().map(plain_value).collect(),
        AMQPValue::FieldTable(it) => Value::Object(plain(it)),
        AMQPValue::Void => Value::Null,
        AMQPValue::DecimalValue(_) | AMQPValue::ByteArray(_) => panic!("no header has {value:?}"),
    }
}

/// Headers in AMQP's types.
pub fn table(headers: &Value) -> FieldTable {
    let mut table = FieldTable::default();
    for (name, value) in headers.as_object().expect("headers are an object") {
        table.insert(name.as_str().into(), typed(value));
    }
    table
}

fn typed(value: &Value) -> AMQPValue {
    match value {
        Value::Null => AMQPValue::Void,
        Value::Bool(it) => AMQPValue::Boolean(*it),
        Value::Number(it) => AMQPValue::LongLongInt(it.as_i64().expect("a whole number")),
        Value::String(it) => text(it),
        Value::Array(it) => AMQPValue::FieldArray(it.iter().map(typed).collect::<Vec<_>>().into()),
        Value::Object(_) => AMQPValue::FieldTable(table(value)),
    }
}

/// A text in AMQP's type.
pub fn text(text: &str) -> AMQPValue {
    AMQPValue::LongString(text.into())
}
