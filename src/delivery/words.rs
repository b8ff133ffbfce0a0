//! What is said of requests that were not made, and of messages that are refused, in words.

use super::decide::Doubt;
use crate::component::{Error, Kind, Known, Outcome, Past, Problem, RETURNED, Reason};

/// Comes before the reason why a message in doubt is not sent now.
pub(super) const STILL_IN_DOUBT: &str = "an earlier try of it ended in doubt; this one: ";

/// What is said of a message that another process has in hand.
pub(super) const ELSEWHERE: &str = "somebody else is sending this same message";

/// A request that was not made for this reason.
pub(super) fn unavailable(said: impl Into<String>) -> Problem {
    Problem::new(Reason::Unavailable, said)
}

/// The outcome of a request that may have been made. `why` is the reason why it was not made now, and
/// `journal` the failure of the journal that hides whether it was, if there is one.
pub(super) fn in_doubt(doubt: Doubt, why: Option<&Problem>, journal: Option<String>) -> Outcome {
    let said = match doubt {
        Doubt::NoJournal => {
            "this message was delivered before, and without a journal nobody knows whether it was sent"
        }
        Doubt::Unreadable => "this message came before, and the journal cannot say for whom",
        Doubt::JournalFails => {
            "the journal fails, and cannot say whether this is sent by another delivery of the message"
        }
        Doubt::Elsewhere => {
            return Outcome::InDoubt(unavailable(journal.unwrap_or_else(|| ELSEWHERE.to_owned())));
        }
        Doubt::IdOfOthers => {
            return Outcome::InDoubt(Problem::new(Reason::Other, id_of_others(true).what));
        }
        Doubt::Still => {
            let (why, quotes) = why.map_or(("", false), |it| (it.message.as_str(), it.quotes));
            let said = format!("{STILL_IN_DOUBT}{why}");
            return Outcome::InDoubt(Problem { quotes, ..unavailable(said) });
        }
    };
    Outcome::InDoubt(unavailable(said))
}

/// The error of a message whose id counts, and is another's. `called`: some of its recipients may have
/// been sent to under that id, and nobody may be told that nothing was sent.
pub(super) fn id_of_others(called: bool) -> Error {
    let said = "was used before, for other recipients, in another order, or for something else";
    let error = Error::invalid("reference", said).in_own_words();
    if called {
        let what = format!("{}; some of these were sent to then, or may have been", error.what);
        return Error { kind: Kind::Unknown, what, ..error };
    }
    error.hint("give each message a reference, or an id, of its own")
}

/// An error that says what happened before, and why nothing happens now.
pub(super) fn refused_now(before: &str, now: Error) -> Error {
    unknown(&format!("{before}; as things are now, it is refused: "), now)
}

/// An error of a message that may have been sent.
pub(super) fn unknown(before: &str, now: Error) -> Error {
    let Error { what, own, field, .. } = now;
    Error { field, own, ..Error::new(Kind::Unknown, what) }.after(before)
}

/// What is known of earlier tries.
pub(super) fn what_happened(past: &[Past]) -> String {
    let is_accepted = |it: &&Past| matches!(it.known, Some(Known::Accepted(_)));
    let past: Vec<&Past> = past.iter().filter(|it| it.slot != RETURNED).collect();
    let Some(at) = past.iter().map(|it| it.at).min() else {
        return "an earlier result of this message returned it, to be sent by its retry".to_owned();
    };
    let accepted = past.iter().copied().filter(|it| is_accepted(it)).count();
    let of = match (accepted, past.len()) {
        (_, 1) => String::new(),
        (0, all) => format!("{all} recipients, "),
        (some, all) if some < all => format!("{some} of {all} recipients, "),
        (all, _) => format!("{all} recipients, "),
    };
    let became = if accepted > 0 { "was accepted" } else { "may have been sent" };
    format!("an earlier try of this message {became} ({of}at {at:.0})")
}
