//! What an answer means: one function from operation, HTTP status and body to outcome.
//!
//! An answer in the API's own form beats the HTTP status, since a refusal may come with 200 and
//! nobody knows the status of a bulk message that was taken in part. Without one, the status says
//! only whether the request may have been carried out.
//!
//! XML is the second form of a refusal, seen with the report. It is believed where it is known to
//! come, under the published statuses, and of operations alone that may be repeated: whoever took
//! the XML of some gateway for a refusal of a send might send twice.
//!
//! Within an answer the code beats the message, whose wording is not published: code 0 is an
//! acceptance, also with "Erreur" beside it. Whoever believed the message would send again what was
//! taken.
//!
//! Under a server error (5xx) only what is published is believed: an acceptance, and the codes that
//! refuse one recipient by its number. Any other code may say no more than that the server failed
//! after it took the request.

use std::borrow::Cow;
use std::time::Duration;

use serde_json::Value;

use super::fragment::{looks, may_hold_an_answer};
use super::xml;
use super::{Entry, Failure, Operation, Outcome, Reply};
use crate::printable::beginning;

/// The published codes that refuse a recipient: on the blacklist, and not allocated.
const REFUSES_RECIPIENT: [i64; 2] = [11, 21];

/// An HTTP answer, complete.
#[derive(Debug, Clone, Copy)]
pub struct Received<'a> {
    /// The HTTP status.
    pub status: u16,
    /// The `Retry-After` header, in whatever unit it came.
    pub retry_after: Option<Duration>,
    /// The body.
    pub body: &'a [u8],
}

impl<'a> Received<'a> {
    /// The body as text: UTF-8, else Windows-1252.
    pub fn text(&self) -> Cow<'a, str> {
        match std::str::from_utf8(self.body) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => encoding_rs::WINDOWS_1252.decode_without_bom_handling(self.body).0,
        }
    }
}

/// Says what an answer means.
pub fn judge(operation: Operation, received: &Received) -> Outcome<Reply> {
    judge_scrubbed(operation, received, |_| false)
}

/// Says what an answer means from which `scrub` takes what must not be shown.
pub(super) fn judge_scrubbed(
    operation: Operation,
    received: &Received,
    scrub: impl Fn(&mut Value) -> bool,
) -> Outcome<Reply> {
    let text = received.text();
    let judged = Reply::read_scrubbed(&text, &scrub)
        .or_else(|| {
            let may_be_xml = operation.repeatable() && matches!(received.status, 200 | 400);
            Reply::read_scrubbed(&xml::error(&text).filter(|_| may_be_xml)?, &scrub)
        })
        .and_then(|reply| judge_reply(operation, received.status, reply));
    match judged {
        Some(answered @ Outcome::Answered(_)) => answered,
        Some(_) if received.status == 429 => asks_to_wait(received),
        Some(Outcome::Refused(failure)) if received.status >= 500 && !operation.repeatable() => {
            Outcome::InDoubt(failure)
        }
        Some(judged) => judged,
        None => judge_status(operation, received, &text),
    }
}

fn asks_to_wait(received: &Received) -> Outcome<Reply> {
    Outcome::NotSent(Failure {
        status: Some(received.status),
        retry_after: received.retry_after,
        ..Failure::new("iSendPro asks to come back later (HTTP 429)")
    })
}

/// What the API's own words mean; `None` if they are not those of this operation.
fn judge_reply(operation: Operation, status: u16, reply: Reply) -> Option<Outcome<Reply>> {
    match operation {
        Operation::Sms | Operation::SmsMulti => judge_send(status, reply),
        Operation::Shortlink => judge_code(250, status, reply),
        Operation::SubaccountAdd => judge_code(230, status, reply),
        Operation::RepertoireCreate | Operation::RepertoireModif | Operation::SubaccountEdit => {
            judge_undocumented(status, reply)
        }
        Operation::Comptage => judge_field("nb_sms", status, reply),
        Operation::Credit => judge_field("credit", status, reply),
        Operation::Hlr => judge_field("operateur", status, reply),
        Operation::SetListeNoire | Operation::DelListeNoire => judge_blacklist(status, reply),
        Operation::Campagne | Operation::CampagneSends | Operation::GetListeNoire => {
            refused(status, &reply)
        }
    }
}

/// Code 0: accepted. An entry with `tel` and another code: that recipient is refused. An entry
/// without `tel`: the whole request is.
fn judge_send(status: u16, mut reply: Reply) -> Option<Outcome<Reply>> {
    let whole = refused(status, &reply);
    let refuses = |it: i64| status < 500 || REFUSES_RECIPIENT.contains(&it);
    for entry in &mut reply.entries {
        if entry.code().is_some_and(|it| it != 0 && !refuses(it)) {
            entry.forget_code();
        }
    }
    let answers = |it: &Entry| it.code() == Some(0) || (it.code().is_some() && it.tel().is_some());
    if reply.entries.iter().any(answers) { Some(Outcome::Answered(reply)) } else { whole }
}

fn judge_code(success: i64, status: u16, reply: Reply) -> Option<Outcome<Reply>> {
    if reply.entries.iter().any(|it| it.code() == Some(success)) {
        Some(Outcome::Answered(reply))
    } else {
        refused(status, &reply)
    }
}

/// The codes of these operations are not published: the status decides, the code is passed on.
fn judge_undocumented(status: u16, reply: Reply) -> Option<Outcome<Reply>> {
    match status {
        200..=299 if reply.entries.iter().any(|it| !it.fields().is_empty()) => {
            Some(Outcome::Answered(reply))
        }
        400..=499 => refused(status, &reply),
        // The code may say that it failed; nobody knows.
        _ => match refused(status, &reply)? {
            Outcome::Refused(failure) => Some(Outcome::InDoubt(failure)),
            other => Some(other),
        },
    }
}

fn judge_field(field: &str, status: u16, reply: Reply) -> Option<Outcome<Reply>> {
    if reply.with(field).is_some_and(|it| it.text(field).is_some_and(|it| !it.trim().is_empty())) {
        Some(Outcome::Answered(reply))
    } else {
        refused(status, &reply)
    }
}

fn judge_blacklist(status: u16, reply: Reply) -> Option<Outcome<Reply>> {
    match reply.with("listeNoire").and_then(|it| it.text("listeNoire")) {
        Some(word) if word.trim().eq_ignore_ascii_case("ok") => Some(Outcome::Answered(reply)),
        Some(word) => Some(Outcome::Refused(Failure {
            status: Some(status),
            ..Failure::quoting(format!("the blacklist answers \"{}\"", shorten(&word)))
        })),
        None => refused(status, &reply),
    }
}

/// The first entry with a code tells why. A code that cannot be read tells nothing.
fn refused(status: u16, reply: &Reply) -> Option<Outcome<Reply>> {
    let entry = reply.entries.iter().find(|it| it.code().is_some())?;
    let message = entry.message().map_or_else(|| "no explanation".to_owned(), |it| shorten(&it));
    Some(Outcome::Refused(Failure {
        code: entry.code(),
        status: Some(status),
        ..Failure::quoting(message)
    }))
}

/// What an HTTP status means when the body is no answer of the API.
///
/// What must happen at most once is told as refused only where nothing can have passed, and
/// no part of an answer shows: there a program was at work that may have taken the request.
fn judge_status(operation: Operation, received: &Received, text: &str) -> Outcome<Reply> {
    let status = received.status;
    let is_doubtful = !operation.repeatable() && may_hold_an_answer(text);
    if status == 429 && !is_doubtful {
        return asks_to_wait(received);
    }
    let what = if is_doubtful { "may hold part of an answer" } else { "is no answer" };
    let failure = Failure {
        status: Some(status),
        ..Failure::new(format!("HTTP {status} with {}, which {what} of iSendPro", looks(text)))
    };
    let is_refusal = if operation.repeatable() {
        matches!(status, 300..=499)
    } else {
        !is_doubtful && stops_before(status)
    };
    if !is_refusal {
        return Outcome::InDoubt(failure);
    }
    Outcome::Refused(Failure {
        hint: Some("check the server's address, and any proxy or firewall on the way"),
        ..failure
    })
}

/// Whether a status is given in place of carrying a request out: it is for another address, key or
/// proxy, of the wrong form, or too large.
///
/// Of the others, 302 and 303 are what a form is answered with that was carried out; 408 and 499 are
/// said by a gateway that waited no longer for the server behind it; 409 and 425 follow a request
/// that came twice. What is not listed is not known to stop before.
const fn stops_before(status: u16) -> bool {
    matches!(
        status,
        301 | 307
            | 308
            | 400
            | 401
            | 403
            | 404
            | 405
            | 406
            | 407
            | 410
            | 411
            | 413
            | 414
            | 415
            | 417
            | 421
            | 426
            | 431
            | 451
    )
}

/// The API's words: at most 300 characters of them, and nothing that a terminal obeys.
fn shorten(text: &str) -> String {
    beginning(text, 300)
}

#[cfg(test)]
mod tests;
