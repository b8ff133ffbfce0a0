//! Drives the real binary: a clean environment, time limits everywhere, and nothing left running.

#![allow(dead_code, unused_imports, reason = "every test file uses a part of this")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::Value;

#[path = "nobody.rs"]
mod nobody;

pub use nobody::nobody;

/// What no step of a test should ever take.
pub const LIMIT: Duration = Duration::from_secs(120);

/// A command line that is not started yet.
pub struct Cli(Command);

/// `isendpro` with these arguments, and nothing of this process's environment.
pub fn isendpro(args: &[&str]) -> Cli {
    program(env!("CARGO_BIN_EXE_isendpro"), args)
}

/// Another program, in the same way.
pub fn program(path: &str, args: &[&str]) -> Cli {
    let mut command = Command::new(path);
    command.args(args).env_clear();
    Cli(command)
}

impl Cli {
    /// With this environment variable.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.0.env(name, value);
        self
    }

    /// With this key in the environment.
    pub fn key(self, key: &str) -> Self {
        self.env("ISENDPRO_KEYID", key)
    }

    /// With more arguments.
    pub fn args(mut self, args: &[&str]) -> Self {
        self.0.args(args);
        self
    }

    /// In this folder.
    pub fn folder(mut self, folder: &Path) -> Self {
        self.0.current_dir(folder);
        self
    }

    /// Starts it.
    pub fn start(mut self) -> Running {
        let pipe = Stdio::piped;
        let mut child = self.0.stdin(pipe()).stdout(pipe()).stderr(pipe()).spawn().unwrap();
        let (stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let (pid, stdin) = (child.id(), child.stdin.take());
        let stderr = thread::spawn(move || {
            let mut text = Vec::new();
            stderr.read_to_end(&mut text).ok();
            String::from_utf8_lossy(&text).into_owned()
        });
        let (sender, exit) = channel();
        thread::spawn(move || sender.send(child.wait().unwrap()).ok());
        Running {
            pid,
            stdin,
            lines: Some(Lines::of(stdout)),
            stderr: Some(stderr),
            exit,
            status: None,
        }
    }

    /// Runs it over this input, to the end.
    pub fn run(self, input: impl AsRef<[u8]>) -> Finished {
        let mut running = self.start();
        let feeding = running.feed(input.as_ref().to_vec());
        let finished = running.finish();
        feeding.join().unwrap();
        finished
    }
}

/// The lines of a child's stdout. One is read when it is asked for: a slow reader is slow.
struct Lines {
    ask: Sender<()>,
    answers: Receiver<Option<String>>,
    reading: JoinHandle<()>,
}

impl Lines {
    fn of(stdout: ChildStdout) -> Self {
        let (ask, asked) = channel();
        let (answer, answers) = channel();
        let reading = thread::spawn(move || {
            let mut lines = BufReader::new(stdout).lines();
            while asked.recv().is_ok() {
                answer.send(lines.next().and_then(Result::ok)).ok();
            }
        });
        Self { ask, answers, reading }
    }
}

/// A process under way. It is killed when the test is done with it.
pub struct Running {
    pid: u32,
    stdin: Option<ChildStdin>,
    lines: Option<Lines>,
    stderr: Option<JoinHandle<String>>,
    exit: Receiver<ExitStatus>,
    status: Option<ExitStatus>,
}

/// What a process came to.
#[derive(Debug)]
pub struct Finished {
    /// The exit code; of a process that a signal killed, minus the signal.
    pub code: i32,
    /// What the test had not read of stdout.
    pub stdout: String,
    /// All of stderr.
    pub stderr: String,
}

impl Running {
    /// The id of the process.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Writes one line.
    pub fn send(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().unwrap();
        stdin.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    /// Writes all this in the background, then closes stdin. A process that stopped reading is no
    /// failure.
    pub fn feed(&mut self, input: Vec<u8>) -> JoinHandle<()> {
        let mut stdin = self.stdin.take().unwrap();
        thread::spawn(move || drop(stdin.write_all(&input)))
    }

    /// Takes stdin away, to be written to elsewhere.
    pub fn take_stdin(&mut self) -> ChildStdin {
        self.stdin.take().unwrap()
    }

    /// The next line of stdout as it is; `None` at its end.
    pub fn text(&mut self) -> Option<String> {
        let lines = self.lines.as_ref().unwrap();
        lines.ask.send(()).unwrap();
        lines.answers.recv_timeout(LIMIT).unwrap_or_else(|_| panic!("no line within {LIMIT:?}"))
    }

    /// The next line of stdout, which must be JSON.
    pub fn line(&mut self) -> Value {
        json(&self.text().expect("stdout ended"))
    }

    /// Closes stdout as a reader does that goes away.
    pub fn close_stdout(&mut self) {
        let Lines { ask, reading, .. } = self.lines.take().unwrap();
        drop(ask);
        reading.join().unwrap();
    }

    /// Sends a signal, by its name.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.pid.to_string()]).status().unwrap();
        assert!(sent.success(), "kill -s {name}");
    }

    /// The exit code, if it ends in time.
    pub fn exited(&mut self, within: Duration) -> Option<i32> {
        if self.status.is_none() {
            self.status = self.exit.recv_timeout(within).ok();
        }
        self.status.map(code)
    }

    /// Waits for its end without closing stdin, reading what is left of stdout.
    pub fn wait(mut self) -> Finished {
        let mut stdout = String::new();
        while self.lines.is_some() {
            match self.text() {
                Some(line) => stdout += &(line + "\n"),
                None => self.lines = None,
            }
        }
        let code = self.exited(LIMIT).expect("it does not end");
        let stderr = self.stderr.take().unwrap().join().unwrap();
        Finished { code, stdout, stderr }
    }

    /// Closes stdin and waits for its end.
    pub fn finish(mut self) -> Finished {
        self.stdin = None;
        self.wait()
    }

    /// Looks at the process until it ends: the most memory that it had, in KiB. Its output has to fit
    /// into a pipe.
    #[cfg(target_os = "linux")]
    pub fn highest(&self) -> u64 {
        let (mut most, began) = (0, Instant::now());
        // What has ended has no memory any more, and then no folder.
        while let Ok(status) = std::fs::read_to_string(format!("/proc/{}/status", self.pid)) {
            let line = status.lines().find_map(|it| it.strip_prefix("VmHWM:"));
            let Some(line) = line else { break };
            assert!(began.elapsed() < LIMIT, "it does not end");
            most = line.split_whitespace().next().unwrap().parse().unwrap();
            thread::yield_now();
        }
        most
    }

    /// A file of the process's in `/proc`.
    #[cfg(target_os = "linux")]
    pub fn file(&self, name: &str) -> String {
        std::fs::read_to_string(format!("/proc/{}/{name}", self.pid)).unwrap_or_default()
    }

    /// A figure in KiB of `/proc/PID/status`, such as `VmRSS`.
    #[cfg(target_os = "linux")]
    pub fn memory(&self, name: &str) -> u64 {
        memory(self.pid, name)
    }
}

/// The memory of a process in KiB, by its name in `/proc`.
pub fn memory(pid: u32, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|it| it.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.exited(Duration::ZERO).is_none() {
            Command::new("kill").args(["-s", "KILL", &self.pid.to_string()]).status().ok();
        }
    }
}

fn code(status: ExitStatus) -> i32 {
    status.code().unwrap_or_else(|| -status.signal().unwrap_or_default())
}

/// A line of JSON.
pub fn json(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
}

impl Finished {
    /// The lines of stdout, each of which must be JSON.
    pub fn lines(&self) -> Vec<Value> {
        self.stdout.lines().map(json).collect()
    }

    /// The lines of a run that had nothing to tell beside them, but what is told of a journal that was
    /// just made, or whose time nobody has chosen.
    pub fn quiet(&self, code: i32) -> Vec<Value> {
        let notes = ["a new one; it has no key", "it forgets an id"];
        let notes = notes.map(|it| format!("isendpro: journal: {it}"));
        let is_note = |line: &str| notes.iter().any(|it| line.starts_with(it));
        let beside: Vec<&str> = self.stderr.lines().filter(|it| !is_note(it)).collect();
        assert_eq!((self.code, beside), (code, Vec::new()), "{}", self.stdout);
        self.lines()
    }

    /// The lines of a poll in which nothing went wrong; the first one of a state says that it is.
    pub fn polled(&self) -> Vec<Value> {
        let first = "isendpro: first run: there was no ";
        let beside: Vec<&str> = self.stderr.lines().filter(|it| !it.starts_with(first)).collect();
        assert_eq!((self.code, beside), (0, Vec::new()), "{self:?}");
        self.lines()
    }

    /// Whether stderr says all this, and the exit code is this one.
    pub fn says(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, code, "{self:?}");
        for word in words {
            assert!(self.stderr.contains(word), "no \"{word}\" in: {}", self.stderr);
        }
    }
}

/// A simulator in a process of its own, for state across runs and for counting.
pub struct Simulator {
    running: Running,
    /// Where its API is.
    pub url: String,
}

impl Simulator {
    /// Starts one on a free port.
    pub fn start(args: &[&str]) -> Self {
        let mut running = isendpro(&["simulator", "--port", "0"]).args(args).start();
        let url = running.text().expect("the simulator does not start");
        Self { running, url }
    }

    /// `isendpro run ACTION` against it, with a key of this name.
    pub fn run(&self, action: &str, key: &str, args: &[&str]) -> Cli {
        isendpro(&["run", action, "--server", &self.url]).args(args).key(key)
    }

    /// Sends it an HTTP request; `path` is below `/_simulator`.
    pub fn ask(&self, method: &str, path: &str, body: &str) -> Value {
        let host = self.url.trim_start_matches("http://").split('/').next().unwrap();
        json(&ask(host, method, &format!("/_simulator/{path}"), body).1)
    }

    /// The messages that were taken.
    pub fn sent(&self) -> Vec<Value> {
        self.ask("GET", "sent", "")["sent"].as_array().unwrap().clone()
    }

    /// How many messages were taken; none of them twice.
    pub fn total(&self) -> usize {
        let counts = self.ask("GET", "sent?count=1", "");
        assert_eq!(counts["doubled"], serde_json::json!([]), "taken twice");
        usize::try_from(counts["total"].as_u64().unwrap()).unwrap()
    }

    /// The process.
    pub fn process(self) -> Running {
        self.running
    }
}

/// Sends an HTTP request to an address: the head of the answer, and its body.
pub fn ask(host: &str, method: &str, path: &str, body: &str) -> (String, String) {
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    let length = body.len();
    let head = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\n");
    let rest = format!("connection: close\r\ncontent-length: {length}\r\n\r\n{body}");
    stream.write_all((head + &rest).as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

/// A server that answers every request like this, and nothing else. It lives as long as the test.
pub fn web_server(status: &'static str, body: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/cgi-bin", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || answer(&stream, status, body));
        }
    });
    url
}

fn answer(mut stream: &TcpStream, status: &str, body: &str) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let head = reader.by_ref().lines().map_while(Result::ok).take_while(|it| !it.is_empty());
    let head: Vec<String> = head.map(|it| it.to_ascii_lowercase()).collect();
    let length = head.iter().find_map(|it| it.strip_prefix("content-length:"));
    reader.read_exact(&mut vec![0; length.map_or(0, |it| it.trim().parse().unwrap())])?;
    let kind = "content-type: text/html\r\nconnection: close";
    let size = body.len();
    write!(stream, "HTTP/1.1 {status}\r\n{kind}\r\ncontent-length: {size}\r\n\r\n{body}")
}

/// Asks until the answer is yes.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < LIMIT, "it never came that {what}");
        thread::yield_now();
    }
}

/// A message to a mobile number that ends like this.
pub fn sms(ending: &str, text: &str) -> String {
    format!(r#"{{"num":"068001{ending}","sms":"{text}"}}"#)
}
