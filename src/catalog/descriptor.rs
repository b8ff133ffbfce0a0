//! What a platform is told of the component: `component.json` and a schema for each message.

use serde_json::{Map, Value, json};

use super::published::published;
use super::{COMPONENT, PROCESS, SETTINGS, fields};
use crate::component::{Cause, Handler, Role};

/// A generated file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Where it goes, from the root of the repository.
    pub path: String,
    /// What it holds.
    pub text: String,
}

/// All generated files. The same every time, to the byte.
pub fn files() -> Vec<File> {
    let mut files = vec![File { path: "component.json".to_owned(), text: pretty(&component()) }];
    for handler in COMPONENT.handlers {
        if let Some(input) = input(handler) {
            files.push(File { path: schema_path(handler, "in"), text: pretty(&input) });
        }
        files.push(File { path: schema_path(handler, "out"), text: pretty(&output(handler)) });
    }
    files
}

/// What there is to know of one action or trigger.
pub fn describe(handler: &Handler) -> Value {
    let mut described = entry(handler);
    described["name"] = handler.meta.name.into();
    described["metadata"] = json!({ "out": output(handler) });
    if let Some(input) = input(handler) {
        described["metadata"]["in"] = input;
    }
    described["examples"] = handler
        .meta
        .examples
        .iter()
        .map(|it| json!({"title": it.title, "body": serde_json::from_str::<Value>(it.body).unwrap_or_default()}))
        .collect();
    described
}

/// The credential's fields.
pub fn credential() -> Value {
    fields::credential()
}

/// A step's fields.
pub fn step_fields(handler: &Handler) -> Value {
    fields::fields((handler.options)().to_value())
}

fn component() -> Value {
    let of = |triggers: bool| -> Value {
        COMPONENT
            .handlers
            .iter()
            .filter(|it| matches!(it.role, Role::Trigger(_)) == triggers)
            .enumerate()
            .map(|(place, it)| {
                let mut entry = entry(it);
                entry["order"] = json!(COMPONENT.handlers.len() - place);
                (it.meta.name.to_owned(), entry)
            })
            .collect::<Map<_, _>>()
            .into()
    };
    let settings = SETTINGS.iter().filter(|it| it.name != "keyid").map(|it| (it.env, it.help));
    let variables = settings
        .chain(PROCESS.iter().copied())
        .map(|(name, help)| (name.to_owned(), json!({"required": false, "description": help})));
    json!({
        "title": COMPONENT.name,
        "description": "Sends SMS through iSendPro, and reads credit, reports and blacklist. Says what became of each recipient, and never repeats a send that may have happened.",
        "version": env!("CARGO_PKG_VERSION"),
        "buildType": "docker",
        "envVars": variables.collect::<Map<_, _>>(),
        "credentials": { "fields": fields::credential() },
        "triggers": of(true),
        "actions": of(false),
    })
}

fn entry(handler: &Handler) -> Value {
    let meta = &handler.meta;
    let mut entry = json!({
        "title": meta.title,
        "description": meta.description,
        "help": { "description": meta.description },
        "main": meta.source,
    });
    match handler.role {
        Role::Action => {}
        Role::Trigger(Cause::Polling) => entry["type"] = "polling".into(),
        Role::Trigger(Cause::Webhook) => entry["type"] = "webhook".into(),
    }
    let fields = step_fields(handler);
    if fields.as_object().is_some_and(|it| !it.is_empty()) {
        entry["fields"] = fields;
    }
    let mut metadata = Map::new();
    if handler.input.is_some() {
        metadata.insert("in".to_owned(), schema_path(handler, "in").into());
    }
    metadata.insert("out".to_owned(), schema_path(handler, "out").into());
    entry["metadata"] = metadata.into();
    entry
}

fn input(handler: &Handler) -> Option<Value> {
    let mut schema = handler.body.map(|it| it())?;
    if let Some(properties) = schema["properties"].as_object_mut() {
        // Filled in by the connector, and only tolerated in a message.
        properties
            .retain(|name, _| handler.meta.constants.iter().all(|(constant, _)| constant != name));
        // Tolerated too: a key belongs into a credential.
        properties.shift_remove("keyid");
    }
    Some(published(schema))
}

fn output(handler: &Handler) -> Value {
    published((handler.output)())
}

fn schema_path(handler: &Handler, direction: &str) -> String {
    format!("schemas/{}.{direction}.json", handler.meta.name)
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_step_asks_more_than_seven_things() {
        for handler in COMPONENT.handlers {
            let fields = step_fields(handler);
            let count = fields.as_object().map_or(0, Map::len);
            assert!(count <= 7, "{} has {count} fields", handler.meta.name);
            for (name, field) in fields.as_object().into_iter().flatten() {
                assert!(
                    field["help"]["description"].is_string() || field["model"].is_object(),
                    "{name} has no help"
                );
            }
        }
    }

    #[test]
    fn every_published_field_has_a_title_and_a_plain_type() {
        for file in files().iter().filter(|it| it.path.starts_with("schemas/")) {
            let schema: Value = serde_json::from_str(&file.text).unwrap();
            for (name, field) in schema["properties"].as_object().unwrap() {
                assert!(field["title"].is_string(), "{}: {name} has no title", file.path);
                assert!(
                    field["type"].is_string()
                        || ["meta", "raw", "retry", "snapshot"].contains(&name.as_str()),
                    "{}: {name}",
                    file.path
                );
            }
            for unwanted in ["$ref", "anyOf", "oneOf", "\"null\"", "x-split", "keyid"] {
                assert!(!file.text.contains(unwanted), "{} holds {unwanted}", file.path);
            }
        }
    }
}
