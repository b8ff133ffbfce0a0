//! The client: one request a call, on connections that are kept.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use serde::Serialize;

use super::connection::Connections;
use super::judge::judge_scrubbed;
use super::key::Secrets;
use super::style::{Styles, Wire};
use super::transport::{self, Answer, Lost};
use super::{
    Download, Failure, KeyId, Method, Operation, Outcome, Received, Reply, Request, RequestStyle,
    download,
};
use crate::trust;

/// The address of the service.
pub const DEFAULT_SERVER: &str = "https://apirest.isendpro.com/cgi-bin";

/// A client of the iSendPro API. Cheap to clone; clones share their connections.
///
/// One call is one HTTP request (but see [`RequestStyle::Auto`]): nothing is repeated here.
#[derive(Clone, Debug)]
pub struct Client(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    connections: Connections,
    urls: [Url; Operation::ALL.len()],
    call: Duration,
    styles: Styles,
}

/// Settings of a [`Client`].
#[derive(Debug, Clone)]
pub struct ClientBuilder {
    server: String,
    connect_timeout: Duration,
    call_timeout: Duration,
    style: RequestStyle,
    allow_http: bool,
    #[cfg(feature = "simulation")]
    network: Option<Arc<dyn super::Network>>,
}

impl ClientBuilder {
    /// The address that the operations' paths are below; [`DEFAULT_SERVER`] unless set.
    #[must_use]
    pub fn server(mut self, server: impl Into<String>) -> Self {
        self.server = server.into();
        self
    }

    /// How long making a connection may take: 5 s unless set.
    #[must_use]
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// How long a call may take, from its start to the end of the answer: 20 s unless set. It grows
    /// by a second for every 50 recipients. A connection may take four fifths of it at most, so that
    /// a failure to connect is told from a lost answer.
    #[must_use]
    pub fn call_timeout(mut self, limit: Duration) -> Self {
        self.call_timeout = limit;
        self
    }

    /// How the moved operations are asked for.
    #[must_use]
    pub fn request_style(mut self, style: RequestStyle) -> Self {
        self.style = style;
        self
    }

    /// Allows `http` to other machines. The key then travels readable by anyone on the way.
    #[must_use]
    pub fn allow_http(mut self, allow: bool) -> Self {
        self.allow_http = allow;
        self
    }

    /// Makes requests of this network, which is made up.
    #[cfg(feature = "simulation")]
    #[must_use]
    pub fn network(mut self, network: Arc<dyn super::Network>) -> Self {
        self.network = Some(network);
        self
    }

    /// Makes the client.
    ///
    /// # Errors
    /// When the server's address cannot be used.
    pub fn build(self) -> Result<Client, Failure> {
        let server = server_url(&self.server, self.allow_http)?;
        let urls = Operation::ALL.map(|it| {
            let mut url = server.clone();
            if let Ok(mut path) = url.path_segments_mut() {
                path.pop_if_empty().push(it.path());
            }
            url
        });
        let connect = self.connect_timeout.min(self.call_timeout * 4 / 5);
        let connections = Connections::new(&server, connect)?;
        #[cfg(feature = "simulation")]
        let connections = connections.over(self.network)?;
        Ok(Client(Arc::new(Inner {
            connections,
            urls,
            call: self.call_timeout,
            styles: Styles::new(self.style),
        })))
    }
}

fn server_url(server: &str, allow_http: bool) -> Result<Url, Failure> {
    let hint = Some("give isendpro, simulator, or an address such as https://host/cgi-bin");
    let failure = |it: &str| Failure { hint, ..Failure::new(format!("the server's address {it}")) };
    if !server.contains("://") {
        return Err(failure("does not begin with https://"));
    }
    let url = Url::parse(server.trim()).map_err(|it| failure(&format!("cannot be read: {it}")))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(failure("must not hold a user name or a password"));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(failure("names no host"));
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if allow_http || trust::is_local(&url) => Ok(url),
        "http" => Err(Failure {
            hint: Some("use https, or set ISENDPRO_ALLOW_HTTP=1 if the network is yours"),
            ..Failure::new("http would send the key in clear")
        }),
        other => Err(Failure::new(format!("{other} is not a way to reach iSendPro; use https"))),
    }
}

impl Client {
    /// A client of the service, with the default settings.
    pub fn builder() -> ClientBuilder {
        ClientBuilder {
            server: DEFAULT_SERVER.to_owned(),
            connect_timeout: Duration::from_secs(5),
            call_timeout: Duration::from_secs(20),
            style: RequestStyle::Auto,
            allow_http: false,
            #[cfg(feature = "simulation")]
            network: None,
        }
    }

    /// Makes one request and judges the answer.
    pub async fn call<R: Request>(&self, key: &KeyId, request: &R) -> Outcome<Reply> {
        let operation = request.operation();
        let mut tries = Tries::default();
        for wire in self.0.styles.to_try(operation) {
            let outcome = self.call_as(*wire, key, request).await;
            if let Some(outcome) = tries.judge(outcome) {
                self.0.styles.learn(operation, *wire, &outcome);
                return outcome;
            }
        }
        tries.best()
    }

    /// Makes one request whose answer is a file, and spools it to disk.
    pub async fn download<R: Request>(&self, key: &KeyId, request: &R) -> Outcome<Download> {
        let operation = request.operation();
        let mut tries = Tries::default();
        for wire in self.0.styles.to_try(operation) {
            let outcome = self.download_as(*wire, key, request).await;
            if let Some(outcome) = tries.judge(outcome) {
                self.0.styles.learn(operation, *wire, &outcome);
                return outcome;
            }
        }
        tries.best()
    }

    async fn call_as<R: Request>(&self, wire: Wire, key: &KeyId, request: &R) -> Outcome<Reply> {
        match self.send(key, request, wire).await {
            Ok(answer) => take(key, request, answer).await,
            Err(lost) => lost.into(),
        }
    }

    async fn download_as<R: Request>(
        &self,
        wire: Wire,
        key: &KeyId,
        request: &R,
    ) -> Outcome<Download> {
        let mut answer = match self.send(key, request, wire).await {
            Ok(answer) => answer,
            Err(lost) => return lost.into(),
        };
        let Answer { status, retry_after, .. } = answer;
        let outcome = match download::spool(&mut answer, self.0.call).await {
            Ok(download::Spooled::File(download)) => Outcome::Answered(download),
            Ok(download::Spooled::Text(body)) => {
                let received = Received { status, retry_after, body: &body };
                no_file(judged(key, request, &received))
            }
            Err(lost) => return lost.into(),
        };
        if is_last_word(status, &outcome) {
            answer.keep_connection();
        }
        outcome
    }

    /// The longest that a request to so many recipients may take, downloads aside: more recipients
    /// take the service longer.
    pub fn longest_call(&self, recipients: usize) -> Duration {
        let recipients = u32::try_from(recipients).unwrap_or(u32::MAX);
        self.0.call.saturating_add(Duration::from_millis(20).saturating_mul(recipients))
    }

    async fn send<R: Request>(&self, key: &KeyId, request: &R, wire: Wire) -> Result<Answer, Lost> {
        let operation = request.operation();
        let keyed = Keyed { keyid: key.expose(), request };
        let fields = match wire {
            Wire::Json => serde_json::to_string(&keyed).map_err(|it| unwritable(&it)),
            Wire::Query | Wire::Form => {
                serde_urlencoded::to_string(&keyed).map_err(|it| unwritable(&it))
            }
        }?;
        let method = match (wire, operation.method()) {
            (Wire::Query, Method::Get) => reqwest::Method::GET,
            (_, Method::Put) => reqwest::Method::PUT,
            _ => reqwest::Method::POST,
        };
        let url = self.0.urls[operation as usize].clone();
        let mut http = transport::request(method, url, wire, fields);
        if operation.downloads() {
            // Its length is not known: the head is bounded here, and then each piece.
            let sent = transport::send(&self.0.connections, http);
            let sent = tokio::time::timeout(self.0.call, sent).await;
            return sent.unwrap_or_else(|_| Err(Lost::After(Failure::new(transport::SILENT))));
        }
        *http.timeout_mut() = Some(self.longest_call(request.recipients()));
        transport::send(&self.0.connections, http).await
    }
}

/// Reads an answer to its end and judges it.
async fn take<R: Request>(key: &KeyId, request: &R, mut answer: Answer) -> Outcome<Reply> {
    let Answer { status, retry_after, .. } = answer;
    let body = match transport::read(&mut answer).await {
        Ok(body) => body,
        Err(lost) => return lost.into(),
    };
    let outcome = judged(key, request, &Received { status, retry_after, body: &body });
    let about_others = |it: &Reply| it.is_about_others(request.numbers());
    let is_strange = matches!(&outcome, Outcome::Answered(reply) if about_others(reply));
    if !is_strange && is_last_word(status, &outcome) {
        answer.keep_connection();
    }
    outcome
}

/// Whether an answer is the API's own and leaves nothing to come. What a gateway says, or nobody
/// understands, may be followed by the real answer.
fn is_last_word<T>(status: u16, outcome: &Outcome<T>) -> bool {
    status < 500
        && match outcome {
            Outcome::Answered(_) => true,
            Outcome::Refused(failure) => failure.code.is_some(),
            Outcome::NotSent(_) | Outcome::InDoubt(_) => false,
        }
}

/// Judges an answer, and takes out of it what a request must keep secret.
fn judged<R: Request>(key: &KeyId, request: &R, received: &Received) -> Outcome<Reply> {
    let own = request.secrets().map(Secrets::new);
    judge_scrubbed(request.operation(), received, |answer| {
        let found = key.secrets().scrub(answer);
        own.as_ref().is_some_and(|it| it.scrub(answer)) || found
    })
}

/// The answers in the styles that were not understood, of which the best is kept.
struct Tries<T>(Option<Outcome<T>>);

impl<T> Default for Tries<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Tries<T> {
    /// The outcome, unless another style might be understood: then it is kept.
    fn judge(&mut self, outcome: Outcome<T>) -> Option<Outcome<T>> {
        let answered = |it: &Failure| it.status.is_some();
        match &outcome {
            Outcome::Refused(failure) | Outcome::InDoubt(failure) if answered(failure) => {
                // A code says more than an HTTP status, and the first style more than the rest.
                let told =
                    |it: &Outcome<T>| matches!(it, Outcome::Refused(it) if it.code.is_some());
                if self.0.as_ref().is_none_or(|best| told(&outcome) && !told(best)) {
                    self.0 = Some(outcome);
                }
                None
            }
            _ => Some(outcome),
        }
    }

    fn best(self) -> Outcome<T> {
        self.0.unwrap_or_else(|| Outcome::NotSent(Failure::new("no way of asking is left to try")))
    }
}

/// What a text means that came in place of a file.
fn no_file<T>(judged: Outcome<Reply>) -> Outcome<T> {
    match judged {
        Outcome::Answered(_) => {
            Outcome::InDoubt(Failure::new("a JSON text came in place of the file"))
        }
        Outcome::Refused(failure) => Outcome::Refused(failure),
        Outcome::NotSent(failure) => Outcome::NotSent(failure),
        Outcome::InDoubt(failure) => Outcome::InDoubt(failure),
    }
}

/// A request as it is written: its fields after the key.
#[derive(Serialize)]
struct Keyed<'a, R> {
    keyid: &'a str,
    #[serde(flatten)]
    request: &'a R,
}

fn unwritable(error: &dyn std::fmt::Display) -> Lost {
    Lost::Before(Failure::new(format!("the request cannot be written: {error}")))
}

impl<T> From<Lost> for Outcome<T> {
    fn from(lost: Lost) -> Self {
        match lost {
            Lost::Before(failure) => Self::NotSent(failure),
            Lost::After(failure) => Self::InDoubt(failure),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(server: &str) -> String {
        Client::builder().server(server).build().unwrap_err().message
    }

    #[test]
    fn the_key_never_travels_in_clear() {
        assert!(Client::builder().build().is_ok());
        assert!(Client::builder().server("http://127.0.0.1:8080/cgi-bin").build().is_ok());
        assert!(refused("http://apirest.isendpro.com/cgi-bin").contains("in clear"));
        assert!(Client::builder().server("http://example.org").allow_http(true).build().is_ok());
        assert!(refused("ftp://example.org").contains("https"));
        assert!(refused("apirest.isendpro.com").contains("begin with https://"));
        assert!(refused("https://").contains("cannot be read"));
        let with_password = refused("https://user:pw@example.org");
        assert!(with_password.contains("user name or a password") && !with_password.contains("pw"));
    }

    #[test]
    fn paths_go_below_the_servers_address() {
        for server in ["http://127.0.0.1/cgi-bin", "http://127.0.0.1/cgi-bin/"] {
            let client = Client::builder().server(server).build().unwrap();
            assert_eq!(
                client.0.urls[Operation::Sms as usize].as_str(),
                "http://127.0.0.1/cgi-bin/sms"
            );
            assert_eq!(
                client.0.urls[Operation::CampagneSends as usize].as_str(),
                "http://127.0.0.1/cgi-bin/"
            );
        }
    }
}
