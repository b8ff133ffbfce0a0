//! Answers that come compressed although nobody asked for it.

use std::io::Read;

use flate2::Compression;
use flate2::read::{DeflateEncoder, GzEncoder, ZlibEncoder};
use isendpro_connector::component::Kind;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::downloads::zipped;
use super::operations::Op;
use super::run::{Ran, Step, reply};

fn all(mut encoder: impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    encoder.read_to_end(&mut bytes).unwrap();
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    all(GzEncoder::new(bytes, Compression::default()))
}

/// What an action makes of one answer that is coded so.
async fn answered(action: &str, message: Value, status: u16, coding: &str, body: &[u8]) -> Ran {
    exchange(action, message, status, coding, body).await.0
}

/// The same, and the request.
async fn exchange(
    action: &str,
    message: Value,
    status: u16,
    coding: &str,
    body: &[u8],
) -> (Ran, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/cgi-bin", listener.local_addr().unwrap());
    let head = format!(
        "HTTP/1.1 {status} x\r\ncontent-encoding: {coding}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let answer = [head.as_bytes(), body].concat();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        // JSON without an object inside of another, or no body at all.
        while !request.ends_with(b"}") && !request.ends_with(b"\r\n\r\n") {
            assert_ne!(stream.read_buf(&mut request).await.unwrap(), 0);
        }
        // It may be closed by whoever has read enough.
        stream.write_all(&answer).await.ok();
        String::from_utf8(request).unwrap().to_lowercase()
    });
    let ran = Step::new(action, &url, json!({"requestStyle": "published"})).run(message).await;
    (ran, server.await.unwrap())
}

#[tokio::test]
async fn nothing_is_asked_to_be_compressed() {
    for action in ["sendSms", "getCredit", "getListeNoire"] {
        let (_, request) = exchange(action, Op::of(action).message(), 200, "", b"").await;
        assert!(request.contains("\r\naccept-encoding: identity\r\n"), "{request}");
    }
}

fn bulk() -> Value {
    json!({"num": ["0600208432", "0771058335", "0695208432"], "sms": "Bonjour"})
}

#[tokio::test]
async fn a_compressed_answer_is_read() {
    let mixed = reply("sendSmsMulti-mixed");
    for (coding, body) in [
        ("gzip", gzip(&mixed)),
        ("X-GZIP", gzip(&mixed)),
        ("deflate", all(ZlibEncoder::new(&mixed[..], Compression::default()))),
        ("deflate", all(DeflateEncoder::new(&mixed[..], Compression::default()))),
        ("identity", mixed.clone()),
    ] {
        for status in [200, 400] {
            let ran = answered("sendSmsMulti", bulk(), status, coding, &body).await;
            let counts = ["accepted", "refused", "unknown"].map(|it| ran.result()[it].clone());
            assert_eq!(counts, [1, 2, 0], "{coding} {status}");
        }
    }
}

#[tokio::test]
async fn what_cannot_be_decoded_refuses_nobody() {
    let mixed = reply("sendSmsMulti-mixed");
    let gzip = gzip(&mixed);
    for (coding, body) in [
        ("br", &gzip[..]),
        ("gzip, gzip", &gzip),
        ("gzip", &gzip[..gzip.len() - 9]),
        ("gzip", &[&gzip[..], b"<html>"].concat()),
        ("gzip", &gzip.repeat(2)),
        ("gzip", &mixed),
        ("deflate", &gzip),
        // Compressed without a word.
        ("identity", &gzip),
    ] {
        for status in [200, 400, 404, 429] {
            let ran = answered("sendSmsMulti", bulk(), status, coding, body).await;
            assert_eq!(ran.result()["unknown"], 3, "{coding} {status}: {}", ran.result());
        }
    }
}

#[tokio::test]
async fn a_bomb_is_too_large() {
    let bomb = gzip(&vec![b' '; 1 << 20]).repeat(17);
    let ran = answered("sendSms", Op::of("sendSms").message(), 400, "gzip", &bomb).await;
    let error = ran.error();
    assert_eq!(error.kind, Kind::Unknown);
    assert!(error.what.contains("larger than 8 MiB"), "{error}");
}

#[tokio::test]
async fn a_compressed_file_is_a_file() {
    let file = zipped("tel\n33680010203\n");
    let ran = answered("getListeNoire", json!({}), 200, "gzip", &gzip(&file)).await;
    assert!(ran.results[0].to_string().contains("33680010203"), "{ran:?}");
}
