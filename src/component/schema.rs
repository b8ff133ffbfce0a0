//! JSON Schemas of the types that make up a handler, as draft 7 without references.

use schemars::generate::{SchemaGenerator, SchemaSettings};
use schemars::{JsonSchema, Schema};

fn generator(settings: SchemaSettings) -> SchemaGenerator {
    settings
        .with(|it| {
            it.inline_subschemas = true;
            it.meta_schema = None;
        })
        .into_generator()
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
