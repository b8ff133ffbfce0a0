//! Messages as they travel between steps.

use std::borrow::Cow;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::Webhook;

/// The keys of a platform's messages.
const PLATFORM_KEYS: &[&str] = &[
    "id",
    "headers",
    "body",
    "attachments",
    "metadata",
    "passthrough",
    "method",
    "url",
    "query",
    "originalUrl",
    "params",
    "pathSuffix",
    "error",
];

/// Stands for something that is not shown.
pub(super) const MASK: &str = "***";

/// How the name of a field ends whose value is never shown. A slip such as `key_id` must not show it
/// either.
const SECRETS: &[&str] = &["key", "keyid", "key_id", "password"];

/// Fields that hold a user's own data, which is shown as it is.
const OWN: &[&str] = &["meta", "passthrough"];

/// One message: a body, and what a platform puts around it.
#[derive(Clone, PartialEq)]
pub struct Message {
    /// The message's id, when it has one.
    pub id: Option<String>,
    /// What the action reads.
    pub body: Value,
    /// Whether an earlier try of it ended in doubt: it may have been sent.
    pub in_doubt: bool,
    /// Whether a broker has delivered it before, to somebody of whom it heard no more.
    pub redelivered: bool,
    /// Whether an earlier delivery has put it back.
    pub put_back: bool,
    /// When it was put back for the first time, if that is known; later times do not change it.
    pub put_back_since: Option<Timestamp>,
    /// What the last run of a trigger left.
    pub snapshot: Value,
    /// The request that it came with, to a webhook.
    pub webhook: Webhook,
    /// Everything else that came around the body, to go out again with each result; absent for a
    /// bare body.
    pub envelope: Option<Map<String, Value>>,
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Message")
            .field("id", &self.id)
            .field("in_doubt", &self.in_doubt)
            .field("redelivered", &self.redelivered)
            .finish_non_exhaustive()
    }
}

impl Message {
    /// Reads a JSON value as a message.
    ///
    /// It is a platform message if it is an object whose `body` is an object and whose other keys
    /// are all a platform's, or the `error` of an earlier try; all else is a bare body.
    pub fn new(value: Value) -> Self {
        match value {
            Value::Object(mut fields) if is_envelope(&fields) => {
                let body = fields.remove("body").unwrap_or_default();
                let error = fields.remove("error").unwrap_or_default();
                let in_doubt = error["kind"] == "unknown";
                let id = fields.get("id").and_then(id);
                let webhook = Webhook::of(&fields);
                Self { id, in_doubt, webhook, ..Self::bare(body, Some(fields)) }
            }
            body => Self::bare(body, None),
        }
    }

    /// One whose body may say what the last run left: a line has no other place for it.
    fn bare(body: Value, envelope: Option<Map<String, Value>>) -> Self {
        let snapshot = body.get("snapshot").cloned().unwrap_or_else(|| Map::new().into());
        let webhook = Webhook::default();
        Self {
            id: None,
            body,
            in_doubt: false,
            redelivered: false,
            put_back: false,
            put_back_since: None,
            snapshot,
            webhook,
            envelope,
        }
    }

    /// Whether its body says to send it although it may have been sent.
    pub fn resend(&self) -> bool {
        let inner = self.body.get(super::input::WRAPPER).and_then(|it| it.get("resend"));
        let mut flag = inner.or_else(|| self.body.get("resend")).cloned().unwrap_or_default();
        super::Shape::Flag.coerce(&mut flag);
        flag == Value::Bool(true)
    }

    /// The message with the error that it met, in a form that can be fed in again.
    pub fn failed(&self, error: Value) -> Value {
        let mut failed = Map::new();
        let of_envelope = self.envelope.as_ref().and_then(|it| it.get("id")).cloned();
        if let Some(id) = of_envelope.or_else(|| self.id.as_deref().map(Value::from)) {
            failed.insert("id".to_owned(), id);
        }
        failed.insert("error".to_owned(), error);
        for (name, value) in self.envelope.iter().flatten() {
            failed.entry(name.clone()).or_insert_with(|| value.clone());
        }
        failed.insert("body".to_owned(), self.body.clone());
        Value::Object(failed)
    }
}

impl Webhook {
    /// The request that a platform's message tells of.
    pub fn of(fields: &Map<String, Value>) -> Self {
        Self {
            method: fields.get("method").and_then(Value::as_str).map(str::to_owned),
            query: fields.get("query").cloned().unwrap_or_default(),
        }
    }
}

/// An id; a number is one as it is written.
fn id(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn is_envelope(fields: &Map<String, Value>) -> bool {
    fields.get("body").is_some_and(Value::is_object)
        && fields.keys().all(|it| PLATFORM_KEYS.contains(&it.as_str()))
}

/// Whether these are a body without a message around it: fields, and none that a platform knows.
pub fn is_bare(fields: &Map<String, Value>) -> bool {
    !fields.is_empty() && !fields.keys().any(|it| PLATFORM_KEYS.contains(&it.as_str()))
}

/// Hides keys and passwords anywhere in a value.
pub fn mask(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            if fields.keys().any(|it| matches!(shown_name(it), Cow::Owned(_))) {
                let named = std::mem::take(fields).into_iter();
                fields.extend(named.map(|(name, value)| (shown_name(&name).into_owned(), value)));
            }
            for (name, value) in fields {
                if OWN.contains(&name.as_str()) {
                    continue;
                }
                if is_secret(name) {
                    *value = Value::from(MASK);
                } else {
                    mask(value);
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(mask),
        _ => {}
    }
}

/// Tells whether there is anything in a value that [`mask`] hides.
pub fn holds_secrets(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.iter().any(|(name, value)| {
            matches!(shown_name(name), Cow::Owned(_))
                || !OWN.contains(&name.as_str()) && (is_secret(name) || holds_secrets(value))
        }),
        Value::Array(values) => values.iter().any(holds_secrets),
        _ => false,
    }
}

/// The field whose value was hidden when its message failed.
pub fn hidden_field(fields: &Map<String, Value>) -> Option<&str> {
    let hidden = |it: &(&String, &Value)| *it.1 == MASK && is_secret(it.0);
    fields.iter().find(hidden).map(|it| it.0.as_str())
}

/// Tells whether a field of this name holds a secret, also where a blank or a colon has slipped in.
fn is_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    let name = name.trim_matches(|it: char| !it.is_alphanumeric());
    SECRETS.iter().any(|it| name.ends_with(it))
}

/// A field's name as it is shown: one that a secret has slipped into, as in `"keyid:..."`, ends before
/// it.
pub fn shown_name(name: &str) -> Cow<'_, str> {
    let slips = |it: char| it.is_whitespace() || matches!(it, ':' | '=' | '"' | '\'' | ',' | ';');
    let Some(place) = name.find(slips) else { return Cow::Borrowed(name) };
    let (before, after) = name.split_at(place);
    if is_secret(before) && after.contains(char::is_alphanumeric) {
        Cow::Owned(format!("{before}{MASK}"))
    } else {
        Cow::Borrowed(name)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_platform_message_is_told_from_a_bare_body() {
        let platform =
            json!({"id": "1", "headers": {}, "body": {"num": "06"}, "passthrough": {"a": 1}});
        let message = Message::new(platform);
        assert_eq!((message.id.as_deref(), &message.body), (Some("1"), &json!({"num": "06"})));
        for bare in [
            json!({"num": "06"}),
            json!({"body": "text"}),
            json!({"body": {}, "num": "06"}),
            json!([1]),
        ] {
            assert_eq!(Message::new(bare.clone()).body, bare);
        }
    }

    #[test]
    fn a_failed_message_is_a_valid_message_again() {
        let message = Message::new(json!({"id": "1", "body": {"num": "06"}, "passthrough": {}}));
        let failed = message.failed(json!({"message": "no"}));
        assert_eq!(Message::new(failed), message);
        let doubtful = Message::new(message.failed(json!({"kind": "unknown"})));
        assert!(doubtful.in_doubt && doubtful.body == message.body);
        let bare = Message::new(json!({"num": "06"}));
        assert_eq!(Message::new(bare.failed(json!({}))).body, bare.body);
    }

    #[test]
    fn secrets_are_masked_at_any_depth() {
        let mut value = json!({"keyid": "k", "a": [{"requestBody": {"KeyId": "k", "subAccountPassword": "p", "num": "06"}}]});
        mask(&mut value);
        assert_eq!(
            value,
            json!({"keyid": "***", "a": [{"requestBody": {"KeyId": "***", "subAccountPassword": "***", "num": "06"}}]})
        );
    }

    #[test]
    fn a_secret_is_hidden_however_its_name_was_written() {
        for name in [
            "keyid",
            "KeyId",
            "keyid ",
            " keyid",
            "\tkeyid:",
            "\"keyid\"",
            "key_id",
            "my-key",
            "subAccountPassword",
            "PASSWORD=",
            "keyid\u{a0}",
        ] {
            let mut value = json!({ name: "k", "num": "06" });
            assert!(holds_secrets(&value), "{name}");
            mask(&mut value);
            assert_eq!(value, json!({ name: "***", "num": "06" }), "{name}");
        }
        for (name, shown) in [
            ("keyid:KEY", "keyid***"),
            ("keyid: KEY", "keyid***"),
            ("keyid=KEY", "keyid***"),
            ("keyid KEY", "keyid***"),
            ("keyid\":\"KEY", "keyid***"),
            ("Key_Id;KEY", "Key_Id***"),
            ("subAccountPassword: p", "subAccountPassword***"),
            ("num: 06", "num: 06"),
            ("keyid:", "keyid:"),
            ("a b", "a b"),
        ] {
            assert_eq!(shown_name(name), shown);
            let mut value = json!([{ name: 1 }]);
            assert_eq!(holds_secrets(&value), shown.contains('*') || name == "keyid:", "{name}");
            mask(&mut value);
            assert!(!value.to_string().contains("KEY"), "{value}");
        }
        assert!(!holds_secrets(&json!({"meta": {"keyid": "k"}, "a": ["key"]})));
    }
}
