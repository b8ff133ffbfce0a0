//! What one heavy message costs: memory at its peak, and time.

#![allow(dead_code, reason = "every test file uses a part of this")]

use std::time::Instant;

use super::cli::memory;

/// Most memory of a process that gets one heavy message, in KiB.
pub const MOST: u64 = 256 * 1024;

/// A process to which something heavy is on its way.
pub struct Weight {
    pid: u32,
    before: u64,
    began: Instant,
}

impl Weight {
    /// Forgets the peak of before.
    pub fn of(pid: u32) -> Self {
        std::fs::write(format!("/proc/{pid}/clear_refs"), "5").unwrap();
        Self { pid, before: memory(pid, "VmRSS"), began: Instant::now() }
    }

    /// Holds that it did not take more than a small worker has, and prints a row of the table in
    /// docs/operations.md: the way in, the message, its size, memory and time.
    #[expect(clippy::print_stdout, reason = "people look at it")]
    pub fn fits(self, way: &str, message: &str, bytes: usize) {
        let (most, took) = (memory(self.pid, "VmHWM"), self.began.elapsed().as_millis());
        let (size, more) = (bytes.div_ceil(1024), most.saturating_sub(self.before));
        println!("| {way} | {message} | {size} KiB | {more} KiB | {most} KiB | {took} ms |");
        assert!(most < MOST, "{way}, {message}: {most} KiB");
    }
}

/// A list of so many of these.
pub fn list(element: &str, count: usize) -> String {
    format!("[{}{element}]", format!("{element},").repeat(count - 1))
}

/// The JSON of so many values and below that takes most memory, and a text of so many bytes.
pub fn heavy(values: usize, bytes: usize) -> [(&'static str, String); 6] {
    let fields: Vec<_> = (0..values).map(|it| format!("\"{it}\":\"\"")).collect();
    [
        ("a list of numbers", list("1", values)),
        ("a list of empty texts", list("\"\"", values)),
        ("a list of empty objects", list("{}", values / 2)),
        ("a list of lists of a number", list("[1e3]", values / 2)),
        ("an object of empty texts", format!("{{{}}}", fields.join(","))),
        ("a text", format!("\"{}\"", "a".repeat(bytes))),
    ]
}
