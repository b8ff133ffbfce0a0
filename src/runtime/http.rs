//! Requests to the platform itself: to its API, its object storage, the place where it wants results.
//!
//! All of them may be repeated without harm, so a failure that may pass is tried again. What went
//! wrong is told without addresses: they may hold credentials.

mod fault;

use std::time::Duration;

use reqwest::{Client, Request, Response};

pub use fault::Fault;
use fault::cause;

use crate::backoff::Backoff;
use crate::component::{Error, Kind};
use crate::trust;

/// How long making a connection may take.
const CONNECT: Duration = Duration::from_secs(5);
/// The longest wait between two attempts, unless the first one is longer.
const LONGEST_WAIT: Duration = Duration::from_secs(15);
/// Most bytes of an answer that says no.
const MOST_REASON: usize = 16 * 1024;

/// How often a request is made, and how long is waited before it is made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// How often it is made at most, the first time included. At least 1.
    pub attempts: u32,
    /// The wait after the first attempt. It doubles with each one, up to 15 s, and is drawn out a
    /// little at random, so that the steps of a flow do not all come back at once.
    pub delay: Duration,
}

impl Retry {
    fn delays(self) -> impl Iterator<Item = Duration> {
        let backoff = Backoff::new(self.delay, LONGEST_WAIT.max(self.delay));
        backoff.jittered().take(self.attempts.saturating_sub(1) as usize)
    }
}

/// The bounds of one request.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// How long an attempt may take, from its start to the end of the answer.
    pub time: Duration,
    /// Most bytes of the answer.
    pub bytes: usize,
}

/// An answer with a status of 200 to 299.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its body.
    pub body: Vec<u8>,
}

/// The client. Cheap to clone; clones share their connections.
#[derive(Debug, Clone)]
pub struct Http {
    direct: Client,
    /// Goes through the proxy that the environment names, if it names one.
    proxied: Client,
}

impl Http {
    /// Builds the client. No I/O.
    ///
    /// # Errors
    /// When the certificates of this machine cannot be read.
    pub fn new() -> Result<Self, Error> {
        let no_client = |why: String| Error::new(Kind::Config, format!("no HTTP client: {why}"));
        let tls = trust::client().map_err(|it| no_client(it.to_string()))?;
        let builder = || trust::web_client(tls.clone(), CONNECT);
        let build = |it: reqwest::ClientBuilder| {
            it.build().map_err(|it| no_client(cause(&it.without_url())))
        };
        Ok(Self { direct: build(builder().no_proxy())?, proxied: build(builder())? })
    }

    /// Makes a request, again and again while its failure may pass and attempts are left.
    ///
    /// # Errors
    /// Why the last attempt failed.
    pub async fn ask(
        &self,
        retry: Retry,
        bounds: Bounds,
        request: &Request,
    ) -> Result<Answer, Fault> {
        let copy = || async {
            request.try_clone().ok_or_else(|| Fault::Lost("its body cannot be repeated".to_owned()))
        };
        self.ask_anew(retry, bounds, copy).await
    }

    /// The same with a request that is made anew for each attempt.
    ///
    /// # Errors
    /// Why the last attempt failed.
    pub async fn ask_anew<F>(
        &self,
        retry: Retry,
        bounds: Bounds,
        request: impl Fn() -> F,
    ) -> Result<Answer, Fault>
    where
        F: Future<Output = Result<Request, Fault>>,
    {
        let mut delays = retry.delays();
        loop {
            let asked = async { self.once(bounds, request().await?).await };
            let fault = match asked.await {
                Ok(answer) => return Ok(answer),
                Err(fault) => fault,
            };
            let Some(wait) = delays.next().filter(|_| fault.may_pass()) else { return Err(fault) };
            let (status, lost) = (fault.status(), fault.network());
            tracing::warn!(status, lost, wait_ms = millis(wait), "the platform is asked again");
            tokio::time::sleep(wait).await;
        }
    }

    async fn once(&self, bounds: Bounds, mut request: Request) -> Result<Answer, Fault> {
        // No proxy can reach this machine.
        let direct = trust::is_local(request.url());
        *request.timeout_mut() = Some(bounds.time);
        let client = if direct { &self.direct } else { &self.proxied };
        let response = client.execute(request).await.map_err(|it| Fault::lost(it, bounds.time))?;
        let status = response.status();
        if !status.is_success() {
            let reason = read(response, bounds, MOST_REASON).await.unwrap_or_default();
            return Err(Fault::refused(status.as_u16(), &reason));
        }
        let body = read(response, bounds, bounds.bytes).await?;
        Ok(Answer { status: status.as_u16(), body })
    }
}

/// Reads an answer into memory, unless it is too large for that.
async fn read(mut response: Response, bounds: Bounds, most: usize) -> Result<Vec<u8>, Fault> {
    let announced = response.content_length().and_then(|it| usize::try_from(it).ok());
    if announced.is_some_and(|it| it > most) {
        return Err(Fault::TooLarge(most));
    }
    let mut body = Vec::with_capacity(announced.unwrap_or(0));
    while let Some(chunk) = response.chunk().await.map_err(|it| Fault::lost(it, bounds.time))? {
        if body.len() + chunk.len() > most {
            return Err(Fault::TooLarge(most));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Whole milliseconds, for logs.
fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
