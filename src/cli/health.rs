//! `isendpro health`: how another process of this machine does, for a container that has no curl.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context as _, bail};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpStream, lookup_host};

use super::{FAILED, Usage};
use crate::catalog::METRICS_ADDR;

/// How long the answer may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// What of an answer is read.
const LONGEST: usize = 64 << 10;

/// Arguments of `health`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Ask whether it lives, and not whether it carries messages
    #[arg(long)]
    live: bool,
    /// Where it answers
    #[arg(long, value_name = "HOST:PORT", env = METRICS_ADDR, hide_env_values = true)]
    at: Option<String>,
}

/// Asks, and says what the answer was: 0 if all is well, else 1.
pub fn main(args: &Args) -> anyhow::Result<u8> {
    let Some(at) = args.at.as_deref().filter(|it| !it.is_empty()) else {
        bail!(Usage(format!(
            "where? set {METRICS_ADDR} as it is set for that process, or give --at"
        )));
    };
    let path = if args.live { "/healthz" } else { "/readyz" };
    let asked = async {
        let asked = tokio::time::timeout(PATIENCE, ask(at, path));
        asked.await.with_context(|| format!("no answer within {} s", PATIENCE.as_secs()))?
    };
    let (status, said) = super::runtime()?
        .block_on(asked)
        .with_context(|| format!("nobody tells at {at} how the process does"))?;
    super::print(&said)?;
    Ok(if status == StatusCode::OK { 0 } else { FAILED })
}

async fn ask(at: &str, path: &str) -> anyhow::Result<(StatusCode, String)> {
    let addresses: Vec<SocketAddr> = lookup_host(at).await?.map(here).collect();
    let stream = TcpStream::connect(addresses.as_slice()).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let request = Request::get(path).header("host", at).body(Empty::<Bytes>::new())?;
    let (head, body) = sender.send_request(request).await.map(Response::into_parts)?;
    let body = Limited::new(body, LONGEST).collect().await;
    let body = body.map_err(|_| anyhow::anyhow!("the answer is none of this program's"))?;
    Ok((head.status, String::from_utf8_lossy(&body.to_bytes()).into_owned()))
}

/// Whoever listens everywhere is asked here.
fn here(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}
