//! What a platform is told: the names that flows depend on, files that exist, examples that hold.

use std::collections::BTreeSet;
use std::path::Path;

use isendpro_connector::catalog::COMPONENT;
use serde_json::Value;

use crate::cli::isendpro;

/// The triggers.
const TRIGGERS: [&str; 5] =
    ["deliveryReceipt", "lowCredit", "newDeliveryReports", "newOptOuts", "startFlow"];

/// The actions of the connector that this one replaces. Written by hand: a flow that names one of
/// them must go on working.
const ACTIONS: [&str; 14] = [
    "getCampagne",
    "comptage",
    "getCredit",
    "delListeNoire",
    "getListeNoire",
    "getHlr",
    "repertoireCrea",
    "repertoire",
    "setListeNoire",
    "addShortlink",
    "sendSms",
    "sendSmsMulti",
    "subaccountAdd",
    "subaccountEdit",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn component() -> Value {
    let text = std::fs::read_to_string(root().join("component.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn names(of: &Value) -> BTreeSet<&str> {
    of.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn the_published_names_are_those_that_flows_depend_on() {
    let component = component();
    assert_eq!(names(&component["actions"]), BTreeSet::from(ACTIONS));
    assert_eq!(names(&component["triggers"]), BTreeSet::from(TRIGGERS));
    let mut titles = BTreeSet::new();
    for entry in ["actions", "triggers"].iter().flat_map(|it| component[*it].as_object().unwrap()) {
        let title = entry.1["title"].as_str().unwrap();
        assert!(title.len() > 5 && titles.insert(title.to_owned()), "{}: \"{title}\"", entry.0);
    }
}

#[test]
fn every_file_that_is_published_exists() {
    let component = component();
    for (name, entry) in
        ["actions", "triggers"].iter().flat_map(|it| component[*it].as_object().unwrap())
    {
        let metadata = entry["metadata"].as_object().unwrap();
        for path in std::iter::once(&entry["main"]).chain(metadata.values()) {
            let path = path.as_str().unwrap();
            assert!(root().join(path).is_file(), "{name}: {path}");
        }
        let source = std::fs::read_to_string(root().join(entry["main"].as_str().unwrap())).unwrap();
        assert!(source.contains(&format!("name: \"{name}\"")), "{name} is elsewhere");
        let input = metadata.get("in").map(|it| it.as_str().unwrap());
        let expected = format!("schemas/{name}.in.json");
        assert_eq!(input.unwrap_or(&expected), expected);
    }
}

#[test]
fn every_example_fits_the_schema_that_messages_are_checked_against() {
    for handler in COMPONENT.handlers {
        let name = handler.meta.name;
        let Some(body) = handler.body else {
            assert!(TRIGGERS.contains(&name), "{name}");
            continue;
        };
        let validator = jsonschema::draft7::new(&body()).unwrap();
        assert!(!handler.meta.examples.is_empty(), "{name} has no example");
        for example in handler.meta.examples {
            let message: Value = serde_json::from_str(example.body).unwrap();
            let mistakes: Vec<String> =
                validator.iter_errors(&message).map(|it| it.to_string()).collect();
            // Text for a list, and a number in quotes, are read as what they mean beforehand.
            let plain = ["is not of type \"array\"", "is not of types"];
            let lenient = mistakes.iter().all(|it| plain.iter().any(|plain| it.contains(plain)));
            assert!(lenient, "{name}: {}: {mistakes:?}", example.title);
        }
    }
}

#[test]
fn the_command_line_lists_the_same_names() {
    let listed = isendpro(&["actions"]).run("");
    assert_eq!((listed.code, listed.stderr.as_str()), (0, ""));
    for name in ACTIONS.iter().chain(&TRIGGERS) {
        let line = listed.stdout.lines().find(|it| it.split(' ').next() == Some(name));
        assert!(line.is_some_and(|it| it.len() > 20), "{name}: {line:?}");
    }
    let json = isendpro(&["actions", "--json"]).run("");
    let all: Vec<Value> = serde_json::from_str(&json.stdout).unwrap();
    let listed: BTreeSet<&str> = all.iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!(listed, ACTIONS.into_iter().chain(TRIGGERS).collect());
}
