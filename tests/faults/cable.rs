//! A way to a broker whose connections can be cut, or fall silent, each for itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;

use super::stage::{runtime, until};

/// The connection that a step takes its messages from, as it calls it.
pub const READ: &str = "step-read";
/// The one that it publishes on.
pub const WRITE: &str = "step-write";

/// What happens to a connection.
#[derive(Debug, Clone, Copy)]
pub enum Break {
    /// Both ends see it end.
    Cut,
    /// Nothing goes over it any more, and nobody is told.
    Silence,
}

/// A way to a broker.
pub struct Cable {
    uri: String,
    orders: broadcast::Sender<(&'static str, Break)>,
    done: Arc<AtomicUsize>,
}

impl Cable {
    /// A way to the broker at this address.
    pub fn to(uri: &str) -> Self {
        let server = uri.split(['@', '/']).nth(3).unwrap().to_owned();
        let listener = runtime().block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let (orders, done) = (broadcast::Sender::new(16), Arc::new(AtomicUsize::new(0)));
        let cable = Self {
            uri: uri.replace(&server, &address.to_string()),
            orders: orders.clone(),
            done: Arc::clone(&done),
        };
        runtime().spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (server, orders) = (server.clone(), orders.subscribe());
                tokio::spawn(pass(client, server, orders, Arc::clone(&done)));
            }
        });
        cable
    }

    /// The broker's address on this way.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// Breaks the connection of this name, which must be there.
    pub fn order(&self, name: &'static str, what: Break) {
        let before = self.done.load(Ordering::Relaxed);
        self.orders.send((name, what)).unwrap();
        until("a connection broke", || self.done.load(Ordering::Relaxed) > before);
    }
}

async fn pass(
    mut client: TcpStream,
    server: String,
    mut orders: broadcast::Receiver<(&'static str, Break)>,
    done: Arc<AtomicUsize>,
) {
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    let (mut asked, mut answered) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    let mut name = None;
    let broken = loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Some(read) = read.ok().filter(|it| *it > 0) else { return };
                name = name.or_else(|| said(&asked[..read]));
                if server.write_all(&asked[..read]).await.is_err() { return }
            }
            read = server.read(&mut answered) => {
                let Some(read) = read.ok().filter(|it| *it > 0) else { return };
                if client.write_all(&answered[..read]).await.is_err() { return }
            }
            order = orders.recv() => match order {
                Ok((whose, what)) if Some(whose) == name => break what,
                _ => {}
            }
        }
    };
    done.fetch_add(1, Ordering::Relaxed);
    match broken {
        Break::Cut => {}
        Break::Silence => std::future::pending().await,
    }
}

/// The name that a client gives its connection.
fn said(bytes: &[u8]) -> Option<&'static str> {
    let holds = |name: &&str| bytes.windows(name.len()).any(|it| it == name.as_bytes());
    [READ, WRITE].into_iter().find(holds)
}
