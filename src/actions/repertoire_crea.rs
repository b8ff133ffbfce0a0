//! `repertoireCrea`: creates a directory of contacts.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer;
use crate::component::{
    Action, Effect, Error, Example, Finish, Meta, NoOptions, Outcome, Part, Plan, Session,
};
use crate::isendpro::request;

/// The action.
pub struct RepertoireCrea;

/// The directory to create.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Input {
    /// Name of the directory
    #[serde(rename = "repertoireNom")]
    pub repertoire_nom: String,
}

/// The new directory.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// Id of the directory
    ///
    /// To be used to add numbers and to send to all of them.
    #[serde(rename = "repertoireId")]
    pub repertoire_id: Option<String>,
    /// Return code
    ///
    /// As iSendPro gave it; the codes of this operation are not published.
    pub code: Option<i64>,
    /// Explanation
    pub message: Option<String>,
}

impl Action for RepertoireCrea {
    type Input = Input;
    type Options = NoOptions;
    type Output = Output;
    type Request = request::RepertoireCrea;

    const META: Meta = Meta {
        name: "repertoireCrea",
        title: "Create a directory",
        description: "Creates a directory, to which numbers are added with \"Change a directory\".",
        source: "src/actions/repertoire_crea.rs",
        deed: "done",
        constants: &[("repertoireEdit", "create")],
        examples: &[Example {
            title: "Create a directory",
            body: r#"{"repertoireNom":"Customers in Lyon"}"#,
        }],
    };

    const REMEMBERED: &'static [&'static str] = &["repertoireId"];

    /// `Once`: a second request makes a second directory.
    fn plan(input: Input, _: &NoOptions, _: Timestamp) -> Result<Plan<Self::Request>, Error> {
        Ok(Plan::request(Effect::Once, request::RepertoireCrea::new(input.repertoire_nom)))
    }

    async fn call(api: &Session, part: &Part<Self::Request>) -> Outcome {
        answer::ask(api, &part.request, |reply| {
            let entry = reply.entries.first().cloned().unwrap_or_default();
            Output {
                repertoire_id: entry.text("repertoireId").map(Into::into),
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
