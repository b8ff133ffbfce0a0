//! The fields of a request, wherever they stand: query, JSON body or form body.
//! Called by the server; read by every operation.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::codes;
use super::reply::Refusal;

/// The places where an operation looks for its fields.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sources {
    /// The query of the URL.
    pub query: bool,
    /// A JSON object as the body.
    pub json: bool,
    /// A form as the body.
    pub form: bool,
}

/// The fields of one request.
#[derive(Debug, Default)]
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    /// Reads the fields. A body is JSON when it begins like it, whatever its
    /// content type: clients of the API send JSON with none, or with that of a
    /// form. A body of a kind that is not among the sources is not looked at.
    pub fn read(sources: Sources, query: Option<&str>, body: &[u8]) -> Result<Self, Refusal> {
        let mut fields = Self::default();
        if let Some(query) = query.filter(|_| sources.query) {
            fields.add_form(query.as_bytes())?;
        }
        let first = body.trim_ascii_start().first();
        let json = matches!(first, Some(b'{' | b'[' | b'"'));
        if json && sources.json {
            fields.add_json(body)?;
        } else if first.is_some() && !json && sources.form {
            fields.add_form(body)?;
        }
        Ok(fields)
    }

    fn add_json(&mut self, body: &[u8]) -> Result<(), Refusal> {
        let object: Map<String, Value> =
            serde_json::from_slice(body).map_err(|_| Refusal::from(codes::UNREADABLE))?;
        if self.0.is_empty() {
            self.0 = object;
        } else {
            self.0.extend(object);
        }
        Ok(())
    }

    /// A name that is repeated, or ends in `[]` as PHP writes it, is an array.
    fn add_form(&mut self, form: &[u8]) -> Result<(), Refusal> {
        let pairs: Vec<(String, String)> =
            serde_urlencoded::from_bytes(form).map_err(|_| Refusal::from(codes::UNREADABLE))?;
        for (name, value) in pairs {
            let (name, array) = match name.strip_suffix("[]") {
                Some(stem) => (stem.to_owned(), true),
                None => (name, false),
            };
            let value = Value::String(value);
            match self.0.get_mut(&name) {
                Some(Value::Array(values)) => values.push(value),
                Some(first) => *first = Value::Array(vec![first.take(), value]),
                None if array => drop(self.0.insert(name, Value::Array(vec![value]))),
                None => drop(self.0.insert(name, value)),
            }
        }
        Ok(())
    }

    /// The account key. Blank is missing; keys that begin with `refused` are
    /// bad ones.
    pub fn key(&self) -> Result<String, Refusal> {
        match self.optional("keyid")? {
            None => Err(codes::NO_KEY.into()),
            Some(key) if key.trim().is_empty() => Err(codes::NO_KEY.into()),
            Some(key) if key.starts_with("refused") => Err(codes::BAD_KEY.into()),
            Some(key) => Ok(key.into_owned()),
        }
    }

    /// A text or a number; `None` when absent, null or empty.
    pub fn optional(&self, name: &'static str) -> Result<Option<Cow<'_, str>>, Refusal> {
        let value = self.0.get(name).map_or(Ok(None), scalar);
        let value = value.map_err(|()| Refusal::about(codes::NOT_ALLOWED, name))?;
        Ok(value.filter(|text| !text.is_empty()))
    }

    /// A text or a number that must be there.
    pub fn required(&self, name: &'static str) -> Result<Cow<'_, str>, Refusal> {
        self.optional(name)?.ok_or_else(|| Refusal::about(codes::MISSING, name))
    }

    /// One of a few values, when there.
    pub fn choice(
        &self,
        name: &'static str,
        allowed: &[&'static str],
    ) -> Result<Option<&'static str>, Refusal> {
        let Some(value) = self.optional(name)? else {
            return Ok(None);
        };
        match allowed.iter().find(|allowed| **allowed == value) {
            Some(found) => Ok(Some(found)),
            None => Err(Refusal::about(codes::NOT_ALLOWED, name)),
        }
    }

    /// One of a few values that must be there.
    pub fn required_choice(
        &self,
        name: &'static str,
        allowed: &[&'static str],
    ) -> Result<&'static str, Refusal> {
        self.choice(name, allowed)?.ok_or_else(|| Refusal::about(codes::MISSING, name))
    }

    /// Texts or numbers; one alone is a list of one. Empty when absent.
    pub fn list(&self, name: &'static str) -> Result<Vec<Cow<'_, str>>, Refusal> {
        let refused = |()| Refusal::about(codes::NOT_ALLOWED, name);
        match self.0.get(name) {
            Some(Value::Array(values)) => values
                .iter()
                .map(|value| Ok(scalar(value).map_err(refused)?.unwrap_or_default()))
                .collect(),
            _ => Ok(self.optional(name)?.into_iter().collect()),
        }
    }

    /// Texts or numbers, at least one.
    pub fn required_list(&self, name: &'static str) -> Result<Vec<Cow<'_, str>>, Refusal> {
        let values = self.list(name)?;
        if values.is_empty() {
            return Err(Refusal::about(codes::MISSING, name));
        }
        Ok(values)
    }
}

/// A text, a number as text, or nothing; arrays, objects and booleans are none.
fn scalar(value: &Value) -> Result<Option<Cow<'_, str>>, ()> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(Cow::Borrowed(text))),
        Value::Number(number) => Ok(Some(Cow::Owned(number.to_string()))),
        _ => Err(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANY: Sources = Sources { query: true, json: true, form: true };

    fn read(body: &str) -> Fields {
        Fields::read(ANY, None, body.as_bytes()).unwrap()
    }

    #[test]
    fn json_and_form_bodies_hold_the_same_fields() {
        for body in [r#"{"num":["06","07"],"smslong":2}"#, "num=06&num=07&smslong=2"] {
            let fields = read(body);
            assert_eq!(fields.list("num").unwrap(), ["06", "07"]);
            assert_eq!(fields.required("smslong").unwrap(), "2");
        }
        assert_eq!(read("num%5B%5D=06").list("num").unwrap(), ["06"]);
        assert_eq!(read("sms=a+%C3%A9").required("sms").unwrap(), "a é");
    }

    #[test]
    fn absent_null_and_empty_are_the_same() {
        let fields = read(r#"{"a":null,"b":""}"#);
        for name in ["a", "b", "c"] {
            assert_eq!(fields.optional(name).unwrap(), None);
            assert_eq!(fields.required(name).unwrap_err().number(), 910);
            assert_eq!(fields.list(name).unwrap().len(), 0);
        }
    }

    #[test]
    fn wrong_types_and_values_are_refused() {
        let fields = read(r#"{"num":["06"],"flag":true,"credit":"3"}"#);
        assert_eq!(fields.required("num").unwrap_err().number(), 911);
        assert_eq!(fields.optional("flag").unwrap_err().number(), 911);
        assert_eq!(fields.choice("credit", &["1", "2"]).unwrap_err().number(), 911);
        let broken = Fields::read(ANY, None, b"{\"keyid\":").unwrap_err();
        assert_eq!(broken.number(), 904);
    }

    #[test]
    fn only_the_sources_are_looked_at() {
        let query_only = Sources { json: false, form: false, ..ANY };
        for body in [r#"{"keyid":"b"}"#, "keyid=b"] {
            let fields = Fields::read(query_only, Some("keyid=a"), body.as_bytes()).unwrap();
            assert_eq!(fields.key().unwrap(), "a");
        }
        let json_only = Sources { query: false, form: false, ..ANY };
        let fields = Fields::read(json_only, Some("keyid=a"), b"keyid=b").unwrap();
        assert_eq!(fields.key().unwrap_err().number(), 901);
    }

    #[test]
    fn keys_are_missing_or_refused() {
        assert_eq!(read(r#"{"keyid":"  "}"#).key().unwrap_err().number(), 901);
        let refused = read(r#"{"keyid":"refused-1"}"#).key().unwrap_err();
        assert_eq!(refused.number(), 902);
        assert_eq!(read(r#"{"keyid":"k"}"#).key().unwrap(), "k");
    }
}
