//! What the workers say, read while they say it.

use std::rc::Rc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::flow::Flow;
use crate::queues::{Message, Queue};
use crate::stage::pause;

/// How long nothing may come before all has come.
const QUIET: Duration = Duration::from_secs(1);

/// All that was said.
pub struct Results {
    flow: Rc<Flow>,
    coming: Receiver<(Queue, Message)>,
    /// What was said, each with its time.
    said: Vec<(i64, String)>,
    /// The messages that something was said of.
    told: Vec<bool>,
}

impl Results {
    /// Reads the results and the errors of so many messages from now on.
    pub fn follow(flow: &Rc<Flow>, messages: usize) -> Self {
        let (sender, coming) = channel();
        for queue in [Queue::Data, Queue::Error] {
            flow.queues().follow(queue, sender.clone());
        }
        Self { flow: Rc::clone(flow), coming, said: Vec::new(), told: vec![false; messages] }
    }

    /// Reads what has come.
    pub fn gather(&mut self) {
        while let Ok((queue, message)) = self.coming.try_recv() {
            let headers = message.headers();
            let number = headers["parentMessageId"].as_str().unwrap().strip_prefix("m-").unwrap();
            self.told[number.parse::<usize>().unwrap()] = true;
            self.said.push(self.flow.read(queue, &message));
        }
    }

    /// Reads what comes once nobody says more.
    pub fn gather_the_rest(&mut self) {
        let mut before = None;
        while before != Some(self.said.len()) || self.flow.results() > 0 {
            before = Some(self.said.len());
            pause(QUIET);
            self.gather();
        }
    }

    /// How many messages something was said of.
    pub fn told(&self) -> usize {
        self.told.iter().filter(|it| **it).count()
    }

    /// All that was said, a line each, and the last word last.
    pub fn words(mut self) -> String {
        self.said.sort_by_key(|it| it.0);
        self.said.iter().map(|it| it.1.as_str()).collect()
    }
}
