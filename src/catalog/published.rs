//! From the schemas that messages are checked against to the ones that a platform shows.
//!
//! Platforms of the elastic.io family read an old form of JSON Schema: `required: true` on each
//! property, no references, no `null`; and they label a field by its `title`.

use serde_json::{Map, Value, json};

use crate::component::plain;

/// Keywords that mean nothing to a platform.
const DROPPED: &[&str] =
    &["$schema", "format", "x-split", "viewClass", "placeholder", "additionalProperties"];

/// The published form of an object's schema.
pub fn published(schema: Value) -> Value {
    let mut schema = plain(schema);
    if let Value::Object(root) = &mut schema {
        // The name and the documentation of a Rust type are noise to users.
        root.remove("title");
        root.remove("description");
    }
    publish(&mut schema);
    number(&mut schema);
    schema
}

fn publish(schema: &mut Value) {
    let Value::Object(fields) = schema else { return };
    for name in DROPPED {
        fields.remove(*name);
    }
    // A default that says "nothing" only makes a form look filled in.
    if fields.get("default").is_some_and(is_nothing) {
        fields.remove("default");
    }
    if let Some(kind) = fields.get_mut("type")
        && let Some(name) = kind.as_array().and_then(|it| it.iter().find(|it| *it != "null"))
    {
        *kind = name.clone();
    }
    if let Some(items) = fields.get_mut("items") {
        publish(items);
        if let Value::Object(items) = items {
            items.remove("title");
            items.remove("description");
        }
    }
    let required = match fields.remove("required") {
        Some(Value::Array(names)) => names,
        _ => Vec::new(),
    };
    let Some(Value::Object(properties)) = fields.get_mut("properties") else { return };
    for (name, property) in properties.iter_mut() {
        if !property.is_object() {
            *property = json!({});
        }
        label(name, property);
        publish(property);
        if required.iter().any(|it| it == name) {
            property["required"] = json!(true);
        }
    }
}

/// Our own words, which need no translation; all others are the API's.
const OWN: &[&str] = &[
    "accepted",
    "changes",
    "count",
    "duplicate",
    "emitBehaviour",
    "encoding",
    "fields",
    "file",
    "firstRun",
    "from",
    "giveUpAfter",
    "ids",
    "index",
    "kind",
    "last",
    "maxParts",
    "meta",
    "method",
    "mode",
    "notSent",
    "numbers",
    "otherServer",
    "page",
    "period",
    "planned",
    "price",
    "raw",
    "reason",
    "recipients",
    "reference",
    "refused",
    "region",
    "replayed",
    "resend",
    "results",
    "retry",
    "row",
    "rows",
    "sendAt",
    "server",
    "size",
    "snapshot",
    "status",
    "stopLifted",
    "textPolicy",
    "threshold",
    "time",
    "to",
    "unknown",
    "warnings",
    "whenRefused",
    "whenUnknown",
];

/// The first paragraph of the documentation is the title, followed by the API's word if it is one;
/// the rest is the description.
pub fn label(name: &str, property: &mut Value) {
    let Value::Object(fields) = property else { return };
    let Some(Value::String(documentation)) = fields.remove("description") else { return };
    let (title, rest) = documentation.split_once("\n\n").unwrap_or((&documentation, ""));
    let mut labelled = Map::new();
    let title = title.trim();
    let title = if OWN.contains(&name) { title.to_owned() } else { format!("{title} ({name})") };
    labelled.insert("title".to_owned(), title.into());
    if !rest.trim().is_empty() {
        labelled.insert("description".to_owned(), one_line(rest).into());
    }
    labelled.append(fields);
    *fields = labelled;
}

/// Paragraphs in one line each.
pub fn one_line(text: &str) -> String {
    text.split("\n\n")
        .map(|it| it.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The values of a choice, each with its label.
pub fn variants(fields: &Map<String, Value>) -> Option<Vec<(String, String)>> {
    let arms = fields.get("oneOf")?.as_array()?;
    arms.iter()
        .map(|arm| {
            let value = arm.get("const").or_else(|| arm.get("enum")?.get(0))?.as_str()?;
            let label = arm.get("description").and_then(Value::as_str).unwrap_or(value);
            Some((value.to_owned(), label.trim_end_matches('.').to_owned()))
        })
        .collect()
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(set) => !set,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        _ => false,
    }
}

/// Numbers the fields: a form shows the highest first, required ones before the others.
fn number(schema: &mut Value) {
    let Some(Value::Object(properties)) = schema.get_mut("properties") else { return };
    let taken = std::mem::take(properties);
    let (required, optional): (Vec<_>, Vec<_>) =
        taken.into_iter().partition(|(_, it)| it.get("required") == Some(&json!(true)));
    let count = required.len() + optional.len();
    for (place, (name, mut property)) in required.into_iter().chain(optional).enumerate() {
        property["order"] = json!(count - place);
        properties.insert(name, property);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_takes_the_platforms_form() {
        let schema = json!({
            "title": "Input", "type": "object", "required": ["sms"],
            "properties": {
                "zone": {"description": "Zone\n\nOne of\nmany.\n\nOr none.", "type": ["string", "null"], "default": null},
                "sms": {"description": "Text", "type": "string"},
                "edit": {"description": "What to do", "anyOf": [
                    {"oneOf": [{"type": "string", "const": "add", "description": "Add"}, {"type": "string", "const": "del"}]},
                    {"type": "null"}]},
                "people": {"type": "array", "items": {"title": "P", "type": "object", "required": ["num"], "properties": {"num": {"type": "string"}}}},
                "any": true,
            },
        });
        assert_eq!(
            published(schema),
            json!({
                "type": "object",
                "properties": {
                    "sms": {"title": "Text (sms)", "type": "string", "required": true, "order": 5},
                    "zone": {"title": "Zone (zone)", "description": "One of many.\nOr none.", "type": "string", "order": 4},
                    "edit": {"title": "What to do (edit)", "type": "string", "enum": ["add", "del"], "order": 3},
                    "people": {"type": "array", "items": {"type": "object", "properties": {"num": {"type": "string", "required": true}}}, "order": 2},
                    "any": {"order": 1},
                },
            })
        );
    }
}
