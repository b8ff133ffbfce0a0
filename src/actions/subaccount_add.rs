//! `subaccountAdd`: creates a sub-account.

use jiff::Timestamp;
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::answer;
use crate::component::{
    Action, Effect, Error, Example, Finish, Meta, NoOptions, Outcome, Part, Plan, Session,
};
use crate::isendpro::request;

/// The action.
pub struct SubaccountAdd;

/// The sub-account to create.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Input {
    /// Login
    #[serde(rename = "subAccountLogin")]
    pub login: String,
    /// Password
    #[serde(rename = "subAccountPassword")]
    #[schemars(with = "String")]
    pub password: SecretString,
}

/// The new sub-account.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// Id of the sub-account
    #[serde(rename = "subAccountId")]
    pub id: Option<String>,
    /// Key of the sub-account
    ///
    /// Keep it as secret as your own.
    #[serde(rename = "subAccountKeyId")]
    pub key_id: Option<String>,
    /// Login
    #[serde(rename = "subAccountLogin")]
    pub login: Option<String>,
    /// Return code
    ///
    /// 230 when the sub-account was created.
    pub code: Option<i64>,
    /// Explanation
    pub message: Option<String>,
}

impl Action for SubaccountAdd {
    type Input = Input;
    type Options = NoOptions;
    type Output = Output;
    type Request = request::SubaccountAdd;

    const META: Meta = Meta {
        name: "subaccountAdd",
        title: "Create a sub-account",
        description: "Creates a sub-account with a login and a password, and returns its key.",
        source: "src/actions/subaccount_add.rs",
        deed: "done",
        constants: &[("subAccountEdit", "addAccount")],
        examples: &[Example {
            title: "Create a sub-account",
            body: r#"{"subAccountLogin":"agency.lyon","subAccountPassword":"a long pass phrase"}"#,
        }],
    };

    const REMEMBERED: &'static [&'static str] = &["subAccountId", "subAccountLogin"];

    /// `Once`: a second request makes a second account.
    fn plan(input: Input, _: &NoOptions, _: Timestamp) -> Result<Plan<Self::Request>, Error> {
        let request = request::SubaccountAdd::new(input.login, input.password);
        Ok(Plan::request(Effect::Once, request))
    }

    async fn call(api: &Session, part: &Part<Self::Request>) -> Outcome {
        answer::ask(api, &part.request, |reply| {
            let entry = reply.with("code").cloned().unwrap_or_default();
            Output {
                id: entry.text("subAccountId").map(Into::into),
                key_id: entry.text("subAccountKeyId").map(Into::into),
                login: entry.text("subAccountLogin").map(Into::into),
                code: entry.code(),
                // The published example has the label in `tel`.
                message: entry.message().or_else(|| entry.tel()).map(Into::into),
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
