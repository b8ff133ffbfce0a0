//! Recipients of one message, each read on its own: one that cannot be read is refused alone.

use jsonschema::Validator;
use serde_json::{Map, Value, json};

use super::super::words;
use super::super::{Error, Kind, Meta};
use super::compiled;

/// The list of recipients that are objects.
const OBJECTS: &str = "recipients";

/// Lists with one value a recipient: its number first.
const COLUMNS: &[&str] = &["num", "sms", "tracker"];

/// What is known of one recipient of several beyond its typed fields.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Entry {
    /// The user's own data, as it came.
    pub meta: Option<Value>,
    /// Why this one cannot be read. The others can.
    pub fault: Option<String>,
}

/// Reads the recipients of a message, one by one.
pub struct Entries {
    /// What one that is an object must be; absent where none is.
    object: Option<Validator>,
}

impl Entries {
    /// A reader for bodies with this schema.
    ///
    /// # Errors
    /// When the schema of an entry cannot be compiled.
    pub fn new(body: &Value, meta: &Meta) -> Result<Self, Error> {
        let mut object = body["properties"][OBJECTS]["items"].clone();
        // A name that nobody knows is a slip of whoever made them all.
        if let Some(fields) = object.as_object_mut() {
            fields.shift_remove("additionalProperties");
        }
        let is_there = object.is_object();
        Ok(Self { object: is_there.then(|| compiled(&object, meta)).transpose()? })
    }

    /// Takes out of a body what cannot be read as typed fields: the users' own data, whose numbers
    /// would change their form, and what is wrong with single entries. Where nothing is right, the
    /// whole list is left for the schema to refuse.
    pub fn take(&self, body: &mut Value) -> Vec<Entry> {
        let Value::Object(fields) = body else { return Vec::new() };
        match (&self.object, fields.get_mut(OBJECTS)) {
            (Some(validator), Some(Value::Array(objects))) => taken(validator, objects),
            _ => columns(fields),
        }
    }
}

fn taken(validator: &Validator, objects: &mut [Value]) -> Vec<Entry> {
    let fault =
        |it: &Value| words::check(validator, it, Kind::Invalid, &[]).err().map(|it| it.what);
    let mut faults: Vec<_> = objects.iter().map(fault).collect();
    if faults.iter().all(Option::is_some) {
        faults.fill(None);
    }
    let entry = |(object, fault): (&mut Value, Option<String>)| {
        let meta = object.as_object_mut().and_then(|it| it.shift_remove("meta"));
        if fault.is_some() {
            let number =
                object.as_object_mut().map(|it| it.shift_remove("num").unwrap_or_default());
            let number = shown(&number.unwrap_or_else(|| object.take()));
            *object = json!({ "num": number });
        }
        Entry { meta: meta.filter(|it| !it.is_null()), fault }
    };
    objects.iter_mut().zip(faults).map(entry).collect()
}

fn columns(fields: &mut Map<String, Value>) -> Vec<Entry> {
    let mut entries = Vec::new();
    for name in COLUMNS {
        let Some(Value::Array(values)) = fields.get_mut(*name) else { continue };
        // One text is for all.
        if values.iter().all(|it| !it.is_string()) || *name != "num" && values.len() == 1 {
            continue;
        }
        for (place, value) in values.iter_mut().enumerate().filter(|it| !it.1.is_string()) {
            if !(value.is_null() && *name != "num") {
                entries.resize_with(entries.len().max(place + 1), Entry::default);
                let said = format!("{name}: must be text, found {}", words::found_type(value));
                entries[place].fault.get_or_insert(said);
            }
            *value = if *name == "num" { shown(value) } else { String::new() }.into();
        }
    }
    entries
}

/// What a person sees of what stands for a number.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
