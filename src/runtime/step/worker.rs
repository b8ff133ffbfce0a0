//! One delivery: through the engine, and out again.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use jiff::Timestamp;
use lapin::Acker;
use lapin::message::Delivery;
use serde_json::Value;
use tokio::time::Instant;
use tracing::{Instrument as _, debug_span};

use super::emitter::Emitter;
use super::flow::Flow;
use super::incoming::Incoming;
use super::inflight::{End, Taken};
use super::outgoing::{Input, Outgoing, Publication};
use super::passthrough::Passthrough;
use super::publisher::Unpublished;
use super::run::FINISHING;
use crate::component::{
    BoxFuture, Error, Kind, Message, Private, Session, Tally, Webhook, metrics,
};
use crate::runtime::{Amnesia, Obstacle, Verdict};

/// For how long a journal that fails is waited for.
const JOURNAL_PATIENCE: Duration = Duration::from_secs(300);
/// How long to wait before a journal that failed is tried again.
const JOURNAL_PAUSE: Duration = Duration::from_secs(5);

/// The numbers of what is no result: of the error of a message, of the answer that tells it, of a
/// trigger's snapshot, and of an answer over HTTP.
const ERROR: u32 = u32::MAX;
const REPLY: u32 = u32::MAX - 1;
pub(super) const SNAPSHOT: u32 = u32::MAX - 2;
pub(super) const ANSWER: u32 = u32::MAX - 3;

/// What a delivery comes to.
enum Fate {
    /// The broker is told.
    End(End),
    /// The broker is not told, and will deliver it to somebody else: this process has to end.
    Leave(Error),
}

/// What has kept a delivery waiting.
#[derive(Default)]
struct Trouble {
    /// Since when its journal fails.
    journal: Option<Instant>,
    /// Whether it has waited for the account.
    account: bool,
}

/// What the engine's verdict asks for.
enum Next {
    Fate(Fate),
    /// The same again, after a while.
    Again,
}

impl Flow {
    /// Carries one delivery, and ends it.
    pub(super) async fn carry(self: Arc<Self>, delivery: Delivery, taken: Arc<Taken<Acker>>) {
        let carried = AssertUnwindSafe(self.process(delivery)).catch_unwind().await;
        let fate = carried.unwrap_or_else(|_| Fate::Leave(defect()));
        match fate {
            Fate::End(end) => self.end(&taken, end).await,
            // Whoever stops the step wants to hear of no failure of it.
            Fate::Leave(error) if self.stop.wanted() => {
                tracing::warn!(error = %error.logged(), "a message stays in the queue");
            }
            Fate::Leave(error) => self.fail(error),
        }
    }

    async fn process(&self, delivery: Delivery) -> Fate {
        let redelivered = delivery.redelivered;
        let _room = self.room_for(delivery.data.len()).await;
        let started = Timestamp::now();
        let (cipher, format) = (&self.broker.cipher, self.settings.input_format);
        let decoded = Incoming::decode(delivery.data, delivery.properties, cipher, format);
        let mut incoming = match decoded {
            Ok(incoming) => incoming,
            // Also where it was delivered before: nobody can have sent what nobody can read.
            Err(bad) => return self.report(&bad.incoming, started, &bad.error).await,
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
                let error = self.as_of_before(error, &incoming, redelivered);
                return self.report(&incoming, started, &error).await;
            }
            let passthrough = Passthrough::take(&self.settings, &mut incoming, self.passthrough);
            let delivered = self.deliver(&incoming, passthrough.as_ref(), redelivered, started);
            match AssertUnwindSafe(delivered).catch_unwind().await {
                Ok(fate) => fate,
                Err(_) => self.report(&incoming, started, &defect()).await,
            }
        };
        carried.instrument(span).await
    }

    /// Gives the message to the engine until it comes to something.
    async fn deliver(
        &self,
        incoming: &Incoming,
        passthrough: Option<&Passthrough>,
        redelivered: bool,
        started: Timestamp,
    ) -> Fate {
        let mut trouble = Trouble::default();
        loop {
            // A trigger's messages are done one after the other.
            let mut snapshot = match &self.snapshot {
                Some(snapshot) => Some(snapshot.lock().await),
                None => None,
            };
            if !self.open().await {
                return self.unbegun(incoming, redelivered, started).await;
            }
            // Whoever may not publish need not call either.
            tokio::select! {
                biased;
                () = self.rates.data.until_ready() => {}
                () = self.stop.requested_for(FINISHING) => {
                    return self.unbegun(incoming, redelivered, started).await;
                }
            }
            tokio::select! {
                biased;
                () = self.publisher.ready() => {}
                () = self.stop.requested() => return Fate::Leave(blocked()),
            }
            let emitter = Emitter::new(self, incoming, passthrough, started);
            let mut message = message_of(incoming, redelivered);
            if let Some(snapshot) = &snapshot {
                message.snapshot = (**snapshot).clone();
            }
            let verdict = self.engine.handle(message, &emitter).await;
            if let (Some(snapshot), Some(kept)) = (&mut snapshot, emitter.kept()) {
                (**snapshot).clone_from(kept);
            }
            drop(snapshot);
            match self.follow(incoming, started, &emitter, verdict, &mut trouble).await {
                Next::Fate(fate) => return fate,
                Next::Again => {}
            }
        }
    }

    /// What becomes of a message that a step which is being stopped has not begun. One that was
    /// delivered before stays in the queue: a copy of it would not say so, and be taken for new.
    async fn unbegun(&self, incoming: &Incoming, redelivered: bool, started: Timestamp) -> Fate {
        let why = "the step is being stopped";
        if redelivered {
            return Fate::Leave(Error::new(Kind::NotSent, why));
        }
        self.put_back(incoming, started, why).await
    }

    /// What follows from the verdict.
    async fn follow(
        &self,
        incoming: &Incoming,
        started: Timestamp,
        emitter: &Emitter<'_>,
        verdict: Verdict,
        trouble: &mut Trouble,
    ) -> Next {
        if let Some(account) = verdict.account {
            self.close_for(account);
        }
        self.note_the_journal(&verdict, trouble);
        if let Some(error) = emitter.failure() {
            if let Some(amnesia) = verdict.amnesia.filter(|it| it.unrecorded) {
                self.fail(forgetful(&amnesia));
            }
            return Next::Fate(match error {
                Unpublished::GaveUp(error) => Fate::Leave(error.clone()),
                Unpublished::Unroutable(error) => {
                    self.report(incoming, started, &untold(error, &verdict.tally)).await
                }
            });
        }
        let nothing_happened = verdict.tally.accepted == 0 && verdict.tally.unknown == 0;
        let Some(error) = verdict.error else {
            if let Some(amnesia) = verdict.amnesia {
                self.fail(forgetful(&amnesia));
            }
            return Next::Fate(Fate::End(told(&verdict.tally)));
        };
        if let Some(amnesia) = verdict.amnesia {
            if !amnesia.unrecorded && nothing_happened && error.retryable() {
                return self.wait_for_the_journal(&amnesia, &mut trouble.journal).await;
            }
            self.fail(forgetful(&amnesia));
        }
        // Once: where the account works and this message is still too much for it, others go first.
        if verdict.account.is_some() && nothing_happened && !self.impatient() && !trouble.account {
            trouble.account = true;
            return Next::Again;
        }
        let may_come_back = self.may_come_back(incoming) || self.stop.wanted();
        if error.retryable() && nothing_happened && may_come_back {
            // Neither the log nor a header, which nobody encrypts, shows the words of others.
            let why = error.logged().to_string();
            return Next::Fate(self.put_back(incoming, started, &why).await);
        }
        if nothing_happened && error.kind != Kind::Unknown && incoming.was_put_off() {
            match self.engine.give_up(&message_of(incoming, false)).await {
                Ok(true) => {}
                // Another copy was faster: what became of it is told.
                Ok(false) => return Next::Again,
                Err(amnesia) => {
                    return self.wait_for_the_journal(&amnesia, &mut trouble.journal).await;
                }
            }
        }
        Next::Fate(self.report(incoming, started, &error).await)
    }

    /// The journal works again once a message that it has kept waiting is through.
    fn note_the_journal(&self, verdict: &Verdict, trouble: &mut Trouble) {
        if verdict.amnesia.is_some() {
            self.health.set(Obstacle::Journal, true);
        } else if trouble.journal.take().is_some() {
            self.health.set(Obstacle::Journal, false);
        }
    }

    /// A message whose claim could not be written is neither lost nor sent: it stays where it is.
    async fn wait_for_the_journal(&self, amnesia: &Amnesia, failing: &mut Option<Instant>) -> Next {
        let since = *failing.get_or_insert_with(Instant::now);
        if since.elapsed() > JOURNAL_PATIENCE || self.stop.wanted() {
            return Next::Fate(Fate::Leave(forgetful(amnesia)));
        }
        let why = &amnesia.why;
        tracing::warn!(why, "the journal fails: nothing is sent until it is back");
        tokio::select! {
            () = tokio::time::sleep(JOURNAL_PAUSE) => {}
            () = self.stop.requested() => {}
        }
        Next::Again
    }

    /// Whether a message that was not sent may be put back once more.
    fn may_come_back(&self, incoming: &Incoming) -> bool {
        let rebound = &self.settings.rebound;
        // Waits double: all of them so far are one less than the next one.
        let waited = rebound.initial.saturating_mul((1_u32 << incoming.rebounds.min(31)) - 1);
        incoming.rebounds < rebound.limit && waited < self.patience
    }

    /// Puts the message back for later.
    fn put_back<'a>(
        &'a self,
        incoming: &'a Incoming,
        started: Timestamp,
        why: &'a str,
    ) -> BoxFuture<'a, Fate> {
        Box::pin(async move {
            let out = self.out(incoming, started);
            // A step that is being stopped puts back once more than it may: the message has done nothing.
            let iteration = out.next_rebound().unwrap_or(incoming.rebounds);
            tracing::info!(why, iteration, "put back for later");
            let under_way = metrics::under_way();
            let published = self.publish(out.rebound(why, iteration)).await;
            drop(under_way);
            match published {
                Ok(()) => {
                    if let Some(metrics) = metrics::watched() {
                        metrics.put_back();
                    }
                    Fate::End(End::PutBack(out.wait(iteration)))
                }
                Err(Unpublished::Unroutable(error)) => {
                    // The other one of two copies may have been sent.
                    let error = self.as_of_before(error, incoming, false);
                    self.report(incoming, started, &error).await
                }
                Err(Unpublished::GaveUp(error)) => Fate::Leave(error),
            }
        })
    }

    /// An error of a message about which the engine was not asked. Without its body the journal cannot
    /// be asked either what an earlier delivery has done: it may have sent the message.
    fn as_of_before(&self, error: Error, incoming: &Incoming, redelivered: bool) -> Error {
        if !redelivered && !incoming.was_put_off() {
            return error;
        }
        let (kind, hint) = (Kind::Unknown, Some(Session::WHEN_UNKNOWN.into()));
        let error = error.after("this message was delivered before; now ");
        Error { kind, hint, deed: self.deed, ..error }
    }

    /// Reports an error of the message, to whoever waits for an answer too. Boxed, since it is rare: the
    /// place for it would be kept for each message under way.
    fn report<'a>(
        &'a self,
        incoming: &'a Incoming,
        started: Timestamp,
        error: &'a Error,
    ) -> BoxFuture<'a, Fate> {
        Box::pin(async move {
            let _counted = metrics::under_way();
            tracing::error!(error = %error.logged(), "message failed");
            Private::tell(error, || incoming.payload.values());
            if let Some(metrics) = metrics::watched() {
                metrics.told(error.kind);
            }
            let out = self.out(incoming, started);
            if let Some(reply) = out.error_reply(error, self.id_of(incoming, REPLY)).transpose()
                && let Err(failed) = self.publish(reply).await
            {
                tracing::warn!(error = %Error::from(failed).logged(), "the error was not told to who asked");
            }
            self.rates.error.until_ready().await;
            let id = self.id_of(incoming, ERROR);
            let mut told = self.publish(out.error(error, id, Input::Given)).await;
            if let Err(Unpublished::Unroutable(failed)) = told {
                // The broker may take less than the message has.
                tracing::warn!(error = %failed.logged(), "the error is told without the message that met it");
                told = self.publish(out.error(error, id, Input::LeftOut)).await;
            }
            match told {
                Ok(()) => Fate::End(End::Failed),
                Err(Unpublished::Unroutable(failed)) => Fate::Leave(untellable(&failed)),
                Err(Unpublished::GaveUp(failed)) => Fate::Leave(failed),
            }
        })
    }

    pub(super) fn out<'a>(&'a self, incoming: &'a Incoming, started: Timestamp) -> Outgoing<'a> {
        let Self { settings, broker, .. } = self;
        Outgoing { settings, broker, incoming: Some(incoming), started }
    }

    pub(super) async fn publish(
        &self,
        publication: Result<Publication, Error>,
    ) -> Result<(), Unpublished> {
        match publication {
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

/// The message as the engine takes it.
fn message_of(incoming: &Incoming, redelivered: bool) -> Message {
    let payload = &incoming.payload;
    let body = payload.get("body").cloned().unwrap_or_default();
    let webhook = Webhook::of(payload);
    Message {
        id: incoming.id(),
        body,
        in_doubt: false,
        // The broker knows nothing of the other copy.
        redelivered: redelivered || incoming.repeated,
        put_back: incoming.was_put_off(),
        put_back_since: incoming.put_off_since(),
        snapshot: Value::Null,
        webhook,
        envelope: None,
    }
}

/// The end of a message whose results are out.
fn told(tally: &Tally) -> End {
    let left = tally.refused + tally.not_sent + tally.unknown;
    if left == 0 { End::Done } else { End::Incomplete }
}

/// The error of a result that nobody takes: what was done must not be done again for it.
fn untold(error: &Error, tally: &Tally) -> Error {
    if tally.accepted + tally.unknown == 0 {
        return error.clone();
    }
    let Error { what, own, hint, .. } = error.clone();
    let error = Error { hint, own, ..Error::new(Kind::Unknown, what) };
    error.after("this was done, but its result is lost: ")
}

/// Why a step ends that can tell nobody of an error: all messages would go that way.
fn untellable(failed: &Error) -> Error {
    let what =
        format!("an error cannot be told, and its message stays in the queue: {}", failed.what);
    Error::new(Kind::Unavailable, what).hint(
        "bind a queue for errors to the exchange, and let the user write to it; then start again",
    )
}

fn defect() -> Error {
    let said = "a defect of the connector stopped this message";
    Error::new(Kind::Unknown, said).hint("please report it, with the log")
}

fn blocked() -> Error {
    Error::new(Kind::Unavailable, "the broker takes nothing")
        .hint("see that it has memory and disk")
}

fn forgetful(amnesia: &Amnesia) -> Error {
    let kind = if amnesia.unrecorded { Kind::Unknown } else { Kind::Unavailable };
    Error::new(kind, format!("the journal: {}", amnesia.why))
        .hint("see that its disk has room, or that its Redis runs; then start the step again")
}
