//! Dashboard, alerts and documentation speak of metrics, labels and values that there are.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use isendpro_connector::catalog::COMPONENT;
use isendpro_connector::component::{Error, Kind as ErrorKind, Problem, Reason, Tally, metrics};
use isendpro_connector::isendpro::Operation;
use isendpro_connector::runtime::Obstacle;
use isendpro_connector::runtime::step::PublicationKind as Kind;
use regex::Regex;

/// The values of each label of each metric.
type Known = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

const REASONS: [Reason; 12] = [
    Reason::Blacklisted,
    Reason::NotAllocated,
    Reason::Landline,
    Reason::ShortNumber,
    Reason::BadNumber,
    Reason::BadCharacters,
    Reason::TooLong,
    Reason::Night,
    Reason::TooLate,
    Reason::Account,
    Reason::Unavailable,
    Reason::Other,
];

/// What Prometheus adds to each series.
const ADDED: [&str; 3] = ["job", "instance", "le"];

static SERIES: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b(isendpro_[a-z_]+)(?:\{([^}]*)\})?").unwrap());
static LABEL: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"([a-z]+)\s*(?:=~|!=|!~|=)\s*"([^"]*)""#).unwrap());
static GROUPING: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b(?:by|on|without|ignoring) \(([^)]*)\)").unwrap());

fn file(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// All that can be counted, counted once.
fn all() -> String {
    let metrics = metrics::watch();
    for handler in COMPONENT.handlers {
        let action = handler.meta.name;
        metrics.begin(action);
        for reason in REASONS {
            let error = Error::from_problem(ErrorKind::Refused, &Problem::new(reason, "no"));
            metrics.ended(action, &Tally::default(), Some(&error));
        }
    }
    for operation in Operation::ALL {
        for outcome in ["answered", "refused", "notSent", "unknown"] {
            metrics.called(operation.name(), outcome, Duration::ZERO);
        }
    }
    for kind in [Kind::Data, Kind::Error, Kind::Reply, Kind::Snapshot, Kind::Rebound] {
        metrics.published(kind.as_str(), Duration::ZERO);
    }
    for obstacle in Obstacle::ALL {
        metrics.obstacle(obstacle.as_str(), false);
    }
    for store in ["file", "redis"] {
        metrics.committed(store, Duration::ZERO);
    }
    for purpose in ["read", "write"] {
        metrics.connected(purpose);
    }
    metrics.credit(Some(1.0), Some(20.0), 0);
    metrics.put_back();
    metrics.text()
}

/// The series of a text: names with `{...}`, or without.
fn series(text: &str) -> Vec<(String, Vec<(String, String)>)> {
    let labels = |inside: &str| {
        let found = LABEL.captures_iter(inside).map(|it| (it[1].to_owned(), it[2].to_owned()));
        found.collect()
    };
    let found = SERIES.captures_iter(text);
    found.map(|it| (it[1].to_owned(), labels(it.get(2).map_or("", |it| it.as_str())))).collect()
}

fn known() -> Known {
    let mut known = Known::new();
    for line in all().lines().filter(|it| !it.starts_with('#')) {
        for (name, labels) in series(line) {
            let values = known.entry(name).or_default();
            for (label, value) in labels {
                values.entry(label).or_default().insert(value);
            }
        }
    }
    known
}

/// What a text names that is not there.
fn strangers(text: &str, known: &Known) -> Vec<String> {
    let mut strangers = Vec::new();
    for (name, labels) in series(text) {
        let Some(its) = known.get(&name) else {
            strangers.push(name);
            continue;
        };
        for (label, values) in labels.iter().filter(|it| !ADDED.contains(&it.0.as_str())) {
            for value in values.split('|').filter(|it| !it.contains(['$', '*', '+'])) {
                if its.get(label).is_none_or(|it| !it.contains(value)) {
                    strangers.push(format!("{name}{{{label}=\"{value}\"}}"));
                }
            }
        }
    }
    strangers
}

/// The labels that an expression groups by although none of its metrics has them.
fn strange_groupings(expression: &str, known: &Known) -> Vec<String> {
    let there = series(expression).into_iter().filter_map(|it| known.get(&it.0));
    let there: BTreeSet<&str> =
        there.flat_map(BTreeMap::keys).map(String::as_str).chain(ADDED).collect();
    let named = GROUPING.captures_iter(expression).map(|it| it[1].to_owned()).collect::<Vec<_>>();
    let labels = named.iter().flat_map(|it| it.split(',')).map(str::trim);
    labels.filter(|it| !it.is_empty() && !there.contains(it)).map(str::to_owned).collect()
}

/// The dashboard's queries, as they are before they are JSON.
fn queries() -> String {
    fn gather(value: &serde_json::Value, texts: &mut String) {
        match value {
            serde_json::Value::String(text) => *texts += &format!("{text}\n"),
            serde_json::Value::Array(list) => list.iter().for_each(|it| gather(it, texts)),
            serde_json::Value::Object(fields) => fields.values().for_each(|it| gather(it, texts)),
            _ => {}
        }
    }
    let mut texts = String::new();
    let dashboard = file("deploy/monitoring/dashboard.json");
    gather(&serde_json::from_str(&dashboard).unwrap(), &mut texts);
    texts
}

#[test]
fn dashboard_and_alerts_name_only_what_there_is() {
    let known = known();
    // With what ends one expression in each.
    let texts = [
        ("dashboard.json", queries(), "\n"),
        ("alerts.yaml", file("deploy/monitoring/alerts.yaml"), "- alert:"),
        ("alerts.test.yaml", file("deploy/monitoring/alerts.test.yaml"), "\n"),
        ("README.md", file("deploy/monitoring/README.md"), "\n"),
    ];
    for (name, text, end) in texts {
        assert_eq!(strangers(&text, &known), [""; 0], "{name}");
        for expression in text.split(end) {
            assert_eq!(strange_groupings(expression, &known), [""; 0], "{name}: {expression}");
        }
    }
    assert!(series(&queries()).len() > 20, "too few queries were found to mean anything");
}

#[test]
fn the_documentation_lists_each_metric_with_its_labels() {
    let text = file("docs/operations.md");
    let row = Regex::new(r"(?m)^\| (`isendpro_[^|]*)\|([^|]*)\|").unwrap();
    let quoted = Regex::new("`([^`]*)`").unwrap();
    let words = |text: &str| -> BTreeSet<String> {
        quoted.captures_iter(text).map(|it| it[1].to_owned()).collect()
    };
    let mut listed = BTreeMap::new();
    for found in row.captures_iter(&text) {
        for name in words(&found[1]) {
            listed.insert(name, words(&found[2]));
        }
    }
    let mut there = BTreeMap::new();
    for (name, labels) in known() {
        let name = ["_bucket", "_sum", "_count"]
            .iter()
            .find_map(|it| name.strip_suffix(it))
            .unwrap_or(&name)
            .to_owned();
        let labels = labels.into_keys().filter(|it| it != "le").collect();
        there.insert(name, labels);
    }
    assert_eq!(listed, there);
}

#[test]
fn what_is_not_there_is_seen() {
    let known = known();
    let text = r#"isendpro_messages_total{action="sendSms",outcome=~"done|donne",job="x"}
        isendpro_sent_total isendpro_obstacle{who="account"} isendpro_parts_total{action=~"$a"}"#;
    let expected = [
        r#"isendpro_messages_total{outcome="donne"}"#,
        "isendpro_sent_total",
        r#"isendpro_obstacle{who="account"}"#,
    ];
    assert_eq!(strangers(text, &known), expected);
    let text = "sum by (job, what, action) (isendpro_obstacle)";
    assert_eq!(strange_groupings(text, &known), ["action"]);
}
