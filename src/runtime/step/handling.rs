//! A delivery at work: the facts of it, and how what is decided about it is done.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tokio::time::Instant;
use uuid::Uuid;

use super::flow::Flow;
use super::incoming::Incoming;
use super::outgoing::{Input, Outgoing};
use super::publication_id::Which;
use crate::component::{BoxFuture, Error, Message, Private, Webhook, metrics};
use crate::delivery::Verdict;
use crate::runtime::Obstacle;
use crate::runtime::disposition::{
    self, Act, Delivery, Disposition, End, Unpublished, Until, after_giving_up, after_put_back,
    after_report,
};

/// How long to wait before a journal that failed is tried again.
const JOURNAL_PAUSE: Duration = Duration::from_secs(5);

/// A delivery at work.
pub(super) struct Handling<'a> {
    pub flow: &'a Flow,
    pub incoming: &'a Incoming,
    /// When the work on it began.
    pub started: Timestamp,
    redelivered: bool,
    waited_for_account: bool,
    /// Since when its journal fails.
    journal_fails_since: Option<Instant>,
}

impl<'a> Handling<'a> {
    /// A delivery that nothing was done with yet.
    pub fn new(
        flow: &'a Flow,
        incoming: &'a Incoming,
        redelivered: bool,
        started: Timestamp,
    ) -> Self {
        let (waited_for_account, journal_fails_since) = (false, None);
        Self { flow, incoming, started, redelivered, waited_for_account, journal_fails_since }
    }

    /// The facts that decide about it, but for whether its results are out.
    pub fn facts(&self) -> Delivery<'static> {
        Delivery {
            redelivered: self.redelivered,
            was_put_back: self.incoming.was_put_off(),
            may_come_back: self.may_come_back(),
            stopping: self.flow.stop.wanted(),
            impatient: self.flow.impatient(),
            waited_for_account: self.waited_for_account,
            waited_for_journal: self.journal_fails_since.map(|it| it.elapsed()),
            unpublished: None,
            deed: self.flow.deed,
        }
    }

    /// True if it may be put back once more.
    fn may_come_back(&self) -> bool {
        let (rebound, rebounds) = (&self.flow.settings.rebound, self.incoming.rebounds);
        // Waits double: all of them so far are one less than the next one.
        let waited = rebound.initial.saturating_mul((1_u32 << rebounds.min(31)) - 1);
        rebounds < rebound.limit && waited < self.flow.patience
    }

    /// The message as the engine takes it.
    pub fn message(&self) -> Message {
        let payload = &self.incoming.payload;
        Message {
            id: self.incoming.id(),
            body: payload.get("body").cloned().unwrap_or_default(),
            in_doubt: false,
            // The broker knows nothing of the other copy.
            redelivered: self.redelivered || self.incoming.repeated,
            put_back: self.incoming.was_put_off(),
            put_back_since: self.incoming.put_off_since(),
            snapshot: Value::Null,
            webhook: Webhook::of(payload),
            envelope: None,
        }
    }

    /// Notes what a verdict says of the account and of the journal, which works again once a message
    /// that it has kept waiting is through.
    pub fn note(&mut self, verdict: &Verdict) {
        let flow = self.flow;
        if let Some(account) = verdict.account {
            flow.gate.close_for(account);
        }
        if verdict.journal_failure.is_some() {
            flow.health.set(Obstacle::Journal, true);
        } else if self.journal_fails_since.take().is_some() {
            flow.health.set(Obstacle::Journal, false);
        }
    }

    /// Does what was decided where the engine has nothing to do with it: nothing is tried again.
    ///
    /// # Errors
    /// Why it stays in the queue.
    pub async fn end(&mut self, disposition: Disposition) -> Result<End, Error> {
        let ended = self.follow(disposition).await;
        ended.unwrap_or_else(|| Err(disposition::defect()))
    }

    /// Does what was decided, and what follows from that. None if the message is to be given to the
    /// engine again.
    pub async fn follow(&mut self, mut disposition: Disposition) -> Option<Result<End, Error>> {
        loop {
            if let Some(error) = disposition.fatal {
                self.flow.fail(error);
            }
            disposition = match disposition.act {
                Act::End(end) => return Some(Ok(end)),
                Act::Leave(error) => return Some(Err(error)),
                Act::TryAgain(until) => {
                    self.hold(until).await;
                    return None;
                }
                Act::PutBack(why) => self.put_back(&why).await,
                Act::Report(error) => self.report(&error).await,
                Act::GiveUp(error) => self.give_up(error).await,
            };
        }
    }

    /// Holds the message until it is to be tried again.
    async fn hold(&mut self, until: Until) {
        match until {
            Until::Now => {}
            // The gate is closed, and opens then.
            Until::AccountWorks => self.waited_for_account = true,
            Until::JournalWorks(why) => {
                self.journal_fails_since.get_or_insert_with(Instant::now);
                tracing::warn!(why, "the journal fails: nothing is sent until it is back");
                tokio::select! {
                    () = tokio::time::sleep(JOURNAL_PAUSE) => {}
                    () = self.flow.stop.requested() => {}
                }
            }
        }
    }

    /// Has the journal note that no copy of the message is to be sent any more.
    async fn give_up(&self, error: Error) -> Disposition {
        let given = self.flow.engine.give_up(&self.message()).await;
        after_giving_up(given, error, &self.facts())
    }

    /// Publishes a copy of the message that comes back later.
    fn put_back<'b>(&'b self, why: &'b str) -> BoxFuture<'b, Disposition> {
        Box::pin(async move {
            let out = self.out();
            // Whoever is being stopped puts back once more than the platform allows.
            let iteration = out.next_rebound().unwrap_or(self.incoming.rebounds);
            tracing::info!(why, iteration, "put back for later");
            let under_way = metrics::under_way();
            let published = self.flow.publish(out.rebound(why, iteration)).await;
            drop(under_way);
            if let (Ok(()), Some(metrics)) = (&published, metrics::watched()) {
                metrics.put_back();
            }
            after_put_back(published, out.wait(iteration), &self.facts())
        })
    }

    /// Publishes an error of the message, to whoever waits for an answer too. Boxed, since it is rare:
    /// the place for it would be kept for each message under way.
    fn report<'b>(&'b self, error: &'b Error) -> BoxFuture<'b, Disposition> {
        Box::pin(async move {
            let _counted = metrics::under_way();
            tracing::error!(error = %error.logged(), "message failed");
            Private::tell(error, || self.incoming.payload.values());
            if let Some(metrics) = metrics::watched() {
                metrics.told(error.kind);
            }
            self.answer(error).await;
            self.flow.rates.error.until_ready().await;
            let (out, id) = (self.out(), self.id_of(Which::Error));
            let mut told = self.flow.publish(out.error(error, id, Input::Given)).await;
            if let Err(Unpublished::Unroutable(failed)) = told {
                // The broker may take less than the message has.
                tracing::warn!(error = %failed.logged(), "the error is told without the message that met it");
                told = self.flow.publish(out.error(error, id, Input::LeftOut)).await;
            }
            after_report(told)
        })
    }

    /// Tells an error to whoever waits for an answer, if anybody does.
    async fn answer(&self, error: &Error) {
        let reply = self.out().error_reply(error, self.id_of(Which::ErrorReply));
        if let Some(reply) = reply.transpose()
            && let Err(failed) = self.flow.publish(reply).await
        {
            tracing::warn!(error = %Error::from(failed).logged(), "the error was not told to who asked");
        }
    }

    fn id_of(&self, which: Which) -> Uuid {
        which.id(&self.flow.settings.ids, self.incoming)
    }

    fn out(&self) -> Outgoing<'_> {
        self.flow.out(self.incoming, self.started)
    }
}
