//! `getCredit`: the credit left on the account.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer;
use crate::component::{
    Action, Effect, Error, Example, Finish, Meta, NoOptions, Outcome, Part, Plan, Session,
};
use crate::isendpro::request::{Credit, CreditDetail};

/// The action.
pub struct GetCredit;

/// What to ask.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Input {
    /// Detail
    ///
    /// 1: in euros; 2: also how many SMS to metropolitan France that makes.
    #[serde(default)]
    pub credit: Option<CreditDetail>,
}

/// The credit left.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// Credit in euros
    pub credit: Option<f64>,
    /// SMS that this makes
    ///
    /// To metropolitan France, as iSendPro estimates it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantite: Option<i64>,
}

impl Action for GetCredit {
    type Input = Input;
    type Options = NoOptions;
    type Output = Output;
    type Request = Credit;

    const META: Meta = Meta {
        name: "getCredit",
        title: "Get the credit",
        description: "Tells the credit left on the account. Free.",
        source: "src/actions/get_credit.rs",
        deed: "done",
        constants: &[],
        examples: &[
            Example { title: "Credit and quantity", body: "{}" },
            Example { title: "Only euros", body: r#"{"credit":"1"}"# },
        ],
    };

    const ONCE: bool = false;

    fn plan(input: Input, _: &NoOptions, _: Timestamp) -> Result<Plan<Credit>, Error> {
        Ok(Plan::request(Effect::Read, Credit { credit: input.credit.unwrap_or_default() }))
    }

    async fn call(api: &Session, part: &Part<Credit>) -> Outcome {
        answer::ask(api, &part.request, |reply| {
            let entry = reply.with("credit").cloned().unwrap_or_default();
            #[allow(clippy::cast_possible_truncation, reason = "an estimate of SMS fits by far")]
            let quantite = entry.number("quantite").map(|it| it as i64);
            Output { credit: entry.number("credit"), quantite }
        })
        .await
    }

    fn finish(
        _: &NoOptions,
        _: Plan<Credit>,
        outcomes: Vec<Outcome>,
    ) -> Result<Finish<Output>, Error> {
        answer::finish(outcomes, Effect::Read)
    }
}
