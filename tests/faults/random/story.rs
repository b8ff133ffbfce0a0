//! What happened to one recipient, from all that was written down.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::book::Book;
use super::verdict::Recipient;
use super::worker::name;
use crate::messages::Shape;

/// How much before and after it is told too, in milliseconds.
const AROUND: i64 = 1000;
/// What a line of a log says of its own accord, and what counts here.
const FIELDS: [&str; 7] =
    ["why", "iteration", "accepted", "refused", "not_sent", "unknown", "error"];
/// How much of an error is told.
const LENGTH: usize = 120;

/// The story of this recipient, of whom something is broken.
pub fn tell(what: &str, tel: &str, recipient: &Recipient, book: &Book, logs: &Path) -> String {
    let mut lines: Vec<(i64, String)> = Vec::new();
    for it in &recipient.given {
        lines.push((it.at, format!("given    {} ({}), tracker {}", it.id, it.why, it.tracker)));
    }
    for it in &recipient.said {
        lines.push((it.at, format!("told     {:?} of {} by {}", it.word, it.id, it.by)));
    }
    for it in &recipient.taken {
        lines.push((it.at, format!("sent     SMS with tracker {}", it.tracker)));
    }
    let ids: Vec<&str> = recipient.given.iter().map(|it| it.id.as_str()).collect();
    lines.extend(logged(logs, &ids));
    let times = || lines.iter().map(|it| it.0);
    let (first, last) = (times().min().unwrap_or_default(), times().max().unwrap_or_default());
    let around = (first - AROUND)..(last + AROUND);
    let other = |it: &str| recipient.given.iter().any(|given| it.starts_with(others(given.shape)));
    let near = book.happened.iter().filter(|it| around.contains(&it.0) && !other(&it.1));
    lines.extend(near.map(|it| (it.0, format!("happened {}", it.1))));
    lines.sort_by_key(|it| it.0);
    let told: Vec<_> = lines.iter().map(|it| format!("{:>9} {}", it.0 - first, it.1)).collect();
    format!("{what}: {tel}, in milliseconds\n{}", told.join("\n"))
}

/// How the names of those begin that have nothing to do with messages of this shape.
fn others(shape: Shape) -> &'static str {
    name(if shape == Shape::Bulk { Shape::Single } else { Shape::Bulk })
}

/// What the workers logged of these messages; of the same from the same process, the first only.
fn logged(logs: &Path, ids: &[&str]) -> Vec<(i64, String)> {
    let mut lines = Vec::new();
    for file in fs::read_dir(logs).unwrap() {
        let file = file.unwrap();
        let process = file.file_name().to_string_lossy().into_owned();
        let log = fs::read_to_string(file.path()).unwrap_or_default();
        let log = log.lines().filter_map(|it| serde_json::from_str::<Value>(it).ok());
        let ours = log.filter(|it| it["messageId"].as_str().is_some_and(|it| ids.contains(&it)));
        let mut ours: Vec<_> = ours.filter_map(|it| line(&process, &it)).collect();
        ours.dedup_by(|one, other| one.1 == other.1);
        lines.extend(ours);
    }
    lines
}

fn line(process: &str, log: &Value) -> Option<(i64, String)> {
    let at = log["time"].as_str()?.parse::<jiff::Timestamp>().ok()?.as_millisecond();
    let fields = FIELDS.iter().filter_map(|it| Some(format!("{it}={}", log.get(it)?)));
    let error = log["err"]["message"].as_str().map(|it| it.chars().take(LENGTH).collect());
    let fields: Vec<String> = fields.chain(error).collect();
    let (id, said) = (log["messageId"].as_str()?, log["msg"].as_str()?);
    Some((at, format!("logged   {said} of {id} by {process}: {}", fields.join(" "))))
}
