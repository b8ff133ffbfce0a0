//! `subaccountEdit`: changes the price, the credit or the restrictions of a sub-account.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer;
use crate::component::{
    Action, Effect, Error, Example, Finish, Meta, NoOptions, Outcome, Part, Plan, Session,
};
use crate::isendpro::request::{self, SubaccountChange};

/// The action.
pub struct SubaccountEdit;

/// What iSendPro says of the change.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// Id of the sub-account
    #[serde(rename = "subAccountId")]
    pub id: Option<String>,
    /// Return code
    ///
    /// As iSendPro gave it; the codes of this operation are not published.
    pub code: Option<i64>,
    /// Explanation
    pub message: Option<String>,
}

impl Action for SubaccountEdit {
    type Input = request::SubaccountEdit;
    type Options = NoOptions;
    type Output = Output;
    type Request = request::SubaccountEdit;

    const META: Meta = Meta {
        name: "subaccountEdit",
        title: "Change a sub-account",
        description: "Sets the price of a sub-account, adds credit to it, or sets its restrictions.",
        source: "src/actions/subaccount_edit.rs",
        deed: "done",
        constants: &[],
        examples: &[
            Example {
                title: "Add credit",
                body: r#"{"subAccountEdit":"addCredit","subAccountKeyId":"a9bc68fe78","subAccountAddCredit":"2"}"#,
            },
            Example {
                title: "Set the restrictions",
                body: r#"{"subAccountEdit":"setRestriction","subAccountKeyId":"a9bc68fe78","subAccountRestrictionStop":"1","subAccountRestrictionTime":"1"}"#,
            },
        ],
    };

    /// Adding credit is `Once`: it moves money each time. The others set a value.
    fn plan(input: Self::Input, _: &NoOptions, _: Timestamp) -> Result<Plan<Self::Request>, Error> {
        check(&input)?;
        Ok(Plan::request(effect(input.edit), input))
    }

    async fn call(api: &Session, part: &Part<Self::Request>) -> Outcome {
        answer::ask(api, &part.request, |reply| {
            let entry = reply.entries.first().cloned().unwrap_or_default();
            Output {
                id: entry.text("subAccountId").map(Into::into),
                code: entry.code(),
                message: entry.message().map(Into::into),
            }
        })
        .await
    }

    fn finish(
        _: &NoOptions,
        plan: Plan<Self::Request>,
        outcomes: Vec<Outcome>,
    ) -> Result<Finish<Output>, Error> {
        let effect = plan.parts.first().map_or(Effect::Once, |it| it.effect);
        answer::finish(outcomes, effect)
    }
}

const fn effect(change: SubaccountChange) -> Effect {
    match change {
        SubaccountChange::AddCredit => Effect::Once,
        SubaccountChange::SetPrice | SubaccountChange::SetRestriction => Effect::Idempotent,
    }
}

/// Each change needs its own fields.
fn check(input: &request::SubaccountEdit) -> Result<(), Error> {
    let missing = match input.edit {
        SubaccountChange::AddCredit if input.add_credit.is_none() => "subAccountAddCredit",
        SubaccountChange::SetPrice if input.price.is_none() => "subAccountPrice",
        SubaccountChange::SetRestriction
            if input.restriction_stop.is_none() && input.restriction_time.is_none() =>
        {
            "subAccountRestrictionStop"
        }
        _ => return Ok(()),
    };
    Err(Error::invalid(missing, "is missing or empty, and this change needs it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_adding_credit_is_once() {
        assert_eq!(effect(SubaccountChange::AddCredit), Effect::Once);
        assert_eq!(effect(SubaccountChange::SetPrice), Effect::Idempotent);
        assert_eq!(effect(SubaccountChange::SetRestriction), Effect::Idempotent);
    }
}
