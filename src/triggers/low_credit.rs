//! `lowCredit`: says once that the credit has fallen below a threshold.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::snapshot;
use crate::component::Session;
use crate::component::{Error, Event, Fired, Kind, Meta, Outlet, ResultId, Trigger};

/// The trigger.
pub struct LowCredit;

/// The step's fields.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Options {
    /// Threshold in euros
    ///
    /// There is one message when the credit falls below it, and the next one only after it has been
    /// at the threshold or above again.
    #[schemars(extend("viewClass" = "TextFieldView", "placeholder" = "20"), range(min = 0))]
    pub threshold: f64,
}

/// The credit that is too low.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// Credit in euros
    pub credit: f64,
    /// SMS that this makes
    ///
    /// To metropolitan France, as iSendPro estimates it; absent when it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantite: Option<f64>,
    /// Threshold in euros
    pub threshold: f64,
}

/// What a run leaves.
#[derive(Debug, Serialize, Deserialize)]
struct Snapshot {
    low: bool,
    /// Since when it is known to be low, or not.
    #[serde(with = "snapshot::instant")]
    since: Timestamp,
}

impl Trigger for LowCredit {
    type Options = Options;
    type Output = Output;

    const META: Meta = Meta {
        name: "lowCredit",
        title: "Low credit",
        description: "Tells once when the credit falls below a threshold. Asking is free.",
        source: "src/triggers/low_credit.rs",
        deed: "done",
        constants: &[],
        examples: &[],
    };

    async fn fire(
        api: &Session,
        options: &Options,
        event: Event<'_>,
        out: &Outlet<'_>,
    ) -> Result<Fired, Error> {
        let was: Option<Snapshot> = snapshot::read(event.snapshot)?;
        let balance = api.balance().await?;
        let credit = balance.euros.ok_or_else(|| {
            Error::new(Kind::Unusable, "iSendPro answers without a credit in euros")
        })?;
        let low = credit < options.threshold;
        if was.as_ref().is_some_and(|it| it.low == low) {
            return Ok(Fired::default());
        }
        if low {
            // A first run that is repeated says the same, if it is on the same day.
            let change = match was {
                Some(was) => was.since.to_string(),
                None => event.now.strftime("%F").to_string(),
            };
            let id = ResultId(api.hasher(Self::META.name)?.of([change.as_str()]));
            let threshold = options.threshold;
            let mut output = json!({ "credit": credit, "threshold": threshold });
            if let Some(quantite) = balance.sms {
                output["quantite"] = quantite.into();
            }
            out.emit_as(id, output).await?;
        }
        let snapshot = snapshot::write(&Snapshot { low, since: event.now })?;
        Ok(Fired { snapshot: Some(snapshot), ..Fired::default() })
    }
}
