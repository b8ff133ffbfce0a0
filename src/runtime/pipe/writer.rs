//! The results on their way out: in order, flushed as soon as nothing more is ready.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{fmt, io};

use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;

use super::{Summary, Watch};
use crate::component::{Error, Kind, faults};
use crate::delivery::{Stopper, Verdict};

/// What comes from a message under way.
pub enum Event {
    /// A result, as a line without its end.
    Line(String),
    /// The run cannot go on, for this reason.
    Stop(String),
    /// The message is done. The last event of a message.
    Done(Box<Done>),
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => f.debug_tuple("Line").field(&line.len()).finish(),
            Self::Stop(reason) => f.debug_tuple("Stop").field(reason).finish(),
            Self::Done(done) => f.debug_tuple("Done").field(done).finish(),
        }
    }
}

/// A message that is done.
#[derive(Debug)]
pub struct Done {
    /// The line that the message came in, counted from 1.
    pub line: u64,
    /// Its id, when it has one.
    pub id: Option<String>,
    /// What became of it.
    pub verdict: Verdict,
}

impl Done {
    /// How people find the message.
    fn name(&self) -> String {
        let line = format!("line {}", self.line);
        self.id.as_ref().map_or_else(|| line.clone(), |it| format!("{it} ({line})"))
    }
}

/// Writes lines, and keeps count.
pub struct Writer<W> {
    output: W,
    buffer: Vec<u8>,
    /// Messages that are done, whose results are in the buffer.
    unflushed: VecDeque<Box<Done>>,
    closed: Arc<AtomicBool>,
    stopper: Stopper,
    summary: Summary,
    watch: Arc<dyn Watch>,
}

impl<W: AsyncWrite + Unpin> Writer<W> {
    /// A writer that stops the run when its output is closed.
    pub fn new(
        output: W,
        stopper: Stopper,
        watch: Arc<dyn Watch>,
        closed: Arc<AtomicBool>,
    ) -> Self {
        Self {
            output,
            buffer: Vec::new(),
            unflushed: VecDeque::new(),
            closed,
            stopper,
            summary: Summary::default(),
            watch,
        }
    }

    /// Writes what comes from messages, one message after the other.
    pub async fn in_order(mut self, mut queue: mpsc::Receiver<mpsc::Receiver<Event>>) -> Summary {
        loop {
            // Nothing else is under way: whoever waits for the last result gets it at once.
            let waiting = queue.try_recv().ok();
            if waiting.is_none() {
                self.flush().await;
            }
            let next = match waiting {
                Some(events) => Some(events),
                None => queue.recv().await,
            };
            let Some(mut events) = next else { break };
            let mut done = false;
            while !done {
                let event = self.next(&mut events).await;
                done = self.take(event.unwrap_or_else(vanished)).await;
            }
        }
        self.end().await
    }

    /// Writes what comes from messages as it comes.
    pub async fn unordered(mut self, mut events: mpsc::Receiver<Event>) -> Summary {
        while let Some(event) = self.next(&mut events).await {
            self.take(event).await;
        }
        self.end().await
    }

    /// The next event. When none is ready, what is written so far goes out first.
    async fn next(&mut self, events: &mut mpsc::Receiver<Event>) -> Option<Event> {
        if let Ok(event) = events.try_recv() {
            return Some(event);
        }
        self.flush().await;
        events.recv().await
    }

    /// Takes an event; says whether it was the last of its message.
    async fn take(&mut self, event: Event) -> bool {
        match event {
            Event::Line(line) => {
                self.buffer.extend_from_slice(line.as_bytes());
                self.buffer.push(b'\n');
                // A slow reader slows the reading: nothing piles up here.
                if self.buffer.len() > 64 * 1024 {
                    self.flush().await;
                }
                false
            }
            Event::Stop(reason) => {
                self.summary.stopped.get_or_insert(reason);
                self.stopper.stop();
                false
            }
            Event::Done(done) => {
                self.summary.count(&done.verdict);
                if done.verdict.unreachable {
                    self.summary.unreachable |= !self.stopper.has_stopped();
                    self.stopper.stop();
                }
                if done.verdict.account.is_some() {
                    self.stopper.stop();
                }
                if let Some(failure) = &done.verdict.journal_failure {
                    // Without a memory, what was sent could be sent again.
                    let said = || format!("the journal: {}", failure.why);
                    self.summary.stopped.get_or_insert_with(said);
                    self.stopper.stop();
                }
                self.watch.progress(&self.summary);
                self.unflushed.push_back(done);
                true
            }
        }
    }

    async fn flush(&mut self) {
        if !self.is_closed() && !self.buffer.is_empty() {
            let written = async {
                self.output.write_all(&self.buffer).await?;
                self.output.flush().await
            };
            match written.await {
                Ok(()) => faults::point("after-publish"),
                Err(error) => self.close(&error),
            }
        }
        self.buffer.clear();
        if self.is_closed() {
            // What was carried out and never printed must be told, or a person would send it again.
            let carried_out = |it: &Verdict| it.tally.accepted + it.tally.unknown > 0;
            let unprinted = self.unflushed.iter().filter(|it| carried_out(&it.verdict));
            self.summary.unprinted.extend(unprinted.map(|it| it.name()));
        }
        self.unflushed.clear();
    }

    fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    fn close(&mut self, error: &io::Error) {
        self.closed.store(true, Ordering::Relaxed);
        self.summary.stopped = Some(match error.kind() {
            io::ErrorKind::BrokenPipe => "the reader of the results has gone".to_owned(),
            _ => format!("the results cannot be written: {error}"),
        });
        self.stopper.stop();
    }

    async fn end(mut self) -> Summary {
        self.flush().await;
        self.summary
    }
}

/// A message whose task ended without a word, which its own guard rules out: it may have been sent.
fn vanished() -> Event {
    let error = Error::new(Kind::Unknown, "a defect of the connector lost this message");
    Event::Done(Box::new(Done { line: 0, id: None, verdict: error.into() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_on_its_way_out_is_not_printed() {
        let shown = format!("{:?}", Event::Line(r#"{"num":"33680010203","keyid":"Key7"}"#.into()));
        assert!(!shown.contains("33680010203") && !shown.contains("Key7"), "{shown}");
    }
}
