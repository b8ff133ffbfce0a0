//! stdin and stdout for the pipe.

use std::io::{self, Write as _};
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::io::{AsyncWrite, BufReader, Stdin};

/// Bytes that may wait for the thread that writes.
const ROOM: usize = 256 * 1024;
/// The thread rests this long after each write, so that the results of a busy moment leave in one
/// write and not one by one. The first result after a quiet moment leaves at once.
const REST: Duration = Duration::from_micros(300);

/// The messages.
pub fn input() -> BufReader<Stdin> {
    BufReader::with_capacity(64 * 1024, tokio::io::stdin())
}

/// Waits until what was written is on the disk, if stdout is a file.
///
/// # Errors
/// When the disk has not taken it.
pub fn sync() -> io::Result<()> {
    #[cfg(unix)]
    {
        let stdout = std::os::fd::AsFd::as_fd(&io::stdout()).try_clone_to_owned()?;
        let stdout = std::fs::File::from(stdout);
        // A pipe, a terminal or /dev/null has no disk.
        if stdout.metadata()?.is_file() {
            stdout.sync_data()?;
        }
    }
    Ok(())
}

/// The results: stdout, written by a thread of its own.
pub struct Output(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    work: Condvar,
}

#[derive(Default)]
struct State {
    waiting: Vec<u8>,
    writing: bool,
    closed: bool,
    error: Option<io::Error>,
    waker: Option<Waker>,
}

impl Output {
    /// Takes stdout.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start() -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let thread = Arc::clone(&shared);
        std::thread::Builder::new().name("stdout".to_owned()).spawn(move || thread.write_all())?;
        Ok(Self(shared))
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes whatever is waiting, until the other side is dropped or stdout is closed.
    fn write_all(&self) {
        let mut batch = Vec::new();
        loop {
            let mut state = self.lock();
            while state.waiting.is_empty() && !state.closed {
                state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            if state.waiting.is_empty() {
                return;
            }
            std::mem::swap(&mut state.waiting, &mut batch);
            state.writing = true;
            drop(state);
            let mut stdout = io::stdout().lock();
            let written = stdout.write_all(&batch).and_then(|()| stdout.flush());
            drop(stdout);
            batch.clear();
            let mut state = self.lock();
            state.writing = false;
            let failed = written.is_err();
            state.error = written.err();
            let waker = state.waker.take();
            drop(state);
            if let Some(waker) = waker {
                waker.wake();
            }
            if failed {
                return;
            }
            #[expect(
                clippy::disallowed_methods,
                reason = "a thread of its own: no task waits on it"
            )]
            std::thread::sleep(REST);
        }
    }
}

impl AsyncWrite for Output {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut state = self.0.lock();
        if let Some(error) = state.error.take() {
            return Poll::Ready(Err(error));
        }
        if state.waiting.len() >= ROOM {
            state.waker = Some(context.waker().clone());
            return Poll::Pending;
        }
        state.waiting.extend_from_slice(bytes);
        drop(state);
        self.0.work.notify_one();
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.0.lock();
        if let Some(error) = state.error.take() {
            return Poll::Ready(Err(error));
        }
        if state.waiting.is_empty() && !state.writing {
            return Poll::Ready(Ok(()));
        }
        state.waker = Some(context.waker().clone());
        Poll::Pending
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(context)
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.work.notify_one();
    }
}
