//! `sendSms`: sends one SMS to one recipient.

use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer;
use super::fate::Sent;
use super::recipients;
use super::sending::{self, Ask, Order, Rules, Sending, Terms};
use crate::component::{
    Action, Delivery, Effect, Error, Example, Finish, Item, Kind, Meta, Outcome, Part, Plan,
    Session, Settled, Status, Tally,
};
use crate::isendpro::request::Sms;
use crate::sms::text::Encoding;

/// The action.
pub struct SendSms;

/// The step's fields.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Options {
    /// What is sent.
    #[serde(flatten)]
    pub rules: Rules,
    /// Whether and how long to send.
    #[serde(flatten)]
    pub delivery: Delivery,
    /// When a number is refused
    ///
    /// iSendPro refuses blacklisted and unallocated numbers, for example. Continue with a result
    /// that says so, or stop with an error. What is no mobile number is always an error.
    #[schemars(extend("viewClass" = "SelectView"))]
    pub when_refused: WhenRefused,
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
    pub sent: Sent,
    /// Test mode
    ///
    /// Present when nothing real happened: dryRun, simulator or sandbox.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<&'static str>,
}

impl Action for SendSms {
    type Input = Sms;
    type Options = Options;
    type Output = Output;
    type Request = Sending<Sms>;

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
                title: "With a sender, two parts at most, and your own data",
                body: r#"{"num":"+33680010203","sms":"Rendez-vous demain a 9 h","emetteur":"Garage","smslong":2,"tracker":"rdv4711","reference":"rdv-4711","meta":{"customer":42}}"#,
            },
        ],
    };

    const TRACKS: bool = true;

    fn track(part: &mut Part<Sending<Sms>>) {
        let tracker = part.items.first().and_then(|it| it.tracker.clone());
        part.request.request.tracker = tracker;
    }

    /// `Once`: a second request is a second SMS.
    fn plan(input: Sms, options: &Options, now: Timestamp) -> Result<Plan<Sending<Sms>>, Error> {
        let mut order = Order::new(Ask::from(&input), &options.rules, now)?;
        let number = recipients::called("num", &input.num, order.national)?;
        if let Some(tracker) = &input.tracker {
            sending::check_tracker("tracker", tracker)?;
        }
        let content = order.content("sms", &input.sms, number.region)?;
        let time = order.time(number.region)?;
        let mut warnings = std::mem::take(&mut order.warnings);
        let mut oddities = order.oddities;
        warnings.extend(sending::doubts("sms", &input.sms, &mut oddities));
        warnings.extend(number.doubt.map(|it| format!("num: {it}")));
        warnings.extend(order.unicode_doubt(&content, number.region));
        warnings.extend(time.deferred.then(|| sending::DEFERRED.to_owned()));
        let item = Item {
            num: input.num.clone(),
            tel: number.tel.clone(),
            tracker: input.tracker.clone(),
            units: content.parts,
            warnings,
            ..Item::default()
        };
        let Terms { emetteur, date_envoi, gmt_zone, nostop } = order.terms(time.at);
        let request = Sms {
            num: number.tel,
            sms: content.text.clone(),
            emetteur,
            smslong: u16::try_from(content.parts).ok(),
            date_envoi,
            gmt_zone,
            nostop,
            ucs2: content.encoding == Encoding::Ucs2,
            region: None,
            ..input
        };
        let request = Sending { request, contents: vec![Arc::new(content)], at: time.at };
        let part = Part { until: time.until, ..Part::new(Effect::Once, vec![item], request) };
        Ok(Plan { oddities, ..Plan::parts(vec![part]) })
    }

    async fn call(api: &Session, part: &Part<Sending<Sms>>) -> Outcome {
        match api.call(&part.request.request).await {
            Ok(outcome) => answer::outcome_of(outcome, |it| recipients::reply(it, &part.items)),
            Err(error) => answer::unasked(&error),
        }
    }

    fn finish(
        options: &Options,
        plan: Plan<Sending<Sms>>,
        outcomes: Vec<Outcome>,
    ) -> Result<Finish<Output>, Error> {
        if let Some(Settled { item, answer }) = plan.settled.first() {
            return verdict(options, Output { sent: Sent::new(item, answer), mode: None });
        }
        let Some((part, outcome)) = plan.parts.into_iter().zip(outcomes).next() else {
            return Err(Error::new(Kind::Internal, "no call was made"));
        };
        let Part { items, request: Sending { request, contents, at }, .. } = part;
        let answers = match outcome {
            Outcome::Planned => recipients::answers(&items, outcome),
            called => called.into_reply(Effect::Once)?.answers,
        };
        let (Some(item), Some(content)) = (items.first(), contents.first()) else {
            return Err(Error::new(Kind::Internal, "no recipient"));
        };
        let Some(answer) = answers.first() else {
            return Err(Error::new(Kind::Unknown, "iSendPro's answer says nothing of this number"));
        };
        let sent = Sent::new(item, answer).with(content, at, &options.rules);
        let mode = request.sandbox.then_some("sandbox");
        verdict(options, Output { sent, mode })
    }
}

/// An unknown outcome is always an error; a refused number is one if the step says so.
fn verdict(options: &Options, output: Output) -> Result<Finish<Output>, Error> {
    let fate = &output.sent.fate;
    let kind = match fate.status {
        Status::Unknown => Kind::Unknown,
        Status::Refused if options.when_refused == WhenRefused::Throw => Kind::Refused,
        status => {
            let mut tally = Tally::of(status);
            if fate.replayed {
                tally.replayed = 1;
            } else {
                tally.parts = u64::from(output.sent.smslong.unwrap_or(0));
            }
            return Ok(Finish { outputs: vec![output], tally });
        }
    };
    let said = fate.message.clone().unwrap_or_else(|| "no explanation".to_owned());
    let error = Error::new(kind, said).quoting_if(fate.quotes);
    Err(Error { code: fate.code, reason: fate.reason, ..error })
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
        let sent = &finish.outputs[0].sent;
        let fate = &sent.fate;
        assert_eq!((fate.status, fate.code, sent.smslong), (Status::Accepted, Some(0), Some(2)));
        assert_eq!((finish.tally.accepted, finish.tally.parts), (1, 2));
    }

    #[test]
    fn a_refused_number_is_a_result_or_an_error() {
        let outcome = answered(
            r#"{"etat":{"etat":[{"code":"11","tel":"0680010203","message":"liste noire"}]}}"#,
        );
        let finish = finished(&Options::default(), outcome.clone()).unwrap();
        assert_eq!(finish.outputs[0].sent.fate.reason, Some(Reason::Blacklisted));
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
