//! stdin and stdout for the pipe.

use tokio::io::{BufReader, Stdin, Stdout};

/// The messages.
pub fn input() -> BufReader<Stdin> {
    BufReader::with_capacity(64 * 1024, tokio::io::stdin())
}

/// The results.
pub fn output() -> Stdout {
    tokio::io::stdout()
}
