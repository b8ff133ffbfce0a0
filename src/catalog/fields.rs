//! A step's fields, from the type of its options.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::published::{label, one_line, variants};
use crate::component::options_schema;

/// The credential. Only its schema is used: the session reads the values leniently.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "only its schema is used")]
struct Credential {
    /// Key
    ///
    /// The key of your account, from Mon compte > Mon API. There too: enter the addresses that may
    /// call, or switch that check off; it is on by default.
    #[schemars(extend("viewClass" = "PasswordFieldView"))]
    keyid: String,
    /// Server
    ///
    /// iSendPro, unless you run a server of your own.
    #[schemars(extend("viewClass" = "SelectView"))]
    #[serde(default)]
    server: Server,
    /// Address of your own server
    ///
    /// With "Custom" above, for example `https://host/cgi-bin`.
    #[schemars(extend("viewClass" = "TextFieldView", "placeholder" = "https://apirest.isendpro.com/cgi-bin"))]
    other_server: Option<String>,
    /// Default sender
    ///
    /// What recipients see when a message names no sender: 4 to 11 letters, digits or blanks.
    #[schemars(extend("viewClass" = "TextFieldView"))]
    emetteur: Option<String>,
    /// STOP mention lifted
    ///
    /// Tick this once iSendPro has lifted the STOP mention for your account: transactional messages
    /// go without it then, and have 12 characters more. Marketing messages always keep it.
    #[schemars(extend("viewClass" = "CheckBoxView"))]
    #[serde(default)]
    stop_lifted: bool,
}

/// Which server is called.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "only its schema is used")]
enum Server {
    /// iSendPro
    #[default]
    Isendpro,
    /// Custom
    Custom,
}

/// The credential's fields.
pub fn credential() -> Value {
    fields(options_schema::<Credential>().to_value())
}

/// The order in which a person meets the fields of a step: first what the message is, then what
/// may happen to it. A field that is not here comes after these.
const ORDER: &[&str] = &[
    "kind",
    "mode",
    "textPolicy",
    "maxParts",
    "whenRefused",
    "emitBehaviour",
    "giveUpAfter",
    "whenUnknown",
];

/// The fields of a form, highest order first.
pub fn fields(mut schema: Value) -> Value {
    let required = match schema.get("required") {
        Some(Value::Array(names)) => names.clone(),
        _ => Vec::new(),
    };
    let properties = match schema.get_mut("properties") {
        Some(Value::Object(properties)) => std::mem::take(properties),
        _ => Map::new(),
    };
    let mut properties: Vec<_> =
        properties.into_iter().filter(|(_, it)| !marked(it, "x-setting")).collect();
    let place = |name: &str| ORDER.iter().position(|it| *it == name).unwrap_or(ORDER.len());
    properties.sort_by_key(|(name, _)| place(name));
    let count = properties.len();
    properties
        .into_iter()
        .enumerate()
        .map(|(place, (name, property))| {
            let needed = required.iter().any(|it| *it == name) || marked(&property, "x-required");
            let field = field(&name, property, needed, count - place);
            (name, field)
        })
        .collect::<Map<_, _>>()
        .into()
}

/// Whether a property carries this mark: `x-setting` for what comes from the credential or the
/// environment and is no field of the step, `x-required` for what a step must say although the
/// command line need not.
fn marked(property: &Value, mark: &str) -> bool {
    property.get(mark) == Some(&json!(true))
}

fn field(name: &str, mut property: Value, required: bool, order: usize) -> Value {
    let choice = choice(&property);
    label(name, &mut property);
    let mut field = Map::new();
    let text = |key: &str| property.get(key).and_then(Value::as_str).map(one_line);
    field.insert("label".to_owned(), text("title").unwrap_or_else(|| name.to_owned()).into());
    field.insert(
        "viewClass".to_owned(),
        text("viewClass").unwrap_or_else(|| "TextFieldView".to_owned()).into(),
    );
    field.insert("required".to_owned(), required.into());
    if let Some(choice) = choice {
        let model = choice.into_iter().map(|(value, label)| (value, Value::from(label)));
        field.insert("model".to_owned(), Value::Object(model.collect()));
        field.insert("prompt".to_owned(), "Choose".into());
    }
    for key in ["default", "placeholder"] {
        if let Some(value) = property.get(key).filter(|it| !it.is_null()) {
            field.insert(key.to_owned(), value.clone());
        }
    }
    if let Some(help) = text("description") {
        field.insert("help".to_owned(), json!({ "description": help }));
    }
    field.insert("order".to_owned(), order.into());
    Value::Object(field)
}

/// The values to choose from, also behind an `Option`.
fn choice(property: &Value) -> Option<Vec<(String, String)>> {
    let direct = property.as_object().and_then(variants);
    direct.or_else(|| {
        let arms = property.get("anyOf").or_else(|| property.get("allOf"))?.as_array()?;
        arms.iter().filter_map(Value::as_object).find_map(variants)
    })
}
