//! stdin and stdout for the pipe.

use std::fs::File;
use std::future::Future as _;
use std::io::{self, IsTerminal as _, Seek as _, Write as _};
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, BufReader, ReadBuf, Stdin};
use tokio::time::Sleep;

use crate::printable;
use crate::runtime::pipe::{Foreseen, look_through};

/// Bytes that may wait for the thread that writes.
const ROOM: usize = 256 * 1024;
/// The thread rests this long after each write, so that the results of a busy moment leave in one
/// write and not one by one. The first result after a quiet moment leaves at once.
const REST: Duration = Duration::from_micros(300);
/// How often it is looked again whether stdin or stdout is ready, where they do not wait by themselves.
const PAUSE: Duration = Duration::from_millis(1);

/// The messages.
pub fn input() -> BufReader<Patient<Stdin>> {
    BufReader::with_capacity(64 * 1024, Patient { source: tokio::io::stdin(), pause: None })
}

/// A source that somebody else may have set not to block, as stdin is shared with other processes: that
/// nothing is there yet is no failure.
pub struct Patient<R> {
    source: R,
    pause: Option<Pin<Box<Sleep>>>,
}

impl<R: AsyncRead + Unpin> AsyncRead for Patient<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            if let Some(pause) = &mut self.pause {
                ready!(pause.as_mut().poll(context));
                self.pause = None;
            }
            match ready!(Pin::new(&mut self.source).poll_read(context, buffer)) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.pause = Some(Box::pin(tokio::time::sleep(PAUSE)));
                }
                read => return Poll::Ready(read),
            }
        }
    }
}

/// The same for what is written, on a thread of its own.
struct PatientWriter<'a>(&'a mut dyn io::Write);

impl PatientWriter<'_> {
    fn patiently<T>(
        &mut self,
        mut act: impl FnMut(&mut dyn io::Write) -> io::Result<T>,
    ) -> io::Result<T> {
        loop {
            match act(self.0) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    std::thread::park_timeout(PAUSE);
                }
                done => return done,
            }
        }
    }
}

impl io::Write for PatientWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.patiently(|it| it.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.patiently(|it| it.flush())
    }
}

/// What is wrong with the messages, if they are in a file, this one or that which stdin is: that can be
/// looked through before anything is sent.
///
/// # Errors
/// When the file cannot be read.
pub fn foresee(path: Option<&Path>, limit: usize) -> io::Result<Foreseen> {
    if let Some(path) = path {
        let is_file = std::fs::metadata(path)?.is_file();
        return if is_file { look_through(File::open(path)?, limit) } else { Ok(None) };
    }
    #[cfg(unix)]
    {
        let stdin = std::os::fd::AsFd::as_fd(&io::stdin()).try_clone_to_owned()?;
        let mut file = std::fs::File::from(stdin);
        if file.metadata()?.is_file() {
            let begin = file.stream_position()?;
            let foreseen = look_through(&mut file, limit);
            file.seek(io::SeekFrom::Start(begin))?;
            return foreseen;
        }
    }
    Ok(None)
}

/// Waits until what was written is on the disk, if it went to a file, this one or that which stdout is. A
/// pipe or a terminal has none.
///
/// # Errors
/// When the disk fails: then what was written may be gone.
pub fn sync(results: Option<&File>) -> io::Result<()> {
    if let Some(file) = results {
        return if file.metadata()?.is_file() { file.sync_data() } else { Ok(()) };
    }
    #[cfg(unix)]
    {
        let stdout = std::os::fd::AsFd::as_fd(&io::stdout()).try_clone_to_owned()?;
        let stdout = std::fs::File::from(stdout);
        if stdout.metadata()?.is_file() {
            stdout.sync_data()?;
        }
    }
    Ok(())
}

/// Refuses a stdout that would swallow the results, before anything is done.
///
/// Where stdout is closed (`>&-`), Rust's runtime opens the null device in its place, for reading and
/// writing. Other programs do the same when they start this one (`subprocess.DEVNULL` of Python, the
/// stdio `ignore` of Node), and nobody can tell the two apart. A shell's `> /dev/null` opens it for
/// writing only: that is how to say that the results are not wanted.
///
/// # Errors
/// When results written to it are lost, or its reader has gone already.
#[cfg(unix)]
pub fn check() -> anyhow::Result<()> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::fs::{FileType, OFlags, fcntl_getfl, fstat, stat};

    let stdout = io::stdout();
    let found = fstat(&stdout)?;
    let null = stat("/dev/null").is_ok_and(|it| it.st_rdev == found.st_rdev)
        && FileType::from_raw_mode(found.st_mode) == FileType::CharacterDevice;
    anyhow::ensure!(
        !null || fcntl_getfl(&stdout)? & OFlags::ACCMODE != OFlags::RDWR,
        "nothing was sent: stdout is closed, or was given the null device for reading and writing \
         (>&- in a shell, subprocess.DEVNULL in Python, stdio 'ignore' in Node), and the results \
         would be lost; give it a file or a pipe, or open /dev/null for writing only, as > /dev/null \
         in a shell does, if nobody wants them"
    );
    let mut states = [PollFd::new(&stdout, PollFlags::OUT)];
    poll(&mut states, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }))?;
    anyhow::ensure!(
        !states[0].revents().intersects(PollFlags::ERR | PollFlags::HUP),
        "nothing was sent: the reader of the results has gone already"
    );
    Ok(())
}

/// Elsewhere a stdout that is closed fails at the first result.
#[cfg(not(unix))]
pub fn check() -> anyhow::Result<()> {
    Ok(())
}

/// The results, written by a thread of its own.
pub struct Output(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    work: Condvar,
    is_terminal: bool,
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
    /// Takes stdout. On a terminal, what that obeys is escaped.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn stdout() -> io::Result<Self> {
        let stdout = io::stdout();
        let is_terminal = stdout.is_terminal();
        Self::start(Box::new(stdout), is_terminal)
    }

    /// Takes a file in its place.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn file(file: File) -> io::Result<Self> {
        Self::start(Box::new(file), false)
    }

    fn start(mut target: Box<dyn io::Write + Send>, is_terminal: bool) -> io::Result<Self> {
        let shared = Arc::new(Shared { is_terminal, ..Shared::default() });
        let thread = Arc::clone(&shared);
        std::thread::Builder::new()
            .name("stdout".to_owned())
            .spawn(move || thread.write_all(&mut target))?;
        Ok(Self(shared))
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes whatever is waiting, until the other side is dropped or stdout is closed.
    fn write_all(&self, target: &mut dyn io::Write) {
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
            if self.is_terminal {
                // Whole lines of JSON: nobody hands over less.
                let lines = String::from_utf8_lossy(&batch);
                batch = printable::json(&lines).into_owned().into_bytes();
            }
            let mut patient = PatientWriter(target);
            let written = patient.write_all(&batch).and_then(|()| patient.flush());
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
