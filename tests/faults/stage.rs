//! What a row plays on: an API of its own, a journal of its own, and the runs over both.

use std::cell::Cell;
use std::collections::HashSet;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use isendpro_connector::simulator::{Options, Simulator, start};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::count::Count;
use super::flow::Flow;
use super::messages::{Messages, Shape, Thing};
use super::pipe::Pipe;
use super::row::Role;
use super::store::{Journal, Store};
use super::worker::{Running, Worker};

/// What no step of a row should ever take.
const LIMIT: Duration = Duration::from_secs(120);
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
pub fn until(what: &str, holds: impl FnMut() -> bool) {
    assert!(soon(LIMIT, holds), "it never came that {what}");
}

/// Looks whether it comes to hold in this time.
pub fn soon(time: Duration, mut holds: impl FnMut() -> bool) -> bool {
    let began = Instant::now();
    loop {
        if holds() {
            return true;
        }
        if began.elapsed() > time {
            return false;
        }
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
    /// What every run of the row is given, so that all of them are runs of the same messages.
    args: &'static [&'static str],
    around: Around,
    /// Faults of the API that are to happen and did not yet.
    planned: Cell<bool>,
}

/// What is around the runs.
enum Around {
    Pipe(Pipe),
    Flow(Rc<Flow>),
}

impl Stage {
    /// An API and a journal that know nothing yet, and 500 messages.
    pub fn new(role: Role, store: Store, shape: Shape) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = Options { latency: LATENCY, ..Options::default() };
        Self {
            shape,
            messages: Messages::plain(shape),
            journal: Journal::new(store, folder.path()),
            api: runtime().block_on(start(options)).unwrap(),
            folder,
            runs: Cell::new(0),
            args: &[],
            around: match role {
                Role::Pipe => Around::Pipe(Pipe::default()),
                Role::Step => Around::Flow(Flow::new()),
            },
            planned: Cell::new(false),
        }
    }

    /// Has these messages sent once for each id, by all runs of the row.
    pub fn once_per_id(&mut self, messages: Messages) {
        self.messages = messages;
        self.args = &["--once-per-id"];
    }

    /// Has the coming runs know nothing of what was sent once for each id.
    pub fn as_if_new(&mut self) {
        self.args = &[];
    }

    /// Host and port of the API.
    pub fn host(&self) -> SocketAddr {
        self.api.address()
    }

    /// A file of the row.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The flow, of a step.
    pub fn flow(&self) -> &Flow {
        match &self.around {
            Around::Flow(flow) => flow,
            Around::Pipe(_) => panic!("this row is for the step"),
        }
    }

    /// A run of all messages that is not started yet; of a step, of those that are left.
    pub fn run(&self) -> Worker {
        if let Around::Flow(flow) = &self.around {
            if !flow.is_given() {
                flow.give(&self.messages.lines);
            }
            return self.bare_run();
        }
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
        let (output, errors) = (format!("results {number}"), format!("errors {number}"));
        let errors = self.file(&errors);
        let worker = match &self.around {
            Around::Pipe(pipe) => pipe.worker(self.shape, self.file(&output), &errors),
            Around::Flow(flow) => flow.worker(self.shape, &errors),
        };
        let worker = match self.shape {
            Shape::Single => worker,
            Shape::Bulk => worker.set("batchSize", &self.shape.batch().to_string()),
        };
        worker.server(&self.api.url()).journal(&self.journal.address()).args(self.args)
    }

    /// Gives these messages to a run that has got none.
    pub fn feed(&self, running: &mut Running, lines: &[String]) {
        match &self.around {
            Around::Pipe(_) => running.feed(lines),
            Around::Flow(flow) => flow.give(lines),
        }
    }

    /// The results of all runs so far, in the order in which they were made.
    pub fn outputs(&self) -> Vec<String> {
        match &self.around {
            Around::Pipe(pipe) => pipe.outputs(),
            Around::Flow(flow) => vec![flow.words()],
        }
    }

    /// How many results there are.
    pub fn results(&self) -> usize {
        match &self.around {
            Around::Pipe(pipe) => pipe.results(),
            Around::Flow(flow) => flow.results(),
        }
    }

    /// How many requests were made.
    pub fn requests(&self) -> u64 {
        self.api.requests()
    }

    /// How many of these have arrived.
    pub fn arrived(&self, things: &[Thing]) -> usize {
        let sent: HashSet<_> = self.api.sent().into_iter().map(|it| it.tel).collect();
        things.iter().filter(|it| sent.contains(&it.tel)).count()
    }

    /// The run that ends it: it carries all that is left.
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
        until("all faults have happened", || self.left() == 0);
        self.planned.set(false);
    }

    /// How many have still to go wrong.
    pub fn left(&self) -> u64 {
        self.ask("GET", "faults", "")["remaining"].as_u64().unwrap()
    }

    /// Lets no more go wrong.
    pub fn heal(&self) {
        self.ask("DELETE", "faults", "");
        self.planned.set(false);
    }

    /// What became of each recipient.
    pub fn count(&self) -> Count {
        if let Around::Flow(flow) = &self.around {
            while flow.is_waiting() {
                self.finish();
            }
            let count = self.count_now();
            if count.lost == 0 || !flow.comes_to_wait() {
                return count;
            }
            self.finish();
        }
        self.count_now()
    }

    fn count_now(&self) -> Count {
        if self.planned.get() {
            assert_eq!(self.left(), 0, "not all faults happened");
        }
        Count::new(&self.messages.things, &self.outputs(), &self.api.sent())
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> Value {
        ask(self.host(), method, path, body)
    }
}

/// Asks a simulator what is not the API.
pub fn ask(host: SocketAddr, method: &str, path: &str, body: &str) -> Value {
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    let head = format!("{method} /_simulator/{path} HTTP/1.1\r\nhost: {host}\r\n");
    let length = format!("connection: close\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all((head + &length + body).as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}
