//! The configuration, read leniently: whatever a platform, a file or a person writes.

use std::time::Duration;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::schema::plain;
use super::words;
use super::{Error, Kind, Shape, options_schema};

/// Names of settings whose values are never shown.
const SECRETS: &[&str] = &["keyid"];

/// Settings by name: credential and step fields of a platform, or those of the command line.
///
/// Unknown names are ignored: platforms add their own, such as `_account`.
#[derive(Clone, Default)]
pub struct Config(Map<String, Value>);

impl Config {
    /// A configuration of these settings.
    pub fn new(settings: Map<String, Value>) -> Self {
        Self(settings)
    }

    /// The names of all settings, whatever their values.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The value of a setting, unless it is absent, null or empty.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|it| !it.is_null() && it.as_str() != Some(""))
    }

    /// The value of a setting as text; numbers and booleans are written out.
    pub fn text(&self, name: &str) -> Option<String> {
        match self.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(flag) => Some(flag.to_string()),
            _ => None,
        }
    }

    /// Whether a tick box is ticked, in whatever way that is written.
    pub fn flag(&self, name: &str) -> bool {
        let mut value = self.get(name).cloned().unwrap_or_default();
        Shape::Flag.coerce(&mut value);
        value == Value::Bool(true)
    }

    /// Sets a value.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// Takes a setting away.
    pub fn unset(&mut self, name: &str) {
        self.0.shift_remove(name);
    }

    /// A number setting between `least` and `most`, or `default`.
    ///
    /// # Errors
    /// When it is no number, or outside the bounds.
    pub fn number(&self, name: &str, default: f64, least: f64, most: f64) -> Result<f64, Error> {
        let Some(text) = self.text(name) else { return Ok(default) };
        text.trim()
            .parse()
            .ok()
            .filter(|it| (least..=most).contains(it))
            .ok_or_else(|| Error::config(name, format!("must be a number from {least} to {most}")))
    }

    /// A duration setting in seconds between `least` and `most`, or `default`.
    ///
    /// # Errors
    /// When it is no number, or outside the bounds.
    pub fn seconds(
        &self,
        name: &str,
        default: f64,
        least: f64,
        most: f64,
    ) -> Result<Duration, Error> {
        self.number(name, default, least, most).map(Duration::from_secs_f64)
    }

    /// The part of the configuration that `T` describes.
    ///
    /// # Errors
    /// Names every setting of `T` whose value cannot be used, and what it must be.
    pub fn parse<T: DeserializeOwned + JsonSchema>(&self) -> Result<T, Error> {
        let schema = plain(options_schema::<T>().to_value());
        let mut value = Value::Object(self.0.clone());
        Shape::of(&schema).coerce(&mut value);
        let validator = jsonschema::draft7::new(&schema)
            .map_err(|it| Error::new(Kind::Internal, format!("schema of the options: {it}")))?;
        words::check(&validator, &value, Kind::Config, &[])?;
        serde_path_to_error::deserialize(value).map_err(|it| {
            let (path, said) = (it.path().to_string(), it.inner().to_string());
            // Flattened fields have no path; they name themselves.
            match said.split_once(": ") {
                Some((field, what)) if path == "." => Error::config(field, what),
                _ => Error::config(path, said),
            }
        })
    }
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map()
            .entries(self.0.iter().map(|(name, value)| {
                let hidden = Value::from("***");
                (name, if SECRETS.contains(&name.as_str()) { hidden } else { value.clone() })
            }))
            .finish()
    }
}

/// The options of a step that has none.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
pub struct NoOptions {}

/// How messages are delivered: settings that the engine reads, for every action.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Delivery {
    /// Mode
    ///
    /// Live sends real messages, also when you retrieve a sample. A dry run checks everything,
    /// calls nothing, and emits what would be sent.
    #[schemars(extend("viewClass" = "SelectView"))]
    pub mode: Mode,
    /// Give up after (minutes)
    ///
    /// How long a message that was not sent is tried again while iSendPro cannot be reached: 60 if
    /// empty (on the command line a quarter of a minute). 0: an error at once. A message that may
    /// have been sent is never tried again.
    #[schemars(extend("viewClass" = "TextFieldView", "placeholder" = "60"), range(min = 0, max = 10080))]
    pub give_up_after: Option<f64>,
    /// When a message may have been sent
    ///
    /// When iSendPro gave no usable answer, or the flow was interrupted in the middle, nobody knows.
    /// Report it, and a person decides; or send it again, once, at the risk of sending it twice.
    #[schemars(extend("viewClass" = "SelectView"))]
    pub when_unknown: WhenUnknown,
}

/// What becomes of a message that comes again and may have been sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum WhenUnknown {
    /// Report it
    #[default]
    Report,
    /// Send it again, once
    SendAgain,
}

/// Whether anything is really sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Mode {
    /// Live
    #[default]
    Live,
    /// Dry run
    DryRun,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn config(value: Value) -> Config {
        match value {
            Value::Object(settings) => Config::new(settings),
            _ => Config::default(),
        }
    }

    #[test]
    fn a_platforms_way_of_writing_is_accepted() {
        let delivery: Delivery =
            config(json!({"mode": "", "giveUpAfter": "5", "_account": "x"})).parse().unwrap();
        assert_eq!((delivery.mode, delivery.give_up_after), (Mode::Live, Some(5.0)));
        let delivery: Delivery = config(json!({"mode": "dryRun"})).parse().unwrap();
        assert_eq!(delivery.mode, Mode::DryRun);
    }

    #[test]
    fn a_wrong_value_names_the_setting_and_what_it_may_be() {
        let error =
            config(json!({"mode": "test", "giveUpAfter": -1})).parse::<Delivery>().unwrap_err();
        let said = error.to_string();
        assert!(said.starts_with("CONFIGURATION, nothing sent: mode: "), "{said}");
        assert!(said.contains("giveUpAfter: must be 0 or more"), "{said}");
    }

    #[test]
    fn the_key_is_not_printed() {
        let shown = format!("{:?}", config(json!({"keyid": "secret-key", "server": "x"})));
        assert_eq!(shown, r#"{"keyid": String("***"), "server": String("x")}"#);
    }
}
