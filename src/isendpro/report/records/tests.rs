//! How records are cut, and what is no record.

use super::*;

fn read(table: &[u8], limits: Limits) -> (Vec<Vec<String>>, Option<ReportError>) {
    let mut records = Records::new(table, Some(b';'), 0, limits);
    let mut rows = Vec::new();
    loop {
        match records.next() {
            Ok(Some(record)) => rows.push(
                record.iter().map(|field| String::from_utf8_lossy(field).into_owned()).collect(),
            ),
            Ok(None) => return (rows, None),
            Err(error) => return (rows, Some(error)),
        }
    }
}

fn fault(table: &[u8], limits: Limits) -> (usize, Option<(u64, RowFault)>) {
    match read(table, limits) {
        (rows, Some(ReportError::Row { line, fault })) => (rows.len(), Some((line, fault))),
        (rows, None) => (rows.len(), None),
        (_, Some(other)) => panic!("{other}"),
    }
}

#[test]
fn quotes_line_ends_and_blank_lines() {
    let table = b"a;\"b;\"\"c\"\"\nd\"\r\n\r\n   \n;;\ne\rf;g";
    let (rows, error) = read(table, Limits::default());
    assert!(error.is_none());
    assert_eq!(rows, [vec!["a", "b;\"c\"\nd"], vec!["e"], vec!["f", "g"]]);
}

#[test]
fn too_long_or_too_wide() {
    let limits = Limits { row_bytes: 15, columns: 3, ..Limits::default() };
    let wide = (1, Some((2, RowFault::TooManyColumns(3))));
    assert_eq!(fault(b"1;2;3\n1;2;3;4\n", limits), wide);
    let row = (1, Some((2, RowFault::RowTooLong(15))));
    assert_eq!(fault(b"1\n12345678;12345678\n", limits), row);
    // Doubled quotes count once.
    let quotes = format!("\"{}\"\n", "\"\"".repeat(10));
    assert_eq!(fault(quotes.as_bytes(), limits), (1, None));
}

#[test]
fn a_quote_that_is_never_closed_stops_at_the_limit() {
    let limits = Limits { row_bytes: 1000, ..Limits::default() };
    let table = format!("a;b\n\"{}", "x;y\n".repeat(1_000_000));
    let endless = (1, Some((2, RowFault::RowTooLong(1000))));
    assert_eq!(fault(table.as_bytes(), limits), endless);
}

#[test]
fn a_file_that_ends_inside_quotes() {
    let open = (1, Some((2, RowFault::OpenQuote)));
    assert_eq!(fault(b"a;b\nc;\"d\ne;f\n", Limits::default()), open);
    for closed in ["a;b\nc;\"d\ne\"", "a;b\nc;\"d\ne\" \r\n", "a;b\nc;d\"\n"] {
        assert_eq!(fault(closed.as_bytes(), Limits::default()), (2, None), "{closed}");
    }
}

#[test]
fn quotes_as_they_stand_lose_no_row() {
    for (line, cells) in [
        // Quotes within a cell that has none around it.
        ("0680010203;Bonjour \"Anne\";t1", ["0680010203", "Bonjour \"Anne\"", "t1"]),
        ("0680010203;5\" de neige;t1", ["0680010203", "5\" de neige", "t1"]),
        // Quotes around cells, and those of the text not doubled.
        ("0680010203;\"Bonjour \"Anne\" !\";t1", ["0680010203", "Bonjour \"Anne\" !", "t1"]),
        ("\"0680010203\";\"dit \"oui\"\";\"t1\"", ["0680010203", "dit \"oui\"", "t1"]),
        ("\"0680010203\";\"\"Anne\" dit oui\";\"t1\"", ["0680010203", "\"Anne\" dit oui", "t1"]),
        ("\"0680010203\";\"5\" de neige\";\"t1\"", ["0680010203", "5\" de neige", "t1"]),
        ("\"0680010203\";\"a \"b\" c\";\"\"", ["0680010203", "a \"b\" c", ""]),
        ("\"0680010203\";\"neige: 5\"\";\"t1\"", ["0680010203", "neige: 5\"", "t1"]),
        // No quotes around cells, and a text that begins with one.
        ("0680010203;\"Anne\" dit oui;t1", ["0680010203", "\"Anne\" dit oui", "t1"]),
        ("0680010203;\"a\" et \"b\" ;t1", ["0680010203", "\"a\" et \"b\" ", "t1"]),
        // As it should be.
        ("0680010203;\"dit \"\"oui\"\"; non\" ;t1", ["0680010203", "dit \"oui\"; non", "t1"]),
    ] {
        for end in ["\n", "\r\n", "\r"] {
            let lines = ["tel;sms;tracker", line, "0680010204;Salut;t2", ""].join(end);
            let (rows, error) = read(lines.as_bytes(), Limits::default());
            assert!(error.is_none(), "{line}: {error:?}");
            assert_eq!(rows[1], cells);
            assert_eq!(rows[2], ["0680010204", "Salut", "t2"], "{line}");
            // With the separator that the rows end with and the header lacks.
            let closed = [&format!("{line};"), "0680010204;Salut;t2;", ""].join(end);
            let (rows, error) =
                read(format!("tel;sms;tracker{end}{closed}").as_bytes(), Limits::default());
            assert!(error.is_none(), "{line}: {error:?}");
            assert_eq!((rows.len(), &rows[1][..3]), (3, &cells.map(str::to_owned)[..]));
        }
    }
}

#[test]
fn quotes_that_take_in_other_rows_or_cells_are_told() {
    use RowFault::{OpenQuote, RowInQuotes, StrayQuote};
    for (lines, line, expected) in [
        ("0680010203;\"Anne;t1\n0680010204;Salut Paul\";t2\n", 2, RowInQuotes),
        ("0680010203;\"Anne;t1\n0680010204;Paul;t2\n0680010205;\"\"Oui\";t3\n", 2, RowInQuotes),
        ("0680010203;\"Anne;t1\n0680010204;Paul;t2\n0680010205;Oui\";t3\n", 2, RowInQuotes),
        ("0680010203;\"Anne;t1\r\n0680010204;Salut \"Paul\";t2\r\n", 2, StrayQuote),
        ("0680010203;\"Anne;t1\n0680010204;\"Salut Paul;t2\n", 2, StrayQuote),
        ("0680010203;Anne;\"t1\n0680010204;Salut;t2\"\n", 2, RowInQuotes),
        ("0680010203;\"Anne;t1\n0680010204;Salut;t2\"\n", 2, RowInQuotes),
        ("a;b;c\n0680010203;\"Anne;t1\n0680010204;Salut;t2\n", 3, OpenQuote),
        ("\"0680010203\";\"\";a\";\"t1\"\n", 2, StrayQuote),
        ("0680010203;\"\"\";t1\n0680010204;\";a\";t2\n", 2, StrayQuote),
        ("a;b;c\n\n\"0680010203\";\"dit \"oui\"; non\";\"t1\"\n", 4, StrayQuote),
        ("0680010203;\"dit \"oui\"; non;t1\n", 2, StrayQuote),
        ("0680010203;\"dit \"oui\"; non\";\n", 2, StrayQuote),
        ("\"2026-07-01 10:00\";\"dit \"\"\n\"2026-07-01 10:01\";\"x\"\n", 2, StrayQuote),
        ("2026-07-01 10:00;\"a;1\n2026-07-01 10:01;b\";2\n", 2, RowInQuotes),
        ("campagne;\"a;1\nautre;b\";2\n", 2, RowInQuotes),
        // A row with too many cells says nothing of those behind it.
        ("06;\"\";;;\"\";t0\n07;\"\"\";t1\n08;\";\"\";t2\n", 3, StrayQuote),
    ] {
        let table = format!("tel;sms;tracker\n{lines}");
        let (_, found) = fault(table.as_bytes(), Limits::default());
        assert_eq!(found, Some((line, expected)), "{lines}");
    }
    let first = fault(b"\"a\" b;c\nd;e\n", Limits::default());
    assert_eq!(first, (0, Some((1, StrayQuote))), "nothing to compare it with");
}

#[test]
fn texts_of_several_lines_are_no_rows() {
    for text in [
        "Bonjour\nAnne",
        "Bonjour\r\n\r\nAnne\r\n",
        "\nAnne",
        "RDV: lundi; mardi\nou mercredi; jeudi",
        "Tel: 0680010299\n0680010298",
        "a;b;c\nd;e;f\ng",
        "il dit \"\"oui\"\"\nou \"\"non\"\"",
        "x\n;",
        "x\n;;",
        "\n",
    ] {
        for table in [
            format!("0680010203;\"{text}\";t1\n0680010204;Salut;t2\n"),
            format!("t1;0680010203;\"{text}\"\nt2;0680010204;Salut\n"),
            format!("\"{text}\";t1;0680010203\nSalut;t2;0680010204\n"),
        ] {
            let (rows, error) = read(table.as_bytes(), Limits::default());
            assert!(error.is_none(), "{table}: {error:?}");
            let whole = |it: &Vec<String>| it.contains(&text.replace("\"\"", "\""));
            assert_eq!((rows.len(), rows.iter().any(whole)), (2, true), "{table}");
        }
    }
}
