//! What an answer means: one function from operation, HTTP status and body to outcome.
//!
//! An answer in the API's own form beats the HTTP status, since a refusal may come with 200 and
//! nobody knows the status of a bulk message that was taken in part. Without one, the status says
//! only whether the request may have been carried out.
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
use super::{Entry, Failure, Operation, Outcome, Reply};

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
    let judged = Reply::read_scrubbed(&text, scrub)
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
        Operation::Campagne | Operation::GetListeNoire => refused(status, &reply),
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
            ..Failure::new(format!("the blacklist answers \"{}\"", shorten(&word)))
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
        ..Failure::new(message)
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

/// The API's words, at most 300 characters of them.
fn shorten(text: &str) -> String {
    text.trim().chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(operation: Operation, status: u16, body: &str) -> &'static str {
        let received = Received { status, retry_after: None, body: body.as_bytes() };
        match judge(operation, &received) {
            Outcome::Answered(_) => "answered",
            Outcome::Refused(failure) if failure.code.is_none() => "refused by address",
            Outcome::Refused(_) => "refused",
            Outcome::NotSent(_) => "not sent",
            Outcome::InDoubt(_) => "in doubt",
        }
    }

    const FAILED: &str = r#"{"etat":{"etat":[{"code":"0","tel":"0680010203","message":"Erreur: credit insuffisant"}]}}"#;
    const OK: &str = r#"{"etat":{"etat":[{"code":0,"tel":"0680010203","message":"Votre message a bien ete envoye"}]}}"#;
    const ONE: &str =
        r#"{"etat":{"etat":{"code":"0","message":"hello world!","tel":"0680010203"}}}"#;
    const MIXED: &str = r#"{"etat":{"etat":[{"code":"21","tel":"0600208432","message":"x"},{"code":"0","tel":"06","message":"y"}]}}"#;
    const LISTED: &str =
        r#"{"etat":{"etat":[{"code":"11","tel":"0771058335","message":"liste noire"}]}}"#;
    const WITHOUT_NUMBER: &str = r#"{"etat":{"etat":[{"code":"11","message":"liste noire"}]}}"#;
    const OTHER: &str = r#"{"etat":{"etat":[{"code":"42","tel":"0680010203","message":"x"}]}}"#;
    const GENERAL: &str = r#"{"etat":{"etat":[{"code":"99","message":"non"}]}}"#;

    #[test]
    fn sends() {
        use Operation::{Sms, SmsMulti};
        for operation in [Sms, SmsMulti] {
            let cases = [
                (200, OK, "answered"),
                (200, FAILED, "answered"),
                (200, ONE, "answered"),
                (500, OK, "answered"),
                (429, OK, "answered"),
                (200, MIXED, "answered"),
                (400, MIXED, "answered"),
                (200, LISTED, "answered"),
                (200, GENERAL, "refused"),
                (400, GENERAL, "refused"),
                (408, GENERAL, "refused"),
                (500, LISTED, "answered"),
                (500, WITHOUT_NUMBER, "in doubt"),
                (500, OTHER, "in doubt"),
                (200, OTHER, "answered"),
                (500, GENERAL, "in doubt"),
                (503, GENERAL, "in doubt"),
                (429, GENERAL, "not sent"),
                (429, "", "not sent"),
                (301, "", "refused by address"),
                (404, "<html>", "refused by address"),
                (400, "{}", "refused by address"),
                (500, "<html>", "in doubt"),
                (503, "", "in doubt"),
                (200, "<html>", "in doubt"),
                (200, "", "in doubt"),
                (200, r#"{"etat":{"etat":[{"code":0,"#, "in doubt"),
                (200, r#"{"etat":{"etat":[]}}"#, "in doubt"),
                (200, r#"{"etat":{"credit":"10"}}"#, "in doubt"),
            ];
            for (status, body, expected) in cases {
                assert_eq!(
                    verdict(operation, status, body),
                    expected,
                    "{operation:?} {status} {body}"
                );
            }
        }
    }

    /// A mixed answer that reached nobody whole: one recipient was accepted.
    #[test]
    fn no_part_of_an_answer_is_a_refusal() {
        let warning = "<br />\n<b>Warning</b>:  x in <b>/www/sms.php</b> on line <b>1</b><br />\n";
        let parts = [
            MIXED[..MIXED.len() - 2].to_owned(),
            MIXED[..5].to_owned(),
            format!("{warning}{MIXED}"),
            warning.to_owned(),
            format!("{MIXED}<html></html>"),
            format!("{GENERAL}\n{MIXED}"),
            r#"{"etat":{"etat":[{"code":"","tel":"0680010203"}]}}"#.to_owned(),
            r#"{"etat":{"etat":[]}}"#.to_owned(),
            "\u{1f}\u{8b}\u{8}\0\0".to_owned(),
        ];
        let once = Operation::ALL.into_iter().filter(|it| !it.repeatable());
        for operation in once.clone() {
            for (part, status) in
                parts.iter().flat_map(|it| [400, 403, 404, 429].map(|no| (it, no)))
            {
                assert_eq!(verdict(operation, status, part), "in doubt", "{status} {part}");
            }
        }
        assert_eq!(once.count(), 8);
        assert_eq!(verdict(Operation::Credit, 400, &parts[0]), "refused by address");
        assert_eq!(verdict(Operation::Credit, 429, &parts[0]), "not sent");
    }

    #[test]
    fn only_what_stops_a_request_on_its_way_refuses_it() {
        const REFUSED: [u16; 20] = [
            301, 307, 308, 400, 401, 403, 404, 405, 406, 407, 410, 411, 413, 414, 415, 417, 421,
            426, 431, 451,
        ];
        for operation in Operation::ALL {
            for status in (200..600).filter(|it| *it != 429) {
                for body in ["", "<html>no</html>"] {
                    let is_refused = if operation.repeatable() {
                        (300..500).contains(&status)
                    } else {
                        REFUSED.contains(&status)
                    };
                    let expected = if is_refused { "refused by address" } else { "in doubt" };
                    assert_eq!(
                        verdict(operation, status, body),
                        expected,
                        "{operation:?} {status}"
                    );
                }
            }
        }
    }

    #[test]
    fn under_a_server_error_a_code_that_is_not_published_says_nothing_of_its_recipient() {
        let mixed = r#"{"etat":{"etat":[{"code":"21","tel":"0600208432"},
            {"code":"42","tel":"0680010203","message":"x"},{"code":"0","tel":"0680010204"}]}}"#;
        for (status, second) in [(200, Some(42)), (400, Some(42)), (500, None)] {
            let received = Received { status, retry_after: None, body: mixed.as_bytes() };
            let Outcome::Answered(reply) = judge(Operation::SmsMulti, &received) else {
                panic!("not answered");
            };
            let codes: Vec<_> = reply.entries.iter().map(Entry::code).collect();
            assert_eq!(codes, [Some(21), second, Some(0)], "{status}");
            assert_eq!((reply.entries[1].message().as_deref(), &*reply.raw), (Some("x"), mixed));
        }
    }

    #[test]
    fn the_others() {
        use Operation::*;
        let link = r#"{"etat":{"etat":{"code":250,"message":"Le lien court a ete genere","shortlink":"ww.sms.ht/aOHi"}}}"#;
        let account = r#"{"etat":{"etat":{"code":230,"subAccountId":20150,"subAccountKeyId":"a9","tel":"ajoute"}}}"#;
        let count = r#"{"etat":{"etat":{"nb_caractere":"222","nb_sms":"2","tel":"0680010203"}}}"#;
        let credit = r#"{"etat":{"credit":"10.0"}}"#;
        let operator = r#"{"etat":{"etat":{"operateur":"ORAN","tel":"0680010203"}}}"#;
        let listed = r#"{"etat":[{"listeNoire":"OK","tel":"0680010203"}]}"#;
        let not_listed = r#"{"etat":[{"listeNoire":"KO","tel":"0680010203"}]}"#;
        let directory = r#"{"etat":{"etat":[{"code":"0","repertoireId":"123456"}]}}"#;
        let cases = [
            (Shortlink, 200, link, "answered"),
            (Shortlink, 200, GENERAL, "refused"),
            (Shortlink, 200, directory, "refused"),
            (SubaccountAdd, 200, account, "answered"),
            (SubaccountAdd, 400, GENERAL, "refused"),
            (Comptage, 200, count, "answered"),
            (Comptage, 200, GENERAL, "refused"),
            (Credit, 200, credit, "answered"),
            (Credit, 400, GENERAL, "refused"),
            (Hlr, 200, operator, "answered"),
            (Hlr, 502, "<html>", "in doubt"),
            (Hlr, 500, GENERAL, "in doubt"),
            (Shortlink, 500, GENERAL, "in doubt"),
            (Comptage, 500, GENERAL, "refused"),
            (SetListeNoire, 200, listed, "answered"),
            (DelListeNoire, 200, listed, "answered"),
            (SetListeNoire, 200, not_listed, "refused by address"),
            (RepertoireCreate, 200, directory, "answered"),
            (RepertoireCreate, 200, GENERAL, "answered"),
            (RepertoireCreate, 400, GENERAL, "refused"),
            (RepertoireModif, 500, GENERAL, "in doubt"),
            (SubaccountEdit, 204, "", "in doubt"),
            (Campagne, 400, GENERAL, "refused"),
            (Campagne, 200, "<html>", "in doubt"),
            (GetListeNoire, 200, GENERAL, "refused"),
        ];
        for (operation, status, body, expected) in cases {
            assert_eq!(verdict(operation, status, body), expected, "{operation:?} {status} {body}");
        }
    }

    #[test]
    fn windows_1252_is_read_when_utf_8_cannot_be() {
        let received = Received {
            status: 200,
            retry_after: None,
            body: b"{\"etat\":{\"etat\":[{\"code\":\"11\",\"message\":\"Le num\xe9ro\"}]}}",
        };
        let Outcome::Refused(failure) = judge(Operation::Sms, &received) else {
            panic!("not refused");
        };
        assert_eq!((failure.code, failure.message.as_str()), (Some(11), "Le numéro"));
    }
}
