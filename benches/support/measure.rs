//! Figures of a process, as Linux keeps them: time, CPU, peak memory.

use std::time::Instant;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

/// Linux gives CPU times to programs in hundredths of a second, on every machine that we build for.
const TICK_MICROS: f64 = 10_000.0;

/// A moment in the life of a process.
pub struct Mark {
    pub at: Instant,
    cpu_micros: f64,
}

impl Mark {
    /// Now, with the CPU time (user and system, all threads) that this process has used.
    pub fn of(pid: u32) -> Result<Self> {
        let at = Instant::now();
        let stat = read(pid, "stat")?;
        // The name in brackets may hold blanks; utime and stime are the 12th and 13th field after it.
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        let ticks: Vec<f64> = fields.skip(11).take(2).map(str::parse).collect::<Result<_, _>>()?;
        Ok(Self { at, cpu_micros: ticks.iter().sum::<f64>() * TICK_MICROS })
    }
}

/// What a number of messages took.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Sample {
    pub per_second: f64,
    /// CPU microseconds per message, of the measured process alone.
    pub cpu_micros: f64,
}

impl Sample {
    #[expect(clippy::cast_precision_loss, reason = "message counts are far below 2^52")]
    pub fn between(start: &Mark, end: &Mark, messages: u64) -> Self {
        let messages = messages as f64;
        Self {
            per_second: messages / (end.at - start.at).as_secs_f64(),
            cpu_micros: (end.cpu_micros - start.cpu_micros) / messages,
        }
    }
}

/// The most memory that a living process has held so far, in MB (millions of bytes).
pub fn peak_megabytes(pid: u32) -> Result<f64> {
    let status = read(pid, "status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|rest| rest.split_whitespace().next()).context("no VmHWM")?;
    Ok(kibibytes.parse::<f64>()? * 1024.0 / 1e6)
}

fn read(pid: u32, name: &str) -> Result<String> {
    let path = format!("/proc/{pid}/{name}");
    std::fs::read_to_string(&path).with_context(|| format!("{path}: this benchmark needs Linux"))
}
