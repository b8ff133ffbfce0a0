//! The other end of a benchmark: a minimal hyper server with one fixed answer after a fixed time.
//! The parent starts it as a process of its own; it ends when its standard input does.

use std::convert::Infallible;
use std::io::Write as _;
use std::time::Duration;

use anyhow::Result;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

const ACCEPTED: &[u8] = br#"{"etat":{"etat":[{"code":"0","tel":"33680010203","message":"Votre message a bien ete envoye"}]}}"#;

/// Serves on a free port of 127.0.0.1, which it prints, until standard input ends. Each answer takes
/// `latency`.
///
/// One thread: on two cores a second one takes more from the client than it gives.
pub fn run(latency: Duration) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let mut stdout = std::io::stdout();
        writeln!(stdout, "{}", listener.local_addr()?.port())?;
        stdout.flush()?;
        tokio::spawn(accept(listener, latency));
        tokio::io::copy(&mut tokio::io::stdin(), &mut tokio::io::sink()).await?;
        Ok(())
    })
}

async fn accept(listener: TcpListener, latency: Duration) {
    while let Ok((stream, _)) = listener.accept().await {
        // Both sides do the same, or small answers would wait for the other's acknowledgement.
        if stream.set_nodelay(true).is_err() {
            continue;
        }
        // A connection that the client drops is no event here.
        tokio::spawn(
            hyper::server::conn::http1::Builder::new()
                .pipeline_flush(true)
                .serve_connection(TokioIo::new(stream), service_fn(move |it| answer(it, latency))),
        );
    }
}

async fn answer(
    request: Request<Incoming>,
    latency: Duration,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let known = request.method() == Method::POST && request.uri().path() == "/cgi-bin/sms";
    let mut body = request.into_body();
    while let Some(Ok(_)) = body.frame().await {}
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    let mut response = Response::new(Full::new(Bytes::from_static(ACCEPTED)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if !known {
        *response.status_mut() = StatusCode::NOT_FOUND;
        *response.body_mut() = Full::default();
    }
    Ok(response)
}
