//! A step of a flow as a process, on Node or ours: the same environment, the same questions to both.

#![allow(dead_code, reason = "every test file uses a part of this")]

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::guard::{Guard, signal_to};
use super::platform::{Platform, TOKEN, USER};
use super::queues::{Queue, Queues};

const LIMIT: Duration = Duration::from_secs(120);

/// The flow that steps of tests belong to.
pub const FLOW: &str = "flow1";
/// Their place in it.
pub const STEP: &str = "step_2";
/// What their messages are encrypted with.
pub const PASSWORD: &str = "testCryptoPassword";
/// The initialisation vector of their messages.
pub const IV: &str = "iv=any16_symbols";

/// A step that is not started yet.
pub struct Launch {
    program: PathBuf,
    arguments: Vec<String>,
    folder: PathBuf,
    environment: BTreeMap<String, String>,
    log: Option<File>,
}

impl Launch {
    /// A program in a folder, and nothing of this process's environment but the search path.
    pub fn new(program: impl Into<PathBuf>, arguments: &[&str], folder: &Path) -> Self {
        let path = std::env::var("PATH").unwrap_or_default();
        Self {
            program: program.into(),
            arguments: arguments.iter().map(|it| (*it).to_owned()).collect(),
            folder: folder.to_owned(),
            environment: BTreeMap::from([("PATH".to_owned(), path)]),
            log: None,
        }
    }

    /// Our runtime, with this action or trigger.
    pub fn ours(function: &str, queues: &Queues, platform: &Platform) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let launch = Self::new(env!("CARGO_BIN_EXE_isendpro"), &["step"], folder);
        launch.step(function, queues, platform)
    }

    /// With all that the platform gives a step.
    pub fn step(self, function: &str, queues: &Queues, platform: &Platform) -> Self {
        let key = |queue| queues.name(queue);
        [
            ("FLOW_ID", FLOW),
            ("EXEC_ID", "exec1"),
            ("STEP_ID", STEP),
            ("CONTAINER_ID", "container1"),
            ("WORKSPACE_ID", "workspace1"),
            ("USER_ID", "user1"),
            ("COMP_ID", "component1"),
            ("FUNCTION", function),
            ("API_URI", &platform.url),
            ("API_USERNAME", USER.0),
            ("API_KEY", USER.1),
            ("AMQP_URI", queues.uri()),
            ("LISTEN_MESSAGES_ON", &key(Queue::Input)),
            ("PUBLISH_MESSAGES_TO", &queues.exchange()),
            ("DATA_ROUTING_KEY", &key(Queue::Data)),
            ("ERROR_ROUTING_KEY", &key(Queue::Error)),
            ("REBOUND_ROUTING_KEY", &key(Queue::Rebound)),
            ("SNAPSHOT_ROUTING_KEY", &key(Queue::Snapshot)),
            ("MESSAGE_CRYPTO_PASSWORD", PASSWORD),
            ("MESSAGE_CRYPTO_IV", IV),
        ]
        .into_iter()
        .fold(self, |launch, (name, value)| launch.set(name, value))
    }

    /// With all that the platform gives a service call. The result goes to its `/result`.
    pub fn service(self, config: &str, platform: &Platform) -> Self {
        [
            ("POST_RESULT_URL", &*format!("{}/result", platform.url)),
            ("CFG", config),
            ("API_URI", &platform.url),
            ("API_USERNAME", USER.0),
            ("API_KEY", USER.1),
        ]
        .into_iter()
        .fold(self, |launch, (name, value)| launch.set(name, value))
    }

    /// With an object store.
    pub fn storage(self, platform: &Platform) -> Self {
        self.set("OBJECT_STORAGE_URI", &platform.url).set("OBJECT_STORAGE_TOKEN", TOKEN)
    }

    /// With this variable, whose name begins with `ELASTICIO_`.
    pub fn set(self, name: &str, value: &str) -> Self {
        self.env(&format!("ELASTICIO_{name}"), value)
    }

    /// Without this variable, whose name begins with `ELASTICIO_`.
    pub fn without(mut self, name: &str) -> Self {
        self.environment.remove(&format!("ELASTICIO_{name}"));
        self
    }

    /// With this variable, whose name is all of its name.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// What it would find in its environment.
    pub fn variables(&self) -> BTreeMap<String, String> {
        self.environment.clone()
    }

    /// With its log in this file, where nobody reads it meanwhile.
    pub fn log_to(mut self, file: File) -> Self {
        self.log = Some(file);
        self
    }

    /// The command, for whoever starts it in a way of their own.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).current_dir(&self.folder);
        command.env_clear().envs(&self.environment).stdin(Stdio::null());
        command
    }

    /// Starts it.
    pub fn start(self) -> Step {
        let mut command = self.command();
        command.stdout(self.log.map_or_else(Stdio::piped, Stdio::from));
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let (pid, guard) = (child.id(), Guard::of(child.id()));
        let output = Arc::new(Output::default());
        let stdout = child.stdout.take().map(|it| gather(it, &output));
        let stderr = child.stderr.take().map(|it| gather(it, &output));
        let (sender, exit) = mpsc::channel();
        let ended = Arc::clone(&output);
        thread::spawn(move || {
            for stream in [stdout, stderr].into_iter().flatten() {
                stream.join().unwrap();
            }
            let status = child.wait().unwrap();
            guard.spare();
            ended.ended();
            sender.send(status).ok();
        });
        Step { pid, output, exit, status: None }
    }
}

#[derive(Default)]
struct Output {
    lines: Mutex<(Vec<String>, bool)>,
    more: Condvar,
}

impl Output {
    fn ended(&self) {
        self.lines.lock().unwrap().1 = true;
        self.more.notify_all();
    }
}

/// Reads on, so that a process never waits for its reader.
fn gather(source: impl Read + Send + 'static, output: &Arc<Output>) -> thread::JoinHandle<()> {
    let output = Arc::clone(output);
    thread::spawn(move || {
        for line in BufReader::new(source).lines().map_while(Result::ok) {
            output.lines.lock().unwrap().0.push(line);
            output.more.notify_all();
        }
    })
}

/// A process under way. It is killed when the test is done with it.
pub struct Step {
    /// The id of its process.
    pub pid: u32,
    output: Arc<Output>,
    exit: Receiver<ExitStatus>,
    status: Option<ExitStatus>,
}

impl Step {
    /// Sends a signal, by its name.
    pub fn signal(&self, name: &str) {
        signal_to(self.pid, name);
    }

    /// Waits for its end; the exit code, or `None` of one that a signal killed.
    pub fn exit(&mut self) -> Option<i32> {
        let ended = self.exited(LIMIT);
        assert!(ended, "it does not end:\n{}", self.output());
        self.status.unwrap().code()
    }

    /// Whether it ends within this time.
    pub fn exited(&mut self, within: Duration) -> bool {
        if self.status.is_none() {
            self.status = self.exit.recv_timeout(within).ok();
        }
        self.status.is_some()
    }

    /// Waits until a line of its output has this text.
    pub fn says(&self, text: &str) {
        let lines = self.output.lines.lock().unwrap();
        let silent =
            |it: &mut (Vec<String>, bool)| !it.1 && !it.0.iter().any(|it| it.contains(text));
        let (lines, _) = self.output.more.wait_timeout_while(lines, LIMIT, silent).unwrap();
        assert!(
            lines.0.iter().any(|it| it.contains(text)),
            "no \"{text}\":\n{}",
            lines.0.join("\n")
        );
    }

    /// All that it said so far.
    pub fn output(&self) -> String {
        self.output.lines.lock().unwrap().0.join("\n")
    }

    /// The lines of its log so far: all that it said which is JSON.
    pub fn log(&self) -> Vec<Value> {
        let lines = self.output.lines.lock().unwrap();
        lines.0.iter().filter_map(|it| serde_json::from_str(it).ok()).collect()
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        if !self.exited(Duration::ZERO) {
            Command::new("kill").args(["-s", "KILL", &self.pid.to_string()]).status().ok();
        }
    }
}
