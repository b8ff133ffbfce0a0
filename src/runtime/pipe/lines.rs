//! The messages of an input, bounded.

use std::io::{self, Read};

use tokio::io::{AsyncBufRead, AsyncBufReadExt};

use super::frame::Framer;
pub use super::frame::Line;
use super::wrong::Wrong;

/// Reads messages, one after the other.
#[derive(Debug)]
pub struct Lines<R> {
    input: R,
    framer: Framer,
    looked: bool,
}

/// What is wrong with an input, and the line where it shows, counted from 1.
pub type Foreseen = Option<(u64, Wrong)>;

/// Looks through a whole input, before anything of it is sent.
///
/// # Errors
/// When it cannot be read.
pub fn look_through(mut input: impl Read, limit: usize) -> io::Result<Foreseen> {
    let mut framer = Framer::new(limit);
    let mut buffer = vec![0; 64 * 1024];
    let mut looked = false;
    loop {
        let length = match input.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        let mut rest = &buffer[..length];
        if !std::mem::replace(&mut looked, true) {
            framer.look_ahead(rest);
        }
        loop {
            let found = match framer.held() {
                None if length == 0 => framer.end(),
                None => {
                    let (taken, found) = framer.take(rest);
                    rest = &rest[taken..];
                    found
                }
                held => held,
            };
            match found {
                Some((number, Line::Wrong(wrong))) => return Ok(Some((number, wrong))),
                None if length == 0 => return Ok(None),
                None if rest.is_empty() => break,
                _ => {}
            }
        }
    }
}

impl<R: AsyncBufRead + Unpin> Lines<R> {
    /// Messages of at most `limit` bytes.
    pub const fn new(input: R, limit: usize) -> Self {
        Self { input, framer: Framer::new(limit), looked: false }
    }

    /// Where something is wrong further on, nothing is read: that comes at once.
    #[must_use]
    pub fn foreseen(mut self, foreseen: Foreseen) -> Self {
        if let Some((number, wrong)) = foreseen {
            self.framer.foresee((number, Line::Wrong(wrong)));
        }
        self
    }

    /// Whether the line that was read last has no end: perhaps a copy broke off there.
    pub const fn is_broken_off(&self) -> bool {
        self.framer.is_broken_off()
    }

    /// Whether messages are lines.
    pub const fn is_by_line(&self) -> bool {
        self.framer.is_by_line()
    }

    /// The input, as far as it was not read.
    pub fn into_inner(self) -> R {
        self.input
    }

    /// The next message, with the line that it begins in, counted from 1; `None` at the end.
    ///
    /// # Errors
    /// When the input cannot be read.
    pub async fn next(&mut self) -> io::Result<Option<(u64, Line)>> {
        loop {
            if let Some(held) = self.framer.held() {
                return Ok(Some(held));
            }
            let buffer = self.input.fill_buf().await?;
            if buffer.is_empty() {
                return Ok(self.framer.end());
            }
            if !self.looked {
                self.looked = true;
                self.framer.look_ahead(buffer);
                continue;
            }
            let (taken, found) = self.framer.take(buffer);
            self.input.consume(taken);
            if found.is_some() {
                return Ok(found);
            }
        }
    }
}

#[cfg(test)]
mod tests;
