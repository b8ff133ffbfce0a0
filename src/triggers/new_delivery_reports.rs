//! `newDeliveryReports`: the rows of the campaign report that came since the last run.

mod equal;
mod seen;
#[cfg(test)]
mod tests;
mod window;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use self::equal::Equal;
use self::seen::{Line, Next, Seen, Sifted, sift};
use self::window::Window;
use super::pages::{self, Pages};
use super::{marks, snapshot};
use crate::actions::{Reading, Table};
use crate::component::{Error, Event, Fired, Kind, Meta, Outlet, ResultId, Store, Trigger};
use crate::component::{Hasher, Session};
use crate::isendpro::report::is_for_trackers;

/// Most rows that a store remembers one by one: 12 MB.
const IN_STORE: usize = 2_000_000;

/// The trigger.
pub struct NewDeliveryReports;

/// The step's fields.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Options {
    /// Results
    #[schemars(extend("viewClass" = "SelectView"))]
    pub emit_behaviour: EmitBehaviour,
    /// First run (hours back)
    ///
    /// How far back the first run looks: 24 if empty, 0 to 744. Later runs begin where the one
    /// before ended, however long ago that is.
    #[schemars(extend("viewClass" = "TextFieldView", "placeholder" = "24"), range(min = 0, max = 744))]
    pub first_run: Option<f64>,
}

/// How rows are emitted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum EmitBehaviour {
    /// Pages of 500 rows
    #[default]
    EmitPage,
    /// One message a row
    EmitIndividually,
}

/// What is new. Which fields are there depends on how it is emitted.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Output {
    /// Rows
    ///
    /// Each has the columns under their own names (`column1`... without a header), and those that
    /// were recognised also as tel, statut, tracker and date. All values are text, as in the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<Vec<Map<String, Value>>>,
    /// Ids of the rows
    ///
    /// One for each row. A row that comes out twice has the same id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ids: Option<Vec<String>>,
    /// Row
    ///
    /// When each row is a message; the message has the row's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<Map<String, Value>>,
}

/// What a run leaves.
#[derive(Debug, Serialize, Deserialize)]
struct Snapshot {
    /// Until when the report was asked for.
    #[serde(with = "snapshot::instant")]
    until: Timestamp,
    /// A hash of the names of its columns; none as long as it had no rows.
    columns: Option<String>,
    seen: Seen,
}

impl Trigger for NewDeliveryReports {
    type Options = Options;
    type Output = Output;

    const META: Meta = Meta {
        name: "newDeliveryReports",
        title: "New rows of the report",
        description: "Gets the rows of the campaign report that came since the last run. Each \
                      comes at least once; one that comes twice has the same id. Whether they name \
                      trackers is unproven.",
        source: "src/triggers/new_delivery_reports.rs",
        deed: "done",
        constants: &[],
        examples: &[],
    };

    fn emits_many(_: &Options) -> bool {
        true
    }

    async fn fire(
        api: &Session,
        options: &Options,
        event: Event<'_>,
        out: &Outlet<'_>,
    ) -> Result<Fired, Error> {
        let was: Option<Snapshot> = snapshot::read(event.snapshot)?;
        let back = hours(options.first_run.unwrap_or(24.0));
        let window = match &was {
            Some(was) => Window::since(was.until, back, event.now),
            None => Window::first(back, event.now),
        };
        if was.as_ref().is_some_and(|it| it.until > event.now) {
            tracing::warn!(
                "the last run was at a time that is still to come: its clock was ahead, or this one \
                 is behind; this run looks back as the first one did, and a day at least, and rows \
                 may come out again, with the same ids"
            );
        }
        let mut seen = was.as_ref().map_or(Seen::Each(Vec::new()), |it| it.seen.clone());
        if seen == Seen::Stored {
            seen = Seen::Each(stored(event.store).await?);
        }
        let table = Arc::new(Table::fetch(api, &window.request()).await?);
        let hasher = Arc::new(api.hasher(Self::META.name)?);
        let surveyed = survey(Arc::clone(&table), window, Arc::clone(&hasher)).await?;
        let Survey { lines, equal, columns, names_trackers } = surveyed;
        let before = was.as_ref().and_then(|it| it.columns.as_ref());
        if !names_trackers && columns.is_some() && columns.as_ref() != before {
            tracing::warn!(
                "this report names no trackers: it proves nothing about single messages"
            );
        }
        let columns = columns.or_else(|| was.as_ref()?.columns.clone());
        if let Some(before) = was.as_ref().and_then(|it| it.columns.as_ref())
            && columns.as_ref() != Some(before)
        {
            tracing::warn!(
                "the columns of the report have changed since the last run: rows of the last \
                 minutes may come out again, under other ids"
            );
        }
        let next = Next {
            from: window.again_from(),
            now: window.to(),
            room: if event.store.is_some() { IN_STORE } else { marks::IN_SNAPSHOT },
        };
        let Sifted { fresh, seen } = sift(&seen, &lines, next);
        drop(lines);
        let new = pages::read(move |pages| read_fresh(&table, &hasher, fresh, equal, pages));
        let each = options.emit_behaviour == EmitBehaviour::EmitIndividually;
        pages::emit(new, each.then_some("row"), "rows", out).await?;
        let mut fired = Fired::default();
        let seen = match seen {
            Seen::Each(them) if them.len() > marks::IN_SNAPSHOT => {
                fired.stored = Some(marks::bytes(&them));
                Seen::Stored
            }
            seen => seen,
        };
        let until = event.now;
        fired.snapshot = Some(snapshot::write(&Snapshot { until, columns, seen })?);
        Ok(fired)
    }
}

fn hours(hours: f64) -> SignedDuration {
    SignedDuration::try_from_secs_f64(hours * 3600.0).unwrap_or(SignedDuration::from_hours(24))
}

/// What the store has of the last run. What it has lost comes out again.
async fn stored(store: Option<&Store>) -> Result<Vec<u64>, Error> {
    let seen = marks::load(store).await?;
    if seen.is_none() {
        tracing::warn!(
            "what the last run has seen is not in the store any more: rows of the last minutes may \
             come out again, with the same ids"
        );
    }
    Ok(seen.unwrap_or_default())
}

/// A report that was read once.
struct Survey {
    lines: Vec<Line>,
    equal: Equal,
    columns: Option<String>,
    /// Whether a column has trackers, by its name.
    names_trackers: bool,
}

/// Reads the whole report before anything of it is emitted: a damaged one shows its damage only at
/// its end.
async fn survey(table: Arc<Table>, window: Window, hasher: Arc<Hasher>) -> Result<Survey, Error> {
    let read = move || {
        let mut reading = table.read()?;
        let mut lines = Vec::new();
        while let Some(row) = reading.next().transpose()? {
            marks::room_for_one_more(lines.len())?;
            let mark = marks::of(id(&hasher, &reading, &row, 0));
            lines.push(Line { minute: window.minute_of(&row), mark });
        }
        let names = hasher.of(reading.columns());
        let columns = crate::component::hex(&names[..8]);
        let columns = Some(columns).filter(|_| !lines.is_empty());
        let equal = Equal::among(&lines);
        tell_apart(&mut lines, equal.clone(), &hasher);
        let names_trackers = reading.columns().any(is_for_trackers);
        Ok(Survey { lines, equal, columns, names_trackers })
    };
    pages::survey(read).await
}

/// Gives each of equal rows a mark of its own.
fn tell_apart(lines: &mut [Line], mut equal: Equal, hasher: &Hasher) {
    for line in lines {
        let before = equal.next(line.mark);
        if before > 0 {
            let texts = [line.mark.to_string(), before.to_string()];
            line.mark = marks::of(ResultId(hasher.of(texts.iter().map(String::as_str))));
        }
    }
}

/// The id of a row that has so many equals before it.
fn id(hasher: &Hasher, reading: &Reading, row: &Map<String, Value>, before: u32) -> ResultId {
    if before == 0 {
        return ResultId(hasher.of(reading.cells(row)));
    }
    let place = (before + 1).to_string();
    ResultId(hasher.of(reading.cells(row).chain([place.as_str()])))
}

/// Reads the report again for the rows that are new.
fn read_fresh(
    table: &Table,
    hasher: &Hasher,
    fresh: Vec<bool>,
    mut equal: Equal,
    pages: &mut Pages<Map<String, Value>>,
) -> Result<(), Error> {
    let mut reading = table.read()?;
    for fresh in fresh {
        let Some(row) = reading.next().transpose()? else {
            return Err(Error::new(
                Kind::Internal,
                "the report ended early when it was read again",
            ));
        };
        let first = id(hasher, &reading, &row, 0);
        let id = match equal.next(marks::of(first)) {
            0 => first,
            before => id(hasher, &reading, &row, before),
        };
        if fresh && !pages.add(id, row) {
            break;
        }
    }
    Ok(())
}
