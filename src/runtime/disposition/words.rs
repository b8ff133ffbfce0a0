//! The errors that a host meets on its own.

use crate::component::{Error, Kind, Session};
use crate::delivery::JournalFailure;

/// Why a message is not begun.
pub const STOPPING: &str = "the step is being stopped";

/// The error of a message whose journal cannot be relied on.
pub fn forgetful(failure: &JournalFailure) -> Error {
    let kind = if failure.unrecorded { Kind::Unknown } else { Kind::Unavailable };
    Error::new(kind, format!("the journal: {}", failure.why))
        .hint("see that its disk has room, or that its Redis runs; then start the step again")
}

/// The error of a message that an earlier delivery, or another copy, may have sent.
pub fn after_another(error: Error, deed: &'static str) -> Error {
    let (kind, hint) = (Kind::Unknown, Some(Session::WHEN_UNKNOWN.into()));
    let error = error.after("this message was delivered before; now ");
    Error { kind, hint, deed, ..error }
}

/// The error of a result that nobody takes: what was done must not be done again for it.
pub fn result_lost(error: &Error) -> Error {
    let Error { what, own, hint, .. } = error.clone();
    let error = Error { hint, own, ..Error::new(Kind::Unknown, what) };
    error.after("this was done, but its result is lost: ")
}

/// Why a step ends that can tell nobody of an error: all messages would go that way.
pub fn untellable(failed: &Error) -> Error {
    let what =
        format!("an error cannot be told, and its message stays in the queue: {}", failed.what);
    Error::new(Kind::Unavailable, what).hint(
        "bind a queue for errors to the exchange, and let the user write to it; then start again",
    )
}

/// The error of a message that stopped at a mistake of ours. Nobody knows how far it was.
pub fn defect() -> Error {
    let said = "a defect of the connector stopped this message";
    Error::new(Kind::Unknown, said).hint("please report it, with the log")
}

/// Why a message is left by a step that is being stopped, and could publish nothing.
pub fn blocked() -> Error {
    Error::new(Kind::Unavailable, "the broker takes nothing")
        .hint("see that it has memory and disk")
}
