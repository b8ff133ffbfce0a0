//! Local servers that play iSendPro: they note what they are asked and answer from a script.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mockito::{Matcher, Request, Server, ServerGuard};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A request as it came in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    pub method: String,
    pub path: String,
    pub query: String,
    pub content_type: String,
    pub accept: String,
    pub body: String,
}

impl Seen {
    fn read(request: &Request) -> Self {
        let header = |name: &str| {
            let all = request.header(name);
            all.iter().map(|it| it.to_str().unwrap()).collect::<Vec<_>>().join(", ")
        };
        let query = request.path_and_query().split_once('?').map_or("", |(_, query)| query);
        Self {
            method: request.method().to_owned(),
            path: request.path().to_owned(),
            query: query.to_owned(),
            content_type: header("content-type"),
            accept: header("accept"),
            body: request.utf8_lossy_body().unwrap().into_owned(),
        }
    }
}

type Body = Arc<dyn Fn(&Seen) -> Vec<u8> + Send + Sync>;

/// What is answered. Headers that are not given are sent empty, which says nothing.
#[derive(Clone)]
pub struct Answer {
    status: u16,
    content_type: &'static str,
    retry_after: &'static str,
    location: String,
    body: Body,
}

impl Answer {
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        Self::reflecting(status, move |_| body.clone())
    }

    /// An answer that is made of the request.
    pub fn reflecting(
        status: u16,
        body: impl Fn(&Seen) -> Vec<u8> + Send + Sync + 'static,
    ) -> Self {
        Self {
            status,
            content_type: "application/json",
            retry_after: "",
            location: String::new(),
            body: Arc::new(body),
        }
    }

    pub fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::new(200, body)
    }

    pub fn content_type(self, content_type: &'static str) -> Self {
        Self { content_type, ..self }
    }

    pub fn retry_after(self, retry_after: &'static str) -> Self {
        Self { retry_after, ..self }
    }

    pub fn location(self, location: String) -> Self {
        Self { location, ..self }
    }
}

#[derive(Default)]
struct Script {
    answers: HashMap<String, VecDeque<Answer>>,
    seen: Vec<Seen>,
    current: Option<(Answer, Seen)>,
}

impl Script {
    /// Notes a request and chooses its answer: each is given once, the last for ever.
    fn next(&mut self, request: &Request) -> usize {
        let seen = Seen::read(request);
        self.seen.push(seen.clone());
        let answers = self.answers.get_mut(&seen.path);
        let answer =
            answers.and_then(|it| if it.len() > 1 { it.pop_front() } else { it.front().cloned() });
        let answer = answer.unwrap_or_else(|| Answer::new(501, "not in the script"));
        let status = usize::from(answer.status);
        self.current = Some((answer, seen));
        status
    }
}

/// A server whose script has answers for each path.
pub struct Api {
    server: ServerGuard,
    script: Arc<Mutex<Script>>,
}

impl Api {
    /// `routes` are the last parts of paths, each with its answers.
    pub async fn new<const N: usize>(routes: [(&str, Vec<Answer>); N]) -> Self {
        let answers = routes
            .into_iter()
            .map(|(path, answers)| (format!("/cgi-bin/{path}"), answers.into()))
            .collect();
        let script = Arc::new(Mutex::new(Script { answers, ..Script::default() }));
        let mut server = Server::new_async().await;
        for method in ["GET", "POST", "PUT"] {
            let [first, second, third, fourth, fifth] = [(); 5].map(|()| Arc::clone(&script));
            server
                .mock(method, Matcher::Any)
                .with_status_code_from_request(move |it| first.lock().unwrap().next(it))
                .with_header_from_request("content-type", move |_| {
                    now(&second, |it, _| it.content_type.to_owned())
                })
                .with_header_from_request("retry-after", move |_| {
                    now(&third, |it, _| it.retry_after.to_owned())
                })
                .with_header_from_request("location", move |_| {
                    now(&fourth, |it, _| it.location.clone())
                })
                .with_body_from_request(move |_| now(&fifth, |it, seen| (it.body)(seen)))
                .create_async()
                .await;
        }
        Self { server, script }
    }

    /// The address that the operations' paths are below.
    pub fn url(&self) -> String {
        format!("{}/cgi-bin", self.server.url())
    }

    /// What was asked so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.script.lock().unwrap().seen.clone()
    }

    /// How often a path was asked for.
    pub fn count(&self, path: &str) -> usize {
        let path = format!("/cgi-bin/{path}");
        self.script.lock().unwrap().seen.iter().filter(|it| it.path == path).count()
    }
}

fn now<T>(script: &Mutex<Script>, read: impl FnOnce(&Answer, &Seen) -> T) -> T {
    let script = script.lock().unwrap();
    let (answer, seen) = script.current.as_ref().unwrap();
    read(answer, seen)
}

/// What a bare TCP server does once it has read a whole request.
#[derive(Debug, Clone, Copy)]
pub enum Act {
    /// Closes the connection.
    Close,
    /// Says nothing, and keeps the connection open.
    Silence,
    /// Answers with this body, and reads on.
    Reply(&'static str),
    /// Says this, and reads on.
    Say(&'static str),
    /// Says this, and closes the connection.
    SayAndClose(&'static str),
    /// Says this, and then a byte now and then, for ever.
    SayAndTrickle(&'static str),
}

/// A bare TCP server: what no HTTP library would do.
pub struct Raw {
    port: u16,
    requests: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Raw {
    /// Does this for each request, whatever its connection; the last for ever.
    pub async fn new(acts: &'static [Act]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&requests);
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, acts, Arc::clone(&count)));
            }
        });
        Self { port, requests, task }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/cgi-bin", self.port)
    }

    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, acts: &[Act], count: Arc<AtomicUsize>) {
    let mut buffer = Vec::new();
    while read_request(&mut stream, &mut buffer).await {
        let place = count.fetch_add(1, Ordering::SeqCst);
        match acts[place.min(acts.len() - 1)] {
            Act::Close => return,
            Act::Silence => std::future::pending().await,
            Act::Reply(body) => {
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
                stream.write_all((head + body).as_bytes()).await.unwrap();
            }
            Act::Say(text) => stream.write_all(text.as_bytes()).await.unwrap(),
            Act::SayAndTrickle(text) => {
                let mut said = stream.write_all(text.as_bytes()).await;
                while said.is_ok() {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    said = stream.write_all(b"x").await;
                }
            }
            Act::SayAndClose(text) => return stream.write_all(text.as_bytes()).await.unwrap(),
        }
    }
}

/// Reads one request to its end; false when there is none.
async fn read_request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> bool {
    loop {
        let text = String::from_utf8_lossy(buffer).to_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|it| it.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |it| it.trim().parse().unwrap()) {
                buffer.clear();
                return true;
            }
        }
        match stream.read_buf(buffer).await {
            Ok(0) | Err(_) => return false,
            Ok(_) => {}
        }
    }
}
