//! A step's surroundings: its queues, its platform, and the cipher that its messages are written in.

#![allow(dead_code, reason = "every test file uses a part of this")]

use lapin::types::AMQPType;
use serde_json::{Value, json};

use super::node::Codec;
use super::platform::Platform;
use super::queues::{Message, Queue, Queues};
use super::rabbit_shared;
use super::step::Step;

/// All that is around one step.
pub struct Stage {
    /// What it reads and writes.
    pub queues: Queues,
    /// Whom it asks.
    pub platform: Platform,
    /// The Node runtime's cipher.
    pub codec: Codec,
}

impl Stage {
    /// One of its own, in the RabbitMQ that all tests share.
    pub fn new() -> Self {
        let queues = Queues::declare(rabbit_shared::uri());
        Self { queues, platform: Platform::start(), codec: Codec::start() }
    }

    /// Publishes an input message by protocol 1; its bytes.
    pub fn publish(&mut self, headers: &Value, message: &Value) -> Vec<u8> {
        let payload = self.codec.encrypt(message, 1);
        self.queues.publish(headers, &payload);
        payload
    }

    /// Waits for the next message of a queue, and decrypts it by protocol 1.
    pub fn next(&mut self, queue: Queue) -> (Message, Value) {
        let message = self.queues.next(queue);
        let decrypted = self.codec.decrypt(&message.payload, 1);
        (message, decrypted)
    }

    /// Waits for the next message of the error queue: its headers, the error, and the input as it is.
    pub fn next_error(&mut self) -> (Message, Value, String) {
        let message = self.queues.next(Queue::Error);
        let envelope: Value = serde_json::from_slice(&message.payload).unwrap();
        let text = |name: &str| envelope[name].as_str().unwrap_or_default().to_owned();
        let error = self.codec.decrypt(text("error").as_bytes(), 1);
        (message, error, text("errorInput"))
    }

    /// Ends the step in an orderly way; nothing that it took comes back.
    pub fn end(&self, step: &mut Step) {
        step.signal("TERM");
        assert_eq!(step.exit(), Some(0), "{}", step.output());
        assert_eq!(self.queues.count(Queue::Input), 0, "an input was not settled");
    }
}

/// The headers of an input message, some of which go on.
pub fn incoming() -> Value {
    json!({
        "execId": "exec-of-before", "taskId": "flow1", "userId": "user1", "stepId": "step_1",
        "threadId": "thread-1", "messageId": "m-in-1", "parentMessageId": "m-in-0",
        "x-eio-meta-trace-id": "trace-1", "X-EIO-Meta-Foo": "bar", "custom": "is dropped",
    })
}

/// What every message says about itself that a step with this function makes of such an input. Times
/// and ids of its own come on top.
pub fn outgoing(function: &str, own: &Value) -> Value {
    let all = json!({
        "execId": "exec1", "taskId": "flow1", "workspaceId": "workspace1",
        "containerId": "container1", "userId": "user1", "compId": "component1",
        "function": function, "stepId": "step_2", "threadId": "thread-1",
        "parentMessageId": "m-in-1", "x-eio-meta-trace-id": "trace-1", "x-eio-meta-foo": "bar",
    });
    with(all, own)
}

/// An object with more fields.
pub fn with(mut object: Value, more: &Value) -> Value {
    object.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    object
}

/// The headers without these times, which must be milliseconds of this age, and without the id, which
/// must be a UUID if it is told as one that differs from run to run.
pub fn settled(message: &Message, times: &[&str], id: Option<&str>) -> Value {
    let typed = message.properties.headers().as_ref().unwrap().inner();
    let mut headers = message.headers();
    for name in times {
        assert_eq!(typed[*name].get_type(), AMQPType::LongLongInt, "{name}");
        assert!(headers.remove(*name).unwrap().as_i64().unwrap() > 1_700_000_000_000, "{name}");
    }
    if let Some(name) = id {
        let id = headers.remove(name).unwrap();
        assert!(uuid::Uuid::parse_str(id.as_str().unwrap()).is_ok(), "{name}: {id}");
    }
    Value::Object(headers)
}
