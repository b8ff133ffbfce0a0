//! A run of the real binary.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::messages::Shape;
use super::stage::pause;

/// What no run should ever take.
const LIMIT: Duration = Duration::from_secs(120);

/// A run that is not started yet.
pub struct Worker {
    command: Command,
    errors: PathBuf,
}

/// A run under way. It is killed when its row is done with it.
pub struct Running {
    child: Child,
    errors: PathBuf,
}

impl Worker {
    /// A run of an action with 50 in flight, whose results go to a file.
    pub fn new(shape: Shape, output: PathBuf, errors: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_isendpro"));
        command.env_clear().env("ISENDPRO_KEYID", "main").stdin(Stdio::piped());
        command.stdout(File::create(output).unwrap()).stderr(File::create(errors).unwrap());
        command.args(["run", shape.action(), "--concurrency", "50"]);
        let worker = Self { command, errors: errors.to_owned() };
        match shape {
            Shape::Single => worker,
            Shape::Bulk => worker.set("batchSize", &shape.batch().to_string()),
        }
    }

    /// That calls this API, and not the one that was named before.
    pub fn server(mut self, url: &str) -> Self {
        self.command.env("ISENDPRO_SERVER", url);
        self
    }

    /// With this journal, and not the one that was named before.
    pub fn journal(mut self, address: &str) -> Self {
        self.command.env("ISENDPRO_JOURNAL", address);
        self
    }

    /// With more arguments.
    pub fn args(mut self, args: &[&str]) -> Self {
        self.command.args(args);
        self
    }

    /// With a setting, which counts instead of an earlier one.
    pub fn set(self, name: &str, value: &str) -> Self {
        self.args(&["--set", &format!("{name}={value}")])
    }

    /// At this point of the program, at the n-th passing of it, this happens.
    pub fn fault(mut self, point: &str, passing: usize, what: &str) -> Self {
        self.command.env("ISENDPRO_FAULT", format!("{point}:{passing}:{what}"));
        self
    }

    /// That reads this.
    pub fn input(mut self, input: File) -> Self {
        self.command.stdin(input);
        self
    }

    /// Starts it.
    pub fn start(mut self) -> Running {
        Running { child: self.command.spawn().unwrap(), errors: self.errors }
    }
}

impl Running {
    /// Writes these lines to it.
    pub fn feed(&mut self, lines: &[String]) {
        self.child.stdin.as_mut().unwrap().write_all(lines.concat().as_bytes()).unwrap();
    }

    /// Sends it a signal, by its name.
    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status().unwrap();
        assert!(sent.success(), "kill -s {name}");
    }

    /// Closes its input and waits for its end. The exit code; of a process that a signal killed,
    /// minus the signal.
    pub fn wait(&mut self) -> i32 {
        self.child.stdin = None;
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code().unwrap_or_else(|| -status.signal().unwrap_or_default());
            }
            assert!(began.elapsed() < LIMIT, "a run does not end: {}", self.errors());
            pause(Duration::from_millis(5));
        }
    }

    /// Waits for its end, which must be this one.
    pub fn ends(mut self, code: i32) {
        let ended = self.wait();
        assert_eq!(ended, code, "it ended with {ended}: {}", self.errors());
    }

    /// Waits for its end, which must be that of its input: some recipients are refused, and some may
    /// be in doubt.
    pub fn ended(mut self) {
        let code = self.wait();
        assert!(matches!(code, 3 | 6), "it ended with {code}: {}", self.errors());
    }

    /// Kills it with SIGKILL.
    pub fn kill(self) {
        self.signal("KILL");
        self.ends(-9);
    }

    /// What it has said on stderr so far.
    pub fn errors(&self) -> String {
        std::fs::read_to_string(&self.errors).unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.child.kill().ok();
            self.child.wait().ok();
        }
    }
}
