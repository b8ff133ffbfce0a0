//! What holds for any download: reading never panics, and what a CSV writer wrote comes back.

use proptest::prelude::*;

use super::Limits;
use super::fixture::{archive, read};

/// A table as its writer has it: a column of phone numbers, and others with nearly anything in them.
/// No blanks at the end, which reading takes off, and a letter first: of one line "33680010203;,0"
/// nobody can say what separates it.
fn any_table() -> impl Strategy<Value = Vec<Vec<String>>> {
    let cell = "([a-z\"][a-zé ;,|\"\t\n.0-9]{0,12}[a-z0-9\"])?";
    (1_usize..5).prop_flat_map(move |others| {
        let row = ("336[0-9]{8}", prop::collection::vec(cell, others));
        let row = row.prop_map(|(tel, cells)| [vec![tel], cells].concat());
        prop::collection::vec(row, 1..20)
    })
}

proptest! {
    #[test]
    fn any_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let (_, error) = read(&bytes, &Limits::default());
        prop_assert!(error.is_some());
    }

    #[test]
    fn any_table_of_bytes_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let archive = archive(&[("a.csv", &bytes)]);
        let _ = read(&archive, &Limits { columns: 20, row_bytes: 500, ..Limits::default() });
    }

    #[test]
    fn any_damage_never_panics(at in 0_usize..400, with in any::<u8>()) {
        let mut bytes = archive(&[("a.csv", b"tel;statut\n33680010203;OK\n")]);
        let at = at % bytes.len();
        bytes[at] = with;
        let _ = read(&bytes, &Limits::default());
    }

    #[test]
    fn what_is_written_reads_back(
        rows in any_table(),
        separator in prop::sample::select(b";,\t|".to_vec()),
        header in any::<bool>(),
        always in any::<bool>(),
    ) {
        let style = if always { csv::QuoteStyle::Always } else { csv::QuoteStyle::Necessary };
        let mut writer = csv::WriterBuilder::new()
            .delimiter(separator)
            .quote_style(style)
            .from_writer(Vec::new());
        let names: Vec<String> = (1..rows[0].len()).map(|index| format!("name{index}")).collect();
        if header {
            writer.write_record([&["Tel".to_owned()], names.as_slice()].concat())?;
        }
        for row in &rows {
            writer.write_record(row)?;
        }
        let content = writer.into_inner().map_err(|error| TestCaseError::fail(error.to_string()))?;
        let (read, error) = read(&archive(&[("a.csv", &content)]), &Limits::default());
        prop_assert!(error.is_none(), "{:?}", error);
        prop_assert_eq!(read.len(), rows.len());
        for (read, row) in read.iter().zip(&rows) {
            let values: Vec<_> = read.values().filter_map(|value| value.as_str()).collect();
            prop_assert_eq!(&values[..row.len()], row);
            prop_assert_eq!(values[row.len()..].to_vec(), [row[0].as_str()]);
        }
    }

    /// No quote that is left as it stands makes a row go astray in silence.
    #[test]
    fn a_table_of_lines_gives_a_row_for_each_or_an_error(
        texts in prop::collection::vec("[a-z\"; ]{0,8}", 1..8),
        around in any::<bool>(),
    ) {
        let quote = if around { "\"" } else { "" };
        let row = |(place, text): (usize, &String)| {
            // Without quotes around it, a separator in a text is one, and no reader can help it.
            let text = if around { text.clone() } else { text.replace(';', ",") };
            format!("3368001{place:04};{quote}{text}{quote};t{place}\n")
        };
        let lines: String = texts.iter().enumerate().map(row).collect();
        let table = format!("sep=;\ntel;sms;tracker\n{lines}");
        let (rows, error) = read(&archive(&[("a.csv", table.as_bytes())]), &Limits::default());
        prop_assert!(error.is_some() || rows.len() == texts.len(), "{}{:?}", table, rows);
        for (place, row) in rows.iter().enumerate() {
            prop_assert_eq!(&row["tel"], &format!("3368001{place:04}"));
        }
    }
}
