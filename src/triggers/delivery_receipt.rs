//! `deliveryReceipt`: passes on what iSendPro calls back with.
//!
//! What a callback carries is not published: GET with `tel` and `statut` has been seen. So all of it
//! goes on, and what is known by its name has that name.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::component::Session;
use crate::component::{Cause, Error, Event, Fired, Meta, NoOptions, Outlet, Trigger};

/// The trigger.
pub struct DeliveryReceipt;

/// What came.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// Number
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tel: Option<String>,
    /// Status
    ///
    /// As iSendPro says it; 0 has been seen for what was delivered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statut: Option<String>,
    /// Tracker
    ///
    /// That of the message, when the callback has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracker: Option<String>,
    /// Method
    ///
    /// GET or POST.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// All that came
    ///
    /// The fields of the query and of the body, as they came. One that is in both is a list of both.
    pub fields: Map<String, Value>,
}

/// The names that have a meaning.
const KNOWN: [&str; 3] = ["tel", "statut", "tracker"];

impl Trigger for DeliveryReceipt {
    type Options = NoOptions;
    type Output = Output;

    const META: Meta = Meta {
        name: "deliveryReceipt",
        title: "Delivery receipt",
        description: "Starts a flow whenever iSendPro calls back. Enter the flow's address as the \
                      one for delivery reports in your iSendPro account.",
        source: "src/triggers/delivery_receipt.rs",
        deed: "done",
        constants: &[],
        examples: &[],
    };

    const CAUSE: Cause = Cause::Webhook;

    async fn fire(
        _: &Session,
        _: &NoOptions,
        event: Event<'_>,
        out: &Outlet<'_>,
    ) -> Result<Fired, Error> {
        let mut fields = fields_of(&event.webhook.query, "query");
        for (name, value) in fields_of(event.body, "body") {
            add(&mut fields, name, value);
        }
        if fields.is_empty() {
            return Err(Error::invalid("query", "and body are empty: the request carries nothing")
                .hint("look at the address for delivery reports in your iSendPro account"));
        }
        let mut output = Map::new();
        for known in KNOWN {
            if let Some(text) = named(&fields, known) {
                output.insert(known.to_owned(), text.into());
            }
        }
        if let Some(method) = &event.webhook.method {
            output.insert("method".to_owned(), method.to_uppercase().into());
        }
        output.insert("fields".to_owned(), fields.into());
        out.emit(output.into()).await?;
        Ok(Fired::default())
    }
}

/// The fields of a query or of a body, whatever form it has. What has no fields is one, of this name.
fn fields_of(part: &Value, name: &str) -> Map<String, Value> {
    match part {
        Value::Null => Map::new(),
        Value::Object(fields) => fields.clone(),
        Value::String(text) if text.trim().is_empty() => Map::new(),
        Value::String(text) => of_text(text.trim()).unwrap_or_else(|| one(name, part)),
        other => one(name, other),
    }
}

fn one(name: &str, value: &Value) -> Map<String, Value> {
    Map::from_iter([(name.to_owned(), value.clone())])
}

/// JSON, or the form of queries.
fn of_text(text: &str) -> Option<Map<String, Value>> {
    if let Ok(Value::Object(fields)) = serde_json::from_str(text) {
        return Some(fields);
    }
    if !text.contains('=') || text.contains(char::is_whitespace) {
        return None;
    }
    let pairs: Vec<(String, String)> =
        serde_urlencoded::from_str(text.trim_start_matches('?')).ok()?;
    let mut fields = Map::new();
    for (name, value) in pairs {
        add(&mut fields, name, json!(value));
    }
    Some(fields)
}

/// Adds a field. One that is there already, with another value, becomes a list.
fn add(fields: &mut Map<String, Value>, name: String, value: Value) {
    match fields.get_mut(&name) {
        None => drop(fields.insert(name, value)),
        Some(same) if *same == value => {}
        Some(Value::Array(list)) => list.push(value),
        Some(one) => *one = json!([one.take(), value]),
    }
}

/// The value of a field, however its name is written, unless it is blank.
fn named(fields: &Map<String, Value>, known: &str) -> Option<String> {
    let (_, value) = fields.iter().find(|(name, _)| name.trim().eq_ignore_ascii_case(known))?;
    let first = value.as_array().and_then(|it| it.first()).unwrap_or(value);
    let text = match first {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    Some(text).filter(|it| !it.is_empty())
}
