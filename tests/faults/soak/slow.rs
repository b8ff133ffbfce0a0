//! A way to the API on which answers can be held up.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::stage::{pause, runtime};

/// The way.
pub struct Slow {
    /// Where it begins.
    pub address: SocketAddr,
    held: watch::Sender<bool>,
}

impl Slow {
    /// A way to this server.
    pub fn to(server: SocketAddr) -> Self {
        let listener = runtime().block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let (held, _) = watch::channel(false);
        let orders = held.clone();
        runtime().spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(client, server, orders.subscribe()));
            }
        });
        Self { address, held }
    }

    /// Holds all answers for this long.
    pub fn hold(&self, time: Duration) {
        self.hold_all(true);
        pause(time);
        self.hold_all(false);
    }

    /// Holds all answers, or lets them go.
    pub fn hold_all(&self, held: bool) {
        self.held.send_replace(held);
    }
}

async fn pass(client: TcpStream, server: SocketAddr, mut held: watch::Receiver<bool>) {
    let Ok(server) = TcpStream::connect(server).await else { return };
    let ((mut asking, mut asked), (mut answers, mut asks)) =
        (client.into_split(), server.into_split());
    let requests = tokio::spawn(async move {
        tokio::io::copy(&mut asking, &mut asks).await.ok();
    });
    let mut answer = vec![0; 16 * 1024];
    while let Some(read) = answers.read(&mut answer).await.ok().filter(|it| *it > 0) {
        if held.wait_for(|it| !*it).await.is_err()
            || asked.write_all(&answer[..read]).await.is_err()
        {
            break;
        }
    }
    requests.abort();
}
