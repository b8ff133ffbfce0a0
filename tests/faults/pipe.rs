//! The pipe's surroundings: a file of messages, and files of results.

use std::cell::RefCell;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::messages::Shape;
use super::worker::{BINARY, Worker};

/// What the runs of a row have written.
#[derive(Default)]
pub struct Pipe {
    outputs: RefCell<Vec<PathBuf>>,
}

impl Pipe {
    /// A run of an action with 50 in flight, whose results go to this file.
    pub fn worker(&self, shape: Shape, output: PathBuf, errors: &Path) -> Worker {
        let mut command = Command::new(BINARY);
        command.env_clear().stdin(Stdio::piped());
        command.stdout(File::create(&output).unwrap());
        command.args(["run", shape.action(), "--concurrency", "50"]);
        self.outputs.borrow_mut().push(output);
        Worker::new(command, errors, None)
    }

    /// The results of all runs so far, in the order in which they were made.
    pub fn outputs(&self) -> Vec<String> {
        let read = |it: &PathBuf| std::fs::read_to_string(it).unwrap_or_default();
        self.outputs.borrow().iter().map(read).collect()
    }

    /// How many results there are.
    pub fn results(&self) -> usize {
        self.outputs().iter().map(|it| it.lines().count()).sum()
    }
}
