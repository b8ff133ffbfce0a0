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

/// The columns of the campaign report 1. Their names, and that there is a header,
/// are the simulator's own.
const HEADER: [&str; 7] = ["date", "tel", "emetteur", "sms", "nb_sms", "tracker", "statut"];

/// Those of report 2. `Envois prevus` and `SMS Long` are known from a client of
/// others, the rest is the simulator's own.
const SENDS: [&str; 6] = ["Date", "Expéditeur", "Message", "Envois prevus", "SMS Long", "Etat"];

/// What a send that is over has in the column `Etat`.
const OVER: &str = "Terminé";

/// What a delivered message has in the column `statut`.
const DELIVERED: &str = "0";

/// A zip of one CSV with the sends of the account between two minutes, both
/// included. Sandbox sends are left out, for nothing was sent. Report 1 has a
/// row for each recipient, report 2 for each text of a request.
pub(super) fn campagne(app: &Arc<App>, key: &str, fields: &Fields) -> Result<Reply, Refusal> {
    let is_of_sends = fields.required_choice("rapportCampagne", &["1", "2"])? == "2";
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
            let wanted = |line: &Line| {
                line.account.index == account && !line.sandbox && (from..=until).contains(&line.due)
            };
            zip("campagne.csv", |csv| match (is_of_sends, app.options.report_rows) {
                (false, Some(rows)) => write_synthetic(csv, rows, from, until),
                (false, None) => write_ledger(csv, &app, wanted),
                (true, Some(rows)) => write_synthetic_sends(csv, rows, from, until),
                (true, None) => write_sends(csv, &app, wanted),
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
    csv.write_record(HEADER)?;
    each_line(app, wanted, |line| {
        csv.write_record([
            &*schedule::local(line.due),
            &number::answered(&line.tel()),
            line.emetteur.as_deref().unwrap_or_default(),
            &line.sms,
            &line.parts.to_string(),
            line.tracker.as_deref().unwrap_or_default(),
            DELIVERED,
        ])
    })
}

/// A row for each text of a request, and how many recipients it went to.
fn write_sends(
    csv: &mut Csv<'_>,
    app: &App,
    wanted: impl Fn(&Line) -> bool,
) -> Result<(), csv::Error> {
    csv.write_record(SENDS.map(latin_1))?;
    let mut send: Option<(Line, u64)> = None;
    each_line(app, wanted, |line| {
        if let Some((first, planned)) = &mut send
            && first.is_of_one_send(line)
        {
            *planned += 1;
            return Ok(());
        }
        let before = send.replace((line.clone(), 1));
        before.map_or(Ok(()), |(first, planned)| write_send(csv, &first, planned))
    })?;
    send.map_or(Ok(()), |(first, planned)| write_send(csv, &first, planned))
}

fn write_send(csv: &mut Csv<'_>, line: &Line, planned: u64) -> Result<(), csv::Error> {
    write_closed(
        csv,
        [
            &*schedule::local(line.due),
            line.emetteur.as_deref().unwrap_or_default(),
            &line.sms,
            &planned.to_string(),
            &line.parts.to_string(),
            OVER,
        ],
    )
}

/// Writes a row that ends with a separator, which the header does not.
fn write_closed(csv: &mut Csv<'_>, row: [&str; 6]) -> Result<(), csv::Error> {
    let cells = row.into_iter().map(latin_1);
    csv.write_record(cells.chain([Vec::new()]))
}

/// ISO-8859-1, with a question mark for what it does not have.
fn latin_1(text: &str) -> Vec<u8> {
    text.chars().map(|it| u8::try_from(u32::from(it)).unwrap_or(b'?')).collect()
}

/// Does something with each line of the ledger that is wanted.
fn each_line(
    app: &App,
    wanted: impl Fn(&Line) -> bool,
    mut each: impl FnMut(&Line) -> Result<(), csv::Error>,
) -> Result<(), csv::Error> {
    let mut from = 0;
    loop {
        let page = app.ledger().page(from).to_vec();
        if page.is_empty() {
            return Ok(());
        }
        from += page.len();
        page.iter().filter(|line| wanted(line)).try_for_each(&mut each)?;
    }
}

/// Made-up rows, spread evenly over the time asked for.
fn write_synthetic(csv: &mut Csv<'_>, rows: u64, from: i64, until: i64) -> Result<(), csv::Error> {
    csv.write_record(HEADER)?;
    spread(rows, from, until).try_for_each(|(row, at)| {
        csv.write_record([
            &*schedule::local(at),
            &synthetic_number(row),
            "iSendPro",
            "Bonjour! Bienvenue sur iSendPro!",
            "1",
            &format!("row{row}"),
            DELIVERED,
        ])
    })
}

/// The same as sends, each to one more than the one before, up to 100.
fn write_synthetic_sends(
    csv: &mut Csv<'_>,
    rows: u64,
    from: i64,
    until: i64,
) -> Result<(), csv::Error> {
    csv.write_record(SENDS.map(latin_1))?;
    spread(rows, from, until).try_for_each(|(row, at)| {
        let planned = (row % 100 + 1).to_string();
        let text = "Bonjour à tous! Bienvenue sur iSendPro!";
        write_closed(csv, [&*schedule::local(at), "iSendPro", text, &planned, "1", OVER])
    })
}

/// The rows by number, each with its time.
fn spread(rows: u64, from: i64, until: i64) -> impl Iterator<Item = (u64, i64)> {
    let step = (until - from) / i64::try_from(rows).unwrap_or(i64::MAX).max(1);
    (0..rows).scan(from, move |at, row| {
        let now = *at;
        *at += step;
        Some((row, now))
    })
}

/// Makes a zip with one CSV, separated by `;`, in a file without a name: it goes
/// when it is closed.
pub(super) fn zip(
    name: &str,
    write: impl FnOnce(&mut Csv<'_>) -> Result<(), csv::Error>,
) -> io::Result<File> {
    let mut zip = ZipWriter::new(BufWriter::new(tempfile::tempfile()?)).set_auto_large_file();
    zip.start_file(name, SimpleFileOptions::default())?;
    let mut csv = csv::WriterBuilder::new().delimiter(b';').flexible(true).from_writer(&mut zip);
    write(&mut csv)?;
    csv.flush()?;
    drop(csv);
    let mut file = zip.finish()?.into_inner()?;
    file.rewind()?;
    Ok(file)
}
