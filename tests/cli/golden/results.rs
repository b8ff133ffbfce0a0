//! Results: each line of `tests/resources/golden/results-*.ndjson` is a case, with all that came out. A
//! new case is a line with `case`, `action`, `args` and `input`; `UPDATE_GOLDEN` adds the rest.

use jiff::civil::{Date, date};
use jiff::{ToSpan as _, Zoned};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::file::{Mask, hold, read};
use super::transcript::sent;
use crate::cli::{Finished, Simulator, isendpro};

/// A run over some lines.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    #[serde(rename = "case")]
    name: String,
    #[serde(default = "run")]
    command: String,
    action: String,
    #[serde(default)]
    args: Vec<String>,
    /// The account's key.
    #[serde(default = "main")]
    key: String,
    /// What was done before: actions and messages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    before: Vec<(String, Box<RawValue>)>,
    /// Messages, or lines as a text.
    input: Vec<Box<RawValue>>,
    #[serde(default = "null")]
    came: Box<RawValue>,
}

/// All that came out of it.
#[derive(Serialize)]
struct Came {
    exit: i32,
    output: Vec<Box<RawValue>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stderr: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    counts: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failed: Vec<Box<RawValue>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sent: Vec<serde_json::Value>,
}

fn run() -> String {
    "run".to_owned()
}

fn main() -> String {
    "main".to_owned()
}

fn null() -> Box<RawValue> {
    RawValue::NULL.to_owned()
}

fn raw(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).unwrap_or_else(|it| panic!("{it}: {json}"))
}

/// A day in winter that is still to come, and less than a year away.
fn day() -> Date {
    let today = Zoned::now().date();
    let years = [today.year(), today.year() + 1];
    let days = years.into_iter().flat_map(|it| [date(it, 1, 12), date(it, 1, 20)]);
    days.into_iter().find(|it| *it > today.tomorrow().unwrap()).unwrap()
}

impl Case {
    /// Plays it on this simulator; on one of its own if something was done before.
    fn play(&self, simulator: &Simulator) -> Came {
        let own = (!self.before.is_empty()).then(|| Simulator::start(&[]));
        let (simulator, folder) = (own.as_ref().unwrap_or(simulator), tempfile::tempdir().unwrap());
        for (action, body) in &self.before {
            let before = simulator.run(action, &self.key, &[]).run(body.get());
            assert_eq!(before.code, 0, "{}: {before:?}", self.name);
        }
        simulator.ask("DELETE", "sent", "");
        let mask = Self::mask(simulator, &folder);
        let counts = folder.path().join("counts");
        let failed = folder.path().join("failed");
        let finished = self.run(simulator, &mask, counts.to_str().unwrap());
        let lines = |text: &str| text.lines().map(|it| raw(&mask.mask(it))).collect();
        let file = |path| std::fs::read_to_string(path).ok();
        let sent = sent(simulator)
            .iter()
            .map(|it| serde_json::from_str(&mask.mask(&it.to_string())).unwrap())
            .collect();
        Came {
            exit: finished.code,
            output: lines(&finished.stdout),
            stderr: finished.stderr.lines().map(|it| mask.mask(it)).collect(),
            counts: file(counts).map(|it| raw(mask.mask(it.trim()).as_str())),
            failed: lines(&file(failed).unwrap_or_default()),
            sent,
        }
    }

    fn mask(simulator: &Simulator, folder: &tempfile::TempDir) -> Mask {
        let mut mask = Mask::new();
        mask.place("{folder}", folder.path().display().to_string());
        mask.place("{server}", &simulator.url);
        mask.place("{day}", day().to_string());
        mask.place("{the day after}", day().saturating_add(1.day()).to_string());
        mask
    }

    fn run(&self, simulator: &Simulator, mask: &Mask, counts: &str) -> Finished {
        let cli = isendpro(&[&self.command, &self.action, "--summary", counts]);
        let args: Vec<_> = self.args.iter().map(|it| mask.fill(it)).collect();
        let args: Vec<_> = args.iter().map(String::as_str).collect();
        let has_server = args.contains(&"--server");
        let cli = if has_server { cli } else { cli.args(&["--server", &simulator.url]) };
        let line =
            |it: &RawValue| serde_json::from_str(it.get()).unwrap_or_else(|_| it.get().to_owned());
        let input: String = self.input.iter().map(|it| mask.fill(&line(it)) + "\n").collect();
        cli.args(&args).key(&self.key).env("ISENDPRO_CONCURRENCY", "1").env("TZ", "UTC").run(input)
    }
}

/// Plays all cases of a file.
fn hold_all(name: &str) {
    let (simulator, mut now) = (Simulator::start(&[]), String::new());
    for line in read(name).lines() {
        let mut case: Case = serde_json::from_str(line).unwrap_or_else(|it| panic!("{it}: {line}"));
        case.came = raw(&serde_json::to_string(&case.play(&simulator)).unwrap());
        now += &serde_json::to_string(&case).unwrap();
        now.push('\n');
    }
    hold(name, &now);
}

#[test]
fn of_single_messages() {
    hold_all("results-single.ndjson");
}

#[test]
fn of_bulk_messages() {
    hold_all("results-bulk.ndjson");
}

#[test]
fn of_other_actions() {
    hold_all("results-others.ndjson");
}
