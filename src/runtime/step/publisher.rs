//! Publishing: each publication is confirmed, and tried again until it is.

use std::time::Duration;

use lapin::options::BasicPublishOptions;
use lapin::types::AMQPValue;
use lapin::{BasicProperties, Confirmation};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::broker::{Line, is_refusal, pauses, unreachable};
use super::outgoing::Publication;
use super::settings::Retry;
use crate::component::{Error, Kind};

/// For how long a broker that is gone is waited for.
pub const PATIENCE: Duration = Duration::from_secs(300);

/// Publishes to one exchange.
pub struct Publisher {
    line: Line,
    exchange: String,
    retry: Retry,
    /// A returned message does not say whose it is, so only one is waited for at a time.
    turn: Mutex<()>,
}

/// Why something was not published.
#[derive(Debug)]
pub enum Unpublished {
    /// No queue takes it, or the broker does not: it would be so again.
    Unroutable(Error),
    /// The broker is gone, or refuses for too long.
    GaveUp(Error),
}

impl From<Unpublished> for Error {
    fn from(unpublished: Unpublished) -> Self {
        match unpublished {
            Unpublished::Unroutable(error) | Unpublished::GaveUp(error) => error,
        }
    }
}

/// What became of one try.
enum Tried {
    Confirmed,
    Returned(String),
    Refused,
    Forbidden(Error),
    Lost(Error),
}

impl Publisher {
    /// A publisher to this exchange.
    pub fn new(line: Line, exchange: String, retry: Retry) -> Self {
        Self { line, exchange, retry, turn: Mutex::default() }
    }

    /// Connects now, and not only with the first publication.
    ///
    /// # Errors
    /// When the broker cannot be reached.
    pub async fn connect(&self) -> Result<(), Error> {
        self.line.channel().await.map(drop).map_err(|it| unreachable(&it))
    }

    /// Publishes, and returns once the broker has taken it.
    ///
    /// A connection that is lost is made anew; then the broker may get it twice, with the same id. A
    /// queue that is full is waited for, as the settings say.
    ///
    /// # Errors
    /// Why it was not published.
    pub async fn publish(&self, publication: &Publication) -> Result<(), Unpublished> {
        let mut refused = 0;
        let mut pauses = pauses();
        let mut gone_since = None;
        loop {
            match self.once(publication, refused).await {
                Tried::Confirmed => return Ok(()),
                Tried::Returned(said) => return Err(Unpublished::Unroutable(unroutable(&said))),
                Tried::Forbidden(error) => return Err(Unpublished::Unroutable(error)),
                Tried::Refused => {
                    gone_since = None;
                    if self.retry.attempts.is_some_and(|it| refused >= it) {
                        return Err(Unpublished::GaveUp(full()));
                    }
                    let pause = self.retry.delay.saturating_mul(1 << refused.min(20));
                    refused += 1;
                    tracing::warn!(refused, "the broker refuses a message: a queue is full");
                    tokio::time::sleep(pause.min(self.retry.max_delay)).await;
                }
                Tried::Lost(error) => {
                    let since = *gone_since.get_or_insert_with(Instant::now);
                    if since.elapsed() > PATIENCE {
                        return Err(Unpublished::GaveUp(error));
                    }
                    tracing::warn!(%error, "not published yet");
                    tokio::time::sleep(pauses.next().unwrap_or_default()).await;
                }
            }
        }
    }

    /// Closes the connection.
    pub async fn close(&self) {
        self.line.close().await;
    }

    async fn once(&self, publication: &Publication, refused: u32) -> Tried {
        let _turn = self.turn.lock().await;
        let (number, channel) = match self.line.channel().await {
            Ok(open) => open,
            Err(error) => return Tried::Lost(unreachable(&error)),
        };
        let options =
            BasicPublishOptions { mandatory: publication.mandatory, ..Default::default() };
        let sent = channel.basic_publish(
            self.exchange.as_str().into(),
            publication.routing_key.clone(),
            options,
            &publication.payload,
            again(publication.properties.clone(), refused),
        );
        let confirmed = match sent.await {
            Ok(confirm) => confirm.await,
            Err(error) => Err(error),
        };
        match confirmed {
            Ok(Confirmation::Ack(None) | Confirmation::NotRequested) => Tried::Confirmed,
            Ok(Confirmation::Ack(Some(returned))) => {
                Tried::Returned(returned.reply_text.to_string())
            }
            Ok(Confirmation::Nack(_)) => Tried::Refused,
            Err(error) => {
                self.line.hang_up(number).await;
                if is_refusal(&error) {
                    return Tried::Forbidden(unreachable(&error));
                }
                Tried::Lost(unreachable(&error))
            }
        }
    }
}

/// The header that tells how often a full queue has refused it.
fn again(mut properties: BasicProperties, refused: u32) -> BasicProperties {
    if refused > 0 {
        let mut headers = properties.headers().clone().unwrap_or_default();
        headers.insert("retry".into(), AMQPValue::LongLongInt(i64::from(refused)));
        properties = properties.with_headers(headers);
    }
    properties
}

fn unroutable(said: &str) -> Error {
    Error::new(Kind::Internal, format!("no queue takes what this step emits ({said})"))
        .hint("the flow's queues are wrong or gone: start the flow again")
}

fn full() -> Error {
    Error::new(Kind::Internal, "the queue of the next step is full, and stays so")
        .hint("see why the next step does not take its messages")
}
