//! `startFlow`: starts a flow by the clock.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::component::Session;
use crate::component::{Error, Event, Fired, Meta, NoOptions, Outlet, Trigger};

/// The trigger.
pub struct StartFlow;

/// When it was, and what an earlier run left.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// Time
    ///
    /// ISO 8601, in UTC.
    pub time: String,
    /// Snapshot
    ///
    /// What an earlier run of the flow left; empty at first. The configuration is never part of it.
    pub snapshot: Value,
}

impl Trigger for StartFlow {
    type Options = NoOptions;
    type Output = Output;

    const META: Meta = Meta {
        name: "startFlow",
        title: "Start a flow",
        description: "Starts a flow by the clock, with the time. Calls nothing.",
        source: "src/triggers/start_flow.rs",
        deed: "done",
        constants: &[],
        examples: &[],
    };

    async fn fire(
        _: &Session,
        _: &NoOptions,
        event: Event<'_>,
        out: &Outlet<'_>,
    ) -> Result<Fired, Error> {
        let output =
            serde_json::json!({ "time": event.now.to_string(), "snapshot": event.snapshot });
        out.emit(output).await?;
        Ok(Fired::default())
    }
}
