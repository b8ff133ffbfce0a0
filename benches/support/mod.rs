//! What the benchmarks of the pipe share: the processes, their figures, and the machine's.

pub mod child;
pub mod machine;
pub mod measure;
pub mod server;

/// The account's key.
pub const KEYID: &str = "benchmark-no-real-key";
/// The number that is sent to.
pub const NUM: &str = "0680010203";

/// How much one run sends, and how.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    pub messages: u64,
    pub warm_up: u64,
    pub concurrency: u64,
}

impl Load {
    /// All messages, also those that are not measured.
    pub fn all(&self) -> u64 {
        self.warm_up + self.messages
    }
}

/// A text that no other message has.
pub fn text(number: u64) -> String {
    format!("Bonjour {number}, votre commande est prete.")
}

/// The median.
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    let middle = figures.len() / 2;
    if figures.len() % 2 == 1 {
        figures[middle]
    } else {
        f64::midpoint(figures[middle - 1], figures[middle])
    }
}

/// Whether a target is reached, in a word.
pub fn word(reached: bool) -> &'static str {
    if reached { "PASS" } else { "MISS" }
}

/// The flags of a benchmark: names with numbers above 0.
///
/// # Errors
/// The usage, if there is anything else.
pub fn flags(
    arguments: &[String],
    usage: &'static str,
    mut set: impl FnMut(&str, u64) -> bool,
) -> anyhow::Result<()> {
    // cargo adds `--bench` at a place of its own.
    let mut words = arguments.iter().filter(|word| *word != "--bench");
    while let Some(name) = words.next() {
        let value = words.next().and_then(|word| word.parse().ok()).filter(|it| *it > 0);
        anyhow::ensure!(value.is_some_and(|value| set(name, value)), usage);
    }
    Ok(())
}
