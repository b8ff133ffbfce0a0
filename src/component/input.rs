//! From a message body to an action's input: lenient about how, strict about what.

mod entries;

use jsonschema::Validator;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use self::entries::Entries;
pub use self::entries::Entry;
use super::message::hidden_field;
use super::schema::plain;
use super::words;
use super::{Error, Kind, Meta, Shape, input_schema};

/// The field under which the flowground connector nested its bodies.
pub(super) const WRAPPER: &str = "requestBody";

/// Fields that every body may carry.
#[derive(Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Common {
    /// Key of another account
    ///
    /// Used for this message instead of the credential's. Prefer a credential: a key in a message
    /// is stored with it wherever the platform keeps messages.
    pub keyid: Option<String>,
    /// Your own data
    ///
    /// Any value; it comes back untouched with the result.
    pub meta: Option<Value>,
    /// Your own reference
    ///
    /// Your id of this message. It comes back with the result.
    pub reference: Option<String>,
    /// Send it all the same
    ///
    /// For a message that may have been sent: send it (again), once.
    pub resend: bool,
    /// Return the raw answer
    ///
    /// Also return iSendPro's answer as it came, under `raw`.
    pub raw: bool,
    /// What is known of each recipient of several.
    #[serde(skip)]
    pub entries: Vec<Entry>,
}

impl std::fmt::Debug for Common {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Common")
            .field("keyid", &self.keyid.as_ref().map(|_| "..."))
            .field("resend", &self.resend)
            .field("raw", &self.raw)
            .finish_non_exhaustive()
    }
}

/// Reads bodies of one action: made once, used for every message.
pub struct Reader {
    entries: Option<Entries>,
    shape: Shape,
    validator: Validator,
    common: Vec<String>,
    known: Vec<String>,
    constants: &'static [(&'static str, &'static str)],
}

impl Reader {
    /// A reader of the bodies that `T` describes.
    ///
    /// # Errors
    /// When the schema cannot be compiled, which a test of every action rules out.
    pub fn new<T: JsonSchema>(meta: &Meta) -> Result<Self, Error> {
        let schema = body_schema::<T>(meta);
        let validator = compiled(&schema, meta)?;
        let names = |schema: &Value| -> Vec<String> {
            schema["properties"].as_object().into_iter().flat_map(Map::keys).cloned().collect()
        };
        let common = names(&input_schema::<Common>().to_value());
        Ok(Self {
            entries: None,
            shape: Shape::of(&schema),
            validator,
            common,
            known: names(&schema),
            constants: meta.constants,
        })
    }

    /// Lets one bad entry of its lists be told alone.
    ///
    /// # Errors
    /// When the schema of an entry cannot be compiled.
    pub fn entry_by_entry<T: JsonSchema>(self, meta: &Meta) -> Result<Self, Error> {
        let entries = Some(Entries::new(&body_schema::<T>(meta), meta)?);
        Ok(Self { entries, ..self })
    }

    /// Reads one body.
    ///
    /// # Errors
    /// Names every mistake at once, each with its place.
    pub fn read<T: DeserializeOwned>(&self, body: Value) -> Result<(Common, T), Error> {
        let mut body = unwrap(body);
        if !body.is_object() {
            return Err(Error::new(Kind::Invalid, "a message must be a JSON object")
                .hint("for example {\"num\":\"0612345678\",\"sms\":\"Bonjour\"}"));
        }
        if let Some(field) = body.as_object().and_then(hidden_field) {
            let said = "was taken out of this message when it failed; put it in again";
            return Err(Error::invalid(field, said));
        }
        self.shape.coerce(&mut body);
        let entries = self.entries.as_ref().map(|it| it.take(&mut body)).unwrap_or_default();
        words::check(&self.validator, &body, Kind::Invalid, &self.known)?;
        let Value::Object(mut fields) = body else {
            return Err(Error::new(Kind::Internal, "an object is no longer one"));
        };
        for (name, _) in self.constants {
            fields.remove(*name);
        }
        let common = Common { entries, ..self.take_common(&mut fields)? };
        Ok((common, from_value(Value::Object(fields))?))
    }

    fn take_common(&self, fields: &mut Map<String, Value>) -> Result<Common, Error> {
        let mut common = Map::new();
        for name in &self.common {
            if let Some(value) = fields.remove(name) {
                common.insert(name.clone(), value);
            }
        }
        if common.is_empty() {
            return Ok(Common::default());
        }
        // Past serde, which has forms of its own for numbers.
        let meta = common.remove("meta").filter(|it| !it.is_null());
        Ok(Common { meta, ..from_value(Value::Object(common))? })
    }
}

fn compiled(schema: &Value, meta: &Meta) -> Result<Validator, Error> {
    jsonschema::draft7::new(schema)
        .map_err(|it| Error::new(Kind::Internal, format!("schema of {}: {it}", meta.name)))
}

/// The schema of a whole body: the action's own fields, those that every body may carry, and the
/// API's constants; nothing else.
pub fn body_schema<T: JsonSchema>(meta: &Meta) -> Value {
    let mut schema = plain(input_schema::<T>().to_value());
    let mut common = input_schema::<Common>().to_value();
    let mut extra = common["properties"].as_object_mut().map(std::mem::take).unwrap_or_default();
    for (name, value) in meta.constants {
        extra.insert((*name).to_owned(), json!({"type": "string", "enum": [value]}));
    }
    if schema.get("properties").is_none() {
        schema["properties"] = json!({});
    }
    if let Some(properties) = schema["properties"].as_object_mut() {
        for (name, value) in extra {
            properties.entry(name).or_insert(value);
        }
    }
    close(&mut schema);
    schema
}

/// Allows no other fields than those that are named, in the objects within as well: a slip in one
/// would otherwise change what is sent without a word.
fn close(schema: &mut Value) {
    let Some(fields) = schema.as_object_mut() else { return };
    if let Some(Value::Object(properties)) = fields.get_mut("properties") {
        properties.values_mut().for_each(close);
        fields.insert("additionalProperties".to_owned(), false.into());
    }
    if let Some(items) = fields.get_mut("items") {
        close(items);
    }
}

fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, Error> {
    serde_path_to_error::deserialize(value).map_err(|it| {
        let path = it.path().to_string();
        Error::invalid(path, it.into_inner())
    })
}

/// The body that the old connector nested one level deeper; what stands beside it counts too, unless
/// the nested body says otherwise.
fn unwrap(mut body: Value) -> Value {
    let Value::Object(fields) = &mut body else { return body };
    match fields.shift_remove(WRAPPER) {
        Some(Value::Object(inner)) => {
            fields.extend(inner);
        }
        Some(other) => {
            fields.insert(WRAPPER.to_owned(), other);
        }
        None => {}
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::action::Meta;

    #[derive(Debug, PartialEq, Deserialize, JsonSchema)]
    struct Input {
        num: String,
        #[serde(default)]
        smslong: Option<u32>,
    }

    fn reader() -> Reader {
        let meta = Meta {
            name: "test",
            title: "",
            description: "",
            source: "",
            deed: "sent",
            constants: &[("getHLR", "1")],
            examples: &[],
        };
        Reader::new::<Input>(&meta).unwrap()
    }

    #[test]
    fn common_fields_and_constants_go_with_every_body() {
        let body = json!({"requestBody": {"num": 336, "getHLR": 1, "meta": {"a": null}, "raw": "1"}, "reference": 7, "keyid": "k"});
        let (common, input): (_, Input) = reader().read(body).unwrap();
        assert_eq!(input, Input { num: "336".into(), smslong: None });
        assert_eq!(common.meta, Some(json!({"a": null})));
        assert_eq!(
            (common.reference.as_deref(), common.raw, common.keyid.as_deref()),
            (Some("7"), true, Some("k"))
        );
    }

    #[test]
    fn mistakes_are_all_named() {
        let error = reader().read::<Input>(json!({"getHLR": "2", "numm": 1})).unwrap_err();
        for part in
            ["num: is missing or empty", "getHLR: must be one of 1", "did you mean \"num\"?"]
        {
            assert!(error.what.contains(part), "{error}");
        }
        assert!(reader().read::<Input>(json!([1])).unwrap_err().what.contains("JSON object"));
    }

    #[test]
    fn a_secret_that_was_taken_out_is_missed_and_not_taken_for_one() {
        for body in [
            json!({"num": "06", "keyid": "***"}),
            json!({"num": "06", "KeyId": "***"}),
            json!({"num": "06", "keyid ": "***"}),
            json!({"requestBody": {"num": "06"}, "keyid": "***"}),
            json!({"num": "06", "subAccountPassword": "***"}),
        ] {
            let error = reader().read::<Input>(body).unwrap_err();
            assert!(error.what.contains("was taken out of this message"), "{error}");
        }
        for body in [json!({"num": "***"}), json!({"num": "06", "keyid": "****"})] {
            assert!(reader().read::<Input>(body).is_ok());
        }
    }
}
