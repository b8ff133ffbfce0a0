//! A queue, at least once: what a process that is gone, or has lost its connection, had not acknowledged
//! comes again, and says so.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::world::{Process, World};

/// One message in the queue.
#[derive(Debug, Clone, Default)]
pub struct Delivery {
    /// Its place in the book.
    pub message: usize,
    /// Whether its body asks to send what may have been sent.
    pub resend: bool,
    /// How often it was put back, and since when.
    pub rebounds: u32,
    pub since: Option<Timestamp>,
    /// What it is called since then, if it has no id.
    pub given: Option<String>,
    /// Whether there may be two of it since then.
    pub repeated: bool,
    pub redelivered: bool,
}

/// Tells the broker the end of a delivery.
pub type Tag = u64;

#[derive(Debug, Default)]
pub struct Broker {
    queue: VecDeque<Delivery>,
    unacknowledged: BTreeMap<Tag, (Process, Delivery)>,
    connections: BTreeMap<Process, u64>,
    tags: Tag,
}

impl Broker {
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty() && self.unacknowledged.is_empty()
    }

    /// The next delivery for this process, and the number of the connection that it comes on.
    pub fn take(&mut self, process: Process) -> Option<(Tag, u64, Delivery)> {
        let delivery = self.queue.pop_front()?;
        self.tags += 1;
        self.unacknowledged.insert(self.tags, (process, delivery.clone()));
        Some((self.tags, self.connections.get(&process).copied().unwrap_or(0), delivery))
    }

    /// A name that nothing else has.
    pub fn name(&mut self) -> String {
        self.tags += 1;
        format!("given-{}", self.tags)
    }

    /// Hears the end of a delivery; false if it came too late.
    pub fn hear(&mut self, tag: Tag) -> bool {
        self.unacknowledged.remove(&tag).is_some()
    }

    /// A connection is gone: what it has not acknowledged comes again.
    fn lose(&mut self, process: Process) -> usize {
        *self.connections.entry(process).or_default() += 1;
        let of_process = |it: &(&Tag, &(Process, Delivery))| it.1.0 == process;
        let tags: Vec<Tag> =
            self.unacknowledged.iter().filter(of_process).map(|it| *it.0).collect();
        for tag in tags.iter().rev() {
            if let Some((_, delivery)) = self.unacknowledged.remove(tag) {
                self.queue.push_front(Delivery { redelivered: true, ..delivery });
            }
        }
        tags.len()
    }
}

impl World {
    /// Puts a message into the queue.
    pub fn enqueue(&self, delivery: Delivery) {
        self.lock().broker.queue.push_back(delivery);
        self.arrived.notify_waiters();
    }

    /// Puts it there after a while.
    pub fn enqueue_later(self: &Arc<Self>, delivery: Delivery, wait: Duration) {
        self.later(wait, move |world| world.enqueue(delivery));
    }

    /// Does something after a while.
    pub fn later(self: &Arc<Self>, wait: Duration, act: impl FnOnce(&Arc<Self>) + Send + 'static) {
        self.lock().coming += 1;
        let world = Arc::clone(self);
        tokio::spawn(async move {
            tokio::time::sleep(wait).await;
            act(&world);
            world.lock().coming -= 1;
        });
    }

    /// The broker loses sight of a process.
    pub fn cut(&self, process: Process) {
        self.shakes(process);
        let back = self.lock().broker.lose(process);
        if back > 0 {
            self.say(|| format!("the broker takes back {back} from process {process}"));
            self.arrived.notify_waiters();
        }
    }
}
