//! A step at work: what it takes from its queue, and when it does not.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::StreamExt as _;
use jiff::Timestamp;
use lapin::message::Delivery;
use lapin::options::{
    BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicQosOptions, BasicRejectOptions,
};
use lapin::types::FieldTable;
use lapin::{Acker, Channel, Consumer};
use serde_json::Value;
use tokio::sync::{Mutex, Semaphore, SemaphorePermit};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::{Instrument as _, debug_span};

use super::attachments::Attachments;
use super::broker::{Line, Open, PAUSES};
use super::gate::Gate;
use super::incoming::Incoming;
use super::inflight::{Arrival, InFlight, Seen, Taken};
use super::limits::Limits;
use super::outage::PATIENCE;
use super::outgoing::{Outgoing, Publication};
use super::publisher::Publisher;
use super::said::failed;
use super::settings::{BrokerSettings, Settings};
use super::storage::Storage;
use crate::component::{Error, faults};
use crate::delivery::{Engine, Stop, Stopper};
use crate::runtime::disposition::{End, Unpublished};
use crate::runtime::{Health, Obstacle};

/// For how long messages that were taken are still begun, and the requests of a bulk message still
/// made, once the step is to stop.
pub(super) const FINISHING: Duration = Duration::from_secs(10);
/// How long what is under way may take once the step is to stop. A platform kills after 30 s.
const DEADLINE: Duration = Duration::from_secs(23);
/// How long the broker may take to hear how a message ended, or that nothing more is wanted, or to
/// close.
const CLOSING: Duration = Duration::from_secs(2);

/// A step at work.
pub(super) struct Flow {
    pub settings: Settings,
    pub broker: BrokerSettings,
    pub engine: Engine,
    /// What its action does to the world, as a participle.
    pub deed: &'static str,
    pub publisher: Publisher,
    pub rates: Limits,
    /// Where large messages are, if there is such a place.
    pub storage: Option<Storage>,
    /// Where files are kept that go along with results.
    pub attachments: Attachments,
    /// What the last run of a trigger left; none for an action. A trigger runs once at a time.
    pub snapshot: Option<Mutex<Value>>,
    /// Whether the platform wants what came before to be passed on.
    pub passthrough: bool,
    /// For how long what was not sent is tried again, from delivery to delivery.
    pub patience: Duration,
    pub stopper: Stopper,
    pub stop: Stop,
    pub in_flight: InFlight<Acker>,
    pub gate: Gate,
    pub health: Health,
    pub state: State,
}

/// Bytes of messages that are worked on at once. A list of numbers takes up to 170 times its size until
/// it is told: the message as it was read, its requests, and the answers. What waits is in memory as it
/// came.
const ROOM: u32 = 512 * 1024;

/// What a step is in the middle of.
pub(super) struct State {
    /// Room for messages, in bytes as they came.
    room: Semaphore,
    failed: OnceLock<Error>,
}

impl Default for State {
    fn default() -> Self {
        Self { room: Semaphore::new(ROOM as usize), failed: OnceLock::new() }
    }
}

impl Flow {
    /// Takes messages until the step is to stop, and finishes what is under way.
    ///
    /// # Errors
    /// Why it cannot go on: what is unfinished stays in the queue.
    pub async fn run(self: Arc<Self>, reader: Line) -> Result<(), Error> {
        let mut carrying = JoinSet::new();
        let flow = Arc::clone(&self);
        let probing = tokio::spawn(async move { flow.gate.probe(&flow.engine).await });
        let flow = Arc::clone(&self);
        let watching = tokio::spawn(async move { flow.publisher.watch().await });
        let ended = self.consume(&reader, &mut carrying).await;
        self.health.set(Obstacle::Stopping, true);
        self.finish(&mut carrying).await;
        probing.abort();
        watching.abort();
        carrying.abort_all();
        let closing = async { tokio::join!(reader.close(), self.publisher.close()) };
        if tokio::time::timeout(CLOSING, closing).await.is_err() {
            tracing::debug!("the broker did not say good-bye");
        }
        ended?;
        self.state.failed.get().cloned().map_or(Ok(()), Err)
    }

    /// Takes messages, from one connection after the other.
    async fn consume(
        self: &Arc<Self>,
        reader: &Line,
        carrying: &mut JoinSet<()>,
    ) -> Result<(), Error> {
        let (mut gone_since, mut waits) = (None, PAUSES.waits());
        loop {
            let error = match self.listen(reader, carrying, &mut gone_since).await {
                Ok(()) => return Ok(()),
                Err(error) => failed(&error),
            };
            let since = *gone_since.get_or_insert_with(|| {
                waits = PAUSES.waits();
                Instant::now()
            });
            if since.elapsed() > PATIENCE {
                return Err(error);
            }
            self.health.set(Obstacle::Consumer, true);
            tracing::warn!(error = %error.logged(), "no messages can be taken");
            tokio::select! {
                () = tokio::time::sleep(waits.next().unwrap_or_default()) => {}
                () = self.stop.requested() => return Ok(()),
            }
        }
    }

    /// Takes messages from one connection, until it is lost or the step is to stop.
    async fn listen(
        self: &Arc<Self>,
        reader: &Line,
        carrying: &mut JoinSet<()>,
        gone_since: &mut Option<Instant>,
    ) -> Result<(), lapin::Error> {
        let begun = tokio::select! {
            begun = self.begin(reader) => begun?,
            () = self.stop.requested() => return Ok(()),
        };
        let (number, channel, mut consumer) = begun;
        self.health.set(Obstacle::Consumer, false);
        tracing::info!("waiting for messages");
        *gone_since = None;
        let mut stopping = std::pin::pin!(self.stop.requested());
        loop {
            while carrying.try_join_next().is_some() {}
            tokio::select! {
                biased;
                () = &mut stopping => break,
                delivery = consumer.next() => match delivery {
                    Some(delivery) => self.take(number, delivery?, carrying),
                    // The queue is gone, or the connection.
                    None => {
                        reader.hang_up(number).await;
                        return Err(lapin::ErrorKind::MissingHeartbeatError.into());
                    }
                },
            }
        }
        // What was sent here already would come back as delivered before, and be in doubt.
        let draining = async {
            channel.basic_cancel(consumer.tag(), BasicCancelOptions::default()).await?;
            while let Some(delivery) = consumer.next().await {
                self.take(number, delivery?, carrying);
            }
            Ok::<_, lapin::Error>(())
        };
        if !matches!(tokio::time::timeout(CLOSING, draining).await, Ok(Ok(()))) {
            tracing::debug!("the broker did not hear that nothing more is wanted");
        }
        Ok(())
    }

    /// Asks for messages, on a new connection if need be.
    async fn begin(&self, reader: &Line) -> Result<(u64, Channel, Consumer), lapin::Error> {
        let Open { number, channel, .. } = reader.channel().await?;
        channel.basic_qos(self.settings.prefetch, BasicQosOptions::default()).await?;
        let queue = self.broker.queue.as_str().into();
        let options = BasicConsumeOptions::default();
        let consumer =
            channel.basic_consume(queue, "".into(), options, FieldTable::default()).await?;
        Ok((number, channel, consumer))
    }

    fn take(self: &Arc<Self>, connection: u64, delivery: Delivery, carrying: &mut JoinSet<()>) {
        let (id, rebounds) = Incoming::identity(&delivery.properties);
        let seen = Seen {
            redelivered: delivery.redelivered,
            id: id.as_deref(),
            rebounds,
            payload: &delivery.data,
        };
        match self.in_flight.take(connection, seen, delivery.acker.clone()) {
            Arrival::New(taken) => {
                carrying.spawn(Arc::clone(self).carry(delivery, taken));
            }
            Arrival::UnderWay => tracing::debug!("delivered again while it is under way"),
            Arrival::Ended(acker) => {
                carrying.spawn(async move { say(&acker, End::Done).await });
            }
        }
    }

    /// Ends a delivery, and tells the broker.
    pub async fn end(&self, taken: &Taken<Acker>, end: End) {
        faults::point("before-ack");
        if let Some(acker) = self.in_flight.end(taken, end) {
            say(&acker, end).await;
        }
    }

    /// Waits for what is under way, for as long as the platform leaves.
    async fn finish(&self, carrying: &mut JoinSet<()>) {
        let all = async { while carrying.join_next().await.is_some() {} };
        if tokio::time::timeout(DEADLINE, all).await.is_err() {
            let unfinished = self.in_flight.under_way();
            tracing::warn!(unfinished, "stopped in the middle of messages; they stay in the queue");
        }
    }

    /// Says that the step cannot go on: it stops. The first to say so is heard.
    pub fn fail(&self, error: Error) {
        tracing::error!(error = %error.logged(), "the step cannot go on");
        self.state.failed.set(error).ok();
        self.stopper.stop();
    }

    /// Waits until there is room for a message of this size: one that is larger than all of it has it
    /// alone.
    pub async fn room_for(&self, size: usize) -> Option<SemaphorePermit<'_>> {
        let bytes = u32::try_from(size).unwrap_or(ROOM).min(ROOM);
        // It is never closed.
        self.state.room.acquire_many(bytes).await.ok()
    }

    /// Whether what was not sent is an error at once.
    pub fn impatient(&self) -> bool {
        self.patience.is_zero()
    }

    /// Writes whatever goes out for a delivery.
    pub fn out<'a>(&'a self, incoming: &'a Incoming, started: Timestamp) -> Outgoing<'a> {
        let Self { settings, broker, .. } = self;
        Outgoing { settings, broker, incoming: Some(incoming), started }
    }

    /// Publishes something that could be written.
    pub async fn publish(&self, written: Result<Publication, Error>) -> Result<(), Unpublished> {
        match written {
            Ok(publication) => {
                let what = publication.kind.as_str();
                let span = debug_span!("publish", what, otel.kind = "producer");
                self.publisher.publish(publication).instrument(span).await
            }
            // It cannot be written, whoever would take it.
            Err(error) => Err(Unpublished::Unroutable(error)),
        }
    }
}

/// Tells the broker how a delivery ended. Where it does not hear it, it delivers it again.
async fn say(acker: &Acker, end: End) {
    let told = async {
        if end.is_acknowledged() {
            acker.ack(BasicAckOptions::default()).await
        } else {
            acker.reject(BasicRejectOptions { requeue: false }).await
        }
    };
    // A connection that breaks at this moment may leave this without an answer for ever.
    if !matches!(tokio::time::timeout(CLOSING, told).await, Ok(Ok(true))) {
        tracing::debug!("the broker did not hear of a message's end");
    }
}
