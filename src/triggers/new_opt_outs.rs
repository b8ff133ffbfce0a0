//! `newOptOuts`: the numbers that came to the blacklist since the last run.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::pages::{self, Pages};
use super::{marks, snapshot};
use crate::actions::Table;
use crate::component::{Error, Event, Fired, Kind, Meta, Outlet, ResultId, Store, Trigger, hex};
use crate::component::{Hasher, Session};
use crate::isendpro::request::GetListeNoire;
use crate::sms::number;
use crate::sms::region::Region;

/// The trigger.
pub struct NewOptOuts;

/// The step's fields.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Options {
    /// Results
    #[schemars(extend("viewClass" = "SelectView"))]
    pub emit_behaviour: EmitBehaviour,
    /// First run
    #[schemars(extend("viewClass" = "SelectView"))]
    pub first_run: FirstRun,
}

/// How numbers are emitted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum EmitBehaviour {
    /// Pages of 500 numbers
    #[default]
    EmitPage,
    /// One message a number
    EmitIndividually,
}

/// What becomes of the numbers that are on the list from the beginning.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum FirstRun {
    /// Only record them
    #[default]
    Record,
    /// Emit them all
    Emit,
}

/// What is new. Which fields are there depends on how it is emitted.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// Numbers
    ///
    /// In international form, such as 33680010203; what is no number, as it is in the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub numbers: Option<Vec<String>>,
    /// Ids of the numbers
    ///
    /// One for each. A number that comes out twice has the same id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ids: Option<Vec<String>>,
    /// Number
    ///
    /// When each is a message; the message has the number's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tel: Option<String>,
}

/// What a run leaves.
#[derive(Debug, Serialize, Deserialize)]
struct Snapshot {
    /// A hash of the key that the numbers are hashed with.
    key: String,
    /// When it was left. A number that comes back after it has another id than before.
    #[serde(with = "snapshot::instant")]
    at: Timestamp,
    seen: Seen,
}

/// The numbers of the list.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Seen {
    /// Each.
    Each(#[serde(with = "marks::text")] Vec<u64>),
    /// So many, in the store.
    Stored(usize),
}

impl Trigger for NewOptOuts {
    type Options = Options;
    type Output = Output;

    const META: Meta = Meta {
        name: "newOptOuts",
        title: "New numbers on the blacklist",
        description: "Tells the numbers that came to the blacklist since the last run. A number \
                      that left it and came back is new again.",
        source: "src/triggers/new_opt_outs.rs",
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
        let hasher = Arc::new(api.hasher(Self::META.name)?);
        let key = hex(&hasher.of(["key"])[..4]);
        if was.as_ref().is_some_and(|it| it.key != key) {
            return Err(Error::config(
                "keyid",
                "is not the key that the numbers were recorded with",
            )
            .hint("go back to it; or reset the step's snapshot, and the first run records anew"));
        }
        let since = was.as_ref().map(|it| it.at);
        let seen = match was.map(|it| it.seen) {
            None => Vec::new(),
            Some(Seen::Each(seen)) => seen,
            Some(Seen::Stored(count)) => stored(event.store, count).await?,
        };
        let table = Arc::new(Table::fetch(api, &GetListeNoire::default()).await?);
        let listed = listed(Arc::clone(&table), Arc::clone(&hasher)).await?;
        let many = listed.len() > marks::IN_SNAPSHOT;
        if many && event.store.is_none() {
            return Err(too_many(listed.len()));
        }
        if since.is_some() && seen == listed {
            return Ok(Fired::default());
        }
        if since.is_some() || options.first_run == FirstRun::Emit {
            let new = pages::read(move |pages| read_new(&table, &hasher, &seen, since, pages));
            let each = options.emit_behaviour == EmitBehaviour::EmitIndividually;
            pages::emit(new, each.then_some("tel"), "numbers", out).await?;
        }
        let stored = many.then(|| marks::bytes(&listed));
        let seen = if many { Seen::Stored(listed.len()) } else { Seen::Each(listed) };
        let snapshot = Some(snapshot::write(&Snapshot { key, at: event.now, seen })?);
        Ok(Fired { snapshot, stored })
    }
}

fn too_many(count: usize) -> Error {
    let most = marks::IN_SNAPSHOT;
    let said =
        format!("the blacklist has {count} numbers; without a store, {most} can be followed");
    Error::new(Kind::Config, said)
        .hint("set ISENDPRO_JOURNAL for the step, or use isendpro poll, which follows any number")
}

/// The numbers of the last run.
async fn stored(store: Option<&Store>, count: usize) -> Result<Vec<u64>, Error> {
    marks::load(store).await?.ok_or_else(|| {
        let said = format!("the {count} numbers of the last run are not in the store any more");
        Error::config("snapshot", said).hint(
            "see that ISENDPRO_JOURNAL is what it was; or reset the step's snapshot, and the first \
             run records anew",
        )
    })
}

/// The marks of all numbers, in order, each once. The list is read to its end before anything of it
/// is emitted: a damaged one shows its damage only there.
async fn listed(table: Arc<Table>, hasher: Arc<Hasher>) -> Result<Vec<u64>, Error> {
    let read = move || {
        let mut listed = Vec::new();
        for row in table.read()? {
            marks::room_for_one_more(listed.len())?;
            listed.extend(tel(&row?).map(|it| mark(&hasher, &it)));
        }
        listed.sort_unstable();
        listed.dedup();
        Ok(listed)
    };
    pages::survey(read).await
}

fn mark(hasher: &Hasher, tel: &str) -> u64 {
    marks::of(ResultId(hasher.of([tel])))
}

/// The number of a row: that of the column for numbers, or the first cell that is not blank.
fn tel(row: &Map<String, Value>) -> Option<String> {
    let named = row.get("tel").into_iter().chain(row.values());
    let cell = named.filter_map(Value::as_str).map(str::trim).find(|it| !it.is_empty())?;
    Some(number::read(cell, Region::FR).map_or_else(|_| cell.to_owned(), |it| it.tel))
}

/// Reads the list again for the numbers that are new.
fn read_new(
    table: &Table,
    hasher: &Hasher,
    seen: &[u64],
    since: Option<Timestamp>,
    pages: &mut Pages<String>,
) -> Result<(), Error> {
    let since = since.map_or_else(String::new, |it| it.to_string());
    let mut new = HashSet::new();
    for row in table.read()? {
        let Some(tel) = tel(&row?) else { continue };
        let mark = mark(hasher, &tel);
        if seen.binary_search(&mark).is_err() && new.insert(mark) {
            let id = ResultId(hasher.of([tel.as_str(), &since]));
            if !pages.add(id, tel) {
                break;
            }
        }
    }
    Ok(())
}
