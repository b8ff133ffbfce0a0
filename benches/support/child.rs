//! The processes that the parent starts and watches: server, loop and the real binary.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use super::measure::{Mark, Sample, peak_megabytes};
use super::{KEYID, Load, NUM, text};

/// No single measurement takes this long on any machine; longer means that something hangs.
const LIMIT: Duration = Duration::from_secs(300);

/// A child that does not outlive the benchmark, however that ends.
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        // Gone already is the normal case.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// The running server.
pub struct Server {
    // It ends when its standard input does, so that it stays no longer than this process.
    child: Guard,
    /// Where its iSendPro is, as `--server` wants it.
    pub url: String,
    /// How many milliseconds it takes to answer.
    pub latency: u64,
}

impl Server {
    /// A server that answers after so many milliseconds.
    pub fn start(latency: u64) -> Result<Self> {
        let mut command = ourselves(&["server", &latency.to_string()])?;
        let mut child = Guard(command.stdin(Stdio::piped()).spawn()?);
        let mut port = String::new();
        BufReader::new(child.0.stdout.take().context("no stdout")?).read_line(&mut port)?;
        let port: u16 = port.trim().parse().context("the server gave no port")?;
        Ok(Self { child, url: format!("http://127.0.0.1:{port}/cgi-bin"), latency })
    }

    /// The id of its process.
    pub fn pid(&self) -> u32 {
        self.child.0.id()
    }
}

/// What a run of the real binary took.
pub struct Run {
    pub sample: Sample,
    /// Its peak memory.
    pub megabytes: f64,
    /// What it said on stderr.
    pub words: String,
}

/// One run of the real binary, with these arguments and variables beside the usual ones.
pub fn pipe(server: &Server, load: Load, extra: &[&str], envs: &[(&str, &str)]) -> Result<Run> {
    let mut connector = Connector::start(server, load.concurrency, extra, envs)?;
    let pid = connector.child.0.id();
    let mut stdin = connector.child.0.stdin.take().context("no stdin")?;
    let all = load.all();
    let input: String = (0..all).map(line).collect();
    // The feeder hands the open stdin back: closing it is part of what is measured, and later.
    let feeder = std::thread::spawn(move || stdin.write_all(input.as_bytes()).map(|()| stdin));

    let stdout = connector.child.0.stdout.take().context("no stdout")?;
    let results = watch(stdout, vec![load.warm_up, all], pid);
    let measured = next(&results).and_then(|start| Ok((start, next(&results)?)));
    let (start, end) = match measured {
        Ok(marks) => marks,
        Err(error) => bail!("{error}\n{}", connector.words()?),
    };
    let megabytes = peak_megabytes(pid)?;
    let stdin = feeder.join().map_err(|_| anyhow::anyhow!("the feeder panicked"))??;
    drop(stdin);
    let words = connector.end()?;
    ensure!(results.recv().is_err(), "the connector printed more than {all} lines");
    Ok(Run { sample: Sample::between(&start, &end, load.messages), megabytes, words })
}

/// Milliseconds from the start of the process to its first result, with one line of input.
pub fn first_result(server: &Server, concurrency: u64) -> Result<f64> {
    let started = Instant::now();
    let mut connector = Connector::start(server, concurrency, &[], &[])?;
    let mut stdin = connector.child.0.stdin.take().context("no stdin")?;
    stdin.write_all(line(1).as_bytes())?;
    let stdout = connector.child.0.stdout.take().context("no stdout")?;
    let first = next(&watch(stdout, vec![1], connector.child.0.id()))?;
    drop(stdin);
    connector.end()?;
    Ok((first.at - started).as_secs_f64() * 1000.0)
}

/// The connector's own name and version.
pub fn version() -> Result<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_isendpro")).arg("--version").output()?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The real binary, running.
struct Connector {
    child: Guard,
    stderr: Option<JoinHandle<String>>,
}

impl Connector {
    fn start(
        server: &Server,
        concurrency: u64,
        extra: &[&str],
        envs: &[(&str, &str)],
    ) -> Result<Self> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_isendpro"));
        command.args(["run", "sendSms", "--server", &server.url]);
        command.args(["--concurrency", &concurrency.to_string()]).args(extra);
        command.env("ISENDPRO_KEYID", KEYID).envs(envs.iter().copied());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = Guard(command.spawn()?);
        // Read and not inherited: on a terminal the connector would draw its progress.
        let stderr = child.0.stderr.take().context("no stderr")?;
        let read = || std::io::read_to_string(stderr).unwrap_or_default();
        Ok(Self { child, stderr: Some(std::thread::spawn(read)) })
    }

    /// Waits until it has ended well, and gives what it said.
    fn end(&mut self) -> Result<String> {
        let code = self.child.0.wait()?;
        let words = self.words()?;
        ensure!(code.success(), "the connector ended with {code}:\n{words}");
        Ok(words)
    }

    fn words(&mut self) -> Result<String> {
        let reader = self.stderr.take().context("its words were read before")?;
        self.child.0.kill().ok();
        reader.join().map_err(|_| anyhow::anyhow!("the reader of stderr panicked"))
    }
}

/// This program, to do something else.
pub fn ourselves(arguments: &[&str]) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    Ok(command)
}

fn line(number: u64) -> String {
    format!("{{\"num\":\"{NUM}\",\"sms\":\"{}\"}}\n", text(number))
}

fn next(results: &Receiver<Result<Mark>>) -> Result<Mark> {
    match results.recv_timeout(LIMIT) {
        Ok(mark) => mark,
        Err(RecvTimeoutError::Timeout) => bail!("no result within {} s", LIMIT.as_secs()),
        Err(RecvTimeoutError::Disconnected) => bail!("the connector ended early:"),
    }
}
/// Checks every line of `stdout` and sends a mark at each of these line numbers. The sending side
/// is dropped at the end of the output; a line too many is an error.
fn watch(stdout: impl Read + Send + 'static, at: Vec<u64>, pid: u32) -> Receiver<Result<Mark>> {
    let (marks, results) = sync_channel(4);
    std::thread::spawn(move || {
        if let Err(error) = check(stdout, &at, pid, &marks) {
            // Nobody listens any more when the measurement has failed already.
            drop(marks.send(Err(error)));
        }
    });
    results
}

fn check(stdout: impl Read, at: &[u64], pid: u32, marks: &SyncSender<Result<Mark>>) -> Result<()> {
    let mut stdout = BufReader::with_capacity(1 << 16, stdout);
    let (mut line, mut number) = (String::new(), 0);
    while stdout.read_line(&mut line)? > 0 {
        number += 1;
        ensure!(line.contains(r#""accepted""#), "line {number} is not accepted: {line}");
        ensure!(at.last().is_some_and(|last| number <= *last), "one line too many: {line}");
        if at.contains(&number) {
            marks.send(Mark::of(pid))?;
        }
        line.clear();
    }
    Ok(())
}
