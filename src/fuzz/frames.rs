//! What a broker sends, up to what the AMQP client makes of it.

use std::pin::Pin;
use std::task::{Context, Poll};

use amq_protocol::frame::{AMQPFrame, parse_frame};
use futures_util::FutureExt as _;
use futures_util::io::{AsyncRead, AsyncReadExt as _};

use super::payload;
use crate::runtime::step::sieve::Sieve;

/// The end of a frame.
const END: u8 = 0xCE;
/// Bytes of a content header before its properties: class, weight, size of the body, flags.
const FIXED: usize = 14;

/// Bytes that come in pieces.
struct Pieces<'a> {
    rest: &'a [u8],
    length: usize,
}

impl AsyncRead for Pieces<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        into: &mut [u8],
    ) -> Poll<std::io::Result<usize>> {
        let (now, later) = self.rest.split_at(self.length.min(self.rest.len()).min(into.len()));
        into[..now.len()].copy_from_slice(now);
        self.rest = later;
        Poll::Ready(Ok(now.len()))
    }
}

/// The bytes that pass, of these, in pieces of this length.
fn sieved(rest: &[u8], length: usize) -> Vec<u8> {
    let mut passed = Vec::new();
    let mut sieve = Sieve::new(Pieces { rest, length });
    sieve.read_to_end(&mut passed).now_or_never().unwrap().unwrap();
    passed
}

/// A frame: its kind, and its payload.
fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&[kind, 0, 1][..], &length, payload, &[END]].concat()
}

/// The bytes are what the broker sends; and the payload of one content header.
pub fn read(bytes: &[u8]) {
    let ([length], stream) = super::chosen(bytes);
    let passed = sieved(stream, usize::from(length).max(1));
    assert_eq!(passed, sieved(stream, usize::MAX), "it depends on how they come");
    let mut rest = &passed[..];
    while let Ok((later, frame)) = parse_frame(rest) {
        if let AMQPFrame::Header(_, header) = frame {
            payload::decode(&[], &header.properties);
        }
        rest = later;
    }
    if stream.len() < FIXED {
        return;
    }
    let sent = frame(2, stream);
    let passed = sieved(&sent, usize::MAX);
    assert!(passed.len() <= sent.len().max(4096), "a frame that is larger than was agreed");
    // No message may end the connection.
    let (rest, header) = parse_frame(&passed[..]).expect("the client cannot read it");
    assert!(rest.is_empty());
    let AMQPFrame::Header(1, header) = header else { panic!("it is no header any more") };
    payload::decode(&[], &header.properties);
}
