//! What a row plays on: an API of its own, a journal of its own, and the runs over both.

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use isendpro_connector::simulator::{Options, Simulator, start};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::count::Count;
use super::messages::{Messages, Shape};
use super::store::{Journal, Store};
use super::worker::Worker;

/// What no step of a row should ever take.
const LIMIT: Duration = Duration::from_secs(60);
/// How long the API takes to answer.
const LATENCY: Duration = Duration::from_millis(20);

/// Where the simulators and the proxies of all rows run.
pub fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Runtime::new().unwrap())
}

/// A pause: that of a fault, or between two looks at something.
pub fn pause(time: Duration) {
    runtime().block_on(async { tokio::time::sleep(time).await });
}

/// Looks until it holds.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < LIMIT, "it never came that {what}");
        pause(Duration::from_millis(2));
    }
}

/// What a row plays on.
pub struct Stage {
    pub shape: Shape,
    pub messages: Messages,
    pub journal: Journal,
    api: Simulator,
    folder: TempDir,
    runs: Cell<usize>,
    outputs: RefCell<Vec<PathBuf>>,
    /// Faults of the API that are to happen and did not yet.
    planned: Cell<bool>,
}

impl Stage {
    /// An API and a journal that know nothing yet, and 500 messages.
    pub fn new(store: Store, shape: Shape) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = Options { latency: LATENCY, ..Options::default() };
        Self {
            shape,
            messages: Messages::plain(shape),
            journal: Journal::new(store, folder.path()),
            api: runtime().block_on(start(options)).unwrap(),
            folder,
            runs: Cell::new(0),
            outputs: RefCell::default(),
            planned: Cell::new(false),
        }
    }

    /// Host and port of the API.
    pub fn host(&self) -> std::net::SocketAddr {
        self.api.address()
    }

    /// A file of the row.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A run of all messages that is not started yet.
    pub fn run(&self) -> Worker {
        let input = self.file("messages");
        std::fs::write(&input, self.messages.lines.concat()).unwrap();
        self.run_of(&input)
    }

    /// A run of the messages in this file.
    pub fn run_of(&self, input: &Path) -> Worker {
        let worker = self.bare_run();
        worker.input(File::open(input).unwrap())
    }

    /// A run whose messages are still to be written.
    pub fn bare_run(&self) -> Worker {
        let number = self.runs.replace(self.runs.get() + 1);
        let output = self.file(&format!("results {number}"));
        self.outputs.borrow_mut().push(output.clone());
        let worker = Worker::new(self.shape, output, &self.file(&format!("errors {number}")));
        worker.server(&self.api.url()).journal(&self.journal.address())
    }

    /// The results of all runs so far, in the order in which they were made.
    pub fn outputs(&self) -> Vec<String> {
        let read = |it: &PathBuf| std::fs::read_to_string(it).unwrap_or_default();
        self.outputs.borrow().iter().map(read).collect()
    }

    /// The run that ends it: it reaches the end of its input.
    pub fn finish(&self) {
        self.run().start().ended();
    }

    /// Waits until this share of all requests was made.
    pub fn reached(&self, share: f64) {
        let requests = self.shape.requests() as f64 * share;
        let place = format!("{:.0} % of the requests are made", share * 100.0);
        until(&place, || self.api.requests() as f64 >= requests);
    }

    /// Makes every n-th of the coming requests go wrong, so many times.
    pub fn fail(&self, fault: &str, taken: Option<bool>, every: usize, times: usize) {
        let mut plan = json!({"every": every, "fault": fault, "remaining": times});
        if let Some(taken) = taken {
            plan["taken"] = taken.into();
        }
        self.ask("PUT", "faults", &plan.to_string());
        self.planned.set(true);
    }

    /// Waits until all of these have gone wrong.
    pub fn failed(&self) {
        until("all faults have happened", || self.ask("GET", "faults", "")["remaining"] == 0);
        self.planned.set(false);
    }

    /// What became of each recipient.
    pub fn count(&self) -> Count {
        if self.planned.get() {
            assert_eq!(self.ask("GET", "faults", "")["remaining"], 0, "not all faults happened");
        }
        Count::new(&self.messages.things, &self.outputs(), &self.api.sent())
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> Value {
        let mut stream = TcpStream::connect(self.host()).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        let head = format!("{method} /_simulator/{path} HTTP/1.1\r\nhost: x\r\n");
        let length = format!("connection: close\r\ncontent-length: {}\r\n\r\n", body.len());
        stream.write_all((head + &length + body).as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
    }
}
