//! What stands between the broker's bytes and the parser of the AMQP client.
//!
//! The parser goes one call deeper for each level of a header, and ends the process when its stack of
//! 2 MB is full; at a name that is no UTF-8 it ends the connection. Either way the broker delivers the
//! message again, to each worker in turn. So what describes a message is looked at first: what is too
//! much, or illegible, is left out and marked, and the message is an error of its own.

mod content;
mod frames;

use std::fmt;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use async_rs::traits::Reactor;
use async_rs::util::RuntimeParts;
use async_rs::{Runtime, Tokio};
use futures_util::Stream;
use futures_util::io::{AsyncRead, AsyncWrite, IoSlice};
use lapin::tcp::AsyncTcpStream;

pub use content::{Flaw, MARK, MOST_LEVELS, MOST_VALUES};
use frames::Frames;

/// How much is read from the broker at once.
const CHUNK: usize = 64 * 1024;

/// A connection to the broker, plain or with TLS.
type Wire = AsyncTcpStream<<Tokio as Reactor>::TcpStream>;

/// The runtime that the client works in: tokio, with connections that are sieved.
pub fn runtime() -> Runtime<RuntimeParts<Tokio, Sieving>> {
    Runtime::new(RuntimeParts::new(Tokio::current(), Sieving(Tokio::current())))
}

/// Tokio, with connections that are sieved.
#[derive(Debug, Clone)]
pub struct Sieving(Tokio);

impl Reactor for Sieving {
    type TcpStream = Sieve<Wire>;
    type Sleep = <Tokio as Reactor>::Sleep;

    /// Nobody asks for it: the client opens no sockets but by [`Reactor::tcp_connect_addr`].
    #[expect(refining_impl_trait, reason = "the bound on a socket cannot be named")]
    fn register<H: Read + Write + Send + 'static>(&self, _: H) -> io::Result<Self::TcpStream> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn sleep(&self, duration: Duration) -> Self::Sleep {
        self.0.sleep(duration)
    }

    fn interval(&self, duration: Duration) -> impl Stream<Item = Instant> + Send + 'static {
        self.0.interval(duration)
    }

    fn tcp_connect_addr(
        &self,
        address: SocketAddr,
    ) -> impl Future<Output = io::Result<Self::TcpStream>> + Send + 'static {
        let connecting = self.0.tcp_connect_addr(address);
        async { Ok(Sieve::new(AsyncTcpStream::Plain(connecting.await?))) }
    }
}

/// A stream of which only that is read which may be parsed.
pub struct Sieve<S> {
    stream: S,
    frames: Frames,
    chunk: Box<[u8]>,
    /// What may be parsed, and how much of it is given.
    passed: Vec<u8>,
    given: usize,
}

impl<S> Sieve<S> {
    /// Sieves what comes in.
    pub fn new(stream: S) -> Self {
        let chunk = vec![0; CHUNK].into();
        Self { stream, frames: Frames::default(), chunk, passed: Vec::new(), given: 0 }
    }
}

impl<S> fmt::Debug for Sieve<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sieve").finish_non_exhaustive()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Sieve<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let Self { stream, frames, chunk, passed, given } = self.get_mut();
        while *given == passed.len() {
            passed.clear();
            *given = 0;
            let read = ready!(Pin::new(&mut *stream).poll_read(context, chunk))?;
            if read == 0 {
                return Poll::Ready(Ok(0));
            }
            frames.push(&chunk[..read], passed);
        }
        let now = &passed[*given..];
        let length = now.len().min(into.len());
        into[..length].copy_from_slice(&now[..length]);
        *given += length;
        Poll::Ready(Ok(length))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Sieve<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(context, parts)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_close(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_close(context)
    }
}
