//! The platform's side of RabbitMQ: the exchange and queues of one step, and what goes through them.

#![allow(dead_code, reason = "every test file uses a part of this")]

use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt as _;
use lapin::message::Delivery;
use lapin::options::{
    BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicGetOptions, BasicNackOptions,
    BasicPublishOptions, BasicQosOptions, ConfirmSelectOptions, ExchangeDeclareOptions,
    QueueBindOptions, QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Connection, ExchangeKind};
use serde_json::{Map, Value};

use super::amqp::{LIMIT, connect, plain, table, text, wait};

/// The queues of a step. Each is bound to the exchange by a key of the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queue {
    /// What the step consumes.
    Input,
    /// What it emits.
    Data,
    /// Its errors.
    Error,
    /// What it wants to have again: goes back to the input when its time is over.
    Rebound,
    /// Its snapshots.
    Snapshot,
    /// Where a caller waits who gave a `reply_to`.
    Reply,
    /// Inputs that the step has rejected. What it has acknowledged goes nowhere.
    Rejected,
}

use Queue::{Data, Error, Input, Rebound, Rejected, Reply, Snapshot};

/// The exchange and the queues of one step, under names that nobody else has.
pub struct Queues {
    uri: String,
    prefix: String,
    connection: Mutex<Option<Arc<Connection>>>,
}

/// A message that a queue gave.
#[derive(Debug)]
pub struct Message {
    /// Its bytes.
    pub payload: Vec<u8>,
    /// Its properties, headers among them.
    pub properties: BasicProperties,
    /// The key that it was published with.
    pub key: String,
    /// Whether somebody had it before and did not say what became of it.
    pub redelivered: bool,
}

impl Message {
    fn of(delivery: Delivery) -> Self {
        Self {
            payload: delivery.data,
            properties: delivery.properties,
            key: delivery.routing_key.as_str().to_owned(),
            redelivered: delivery.redelivered,
        }
    }

    /// Its headers, without their AMQP types.
    pub fn headers(&self) -> Map<String, Value> {
        self.properties.headers().as_ref().map(plain).unwrap_or_default()
    }
}

impl Queues {
    /// Declares those of a step in the server at this address.
    pub fn declare(uri: &str) -> Self {
        Self::with_room(uri, Data, None)
    }

    /// The same, with one queue that refuses what is more than so many messages.
    pub fn with_room(uri: &str, limited: Queue, room: Option<i32>) -> Self {
        let prefix = format!("test:{}", uuid::Uuid::new_v4());
        let queues = Self { uri: uri.to_owned(), prefix, connection: Mutex::default() };
        let (channel, exchange) = (queues.channel(), queues.exchange());
        let durable = ExchangeDeclareOptions { durable: true, ..Default::default() };
        let name = exchange.clone().into();
        wait(async move {
            channel
                .exchange_declare(name, ExchangeKind::Direct, durable, FieldTable::default())
                .await
        })
        .unwrap();
        for queue in [Input, Data, Error, Rebound, Snapshot, Reply, Rejected] {
            let mut arguments = FieldTable::default();
            let mut set = |name: &str, value| {
                arguments.insert(name.into(), value);
            };
            if let Some(room) = room.filter(|_| queue == limited) {
                set("x-max-length", AMQPValue::LongInt(room));
                set("x-overflow", AMQPValue::LongString("reject-publish".into()));
            }
            let after = [(Rebound, Input), (Input, Rejected)];
            if let Some((_, next)) = after.iter().find(|it| it.0 == queue) {
                set("x-dead-letter-exchange", text(&exchange));
                set("x-dead-letter-routing-key", text(&queues.name(*next)));
            }
            queues.declare_one(queue, arguments);
        }
        queues
    }

    fn declare_one(&self, queue: Queue, arguments: FieldTable) {
        let (channel, exchange, name) = (self.channel(), self.exchange(), self.name(queue));
        wait(async move {
            let durable = QueueDeclareOptions::durable();
            channel.queue_declare(name.clone().into(), durable, arguments).await?;
            let (key, options) = (name.clone().into(), QueueBindOptions::default());
            channel
                .queue_bind(name.into(), exchange.into(), key, options, FieldTable::default())
                .await
        })
        .unwrap();
    }

    /// The address of the server.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// The name of the exchange.
    pub fn exchange(&self) -> String {
        format!("{}:exchange", self.prefix)
    }

    /// The name of a queue, and the key that leads to it.
    pub fn name(&self, queue: Queue) -> String {
        format!("{}:{queue:?}", self.prefix).to_lowercase()
    }

    /// Lets what has this queue's key lead nowhere.
    pub fn unbind(&self, queue: Queue) {
        let (channel, exchange, name) = (self.channel(), self.exchange(), self.name(queue));
        let key = name.clone().into();
        wait(async move {
            channel.queue_unbind(name.into(), exchange.into(), key, FieldTable::default()).await
        })
        .unwrap();
    }

    /// Publishes an input message with these headers, kept across a restart of the server.
    pub fn publish(&self, headers: &Value, payload: &[u8]) {
        let properties = BasicProperties::default()
            .with_content_type("application/json".into())
            .with_content_encoding("utf8".into())
            .with_delivery_mode(2)
            .with_headers(table(headers));
        self.publish_all(Input, vec![(properties, payload.to_vec())]);
    }

    /// Publishes all these, and returns when the server has them.
    pub fn publish_all(&self, queue: Queue, messages: Vec<(BasicProperties, Vec<u8>)>) {
        let (channel, exchange, key) = (self.channel(), self.exchange(), self.name(queue));
        wait(async move {
            channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
            let mut confirms = Vec::with_capacity(messages.len());
            for (properties, payload) in messages {
                let (exchange, key) = (exchange.clone().into(), key.clone().into());
                let options = BasicPublishOptions { mandatory: true, ..Default::default() };
                let published = channel.basic_publish(exchange, key, options, &payload, properties);
                confirms.push(published.await.unwrap());
            }
            for confirm in confirms {
                let confirmed = confirm.await.unwrap();
                assert!(confirmed.is_ack() && confirmed.take_message().is_none(), "not published");
            }
        });
    }

    /// Waits for the next message of a queue, and takes it away.
    pub fn next(&self, queue: Queue) -> Message {
        self.next_within(queue, LIMIT).unwrap_or_else(|| panic!("nothing comes out of {queue:?}"))
    }

    /// The same, but there may be none in that time.
    pub fn next_within(&self, queue: Queue, time: Duration) -> Option<Message> {
        let (channel, name) = (self.channel(), self.name(queue));
        wait(async move {
            // With one at a time nothing else is taken out of the queue and put back.
            channel.basic_qos(1, BasicQosOptions::default()).await.unwrap();
            let (tag, options) = ("test".into(), BasicConsumeOptions::default());
            let consuming = channel.basic_consume(name.into(), tag, options, FieldTable::default());
            let mut consumer = consuming.await.unwrap();
            let delivery = tokio::time::timeout(time, consumer.next()).await.ok()?;
            let delivery = delivery.expect("the consumer was cancelled").unwrap();
            channel.basic_cancel("test".into(), BasicCancelOptions::default()).await.unwrap();
            delivery.acker.ack(BasicAckOptions::default()).await.unwrap();
            Some(Message::of(delivery))
        })
    }

    /// Takes the next message of a queue and puts it back: from now on it was delivered before.
    pub fn touch(&self, queue: Queue) {
        let (channel, name) = (self.channel(), self.name(queue));
        let taken = wait(async move {
            let got = channel.basic_get(name.into(), BasicGetOptions::default()).await.unwrap();
            let back = BasicNackOptions { requeue: true, ..Default::default() };
            got.expect("it waits there").acker.nack(back).await.unwrap()
        });
        assert!(taken, "it was not put back");
    }

    /// Takes all that waits in a queue away, in its order. Nobody else may use it meanwhile.
    pub fn drain(&self, queue: Queue) -> Vec<Message> {
        let (channel, name, waiting) = (self.channel(), self.name(queue), self.count(queue));
        wait(async move {
            let options = BasicConsumeOptions { no_ack: true, ..Default::default() };
            let consuming =
                channel.basic_consume(name.into(), "".into(), options, FieldTable::default());
            let consumer = consuming.await.unwrap().take(waiting as usize);
            consumer.map(|it| Message::of(it.unwrap())).collect().await
        })
    }

    /// Takes all that comes out of a queue away, as long as somebody listens.
    pub fn follow(&self, queue: Queue, to: Sender<(Queue, Message)>) {
        let (channel, name) = (self.channel(), self.name(queue));
        wait(async move {
            let options = BasicConsumeOptions { no_ack: true, ..Default::default() };
            let consuming =
                channel.basic_consume(name.into(), "".into(), options, FieldTable::default());
            let mut consumer = consuming.await.unwrap();
            tokio::spawn(async move {
                let _open = channel;
                while let Some(Ok(delivery)) = consumer.next().await {
                    if to.send((queue, Message::of(delivery))).is_err() {
                        return;
                    }
                }
            });
        });
    }

    /// How many messages wait in a queue, without those that somebody has and did not settle.
    pub fn count(&self, queue: Queue) -> u32 {
        self.passive(queue).message_count()
    }

    /// How many consume from a queue.
    pub fn consumers(&self, queue: Queue) -> u32 {
        self.passive(queue).consumer_count()
    }

    fn passive(&self, queue: Queue) -> lapin::Queue {
        let (channel, name) = (self.channel(), self.name(queue));
        let passive = QueueDeclareOptions { passive: true, ..Default::default() };
        wait(
            async move { channel.queue_declare(name.into(), passive, FieldTable::default()).await },
        )
        .unwrap()
    }

    /// A channel, on a new connection if the server was restarted. It closes when it is dropped.
    fn channel(&self) -> Channel {
        let mut connection = self.connection.lock().unwrap();
        let open = |it: Arc<Connection>| wait(async move { it.create_channel().await });
        if let Some(Ok(channel)) = connection.clone().map(open) {
            return channel;
        }
        let fresh = Arc::new(connect(&self.uri).unwrap());
        *connection = Some(Arc::clone(&fresh));
        open(fresh).unwrap()
    }
}
