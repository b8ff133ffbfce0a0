//! The memory of a worker over time.

use super::clock::Clock;

/// How much more it may have in the last minute than in the first one, in MB: a worker that kept 50
/// bytes of each of its messages would have more.
const GROWTH: f64 = 5.0;
/// The seconds that make a minute.
const MINUTE: usize = 60;

/// What a worker that is never killed takes, second by second.
pub struct Memory {
    pid: u32,
    megabytes: Vec<f64>,
}

impl Memory {
    /// Of this process.
    pub fn of(pid: u32) -> Self {
        Self { pid, megabytes: Vec::new() }
    }

    /// Looks, if a second has passed.
    pub fn look(&mut self, clock: &Clock) {
        if clock.elapsed().as_secs() as usize > self.megabytes.len() {
            self.megabytes.push(self.resident());
        }
    }

    fn resident(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap();
        let line = status.lines().find_map(|it| it.strip_prefix("VmRSS:")).unwrap();
        line.split_whitespace().next().unwrap().parse::<f64>().unwrap() / 1024.0
    }

    /// At the last look.
    pub fn now(&self) -> f64 {
        self.megabytes.last().copied().unwrap_or_default()
    }

    /// The mean of each minute.
    pub fn by_minute(&self) -> Vec<f64> {
        self.megabytes.chunks(MINUTE).map(mean).collect()
    }

    /// What is wrong with it.
    pub fn broken(&self) -> Option<String> {
        let last = self.megabytes.len().checked_sub(MINUTE)?;
        let (first, last) = (mean(&self.megabytes[..MINUTE]), mean(&self.megabytes[last..]));
        (last > first + GROWTH).then(|| {
            format!("memory grew from {first:.1} to {last:.1} MB, and {GROWTH} more may be")
        })
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
