//! The pipe: JSON lines in, JSON lines out.

mod frame;
pub(crate) mod json;
mod lines;
mod opening;
mod out;
mod reading;
mod summary;
mod values;
mod waits;
mod writer;
mod wrong;

use std::io;
use std::num::NonZeroU64;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use futures_util::FutureExt as _;
use tokio::io::{AsyncBufRead, AsyncWrite};
use tokio::sync::{Mutex, Semaphore, mpsc};
use tracing::Instrument as _;

pub use lines::{Foreseen, Line, Lines, look_through};
pub use opening::{First, Input, Opening};
use out::{Out, written};
use reading::Read;
pub use summary::Summary;
use waits::Waits;
use writer::{Done, Event, Writer};

use super::{Engine, Place, Stop, Stopper, Turn, Verdict};
use crate::component::{Error, Kind, Message, mask, reference};

/// Results of one message that may wait for the writer: enough rows to keep it busy, and few enough
/// pages to fit into some megabytes.
const ROOM: usize = 32;

/// How a pipe runs.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Messages under way at the same time.
    pub concurrency: usize,
    /// Whether results come in the order of their messages.
    pub ordered: bool,
    /// Most bytes of a line.
    pub line_limit: usize,
    /// What is known to be wrong with the input: then nothing of it is sent.
    pub foreseen: Foreseen,
}

impl Default for Options {
    fn default() -> Self {
        Self { concurrency: 8, ordered: true, line_limit: 10 * 1024 * 1024, foreseen: None }
    }
}

/// Where failed messages are collected, unmasked and ready to be fed in again.
pub trait Failures: Send + Sync {
    /// Keeps one line.
    ///
    /// # Errors
    /// When it cannot be kept.
    fn keep(&self, line: &str) -> io::Result<()>;
}

/// Whoever watches a run.
pub trait Watch: Send + Sync {
    /// Hears of the summary as it grows.
    fn progress(&self, _summary: &Summary) {}

    /// Hears, in words for people, that messages wait for a reason that was not told yet.
    fn waits(&self, _said: &str) {}
}

/// Nobody.
impl Watch for () {}

/// Carries every line of `input` through the engine, and writes what becomes of it.
///
/// Reading stops at the end of the input, when `stop` is wanted, when the account is refused, and
/// when the output is closed; what is under way is always finished.
pub async fn run(
    engine: Arc<Engine>,
    input: impl AsyncBufRead + Unpin,
    output: impl AsyncWrite + Unpin + Send + 'static,
    failures: Option<Arc<dyn Failures>>,
    options: Options,
    (stopper, stop): (Stopper, Stop),
    watch: Arc<dyn Watch>,
) -> Summary {
    let started = Instant::now();
    let closed = Arc::new(AtomicBool::new(false));
    let waits = Arc::new(Waits::new(Arc::clone(&watch)));
    let writer = Writer::new(output, stopper, watch, Arc::clone(&closed));
    let (exit, writing) = if options.ordered {
        // Messages that are done wait here for slower ones before them; those with many results
        // take more room each.
        let ahead = if engine.emits_many() { 1 } else { options.concurrency };
        let (sender, receiver) = mpsc::channel(options.concurrency + ahead);
        (Exit::InOrder(sender), tokio::spawn(writer.in_order(receiver)))
    } else {
        let (sender, receiver) = mpsc::channel(options.concurrency + 64);
        (Exit::AsTheyCome(sender), tokio::spawn(writer.unordered(receiver)))
    };
    let end = read(Shared { engine, failures, closed, waits }, input, &exit, options, &stop).await;
    drop(exit);
    let mut summary = writing.await.unwrap_or_else(|_| Summary {
        stopped: Some("a defect of the connector stopped the writing".to_owned()),
        ..Summary::default()
    });
    summary.complete = end.whole && !stop.wanted() && summary.stopped.is_none();
    summary.stopped = summary.stopped.take().or(end.reason);
    summary.last_line = end.last;
    summary.over_lines = end.over_lines;
    summary.broken_off = end.broken_off;
    summary.took(started.elapsed());
    summary
}

/// How the reading ended.
#[derive(Default)]
struct End {
    /// The last line.
    last: u64,
    /// Whether it was the last of the input.
    whole: bool,
    /// Whether the last line is no message, and has no end: perhaps there should be more.
    broken_off: bool,
    /// How many messages were read, where messages are not lines.
    over_lines: Option<u64>,
    /// Why nothing more could be read.
    reason: Option<String>,
}

/// Reads until the end of the input, or until it is time to stop.
async fn read(
    shared: Shared,
    input: impl AsyncBufRead + Unpin,
    exit: &Exit,
    options: Options,
    stop: &Stop,
) -> End {
    let places = Arc::new(Semaphore::new(options.concurrency));
    let turns = shared.engine.is_guarded().then(|| Arc::new(Mutex::new(())));
    let mut lines = Lines::new(input, options.line_limit).foreseen(options.foreseen);
    let mut stopped = std::pin::pin!(stop.requested());
    let mut end = End::default();
    let counted = shared.engine.counts_places();
    let mut last_is_bad = false;
    loop {
        // The place comes first: a slow API slows the reading.
        let place = tokio::select! {
            biased;
            () = &mut stopped => return end,
            place = Arc::clone(&places).acquire_owned() => match place {
                Ok(place) => place,
                Err(_) => return end,
            },
        };
        let line = tokio::select! {
            biased;
            () = &mut stopped => return end,
            line = lines.next() => line,
        };
        let (number, line) = match line {
            Ok(Some(line)) => line,
            Ok(None) => {
                let broken_off = last_is_bad && lines.is_broken_off();
                return End { whole: true, broken_off, ..end };
            }
            Err(error) => {
                return End { reason: Some(format!("the input cannot be read: {error}")), ..end };
            }
        };
        let Some(events) = exit.events().await else { return end };
        let wrong = if let Line::Wrong(wrong) = &line { Some(*wrong) } else { None };
        if wrong.is_none() {
            end.last = number;
            end.over_lines = (!lines.is_by_line()).then(|| end.over_lines.unwrap_or_default() + 1);
        }
        // In the order in which they were read: tasks run in any.
        let read = if counted { Read::of(line) } else { Read::later(line) };
        // What is wrong has no place: when it is put in order, it is the same input still.
        let standing = if wrong.is_none() { shared.engine.place(read.reading()) } else { None };
        last_is_bad = counted && read.is_bad();
        let job = Job { shared: shared.clone(), events, number, limit: options.line_limit };
        let turn = match &turns {
            Some(turns) => Some(Arc::clone(turns).lock_owned().await),
            None => None,
        };
        tokio::spawn(async move {
            job.carry(read, standing, turn).await;
            drop(place);
        });
        if let Some(wrong) = wrong {
            return End { reason: Some(wrong.reason()), ..end };
        }
    }
}

/// Where messages send what comes of them.
enum Exit {
    InOrder(mpsc::Sender<mpsc::Receiver<Event>>),
    AsTheyCome(mpsc::Sender<Event>),
}

impl Exit {
    /// The way out for the next message; `None` when nobody writes any more.
    async fn events(&self) -> Option<mpsc::Sender<Event>> {
        match self {
            Self::InOrder(queue) => {
                let (sender, receiver) = mpsc::channel(ROOM);
                queue.send(receiver).await.ok()?;
                Some(sender)
            }
            Self::AsTheyCome(events) => Some(events.clone()),
        }
    }
}

/// What all messages of a run share.
struct Shared {
    engine: Arc<Engine>,
    failures: Option<Arc<dyn Failures>>,
    /// Whether results cannot be written any more.
    closed: Arc<AtomicBool>,
    waits: Arc<Waits>,
}

impl Clone for Shared {
    fn clone(&self) -> Self {
        Self {
            engine: Arc::clone(&self.engine),
            failures: self.failures.clone(),
            closed: Arc::clone(&self.closed),
            waits: Arc::clone(&self.waits),
        }
    }
}

/// One line on its way.
struct Job {
    shared: Shared,
    events: mpsc::Sender<Event>,
    number: u64,
    limit: usize,
}

impl Job {
    /// Whatever happens, a defect included, the last event says what became of the line.
    async fn carry(self, read: Read, place: Option<Place>, turn: Option<Turn>) {
        let span = tracing::info_span!(
            "message",
            line = self.number,
            reference = tracing::field::Empty,
            otel.status_code = tracing::field::Empty
        );
        // It is large, and would be copied into each of these wrappers and into the task.
        let carrying = Box::pin(self.carry_line(read, place, turn)).instrument(span);
        let carried = AssertUnwindSafe(carrying).catch_unwind().await;
        let (verdict, id) = match carried {
            Ok(carried) => carried,
            Err(_) => {
                let said = "a defect of the connector stopped this message";
                (self.fail(Error::new(Kind::Unknown, said), None).await, None)
            }
        };
        let done = Done { line: self.number, id, verdict };
        // The writer goes on until every sender is gone, so it is there.
        self.events.send(Event::Done(Box::new(done))).await.ok();
    }

    async fn carry_line(
        &self,
        read: Read,
        place: Option<Place>,
        turn: Option<Turn>,
    ) -> (Verdict, Option<String>) {
        match read.line {
            Line::Text(text) => {
                let message = read.message.unwrap_or_else(|| reading::message(&text));
                self.carry_text(&text, message, place, turn).await
            }
            Line::TooLong => {
                let said = format!("the line is longer than {} bytes", self.limit);
                let error = Error::new(Kind::Invalid, said).hint("raise --line-limit, or split it");
                (self.fail(error, None).await, None)
            }
            Line::Wrong(wrong) => (self.fail(wrong.error(), None).await, None),
        }
    }

    async fn carry_text(
        &self,
        text: &str,
        message: Result<Message, Error>,
        place: Option<Place>,
        turn: Option<Turn>,
    ) -> (Verdict, Option<String>) {
        let message = match message {
            Ok(message) => message,
            Err(error) => return (self.fail(error, Some(text)).await, None),
        };
        let id = message.id.clone();
        if let Some(reference) = named(&message) {
            tracing::Span::current().record("reference", reference);
        }
        if message.in_doubt && !message.resend() {
            // It stays in doubt, also in the file of failed messages that it goes to again.
            let said = "an earlier try ended in doubt: this message may have been sent already";
            let error = Error::new(Kind::Unknown, said).hint(
                "look into the report, which may not name single messages; to send it all the same, put \
                 \"resend\":true into its body",
            );
            return (self.fail(error, Some(text)).await, id);
        }
        let envelope = message.envelope.clone();
        let waiting = self.shared.waits.of(self.number);
        let out = Out { events: &self.events, closed: &self.shared.closed, envelope, waiting };
        let mut verdict = self.shared.engine.handle_in_turn(message, place, &out, turn).await;
        if let Some(error) = verdict.error.take() {
            self.fail_into(error, Some(text), &mut verdict).await;
        }
        (verdict, id)
    }

    async fn fail(&self, error: Error, text: Option<&str>) -> Verdict {
        let mut verdict = Verdict::from(error.clone());
        self.fail_into(error, text, &mut verdict).await;
        verdict
    }

    /// Says what went wrong, with the message masked; keeps the message itself where failed ones go.
    async fn fail_into(&self, mut error: Error, text: Option<&str>, verdict: &mut Verdict) {
        error.line = NonZeroU64::new(self.number);
        let message = text.and_then(|it| reading::message(it).ok());
        let mut shown = match &message {
            Some(message) => message.failed(error.to_json()),
            None => serde_json::json!({ "error": error.to_json() }),
        };
        shown["error"]["status"] = error.status().into();
        if let Some(reference) = message.as_ref().and_then(named) {
            shown["error"]["reference"] = reference.into();
        }
        if let (Some(failures), Some(text)) = (&self.shared.failures, text) {
            // As it was given; but what may have been sent says so, or it would be sent again.
            let doubted = message.filter(|it| error.kind == Kind::Unknown && !it.in_doubt);
            let marked = doubted.map(|_| written(&shown));
            let kept = marked.as_deref().unwrap_or(text);
            if let Err(error) = failures.keep(kept) {
                let reason = format!("a failed message was not kept: {error}");
                self.events.send(Event::Stop(reason)).await.ok();
            }
        }
        mask(&mut shown);
        self.events.send(Event::Line(written(&shown))).await.ok();
        verdict.error = Some(error);
    }
}

/// What a message is called, in its errors and in the log: by its reference, or the id around it.
fn named(message: &Message) -> Option<String> {
    reference(&message.body).or_else(|| message.id.clone())
}
