//! What earlier steps of a flow found, carried along with each message for those that follow.

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::incoming::Incoming;
use super::settings::Settings;

const FIELD: &str = "passthrough";

/// What goes out with each result of one delivery.
#[derive(Clone, Default, PartialEq)]
pub struct Passthrough {
    /// A message for each earlier step, by the step's id. Object storage may replace their bodies.
    pub steps: Map<String, Value>,
    /// The step under which each result is added to them, if it is.
    own: Option<String>,
}

impl std::fmt::Debug for Passthrough {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let steps: Vec<&String> = self.steps.keys().collect();
        f.debug_struct("Passthrough").field("steps", &steps).field("own", &self.own).finish()
    }
}

impl Passthrough {
    /// Takes out of a delivery what is carried along, if the flow wants that.
    ///
    /// Unless the platform says otherwise, each result goes along with itself. If it does, it is the
    /// incoming message that is added, and copied for this.
    pub fn take(settings: &Settings, incoming: &mut Incoming, wanted: bool) -> Option<Self> {
        if !wanted {
            return None;
        }
        let mut steps = match incoming.payload.shift_remove(FIELD) {
            Some(Value::Object(steps)) => steps,
            _ => Map::new(),
        };
        if !settings.no_self_passthrough {
            return Some(Self { steps, own: Some(settings.ids.step.clone()) });
        }
        if let Some(origin) = &incoming.origin {
            steps.insert(origin.clone(), incoming.payload.clone().into());
        }
        Some(Self { steps, own: None })
    }
}

/// A message as it is published, with what is carried along; nothing is copied for it.
pub(super) struct Published<'a> {
    /// The message.
    pub message: &'a Map<String, Value>,
    /// What is carried along; without it, the message's own.
    pub passthrough: Option<&'a Passthrough>,
}

impl Serialize for Published<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some(passthrough) = self.passthrough else { return self.message.serialize(serializer) };
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in self.message.iter().filter(|it| it.0 != FIELD) {
            map.serialize_entry(name, value)?;
        }
        map.serialize_entry(FIELD, &Steps { message: self.message, passthrough })?;
        map.end()
    }
}

struct Steps<'a> {
    message: &'a Map<String, Value>,
    passthrough: &'a Passthrough,
}

impl Serialize for Steps<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let own = self.passthrough.own.as_ref();
        let mut map = serializer.serialize_map(None)?;
        for (step, message) in self.passthrough.steps.iter().filter(|it| Some(it.0) != own) {
            map.serialize_entry(step, message)?;
        }
        if let Some(own) = own {
            map.serialize_entry(own, &Alone(self.message))?;
        }
        map.end()
    }
}

/// A message without what it carries along.
struct Alone<'a>(&'a Map<String, Value>);

impl Serialize for Alone<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().filter(|it| it.0 != FIELD))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::incoming::tests::delivered;
    use super::super::settings::tests::settings;
    use super::*;

    fn map(value: &Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    fn published(message: &Value, passthrough: Option<&Passthrough>) -> Value {
        let message = map(message);
        serde_json::to_value(Published { message: &message, passthrough }).unwrap()
    }

    #[test]
    fn a_result_is_added_under_its_own_step() {
        let before = json!({"step_1": {"body": {"a": 1}}, "step_2": {"body": "replaced"}});
        let mut incoming = delivered(&json!({"id": "i", "body": {}, "passthrough": before}), &[]);
        let passthrough = Passthrough::take(&settings(&[]), &mut incoming, true);
        assert_eq!(Value::from(incoming.payload), json!({"id": "i", "body": {}}));
        let message = json!({"id": "o", "body": {"b": 2}, "passthrough": {"lost": {}}});
        assert_eq!(
            published(&message, passthrough.as_ref()),
            json!({"id": "o", "body": {"b": 2}, "passthrough": {
                "step_1": {"body": {"a": 1}},
                "step_2": {"id": "o", "body": {"b": 2}},
            }})
        );
    }

    #[test]
    fn or_the_incoming_message_under_the_step_that_it_comes_from() {
        let platform = settings(&[("ELASTICIO_NO_SELF_PASSTRHOUGH", "1")]);
        let input = json!({"id": "i", "body": {"b": 2}, "passthrough": {"step_0": {"body": {}}}});
        let out = json!({"id": "o", "body": {}});
        for (headers, expected) in [
            (
                &[("stepId", "step_1")][..],
                json!({"step_0": {"body": {}}, "step_1": {"id": "i", "body": {"b": 2}}}),
            ),
            (&[], json!({"step_0": {"body": {}}})),
        ] {
            let mut incoming = delivered(&input, headers);
            let passthrough = Passthrough::take(&platform, &mut incoming, true);
            assert_eq!(incoming.payload["body"], json!({"b": 2}), "the message itself remains");
            assert_eq!(published(&out, passthrough.as_ref())["passthrough"], expected);
        }
    }

    #[test]
    fn without_passthrough_a_message_is_published_as_it_is() {
        let mut incoming = delivered(&json!({"body": {}, "passthrough": {"a": {}}}), &[]);
        let passthrough = Passthrough::take(&settings(&[]), &mut incoming, false);
        assert_eq!(passthrough, None);
        assert_eq!(incoming.payload["passthrough"], json!({"a": {}}));
        let message = json!({"body": {}, "passthrough": {"own": {}}});
        assert_eq!(published(&message, None), message);
    }

    #[test]
    fn whatever_is_no_object_is_not_carried_along() {
        for odd in [json!(null), json!([1]), json!("x")] {
            let mut incoming = delivered(&json!({"body": {}, "passthrough": odd}), &[]);
            let passthrough = Passthrough::take(&settings(&[]), &mut incoming, true);
            let out = published(&json!({"body": {}}), passthrough.as_ref());
            assert_eq!(out["passthrough"], json!({"step_2": {"body": {}}}));
        }
    }
}
