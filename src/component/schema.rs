//! JSON Schemas of the types that make up a handler, as draft 7 without references.

use schemars::generate::{SchemaGenerator, SchemaSettings};
use schemars::{JsonSchema, Schema};
use serde_json::Value;

fn generator(settings: SchemaSettings) -> SchemaGenerator {
    settings
        .with(|it| {
            it.inline_subschemas = true;
            it.meta_schema = None;
        })
        .into_generator()
}

/// The same schema in plainer words: a choice between constants is an `enum`, and a value that may
/// be left out is just that value, since `null` is taken away before. So a mistake can be told with
/// the values that are allowed.
pub fn plain(mut schema: Value) -> Value {
    make_plain(&mut schema);
    schema
}

fn make_plain(schema: &mut Value) {
    let Value::Object(fields) = schema else { return };
    let arm = fields.get("anyOf").and_then(Value::as_array).and_then(|arms| {
        let mut others = arms.iter().filter(|it| it.get("type") != Some(&Value::from("null")));
        others.next().filter(|_| arms.len() == 2).cloned()
    });
    if let Some(Value::Object(arm)) = arm {
        fields.remove("anyOf");
        for (name, value) in arm {
            fields.entry(name).or_insert(value);
        }
    }
    let constants = fields.get("oneOf").and_then(Value::as_array).and_then(|arms| {
        arms.iter().map(|it| it.get("const").cloned()).collect::<Option<Vec<_>>>()
    });
    if let Some(constants) = constants {
        fields.remove("oneOf");
        if constants.iter().all(Value::is_string) {
            fields.insert("type".to_owned(), "string".into());
        }
        fields.insert("enum".to_owned(), constants.into());
    }
    for name in ["properties", "items"] {
        match fields.get_mut(name) {
            Some(Value::Object(inner)) if name == "properties" => {
                inner.values_mut().for_each(make_plain);
            }
            Some(inner) => make_plain(inner),
            None => {}
        }
    }
}

/// The schema of what a message body may be, before the fields that every body may carry.
pub fn input_schema<T: JsonSchema>() -> Schema {
    generator(SchemaSettings::draft07().for_deserialize()).into_root_schema_for::<T>()
}

/// The schema of a step's fields.
pub fn options_schema<T: JsonSchema>() -> Schema {
    input_schema::<T>()
}

/// The schema of what is emitted.
pub fn output_schema<T: JsonSchema>() -> Schema {
    generator(SchemaSettings::draft07().for_serialize()).into_root_schema_for::<T>()
}
