//! Connections to the server, each with one request at a time.
//!
//! Nothing but the order on its connection ties an answer to its request. A server, or a gateway in
//! front of it, that gives up with 504 and passes the real answer on later would have that taken for
//! the answer to the next request. So a connection is kept only after an answer that is the last
//! word on its request, as its holder says; any other is closed, and nobody else can have it before
//! that is decided, which a pool that many requests share does not grant. The HTTP library closes a
//! connection on which something arrives that nobody asked for.
//!
//! What remains: a server that has given a whole answer of the API, answers once more to the same
//! request, and does so while the next one is on its way. No client can tell that by its order; of
//! an SMS to another number, the number in the answer tells.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use reqwest::{Request, Response, Url};
use rustls::ClientConfig;

use super::Failure;
#[cfg(feature = "simulation")]
use super::network::MadeUp;
use super::transport::{Lost, lost, words};
use crate::trust;

/// Unused connections are dropped this early, since a server that closes one at the moment of its
/// next use would leave a send in doubt. Common servers wait 5 s.
const IDLE: Duration = Duration::from_secs(3);

/// The connections to one server. Clones share them.
#[derive(Debug, Clone)]
pub(super) struct Connections(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// Certificates are read once, and sessions resumed on each new connection.
    tls: ClientConfig,
    timeout: Duration,
    is_local: bool,
    /// The one that was used last is at the end.
    idle: Mutex<VecDeque<(Instant, reqwest::Client)>>,
    #[cfg(feature = "simulation")]
    made_up: std::sync::OnceLock<MadeUp>,
}

/// A connection that nobody else has. It is made by the first request, and closed when this is
/// dropped, unless it was kept.
#[derive(Debug)]
pub(super) struct Connection {
    http: reqwest::Client,
    home: Connections,
}

impl Connections {
    /// Connections to this server, each made within `timeout`.
    pub(super) fn new(server: &Url, timeout: Duration) -> Result<Self, Failure> {
        let mut tls = trust::client().map_err(|it| Failure::new(it.to_string()))?;
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let is_local = trust::is_local(server);
        Ok(Self(Arc::new(Shared {
            tls,
            timeout,
            is_local,
            idle: Mutex::default(),
            #[cfg(feature = "simulation")]
            made_up: std::sync::OnceLock::new(),
        })))
    }

    /// Puts a network that is made up in their place.
    ///
    /// # Errors
    /// When no client can be made.
    #[cfg(feature = "simulation")]
    pub(super) fn over(self, network: Option<Arc<dyn super::Network>>) -> Result<Self, Failure> {
        if let Some(network) = network {
            let made_up = MadeUp::new(network, &self)?;
            self.0.made_up.get_or_init(|| made_up);
        }
        Ok(self)
    }

    /// An unused connection, or one that is still to be made.
    pub(super) async fn take(&self) -> Result<Connection, Failure> {
        #[cfg(feature = "simulation")]
        if let Some(made_up) = self.0.made_up.get() {
            return Ok(Connection { http: made_up.http.clone(), home: self.clone() });
        }
        let kept = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner).pop_back();
        let http = match kept.filter(|(since, _)| since.elapsed() < IDLE) {
            Some((_, http)) => {
                // What has arrived meanwhile is seen first, and closes it.
                tokio::task::yield_now().await;
                http
            }
            None => self.client()?,
        };
        Ok(Connection { http, home: self.clone() })
    }

    /// A client that makes one connection, as it has one request at a time.
    pub(super) fn client(&self) -> Result<reqwest::Client, Failure> {
        let builder = trust::web_client(self.0.tls.clone(), self.0.timeout)
            .http1_only()
            .tcp_nodelay(true)
            .pool_idle_timeout(IDLE);
        let builder = if self.0.is_local { builder.no_proxy() } else { builder };
        builder.build().map_err(|it| Failure::new(words(&it.without_url())))
    }
}

impl Connection {
    /// Makes one request, and waits for the head of its answer.
    pub(super) async fn execute(&self, request: Request) -> Result<Response, Lost> {
        #[cfg(feature = "simulation")]
        if let Some(made_up) = self.home.0.made_up.get() {
            return made_up.execute(request).await;
        }
        self.http.execute(request).await.map_err(lost)
    }

    /// Keeps it for another request. The answer to the last one must have been read to its end.
    pub(super) fn keep(self) {
        let Self { http, home } = self;
        let now = Instant::now();
        let mut idle = home.0.idle.lock().unwrap_or_else(PoisonError::into_inner);
        while idle.front().is_some_and(|(since, _)| now.duration_since(*since) >= IDLE) {
            idle.pop_front();
        }
        idle.push_back((now, http));
    }
}
