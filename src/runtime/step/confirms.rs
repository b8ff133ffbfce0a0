//! Many publications under way on one channel, each of which learns what became of it.
//!
//! The broker gives a message back that no queue takes, and then confirms it. The client hands what
//! came back to whichever confirmation comes next, which may be that of another message: it is found
//! out here whose it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use lapin::message::BasicReturnMessage;
use lapin::options::BasicPublishOptions;
use lapin::types::{AMQPValue, ShortString};
use lapin::{BasicProperties, Channel, Confirmation, ConnectionStatus};
use tokio::sync::{mpsc, oneshot};

use super::broker::Open;
use super::outgoing::Publication;

/// Publications that wait for their turn.
const WAITING: usize = 16;
/// For how long nothing new is begun until all that is under way is confirmed. Then the channel counts
/// as lost: a queue that confirms nothing must not hold up all others. A broker that takes nothing at
/// all is not counted: on another channel it would take nothing either.
const DRY: Duration = Duration::from_secs(60);
/// How often it is looked whether the broker takes something.
const LOOK: Duration = Duration::from_secs(1);

/// What became of one try.
#[derive(Debug)]
pub enum Tried {
    /// The broker has it.
    Taken,
    /// No queue takes it; why.
    Returned(String),
    /// A queue is full.
    Refused,
    /// Its headers do not fit into a frame of so many bytes: it was not published.
    TooLarge(u32),
    /// The channel is lost.
    Lost(lapin::Error),
}

/// A way to publish on one channel.
#[derive(Clone)]
pub struct Confirms {
    requests: mpsc::Sender<Request>,
    status: ConnectionStatus,
    frame_max: u32,
}

/// One try.
struct Request {
    publication: Arc<Publication>,
    refused: u32,
    /// Whether nothing else is to be under way meanwhile.
    alone: bool,
    reply: oneshot::Sender<Tried>,
}

/// A try that has ended, and how.
type Done = (Request, lapin::Result<Confirmation>);
type UnderWay = FuturesUnordered<BoxFuture<'static, Done>>;

impl Confirms {
    /// Publishes to this exchange, over a channel that confirms, until the last clone is dropped.
    pub fn over(open: Open, exchange: ShortString) -> Self {
        let (sender, requests) = mpsc::channel(WAITING);
        let Open { channel, status, frame_max, .. } = open;
        let its = status.clone();
        let desk = Desk { channel, status: its, exchange, under_way: UnderWay::new() };
        tokio::spawn(desk.work(requests));
        Self { requests: sender, status, frame_max }
    }

    /// Whether the broker takes nothing on this channel, for lack of memory or disk, or took nothing
    /// when it was lost.
    pub fn is_blocked(&self) -> bool {
        self.status.blocked()
    }

    /// Tries once. `refused` is how often a full queue has refused it before; `alone` keeps others
    /// from being tried meanwhile, so that what becomes of the channel is its own doing.
    pub async fn publish(&self, it: &Arc<Publication>, refused: u32, alone: bool) -> Tried {
        if it.header_size() > self.frame_max as usize {
            return Tried::TooLarge(self.frame_max);
        }
        let gone = || Tried::Lost(lapin::ErrorKind::MissingHeartbeatError.into());
        let (reply, told) = oneshot::channel();
        let publication = Arc::clone(it);
        if self.requests.send(Request { publication, refused, alone, reply }).await.is_err() {
            return gone();
        }
        told.await.unwrap_or_else(|_| gone())
    }
}

/// Whoever publishes on a channel: one alone, since the client counts confirmations in the order in
/// which publications are begun.
struct Desk {
    channel: Channel,
    status: ConnectionStatus,
    exchange: ShortString,
    under_way: UnderWay,
}

impl Desk {
    async fn work(mut self, mut requests: mpsc::Receiver<Request>) {
        let mut sorting = Sorting::default();
        loop {
            tokio::select! {
                biased;
                Some(done) = self.under_way.next() => self.settle(done, &mut sorting),
                request = requests.recv() => {
                    let Some(request) = request else { break };
                    let alone = request.alone;
                    if alone && !self.runs_dry(&mut sorting).await {
                        return;
                    }
                    self.begin(request);
                    if alone && !self.runs_dry(&mut sorting).await {
                        return;
                    }
                }
            }
            if sorting.is_muddled() && !self.runs_dry(&mut sorting).await {
                return;
            }
        }
        self.runs_dry(&mut sorting).await;
    }

    /// Waits until nothing is under way. If that takes too long, this desk is to be closed: whoever
    /// waits is told that the channel is lost.
    async fn runs_dry(&mut self, sorting: &mut Sorting<Request>) -> bool {
        let silence = silence(self.status.clone());
        let dry = async {
            while let Some(done) = self.under_way.next().await {
                self.settle(done, sorting);
            }
        };
        tokio::select! {
            biased;
            () = dry => true,
            () = silence => {
                tracing::warn!("the broker confirms nothing: its channel counts as lost");
                false
            }
        }
    }

    fn begin(&self, request: Request) {
        let (channel, exchange) = (self.channel.clone(), self.exchange.clone());
        self.under_way.push(Box::pin(async move {
            let it = &request.publication;
            let options = BasicPublishOptions { mandatory: it.mandatory, immediate: false };
            let properties = again(it.properties.clone(), request.refused);
            let key = it.routing_key.clone();
            let sent = channel.basic_publish(exchange, key, options, &it.payload, properties);
            let confirmed = match sent.await {
                Ok(confirm) => confirm.await,
                Err(error) => Err(error),
            };
            (request, confirmed)
        }));
    }

    /// A try that has ended by now, if there is one more. The set of them may have to be asked again
    /// although one has ended: while another thread is putting it in.
    fn next_done(&mut self) -> Option<Done> {
        let again = Arc::new(Again::default());
        let waker = Waker::from(Arc::clone(&again));
        loop {
            match self.under_way.poll_next_unpin(&mut Context::from_waker(&waker)) {
                Poll::Ready(done) => return done,
                Poll::Pending if again.0.swap(false, Ordering::Acquire) => std::hint::spin_loop(),
                Poll::Pending => return None,
            }
        }
    }

    /// Takes all that is confirmed by now: what came back was handed to one of these.
    fn settle(&mut self, first: Done, sorting: &mut Sorting<Request>) {
        let mut next = Some(first);
        while let Some((request, confirmed)) = next {
            match confirmed {
                Ok(confirmation) => sorting.confirmed(request, confirmation),
                Err(error) => {
                    sorting.lose(&error);
                    tell(request, Tried::Lost(error));
                }
            }
            next = self.next_done();
        }
        for (request, tried) in sorting.sorted(self.under_way.is_empty()) {
            tell(request, tried);
        }
    }
}

/// Waits until the broker could have confirmed something for [`DRY`].
async fn silence(status: ConnectionStatus) {
    let mut silence = Silence(Instant::now());
    while !silence.is_over(Instant::now(), status.blocked()) {
        tokio::time::sleep(LOOK).await;
    }
}

/// Since when the broker could have confirmed something, and did not.
struct Silence(Instant);

impl Silence {
    fn is_over(&mut self, now: Instant, blocked: bool) -> bool {
        if blocked {
            self.0 = now;
        }
        now.saturating_duration_since(self.0) >= DRY
    }
}

/// Notes that somebody wants to be asked again.
#[derive(Default)]
struct Again(AtomicBool);

impl Wake for Again {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

/// Whoever asked may be gone.
fn tell(request: Request, tried: Tried) {
    request.reply.send(tried).ok();
}

/// What can be given back.
trait Returnable {
    fn is(&self, returned: &BasicReturnMessage) -> bool;
}

impl Returnable for Request {
    fn is(&self, returned: &BasicReturnMessage) -> bool {
        let (given, it) = (&self.publication, &returned.delivery);
        given.routing_key == it.routing_key
            && given.payload == it.data
            && id(&given.properties) == id(&it.properties)
    }
}

/// Finds out which of the confirmed messages were given back.
///
/// A message is given back before it is confirmed, and the client hands what it holds, oldest first,
/// one to each confirmation. So a confirmation with nothing means that it held nothing, and all that
/// was given back is with confirmations before this one. A confirmation with another's message says
/// nothing of its own: then all wait until nothing is under way, when the client holds nothing. If
/// the channel is lost before, it may hold something for ever, and they count as lost with it.
struct Sorting<R> {
    confirmed: Vec<(R, Tried)>,
    returned: Vec<BasicReturnMessage>,
    muddled: bool,
    lost: Option<lapin::Error>,
}

impl<R> Default for Sorting<R> {
    fn default() -> Self {
        Self { confirmed: Vec::new(), returned: Vec::new(), muddled: false, lost: None }
    }
}

impl<R: Returnable> Sorting<R> {
    /// Whether it is not known whose something is: then nothing new may begin.
    fn is_muddled(&self) -> bool {
        self.muddled
    }

    /// Takes the confirmation of a message.
    fn confirmed(&mut self, message: R, confirmation: Confirmation) {
        let tried = if confirmation.is_nack() { Tried::Refused } else { Tried::Taken };
        if let Some(returned) = confirmation.take_message() {
            self.muddled |= !message.is(&returned);
            self.returned.push(returned);
        }
        self.confirmed.push((message, tried));
    }

    /// Takes that the channel was lost, and what the client holds with it.
    fn lose(&mut self, error: &lapin::Error) {
        self.lost = Some(error.clone());
    }

    /// What became of the messages, as far as that is known. `dry` if nothing else is under way.
    fn sorted(&mut self, dry: bool) -> Vec<(R, Tried)> {
        if self.muddled && !dry {
            return Vec::new();
        }
        let lost = self.lost.take().filter(|_| self.muddled);
        self.muddled = false;
        let mut returned = std::mem::take(&mut self.returned);
        let mut all = std::mem::take(&mut self.confirmed);
        for (message, tried) in &mut all {
            if let Some(place) = returned.iter().position(|it| message.is(it)) {
                *tried = Tried::Returned(returned.swap_remove(place).reply_text.to_string());
            } else if let Some(error) = &lost {
                *tried = Tried::Lost(error.clone());
            }
        }
        if !returned.is_empty() && lost.is_none() {
            tracing::error!("the broker gave back a message that nobody here waits for");
        }
        all
    }
}

/// The id of a message, among its headers.
fn id(properties: &BasicProperties) -> Option<&AMQPValue> {
    properties.headers().as_ref()?.inner().get("messageId")
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

#[cfg(test)]
mod tests;
