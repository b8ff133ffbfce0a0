//! What a report reads, and how it fails, through its public face.

use super::fixture::{Forged, archive, json, many_rows, open, read, spool, table};
use super::{Limits, Report, ReportError, RowFault};
use crate::isendpro::KeyId;

/// The error that a download ends with.
fn error(download: &[u8]) -> ReportError {
    match read(download, &Limits::default()) {
        (_, Some(error)) => error,
        (rows, None) => panic!("no error, but {rows:?}"),
    }
}

#[test]
fn a_campaign_report() {
    let report = table(
        "Téléphone;Statut;Date envoi;Texte\r\n\
         33680010203;Délivré;31/01/2024 10:00;\"Bonjour; dit-il \"\r\n\
         \r\n\
         33680010204;Refusé  \r\n",
    );
    assert_eq!(report.name(), "report.csv");
    assert!(report.has_header());
    assert_eq!(report.columns().len(), 4);
    assert_eq!(
        json(report),
        "{\"Téléphone\":\"33680010203\",\"Statut\":\"Délivré\",\"Date envoi\":\"31/01/2024 10:00\",\
         \"Texte\":\"Bonjour; dit-il\",\"tel\":\"33680010203\",\"statut\":\"Délivré\",\
         \"date\":\"31/01/2024 10:00\"}\n\
         {\"Téléphone\":\"33680010204\",\"Statut\":\"Refusé\",\"tel\":\"33680010204\",\
         \"statut\":\"Refusé\"}"
    );
}

#[test]
fn a_blacklist_of_bare_numbers() {
    let report = table("33680010203\n33680010204\n");
    assert!(!report.has_header());
    assert_eq!(
        json(report),
        "{\"column1\":\"33680010203\",\"tel\":\"33680010203\"}\n\
         {\"column1\":\"33680010204\",\"tel\":\"33680010204\"}"
    );
}

#[test]
fn tables_with_hardly_anything() {
    for (content, columns, rows) in [
        ("", 0, 0),
        ("\u{feff}", 0, 0),
        ("\r\n\n  \n;;;\n", 0, 0),
        ("tel;statut", 2, 0),
        ("33680010203", 1, 1),
        ("tel\n33680010203", 1, 1),
    ] {
        let report = table(content);
        assert_eq!(report.columns().len(), columns, "{content:?}");
        let whole: Vec<_> = report.map(|row| row.is_ok()).collect();
        assert_eq!(whole, vec![true; rows], "{content:?}");
    }
}

#[test]
fn encodings() {
    let text = "tel;statut\n33680010203;Délivré\n";
    let expected = r#"{"tel":"33680010203","statut":"Délivré"}"#;
    let utf16 = |encode: fn(u16) -> [u8; 2]| -> Vec<u8> {
        let units = format!("\u{feff}{text}");
        units.encode_utf16().flat_map(encode).collect()
    };
    let (windows, _, _) = encoding_rs::WINDOWS_1252.encode(text);
    for content in [
        text.as_bytes().to_vec(),
        format!("\u{feff}{text}").into_bytes(),
        utf16(u16::to_le_bytes),
        utf16(u16::to_be_bytes),
        windows.into_owned(),
    ] {
        assert_eq!(json(table(content)), expected);
    }
}

#[test]
fn a_field_in_another_encoding_after_the_head() {
    let mut content = "33680010203;é\n".repeat(10_000).into_bytes();
    content.extend(b"33680010204;\xE9\n");
    let last = table(content).last().and_then(Result::ok);
    assert_eq!(last.map(|row| row["column2"].clone()), Some("é".into()));
}

#[test]
fn which_entry() {
    let (csv, other) = (b"tel\n33680010203\n".as_slice(), b"rien".as_slice());
    for (files, name) in [
        (vec![("a.txt", csv)], "a.txt"),
        (vec![("a.txt", other), ("b.CSV", csv)], "b.CSV"),
        (vec![("out/", other), ("out/a.csv", csv)], "out/a.csv"),
        (vec![("a.csv", csv), ("__MACOSX/._a.csv", other)], "a.csv"),
    ] {
        let report = open(&archive(&files));
        assert_eq!(report.ok().map(|report| report.name().to_owned()), Some(name.into()));
    }
    let none = error(&archive(&[("out/", other), ("__MACOSX/a.csv", csv)]));
    assert!(matches!(none, ReportError::NoTable { entries: 2 }), "{none}");
    assert!(matches!(error(&archive(&[])), ReportError::NoTable { entries: 0 }));
    let names: Vec<String> =
        (0..7).map(|index| format!("{}{index}.csv", "long".repeat(20))).collect();
    let several: Vec<_> = names.iter().map(|name| (name.as_str(), csv)).collect();
    match error(&archive(&several)) {
        ReportError::SeveralTables { count, names } => {
            assert_eq!((count, names.len()), (7, 5));
            assert_eq!(names[6 - 2], "longlonglo…4.csv");
        }
        other => panic!("{other}"),
    }
}

#[test]
fn no_archive() {
    assert!(matches!(error(b""), ReportError::Empty));
    let json = error(br#"{"etat":{"etat":[{"code":"81","message":"no access"}]}}"#);
    assert!(json.to_string().contains(r#"starts with `{"etat":{"etat":"#), "{json}");
    let page = error("<html>é".repeat(1000).as_bytes());
    assert!(matches!(&page, ReportError::NotAnArchive { start } if start.chars().count() == 80));
    // What some web servers print before a file does no harm.
    let mut after_notice = b"Notice: Undefined index in /var/www/x.php\n".to_vec();
    after_notice.extend(archive(&[("a.csv", b"33680010203")]));
    assert_eq!(read(&after_notice, &Limits::default()).0.len(), 1);
}

#[test]
fn entries_that_cannot_be_read() {
    let mut forged = Forged::new(b"33680010203\n");
    assert_eq!(read(&forged.archive(), &Limits::default()).0.len(), 1);
    forged.flags = 1;
    assert!(matches!(error(&forged.archive()), ReportError::Encrypted { .. }));
    forged.flags = 0;
    forged.method = 14;
    assert!(matches!(error(&forged.archive()), ReportError::Unsupported { .. }));
    forged.method = 8;
    forged.data = vec![0xFF; 50];
    assert!(matches!(error(&forged.archive()), ReportError::Damaged { .. }));
    // Stored entries need no inflating.
    forged.method = 0;
    forged.data = b"33680010203\n".to_vec();
    assert_eq!(read(&forged.archive(), &Limits::default()).0.len(), 1);
}

#[test]
fn damage_comes_after_the_whole_rows() {
    let rows = "33680010203;OK\n".repeat(20_000);
    let damaged = |damage: fn(&mut Forged)| {
        let mut forged = Forged::new(rows.as_bytes());
        damage(&mut forged);
        let (rows, error) = read(&forged.archive(), &Limits::default());
        assert!(rows.len() > 5_000 && rows.iter().all(|row| row["column2"] == "OK"));
        error
    };
    let cut = damaged(|forged| forged.data.truncate(forged.data.len() / 2));
    assert!(matches!(cut, Some(ReportError::Truncated)), "{cut:?}");
    let short = damaged(|forged| forged.inflated += 1);
    assert!(matches!(short, Some(ReportError::Truncated)), "{short:?}");
    let long = damaged(|forged| forged.inflated -= 1);
    assert!(matches!(long, Some(ReportError::Damaged { .. })), "{long:?}");
    let checksum = damaged(|forged| forged.crc ^= 1);
    assert!(matches!(checksum, Some(ReportError::Damaged { .. })), "{checksum:?}");
}

#[test]
fn the_first_error_is_the_last_item() {
    let mut forged = Forged::new(b"33680010203\n33680010204");
    forged.crc ^= 1;
    let Ok(mut report) = open(&forged.archive()) else {
        panic!("the rows come first");
    };
    assert!(matches!(report.next(), Some(Ok(_))));
    assert!(matches!(report.next(), Some(Err(_))), "a row without its line end may be cut");
    assert!(report.next().is_none());
}

#[test]
fn cut_anywhere_it_is_an_error() {
    let whole = archive(&[("a.csv", "33680010203;Délivré\n".repeat(50).as_bytes())]);
    for length in 0..whole.len() {
        let error = error(&whole[..length]);
        assert!(!error.to_string().is_empty());
    }
}

#[test]
fn bombs() {
    let mut bomb = Forged::bomb();
    let small = Limits { inflated_bytes: 1 << 20, ..Limits::default() };
    let too_large = read(&bomb.archive(), &small).1;
    assert!(matches!(too_large, Some(ReportError::TooLarge { .. })), "{too_large:?}");
    // One row of zeros would be too long before the ratio can be judged.
    let wide = Limits { row_bytes: 1 << 30, ..Limits::default() };
    let ratio = read(&bomb.archive(), &wide).1;
    assert!(matches!(ratio, Some(ReportError::Bomb { ratio: 200 })), "{ratio:?}");
    let row = read(&bomb.archive(), &Limits::default()).1;
    let fault = RowFault::RowTooLong(16 << 10);
    assert!(matches!(row, Some(ReportError::Row { fault: found, .. }) if found == fault));
    // A size that lies helps nothing.
    bomb.inflated = 1000;
    let lie = read(&bomb.archive(), &small).1;
    assert!(matches!(lie, Some(ReportError::Damaged { .. })), "{lie:?}");
}

#[test]
fn two_hundred_thousand_rows_stream() {
    let file = many_rows(200_000).unwrap_or_else(|error| panic!("{error}"));
    let report = Report::open(file, &Limits::default()).unwrap_or_else(|error| panic!("{error}"));
    // Two columns, and the second once more as "statut".
    let rows = report.map(|row| row.map(|row| row.len()));
    assert_eq!(rows.filter(|row| matches!(row, Ok(3))).count(), 200_000);
}

#[test]
fn a_report_can_go_to_another_thread() {
    fn is_send<T: Send>(_: &T) {}
    let report = Report::open(spool(&archive(&[("a.csv", b"tel")])), &Limits::default());
    is_send(&report);
}

#[test]
fn a_kept_table_is_read_with_its_archive_or_without() {
    let table = "tel;statut\n0680010203;Délivré\n";
    let rows =
        |content: &[u8]| json(Report::open_kept(spool(content), &Limits::default()).unwrap());
    let expected = r#"{"tel":"0680010203","statut":"Délivré"}"#;
    assert_eq!(rows(table.as_bytes()), expected);
    assert_eq!(rows(&archive(&[("report.csv", table.as_bytes())])), expected);
    let limits = Limits { inflated_bytes: 10, ..Limits::default() };
    let large = Report::open_kept(spool(table.as_bytes()), &limits);
    assert!(matches!(large, Err(ReportError::TooLarge { limit: 10 })));
    let empty = Report::open_kept(spool(b""), &Limits::default());
    assert!(matches!(empty, Err(ReportError::Empty)));
}

#[test]
fn a_line_for_spreadsheets_is_neither_header_nor_row() {
    for (content, rows) in [
        ("sep=;\r\ntel;statut\r\n0680010203;0\r\n", r#"{"tel":"0680010203","statut":"0"}"#),
        (
            "\u{feff}sep=,\ntel,statut\n0680010203,\"0,5\"\n",
            r#"{"tel":"0680010203","statut":"0,5"}"#,
        ),
        // It is believed, also where another separator is more regular.
        ("sep=,\ntel,a;b\n0680010203,1;2\n", r#"{"tel":"0680010203","a;b":"1;2"}"#),
        ("sep=^\ntel^statut\n0680010203^0\n", r#"{"tel":"0680010203","statut":"0"}"#),
        ("sep=\n0680010203;0\n", r#"{"column1":"0680010203","column2":"0","tel":"0680010203"}"#),
        ("sep=;\n", ""),
    ] {
        assert_eq!(json(table(content)), rows, "{content:?}");
    }
    let utf16: Vec<u8> =
        "\u{feff}sep=;\ntel;x\n1;2".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(json(table(utf16)), r#"{"tel":"1","x":"2"}"#);
    let late = read(&archive(&[("a.csv", b"sep=;\ntel;b\n1;\"2\n")]), &Limits::default()).1;
    assert!(
        matches!(late, Some(ReportError::Row { line: 3, fault: RowFault::OpenQuote })),
        "{late:?}"
    );
}

#[test]
fn a_key_is_in_no_cell_no_header_no_name_and_no_error() {
    const KEY: &str = "canary/KEY+7f3a";
    let key = KeyId::new(KEY).unwrap();
    let content = "tel;canary/KEY+7f3a;x;canary%2fKEY%2B7f3a\n\
                   33680010203;a canary/key+7F3A.;Y2FuYXJ5L0tFWSs3ZjNh;a3f7+YEK/yranac\n";
    let file = archive(&[("canary/KEY+7f3a.csv", content.as_bytes())]);
    let report = Report::open_hiding(&key, spool(&file), &Limits::default()).unwrap();
    assert!(!report.name().contains("KEY"), "{report:?}");
    assert!(!format!("{:?}", report.columns()).contains("KEY"), "{report:?}");
    assert_eq!(
        json(report),
        "{\"tel\":\"33680010203\",\"***\":\"a ***.\",\"x\":\"***\",\"***_2\":\"***\"}"
    );
    let several = archive(&[("canary/KEY+7f3a.csv", b"a".as_slice()), ("b.csv", b"b")]);
    let error = Report::open_hiding(&key, spool(&several), &Limits::default()).unwrap_err();
    assert!(!error.to_string().contains("KEY"), "{error}");
}
