//! Proxies that break connections in ways in which no server does on its own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use super::stage::runtime;

/// How long a client may take to see the end of its connection.
const SEES: Duration = Duration::from_secs(1);

/// A socket of this port of this machine, or of any free one. As long as it does not listen,
/// connections are refused.
fn bound(port: u16) -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    // So that a second one can hold the port while the first one goes.
    socket.set_reuseport(true).unwrap();
    socket.bind(SocketAddr::from(([127, 0, 0, 1], port))).unwrap();
    socket
}

/// A way to a server that can be closed and opened.
pub struct Gate {
    server: SocketAddr,
    port: u16,
    open: Option<Open>,
    closed: Option<TcpSocket>,
}

struct Open {
    leave: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

impl Gate {
    /// An open one.
    pub fn to(server: SocketAddr) -> Self {
        let _context = runtime().enter();
        let socket = bound(0);
        let port = socket.local_addr().unwrap().port();
        let mut gate = Self { server, port, open: None, closed: Some(socket) };
        gate.open();
        gate
    }

    /// Where it is.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// The address of the API behind it.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/cgi-bin", self.port)
    }

    /// Opens it.
    pub fn open(&mut self) {
        let _context = runtime().enter();
        let listener = self.closed.take().unwrap().listen(1024).unwrap();
        let (leave, left) = watch::channel(false);
        let accepting = runtime().spawn(accept(listener, self.server, left));
        self.open = Some(Open { leave, accepting });
    }

    /// Closes it: connections are refused from now on. Those that were made end as a server ends
    /// them; when this returns, the client has seen the end of each, or did not look for a second.
    pub fn close(&mut self) {
        let Open { leave, accepting } = self.open.take().unwrap();
        self.closed = Some(runtime().block_on(async { bound(self.port) }));
        leave.send_replace(true);
        runtime().block_on(accepting).unwrap();
    }
}

async fn accept(listener: TcpListener, server: SocketAddr, mut left: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    let mut leaving = left.clone();
    let gone = async move { leaving.wait_for(|it| *it).await.is_ok() };
    tokio::pin!(gone);
    loop {
        tokio::select! {
            _ = &mut gone => break,
            client = listener.accept() => {
                connections.spawn(pass(client.unwrap().0, server, left.clone()));
            }
        }
    }
    drop(listener);
    left.mark_unchanged();
    connections.join_all().await;
}

async fn pass(mut client: TcpStream, server: SocketAddr, mut left: watch::Receiver<bool>) {
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    tokio::select! {
        _ = copy_bidirectional(&mut client, &mut server) => return,
        _ = left.wait_for(|it| *it) => {}
    }
    client.shutdown().await.ok();
    let mut rest = tokio::io::sink();
    tokio::time::timeout(SEES, tokio::io::copy(&mut client, &mut rest)).await.ok();
}

/// A way to a server that closes each connection over which nothing went for this long.
pub fn impatient(server: SocketAddr, idle: Duration) -> String {
    let _context = runtime().enter();
    let listener = bound(0).listen(1024).unwrap();
    let url = format!("http://{}/cgi-bin", listener.local_addr().unwrap());
    runtime().spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(pass_while_busy(client, server, idle));
        }
    });
    url
}

async fn pass_while_busy(mut client: TcpStream, server: SocketAddr, idle: Duration) {
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    let (mut request, mut answer) = ([0; 16 * 1024], [0; 16 * 1024]);
    let mut answered = true;
    loop {
        tokio::select! {
            read = client.read(&mut request) => {
                let Some(read) = read.ok().filter(|it| *it > 0) else { return };
                answered = false;
                if server.write_all(&request[..read]).await.is_err() { return }
            }
            read = server.read(&mut answer) => {
                let Some(read) = read.ok().filter(|it| *it > 0) else { return };
                answered = true;
                if client.write_all(&answer[..read]).await.is_err() { return }
            }
            () = tokio::time::sleep(idle), if answered => return,
        }
    }
}

/// How the call of a script of the journal goes on after the script's name: its number of keys.
pub const CLAIM: &str = "$1\r\n5\r\n";
/// The same for a record.
pub const RECORD: &str = "$1\r\n3\r\n";

/// The name of a script after the word: `$40`, and 40 digits.
const SCRIPT: &[u8] = b"EVALSHA\r\n";
const NAME: usize = "$40\r\n".len() + 40 + 2;

/// A way to a Redis that forwards scripts of a kind, and cuts the connection before the answer.
pub struct Cutter {
    address: SocketAddr,
    cuts: Arc<Cuts>,
}

struct Cuts {
    script: &'static str,
    every: usize,
    times: usize,
    seen: AtomicUsize,
    made: AtomicUsize,
}

impl Cutter {
    /// A way to the Redis at this port that loses the answer to every n-th script, so many times.
    pub fn to(port: u16, script: &'static str, every: usize, times: usize) -> Self {
        let _context = runtime().enter();
        let listener = bound(0).listen(64).unwrap();
        let address = listener.local_addr().unwrap();
        let (seen, made) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let cuts = Arc::new(Cuts { script, every, times, seen, made });
        let shared = Arc::clone(&cuts);
        runtime().spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass_and_cut(client, port, Arc::clone(&shared)));
            }
        });
        Self { address, cuts }
    }

    /// Its address, as a journal.
    pub fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    /// How many connections were cut.
    pub fn cuts(&self) -> usize {
        self.cuts.made.load(Ordering::Relaxed).min(self.cuts.times)
    }
}

impl Cuts {
    /// Whether the connection is to be cut after this request.
    fn pick(&self, request: &[u8]) -> bool {
        let calls = request.windows(SCRIPT.len()).enumerate().filter(|it| it.1 == SCRIPT);
        let meant = calls.filter(|(place, _)| {
            let rest = request.get(place + SCRIPT.len() + NAME..).unwrap_or_default();
            rest.starts_with(self.script.as_bytes())
        });
        let count = meant.count();
        let before = self.seen.fetch_add(count, Ordering::Relaxed);
        let due = before / self.every != (before + count) / self.every;
        due && self.made.fetch_add(1, Ordering::Relaxed) < self.times
    }
}

async fn pass_and_cut(mut client: TcpStream, port: u16, cuts: Arc<Cuts>) {
    let Ok(mut server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
    let (mut request, mut answer) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    loop {
        tokio::select! {
            read = client.read(&mut request) => {
                let Some(read) = read.ok().filter(|it| *it > 0) else { return };
                if server.write_all(&request[..read]).await.is_err() { return }
                if cuts.pick(&request[..read]) {
                    // It was carried out when its answer is there.
                    server.read_u8().await.ok();
                    return;
                }
            }
            read = server.read(&mut answer) => {
                let Some(read) = read.ok().filter(|it| *it > 0) else { return };
                if client.write_all(&answer[..read]).await.is_err() { return }
            }
        }
    }
}
