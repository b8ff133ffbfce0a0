//! A connection to the broker with one channel, made anew when it is lost.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use lapin::runtime::default_runtime;
use lapin::tcp::{AsyncTcpStream, TLSConfig};
use lapin::uri::{AMQPScheme, AMQPUri};
use lapin::{Channel, Connection, ConnectionProperties, ConnectionStatus};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::sieve::{self, Sieve};
use crate::backoff::Backoff;
use crate::component::metrics;
use crate::trust;

/// The waits before a lost connection is made anew.
pub const PAUSES: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
/// How long a new connection may take: before it is open, no heartbeat watches it.
const LONGEST_CONNECT: Duration = Duration::from_secs(10);
/// How much of that it may take until the broker is reached.
const LONGEST_REACH: Duration = Duration::from_secs(8);

/// Where the broker is, and what the connection is for: `read` or `write`.
pub struct Broker {
    uri: SecretString,
    purpose: &'static str,
    name: String,
}

impl Broker {
    /// The broker at this URI. Nothing is connected yet.
    pub fn new(uri: SecretString, purpose: &'static str) -> Self {
        Self { uri, purpose, name: format!("{}-{purpose}", super::logs::hostname()) }
    }

    /// A new connection, and a channel of it.
    async fn connect(&self) -> Result<(Connection, Channel), lapin::Error> {
        let properties =
            ConnectionProperties::default().with_connection_name(self.name.as_str().into());
        let uri: AMQPUri = self.uri.expose_secret().parse().map_err(io::Error::other)?;
        let connection = Connection::connector(
            uri,
            sieve::runtime(),
            async |uri, _| {
                let tokio = default_runtime()?;
                let connect = async |it| AsyncTcpStream::connect(&tokio, it).await;
                let stream =
                    first_to_answer(&addresses(&uri).await?, LONGEST_REACH, connect).await?;
                let stream = match uri.scheme {
                    AMQPScheme::AMQP => stream,
                    AMQPScheme::AMQPS => {
                        let tls = TLSConfig { cert_chain: trust::own(), ..TLSConfig::default() };
                        stream.into_tls(&uri.authority.host, tls).await?
                    }
                };
                Ok(AsyncTcpStream::Plain(Sieve::new(stream)))
            },
            properties,
        )
        .await?;
        let channel = connection.create_channel().await?;
        if let Some(metrics) = metrics::watched() {
            metrics.connected(self.purpose);
        }
        Ok((connection, channel))
    }
}

/// An open channel.
#[derive(Clone)]
pub struct Open {
    /// Its number: each that is made anew has the next one.
    pub number: u64,
    /// The channel.
    pub channel: Channel,
    /// What is known of its connection.
    pub status: ConnectionStatus,
    /// Most bytes of a frame of it.
    pub frame_max: u32,
}

impl Open {
    fn of(connection: &Connection, channel: Channel, number: u64) -> Self {
        let frame_max = connection.configuration().frame_max();
        Self { number, channel, status: connection.status().clone(), frame_max }
    }
}

/// A channel that is made anew when it is lost, by whoever needs it first.
pub struct Line {
    broker: Broker,
    confirms: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    number: u64,
    open: Option<(Connection, Channel)>,
}

impl State {
    /// The channel, unless it was lost.
    fn channel(&self) -> Option<Open> {
        let (connection, channel) = self.open.as_ref().filter(|it| it.1.status().connected())?;
        Some(Open::of(connection, channel.clone(), self.number))
    }
}

impl Line {
    /// A line to this broker, whose publications are confirmed if `confirms` says so.
    pub fn new(broker: Broker, confirms: bool) -> Self {
        Self { broker, confirms, state: Mutex::default() }
    }

    /// The open channel: a new one if the last was hung up or lost.
    pub async fn channel(&self) -> Result<Open, lapin::Error> {
        let mut state = self.state.lock().await;
        if let Some(open) = state.channel() {
            return Ok(open);
        }
        state.open = None;
        let connecting = tokio::time::timeout(LONGEST_CONNECT, self.connect()).await;
        let silent = || Err(lapin::ErrorKind::MissingHeartbeatError.into());
        let (connection, channel) = connecting.unwrap_or_else(|_| silent())?;
        state.number += 1;
        let open = Open::of(&connection, channel.clone(), state.number);
        state.open = Some((connection, channel));
        Ok(open)
    }

    async fn connect(&self) -> Result<(Connection, Channel), lapin::Error> {
        let (connection, channel) = self.broker.connect().await?;
        if self.confirms {
            channel.confirm_select(lapin::options::ConfirmSelectOptions::default()).await?;
        }
        Ok((connection, channel))
    }

    /// Whether there is no open channel: the last was hung up or lost.
    pub async fn is_lost(&self) -> bool {
        self.state.lock().await.channel().is_none()
    }

    /// Whether the broker takes nothing on this line, for lack of memory or disk.
    pub async fn is_blocked(&self) -> bool {
        let state = self.state.lock().await;
        let status = state.open.as_ref().map(|it| it.0.status());
        status.is_some_and(|it| it.connected() && it.blocked())
    }

    /// Lets go of the channel of this number: it is of no more use.
    pub async fn hang_up(&self, number: u64) {
        let mut state = self.state.lock().await;
        if state.number == number {
            state.open = None;
        }
    }

    /// Closes the connection in an orderly way, if there is one.
    pub async fn close(&self) {
        let open = self.state.lock().await.open.take();
        if let Some((connection, _)) = open
            && let Err(error) = connection.close(200, "done".into()).await
        {
            tracing::debug!(%error, "the broker's connection was not closed in order");
        }
    }
}

/// The addresses of the broker's host.
async fn addresses(uri: &AMQPUri) -> io::Result<Vec<SocketAddr>> {
    let authority = &uri.authority;
    Ok(tokio::net::lookup_host((authority.host.as_str(), authority.port)).await?.collect())
}

/// Tries these addresses one after the other, each for its share of the time that is left: one that
/// is silent must not take all of it.
async fn first_to_answer<T>(
    addresses: &[SocketAddr],
    within: Duration,
    connect: impl AsyncFn(SocketAddr) -> io::Result<T>,
) -> io::Result<T> {
    let until = Instant::now() + within;
    let mut failure = io::Error::other("the host's name has no address");
    for (address, left) in addresses.iter().zip((1..=addresses.len()).rev()) {
        let share = (until - Instant::now()) / u32::try_from(left).unwrap_or(u32::MAX);
        match tokio::time::timeout(share, connect(*address)).await {
            Ok(Ok(connected)) => return Ok(connected),
            Ok(Err(error)) => failure = error,
            Err(_) => {
                let said = format!("{address} does not answer in time");
                failure = io::Error::new(io::ErrorKind::TimedOut, said);
            }
        }
    }
    Err(failure)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SILENT: u16 = 1;
    const CLOSED: u16 = 2;

    async fn reached(ports: &[u16]) -> io::Result<u16> {
        let addresses: Vec<_> = ports.iter().map(|it| ([127, 0, 0, 1], *it).into()).collect();
        let within = Duration::from_millis(400);
        first_to_answer(&addresses, within, async |address| match address.port() {
            SILENT => std::future::pending().await,
            CLOSED => Err(io::ErrorKind::ConnectionRefused.into()),
            port => Ok(port),
        })
        .await
    }

    #[tokio::test]
    async fn an_address_that_is_silent_leaves_time_for_the_next() {
        assert_eq!(reached(&[SILENT, CLOSED, 7, 8]).await.unwrap(), 7);
        let failure = reached(&[CLOSED, SILENT]).await.unwrap_err();
        assert_eq!(failure.to_string(), "127.0.0.1:1 does not answer in time");
        assert_eq!(
            reached(&[SILENT, CLOSED]).await.unwrap_err().kind(),
            io::ErrorKind::ConnectionRefused
        );
        assert!(reached(&[]).await.unwrap_err().to_string().contains("no address"));
    }
}
