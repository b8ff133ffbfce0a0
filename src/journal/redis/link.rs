//! The connection: one for all tasks, made anew when it is lost, with a bounded patience.
//!
//! The driver's own connection manager keeps a connection whose answers stay away, as they do when
//! the server's machine is gone; so this does it itself.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::io::tcp::TcpSettings;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, ErrorKind, RedisError, ScriptInvocation,
    ServerErrorKind, TlsCertificates, Value,
};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout_at};

use super::address::Address;
use super::fault::explain;
use super::lease::Moment;
use crate::backoff::Backoff;
use crate::component::{Error, metrics};
use crate::trust;

const CONNECT: Duration = Duration::from_secs(2);
const PAUSES: Backoff = Backoff::new(Duration::from_millis(20), Duration::from_secs(1));
/// Requests that may wait for their turn to be written.
const QUEUE: usize = 1024;

/// What is asked of the server.
pub(super) enum Ask<'a> {
    /// A script, loaded when the server does not know it.
    Script(&'a ScriptInvocation<'a>),
    /// A command.
    Command(&'a Cmd),
}

/// An answer.
pub(super) struct Reply {
    pub value: Value,
    /// When the request that was answered was sent.
    pub sent: Moment,
    /// Whether the same request may also have been carried out before, or may still be later.
    pub repeated: bool,
}

/// No answer.
pub(super) struct Failure {
    pub error: Error,
    /// Whether the request may have been carried out, or may still be later.
    pub reached: bool,
    /// Whether the server has answered no: it can be reached.
    pub refused: bool,
    /// Whether it is a command that this server does not allow or does not know.
    pub forbidden: bool,
}

struct Line {
    /// Of the connection: the first is 1.
    number: u64,
    connection: Option<MultiplexedConnection>,
}

/// The connection to a server.
pub(super) struct Link {
    client: Client,
    server: String,
    answer: Duration,
    line: Mutex<Line>,
    /// How many connections there were.
    connections: AtomicU64,
}

impl Link {
    pub fn new(address: &Address, answer: Duration) -> Result<Self, Error> {
        let settings = TcpSettings::default().set_nodelay(true);
        let info = address.info.clone().set_tcp_settings(settings);
        let own = trust::all().filter(|_| matches!(info.addr(), ConnectionAddr::TcpTls { .. }));
        let client = match own {
            Some(own) => {
                let root_cert = Some(own);
                Client::build_with_tls(info, TlsCertificates { client_tls: None, root_cert })
            }
            None => Client::open(info),
        };
        let client = client.map_err(|it| explain(&it, &address.server))?;
        let line = Mutex::new(Line { number: 0, connection: None });
        let (server, connections) = (address.server.clone(), AtomicU64::new(0));
        Ok(Self { client, server, answer, line, connections })
    }

    /// How many connections were made by now.
    pub fn connections(&self) -> u64 {
        self.connections.load(Ordering::Relaxed)
    }

    /// Asks, again and again while the connection fails, for as long as `patience`.
    pub async fn ask(&self, ask: Ask<'_>, patience: Duration) -> Result<Reply, Failure> {
        let (until, mut tries, mut reached) = (Instant::now() + patience, 0, false);
        loop {
            let pause = PAUSES.wait(tries);
            let (sent, began) = (Moment::now(), Instant::now());
            let error = match self.once(&ask, until).await {
                Ok(value) => {
                    if let (Some(metrics), Ask::Script(_)) = (metrics::watched(), &ask) {
                        metrics.committed("redis", began.elapsed());
                    }
                    return Ok(Reply { value, sent, repeated: reached });
                }
                Err((error, sent)) => {
                    reached |= sent && !is_answer(&error);
                    error
                }
            };
            if !passes(&error) || Instant::now() + pause > until {
                return Err(Failure {
                    error: explain(&error, &self.server),
                    reached,
                    refused: is_answer(&error),
                    forbidden: is_forbidden(&error),
                });
            }
            sleep(pause).await;
            tries += 1;
        }
    }

    /// Asks once. An error says whether the request was sent.
    async fn once(&self, ask: &Ask<'_>, until: Instant) -> Result<Value, (RedisError, bool)> {
        let (number, mut connection) = self.connect(until).await.map_err(|it| (it, false))?;
        let answer = match ask {
            Ask::Script(script) => script.invoke_async(&mut connection).await,
            Ask::Command(command) => command.query_async(&mut connection).await,
        };
        if let Err(error) = &answer
            && is_lost(error)
        {
            self.hang_up(number).await;
        }
        answer.map_err(|it| (it, true))
    }

    async fn connect(&self, until: Instant) -> Result<(u64, MultiplexedConnection), RedisError> {
        // When the server is silent, others are trying in vain, one after the other.
        let turn = timeout_at(until, self.line.lock()).await;
        let mut line = turn.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?;
        if line.connection.is_none() {
            let config = AsyncConnectionConfig::new()
                .set_connection_timeout(Some(CONNECT))
                .set_response_timeout(Some(self.answer))
                .set_pipeline_buffer_size(QUEUE);
            let new = self.client.get_multiplexed_async_connection_with_config(&config).await?;
            line.connection = Some(new);
            line.number += 1;
            self.connections.store(line.number, Ordering::Relaxed);
        }
        let connection = line.connection.clone();
        let gone = || RedisError::from((ErrorKind::Io, "no connection"));
        Ok((line.number, connection.ok_or_else(gone)?))
    }

    async fn hang_up(&self, number: u64) {
        let mut line = self.line.lock().await;
        if line.number == number {
            line.connection = None;
        }
    }
}

/// Whether the server has said no, and has done nothing.
fn is_answer(error: &RedisError) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Server(_) | ErrorKind::Extension | ErrorKind::AuthenticationFailed
    )
}

/// Whether it is a command that this server does not allow or does not know: `ERR` is what managed
/// services say.
fn is_forbidden(error: &RedisError) -> bool {
    use ServerErrorKind::{NoPerm, ResponseError};
    matches!(error.kind(), ErrorKind::Server(NoPerm | ResponseError))
}

/// Whether the connection is of no more use: broken, silent, or to what is a replica by now.
fn is_lost(error: &RedisError) -> bool {
    !is_answer(error) || error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly)
}

/// Whether it may go away by itself in a moment.
fn passes(error: &RedisError) -> bool {
    use ServerErrorKind::{BusyLoading, ClusterDown, MasterDown, ReadOnly, TryAgain};
    match error.kind() {
        ErrorKind::Io | ErrorKind::Parse => true,
        ErrorKind::Server(kind) => {
            matches!(kind, BusyLoading | ClusterDown | MasterDown | ReadOnly | TryAgain)
        }
        _ => error.code() == Some("BUSY"),
    }
}
