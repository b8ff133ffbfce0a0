use super::*;
use crate::runtime::pipe::wrong::Encoding;

/// What is read of an input, whatever the pieces that it comes in.
async fn read(input: &[u8], limit: usize) -> Vec<(u64, Line)> {
    let mut whole = Vec::new();
    for capacity in [1, 2, 3, 5, 7, 64, 4096] {
        let mut lines = Lines::new(tokio::io::BufReader::with_capacity(capacity, input), limit);
        // Pieces, as if no more were there yet.
        lines.looked = true;
        let mut all = Vec::new();
        while let Some(line) = lines.next().await.unwrap() {
            all.push(line);
        }
        assert!(whole.is_empty() || whole == all, "{capacity}: {whole:?} and {all:?}");
        whole = all;
    }
    whole
}

fn text(text: &str) -> Line {
    Line::Text(text.to_owned())
}

fn wrong(input: &[u8]) -> Option<(u64, Wrong)> {
    look_through(input, 1000).unwrap()
}

fn utf_16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

#[tokio::test]
async fn lines_are_numbered_and_blank_ones_are_skipped() {
    let lines = read(b"\xef\xbb\xbf{\"a\":1}\r\n\n  \n{}\nlast", 100).await;
    assert_eq!(lines, [(1, text("{\"a\":1}\r")), (4, text("{}")), (5, text("last"))]);
    assert_eq!(read(b"", 10).await, []);
    assert_eq!(read(b"\n \r\n\t\n", 10).await, []);
}

#[tokio::test]
async fn a_line_too_long_costs_no_memory_and_no_other_line() {
    let lines = read(b"12345678901\n1234567890\n12345678901234567890", 10).await;
    assert_eq!(lines, [(1, Line::TooLong), (2, text("1234567890")), (3, Line::TooLong)]);
    let list = read(b"[{\"a\":\"1234567\"},\n{\"b\":1},\n{\n\"c\":\"12345\"}]", 10).await;
    assert_eq!(list, [(1, Line::TooLong), (2, text("{\"b\":1}")), (3, Line::TooLong)]);
    let open = read(b"{\"a\":\n12345678901234567890\n{\"b\":1}", 10).await;
    assert_eq!(open, [(1, text("{\"a\":")), (2, Line::TooLong), (3, text("{\"b\":1}"))]);
}

#[tokio::test]
async fn json_over_several_lines_is_read_as_what_it_is() {
    let (one, two) = ("{\"a\":1}", "{\"b\":[2,{\"c\":\"]}\\\"\"}]}");
    for (input, expected) in [
        ("[{\"a\":1},{\"b\":[2,{\"c\":\"]}\\\"\"}]}]", vec![(1, one), (1, two)]),
        ("[\n{\"a\":1},\r\n\r\n{\"b\":[2,{\"c\":\"]}\\\"\"}]}\n]\n", vec![(2, one), (4, two)]),
        (
            "\u{feff}[\n  {\"a\":1}\n  ,\n{\"b\":[2,{\"c\":\"]}\\\"\"}]},\n]",
            vec![(2, one), (4, two)],
        ),
        ("{\"a\":1},\n{\"b\":[2,{\"c\":\"]}\\\"\"}]}", vec![(1, one), (2, two)]),
        ("{\"a\":1} {\"b\":[2,{\"c\":\"]}\\\"\"}]}", vec![(1, one), (1, two)]),
        ("[{\"a\":1}]\n[{\"b\":[2,{\"c\":\"]}\\\"\"}]}]", vec![(1, one), (2, two)]),
        ("\n{\n\"a\"\n:\r\n1\n}\n", vec![(2, "{ \"a\" : 1 }")]),
        ("{\n\n  \"a\":1}\n{\n\"a\":2\n}", vec![(1, "{    \"a\":1}"), (4, "{ \"a\":2 }")]),
        ("{\"a\":1,\n\"b\":{}}", vec![(1, "{\"a\":1, \"b\":{}}")]),
        ("[]", vec![]),
        ("[ \n ]\n", vec![]),
        (
            "[1, \"x\" , null,[2]\n,true]",
            vec![(1, "1"), (1, "\"x\""), (1, "null"), (1, "[2]"), (2, "true")],
        ),
        ("{\"a\":1},\n5", vec![(1, one), (2, "5")]),
    ] {
        let expected: Vec<_> = expected.into_iter().map(|(line, it)| (line, text(it))).collect();
        assert_eq!(read(input.as_bytes(), 100).await, expected, "{input:?}");
        assert_eq!(wrong(input.as_bytes()), None, "{input:?}");
    }
}

#[tokio::test]
async fn a_broken_line_costs_only_itself() {
    for (input, expected) in [
        ("{\"a\":1\n{\"b\":2}\n{\"c\":3}", vec!["{\"a\":1", "{\"b\":2}", "{\"c\":3}"]),
        ("{\"a\":\"b\n{\"b\":2}\n", vec!["{\"a\":\"b", "{\"b\":2}"]),
        ("{\n{\"b\":2}\n", vec!["{", "{\"b\":2}"]),
        (
            "{\"a\":1}\n{\"a\":2\n{\"b\"\n{\"c\":3}",
            vec!["{\"a\":1}", "{\"a\":2", "{\"b\"", "{\"c\":3}"],
        ),
        ("{\"a\":1", vec!["{\"a\":1"]),
        ("{'a':1}\n{\"b\":2}", vec!["{'a':1}", "{\"b\":2}"]),
        ("Bonjour\n{\"b\":2}", vec!["Bonjour", "{\"b\":2}"]),
        ("\"Bonjour\n{\"b\":2}", vec!["\"Bonjour", "{\"b\":2}"]),
        ("{\"a\":1} x\n{\"b\":2}", vec!["{\"a\":1} x", "{\"b\":2}"]),
        ("{\"a\":1}\n[{\"b\":2}]\nnum;sms\n", vec!["{\"a\":1}", "[{\"b\":2}]", "num;sms"]),
    ] {
        let found = read(input.as_bytes(), 100).await.into_iter().map(|it| it.1);
        assert!(found.eq(expected.into_iter().map(text)), "{input:?}");
        assert_eq!(wrong(input.as_bytes()), None, "{input:?}");
    }
}

#[tokio::test]
async fn nothing_is_read_after_what_is_wrong() {
    let latin = Wrong::Encoding(Encoding::Windows1252);
    let table = |separator| Wrong::Table { separator, encoding: Encoding::Utf8 };
    let syntax = |line, column| Wrong::Syntax { line, column };
    for (input, at, expected) in [
        (&b"caf\xe9\n{}"[..], 1, latin),
        (b"{\"a\":1}\n{\"a\":\"\xe9\"}\n{}", 2, latin),
        (b"{}\n\n{\"a\":\"\x92\"}", 3, latin),
        (b"[{\"a\":1},\n{\"a\":\"\xe9\"},{}]", 2, latin),
        (b"num;sms\n06;a\n", 1, table(";")),
        (b"\n\xef\xbb\xbf\"num\",\"sms\"\r\n", 2, table(",")),
        (b"num\tsms", 1, table("\\t")),
        (b"sep=;\nnum;sms", 1, table(";")),
        (b"[{\"a\":1} {\"a\":2}]", 1, syntax(1, 10)),
        (b"[{\"a\":1},,{\"a\":2}]", 1, syntax(1, 10)),
        (b"[\n{\"a\":1},\n{\"a\":2\n,}\n]", 3, syntax(4, 2)),
        (b"[{\"a\":\"say \"hi\"\"}, {}]", 1, syntax(1, 12)),
        (b"[{\"a\":1}]\n]", 2, syntax(2, 1)),
        (b"[{\"a\":1]}]", 1, syntax(1, 7)),
        (b"[\n{\"a\":1},\n{\"a\":2}\n", 1, Wrong::Unfinished),
        (b"{\n\"a\":1}\n{\"b\":\n2,", 3, Wrong::Unfinished),
        (b"{\"a\":1}\n{\n\"b\":2\n}\n", 2, Wrong::Mixed),
    ] {
        let shown = String::from_utf8_lossy(input);
        assert_eq!(wrong(input), Some((at, expected)), "{shown}");
        let last = read(input, 100).await.pop();
        assert_eq!(last, Some((at, Line::Wrong(expected))), "{shown}");
    }
}

#[tokio::test]
async fn two_bytes_a_character_are_told_by_the_mark_or_by_the_zeros() {
    for (text, table) in [
        ("{\"a\":1}\n{}", false),
        ("[\n{}]", false),
        ("num\tsms\n06\ta", true),
        ("\"num\";\"sms\"\r\n", true),
    ] {
        for mark in ["", "\u{feff}"] {
            let text = format!("{mark}{text}");
            for (bytes, encoding) in [
                (u16::to_le_bytes as fn(u16) -> [u8; 2], Encoding::Utf16Little),
                (u16::to_be_bytes, Encoding::Utf16Big),
            ] {
                let found = wrong(&utf_16(&text, bytes));
                let Some((1, found)) = found else { panic!("{text:?}: {found:?}") };
                match found {
                    Wrong::Encoding(it) => assert_eq!((it, table), (encoding, false), "{text:?}"),
                    Wrong::Table { encoding: it, .. } => assert_eq!((it, table), (encoding, true)),
                    other => panic!("{text:?}: {other:?}"),
                }
                let first = read(&utf_16(&text, bytes), 100).await.remove(0);
                assert!(matches!(first, (1, Line::Wrong(_))), "{text:?}: {first:?}");
            }
        }
    }
}

#[tokio::test]
async fn what_is_there_already_is_looked_at_before_anything_is_read() {
    let input = b"{\"a\":1}\n{\"a\":2}\n{\"a\":\"\xe9\"}\n{\"a\":3}\n";
    let mut lines = Lines::new(tokio::io::BufReader::new(&input[..]), 100);
    let found = lines.next().await.unwrap();
    assert_eq!(found, Some((3, Line::Wrong(Wrong::Encoding(Encoding::Windows1252)))));
    // Half a character at the end of what is there is no mistake.
    let input = "{\"a\":1}\n{\"a\":\"é\"}\n".as_bytes();
    let mut lines = Lines::new(tokio::io::BufReader::with_capacity(15, input), 100);
    assert_eq!(lines.next().await.unwrap(), Some((1, text("{\"a\":1}"))));
    assert_eq!(wrong("num;sms\n06;\u{e9}t\u{e9}".as_bytes()).unwrap().0, 1);
    let Some((1, Wrong::Table { encoding, .. })) = wrong(b"num;sms\n06;\xe9t\xe9\n") else {
        panic!("a table")
    };
    assert_eq!(encoding, Encoding::Windows1252);
}
