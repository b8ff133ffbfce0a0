//! `comptage`: asks iSendPro how many characters a text has and how many SMS it needs.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::sending::{self, Account, Ask, Order, Rules, Terms};
use super::{answer, recipients};
use crate::component::{
    Action, Effect, Error, Example, Finish, Meta, Outcome, Part, Plan, Session,
};
use crate::isendpro::request;

/// The action.
pub struct Comptage;

/// What the text needs.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// Characters
    pub nb_caractere: Option<i64>,
    /// SMS needed
    pub nb_sms: Option<i64>,
    /// Number
    pub tel: Option<String>,
}

impl Action for Comptage {
    type Input = request::Sms;
    type Options = Account;
    type Output = Output;
    type Request = request::Comptage;

    const META: Meta = Meta {
        name: "comptage",
        title: "Count characters and SMS",
        description: "Asks iSendPro how many characters a text has and how many SMS it needs. \
                      Nothing is sent and nothing is billed.",
        source: "src/actions/comptage.rs",
        deed: "done",
        constants: &[("comptage", "1")],
        examples: &[Example {
            title: "Count a text",
            body: r#"{"num":"0680010203","sms":"Bonjour! Bienvenue sur iSendPro!","emetteur":"iSendPro"}"#,
        }],
    };

    const ONCE: bool = false;

    fn plan(
        input: Self::Input,
        account: &Account,
        now: Timestamp,
    ) -> Result<Plan<Self::Request>, Error> {
        let rules = Rules { account: account.clone(), ..Rules::default() };
        let order = Order::new(Ask::from(&input), &rules, now)?;
        let number = recipients::called("num", &input.num, order.national)?;
        sending::check_blank("sms", &input.sms)?;
        let Terms { emetteur, date_envoi, gmt_zone, nostop } = order.terms(order.asked());
        // The text as it is: what iSendPro makes of it is the question.
        let message =
            request::Sms { num: number.tel, emetteur, date_envoi, gmt_zone, nostop, ..input };
        Ok(Plan::request(Effect::Read, request::Comptage::new(message)))
    }

    async fn call(api: &Session, part: &Part<Self::Request>) -> Outcome {
        answer::ask(api, &part.request, |reply| {
            let entry = reply.with("nb_sms").cloned().unwrap_or_default();
            Output {
                nb_caractere: entry.integer("nb_caractere"),
                nb_sms: entry.integer("nb_sms"),
                tel: entry.tel().map(Into::into),
            }
        })
        .await
    }

    fn finish(
        _: &Account,
        _: Plan<Self::Request>,
        outcomes: Vec<Outcome>,
    ) -> Result<Finish<Output>, Error> {
        answer::finish(outcomes, Effect::Read)
    }
}
