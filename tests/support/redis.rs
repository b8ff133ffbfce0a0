//! A real Redis for tests: on a free port of this machine, with data of its own, killed at the end.

#![allow(dead_code, reason = "every test file uses a part of this")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

/// What a Redis that keeps what it is told is started with.
pub const SAFE: &[&str] = &["--save", "", "--appendonly", "yes", "--appendfsync", "always"];

/// A `redis-server`.
pub struct Redis {
    port: u16,
    folder: TempDir,
    options: Vec<String>,
    tls: bool,
    child: Option<Child>,
    guard: Option<Guard>,
}

/// A process that kills the server when this one dies before it could.
struct Guard(Child);

impl Guard {
    fn of(pid: u32) -> Self {
        let script = "read line || kill -s KILL \"$0\"";
        let mut command = Command::new("sh");
        command.args(["-c", script, &pid.to_string()]).stdin(Stdio::piped());
        Self(command.spawn().unwrap())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

impl Redis {
    /// One that keeps what it is told.
    pub fn start() -> Self {
        Self::with(SAFE)
    }

    /// One with these options.
    pub fn with(options: &[&str]) -> Self {
        Self::on_a_free_port(tempfile::tempdir().unwrap(), options, false)
    }

    /// One that keeps what it is told, and speaks TLS only.
    pub fn over_tls(options: &[&str]) -> Self {
        Self::on_a_free_port(tempfile::tempdir().unwrap(), &[SAFE, options].concat(), true)
    }

    /// One that keeps what it is told, with its data below this folder.
    pub fn in_folder(folder: &Path) -> Self {
        Self::on_a_free_port(tempfile::tempdir_in(folder).unwrap(), SAFE, false)
    }

    fn on_a_free_port(folder: TempDir, options: &[&str], tls: bool) -> Self {
        let options = options.iter().map(|it| (*it).to_owned()).collect();
        let mut redis = Self { port: 0, folder, options, tls, child: None, guard: None };
        // Somebody else may take the port in between.
        for _ in 0..5 {
            redis.port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            if redis.launch() {
                return redis;
            }
        }
        panic!("redis-server does not start");
    }

    /// Its URL.
    pub fn url(&self) -> String {
        let scheme = if self.tls { "rediss" } else { "redis" };
        format!("{scheme}://127.0.0.1:{}", self.port)
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Starts it again, on the same port and with the same data.
    pub fn restart(&mut self) {
        assert!(self.child.is_none(), "it still runs");
        assert!(self.launch(), "redis-server does not start again");
    }

    /// Stops it in an orderly way.
    pub fn stop(&mut self) {
        self.signal("TERM");
        self.wait();
    }

    /// Kills it.
    pub fn kill(&mut self) {
        self.signal("KILL");
        self.wait();
    }

    /// Stops it from running, but not from being connected to.
    pub fn pause(&self) {
        self.signal("STOP");
    }

    /// Lets it run again.
    pub fn resume(&self) {
        self.signal("CONT");
    }

    /// A setting.
    pub fn get(&self, name: &str) -> String {
        self.command(&["CONFIG", "GET", name]).lines().nth(4).unwrap_or_default().to_owned()
    }

    /// Changes a setting.
    pub fn set(&self, name: &str, value: &str) {
        assert_eq!(self.command(&["CONFIG", "SET", name, value]), "+OK\r\n");
    }

    /// A command, and the answer as it comes over the wire.
    pub fn command(&self, words: &[&str]) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let mut request = String::new();
        for command in [words, &["QUIT"]] {
            request += &format!("*{}\r\n", command.len());
            for word in command {
                request += &format!("${}\r\n{word}\r\n", word.len());
            }
        }
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer);
        answer.strip_suffix("+OK\r\n").unwrap_or(&answer).to_owned()
    }

    fn launch(&mut self) -> bool {
        let port = self.port.to_string();
        let plain = ["--port", &port];
        let tls = ["--port", "0", "--tls-port", &port];
        let mut child = Command::new("redis-server")
            .args(&self.options)
            .args(if self.tls { &tls[..] } else { &plain })
            .args(["--bind", "127.0.0.1", "--dir"])
            .arg(self.folder.path())
            .env_clear()
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("install redis-server to run these tests");
        let mut log = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = log.by_ref().any(|it| it.unwrap().contains("Ready to accept connections"));
        thread::spawn(move || log.map_while(Result::ok).for_each(drop));
        if ready {
            self.guard = Some(Guard::of(child.id()));
            self.child = Some(child);
        } else {
            child.wait().unwrap();
        }
        ready
    }

    fn signal(&self, signal: &str) {
        if let Some(child) = &self.child {
            signal_to(child.id(), signal);
        }
    }

    fn wait(&mut self) {
        self.guard = None;
        if let Some(mut child) = self.child.take() {
            child.wait().unwrap();
        }
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.signal("KILL");
        self.wait();
    }
}

/// Sends a signal to a process.
pub fn signal_to(pid: u32, signal: &str) {
    let kill = Command::new("kill").args(["-s", signal, &pid.to_string()]).status().unwrap();
    assert!(kill.success(), "kill -s {signal} {pid}");
}
