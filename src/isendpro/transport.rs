//! The one place that talks HTTP, and that knows whether a request left.

use std::time::Duration;

use hyper::body::Bytes;
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use reqwest::{Method, Request, Response, Url};

use super::Failure;
use super::connection::{Connection, Connections};
use super::encoding::Decoder;
use super::style::Wire;
use crate::trust;

/// Most bytes of a JSON answer: a bulk answer takes some 150 bytes a recipient, of whom there are
/// 10,000 at most.
const MOST_JSON_BYTES: usize = 8 * 1024 * 1024;
/// Most values of it, each of which takes some hundred bytes of memory, however short it is written.
/// What begins or parts them is counted, in texts too.
const MOST_JSON_VALUES: usize = 250_000;
/// A server that asks for a longer wait is not waited for anyway.
const LONGEST_WAIT: Duration = Duration::from_secs(366 * 24 * 3600);

/// What to do about a server that cannot be reached.
const UNREACHED: &str = "check the server's address and the network";

/// What is said of a server that does not answer in time.
pub(super) const SILENT: &str = "no answer within the time allowed";

/// Why there is no HTTP answer.
#[derive(Debug)]
pub(super) enum Lost {
    /// The request did not leave.
    Before(Failure),
    /// The request left, in part or whole.
    After(Failure),
}

/// An HTTP answer whose body is still to be read.
#[derive(Debug)]
pub(super) struct Answer {
    pub status: u16,
    pub retry_after: Option<Duration>,
    response: Response,
    decoder: Decoder,
    /// What has come and is not decoded yet.
    coded: Bytes,
    connection: Connection,
}

/// Builds a request whose fields go where `wire` says. `fields` is JSON for [`Wire::Json`], else
/// form-encoded text.
pub(super) fn request(method: Method, mut url: Url, wire: Wire, fields: String) -> Request {
    const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");
    const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");
    if wire == Wire::Query {
        url.set_query(Some(&fields));
        return accepting(Request::new(method, url));
    }
    let mut request = accepting(Request::new(method, url));
    let content_type = if wire == Wire::Json { JSON } else { FORM };
    request.headers_mut().insert(CONTENT_TYPE, content_type);
    *request.body_mut() = Some(fields.into());
    request
}

fn accepting(mut request: Request) -> Request {
    let headers = request.headers_mut();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    request
}

/// Sends a request and waits for the head of its answer.
pub(super) async fn send(connections: &Connections, request: Request) -> Result<Answer, Lost> {
    let connection = connections.take().await.map_err(Lost::Before)?;
    let response = connection.execute(request).await?;
    let retry_after = response.headers().get(RETRY_AFTER).and_then(retry_after);
    let status = response.status().as_u16();
    let decoder = Decoder::of(response.headers())
        .map_err(|it| undecodable(status, &format!("its coding \"{it}\" is not known")))?;
    Ok(Answer { status, retry_after, response, decoder, coded: Bytes::new(), connection })
}

impl Answer {
    /// The next bytes of the body, decoded; `None` at its end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Lost> {
        loop {
            if self.coded.is_empty() {
                match self.response.chunk().await.map_err(lost)? {
                    Some(chunk) => self.coded = chunk,
                    None => {
                        let rest = self.decoder.end().map_err(|it| self.cannot_be_decoded(&it))?;
                        return Ok(Some(rest).filter(|it| !it.is_empty()));
                    }
                }
            }
            let decoded = self.decoder.take(&mut self.coded);
            let decoded = decoded.map_err(|it| self.cannot_be_decoded(&it))?;
            if !decoded.is_empty() {
                return Ok(Some(decoded));
            }
        }
    }

    fn cannot_be_decoded(&self, error: &std::io::Error) -> Lost {
        undecodable(self.status, &error.to_string())
    }

    /// Keeps the connection for another request: this answer was read to its end, and is the last
    /// word on its own. Without that, the connection is closed.
    pub(super) fn keep_connection(self) {
        self.connection.keep();
    }
}

/// What nobody can read may hold an acceptance, whatever the status.
fn undecodable(status: u16, why: &str) -> Lost {
    let what = format!("HTTP {status} with an answer that cannot be decoded: {why}");
    Lost::After(Failure { status: Some(status), ..Failure::new(what) })
}

/// Reads the whole body of an answer, which is bounded.
pub(super) async fn read(answer: &mut Answer) -> Result<Vec<u8>, Lost> {
    let (mut body, mut values) = (Vec::new(), 0);
    while let Some(chunk) = answer.next().await? {
        values += chunk.iter().filter(|it| matches!(it, b',' | b'[' | b'{')).count();
        if body.len() + chunk.len() > MOST_JSON_BYTES || values > MOST_JSON_VALUES {
            let megabytes = MOST_JSON_BYTES / (1024 * 1024);
            return Err(Lost::After(Failure::new(format!(
                "the answer is larger than {megabytes} MiB, or has more than {MOST_JSON_VALUES} values"
            ))));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Judges a failure of the network: only a connection that was never made proves that nothing left.
pub(super) fn lost(error: reqwest::Error) -> Lost {
    let connecting = error.is_connect() || error.is_builder();
    let timed_out = error.is_timeout();
    // A URL may hold the key, and reqwest prints it with the error.
    let error = error.without_url();
    let unreached = error.is_connect();
    let failure = |what: String| Failure {
        hint: connecting.then(|| trust::advice(&what).unwrap_or(UNREACHED)),
        unreached,
        ..Failure::new(what)
    };
    match (connecting, timed_out) {
        (true, true) => Lost::Before(failure("no connection within the time allowed".to_owned())),
        (true, false) => Lost::Before(failure(format!("no connection: {}", words(&error)))),
        (false, true) => Lost::After(failure(SILENT.to_owned())),
        (false, false) => Lost::After(failure(format!(
            "the connection broke before the answer: {}",
            words(&error)
        ))),
    }
}

/// The innermost cause: the outer ones only say that a request failed.
pub(super) fn words(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// `Retry-After` in seconds, or as a date.
fn retry_after(value: &HeaderValue) -> Option<Duration> {
    let text = value.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds).min(LONGEST_WAIT));
    }
    let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    let wait = date.duration_since(jiff::Timestamp::now());
    Some(Duration::try_from(wait).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_read_in_seconds_or_as_a_date() {
        let read = |text: &'static str| retry_after(&HeaderValue::from_static(text));
        assert_eq!(read("2"), Some(Duration::from_secs(2)));
        assert_eq!(read("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::ZERO));
        assert_eq!(read("soon"), None);
    }
}
