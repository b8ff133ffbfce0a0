//! HTTP: the accept loop, the routes, and an operation's way from the request to
//! the answer.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE, HOST, RETRY_AFTER};
use axum::http::uri::Authority;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{Duration, sleep};

use super::fields::{Fields, Sources};
use super::reply::{Download, Refusal, Reply};
use super::{Accepts, App};
use super::{
    admin, blacklist, comptage, credit, directory, hlr, report, send, shortlink, subaccount,
};
use crate::trust;

/// An operation of the API: the key is checked, everything else is its own
/// affair.
type Operation = fn(&Arc<App>, &str, &Fields) -> Result<Reply, Refusal>;

/// A body that is larger is answered by HTTP 413.
const LARGEST_BODY: usize = 32 * 1024 * 1024;
const GET: MethodFilter = MethodFilter::GET;
const POST: MethodFilter = MethodFilter::POST;
const PUT: MethodFilter = MethodFilter::PUT;

/// How much of a file is read at a time.
const CHUNK: usize = 64 * 1024;

/// Serves until `stop` is sent or dropped, then closes every connection.
pub(super) async fn run(listener: TcpListener, app: Arc<App>, mut stop: oneshot::Receiver<()>) {
    let router = routes(&app);
    let is_local = app.options.listen.ip().is_loopback();
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stop => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, router.clone(), is_local));
                }
                Err(error) => {
                    // Out of file descriptors, most likely: give some time to
                    // those who hold them.
                    tracing::warn!(%error, "simulator: no connection accepted");
                    sleep(Duration::from_millis(20)).await;
                }
            },
        }
    }
    drop(listener);
    connections.shutdown().await;
}

/// Marks an answer that must not be written: the connection is closed instead.
#[derive(Clone, Copy, Debug)]
struct Dropped;

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("connection dropped on purpose")
    }
}

impl Error for Dropped {}

/// A service that fails makes hyper close the connection without a byte, which
/// no answer can do.
///
/// A page in a browser reaches this machine under a name of its own, which it lets point here. So where
/// nobody else is to be answered, no other name than this machine's own is.
async fn connection(stream: TcpStream, router: Router, is_local: bool) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "simulator: no TCP_NODELAY");
    }
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let is_ours = !is_local || request.headers().get(HOST).is_none_or(is_this_machine);
        let answer = is_ours.then(|| router.call(request));
        async move {
            let Some(answer) = answer else {
                return Ok((StatusCode::MISDIRECTED_REQUEST, ELSEWHERE).into_response());
            };
            match answer.await {
                Ok(answer) if answer.extensions().get::<Dropped>().is_some() => Err(Dropped),
                Ok(answer) => Ok(answer),
                Err(never) => match never {},
            }
        }
    });
    let served = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    if let Err(error) = served.await {
        tracing::trace!(%error, "simulator: connection ended");
    }
}

/// The answer to whoever asks for another host.
const ELSEWHERE: &str = "this simulator answers to localhost and to addresses of this machine; start it \
                         with --listen to be reached under other names\n";

/// Tells whether a host is this machine, whoever asks.
fn is_this_machine(host: &HeaderValue) -> bool {
    let authority = host.to_str().ok().and_then(|it| it.parse::<Authority>().ok());
    authority.is_some_and(|it| {
        let host = it.host().trim_matches(['[', ']']).trim_end_matches('.').to_ascii_lowercase();
        host.ends_with(".localhost") || trust::is_loopback(&host)
    })
}

fn routes(app: &Arc<App>) -> Router {
    let api = Router::new()
        .route("/sms", fixed(POST, send::sms))
        .route("/smsmulti", fixed(POST, send::smsmulti))
        .route("/comptage", fixed(POST, comptage::comptage))
        .route("/hlr", fixed(POST, hlr::hlr))
        .route("/repertoire", fixed(POST, directory::create).merge(fixed(PUT, directory::edit)))
        .route("/shortlink", fixed(POST, shortlink::shortlink))
        .route("/subaccount", fixed(POST, subaccount::add).merge(fixed(PUT, subaccount::edit)))
        .route("/credit", moved(app, GET, credit::credit))
        .route("/campagne", moved(app, GET, report::campagne))
        .route("/setlistenoire", moved(app, POST, blacklist::set))
        .route("/dellistenoire", moved(app, POST, blacklist::delete))
        .route("/getlistenoire", moved(app, POST, blacklist::get));
    Router::new()
        // Where others ask for report 2.
        .route("/cgi-bin/", moved(app, GET, report::campagne))
        .nest("/cgi-bin", api)
        .nest("/_simulator", admin::routes())
        .with_state(app.clone())
}

/// An operation whose fields have always stood in the body.
fn fixed(method: MethodFilter, operation: Operation) -> MethodRouter<Arc<App>> {
    let sources = Sources { query: false, json: true, form: true };
    route(method, sources, operation)
}

/// An operation whose fields moved from the query of one method to the body of
/// POST.
fn moved(app: &App, published: MethodFilter, operation: Operation) -> MethodRouter<Arc<App>> {
    let method = match app.options.requests {
        Accepts::Published => published,
        Accepts::Json | Accepts::Form => POST,
        Accepts::Any => published.or(POST),
    };
    route(method, app.options.requests.sources(), operation)
}

fn route(method: MethodFilter, sources: Sources, operation: Operation) -> MethodRouter<Arc<App>> {
    on(method, move |State(app): State<Arc<App>>, request: Request| {
        serve(app, request, sources, operation)
    })
}

async fn serve(
    app: Arc<App>,
    request: Request,
    sources: Sources,
    operation: Operation,
) -> Response {
    app.requests.fetch_add(1, Ordering::Relaxed);
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let reply = perform(&app, sources, operation, head.uri.query(), &body);
    // After the work, so that a client that gives up too early was served.
    if !app.options.latency.is_zero() {
        sleep(app.options.latency).await;
    }
    let answer = answer(reply).await;
    // The path only: the query may hold the key.
    tracing::debug!(
        path = head.uri.path(),
        status = answer.status().as_u16(),
        "simulator: request served"
    );
    answer
}

fn perform(
    app: &Arc<App>,
    sources: Sources,
    operation: Operation,
    query: Option<&str>,
    body: &Bytes,
) -> Reply {
    let replied = Fields::read(sources, query, body).and_then(|fields| {
        let key = fields.key()?;
        operation(app, &key, &fields)
    });
    replied.unwrap_or_else(Reply::from)
}

async fn answer(reply: Reply) -> Response {
    match reply {
        Reply::Json(status, text) => {
            let media = HeaderValue::from_static("application/json; charset=utf-8");
            (status, [(CONTENT_TYPE, media)], text).into_response()
        }
        Reply::Page { status, media, text, retry_after } => {
            let mut answer = (status, [(CONTENT_TYPE, media)], text).into_response();
            if let Some(seconds) = retry_after {
                answer.headers_mut().insert(RETRY_AFTER, u16::from(seconds).into());
            }
            answer
        }
        Reply::Download(download) => file(download).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "simulator: no report made");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }),
        Reply::Dropped => {
            let mut answer = Response::default();
            answer.extensions_mut().insert(Dropped);
            answer
        }
        Reply::Silent => std::future::pending().await,
    }
}

/// Makes a file and streams it in chunks.
async fn file(download: Download) -> io::Result<Response> {
    let Download { media, name, make } = download;
    let file = tokio::task::spawn_blocking(make).await??;
    let length = file.metadata()?.len();
    let file = tokio::fs::File::from_std(file);
    let chunks = futures_util::stream::try_unfold(file, |mut file| async move {
        let mut chunk = vec![0; CHUNK];
        let read = file.read(&mut chunk).await?;
        chunk.truncate(read);
        io::Result::Ok((read > 0).then_some((chunk, file)))
    });
    let headers = [
        (CONTENT_TYPE, media.to_owned()),
        (CONTENT_LENGTH, length.to_string()),
        (CONTENT_DISPOSITION, format!("attachment; filename={name}")),
    ];
    Ok((headers, Body::from_stream(chunks)).into_response())
}
