//! All that reads foreign bytes, each as a function of bytes alone. `scripts/fuzz` makes bytes up for
//! it, and a test gives it those of `fuzz/corpus`. Not part of the product: it is compiled for both
//! alone.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a mistake ends a test")]

mod answer;
mod frames;
mod journal;
mod line;
mod numbers;
mod payload;
mod report;
mod settings;
mod text;

/// Reads bytes, and panics where it does not keep its promise.
pub type Target = fn(&[u8]);

/// Each by its name.
pub const TARGETS: &[(&str, Target)] = &[
    ("frames", frames::read),
    ("payload", payload::read),
    ("line", line::read),
    ("answer", answer::read),
    ("report", report::read),
    ("journal", journal::read),
    ("text", text::read),
    ("numbers", numbers::read),
    ("settings", settings::read),
];

/// The first bytes, which choose; blanks where there are fewer.
fn chosen<const N: usize>(bytes: &[u8]) -> ([u8; N], &[u8]) {
    let (first, rest) = bytes.split_at(N.min(bytes.len()));
    let mut chosen = [b' '; N];
    chosen[..first.len()].copy_from_slice(first);
    (chosen, rest)
}

/// A file with these bytes, in memory where there is such a place.
fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
    let memory = std::path::Path::new("/dev/shm");
    let folder = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    let mut file = tempfile::NamedTempFile::new_in(folder).unwrap();
    std::io::Write::write_all(&mut file, bytes).unwrap();
    file
}

#[cfg(test)]
mod tests;
