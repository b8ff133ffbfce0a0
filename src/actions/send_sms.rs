//! `sendSms`: sends one SMS to one recipient.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::recipients::{self, Fate};
use super::{Session, answer, sending};
use crate::component::{
    Action, Delivery, Effect, Error, Example, Finish, Item, Kind, Meta, Outcome, Part, Plan,
    Status, Tally,
};
use crate::isendpro::request::Sms;

/// The action.
pub struct SendSms;

/// The step's fields.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Options {
    /// Whether and how long to send.
    #[serde(flatten)]
    pub delivery: Delivery,
    /// When a number is refused
    ///
    /// iSendPro refuses blacklisted and unallocated numbers, for example. Continue with a result
    /// that says so, or stop with an error.
    #[schemars(extend("viewClass" = "SelectView"))]
    pub when_refused: WhenRefused,
    /// The account's default sender.
    #[serde(rename = "emetteur")]
    #[schemars(skip)]
    pub sender: Option<String>,
}

/// What a refused number becomes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum WhenRefused {
    /// Continue with a result
    #[default]
    Emit,
    /// Stop with an error
    Throw,
}

/// What became of the SMS.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// What became of it.
    #[serde(flatten)]
    pub fate: Fate,
    /// Warnings
    ///
    /// What you should know although it stopped nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Test mode
    ///
    /// Present when nothing real happened: dryRun, simulator or sandbox.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<&'static str>,
}

impl Action for SendSms {
    type Api = Session;
    type Input = Sms;
    type Options = Options;
    type Output = Output;
    type Request = Sms;

    const META: Meta = Meta {
        name: "sendSms",
        title: "Send an SMS",
        description: "Sends one SMS to one recipient, now or later.",
        source: "src/actions/send_sms.rs",
        deed: "sent",
        constants: &[],
        examples: &[
            Example {
                title: "The least that it takes",
                body: r#"{"num":"06 80 01 02 03","sms":"Bonjour, votre commande est prete."}"#,
            },
            Example {
                title: "With a sender, for tomorrow, and your own data",
                body: r#"{"num":"+33680010203","sms":"Rendez-vous demain a 9 h","emetteur":"Garage","date_envoi":"2027-01-12 18:00","gmt_zone":"Europe/Brussels","smslong":"999","tracker":"rdv4711","reference":"rdv-4711","meta":{"customer":42}}"#,
            },
        ],
    };

    /// `Once`: a second request is a second SMS.
    fn plan(input: Sms, options: &Options, _: Timestamp) -> Result<Plan<Sms>, Error> {
        let num = input.num.clone();
        let message = sending::checked(input, options.sender.as_deref())?;
        let item = Item {
            num,
            tel: message.num.clone(),
            tracker: message.tracker.clone(),
            ..Item::default()
        };
        let warnings = sending::sender_warning(message.emetteur.as_deref()).into_iter().collect();
        let part = Part { effect: Effect::Once, items: vec![item], request: message };
        Ok(Plan { warnings, ..Plan::parts(vec![part]) })
    }

    async fn call(api: &Session, part: &Part<Sms>) -> Outcome {
        match api.call(&part.request).await {
            Ok(outcome) => answer::outcome_of(outcome, |it| recipients::reply(it, &part.items)),
            Err(error) => answer::unasked(&error),
        }
    }

    fn finish(
        options: &Options,
        plan: Plan<Sms>,
        outcomes: Vec<Outcome>,
    ) -> Result<Finish<Output>, Error> {
        let warnings = plan.warnings.clone();
        let Some((part, outcome)) = plan.parts.into_iter().zip(outcomes).next() else {
            return Err(Error::new(Kind::Internal, "no call was made"));
        };
        let Some(answer) = (match outcome {
            Outcome::Planned => recipients::answers(1, outcome),
            called => called.into_reply(Effect::Once)?.answers,
        })
        .pop() else {
            return Err(Error::new(Kind::Unknown, "iSendPro's answer says nothing of this number"));
        };
        let mode = part.request.sandbox.then_some("sandbox");
        let output =
            part.items.first().map(|item| Output { fate: Fate::new(item, answer), warnings, mode });
        output.map_or_else(
            || Err(Error::new(Kind::Internal, "no recipient")),
            |it| verdict(options, it),
        )
    }
}

/// An unknown outcome is always an error; a refused number is one if the step says so.
fn verdict(options: &Options, output: Output) -> Result<Finish<Output>, Error> {
    let fate = &output.fate;
    let kind = match fate.status {
        Status::Unknown => Kind::Unknown,
        Status::Refused if options.when_refused == WhenRefused::Throw => Kind::Refused,
        status => {
            let mut tally = Tally::of(status);
            tally.parts = u64::from(fate.smslong.unwrap_or(0));
            return Ok(Finish { outputs: vec![output], tally });
        }
    };
    let said = fate.message.clone().unwrap_or_else(|| "no explanation".to_owned());
    Err(Error { code: fate.code, reason: fate.reason, ..Error::new(kind, said) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::{Problem, Reason, Reply};

    fn finished(options: &Options, outcome: Outcome) -> Result<Finish<Output>, Error> {
        let input = Sms { num: "0680010203".into(), sms: "Bonjour".into(), ..Sms::default() };
        let plan = SendSms::plan(input, options, Timestamp::UNIX_EPOCH).unwrap();
        SendSms::finish(options, plan, vec![outcome])
    }

    fn answered(raw: &str) -> Outcome {
        let reply = crate::isendpro::Reply::read(raw).unwrap();
        Outcome::Done(recipients::reply(
            reply,
            &[Item { tel: "33680010203".into(), ..Item::default() }],
        ))
    }

    #[test]
    fn an_accepted_sms_is_a_result() {
        let outcome = answered(
            r#"{"etat":{"etat":[{"code":"0","tel":"0680010203","message":"ok","smslong":"2"}]}}"#,
        );
        let finish = finished(&Options::default(), outcome).unwrap();
        let fate = &finish.outputs[0].fate;
        assert_eq!((fate.status, fate.code, fate.smslong), (Status::Accepted, Some(0), Some(2)));
        assert_eq!((finish.tally.accepted, finish.tally.parts), (1, 2));
    }

    #[test]
    fn a_refused_number_is_a_result_or_an_error() {
        let outcome = answered(
            r#"{"etat":{"etat":[{"code":"11","tel":"0680010203","message":"liste noire"}]}}"#,
        );
        let finish = finished(&Options::default(), outcome.clone()).unwrap();
        assert_eq!(finish.outputs[0].fate.reason, Some(Reason::Blacklisted));
        let throw = Options { when_refused: WhenRefused::Throw, ..Options::default() };
        let error = finished(&throw, outcome).unwrap_err();
        assert_eq!(
            error.to_string(),
            "REFUSED by iSendPro (code 11, blacklisted), nothing sent: liste noire"
        );
    }

    #[test]
    fn an_unknown_outcome_is_always_an_error() {
        let lost = Outcome::InDoubt(Problem::new(Reason::Unavailable, "no answer"));
        assert_eq!(finished(&Options::default(), lost).unwrap_err().kind, Kind::Unknown);
        let silent = Outcome::Done(Reply::default());
        assert_eq!(finished(&Options::default(), silent).unwrap_err().kind, Kind::Unknown);
    }
}
