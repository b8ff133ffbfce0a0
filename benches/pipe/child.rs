//! The processes that the parent starts and watches: server, loop and the real binary.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use crate::Plan;
use crate::measure::{Mark, Sample, peak_megabytes};

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
    _child: Guard,
    /// Where its iSendPro is, as `--server` wants it.
    pub url: String,
}

impl Server {
    pub fn start() -> Result<Self> {
        let mut child = Guard(ourselves(&["server"])?.stdin(Stdio::piped()).spawn()?);
        let mut port = String::new();
        BufReader::new(child.0.stdout.take().context("no stdout")?).read_line(&mut port)?;
        let port: u16 = port.trim().parse().context("the server gave no port")?;
        Ok(Self { _child: child, url: format!("http://127.0.0.1:{port}/cgi-bin") })
    }
}

/// One run of the bare loop.
pub fn bare_loop(server: &Server, plan: &Plan) -> Result<Sample> {
    let url = format!("{}/sms", server.url);
    let numbers = [plan.warm_up, plan.messages, plan.concurrency].map(|it| it.to_string());
    let output = ourselves(&["loop", &url, &numbers[0], &numbers[1], &numbers[2]])?.output()?;
    ensure!(output.status.success(), "the bare loop failed: {}", output.status);
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// One run of the real binary: its figures and its peak memory in MB.
pub fn pipe(server: &Server, plan: &Plan) -> Result<(Sample, f64)> {
    let mut child = connector(server, plan.concurrency)?;
    let pid = child.0.id();
    let mut stdin = child.0.stdin.take().context("no stdin")?;
    let all = plan.warm_up + plan.messages;
    let input: String = (0..all).map(line).collect();
    // The feeder hands the open stdin back: closing it is part of what is measured, and later.
    let feeder = std::thread::spawn(move || stdin.write_all(input.as_bytes()).map(|()| stdin));

    let results = watch(child.0.stdout.take().context("no stdout")?, vec![plan.warm_up, all], pid);
    let start = next(&results)?;
    let end = next(&results)?;
    let peak = peak_megabytes(pid)?;
    let stdin = feeder.join().map_err(|_| anyhow::anyhow!("the feeder panicked"))??;
    drop(stdin);
    let code = child.0.wait()?;
    ensure!(code.success(), "the connector ended with {code} after {all} accepted messages");
    ensure!(results.recv().is_err(), "the connector printed more than {all} lines");
    Ok((Sample::between(&start, &end, plan.messages), peak))
}

/// Milliseconds from the start of the process to its first result, with one line of input.
pub fn first_result(server: &Server, plan: &Plan) -> Result<f64> {
    let started = Instant::now();
    let mut child = connector(server, plan.concurrency)?;
    let mut stdin = child.0.stdin.take().context("no stdin")?;
    stdin.write_all(line(1).as_bytes())?;
    let results = watch(child.0.stdout.take().context("no stdout")?, vec![1], child.0.id());
    let first = next(&results)?;
    drop(stdin);
    let code = child.0.wait()?;
    ensure!(code.success(), "the connector ended with {code} after one accepted message");
    Ok((first.at - started).as_secs_f64() * 1000.0)
}

/// The connector's own name and version.
pub fn version() -> Result<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_isendpro")).arg("--version").output()?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn connector(server: &Server, concurrency: u64) -> Result<Guard> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_isendpro"));
    command.args(["run", "sendSms", "--server", &server.url]);
    command.args(["--concurrency", &concurrency.to_string()]);
    command.env("ISENDPRO_KEYID", crate::KEYID).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = Guard(command.stderr(Stdio::piped()).spawn()?);
    // Passed on and not inherited: on a terminal the connector would draw its progress.
    let mut stderr = child.0.stderr.take().context("no stderr")?;
    std::thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::stderr()));
    Ok(child)
}

fn ourselves(arguments: &[&str]) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    Ok(command)
}

fn line(number: u64) -> String {
    format!("{{\"num\":\"{}\",\"sms\":\"{}\"}}\n", crate::NUM, crate::text(number))
}

fn next(results: &Receiver<Result<Mark>>) -> Result<Mark> {
    match results.recv_timeout(LIMIT) {
        Ok(mark) => mark,
        Err(RecvTimeoutError::Timeout) => bail!("no result within {} s", LIMIT.as_secs()),
        Err(RecvTimeoutError::Disconnected) => {
            bail!("the connector ended early; see its words above")
        }
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
