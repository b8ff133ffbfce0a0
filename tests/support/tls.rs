//! A CA of one's own, certificates that it has issued, and a web server that shows one.

#![allow(dead_code, reason = "every test file uses a part of this")]

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tempfile::TempDir;

/// A CA that no system knows.
pub struct Ca {
    folder: TempDir,
    issuer: Issuer<'static, KeyPair>,
}

/// Files with a server's certificate for this machine, and with its key.
pub struct Shown {
    pub certificate: String,
    pub key: String,
}

impl Ca {
    /// A new one.
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let ca = Self { folder: tempfile::tempdir().unwrap(), issuer: Issuer::new(params, key) };
        std::fs::write(ca.path("ca.pem"), certificate.pem()).unwrap();
        ca
    }

    /// The file with its certificate.
    pub fn file(&self) -> String {
        self.path("ca.pem").into_os_string().into_string().unwrap()
    }

    /// What a server of this machine shows, issued by it.
    pub fn issue(&self) -> Shown {
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &self.issuer);
        let write = |name: &str, pem: String| {
            let path = self.path(name);
            std::fs::write(&path, pem).unwrap();
            path.into_os_string().into_string().unwrap()
        };
        Shown {
            certificate: write("server.pem", certificate.unwrap().pem()),
            key: write("server-key.pem", key.serialize_pem()),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// A web server that shows this certificate and answers each request with this JSON. Its address.
pub fn server(shown: &Shown, body: &'static str) -> String {
    let certificate = CertificateDer::from_pem_file(&shown.certificate).unwrap();
    let key = PrivateKeyDer::from_pem_file(&shown.key).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let config = Arc::new(builder.with_single_cert(vec![certificate], key).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("https://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            thread::spawn(move || answer(StreamOwned::new(connection, stream), body));
        }
    });
    address
}

/// A client that does not trust the certificate has gone before it asks.
fn answer(mut stream: StreamOwned<ServerConnection, TcpStream>, body: &str) -> std::io::Result<()> {
    let mut request = Vec::new();
    while !is_whole(&request) {
        let mut part = [0; 4096];
        match stream.read(&mut part)? {
            0 => return Ok(()),
            size => request.extend_from_slice(&part[..size]),
        }
    }
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close";
    write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len())?;
    stream.conn.send_close_notify();
    stream.flush()
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_ascii_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|it| it.strip_prefix("content-length:"));
    body.len() >= length.map_or(0, |it| it.trim().parse().unwrap())
}
