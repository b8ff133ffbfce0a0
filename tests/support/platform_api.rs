//! What the platform answers. It keeps to the contract, and shares nothing with the code of ours.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hyper::HeaderMap;
use hyper::body::Bytes;
use serde_json::{Value, json};

/// What a step signs in to the API with.
pub const USER: (&str, &str) = ("task-user", "api-key-1f3a");
/// What a step signs in to the object store with.
pub const TOKEN: &str = "storage-token-77c0";

/// A request as it came in.
#[derive(Debug, Clone)]
pub struct Request {
    /// Such as `GET /v1/tasks/flow1/steps/step_2`.
    pub line: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl Request {
    /// A header; empty if it is not there or no text.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|it| it.to_str().ok()).unwrap_or_default()
    }

    /// The body, which must be JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// What is done instead of answering.
#[derive(Debug, Clone, Copy)]
pub enum Fault {
    /// This status and text.
    Status(u16, &'static str),
    /// The right answer, but so much later.
    Late(Duration),
    /// Nothing, for ever.
    Silence,
    /// The connection is closed.
    Close,
}

/// What it knows.
#[derive(Default)]
pub struct State {
    pub url: String,
    pub step: Value,
    pub startup: Option<Value>,
    pub objects: BTreeMap<String, Bytes>,
    pub faults: Vec<(String, Fault, usize)>,
    pub requests: Vec<Request>,
}

impl State {
    /// The requests so far that begin like this.
    pub fn requests(&self, beginning: &str) -> Vec<Request> {
        let like = |it: &&Request| it.line.starts_with(beginning);
        self.requests.iter().filter(like).cloned().collect()
    }

    /// Notes a request, and says what goes wrong with it.
    pub fn note(&mut self, request: Request) -> Option<Fault> {
        let fits = |it: &&mut (String, Fault, usize)| it.2 > 0 && request.line.starts_with(&it.0);
        let fault = self.faults.iter_mut().find(fits).map(|(_, fault, times)| {
            *times -= 1;
            *fault
        });
        self.requests.push(request);
        fault
    }

    /// The status and the body.
    pub fn answer(&mut self, request: &Request) -> (u16, Bytes) {
        let (method, uri) = request.line.split_once(' ').unwrap();
        let path = uri.split('?').next().unwrap();
        let parts: Vec<_> = path.trim_matches('/').split('/').collect();
        let password = BASE64_STANDARD.encode(format!("{}:{}", USER.0, USER.1));
        let expected = match parts[0] {
            "objects" => format!("Bearer {TOKEN}"),
            "uploads" | "result" => String::new(),
            _ => format!("Basic {password}"),
        };
        if !expected.is_empty() && request.header("authorization") != expected {
            return (401, "Unauthorized".into());
        }
        match (method, &parts[..]) {
            ("GET", ["v1", "tasks", _, "steps", _]) => (200, self.step.to_string().into()),
            ("PUT", ["v1", "accounts", _]) | ("POST", ["result"]) => (200, "{}".into()),
            (_, ["sailor-support", "hooks", "task", _, "startup", "data"]) => {
                self.startup_data(method, request)
            }
            ("POST", ["objects"]) => {
                let id = self.keep(&request.body);
                (201, json!({ "objectId": id }).to_string().into())
            }
            ("POST", ["v2", "resources", "storage", "signed-url"]) => {
                let id = self.keep(b"");
                let url = format!("{}/uploads/{id}", self.url);
                (
                    200,
                    json!({ "get_url": url, "put_url": url, "expires": 18_000 }).to_string().into(),
                )
            }
            ("PUT", ["uploads", id]) if self.objects.contains_key(*id) => {
                self.objects.insert((*id).to_owned(), request.body.clone());
                (200, Bytes::new())
            }
            ("GET", ["objects" | "uploads", id]) => match self.objects.get(*id) {
                Some(object) => (200, object.clone()),
                None => (404, r#"{"error":"no such object"}"#.into()),
            },
            _ => (404, "Not Found".into()),
        }
    }

    fn startup_data(&mut self, method: &str, request: &Request) -> (u16, Bytes) {
        match (method, self.startup.is_some()) {
            ("POST", true) => return (409, r#"{"error":"there is some"}"#.into()),
            ("POST", false) => self.startup = Some(request.json()),
            ("DELETE", _) => self.startup = None,
            (_, false) => return (404, r#"{"error":"there is none"}"#.into()),
            (_, true) => {}
        }
        (200, self.startup.as_ref().map_or_else(|| "{}".into(), Value::to_string).into())
    }

    fn keep(&mut self, bytes: &[u8]) -> String {
        let id = format!("object-{}", self.objects.len() + 1);
        self.objects.insert(id.clone(), Bytes::copy_from_slice(bytes));
        id
    }
}
