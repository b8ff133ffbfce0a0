//! A platform for one step, over HTTP on this machine: its REST API, an object store, and the address
//! that the result of a service call is posted to. It notes what it is asked, and fails on demand.

#![allow(dead_code, reason = "every test file uses a part of this")]

mod platform_api;

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::Response;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use platform_api::State;
pub use platform_api::{Fault, Request, TOKEN, USER};

/// The platform. It ends with the test.
pub struct Platform {
    /// Where the API is.
    pub url: String,
    shared: Arc<Shared>,
    _stop: oneshot::Sender<()>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    asked: Condvar,
}

impl Platform {
    /// One whose step has an empty configuration.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared::default());
        shared.state.lock().unwrap().url.clone_from(&url);
        let (stop, stopped) = oneshot::channel();
        let serving = serve(listener, Arc::clone(&shared));
        thread::spawn(move || {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = runtime.enable_all().build().unwrap();
            runtime.block_on(async {
                tokio::select! { () = serving => {}, _ = stopped => {} }
            });
        });
        let platform = Self { url, shared, _stop: stop };
        platform.set_step(json!({ "config": {}, "snapshot": {} }));
        platform
    }

    /// What it says about the step: `config`, `snapshot`, `is_passthrough`, `variables`.
    pub fn set_step(&self, step: Value) {
        self.shared.state.lock().unwrap().step = step;
    }

    /// Changes what it says about the step.
    pub fn change_step(&self, change: impl FnOnce(&mut Value)) {
        change(&mut self.shared.state.lock().unwrap().step);
    }

    /// Does this with the next so many requests that begin like this, such as `GET /v1/tasks`.
    pub fn fail(&self, beginning: &str, fault: Fault, times: usize) {
        self.shared.state.lock().unwrap().faults.push((beginning.to_owned(), fault, times));
    }

    /// The requests so far that begin like this.
    pub fn requests(&self, beginning: &str) -> Vec<Request> {
        self.shared.state.lock().unwrap().requests(beginning)
    }

    /// Waits until there are so many of them.
    pub fn wait_for(&self, count: usize, beginning: &str) -> Vec<Request> {
        let state = self.shared.state.lock().unwrap();
        let too_few = |it: &mut State| it.requests(beginning).len() < count;
        let limit = Duration::from_secs(60);
        let (state, late) = self.shared.asked.wait_timeout_while(state, limit, too_few).unwrap();
        assert!(!late.timed_out(), "only {:?}", state.requests(beginning));
        state.requests(beginning)
    }

    /// What the object store has, and what was uploaded to addresses that were signed.
    pub fn objects(&self) -> BTreeMap<String, Bytes> {
        self.shared.state.lock().unwrap().objects.clone()
    }

    /// Puts something into the object store.
    pub fn put_object(&self, id: &str, bytes: impl Into<Bytes>) {
        self.shared.state.lock().unwrap().objects.insert(id.to_owned(), bytes.into());
    }

    /// What was posted at the start and not deleted.
    pub fn startup(&self) -> Option<Value> {
        self.shared.state.lock().unwrap().startup.clone()
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let shared = Arc::clone(&shared);
        let service = service_fn(move |request| answer(Arc::clone(&shared), request));
        let connection = hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service);
        // A client that goes away is no failure of the platform.
        tokio::spawn(async move { connection.await.ok() });
    }
}

async fn answer(
    shared: Arc<Shared>,
    request: hyper::Request<Incoming>,
) -> Result<Response<Full<Bytes>>, &'static str> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| "cut off")?.to_bytes();
    let line = format!("{} {}", head.method, head.uri);
    let request = Request { line, headers: head.headers, body };
    let fault = shared.state.lock().unwrap().note(request.clone());
    shared.asked.notify_all();
    match fault {
        Some(Fault::Status(status, text)) => return Ok(reply(status, text)),
        Some(Fault::Late(time)) => tokio::time::sleep(time).await,
        Some(Fault::Silence) => std::future::pending().await,
        Some(Fault::Close) => return Err("closed on demand"),
        None => {}
    }
    let (status, bytes) = shared.state.lock().unwrap().answer(&request);
    Ok(reply(status, bytes))
}

fn reply(status: u16, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let response = Response::builder().status(status).header("content-type", "application/json");
    response.body(Full::new(body.into())).unwrap()
}
