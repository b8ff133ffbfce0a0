//! What became of a request, as far as can be known.

use std::time::Duration;

/// What became of a request to the API.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome<T> {
    /// The API took it and answered for it. A reply to a bulk message may still refuse some of its
    /// recipients.
    Answered(T),
    /// The API, or something in front of it, refused the whole request: nothing happened.
    Refused(Failure),
    /// The request did not leave, or the API asked to come back later: nothing happened.
    NotSent(Failure),
    /// The request left and no usable answer came: nobody knows what became of it.
    InDoubt(Failure),
}

impl<T> Outcome<T> {
    /// The reply, or why there is none.
    ///
    /// # Errors
    /// The failure, whichever it was; the outcome itself says whether a repetition is safe.
    pub fn into_reply(self) -> Result<T, Failure> {
        match self {
            Self::Answered(reply) => Ok(reply),
            Self::Refused(failure) | Self::NotSent(failure) | Self::InDoubt(failure) => {
                Err(failure)
            }
        }
    }
}

/// Why there is no reply, in words that hold no key and no password.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Failure {
    /// What was said or seen.
    pub message: String,
    /// What to do about it.
    pub hint: Option<&'static str>,
    /// iSendPro's return code, when it gave one.
    pub code: Option<i64>,
    /// The HTTP status, when there was an answer.
    pub status: Option<u16>,
    /// How long the API asked to wait.
    pub retry_after: Option<Duration>,
    /// Whether nobody was reached: there was no connection.
    pub unreached: bool,
    /// The message is in the server's words, which may repeat what it was sent: it is for no log.
    pub quotes: bool,
}

impl Failure {
    /// A failure that says this.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }

    /// A failure in the server's own words.
    pub fn quoting(message: impl Into<String>) -> Self {
        Self { quotes: true, ..Self::new(message) }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)?;
        if let Some(code) = self.code {
            write!(f, " (code {code})")?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}
