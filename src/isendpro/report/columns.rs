//! The columns of a table: their names, which of them are known, and the rows made with both.

use std::borrow::Cow;
use std::collections::HashSet;

use serde_json::Value;

use super::Row;
use super::cell::{is_dialable, is_phone};
use super::known;

/// Every row repeats the names of its columns, so a name has to stay one.
const NAME_CHARS: usize = 200;

/// A column of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    name: String,
    alias: Option<&'static str>,
}

impl Column {
    /// The name in the rows: that of the header, or `column1`, `column2`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The second name in the rows, `tel`, `statut`, `tracker` or `date`, when the column is known
    /// as such and no column, this one or another, has that name for its own. A header is searched for words, French and English, whatever their case and accents:
    /// first for the same word, then for one that begins a name. Without a header only `tel` is
    /// known, by its content.
    pub fn alias(&self) -> Option<&'static str> {
        self.alias
    }
}

/// The columns of a table, and names for the cells beyond them.
#[derive(Debug)]
pub(super) struct Columns {
    known: Vec<Column>,
    extra: Vec<String>,
    taken: HashSet<String>,
}

impl Columns {
    /// The columns of a header; `rows` are the first of the table, header included.
    pub(super) fn named(header: &[Cow<'_, str>], rows: &[Vec<String>]) -> Self {
        let named = header.iter().rposition(|name| !name.is_empty());
        let header = &header[..named.map_or(0, |last| last + 1)];
        let mut columns = Self::new(header.iter());
        let rows = rows.get(1..).unwrap_or_default();
        for (index, alias) in known::find(header, rows) {
            columns.call(index, alias);
        }
        columns
    }

    /// As many columns as the first rows have, without names.
    pub(super) fn numbered(rows: &[Vec<String>], most: usize) -> Self {
        let count = rows.iter().map(Vec::len).max().unwrap_or(0).min(most);
        let mut columns = Self::new(std::iter::repeat_n("", count));
        let times = |index: usize, like: fn(&str) -> bool| {
            let cells = rows.iter().filter_map(|row| row.get(index));
            cells.filter(|cell| like(cell)).count()
        };
        // An identifier may look like a phone number: the column with most real ones is the one.
        let phones = (0..count)
            .rev()
            .filter(|index| times(*index, is_phone) * 2 > rows.len())
            .max_by_key(|index| times(*index, is_dialable));
        if let Some(index) = phones {
            columns.call(index, "tel");
        }
        columns
    }

    fn new(names: impl Iterator<Item = impl AsRef<str>>) -> Self {
        let mut columns = Self { known: Vec::new(), extra: Vec::new(), taken: HashSet::new() };
        for name in names {
            let name = columns.unique(name.as_ref(), columns.known.len());
            columns.known.push(Column { name, alias: None });
        }
        columns
    }

    pub(super) fn known(&self) -> &[Column] {
        &self.known
    }

    /// A name that no other column has.
    fn unique(&mut self, name: &str, index: usize) -> String {
        let blank = |c: char| c == '\0' || c == '\u{feff}' || c.is_whitespace();
        let name: String = name.trim_matches(blank).chars().take(NAME_CHARS).collect();
        let name = match name.as_str() {
            "" => format!("column{}", index + 1),
            _ => name,
        };
        let mut unique = name.clone();
        let mut times = 1;
        while !self.taken.insert(unique.clone()) {
            times += 1;
            unique = format!("{name}_{times}");
        }
        unique
    }

    /// Gives a column its second name, unless a column has it for its own.
    fn call(&mut self, index: usize, alias: &'static str) {
        if let Some(column) = self.known.get_mut(index)
            && self.taken.insert(alias.to_owned())
        {
            column.alias = Some(alias);
        }
    }

    /// A row of cells, with the names of their columns.
    pub(super) fn row<'a>(&mut self, cells: impl ExactSizeIterator<Item = Cow<'a, str>>) -> Row {
        // No more room than that: many rows may be held at once, and be shorter than the header.
        let again = self.known.iter().filter(|it| it.alias.is_some()).count();
        let mut row = Row::with_capacity(cells.len() + again.min(cells.len()));
        for (index, cell) in cells.enumerate() {
            if let Some(column) = self.known.get(index) {
                row.insert(column.name.clone(), Value::String(cell.into_owned()));
            } else if !cell.is_empty() {
                let name = self.extra_name(index);
                row.insert(name, Value::String(cell.into_owned()));
            }
        }
        for column in &self.known {
            if let Some(alias) = column.alias
                && let Some(value) = row.get(&column.name).cloned()
            {
                row.insert(alias.to_owned(), value);
            }
        }
        row
    }

    /// The name of a cell beyond the columns.
    fn extra_name(&mut self, index: usize) -> String {
        let beyond = index - self.known.len();
        while self.extra.len() <= beyond {
            let index = self.known.len() + self.extra.len();
            let name = self.unique("", index);
            self.extra.push(name);
        }
        self.extra[beyond].clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Vec<Vec<String>> {
        let cells = |line: &str| line.split(';').map(str::to_owned).collect();
        text.lines().map(cells).collect()
    }

    fn named(text: &str) -> Columns {
        let rows = table(text);
        let header: Vec<_> = rows[0].iter().map(Cow::from).collect();
        Columns::named(&header, &rows)
    }

    /// `name=alias` of the columns that have one.
    fn aliases(columns: &Columns) -> Vec<String> {
        let known = columns.known().iter();
        known.filter_map(|column| Some(format!("{}={}", column.name(), column.alias()?))).collect()
    }

    #[test]
    fn names_are_trimmed_and_unique() {
        let columns = named("\u{feff} Nom ;Ville;;Nom;Nom_2;Nom; ;;");
        let names: Vec<_> = columns.known().iter().map(Column::name).collect();
        assert_eq!(names, ["Nom", "Ville", "column3", "Nom_2", "Nom_2_2", "Nom_3", "column7"]);
        let long = named(&"x".repeat(5000));
        assert_eq!(long.known()[0].name().len(), NAME_CHARS);
    }

    #[test]
    fn columns_known_by_their_names() {
        for (text, expected) in [
            (
                "Téléphone;ETAT;Tracker;Date d'envoi",
                "Téléphone=tel ETAT=statut Tracker=tracker Date d'envoi=date",
            ),
            ("MSISDN;Status;sentAt", "MSISDN=tel Status=statut sentAt=date"),
            // The same word before a beginning, the better word before the first column.
            ("num;tel_2;telephone", "telephone=tel"),
            ("Statut envoi;État", "État=statut"),
            ("Date envoi (UTC);tracker_client", "Date envoi (UTC)=date tracker_client=tracker"),
            // The name itself is taken.
            ("tel;Telephone;date;Statut", "Statut=statut"),
            // What only begins like one has to look like one.
            ("Numéro de campagne;GSM client\n12;33680010203", "GSM client=tel"),
            ("Numéro de campagne\n12", ""),
            ("nom;total", ""),
        ] {
            assert_eq!(aliases(&named(text)).join(" "), expected, "{text}");
        }
    }

    #[test]
    fn phones_known_by_their_looks() {
        let numbered = |text| aliases(&Columns::numbered(&table(text), 256)).join(" ");
        assert_eq!(numbered("33680010203\n33680010204"), "column1=tel");
        assert_eq!(numbered("12345678;OK;0680010203\n12345679;OK;0680010204"), "column3=tel");
        assert_eq!(numbered("12345678;87654321"), "column1=tel");
        assert_eq!(numbered("OK;12\nOK;33680010203"), "");
    }

    #[test]
    fn rows_short_and_long() {
        let mut columns = named("Tel;column3;c");
        let mut row = |cells: &str| {
            let cells: Vec<_> = cells.split(';').map(Cow::from).collect();
            let row = columns.row(cells.into_iter());
            serde_json::to_string(&row).unwrap_or_default()
        };
        assert_eq!(row("1"), r#"{"Tel":"1","tel":"1"}"#);
        assert_eq!(row("1;2;3;;"), r#"{"Tel":"1","column3":"2","c":"3","tel":"1"}"#);
        assert_eq!(row("1;2;3;;5"), r#"{"Tel":"1","column3":"2","c":"3","column5":"5","tel":"1"}"#);
    }
}
