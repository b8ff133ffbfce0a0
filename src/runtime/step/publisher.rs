//! Publishing: each publication is confirmed, and tried again until it is.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lapin::ExchangeKind;
use lapin::options::ExchangeDeclareOptions;
use lapin::types::FieldTable;
use tokio::time::Instant;

use super::broker::{Line, Open, PAUSES};
use super::confirms::{Confirms, Tried};
use super::outage::Outage;
use super::outgoing::Publication;
use super::said::{failed, is_refusal};
use super::settings::Retry;
use crate::backoff::Backoff;
use crate::component::{Error, Kind, metrics};
use crate::runtime::disposition::Unpublished;
use crate::runtime::{Health, Obstacle};

/// How often it is looked whether the broker is there, and takes something.
const LOOK: Duration = Duration::from_secs(1);
/// How often that is said.
const SAID_EVERY: Duration = Duration::from_secs(60);

/// Publishes to one exchange.
pub struct Publisher {
    line: Line,
    exchange: String,
    retry: Retry,
    health: Health,
    /// Over the channel of this number.
    open: Mutex<Option<(u64, Confirms)>>,
}

impl Publisher {
    /// A publisher to this exchange.
    pub fn new(line: Line, exchange: String, retry: Retry, health: Health) -> Self {
        Self { line, exchange, retry, health, open: Mutex::default() }
    }

    /// Connects now, and not only with the first publication.
    ///
    /// # Errors
    /// When the broker cannot be reached.
    pub async fn connect(&self) -> Result<(), Error> {
        self.confirms().await.map(drop).map_err(|it| failed(&it))
    }

    /// Connects for the first time, and sees that the exchange is there: a step that finds it missing
    /// later has done messages whose results nobody takes.
    ///
    /// # Errors
    /// When the broker cannot be reached, or has no such exchange.
    pub async fn begin(&self) -> Result<(), Error> {
        self.connect().await?;
        let Open { number, channel, .. } = self.line.channel().await.map_err(|it| failed(&it))?;
        let passive = ExchangeDeclareOptions { passive: true, ..Default::default() };
        let (name, kind) = (self.exchange.as_str().into(), ExchangeKind::Direct);
        let seen = channel.exchange_declare(name, kind, passive, FieldTable::default()).await;
        if let Err(error) = seen {
            self.line.hang_up(number).await;
            return Err(failed(&error));
        }
        Ok(())
    }

    /// Waits while the broker takes nothing, for lack of memory or disk, and has said so: which it does
    /// when it is given something. Nothing need begin whose result nobody would take.
    pub async fn ready(&self) {
        while self.line.is_blocked().await {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Tells for ever whether results can go, also while there are none, and makes a lost connection
    /// anew.
    pub async fn watch(&self) {
        tokio::join!(self.stay_connected(), self.tell_blocked());
    }

    async fn stay_connected(&self) {
        let mut waits = PAUSES.waits();
        loop {
            if self.line.is_lost().await && self.connect().await.is_err() {
                tokio::time::sleep(waits.next().unwrap_or_default()).await;
            } else {
                waits = PAUSES.waits();
                tokio::time::sleep(LOOK).await;
            }
        }
    }

    async fn tell_blocked(&self) {
        let mut since = None;
        loop {
            let blocked = self.line.is_blocked().await;
            self.health.set(Obstacle::Blocked, blocked);
            since = since.filter(|_| blocked);
            if blocked && since.is_none_or(|it: Instant| it.elapsed() >= SAID_EVERY) {
                since = Some(Instant::now());
                tracing::warn!(
                    "the broker takes nothing, for lack of memory or disk: waiting for it"
                );
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Publishes, and returns once the broker has taken it.
    ///
    /// A connection that is lost is made anew; then the broker may get it twice, with the same id, and
    /// what is put off says so. A queue that is full is waited for, as the settings say: it has not taken
    /// what it refuses.
    ///
    /// # Errors
    /// Why it was not published.
    pub async fn publish(&self, publication: Publication) -> Result<(), Unpublished> {
        let mut publication = Arc::new(publication);
        let began = Instant::now();
        let mut outage = Outage::new(&self.health);
        let (mut refused, mut full) = (0, None);
        loop {
            let tried = self.once(&publication, refused, &mut outage).await;
            let error = match tried {
                Ok(Tried::Taken) => {
                    if let Some(metrics) = metrics::watched() {
                        metrics.published(publication.kind.as_str(), began.elapsed());
                    }
                    return Ok(());
                }
                Ok(Tried::Returned(said)) => {
                    return Err(untaken(unroutable(&said), &publication));
                }
                Ok(Tried::Refused) => {
                    outage.was_there();
                    full.get_or_insert_with(|| self.health.wait(Obstacle::Full));
                    self.wait_for_room(refused).await?;
                    refused += 1;
                    continue;
                }
                Ok(Tried::TooLarge(most)) => {
                    if !Arc::make_mut(&mut publication).lighten() {
                        return Err(untaken(too_large(&publication, most), &publication));
                    }
                    tracing::warn!(
                        most,
                        "published without the flow's headers: they are too large"
                    );
                    continue;
                }
                Ok(Tried::Lost(error)) if is_refusal(&error) && outage.is_alone() => {
                    return Err(untaken(failed(&error), &publication));
                }
                Ok(Tried::Lost(error)) => {
                    Arc::make_mut(&mut publication).repeat();
                    if is_refusal(&error) {
                        outage.suspect();
                        continue;
                    }
                    failed(&error)
                }
                // Also where the login is refused: that says nothing of what is published.
                Err(error) => failed(&error),
            };
            let Some(pause) = outage.pause() else { return Err(Unpublished::GaveUp(error)) };
            tracing::warn!(error = %error.logged(), "not published yet");
            tokio::time::sleep(pause).await;
        }
    }

    /// Waits until a queue that has refused so often before may have room again.
    async fn wait_for_room(&self, refused: u32) -> Result<(), Unpublished> {
        if self.retry.attempts.is_some_and(|it| refused + 1 >= it) {
            return Err(Unpublished::GaveUp(full()));
        }
        let backoff = Backoff::new(self.retry.delay, self.retry.max_delay);
        tracing::warn!(refused, "the broker refuses a message: a queue is full");
        tokio::time::sleep(backoff.wait(refused)).await;
        Ok(())
    }

    /// Closes the connection.
    pub async fn close(&self) {
        self.line.close().await;
    }

    /// Publishes once.
    ///
    /// # Errors
    /// When there is no connection.
    async fn once(
        &self,
        publication: &Arc<Publication>,
        refused: u32,
        outage: &mut Outage<'_>,
    ) -> Result<Tried, lapin::Error> {
        let (number, confirms) = self.confirms().await?;
        outage.reached();
        let alone = outage.is_alone();
        let tried = confirms.publish(publication, refused, alone).await;
        if let Tried::Lost(error) = &tried {
            self.line.hang_up(number).await;
            if !is_refusal(error) {
                outage.lost(confirms.is_blocked());
            }
        }
        Ok(tried)
    }

    /// What publishes on the open channel, and the channel's number.
    async fn confirms(&self) -> Result<(u64, Confirms), lapin::Error> {
        let reached = self.line.channel().await;
        self.health.set(Obstacle::Publisher, reached.is_err());
        let reached = reached?;
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let known = open.take().filter(|it| it.0 >= reached.number);
        let over = || (reached.number, Confirms::over(reached, self.exchange.as_str().into()));
        let (number, confirms) = open.insert(known.unwrap_or_else(over));
        Ok((*number, confirms.clone()))
    }
}

/// Why something was not taken. An earlier try to put it off may have been: then it comes back.
fn untaken(error: Error, publication: &Publication) -> Unpublished {
    let kind = if publication.is_repeated() { Kind::Unknown } else { error.kind };
    Unpublished::Unroutable(Error { kind, ..error })
}

fn unroutable(said: &str) -> Error {
    Error::new(Kind::Internal, format!("no queue takes what this step emits ({said})"))
        .hint("the flow's queues are wrong or gone: start the flow again")
}

fn too_large(publication: &Publication, most: u32) -> Error {
    let size = publication.header_size();
    let what = format!("the headers of the message have {size} bytes; the broker takes {most}");
    Error::new(Kind::NotSent, what).hint("send it with fewer headers")
}

fn full() -> Error {
    Error::new(Kind::Unavailable, "the queue of the next step is full, and stays so")
        .hint("see why the next step does not take its messages")
}

#[cfg(test)]
mod tests {
    use super::super::outgoing::Kind as What;
    use super::*;

    #[test]
    fn nobody_says_that_nothing_was_sent_of_what_may_come_back() {
        let mut publication = Publication {
            routing_key: "k.reb".into(),
            payload: Vec::new(),
            properties: lapin::BasicProperties::default(),
            mandatory: true,
            kind: What::Rebound,
        };
        let kind = |it: &Publication| Error::from(untaken(unroutable("NO_ROUTE"), it)).kind;
        assert_eq!(kind(&publication), Kind::Internal);
        publication.repeat();
        assert_eq!(kind(&publication), Kind::Unknown);
    }
}
