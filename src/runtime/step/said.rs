//! What the broker or the system said, for people: its own words, and what to do about them.

use std::error::Error as _;
use std::io;

use lapin::ErrorKind;
use lapin::protocol::{AMQPError, AMQPErrorKind};

use crate::component::{Error, Kind};
use crate::printable::beginning;
use crate::trust;

/// Where the broker's address is set.
const ADDRESS: &str = "check ELASTICIO_AMQP_URI: host, port, user, password, vhost";
/// Most characters of others' words that people are shown.
const SHOWN: usize = 300;

/// Whether the broker has refused what was asked, and only that: it would do so again.
pub fn is_refusal(error: &lapin::Error) -> bool {
    let ErrorKind::ProtocolError(said) = error.kind() else { return false };
    matches!(said.kind(), AMQPErrorKind::Soft(_))
}

/// An error of the broker, or on the way to it. It repeats nothing of the address, which holds a
/// password.
pub fn failed(error: &lapin::Error) -> Error {
    let unavailable =
        |what: String, hint: &'static str| Error::new(Kind::Unavailable, what).hint(hint);
    match error.kind() {
        ErrorKind::ProtocolError(said) => refused(said),
        ErrorKind::IOError(failure) => {
            let what = format!("the broker cannot be reached: {}", words_of(failure));
            unavailable(what, advice_on(failure))
        }
        ErrorKind::MissingHeartbeatError => {
            unavailable("the broker has gone silent".to_owned(), "check that it runs")
        }
        _ => unavailable(
            "the connection to the broker is lost".to_owned(),
            "check that it runs, and its log",
        ),
    }
}

/// What the broker does not do.
fn refused(said: &AMQPError) -> Error {
    let (code, words) = (said.get_id(), beginning(said.get_message().as_str(), SHOWN));
    let is_login = words.contains("Login was refused");
    let (kind, hint) = match code {
        // What this user may not do, or a virtual host that is not there or not his.
        403 if is_login => (Kind::Config, "check user and password in ELASTICIO_AMQP_URI"),
        403 => (Kind::Config, "give this user the right to it (rabbitmqctl set_permissions)"),
        530 => {
            (Kind::Config, "check the vhost in ELASTICIO_AMQP_URI, and that this user may use it")
        }
        404 => (
            Kind::Unavailable,
            "declare it, or start the flow again; check its name in the settings",
        ),
        405 => (Kind::Unavailable, "somebody else uses the queue alone: end that connection"),
        406 => (Kind::Unavailable, "the broker's limits or the queue's arguments do not allow it"),
        320 => {
            (Kind::Unavailable, "somebody closed the connection, or the broker is being stopped")
        }
        501 => (Kind::Unavailable, "a message has more headers than a frame holds: see frame_max"),
        _ => (Kind::Unavailable, ADDRESS),
    };
    let words =
        if words.is_empty() { format!("code {code}") } else { format!("{words} (code {code})") };
    Error::new(kind, format!("the broker says: {words}")).hint(hint)
}

/// The innermost words of a failure: what encloses them says less.
fn words_of(failure: &io::Error) -> String {
    let mut words = failure.to_string();
    let mut inner = failure.source();
    while let Some(error) = inner {
        words = error.to_string();
        inner = error.source();
    }
    beginning(&words, SHOWN)
}

fn advice_on(failure: &io::Error) -> &'static str {
    let words = words_of(failure);
    if let Some(advice) = trust::advice(&words) {
        return advice;
    }
    match failure.kind() {
        io::ErrorKind::ConnectionRefused => {
            "check that it runs, and its port in ELASTICIO_AMQP_URI"
        }
        io::ErrorKind::TimedOut => {
            "check host and port in ELASTICIO_AMQP_URI, and firewalls between"
        }
        io::ErrorKind::InvalidData => {
            "check that TLS is spoken at this port: amqps:// is for 5671, amqp:// for 5672"
        }
        _ if words.contains("lookup address") => "check the host's name in ELASTICIO_AMQP_URI",
        _ => ADDRESS,
    }
}

#[cfg(test)]
mod tests {
    use lapin::protocol::{AMQPHardError, AMQPSoftError};

    use super::*;

    fn said(kind: AMQPErrorKind, words: &str) -> Error {
        failed(&ErrorKind::ProtocolError(AMQPError::new(kind, words.into())).into())
    }

    #[test]
    fn the_brokers_own_words_are_told_with_advice_for_each() {
        use AMQPHardError as Hard;
        use AMQPSoftError as Soft;
        for (kind, words, advice) in [
            (
                Soft::ACCESSREFUSED.into(),
                "ACCESS_REFUSED - Login was refused using PLAIN",
                "password",
            ),
            (
                Soft::ACCESSREFUSED.into(),
                "ACCESS_REFUSED - read access to queue 'q'",
                "permissions",
            ),
            (Soft::NOTFOUND.into(), "NOT_FOUND - no exchange 'x' in vhost '/'", "declare it"),
            (Soft::RESOURCELOCKED.into(), "RESOURCE_LOCKED - queue 'q' is exclusive", "alone"),
            (Soft::PRECONDITIONFAILED.into(), "PRECONDITION_FAILED - message size 9", "limits"),
            (Hard::NOTALLOWED.into(), "NOT_ALLOWED - vhost shop not found", "vhost"),
            (Hard::CONNECTIONFORCED.into(), "CONNECTION_FORCED - broker is stopping", "stopped"),
            (Hard::FRAMEERROR.into(), "FRAME_ERROR - frame too large", "frame_max"),
        ] {
            let error = said(kind, words);
            assert!(error.what.contains(words), "{error}");
            assert!(error.to_string().contains(advice), "{error}");
        }
        assert!(said(Soft::NOTFOUND.into(), "").what.contains("404"));
        assert_eq!(said(Soft::NOTFOUND.into(), "a\nb").what, "the broker says: a b (code 404)");
    }

    #[test]
    fn what_the_system_said_is_told_and_not_its_kind_alone() {
        let dns = io::Error::other("failed to lookup address information: Name does not resolve");
        let tls = io::Error::new(
            io::ErrorKind::InvalidData,
            rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer),
        );
        for (failure, words, advice) in [
            (dns, "Name does not resolve", "host's name"),
            (tls, "UnknownIssuer", "ISENDPRO_CA_FILE"),
            (io::Error::from_raw_os_error(111), "Connection refused", "port"),
            (io::Error::from_raw_os_error(113), "No route to host", "ELASTICIO_AMQP_URI"),
            (io::Error::new(io::ErrorKind::TimedOut, "nobody answers"), "nobody", "firewalls"),
        ] {
            let error = failed(&failure.into());
            assert!(error.what.contains(words), "{error}");
            assert!(error.to_string().contains(advice), "{error}");
        }
    }
}
