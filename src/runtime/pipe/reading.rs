//! What a line is, before anything is done with it.

use super::json;
use super::lines::Line;
use crate::component::{Error, Message};
use crate::delivery::Reading;

/// A line, and the message that it is.
#[derive(Debug)]
pub struct Read {
    /// The line.
    pub line: Line,
    /// Its message, if it was looked at already; of a line that is text.
    pub message: Option<Result<Message, Error>>,
}

impl Read {
    /// The line, with its message.
    pub fn of(line: Line) -> Self {
        let message = match &line {
            Line::Text(text) => Some(message(text)),
            Line::TooLong | Line::Wrong(_) => None,
        };
        Self { line, message }
    }

    /// The line as it is; its message is read later.
    pub const fn later(line: Line) -> Self {
        Self { line, message: None }
    }

    /// What it is in the input of a run.
    pub fn reading(&self) -> Reading<'_> {
        match (&self.line, &self.message) {
            (_, Some(Ok(message))) => Reading::Message(message),
            (Line::Text(text), _) => Reading::Other(text),
            (Line::TooLong, _) => Reading::Other("too long"),
            (Line::Wrong(_), _) => Reading::Other("wrong"),
        }
    }

    /// Whether it is no message.
    pub const fn is_bad(&self) -> bool {
        !matches!(self.message, Some(Ok(_)))
    }
}

/// The message of a line.
///
/// # Errors
/// Why it is none.
pub fn message(text: &str) -> Result<Message, Error> {
    json::read(text).map(Message::new)
}
