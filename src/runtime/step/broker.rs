//! A connection to the broker with one channel, made anew when it is lost.

use std::time::Duration;

use lapin::{Channel, Connection, ConnectionProperties, ConnectionStatus};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Mutex;

use crate::component::{Error, Kind, metrics};

/// The first wait before a lost connection is made anew.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How long a new connection may take: before it is open, no heartbeat watches it.
const LONGEST_CONNECT: Duration = Duration::from_secs(10);

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
        let connection = Connection::connect(self.uri.expose_secret(), properties).await?;
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
        let (channel, status) = (channel.clone(), connection.status().clone());
        Some(Open { number: self.number, channel, status })
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
        let status = connection.status().clone();
        state.open = Some((connection, channel.clone()));
        Ok(Open { number: state.number, channel, status })
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

/// Waits between tries that double up to [`LONGEST_PAUSE`].
pub fn pauses() -> impl Iterator<Item = Duration> {
    std::iter::successors(Some(FIRST_PAUSE), |it| Some((*it * 2).min(LONGEST_PAUSE)))
}

/// Whether the broker has refused what was asked, and only that: it would do so again.
pub fn is_refusal(error: &lapin::Error) -> bool {
    let lapin::ErrorKind::ProtocolError(said) = error.kind() else { return false };
    matches!(said.kind(), lapin::protocol::AMQPErrorKind::Soft(_))
}

/// Why there is no connection, or nothing can be read, for people.
pub fn unconnected(error: &lapin::Error) -> Error {
    match error.kind() {
        // What this user may not do, or a virtual host that is not there or not his.
        lapin::ErrorKind::ProtocolError(said) if [403, 530].contains(&said.get_id()) => {
            let what =
                format!("refuses the user, the password or the vhost (code {})", said.get_id());
            Error::new(Kind::Config, format!("the broker {what}"))
                .hint("check ELASTICIO_AMQP_URI, and what this user may do")
        }
        _ => unreachable(error),
    }
}

/// An error of the broker, for people. It repeats nothing of the URI, which holds a password.
pub fn unreachable(error: &lapin::Error) -> Error {
    let what = match error.kind() {
        lapin::ErrorKind::IOError(io) => format!("the broker cannot be reached ({})", io.kind()),
        lapin::ErrorKind::ProtocolError(said) => {
            format!("the broker says no (code {})", said.get_id())
        }
        lapin::ErrorKind::MissingHeartbeatError => "the broker has gone silent".to_owned(),
        _ => "the connection to the broker is lost".to_owned(),
    };
    Error::new(Kind::Unavailable, what)
        .hint("check that it runs, and ELASTICIO_AMQP_URI: host, port, user, password, vhost")
}
