//! `setListeNoire`, `delListeNoire` and `getListeNoire`.

use std::sync::Arc;

use serde::Serialize;

use super::App;
use super::codes;
use super::fields::Fields;
use super::number;
use super::reply::{Download, Refusal, Reply, nested};
use super::report;

#[derive(Serialize)]
struct Entry {
    #[serde(rename = "listeNoire")]
    state: &'static str,
    tel: String,
}

/// Adds a number.
pub(super) fn set(app: &Arc<App>, key: &str, fields: &Fields) -> Result<Reply, Refusal> {
    fields.required_choice("setlisteNoire", &["1"])?;
    let tel = number_of(fields)?;
    app.accounts().open(key).blacklist.insert(tel.clone());
    Ok(done(&tel))
}

/// Removes a number; one that was not there is fine. Both spellings of the
/// constant are taken, since clients of both exist.
pub(super) fn delete(app: &Arc<App>, key: &str, fields: &Fields) -> Result<Reply, Refusal> {
    if fields.choice("dellisteNoire", &["1"])?.is_none() {
        fields.required_choice("delListeNoire", &["1"])?;
    }
    let tel = number_of(fields)?;
    app.accounts().open(key).blacklist.remove(&tel);
    Ok(done(&tel))
}

/// A zip of one CSV without header: a number a line.
pub(super) fn get(app: &Arc<App>, key: &str, fields: &Fields) -> Result<Reply, Refusal> {
    fields.required_choice("getListeNoire", &["1"])?;
    let listed = app.accounts().open(key).blacklist.clone();
    let synthetic = app.options.blacklist_rows;
    Ok(Reply::Download(Download {
        // As the API declares its downloads.
        media: "application/json",
        name: "listenoire.zip",
        make: Box::new(move || match synthetic {
            Some(rows) => report::zip("listenoire.csv", |csv| {
                (0..rows).try_for_each(|row| csv.write_record([synthetic_number(row)]))
            }),
            None => report::zip("listenoire.csv", |csv| {
                listed.iter().try_for_each(|tel| csv.write_record([number::answered(tel)]))
            }),
        }),
    }))
}

/// A mobile number of France for a row of a made-up report.
pub(super) fn synthetic_number(row: u64) -> String {
    format!("06{:08}", row % 100_000_000)
}

fn number_of(fields: &Fields) -> Result<String, Refusal> {
    number::international(&fields.required("num")?)
        .ok_or_else(|| Refusal::about(codes::BAD_NUMBER, "num"))
}

/// An array, though it never holds more than one entry.
fn done(tel: &str) -> Reply {
    nested(&[Entry { state: "OK", tel: number::answered(tel) }])
}
