//! A local iSendPro: the SMS API over HTTP, with accounts that have credit, and
//! with recipients whose numbers make it misbehave. It sends nothing.
//!
//! It shares no type with a client, so that the two cannot agree on the same
//! mistake; its answers keep the inconsistencies that the API is known for.
//! Where a return code of the API is not public, the simulator has its own,
//! above 900. `docs/simulator.md` lists accounts, scenarios, faults and codes.
//!
//! The command line starts one, `--server simulator` starts one inside the
//! process, and tests start as many as they like:
//!
//! ```no_run
//! # use isendpro_connector::simulator::{self, Options};
//! # async fn run() -> std::io::Result<()> {
//! let simulator = simulator::start(Options::default()).await?;
//! let url = format!("{}/sms", simulator.url());
//! // ... send something to `url` ...
//! assert_eq!(simulator.sent().len(), 1);
//! simulator.stop().await;
//! # Ok(())
//! # }
//! ```

mod account;
mod admin;
mod blacklist;
mod codes;
mod comptage;
mod credit;
mod directory;
mod fields;
mod hlr;
mod ledger;
mod message;
mod money;
mod number;
mod reply;
mod report;
mod scenario;
mod schedule;
mod send;
mod server;
mod shortlink;
mod subaccount;
mod text;

#[cfg(test)]
mod tests;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub use ledger::Sent;

use account::Accounts;
use fields::Sources;
use ledger::Ledger;
use money::Money;
use scenario::{Faults, Throttled};

/// How a simulator behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen. By default the loopback address with a free port: an
    /// address that others reach has to be asked for.
    pub listen: SocketAddr,
    /// How long every API answer waits, after the request took effect. None by
    /// default.
    pub latency: Duration,
    /// Credit of a new account, in euros; may be below zero. 1000 by default.
    pub credit: f64,
    /// Price of a part, in euros. 0.05 by default; 0 or less makes everything free.
    pub price: f64,
    /// When set, `getCampagne` answers this many made-up rows for any account
    /// and any time.
    pub report_rows: Option<u64>,
    /// When set, `getListeNoire` answers this many made-up numbers.
    pub blacklist_rows: Option<u64>,
    /// Where the five moved operations look for their fields.
    pub requests: Accepts,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            latency: Duration::ZERO,
            credit: 1000.0,
            price: 0.05,
            report_rows: None,
            blacklist_rows: None,
            requests: Accepts::Any,
        }
    }
}

/// The request styles of credit, campagne and the three blacklist operations.
/// They were published with a query, and seem to have moved to a body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Accepts {
    /// As published: `GET` for credit and campagne, `POST` for the blacklist, the
    /// fields in the query.
    Published,
    /// `POST` with a JSON body.
    Json,
    /// `POST` with a form body.
    Form,
    /// All of them.
    #[default]
    Any,
}

impl Accepts {
    fn sources(self) -> Sources {
        Sources {
            query: matches!(self, Self::Published | Self::Any),
            json: matches!(self, Self::Json | Self::Any),
            form: matches!(self, Self::Form | Self::Any),
        }
    }
}

/// A simulator that runs. It stops when it is dropped.
#[derive(Debug)]
pub struct Simulator {
    address: SocketAddr,
    app: Arc<App>,
    task: JoinHandle<()>,
    // Dropped with the simulator, and that is the signal.
    stop: oneshot::Sender<()>,
}

/// Starts a simulator on the current tokio runtime. Fails when it cannot listen
/// on the address.
pub async fn start(options: Options) -> io::Result<Simulator> {
    let listener = TcpListener::bind(options.listen).await?;
    let address = listener.local_addr()?;
    let app = Arc::new(App::new(options));
    let (stop, stopped) = oneshot::channel();
    let task = tokio::spawn(server::run(listener, app.clone(), stopped));
    Ok(Simulator { address, app, task, stop })
}

impl Simulator {
    /// The address that it listens on, with the port in place of 0.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base address of the API, without a slash at the end:
    /// `http://127.0.0.1:PORT/cgi-bin`.
    pub fn url(&self) -> String {
        format!("http://{}/cgi-bin", self.address)
    }

    /// The ledger: every message taken, oldest first, those of sandbox requests
    /// marked. A copy; at millions of messages prefer the counts over HTTP.
    pub fn sent(&self) -> Vec<Sent> {
        self.app.ledger().sent()
    }

    /// How many requests reached an operation of the API, refused ones included.
    pub fn requests(&self) -> u64 {
        self.app.requests.load(Ordering::Relaxed)
    }

    /// Stops listening and closes all connections, also those that wait for an
    /// answer; returns when that is done.
    pub async fn stop(self) {
        let Self { stop, task, .. } = self;
        drop(stop);
        if let Err(error) = task.await {
            tracing::warn!(%error, "simulator: ended badly");
        }
    }
}

/// What all requests share. Each lock is held for one step without a wait; none
/// is taken while another one is held.
#[derive(Debug)]
struct App {
    options: Options,
    requests: AtomicU64,
    accounts: Mutex<Accounts>,
    ledger: Mutex<Ledger>,
    faults: Mutex<Faults>,
    throttled: Mutex<Throttled>,
}

impl App {
    fn new(options: Options) -> Self {
        let price = Money::euros(options.price.max(0.0));
        let accounts = Accounts::new(Money::euros(options.credit), price);
        Self {
            options,
            requests: AtomicU64::new(0),
            accounts: Mutex::new(accounts),
            ledger: Mutex::default(),
            faults: Mutex::default(),
            throttled: Mutex::default(),
        }
    }

    fn accounts(&self) -> MutexGuard<'_, Accounts> {
        lock(&self.accounts)
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        lock(&self.ledger)
    }

    fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.faults)
    }

    fn throttled(&self) -> MutexGuard<'_, Throttled> {
        lock(&self.throttled)
    }
}

/// A panic under a lock fails its own request; the others go on.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
