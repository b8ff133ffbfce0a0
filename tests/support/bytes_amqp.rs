//! A publisher that writes AMQP by hand: what no client's library would write, or survive.

#![allow(dead_code, reason = "every test file uses a part of this")]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use super::amqp::LIMIT;

const METHOD: u8 = 1;
const HEADER: u8 = 2;
const BODY: u8 = 3;

/// A connection with an open channel that confirms.
pub struct Publisher(TcpStream);

impl Publisher {
    /// Connects to the server at this address.
    pub fn connect(uri: &str) -> Self {
        let server = uri.split(['@', '/']).nth(3).unwrap();
        let mut publisher = Self(TcpStream::connect(server).unwrap());
        publisher.0.set_read_timeout(Some(LIMIT)).unwrap();
        publisher.0.write_all(b"AMQP\x00\x00\x09\x01").unwrap();
        publisher.wait(10, 10);
        let login = [&long(&[])[..], &short(b"PLAIN"), &long(b"\0guest\0guest"), &short(b"en_US")];
        publisher.method(0, 10, 11, &login.concat());
        publisher.wait(10, 30);
        // 2047 channels, frames of 128 KB, no heartbeat.
        publisher.method(0, 10, 31, &[7, 255, 0, 2, 0, 0, 0, 0]);
        publisher.method(0, 10, 40, &[&short(b"/")[..], &[0, 0]].concat());
        publisher.wait(10, 41);
        publisher.method(1, 20, 10, &[0]);
        publisher.wait(20, 11);
        publisher.method(1, 85, 10, &[0]);
        publisher.wait(85, 11);
        publisher
    }

    /// Binds a queue to an exchange by this key.
    pub fn bind(&mut self, queue: &str, exchange: &str, key: &[u8]) {
        let (queue, exchange) = (short(queue.as_bytes()), short(exchange.as_bytes()));
        let bound = [&[0, 0][..], &queue, &exchange, &short(key), &[0], &long(&[])];
        self.method(1, 50, 20, &bound.concat());
        self.wait(50, 21);
    }

    /// Publishes a message with these properties, as they are on the wire, and waits for its confirmation.
    pub fn publish(&mut self, exchange: &str, key: &[u8], properties: &[u8], body: &[u8]) {
        let way = [&[0, 0][..], &short(exchange.as_bytes()), &short(key), &[0]];
        self.method(1, 60, 40, &way.concat());
        let size = (body.len() as u64).to_be_bytes();
        self.frame(HEADER, 1, &[&[0, 60, 0, 0][..], &size, properties].concat());
        for part in body.chunks(100_000) {
            self.frame(BODY, 1, part);
        }
        self.wait(60, 80);
    }

    fn method(&mut self, channel: u8, class: u8, method: u8, arguments: &[u8]) {
        self.frame(METHOD, channel, &[&[0, class, 0, method], arguments].concat());
    }

    fn frame(&mut self, kind: u8, channel: u8, payload: &[u8]) {
        let frame = [&[kind, 0, channel][..], &long(payload), &[0xCE]].concat();
        self.0.write_all(&frame).unwrap();
    }

    /// Reads until the server says this.
    fn wait(&mut self, class: u8, method: u8) {
        loop {
            let mut head = [0; 7];
            self.0.read_exact(&mut head).unwrap();
            let length = u32::from_be_bytes(*head.last_chunk().unwrap());
            let mut payload = vec![0; length as usize + 1];
            self.0.read_exact(&mut payload).unwrap();
            if head[0] == METHOD {
                assert!(
                    !payload.starts_with(&[0, 10, 0, 50]),
                    "the connection is closed: {payload:?}"
                );
                assert!(
                    !payload.starts_with(&[0, 20, 0, 40]),
                    "the channel is closed: {payload:?}"
                );
                if payload.starts_with(&[0, class, 0, method]) {
                    return;
                }
            }
        }
    }
}

/// A text with its length in one byte.
pub fn short(text: &[u8]) -> Vec<u8> {
    [&[u8::try_from(text.len()).unwrap()], text].concat()
}

/// Bytes with their length in four.
pub fn long(bytes: &[u8]) -> Vec<u8> {
    [&u32::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
}

/// A header.
pub fn header(name: &[u8], value: &[u8]) -> Vec<u8> {
    [&short(name), value].concat()
}

/// Properties that are nothing but these headers.
pub fn headers(headers: &[u8]) -> Vec<u8> {
    [&(1_u16 << 13).to_be_bytes()[..], &long(headers)].concat()
}

/// So many lists within each other.
pub fn lists(levels: usize) -> Vec<u8> {
    (0..levels).fold(Vec::new(), |inner, _| [b"A", &long(&inner)[..]].concat())
}

/// So many tables within each other.
pub fn tables(levels: usize) -> Vec<u8> {
    let inner = [b"F", &long(b"")[..]].concat();
    (1..levels).fold(inner, |inner, _| [b"F", &long(&header(b"", &inner))[..]].concat())
}
