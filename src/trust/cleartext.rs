//! Who may be spoken to without TLS: this machine; one's own network, with a warning; anybody else only
//! by the operator's word. One rule for the broker, the journal, the platform and its storage.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};

use reqwest::Url;

/// The operator's word.
static ALLOWED: AtomicBool = AtomicBool::new(false);

/// Names that nobody outside of a network knows.
const OWN_NAMES: &[&str] = &[".local", ".internal", ".svc", ".lan", ".home.arpa"];

/// Speaks without TLS to whoever is named, in the whole process: the operator has said so.
pub fn allow_cleartext() {
    ALLOWED.store(true, Ordering::Relaxed);
}

/// True if a server is on this machine.
pub(crate) fn is_local(server: &Url) -> bool {
    server.host_str().is_some_and(is_loopback)
}

/// True if a host is this machine, by the name or the address that everybody knows it by.
pub(crate) fn is_loopback(host: &str) -> bool {
    host == "localhost" || address(host).is_some_and(|it| it.is_loopback())
}

/// What has to be said of speaking to a host without TLS: nothing of this machine, or with the
/// operator's word; a warning in one's own network.
///
/// # Errors
/// The host may be anywhere: what to do.
pub(crate) fn cleartext(host: &str) -> Result<Option<String>, &'static str> {
    if is_loopback(host) || ALLOWED.load(Ordering::Relaxed) {
        return Ok(None);
    }
    if is_own(host) {
        return Ok(Some(format!(
            "{host} is spoken to without TLS: who is on the way reads passwords, numbers and texts"
        )));
    }
    Err(
        "would send passwords, numbers and texts in clear through other people's networks; use TLS, or set \
         ISENDPRO_ALLOW_CLEARTEXT=1 if the way is yours",
    )
}

/// Whether a host can be nowhere but in one's own network.
fn is_own(host: &str) -> bool {
    let name = host.trim_end_matches('.').to_ascii_lowercase();
    match address(&name) {
        Some(IpAddr::V4(it)) => it.is_private() || it.is_link_local(),
        Some(IpAddr::V6(it)) => it.is_unique_local() || it.is_unicast_link_local(),
        None => !name.contains('.') || OWN_NAMES.iter().any(|it| name.ends_with(it)),
    }
}

/// The address that a host is, if it is no name. One of IPv4 that is written as one of IPv6 is taken
/// for what it is written as: nobody has a reason to.
fn address(host: &str) -> Option<IpAddr> {
    host.trim_matches(['[', ']']).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_needs_no_word() {
        for host in ["localhost", "127.0.0.1", "127.0.0.9", "[::1]", "::1"] {
            assert!(is_loopback(host), "{host}");
            assert_eq!(cleartext(host), Ok(None), "{host}");
        }
        for host in ["localhost.example.org", "10.0.0.1", "0.0.0.0", "apirest.isendpro.com", ""] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn ones_own_network_is_a_warning_and_others_are_refused() {
        for host in [
            "broker",
            "rabbitmq-service",
            "api.platform.svc.cluster.local",
            "maester.platform.svc",
            "Printer.LOCAL",
            "host.docker.internal",
            "ip-10-0-0-1.eu-west-1.compute.internal",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.9",
            "169.254.1.1",
            "[fd00::1]",
            "fe80::1",
            "nas.lan.",
        ] {
            let warned = cleartext(host).unwrap().expect(host);
            assert!(warned.starts_with(host) && warned.contains("without TLS"), "{warned}");
        }
        for host in [
            "example.org",
            "redis.example.internal.com",
            "mylocal.fr",
            "8.8.8.8",
            "172.32.0.1",
            "172.15.0.1",
            "192.169.0.1",
            "100.64.0.1",
            "[2001:db8::1]",
            "::ffff:8.8.8.8",
            "::ffff:10.1.2.3",
            "::ffff:127.0.0.1",
            "0.0.0.0",
            "10.0.0.1.nip.io",
        ] {
            assert!(cleartext(host).is_err(), "{host}");
        }
    }
}
