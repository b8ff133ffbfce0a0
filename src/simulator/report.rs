//! `getCampagne`, and the making of the zips that downloads answer. A file is
//! made on a blocking thread and never held in memory.

use std::fs::File;
use std::io::{self, BufWriter, Seek};
use std::sync::Arc;

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::App;
use super::blacklist::synthetic_number;
use super::codes;
use super::fields::Fields;
use super::ledger::Line;
use super::number;
use super::reply::{Download, Refusal, Reply};
use super::schedule::{self, PARIS};

/// Where the rows of a report go.
pub(super) type Csv<'a> = csv::Writer<&'a mut ZipWriter<BufWriter<File>>>;

/// The columns of the campaign report. Their names, and that there is a header,
/// are the simulator's own.
const HEADER: [&str; 7] = ["date", "tel", "emetteur", "sms", "nb_sms", "tracker", "statut"];

/// What a delivered message has in the column `statut`.
const DELIVERED: &str = "0";

/// A zip of one CSV with the sends of the account between two minutes, both
/// included. Sandbox sends are left out, for nothing was sent.
pub(super) fn campagne(app: &Arc<App>, key: &str, fields: &Fields) -> Result<Reply, Refusal> {
    fields.required_choice("rapportCampagne", &["1"])?;
    let from = minute(fields, "date_deb")?;
    let until = minute(fields, "date_fin")? + 59_999;
    if until < from {
        return Err(Refusal::about(codes::BAD_DATE, "date_fin"));
    }
    let account = app.accounts().open(key).identity.index;
    let app = app.clone();
    Ok(Reply::Download(Download {
        media: "application/zip",
        name: "campagne.zip",
        make: Box::new(move || {
            zip("campagne.csv", |csv| {
                csv.write_record(HEADER)?;
                match app.options.report_rows {
                    Some(rows) => write_synthetic(csv, rows, from, until),
                    None => write_ledger(csv, &app, |line| {
                        line.account.index == account
                            && !line.sandbox
                            && (from..=until).contains(&line.due)
                    }),
                }
            })
        }),
    }))
}

fn minute(fields: &Fields, name: &'static str) -> Result<i64, Refusal> {
    schedule::instant(&fields.required(name)?, &PARIS)
        .ok_or_else(|| Refusal::about(codes::BAD_DATE, name))
}

fn write_ledger(
    csv: &mut Csv<'_>,
    app: &App,
    wanted: impl Fn(&Line) -> bool,
) -> Result<(), csv::Error> {
    let mut from = 0;
    loop {
        let page = app.ledger().page(from).to_vec();
        if page.is_empty() {
            return Ok(());
        }
        from += page.len();
        for line in page.iter().filter(|line| wanted(line)) {
            csv.write_record([
                &*schedule::local(line.due),
                &number::answered(&line.tel()),
                line.emetteur.as_deref().unwrap_or_default(),
                &line.sms,
                &line.parts.to_string(),
                line.tracker.as_deref().unwrap_or_default(),
                DELIVERED,
            ])?;
        }
    }
}

/// Made-up rows, spread evenly over the time asked for.
fn write_synthetic(csv: &mut Csv<'_>, rows: u64, from: i64, until: i64) -> Result<(), csv::Error> {
    let step = (until - from) / i64::try_from(rows).unwrap_or(i64::MAX).max(1);
    let mut at = from;
    for row in 0..rows {
        csv.write_record([
            &*schedule::local(at),
            &synthetic_number(row),
            "iSendPro",
            "Bonjour! Bienvenue sur iSendPro!",
            "1",
            &format!("row{row}"),
            DELIVERED,
        ])?;
        at += step;
    }
    Ok(())
}

/// Makes a zip with one CSV, separated by `;`, in a file without a name: it goes
/// when it is closed.
pub(super) fn zip(
    name: &str,
    write: impl FnOnce(&mut Csv<'_>) -> Result<(), csv::Error>,
) -> io::Result<File> {
    let mut zip = ZipWriter::new(BufWriter::new(tempfile::tempfile()?)).set_auto_large_file();
    zip.start_file(name, SimpleFileOptions::default())?;
    let mut csv = csv::WriterBuilder::new().delimiter(b';').from_writer(&mut zip);
    write(&mut csv)?;
    csv.flush()?;
    drop(csv);
    let mut file = zip.finish()?.into_inner()?;
    file.rewind()?;
    Ok(file)
}
