//! What an operation answers: envelopes in the API's shapes, downloads, and the
//! ways in which an answer can go wrong.

use std::borrow::Cow;
use std::fs::File;
use std::io;

use axum::http::StatusCode;
use serde::{Serialize, Serializer};

use super::codes::Code;

/// The answer of an operation, before it becomes HTTP.
pub(super) enum Reply {
    /// A JSON text, whole or not.
    Json(StatusCode, Vec<u8>),
    /// A page or a line of text that no client expects.
    Page {
        /// Status of the answer.
        status: StatusCode,
        /// Media type of the text.
        media: &'static str,
        /// The text; may be empty.
        text: &'static str,
        /// Seconds for the header `Retry-After`.
        retry_after: Option<u8>,
    },
    /// A file that a blocking task makes first.
    Download(Download),
    /// The connection is closed and no byte is written.
    Dropped,
    /// Nothing happens until the client goes or the simulator stops.
    Silent,
}

/// A zip to make and to stream.
pub(super) struct Download {
    /// Media type that the answer claims.
    pub media: &'static str,
    /// Name that the answer proposes for the file.
    pub name: &'static str,
    /// Makes the file and leaves it at its first byte.
    pub make: Box<dyn FnOnce() -> io::Result<File> + Send>,
}

/// The refusal of a whole request: HTTP 400 with the API's error envelope.
#[derive(Debug)]
pub(super) struct Refusal {
    code: Code,
    detail: Cow<'static, str>,
}

impl Refusal {
    /// A refusal that says what it is about, a field name for example.
    pub fn about(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { code, detail: detail.into() }
    }

    /// Number of the code.
    #[cfg(test)]
    pub fn number(&self) -> u16 {
        self.code.number
    }
}

impl From<Code> for Refusal {
    fn from(code: Code) -> Self {
        Self::about(code, "")
    }
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        let Refusal { code, detail } = refusal;
        let message = if detail.is_empty() {
            code.label.to_owned()
        } else {
            format!("{}: {detail}", code.label)
        };
        let entry = ErrorEntry { code: Text(code.number), message };
        Self::Json(StatusCode::BAD_REQUEST, json(&Nested::of([entry])))
    }
}

/// An entry without `tel`: it is about the whole request.
#[derive(Serialize)]
struct ErrorEntry {
    code: Text<u16>,
    message: String,
}

/// `{"etat":{"etat":...}}`, the shape of nearly every answer.
#[derive(Serialize)]
struct Nested<T> {
    etat: Etat<T>,
}

/// `{"etat":...}`.
#[derive(Serialize)]
struct Etat<T> {
    etat: T,
}

impl<T> Nested<T> {
    fn of(etat: T) -> Self {
        Self { etat: Etat { etat } }
    }
}

/// A number that the API writes as a string.
pub(super) struct Text<T>(pub T);

impl<T: std::fmt::Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// Success with `etat.etat` as given: an object or an array.
pub(super) fn nested(entries: &impl Serialize) -> Reply {
    Reply::Json(StatusCode::OK, json(&Nested::of(entries)))
}

/// Success with an object for one entry and an array for any other count.
pub(super) fn one_or_many(entries: &[impl Serialize]) -> Reply {
    match entries {
        [entry] => nested(entry),
        entries => nested(&entries),
    }
}

/// Success with a single `etat`, as credit alone has it.
pub(super) fn flat(etat: &impl Serialize) -> Reply {
    Reply::Json(StatusCode::OK, json(&Etat { etat }))
}

/// Our own types always serialise: their keys are strings and nothing fails.
fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}
