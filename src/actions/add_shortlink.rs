//! `addShortlink`: makes a short link.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer;
use crate::component::{
    Action, Effect, Error, Example, Finish, Meta, NoOptions, Outcome, Part, Plan, Session,
};
use crate::isendpro::request;

/// The action.
pub struct AddShortlink;

/// The short link.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// Short link
    ///
    /// As iSendPro writes it, without https://.
    pub shortlink: Option<String>,
    /// Return code
    ///
    /// 250 when the link was made.
    pub code: Option<i64>,
    /// Explanation
    pub message: Option<String>,
}

impl Action for AddShortlink {
    type Input = request::AddShortlink;
    type Options = NoOptions;
    type Output = Output;
    type Request = request::AddShortlink;

    const META: Meta = Meta {
        name: "addShortlink",
        title: "Make a short link",
        description: "Makes a short link for a long address, to be used in messages.",
        source: "src/actions/add_shortlink.rs",
        deed: "done",
        constants: &[],
        examples: &[Example {
            title: "Shorten an address",
            body: r#"{"shortlink":"https://www.example.org/spring/offers?from=sms"}"#,
        }],
    };

    const REMEMBERED: &'static [&'static str] = &["shortlink"];

    /// `Once`: a second request makes a second link.
    fn plan(input: Self::Input, _: &NoOptions, _: Timestamp) -> Result<Plan<Self::Request>, Error> {
        Ok(Plan::request(Effect::Once, input))
    }

    async fn call(api: &Session, part: &Part<Self::Request>) -> Outcome {
        answer::ask(api, &part.request, |reply| {
            let entry = reply.with("code").cloned().unwrap_or_default();
            Output {
                shortlink: entry.text("shortlink").map(Into::into),
                code: entry.code(),
                message: entry.message().map(Into::into),
            }
        })
        .await
    }

    fn finish(
        _: &NoOptions,
        _: Plan<Self::Request>,
        outcomes: Vec<Outcome>,
    ) -> Result<Finish<Output>, Error> {
        answer::finish(outcomes, Effect::Once)
    }
}
