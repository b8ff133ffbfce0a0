//! Whose certificates are trusted: those of the system's CAs, and of a CA of one's own beside them. And
//! who is spoken to without TLS, and how web servers are asked.
//!
//! One rule for all that speaks TLS: iSendPro, the broker, the journal and a platform. Nothing can take
//! the public CAs away, so a company's CA for its broker leaves iSendPro reachable.

mod cleartext;
mod web;

use std::sync::{Arc, OnceLock};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::{BuilderVerifierExt as _, Verifier};

pub use cleartext::allow_cleartext;
#[cfg(feature = "simulator")]
pub(crate) use cleartext::is_loopback;
pub(crate) use cleartext::{cleartext, is_local};
pub(crate) use web::web_client;

/// The certificates of one's own, in PEM.
static OWN: OnceLock<Authorities> = OnceLock::new();

/// The certificates of CAs that are trusted beside the system's.
#[derive(Debug)]
pub struct Authorities {
    pem: String,
    certificates: Vec<CertificateDer<'static>>,
}

impl Authorities {
    /// Reads the certificates of a PEM file.
    ///
    /// # Errors
    /// What the file is instead. A certificate that cannot be used is an error as well: left out, it
    /// would be missed only where it is needed.
    pub fn read(file: &[u8]) -> Result<Self, String> {
        const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
        let file = file.strip_prefix("\u{feff}".as_bytes()).unwrap_or(file);
        let pem = str::from_utf8(file).map_err(|_| NO_PEM)?;
        if pem.contains("PRIVATE KEY-----") {
            return Err("the file holds a private key, which only its server may have; leave the \
                        certificate of the CA in it, and nothing else"
                .to_owned());
        }
        let announced = pem.matches(BEGIN).count();
        if announced == 0 {
            return Err(NO_PEM.to_owned());
        }
        let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
        let certificates = read.ok().filter(|it| it.len() == announced).ok_or(
            "the file is damaged: each certificate goes from its line BEGIN to its line END, and the \
             lines begin at the left",
        )?;
        for (place, certificate) in (1..).zip(&certificates) {
            if RootCertStore::empty().add(certificate.clone()).is_err() {
                return Err(format!("certificate {place} of {announced} cannot be read"));
            }
        }
        Ok(Self { pem: pem.to_owned(), certificates })
    }
}

const NO_PEM: &str = "the file has no certificate in PEM, which begins with -----BEGIN \
                      CERTIFICATE-----; convert it: openssl x509 -inform DER -in FILE -out ca.pem";

/// Trusts these CAs as well, in the whole process, on each connection that is made from now on. Only the
/// first call counts.
pub fn add(authorities: Authorities) {
    OWN.get_or_init(|| authorities);
}

/// How a client of a web server checks certificates.
pub(crate) fn client() -> Result<ClientConfig, rustls::Error> {
    // A second call finds the provider in place, which is what is wanted.
    rustls::crypto::ring::default_provider().install_default().ok();
    let builder = ClientConfig::builder();
    let Some(own) = OWN.get() else {
        return Ok(builder.with_platform_verifier()?.with_no_client_auth());
    };
    let provider = Arc::clone(builder.crypto_provider());
    let verifier = Verifier::new_with_extra_roots(own.certificates.clone(), provider)?;
    let builder = builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier));
    Ok(builder.with_no_client_auth())
}

/// The certificates of one's own in PEM, for a client that adds them to the system's.
pub(crate) fn own() -> Option<&'static str> {
    OWN.get().map(|it| it.pem.as_str())
}

/// All certificates in PEM, for a client that would take one's own in place of the system's. `None` if
/// there are only the system's.
pub(crate) fn all() -> Option<Vec<u8>> {
    let own = OWN.get()?;
    let system = rustls_native_certs::load_native_certs();
    for error in system.errors {
        tracing::warn!(%error, "a certificate of the system cannot be read");
    }
    Some(joined(own, &system.certs).into_bytes())
}

/// Those of the system that the driver would not take would make it refuse them all.
fn joined(own: &Authorities, system: &[CertificateDer<'_>]) -> String {
    let fit =
        |it: &&CertificateDer<'_>| RootCertStore::empty().add((*it).clone().into_owned()).is_ok();
    let mut pem = own.pem.clone();
    for certificate in system.iter().filter(fit) {
        pem += "\n-----BEGIN CERTIFICATE-----\n";
        pem += &BASE64_STANDARD.encode(certificate);
        pem += "\n-----END CERTIFICATE-----\n";
    }
    pem
}

/// What to do about a failure of TLS, if these words tell one.
pub(crate) fn advice(words: &str) -> Option<&'static str> {
    if words.contains("UnknownIssuer") {
        return Some(
            "nobody here knows the CA of its certificate: save the CA's certificate (PEM) as a file, \
             and name it in ISENDPRO_CA_FILE",
        );
    }
    words.contains("certificate").then_some(
        "its certificate is not trusted: check its name, its dates and this machine's clock",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate() -> rcgen::CertifiedKey<rcgen::KeyPair> {
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap()
    }

    fn wrong(file: impl AsRef<[u8]>) -> String {
        Authorities::read(file.as_ref()).unwrap_err()
    }

    #[test]
    fn all_certificates_of_a_file_are_taken() {
        let (one, two) = (certificate().cert, certificate().cert);
        let both = one.pem() + &two.pem();
        let marked = format!("\u{feff}{both}");
        let commented = format!("# My CA\n{}\n\nsubject=CN = two\n{}", one.pem(), two.pem());
        for (file, count) in [
            (one.pem(), 1),
            (both.clone(), 2),
            (marked, 2),
            (commented, 2),
            (both.replace('\n', "\r\n"), 2),
            (one.pem().trim_end().to_owned(), 1),
            (format!("{both}{}", one.pem()), 3),
        ] {
            assert_eq!(Authorities::read(file.as_bytes()).unwrap().certificates.len(), count);
        }
    }

    #[test]
    fn a_file_that_is_something_else_is_refused_whole() {
        let made = certificate();
        let (pem, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        let half = &pem[..pem.len() / 2];
        let no_certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n";
        for (file, told) in [
            (String::new(), "no certificate in PEM"),
            ("\n\n".to_owned(), "no certificate in PEM"),
            ("/etc/ssl/my-ca.pem".to_owned(), "no certificate in PEM"),
            (pem.replace("CERTIFICATE", "TRUSTED CERTIFICATE"), "no certificate in PEM"),
            (key.clone(), "private key"),
            (format!("{pem}{key}"), "private key"),
            (format!("{pem}{encrypted}"), "private key"),
            (half.to_owned(), "damaged"),
            (format!("{half}\n{pem}"), "damaged"),
            (pem.replace('\n', "\n  "), "damaged"),
            (pem.replacen("MII", "M!!", 1), "damaged"),
            (no_certificate.to_owned(), "certificate 1 of 1 cannot be read"),
            (format!("{pem}{no_certificate}"), "certificate 2 of 2 cannot be read"),
        ] {
            assert!(wrong(&file).contains(told), "{file}: {}", wrong(&file));
        }
        assert!(wrong(made.cert.der()).contains("openssl x509 -inform DER"));
        let utf16: Vec<u8> = pem.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(wrong(utf16).contains("no certificate in PEM"));
    }

    #[test]
    fn the_systems_stay_beside_ones_own() {
        let (own, system) = (certificate().cert, certificate().cert);
        let damaged = CertificateDer::from(vec![0, 1, 2]);
        let own = Authorities::read(own.pem().trim_end().as_bytes()).unwrap();
        let joined = joined(&own, &[damaged, system.der().clone()]);
        let joined = Authorities::read(joined.as_bytes()).unwrap();
        assert_eq!(joined.certificates, [own.certificates[0].clone(), system.der().clone()]);
    }
}
