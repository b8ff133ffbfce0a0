use std::collections::HashSet;

use lapin::types::ShortString;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::runtime::step::settings::tests::settings;

fn cipher() -> Cipher {
    settings(&[]).broker.unwrap().cipher
}

/// Properties with these headers.
pub fn properties(headers: &[(&str, AMQPValue)]) -> BasicProperties {
    let mut table = FieldTable::default();
    for (name, value) in headers {
        table.insert(ShortString::from(*name), value.clone());
    }
    BasicProperties::default().with_headers(table)
}

/// A header.
pub fn long(text: &str) -> AMQPValue {
    AMQPValue::LongString(text.into())
}

/// A message as it is delivered in the first protocol.
pub fn delivered(message: &Value, headers: &[(&str, &str)]) -> Incoming {
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, long(value))).collect();
    let payload = cipher().encrypt(message.to_string().as_bytes(), Protocol::V1);
    decode(payload, &headers).unwrap()
}

fn decode(payload: Vec<u8>, headers: &[(&str, AMQPValue)]) -> Result<Incoming, Box<Undecodable>> {
    Incoming::decode(payload, properties(headers), &cipher(), InputFormat::Default)
}

#[test]
fn the_protocol_is_the_one_that_the_headers_name() {
    let plain = br#"{"body":{"a":1}}"#;
    for (header, protocol) in [
        (None, Protocol::V1),
        (Some(AMQPValue::ShortShortInt(1)), Protocol::V1),
        (Some(long("1")), Protocol::V1),
        (Some(AMQPValue::ShortShortInt(2)), Protocol::V2),
        (Some(AMQPValue::LongLongInt(3)), Protocol::V2),
        (Some(AMQPValue::Double(2.0)), Protocol::V2),
        (Some(long("2")), Protocol::V2),
        (Some(AMQPValue::Void), Protocol::V1),
    ] {
        let headers: Vec<_> = header.into_iter().map(|it| ("protocolVersion", it)).collect();
        let payload = cipher().encrypt(plain, protocol);
        let incoming = decode(payload.clone(), &headers).unwrap();
        assert_eq!(Value::from(incoming.payload), json!({"body": {"a": 1}}), "{headers:?}");
        assert_eq!((incoming.raw.payload, incoming.raw.protocol), (payload, protocol));
    }
}

#[test]
fn headers_say_where_a_message_comes_from() {
    let incoming = delivered(
        &json!({"body": {}}),
        &[
            ("threadId", "th-1"),
            ("messageId", "m-1"),
            ("parentMessageId", "m-0"),
            ("stepId", "step_1"),
            ("reply_to", "k.reply"),
            ("X-Eio-Meta-Foo", "bar"),
            ("x-eio-meta-trace-id", "tr1"),
            ("x-eio-met", "short"),
            ("éé-eio-meta-x", "not ASCII"),
            ("custom", "dropped"),
        ],
    );
    let ids = MessageIds {
        thread: "th-1".into(),
        message: Some("m-1".into()),
        parent: Some("m-0".into()),
    };
    assert_eq!(incoming.ids, ids);
    assert_eq!((incoming.origin.as_deref(), incoming.rebounds), (Some("step_1"), 0));
    let meta =
        [("x-eio-meta-foo".into(), long("bar")), ("x-eio-meta-trace-id".into(), long("tr1"))];
    assert_eq!(incoming.meta, meta);
    assert_eq!(incoming.reply_to.as_deref(), Some("k.reply"));
    assert_eq!(incoming.payload["headers"], json!({"reply_to": "k.reply"}));
}

#[test]
fn a_message_without_ids_gets_a_thread() {
    let traced = delivered(&json!({}), &[("X-EIO-META-Trace-Id", "tr1")]);
    assert_eq!((traced.ids.thread.as_str(), traced.ids.message), ("tr1", None));
    let (one, other) = (delivered(&json!({}), &[]), delivered(&json!({}), &[]));
    assert_ne!(one.ids.thread, other.ids.thread);
    assert!(Uuid::parse_str(&one.ids.thread).is_ok());
    let bare = Incoming::decode(
        b"YnVkti0G1RRGkx6HZNFCcg==".into(),
        BasicProperties::default(),
        &cipher(),
        InputFormat::Default,
    );
    assert_eq!(bare.unwrap().ids.message, None, "not even a table of headers");
}

#[test]
fn rebounds_are_counted_in_numbers_only() {
    let count = |value| decode(Vec::new(), &[("reboundIteration", value)]).unwrap().rebounds;
    assert_eq!(count(AMQPValue::ShortShortInt(3)), 3);
    assert_eq!(count(AMQPValue::LongLongInt(-1)), 0);
    assert_eq!(count(AMQPValue::LongLongInt(i64::MAX)), u32::MAX);
    assert_eq!(count(long("3")), 0);
}

#[test]
fn what_was_put_off_is_recognised_by_its_copies_id_only_where_it_has_none_of_its_own() {
    const GIVEN: &str = "11111111-1111-4111-8111-111111111111";
    let put_off = [("reboundId", GIVEN)];
    let nameless = delivered(&json!({"body": {}}), &put_off);
    assert_eq!(nameless.id().as_deref(), Some(GIVEN));
    assert_eq!(nameless.mark().unwrap().to_string(), GIVEN, "results of all copies are the same");
    assert!(nameless.was_put_off() && !nameless.repeated);
    let own = delivered(&json!({"id": "own"}), &put_off);
    assert_eq!((own.id().as_deref(), own.mark()), (Some("own"), None));
    let of_headers = delivered(&json!({}), &[("reboundId", GIVEN), ("messageId", "m-1")]);
    assert_eq!((of_headers.id().as_deref(), of_headers.mark()), (Some("m-1"), None));
    let referred = delivered(&json!({"body": {"reference": "r"}}), &put_off);
    assert_eq!(referred.mark(), None);
    let foreign = delivered(&json!({}), &[("reboundId", "no UUID")]);
    assert!(foreign.id().is_none() && !foreign.was_put_off());
    let fresh = delivered(&json!({}), &[]);
    assert_ne!(fresh.mark(), delivered(&json!({}), &[]).mark());
}

#[test]
fn a_rebound_id_tells_since_when_a_message_is_put_off_until_it_is_rejected() {
    const FIRST: &str = "01932f1e-5c00-7000-8000-000000000000";
    let since =
        |headers: &[(&str, AMQPValue)]| decode(Vec::new(), headers).unwrap().put_off_since();
    let death = |reason| {
        let mut death = FieldTable::default();
        death.insert("reason".into(), long(reason));
        AMQPValue::FieldArray(vec![AMQPValue::FieldTable(death)].into())
    };
    let first: Timestamp = "2024-11-15T09:18:59.072Z".parse().unwrap();
    let id = ("reboundId", long(FIRST));
    assert_eq!(since(std::slice::from_ref(&id)), Some(first));
    assert_eq!(since(&[id.clone(), ("x-death", death("expired"))]), Some(first));
    assert_eq!(since(&[id, ("x-death", death("rejected"))]), None, "somebody posted it again");
    assert_eq!(since(&[("reboundId", long("11111111-1111-4111-8111-111111111111"))]), None);
    assert_eq!(since(&[("reboundIteration", AMQPValue::LongLongInt(1))]), None);
}

/// What is published by hand to a step without a platform.
#[test]
fn the_first_mistakes_are_told_for_what_they_are() {
    let read = |payload: &Value, headers: &[(&str, AMQPValue)], cipher: &Cipher| {
        let payload = payload.to_string().into_bytes();
        let read = Incoming::decode(payload, properties(headers), cipher, InputFormat::Default);
        read.map(drop).map_err(|it| it.error.to_string())
    };
    let (none, keys) = (Cipher::new(None, None).unwrap(), cipher());
    let version = [("protocolVersion", AMQPValue::LongLongInt(2))];
    let (message, bare) = (json!({"body": {"num": "1"}}), json!({"num": "1"}));
    for (payload, headers, cipher, said) in [
        (&message, &[][..], &none, "protocolVersion: 2"),
        (&bare, &[], &none, "protocolVersion: 2"),
        (&bare, &version, &none, "it has no \"body\""),
        (&message, &[], &keys, "cannot be decrypted"),
        (&message, &version, &keys, "cannot be decrypted"),
    ] {
        let error = read(payload, headers, cipher).unwrap_err();
        assert!(error.contains(said), "{error}");
        assert!(!error.contains("num\": \"1"), "{error}");
    }
    for whole in [message, json!({}), json!({"id": "m"}), json!({"headers": {}, "x": 1})] {
        assert_eq!(read(&whole, &version, &none), Ok(()));
    }
}

#[test]
fn an_empty_delivery_is_an_empty_message() {
    assert_eq!(decode(Vec::new(), &[]).unwrap().payload, Map::new());
}

#[test]
fn garbage_can_still_be_reported() {
    let null = cipher().encrypt(b"null", Protocol::V1);
    let secret = cipher().encrypt(br#"{"body": S3cret}"#, Protocol::V1);
    for payload in [b"garbage".to_vec(), vec![0xff; 32], null, secret] {
        let met = decode(payload.clone(), &[("messageId", long("m-1"))]).unwrap_err();
        assert_eq!(met.error.kind, Kind::Invalid);
        assert!(met.error.to_string().contains("cannot be decrypted"), "{}", met.error);
        assert!(!format!("{met:?} {}", met.error).contains("S3cret"), "{met:?}");
        assert_eq!(met.incoming.ids.message.as_deref(), Some("m-1"));
        assert_eq!(met.incoming.raw.payload, payload);
    }
}

/// Where nothing is encrypted there is nothing to find out, and people want to know.
#[test]
fn without_a_cipher_it_is_told_what_is_wrong_with_a_message() {
    let open = Cipher::new(None, None).unwrap();
    let headers = [("protocolVersion", AMQPValue::LongLongInt(2)), ("reply_to", long("k"))];
    for (payload, why) in [
        (&b"\xff"[..], "not UTF-8"),
        (b"garbage", "not JSON (line 1, column 1)"),
        (br#"{"body": S3cret}"#, "not JSON (line 1, column 10)"),
        (b"[1]", "not a JSON object"),
        (&b"[".repeat(200), "more than 127 levels"),
    ] {
        let format = InputFormat::Default;
        let met = Incoming::decode(payload.into(), properties(&headers), &open, format);
        let met = met.unwrap_err();
        assert!(met.error.to_string().contains(why), "{}", met.error);
        assert_eq!(met.incoming.reply_to.as_deref(), Some("k"));
    }
}

/// Who is told whether a padding is right reads a byte with 256 questions, and the vector with it.
#[test]
fn a_hundred_thousand_questions_learn_nothing_of_what_is_encrypted() {
    let cipher = cipher();
    let secret = cipher.encrypt(br#"{"body":{"num":"0680010001"}}"#, Protocol::V2);
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random.to_be_bytes()
    };
    let (mut answers, mut right) = (HashSet::new(), 0);
    for (question, block) in (0..100_000).zip(secret.chunks(16).cycle()) {
        let mut payload = [&next()[..], &next(), block].concat();
        payload.truncate(if question % 50 == 0 { 31 } else { 32 });
        let protocol = if question % 3 == 0 { Protocol::V1 } else { Protocol::V2 };
        if protocol == Protocol::V1 {
            payload = Protocol::V2.in_base64(&payload).into_owned().into_bytes();
        }
        right += i32::from(cipher.open(&payload, protocol, |_| Ok(())).is_ok());
        let version = ("protocolVersion", AMQPValue::LongLongInt(protocol.number()));
        let asked = properties(&[version, ("reply_to", long("attacker"))]);
        let met = Incoming::decode(payload, asked, &cipher, InputFormat::Default).unwrap_err();
        assert_eq!(met.incoming.reply_to, None);
        answers.insert(format!("{:?} {}", met.error, met.error));
    }
    assert!(right > 100, "{right} paddings were right: the questions must be worth asking");
    assert_eq!(answers.len(), 1, "{answers:?}");
}

#[test]
fn the_same_work_is_done_for_all_that_cannot_be_opened() {
    let damaged = |place: usize| {
        let mut sealed = cipher().encrypt(br#"{"body":{"num":"0680010001"}}"#, Protocol::V2);
        sealed[place] ^= 1;
        sealed
    };
    let read = |payload: &[u8]| {
        let mut lengths = Vec::new();
        let opened = cipher().open(payload, Protocol::V2, |plain| {
            lengths.push(plain.len());
            parse(plain)
        });
        (lengths, opened.map_err(|it| it.to_string()))
    };
    let (lengths, expected) = read(&damaged(31));
    assert_eq!(lengths, [32], "a wrong padding is read as if it were text");
    let sealed = |plain: &[u8]| cipher().encrypt(plain, Protocol::V2);
    for payload in [
        damaged(0),
        damaged(15),
        damaged(16),
        vec![],
        vec![0; 1],
        vec![0; 15],
        vec![0; 16],
        vec![0; 33],
        sealed(b""),
        sealed(b"\xff"),
        sealed(b"{"),
        sealed(&b"[".repeat(200)),
        sealed(&[16; 16])[..16].to_vec(),
        sealed(&[0; 16])[..16].to_vec(),
        sealed(&[17; 16])[..16].to_vec(),
        sealed(&[b'1', 2, 3, 3])[..16].to_vec(),
    ] {
        let (lengths, said) = read(&payload);
        assert_eq!((lengths.len(), &said), (1, &expected), "{payload:?}");
    }
}

#[test]
fn a_step_that_handles_errors_reads_both_texts() {
    let sealed = |plain: &[u8]| String::from_utf8(cipher().encrypt(plain, Protocol::V1)).unwrap();
    let payload = json!({
        "error": sealed(br#"{"name":"Error","message":"no","stack":"at"}"#),
        "errorInput": sealed(br#"{"body":{"a":1}}"#),
        "other": 1,
    });
    let read = |payload: &Value| {
        let headers =
            [("stepId", long("step_1")), ("n", AMQPValue::LongInt(1)), ("reply_to", long("k"))];
        let payload = payload.to_string().into_bytes();
        Incoming::decode(payload, properties(&headers), &cipher(), InputFormat::Error)
    };
    assert_eq!(
        Value::from(read(&payload).unwrap().payload),
        json!({
            "body": {
                "error": {"name": "Error", "message": "no", "stack": "at"},
                "errorInput": {"body": {"a": 1}},
                "other": 1,
            },
            "headers": {"n": 1, "reply_to": "k", "stepId": "step_1"},
        })
    );
    assert_eq!(
        read(&json!({"errorInput": ""})).unwrap().payload["body"],
        json!({"errorInput": ""})
    );
    assert!(read(&json!({"error": "garbage"})).is_err());
    assert!(read(&json!([])).is_err());
}

proptest! {
    #[test]
    fn no_delivery_makes_it_panic(
        payload: Vec<u8>,
        protocol in -1.0..4.0,
        name in "(threadId|messageId|reboundIteration|X-EIO-Meta-é|[a-zé-]{0,14})",
        text: Vec<u8>,
        number: i64,
    ) {
        let value = AMQPValue::LongString(text.into());
        let headers = [
            ("protocolVersion", AMQPValue::Double(protocol)),
            (name.as_str(), value),
            ("reboundIteration", AMQPValue::LongLongInt(number)),
        ];
        for format in [InputFormat::Default, InputFormat::Error] {
            Incoming::decode(payload.clone(), properties(&headers), &cipher(), format).ok();
        }
    }
}
