//! A step's configuration and snapshot, as a platform or a file tells them.

use serde_json::{Map, Value};

use crate::component::exact;

/// All that the platform knows of a step.
#[derive(Clone, Default, PartialEq)]
pub struct StepData {
    /// The values of the credential and of the step's fields.
    pub config: Map<String, Value>,
    /// The snapshot that the step left the last time; an empty object at first.
    pub snapshot: Value,
    /// True if messages carry those of the steps before.
    pub passthrough: bool,
    /// The flow's variables.
    pub variables: Map<String, Value>,
}

/// Holds passwords, and a snapshot may hold anything.
impl std::fmt::Debug for StepData {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StepData")
            .field("config", &self.config.keys().collect::<Vec<_>>())
            .field("passthrough", &self.passthrough)
            .finish_non_exhaustive()
    }
}

impl StepData {
    /// Reads the platform's answer, or the file in its place.
    ///
    /// # Errors
    /// Says how it is wrong, without any of its values.
    pub(super) fn read(answer: &[u8]) -> Result<Self, String> {
        let answer = exact::parse_bytes(answer).map_err(|it| format!("it {it}"))?;
        let Value::Object(mut answer) = answer else {
            return Err("it is no JSON object".to_owned());
        };
        let mut object = |name: &str| match answer.remove(name) {
            None | Some(Value::Null) => Ok(Map::new()),
            Some(Value::Object(fields)) => Ok(fields),
            Some(_) => Err(format!("its {name} is no JSON object")),
        };
        let (config, variables) = (object("config")?, object("variables")?);
        let snapshot = answer.remove("snapshot").filter(|it| !it.is_null());
        Ok(Self {
            config,
            variables,
            snapshot: snapshot.unwrap_or_else(|| Map::new().into()),
            passthrough: answer.get("is_passthrough") == Some(&Value::Bool(true)),
        })
    }
}
