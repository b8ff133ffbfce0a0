use amq_protocol::frame::{AMQPFrame, parse_frame};
use lapin::BasicProperties;
use lapin::types::AMQPValue;
use proptest::prelude::*;

use super::super::content::{Flaw, MARK, MOST_LEVELS, MOST_VALUES};
use super::*;

fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&[kind, 0, 1][..], &length, payload, &[END]].concat()
}

fn short(text: &[u8]) -> Vec<u8> {
    [&[u8::try_from(text.len()).unwrap()], text].concat()
}

fn long(kind: u8, bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap().to_be_bytes();
    [&[kind][..], &length, bytes].concat()
}

fn header(name: &[u8], value: &[u8]) -> Vec<u8> {
    [&short(name), value].concat()
}

/// A content header with these properties of these flags.
fn content(flags: u16, properties: &[u8]) -> Vec<u8> {
    let fixed = [0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7];
    frame(HEADER, &[&fixed[..], &flags.to_be_bytes(), properties].concat())
}

/// A content header with these headers, and the message's id in its properties and in its headers.
fn with(headers: &[u8]) -> Vec<u8> {
    let table = [headers, &header(b"messageId", &long(b'S', b"m-1"))].concat();
    let properties = [&long(b'F', &table)[1..], &short(b"own")].concat();
    content(1 << 13 | 1 << 7, &properties)
}

fn arrays(levels: usize) -> Vec<u8> {
    (0..levels).fold(Vec::new(), |inner, _| long(b'A', &inner))
}

fn tables(levels: usize) -> Vec<u8> {
    (1..levels).fold(long(b'F', b""), |inner, _| long(b'F', &header(b"", &inner)))
}

fn sieved(frames: &[u8], chunk: usize) -> Vec<u8> {
    let (mut sieve, mut out) = (Frames::default(), Vec::new());
    frames.chunks(chunk).for_each(|it| sieve.push(it, &mut out));
    out
}

/// What the client makes of the only frame that there is.
fn parsed(bytes: &[u8]) -> AMQPFrame {
    let (rest, frame) = parse_frame(bytes).unwrap();
    assert_eq!(rest, b"");
    frame
}

fn properties(bytes: &[u8]) -> BasicProperties {
    let AMQPFrame::Header(1, header) = parsed(bytes) else { panic!("no header") };
    assert_eq!(header.body_size, 7);
    header.properties
}

fn text(properties: &BasicProperties, name: &str) -> Option<Vec<u8>> {
    match properties.headers().as_ref()?.inner().get(name)? {
        AMQPValue::LongString(it) => Some(it.as_bytes().to_vec()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_may_be_parsed_is_passed_on_as_it_is() {
    let kinds: [&[u8]; 13] = [
        b"t\x01",
        b"b\xff",
        b"B\xff",
        b"s\x00\x01",
        b"u\x00\x01",
        b"I\x00\x00\x00\x01",
        b"f\x00\x00\x00\x00",
        b"D\x01\x00\x00\x00\x01",
        b"l\x00\x00\x00\x00\x00\x00\x00\x01",
        b"T\x00\x00\x00\x00\x00\x00\x00\x01",
        b"V",
        b"S\x00\x00\x00\x01\xff",
        b"x\x00\x00\x00\x01\xff",
    ];
    let values = kinds.iter().map(|it| header("é".as_bytes(), it));
    let deepest = [arrays(MOST_LEVELS), tables(MOST_LEVELS)].map(|it| header(b"deep", &it));
    let many = header(b"many", &long(b'A', &b"V".repeat(MOST_VALUES - 2)));
    for headers in values.chain(deepest).chain([many, Vec::new()]) {
        let whole = with(&headers);
        for chunk in [1, 6, 7, 8, 4096, usize::MAX] {
            assert_eq!(sieved(&whole, chunk), whole);
        }
        assert_eq!(text(&properties(&whole), "messageId").unwrap(), b"m-1");
    }
    let all = [
        content(0, b""),
        frame(3, &b"body".repeat(25_000)),
        frame(HEARTBEAT, b""),
        frame(METHOD, &[0, 60, 0, 80, 0, 0, 0, 0, 0, 0, 0, 1, 0]),
        with(&header(b"a", b"V")),
    ];
    let all = all.concat();
    for chunk in [1, 5, 1000, usize::MAX] {
        assert_eq!(sieved(&all, chunk), all);
    }
    assert_eq!(sieved(b"AMQP\x00\x00\x09\x01 and so on", 3), b"AMQP\x00\x00\x09\x01 and so on");
}

#[test]
fn what_no_parser_should_see_is_left_out_and_told() {
    let wrong = |headers: &[u8]| with(headers);
    let deep = |value: &[u8]| with(&header(b"deep", value));
    for (whole, flaw) in [
        (deep(&arrays(MOST_LEVELS + 1)), Flaw::Levels),
        (deep(&arrays(100)), Flaw::Levels),
        (deep(&arrays(1_200)), Flaw::Levels),
        (deep(&arrays(26_000)), Flaw::Levels),
        (deep(&tables(MOST_LEVELS + 1)), Flaw::Levels),
        (deep(&tables(1_000)), Flaw::Levels),
        (deep(&tables(21_000)), Flaw::Levels),
        (deep(&long(b'A', &b"V".repeat(MOST_VALUES))), Flaw::Values),
        (deep(&long(b'A', &b"V".repeat(130_000))), Flaw::Values),
        (with(&header(b"", b"V").repeat(MOST_VALUES)), Flaw::Values),
        (wrong(&header(b"\xff", b"V")), Flaw::Illegible),
        (deep(&long(b'F', &header(b"\xc3", b"V"))), Flaw::Illegible),
        (deep(&long(b'A', b"?")), Flaw::Illegible),
        (deep(&long(b'F', b"\x05a")), Flaw::Illegible),
        (deep(&long(b'A', b"S\xff\xff\xff\xff")), Flaw::Illegible),
        (content(1 << 15, &short(b"\xff")), Flaw::Illegible),
        (content(1 << 6, b"\x00"), Flaw::Illegible),
        (content(1 << 13, b"\xff\xff\xff\xff"), Flaw::Illegible),
        (content(0, b"more"), Flaw::Illegible),
        (with(&header(b"long", &long(b'S', &b"x".repeat(MOST_BYTES)))), Flaw::Size),
    ] {
        let cut = sieved(&whole, usize::MAX);
        assert_eq!(sieved(&whole, 1000), cut);
        assert!(cut.len() <= whole.len().max(4096), "{flaw:?}");
        let properties = properties(&cut);
        assert_eq!(text(&properties, MARK).unwrap(), flaw.as_str().as_bytes());
        let headers = properties.headers().as_ref().unwrap().inner();
        assert!(!headers.contains_key("deep"), "{flaw:?}");
    }
}

/// A broker's greeting with this table of properties.
fn greeting(table: &[u8]) -> Vec<u8> {
    let words = [&long(b'S', b"PLAIN")[1..], &long(b'S', b"en_US")[1..]].concat();
    frame(METHOD, &[&[0, 10, 0, 10, 0, 9][..], &long(b'F', table)[1..], &words].concat())
}

#[test]
fn no_method_is_so_large_that_it_could_fill_the_stack() {
    let text = |length| header(b"a", &long(b'S', &b"x".repeat(length)));
    let deep = |value: &[u8]| header(b"deep", value);
    for table in [Vec::new(), text(100), text(1_500), deep(&arrays(30)), deep(&tables(30))] {
        let whole = greeting(&table);
        for chunk in [1, 7, 1000] {
            assert_eq!(sieved(&whole, chunk), whole);
        }
        assert!(matches!(parsed(&whole), AMQPFrame::Method(1, _)));
    }
    for table in [
        deep(&arrays(450)),
        deep(&arrays(1_200)),
        deep(&arrays(26_000)),
        deep(&tables(400)),
        deep(&tables(21_000)),
        text(2_048),
        text(100_000),
    ] {
        let next = frame(HEARTBEAT, b"");
        let passed = sieved(&[greeting(&table), next].concat(), 1000);
        assert!(parse_frame(&passed[..]).is_err(), "the connection goes on");
    }
}

#[test]
fn the_rest_of_a_message_stays_known() {
    let cut = properties(&sieved(&with(&header(b"deep", &arrays(99))), 10));
    assert_eq!(text(&cut, "messageId").unwrap(), b"m-1");
    assert_eq!(cut.message_id().as_ref().unwrap().as_str(), "own");
}

proptest! {
    /// Whatever a message's properties are, the client can parse what is left of them.
    #[test]
    fn the_client_can_parse_what_is_passed_on(
        flags: u16,
        bytes in prop::collection::vec(prop_oneof![Just(0), Just(1), Just(b'A'), Just(b'F'), any::<u8>()], 0..80),
        nested in prop::collection::vec(prop_oneof![Just(0), Just(1), Just(b'A'), Just(b'F'), any::<u8>()], 0..80),
        chunk in 1..90_usize,
    ) {
        let tables = [content(flags & !3, &bytes), with(&nested), with(&header(b"a", &long(b'F', &nested)))];
        for whole in tables {
            let passed = sieved(&whole, chunk);
            let (rest, _) = parse_frame(&passed[..]).unwrap();
            prop_assert_eq!(rest, b"");
        }
    }
}
