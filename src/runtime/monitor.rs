//! Answers to those who watch a process: `/metrics`, `/healthz` and `/readyz`.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

use super::health::{Health, Obstacle};
use crate::component::{Error, metrics};

/// Connections at a time. For one more the oldest is dropped: what asks is answered at once, so that
/// one is silent, or does not read.
const CONNECTIONS: usize = 128;
/// How long a question may take to come.
const ASKING: Duration = Duration::from_secs(2);
/// How long a question and its answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long to wait when the system has no connection to give.
const PAUSE: Duration = Duration::from_millis(100);

const METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const WORDS: &str = "text/plain; charset=utf-8";

/// A port on which it is asked how a process does.
pub struct Monitor {
    listener: TcpListener,
    health: Health,
}

impl Monitor {
    /// Takes the port, and begins to count. `setting` is what said so, for errors.
    ///
    /// # Errors
    /// When the address is none of this machine, or taken.
    pub async fn bind(setting: &str, address: &str, health: Health) -> Result<Self, Error> {
        let listener = TcpListener::bind(address).await.map_err(|it| {
            let why = match it.kind() {
                std::io::ErrorKind::AddrInUse => "the port is taken by another process".to_owned(),
                _ => it.to_string(),
            };
            Error::config(setting, format!("cannot listen on {address}: {why}"))
                .hint("give an address and a free port such as 127.0.0.1:9464, or leave it out")
        })?;
        metrics::watch();
        Ok(Self { listener, health })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers, as long as it is polled.
    pub async fn serve(self) {
        let mut open: VecDeque<AbortHandle> = VecDeque::with_capacity(CONNECTIONS);
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    open.retain(|it| !it.is_finished());
                    if open.len() == CONNECTIONS
                        && let Some(oldest) = open.pop_front()
                    {
                        oldest.abort();
                    }
                    open.push_back(
                        tokio::spawn(answer(stream, self.health.clone())).abort_handle(),
                    );
                }
                Err(error) => {
                    tracing::debug!(%error, "a connection to the metrics was not taken");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }
}

async fn answer(stream: TcpStream, health: Health) {
    let service = service_fn(|request| {
        let answer = respond(&request, &health);
        async { Ok::<_, Infallible>(answer) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(ASKING)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    if !matches!(tokio::time::timeout(PATIENCE, connection).await, Ok(Ok(()))) {
        tracing::debug!("a connection to the metrics broke");
    }
}

fn respond(request: &Request<Incoming>, health: &Health) -> Response<String> {
    if ![Method::GET, Method::HEAD].contains(request.method()) {
        return said(StatusCode::METHOD_NOT_ALLOWED, WORDS, "GET is all there is\n".to_owned());
    }
    match request.uri().path() {
        "/metrics" => said(StatusCode::OK, METRICS, text(health)),
        "/healthz" => said(StatusCode::OK, WORDS, "alive\n".to_owned()),
        "/readyz" => ready(health),
        _ => {
            let there = "/metrics, /healthz and /readyz are here\n".to_owned();
            said(StatusCode::NOT_FOUND, WORDS, there)
        }
    }
}

fn text(health: &Health) -> String {
    let metrics = metrics::watch();
    for obstacle in Obstacle::ALL {
        metrics.obstacle(obstacle.as_str(), health.has(obstacle));
    }
    metrics.text()
}

fn ready(health: &Health) -> Response<String> {
    let lines = health.obstacles().map(|it| [it.as_str(), ": ", it.words(), "\n"].concat());
    let obstacles: Vec<String> = lines.collect();
    if obstacles.is_empty() {
        return said(StatusCode::OK, WORDS, "ready\n".to_owned());
    }
    said(StatusCode::SERVICE_UNAVAILABLE, WORDS, obstacles.concat())
}

fn said(status: StatusCode, content_type: &'static str, body: String) -> Response<String> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
