//! What an error of the driver means for people.

use redis::{ErrorKind, RedisError};

use crate::component::{Error, Kind};
use crate::trust;

/// Codes of a server, what they mean, and what to do.
const CODES: &[(&str, &str, &str)] = &[
    ("OOM", "is out of memory", "raise its maxmemory, or let old messages expire"),
    ("MISCONF", "cannot write to its disk", "see the log of Redis, and free disk space"),
    ("READONLY", "has become a replica", "give the address of its primary"),
    ("NOAUTH", "wants a password", "put user and password into the journal's URL"),
    ("WRONGPASS", "refuses the password", "check user and password in the journal's URL"),
    (
        "NOPERM",
        "forbids a command to this user",
        "allow it EVALSHA, SCRIPT, SCAN and ZSCAN, what the scripts call, and the keys with the journal's prefix",
    ),
    ("LOADING", "is still reading its data", "wait until it is ready"),
    ("NOREPLICAS", "has too few replicas to write", "start its replicas"),
    ("BUSY", "is busy with somebody's script", "see SCRIPT KILL in the manual of Redis"),
];

/// The error for people. It repeats nothing that the server said but a code: a server may quote
/// what it was sent, and that may be a password.
pub(super) fn explain(error: &RedisError, server: &str) -> Error {
    let the_server = format!("the journal's Redis at {server}");
    let unavailable = |what: String| Error::new(Kind::Unavailable, format!("{the_server} {what}"));
    match error.kind() {
        // The system's own words: refused, reset, unknown host, certificate.
        ErrorKind::Io if error.is_timeout() => {
            unavailable("does not answer in time".to_owned()).hint("check the server and its disk")
        }
        ErrorKind::Io => {
            let reach = "check that it runs and the address in the journal's URL";
            unavailable(format!("cannot be reached ({error})"))
                .hint(trust::advice(&error.to_string()).unwrap_or(reach))
        }
        ErrorKind::AuthenticationFailed => {
            Error::config("journal", format!("{the_server} refuses the password"))
                .hint("check user and password in the journal's URL")
        }
        _ => match code(error) {
            Some((code @ ("NOAUTH" | "WRONGPASS"), what, hint)) => {
                Error::config("journal", format!("{the_server} {what} ({code})")).hint(*hint)
            }
            Some((code, what, hint)) => unavailable(format!("{what} ({code})")).hint(*hint),
            None => unavailable(format!("answers with an error ({})", word(error)))
                .hint("see the log of Redis"),
        },
    }
}

/// The code, if it is known. An older Redis wraps the errors of what a script calls in one of its
/// own.
fn code(error: &RedisError) -> Option<&'static (&'static str, &'static str, &'static str)> {
    let detail = error.detail().unwrap_or_default();
    CODES.iter().find(|(code, ..)| {
        error.code() == Some(code)
            || detail.split([' ', '@', ':']).any(|it| it.strip_prefix('-') == Some(code))
    })
}

fn word(error: &RedisError) -> &str {
    let plain = |it: &&str| it.len() <= 20 && it.bytes().all(|it| it.is_ascii_uppercase());
    error.code().filter(plain).unwrap_or("unexpected")
}
