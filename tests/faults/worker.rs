//! A run of the real binary.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::flow::Flow;
use super::stage::pause;

/// What is run.
pub const BINARY: &str = env!("CARGO_BIN_EXE_isendpro");

/// What no run should ever take.
const LIMIT: Duration = Duration::from_secs(240);
/// How long a step that has nothing to do may take to end.
const AT_ONCE: Duration = Duration::from_secs(10);

/// A run that is not started yet.
pub struct Worker {
    command: Command,
    errors: PathBuf,
    flow: Option<Rc<Flow>>,
}

/// A run under way. It is killed when its row is done with it.
pub struct Running {
    child: Child,
    errors: PathBuf,
    is_step: bool,
    /// What it is a step of, until it is asked to end: it does not do so by itself.
    flow: Option<Rc<Flow>>,
}

impl Worker {
    /// A run of this command, which says what is wrong in a file.
    pub fn new(mut command: Command, errors: &Path, flow: Option<Rc<Flow>>) -> Self {
        let file = File::create(errors).unwrap();
        if flow.is_some() {
            // A step's log.
            command.stdout(file.try_clone().unwrap());
        }
        command.env("ISENDPRO_KEYID", "main").stderr(file);
        Self { command, errors: errors.to_owned(), flow }
    }

    /// That calls this API, and not the one that was named before.
    pub fn server(mut self, url: &str) -> Self {
        self.command.env("ISENDPRO_SERVER", url);
        self
    }

    /// With this journal, and not the one that was named before; without one, if it is empty.
    pub fn journal(mut self, address: &str) -> Self {
        if address.is_empty() {
            self.command.env_remove("ISENDPRO_JOURNAL");
        } else {
            self.command.env("ISENDPRO_JOURNAL", address);
        }
        self
    }

    /// Of a step whose broker is here.
    pub fn broker(mut self, uri: &str) -> Self {
        self.command.env("ELASTICIO_AMQP_URI", uri);
        self
    }

    /// With more arguments.
    pub fn args(mut self, args: &[&str]) -> Self {
        self.command.args(args);
        self
    }

    /// With a setting, which counts instead of an earlier one.
    pub fn set(mut self, name: &str, value: &str) -> Self {
        if self.flow.is_none() {
            return self.args(&["--set", &format!("{name}={value}")]);
        }
        self.command.env(variable(name), value);
        self
    }

    /// With a variable of its environment.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
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
        let child = self.command.spawn().unwrap();
        Running { child, errors: self.errors, is_step: self.flow.is_some(), flow: self.flow }
    }
}

impl Running {
    /// The id of its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

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

    /// How it has ended, if it has: its exit code, or minus the signal that killed it.
    pub fn has_ended(&mut self) -> Option<i32> {
        let status = self.child.try_wait().unwrap()?;
        Some(status.code().unwrap_or_else(|| -status.signal().unwrap_or_default()))
    }

    /// Closes its input and waits for its end. A step is asked to end once all messages are told of.
    /// The exit code; of a process that a signal killed, minus the signal.
    pub fn wait(&mut self) -> i32 {
        self.child.stdin = None;
        let (began, mut asked) = (Instant::now(), None::<Instant>);
        loop {
            if let Some(code) = self.has_ended() {
                return code;
            }
            assert!(began.elapsed() < LIMIT, "a run does not end: {}", self.last_words());
            let late = asked.is_some_and(|it| it.elapsed() > AT_ONCE);
            assert!(!late, "a step that has nothing to do does not end: {}", self.last_words());
            match &self.flow {
                None => pause(Duration::from_millis(5)),
                Some(flow) if flow.is_done() => {
                    self.flow = None;
                    self.signal("TERM");
                    asked = Some(Instant::now());
                }
                // To look into four queues is some work for the broker.
                Some(_) => pause(Duration::from_millis(50)),
            }
        }
    }

    /// Asks it to stop, which it does in its own time.
    pub fn stop(mut self) {
        self.flow = None;
        self.signal("TERM");
        let code = if self.is_step { 0 } else { 143 };
        self.ends(code);
    }

    /// Waits for its end, which must be this one.
    pub fn ends(mut self, code: i32) {
        let ended = self.wait();
        assert_eq!(ended, code, "it ended with {ended}: {}", self.last_words());
    }

    /// Waits until it has carried all messages, and for its end.
    pub fn ended(mut self) {
        let code = self.wait();
        assert!(self.is_through(code), "it ended with {code}: {}", self.last_words());
    }

    /// Whether a run that ended so has carried all of its messages: in the pipe, some recipients are
    /// refused, and some may be in doubt.
    pub fn is_through(&self, code: i32) -> bool {
        if self.is_step { code == 0 } else { matches!(code, 3 | 6) }
    }

    /// Kills it with SIGKILL.
    pub fn kill(mut self) {
        self.flow = None;
        self.signal("KILL");
        self.ends(-9);
    }

    /// What it has said on stderr so far.
    pub fn errors(&self) -> String {
        std::fs::read_to_string(&self.errors).unwrap()
    }

    /// The end of that.
    pub fn last_words(&self) -> String {
        let errors = self.errors();
        let lines: Vec<_> = errors.lines().collect();
        lines[lines.len().saturating_sub(3)..].join("\n")
    }
}

/// The variable of a setting, which a step has no other way to be given.
fn variable(name: &str) -> String {
    let letters = name.chars().flat_map(|it| {
        let between = it.is_uppercase().then_some('_');
        between.into_iter().chain(it.to_uppercase())
    });
    format!("ISENDPRO_{}", letters.collect::<String>())
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.child.kill().ok();
            self.child.wait().ok();
        }
    }
}
