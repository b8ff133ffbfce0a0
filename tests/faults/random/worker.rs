//! One place where a worker runs, killed, stopped and started again, with a network of its own.

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::flow::Flow;
use crate::messages::Shape;
use crate::network::Network;
use crate::worker::Running;

/// How long a platform waits for a step to end, with some air for a busy machine.
const PATIENCE: Duration = Duration::from_secs(45);

/// What the names of the workers for messages of this shape begin with.
pub fn name(shape: Shape) -> &'static str {
    if shape == Shape::Bulk { "bulk" } else { "single" }
}

/// A place for a worker.
pub struct Place {
    pub network: Network,
    /// Such as `bulk 1`.
    name: String,
    shape: Shape,
    flow: Rc<Flow>,
    folder: PathBuf,
    running: Option<Running>,
    started: usize,
    /// From when on another one is to run.
    next: Instant,
    /// How long after its end the next one starts.
    wait: Duration,
    /// When it is killed if it has not stopped.
    deadline: Option<Instant>,
}

impl Place {
    pub fn new(
        number: usize,
        shape: Shape,
        flow: &Rc<Flow>,
        network: Network,
        folder: &Path,
    ) -> Self {
        Self {
            network,
            name: format!("{} {number}", name(shape)),
            shape,
            flow: Rc::clone(flow),
            folder: folder.to_owned(),
            running: None,
            started: 0,
            next: Instant::now(),
            wait: Duration::ZERO,
            deadline: None,
        }
    }

    /// The name of the process that runs here, or ran last.
    pub fn process(&self) -> String {
        format!("{}.{}", self.name, self.started)
    }

    /// Sees that one runs. What there is to tell of it.
    pub fn mind(&mut self) -> Option<String> {
        if let Some(running) = &mut self.running {
            let Some(code) = running.has_ended() else { return self.deadline_passes() };
            self.running = None;
            self.deadline = None;
            self.next = Instant::now() + std::mem::take(&mut self.wait);
            return Some(format!("{} has ended with {code}", self.process()));
        }
        (self.next <= Instant::now()).then(|| self.start())
    }

    /// Kills the process that runs here if it should have stopped by now.
    pub fn deadline_passes(&mut self) -> Option<String> {
        let running = self.running.as_ref()?;
        self.deadline.take_if(|it| *it <= Instant::now())?;
        running.signal("KILL");
        Some(format!("{} did not stop, and is killed", self.process()))
    }

    fn start(&mut self) -> String {
        self.started += 1;
        let log = self.folder.join(self.process());
        let worker = self.flow.worker(self.shape, &log).set("callTimeout", "5");
        let worker = match self.shape {
            Shape::Single => worker,
            Shape::Bulk => worker.set("batchSize", &self.shape.batch().to_string()),
        };
        let worker = worker
            .env("LOG_LEVEL", "info")
            .env("ELASTICIO_CONTAINER_ID", &self.process())
            .broker(self.network.broker())
            .journal(&self.network.journal())
            .server(&self.network.api());
        self.running = Some(worker.start());
        format!("{} starts", self.process())
    }

    /// Sends this signal; another worker starts so long after the end of this one. False if none runs.
    pub fn end(&mut self, signal: &str, wait: Duration) -> bool {
        let Some(running) = self.running.as_mut().filter(|_| self.deadline.is_none()) else {
            return false;
        };
        if running.has_ended().is_some() {
            return false;
        }
        running.signal(signal);
        self.wait = wait;
        self.deadline = Some(Instant::now() + PATIENCE);
        true
    }

    /// Lets another one run here at once.
    pub fn may_start(&mut self) {
        self.running = None;
        (self.next, self.wait, self.deadline) = (Instant::now(), Duration::ZERO, None);
    }

    /// Whether a process runs here.
    pub fn is_running(&mut self) -> bool {
        self.running.as_mut().is_some_and(|it| it.has_ended().is_none())
    }
}
