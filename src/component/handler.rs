//! One line of the table of actions and triggers: what is known of it without its types.

use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde_json::{Value, json};

use super::erased::{bind_action, bind_report, bind_trigger};
use super::input::body_schema;
use super::{Action, Bound, Cause, Config, Error, Meta, Report, Trigger};
use super::{input_schema, options_schema, output_schema};

/// What a handler is to a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A step that takes messages.
    Action,
    /// What starts a flow.
    Trigger(Cause),
}

/// An action or a trigger, described and erased.
pub struct Handler {
    /// What people and the platform are told about it.
    pub meta: Meta,
    /// What it is to a flow.
    pub role: Role,
    /// The schema that bodies are checked against; none for a trigger.
    pub body: Option<fn() -> Value>,
    /// The schema of the action's own fields of the body, as it is published.
    pub input: Option<fn() -> Schema>,
    /// The schema of the step's fields.
    pub options: fn() -> Schema,
    /// The schema of what is emitted.
    pub output: fn() -> Value,
    bind: Bind,
}

type Bind = fn(&Config) -> Result<Box<dyn Bound>, Error>;

impl Handler {
    /// The handler of an action that makes calls.
    pub const fn action<A: Action>() -> Self {
        Self {
            meta: A::META,
            role: Role::Action,
            body: Some(|| body_schema::<A::Input>(&A::META)),
            input: Some(input_schema::<A::Input>),
            options: options_schema::<A::Options>,
            output: emitted_schema::<A::Output>,
            bind: bind_action::<A>,
        }
    }

    /// The handler of an action that reads a stream.
    pub const fn report<A: Report>() -> Self {
        Self {
            meta: A::META,
            role: Role::Action,
            body: Some(|| body_schema::<A::Input>(&A::META)),
            input: Some(input_schema::<A::Input>),
            options: options_schema::<A::Options>,
            output: emitted_schema::<A::Output>,
            bind: bind_report::<A>,
        }
    }

    /// The handler of a trigger.
    pub const fn trigger<T: Trigger>() -> Self {
        Self {
            meta: T::META,
            role: Role::Trigger(T::CAUSE),
            body: None,
            input: None,
            options: options_schema::<T::Options>,
            output: || output_schema::<T::Output>().to_value(),
            bind: bind_trigger::<T>,
        }
    }

    /// Reads the options, and makes the handler ready for messages.
    ///
    /// # Errors
    /// What is wrong with the configuration.
    pub fn bind(&self, config: &Config) -> Result<Box<dyn Bound>, Error> {
        (self.bind)(config)
    }
}

impl std::fmt::Debug for Handler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handler").field("name", &self.meta.name).finish_non_exhaustive()
    }
}

/// What the engine adds to every result of an action.
#[derive(Serialize, JsonSchema)]
#[allow(dead_code, reason = "only its schema is used; the engine writes the fields one by one")]
struct Echo {
    /// Test mode
    ///
    /// Present when nothing real happened: dryRun, simulator or sandbox.
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<String>,
    /// Your own reference
    ///
    /// As it came in.
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    /// Your own data
    ///
    /// As it came in.
    #[serde(skip_serializing_if = "Option::is_none")]
    meta: Option<Value>,
    /// Raw answer
    ///
    /// iSendPro's answer as it came, if `raw` was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    raw: Option<Value>,
}

fn emitted_schema<T: JsonSchema>() -> Value {
    let mut schema = output_schema::<T>().to_value();
    let echo = output_schema::<Echo>().to_value();
    if schema.get("properties").is_none() {
        schema["properties"] = json!({});
    }
    if let (Some(own), Some(echo)) =
        (schema["properties"].as_object_mut(), echo["properties"].as_object())
    {
        for (name, value) in echo {
            own.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
    schema
}
