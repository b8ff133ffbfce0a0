//! `repertoireCrea` and `repertoire`: directories and their contacts. All codes
//! are the simulator's own, since none is public.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::App;
use super::account::Directory;
use super::codes::{self, Code};
use super::fields::Fields;
use super::number;
use super::reply::{Refusal, Reply, Text, nested};

/// Names of the free fields; the first holds the name of a contact.
const FIELDS: [&str; 27] = [
    "champ1", "champ2", "champ3", "champ4", "champ5", "champ6", "champ7", "champ8", "champ9",
    "champ10", "champ11", "champ12", "champ13", "champ14", "champ15", "champ16", "champ17",
    "champ18", "champ19", "champ20", "champ21", "champ22", "champ23", "champ24", "champ25",
    "champ26", "champ27",
];

#[derive(Serialize)]
struct Entry<'a> {
    code: Text<u16>,
    message: &'static str,
    #[serde(rename = "repertoireId")]
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tel: Option<String>,
}

impl<'a> Entry<'a> {
    fn new(code: Code, id: &'a str, tel: Option<String>) -> Self {
        Self { code: Text(code.number), message: code.label, id, tel }
    }
}

/// Creates a directory with a number of six digits.
pub(super) fn create(app: &Arc<App>, key: &str, fields: &Fields) -> Result<Reply, Refusal> {
    fields.required_choice("repertoireEdit", &["create"])?;
    let name = fields.required("repertoireNom")?.into_owned();
    let mut accounts = app.accounts();
    let id = (100_001 + accounts.next()).to_string();
    let directory = Directory { name, contacts: BTreeMap::new() };
    let account = accounts.open(key);
    account.directories.insert(id.clone(), directory);
    Ok(nested(&[Entry::new(codes::DIRECTORY_MADE, &id, None)]))
}

/// Adds contacts to a directory, or removes them: one entry a number.
pub(super) fn edit(app: &Arc<App>, key: &str, fields: &Fields) -> Result<Reply, Refusal> {
    let edit = fields.required_choice("repertoireEdit", &["add", "del"])?;
    let id = fields.required("repertoireId")?;
    let nums = fields.required_list("num")?;
    let columns = columns(fields, nums.len())?;
    let mut accounts = app.accounts();
    let account = accounts.open(key);
    let directory = account.directories.get_mut(&*id);
    let directory = directory.ok_or(codes::NO_DIRECTORY)?;
    let entries: Vec<_> = nums
        .iter()
        .enumerate()
        .map(|(row, num)| {
            let code = match edit {
                "add" if directory.add(num, row_of(&columns, row)) => codes::CONTACT_ADDED,
                "add" => codes::BAD_NUMBER,
                _ if directory.remove(num) => codes::CONTACT_REMOVED,
                _ => codes::NO_CONTACT,
            };
            Entry::new(code, &id, Some(number::echoed(num)))
        })
        .collect();
    Ok(nested(&entries))
}

/// The numbers of a directory, in order.
pub(super) fn numbers(app: &App, key: &str, id: &str) -> Result<Vec<String>, Refusal> {
    let mut accounts = app.accounts();
    let directory = accounts.open(key).directories.get(id);
    let directory = directory.ok_or(codes::NO_DIRECTORY)?;
    Ok(directory.contacts.keys().cloned().collect())
}

type Column<'a> = (usize, Vec<Cow<'a, str>>);

/// The free fields that are there. They run parallel to `num`: a shorter one
/// leaves the last contacts without, a longer one is refused.
fn columns(fields: &Fields, rows: usize) -> Result<Vec<Column<'_>>, Refusal> {
    let mut columns = Vec::new();
    for (number, name) in (1..).zip(FIELDS) {
        let values = fields.list(name)?;
        if values.len() > rows {
            return Err(Refusal::about(codes::UNEVEN, name));
        }
        if !values.is_empty() {
            columns.push((number, values));
        }
    }
    Ok(columns)
}

fn row_of(columns: &[Column<'_>], row: usize) -> BTreeMap<usize, String> {
    columns
        .iter()
        .filter_map(|(number, values)| Some((*number, values.get(row)?.to_string())))
        .filter(|(_, value)| !value.is_empty())
        .collect()
}
