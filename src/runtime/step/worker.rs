//! One delivery: through the engine, and out again.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt as _;
use jiff::Timestamp;
use lapin::Acker;
use lapin::message::Delivery;
use tracing::Instrument as _;

use super::emitter::Emitter;
use super::flow::{FINISHING, Flow};
use super::handling::Handling;
use super::incoming::Incoming;
use super::inflight::Taken;
use super::passthrough::Passthrough;
use crate::component::Error;
use crate::runtime::disposition::{self, Disposition, End};

impl Flow {
    /// Carries one delivery, and ends it.
    pub(super) async fn carry(self: Arc<Self>, delivery: Delivery, taken: Arc<Taken<Acker>>) {
        let carried = AssertUnwindSafe(self.process(delivery)).catch_unwind().await;
        match carried.unwrap_or_else(|_| Err(disposition::defect())) {
            Ok(end) => self.end(&taken, end).await,
            // Whoever stops the step wants to hear of no failure of it.
            Err(error) if self.stop.wanted() => {
                tracing::warn!(error = %error.logged(), "a message stays in the queue");
            }
            Err(error) => self.fail(error),
        }
    }

    /// Brings a delivery to its end.
    ///
    /// # Errors
    /// Why it stays in the queue.
    async fn process(&self, delivery: Delivery) -> Result<End, Error> {
        let redelivered = delivery.redelivered;
        let _room = self.room_for(delivery.data.len()).await;
        let started = Timestamp::now();
        let (cipher, format) = (&self.broker.cipher, self.settings.input_format);
        let decoded = Incoming::decode(delivery.data, delivery.properties, cipher, format);
        let mut incoming = match decoded {
            Ok(incoming) => incoming,
            Err(bad) => {
                let mut handling = Handling::new(self, &bad.incoming, redelivered, started);
                return handling.end(disposition::illegible(bad.error)).await;
            }
        };
        let span = tracing::info_span!(
            "message",
            threadId = incoming.ids.thread,
            messageId = incoming.ids.message,
            parentMessageId = incoming.ids.parent,
            flowId = self.settings.ids.flow,
            stepId = self.settings.ids.step,
            otel.kind = "consumer",
            otel.status_code = tracing::field::Empty,
        );
        let carried = async {
            if let Some(storage) = &self.storage
                && let Err(error) = Box::pin(storage.resolve(&mut incoming.payload)).await
            {
                let mut handling = Handling::new(self, &incoming, redelivered, started);
                let disposition = disposition::without_body(error, &handling.facts());
                return handling.end(disposition).await;
            }
            let passthrough = Passthrough::take(&self.settings, &mut incoming, self.passthrough);
            let mut handling = Handling::new(self, &incoming, redelivered, started);
            let delivered = deliver(&mut handling, passthrough.as_ref());
            match AssertUnwindSafe(delivered).catch_unwind().await {
                Ok(ended) => ended,
                Err(_) => handling.end(disposition::broken()).await,
            }
        };
        carried.instrument(span).await
    }
}

/// Gives the message to the engine until it comes to something.
async fn deliver(
    handling: &mut Handling<'_>,
    passthrough: Option<&Passthrough>,
) -> Result<End, Error> {
    loop {
        let disposition = once(handling, passthrough).await;
        if let Some(ended) = handling.follow(disposition).await {
            return ended;
        }
    }
}

/// Gives the message to the engine, once it may.
async fn once(handling: &mut Handling<'_>, passthrough: Option<&Passthrough>) -> Disposition {
    let flow = handling.flow;
    // A trigger's messages are done one after the other.
    let mut snapshot = match &flow.snapshot {
        Some(snapshot) => Some(snapshot.lock().await),
        None => None,
    };
    if let Some(disposition) = held_up(handling).await {
        return disposition;
    }
    let emitter = Emitter::new(flow, handling.incoming, passthrough, handling.started);
    let mut message = handling.message();
    if let Some(snapshot) = &snapshot {
        message.snapshot = (**snapshot).clone();
    }
    let verdict = flow.engine.handle(message, &emitter).await;
    if let (Some(snapshot), Some(kept)) = (&mut snapshot, emitter.kept()) {
        (**snapshot).clone_from(kept);
    }
    drop(snapshot);
    handling.note(&verdict);
    let delivery = disposition::Delivery { unpublished: emitter.failure(), ..handling.facts() };
    disposition::disposition(&verdict, &delivery)
}

/// Waits until the account works, something may be published, and the broker takes it: whoever may not
/// publish need not call either. What becomes of the message, if the step is to stop before.
async fn held_up(handling: &Handling<'_>) -> Option<Disposition> {
    let Flow { gate, rates, publisher, stop, .. } = handling.flow;
    let unbegun = || Some(disposition::unbegun(&handling.facts()));
    if !gate.opened(stop).await {
        return unbegun();
    }
    tokio::select! {
        biased;
        () = rates.data.until_ready() => {}
        () = stop.requested_for(FINISHING) => return unbegun(),
    }
    tokio::select! {
        biased;
        () = publisher.ready() => None,
        () = stop.requested() => Some(disposition::blocked()),
    }
}
