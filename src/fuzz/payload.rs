//! The payload of a delivery: encrypted or not, in either protocol, a message or an error.

use std::hint::black_box;
use std::sync::LazyLock;

use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable};

use crate::runtime::step::cipher::{Cipher, Protocol};
use crate::runtime::step::incoming::Incoming;
use crate::runtime::step::settings::InputFormat;

static CIPHERS: LazyLock<[Cipher; 2]> = LazyLock::new(|| {
    let encrypts = Cipher::new(Some("password"), Some("0123456789abcdef"));
    [Cipher::new(None, None).unwrap(), encrypts.unwrap()]
});

/// The first byte chooses: 1 encryption, 2 the second protocol, 4 the input of a step that handles
/// errors. With 8 the rest is what was encrypted, not the result.
pub fn read(bytes: &[u8]) {
    let ([choice], rest) = super::chosen(bytes);
    let chosen = |bit: u8| choice & bit != 0;
    let cipher = &CIPHERS[usize::from(chosen(1))];
    let protocol = if chosen(2) { Protocol::V2 } else { Protocol::V1 };
    let format = if chosen(4) { InputFormat::Error } else { InputFormat::Default };
    let payload = if chosen(8) { cipher.encrypt(rest, protocol) } else { rest.to_vec() };
    let opened = cipher.open(&payload, protocol, |it| Ok(it.to_vec()));
    if chosen(8) {
        assert_eq!(opened.unwrap(), rest, "what was encrypted comes back");
    }
    let mut headers = FieldTable::default();
    headers.insert("protocolVersion".into(), AMQPValue::LongLongInt(protocol.number()));
    headers.insert("reply_to".into(), AMQPValue::LongString("somebody".into()));
    let properties = BasicProperties::default().with_headers(headers);
    let read = Incoming::decode(payload, properties, cipher, format);
    if let Err(undecodable) = read {
        let answered = undecodable.incoming.reply_to.is_some();
        assert!(!(cipher.encrypts() && answered), "who asks learns what cannot be opened");
    }
}

/// Reads a delivery whose properties are foreign.
pub fn decode(payload: &[u8], properties: &BasicProperties) {
    for format in [InputFormat::Default, InputFormat::Error] {
        let read = Incoming::decode(payload.to_vec(), properties.clone(), &CIPHERS[0], format);
        let incoming = read.unwrap_or_else(|it| it.incoming);
        black_box((incoming.id(), incoming.mark(), incoming.is_answer_or_of("flow", "step")));
    }
}
