//! What goes wrong with a request, in words.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use crate::component::{Error, Kind};
use crate::printable::one_line;
use crate::trust;

/// Most characters of the reason that people are shown.
pub(super) const REASON_SHOWN: usize = 300;
/// Secrets shorter than this are not looked for in answers: they would be found in any.
const SHORTEST_SECRET: usize = 6;

/// Why there is no answer that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// A status outside 200 to 299.
    Status {
        /// The status.
        status: u16,
        /// The reason, as it was given; empty if there was none in words.
        reason: String,
    },
    /// The answer is larger than allowed.
    TooLarge(usize),
    /// The network failed, or there was no answer in time: what happened.
    Lost(String),
}

impl Fault {
    /// A status, and the reason that came with it.
    pub(super) fn refused(status: u16, body: &[u8]) -> Self {
        Self::Status { status, reason: in_words(body) }
    }

    /// What the network did to an attempt that may take so long.
    pub(super) fn lost(error: reqwest::Error, time: Duration) -> Self {
        // reqwest prints the address with the error.
        let error = error.without_url();
        Self::Lost(if error.is_timeout() && error.is_connect() {
            format!("no connection within {} s", super::CONNECT.min(time).as_secs())
        } else if error.is_timeout() {
            format!("no answer within {} s", time.as_secs())
        } else if error.is_connect() {
            format!("no connection: {}", cause(&error))
        } else {
            format!("the connection broke before the answer: {}", cause(&error))
        })
    }

    /// Whether another attempt may go better.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Lost(_) | Self::Status { status: 500.., .. })
    }

    /// The status of the answer, if one came.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Status { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// What happened to the network. Only this may be logged: a reason may repeat what was sent.
    pub(super) fn network(&self) -> Option<&str> {
        match self {
            Self::Lost(what) => Some(what),
            _ => None,
        }
    }

    /// The error for people: `what` failed, which concerns the variable `address`. The secrets that
    /// the request carried are taken out of whatever was answered.
    pub fn error(&self, what: &str, address: &str, secrets: &[SecretString]) -> Error {
        let said = format!("{what}: {}", self.words());
        let error = |kind| Error::quoting(kind, &said, self.reason(secrets));
        match self {
            Self::Status { status: 300..=499, .. } => error(Kind::Config)
                .hint(format!("check {address} and the credentials that go with it")),
            Self::TooLarge(_) => error(Kind::Unusable),
            _ => {
                let advice = self.network().and_then(trust::advice);
                let reach = || format!("check that {address} can be reached");
                error(Kind::Unavailable).hint(advice.map_or_else(reach, ToOwned::to_owned))
            }
        }
    }

    /// The reason that the server gave, without these secrets; empty where it gave none.
    fn reason(&self, secrets: &[SecretString]) -> String {
        let Self::Status { reason, .. } = self else { return String::new() };
        let mut reason = reason.clone();
        for secret in secrets.iter().map(SecretString::expose_secret) {
            if secret.len() >= SHORTEST_SECRET {
                let escaped = serde_json::to_string(secret).unwrap_or_default();
                reason = reason.replace(escaped.trim_matches('"'), "***");
                reason = reason.replace(secret, "***");
            }
        }
        reason.chars().take(REASON_SHOWN).collect()
    }

    fn words(&self) -> String {
        match self {
            Self::Status { status, .. } => format!("the answer was HTTP {status}"),
            Self::TooLarge(most) => {
                format!("the answer is larger than {} MiB", most / (1024 * 1024))
            }
            Self::Lost(what) => what.clone(),
        }
    }
}

/// A reason that people can read, on one line; empty for a web page or for no text at all.
fn in_words(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    if text.trim_start().starts_with('<') || text.contains('\0') {
        return String::new();
    }
    one_line(&text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The innermost cause: the outer ones only say that a request failed.
pub(super) fn cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
