//! `sendSmsMulti`: sends SMS to several recipients, one text for all or one for each.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::recipients::{self, RecipientResult};
use super::{Session, answer, bulk, sending};
use crate::component::{
    Action, Delivery, Effect, Error, Example, Finish, Item, Meta, Outcome, Part, Plan, Reply,
    Status, Tally,
};
use crate::isendpro::request::SmsMulti;

/// The action.
pub struct SendSmsMulti;

/// Who gets what.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Input {
    /// Recipients
    ///
    /// Mobile numbers: a list, or text separated by commas, semicolons or line ends.
    #[schemars(extend("x-split" = true))]
    pub num: Vec<String>,
    /// Text or texts
    ///
    /// One text for all recipients, or as many texts as recipients, in the same order.
    pub sms: Vec<String>,
    /// Recipients, each with its own text
    ///
    /// Instead of the two lists above. A recipient without a text gets the text above.
    pub recipients: Vec<Recipient>,
    /// Directory
    ///
    /// The id of a directory whose numbers are recipients too.
    pub repertoire_id: Option<String>,
    /// Trackers
    ///
    /// One a recipient, in the same order: up to 49 letters and digits each.
    #[schemars(extend("x-split" = true))]
    pub tracker: Vec<String>,
    /// Sender
    ///
    /// What the recipients see: 4 to 11 letters, digits or blanks, not digits only.
    pub emetteur: Option<String>,
    /// Most parts
    ///
    /// 1 to 6, or 999 for as many as the texts need (at most 6).
    #[schemars(range(min = 1, max = 999))]
    pub smslong: Option<u16>,
    /// Date of sending
    ///
    /// YYYY-MM-DD hh:mm, in the time zone below. Without it the SMS are sent at once.
    #[serde(rename = "date_envoi")]
    pub date_envoi: Option<String>,
    /// Time zone of the date
    ///
    /// One of the 90 names that iSendPro knows; for French time, Europe/Brussels.
    #[serde(rename = "gmt_zone")]
    pub gmt_zone: Option<String>,
    /// Without the STOP mention
    ///
    /// Only for messages that are not commercial, once iSendPro has lifted the restriction for the
    /// account.
    pub nostop: bool,
    /// Unicode
    ///
    /// Send all characters, 70 to an SMS. Only to numbers outside metropolitan France.
    pub ucs2: bool,
    /// Azur number
    ///
    /// Part of the API without an explanation.
    pub num_azur: bool,
    /// iSendPro's test mode (undocumented)
    ///
    /// Not in iSendPro's documentation, and not tried by us.
    pub sandbox: bool,
}

/// One recipient with its own text.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Recipient {
    /// Number
    pub num: String,
    /// Text
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sms: Option<String>,
    /// Tracker
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracker: Option<String>,
    /// Your own data
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Value>,
}

/// The step's fields.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Options {
    /// Whether and how long to send.
    #[serde(flatten)]
    pub delivery: Delivery,
    /// Results
    ///
    /// One message with all results, one message a recipient, or one message with the counts and
    /// only the recipients that something went wrong with.
    #[schemars(extend("viewClass" = "SelectView"))]
    pub emit_behaviour: EmitBehaviour,
    /// The account's default sender.
    #[serde(rename = "emetteur")]
    #[schemars(skip)]
    pub sender: Option<String>,
}

/// How results are emitted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum EmitBehaviour {
    /// One message
    #[default]
    FetchAll,
    /// One message a recipient
    EmitIndividually,
    /// Counts and problems
    ProblemsOnly,
}

/// What became of the message.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// Accepted
    pub accepted: u64,
    /// Refused
    pub refused: u64,
    /// Not sent
    pub not_sent: u64,
    /// Unknown
    ///
    /// These may have been sent.
    pub unknown: u64,
    /// Duplicates
    pub duplicate: u64,
    /// Planned
    ///
    /// In a dry run.
    #[serde(skip_serializing_if = "is_zero")]
    pub planned: u64,
    /// SMS parts billed
    ///
    /// As far as iSendPro says it.
    pub smslong: u64,
    /// Recipients
    pub results: Vec<RecipientResult>,
    /// Recipients to retry
    ///
    /// A message for this same action with just the recipients that were not sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry: Option<Value>,
    /// Warnings
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Test mode
    ///
    /// Present when nothing real happened: dryRun, simulator or sandbox.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<&'static str>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Action for SendSmsMulti {
    type Api = Session;
    type Input = Input;
    type Options = Options;
    type Output = Output;
    type Request = SmsMulti;

    const META: Meta = Meta {
        name: "sendSmsMulti",
        title: "Send SMS to several recipients",
        description: "Sends SMS to several recipients in one request: one text for all, or one for \
                      each. A refused number never stops the others.",
        source: "src/actions/send_sms_multi.rs",
        deed: "sent",
        constants: &[],
        examples: &[
            Example {
                title: "One text for all",
                body: r#"{"num":["0680010203","0680010204"],"sms":"Ouverture ce soir a 19 h","emetteur":"iSendPro"}"#,
            },
            Example {
                title: "A text for each, with your own data",
                body: r#"{"recipients":[{"num":"0680010203","sms":"Bonjour Anne","meta":{"id":1}},{"num":"0680010204","sms":"Bonjour Paul","tracker":"p2"}]}"#,
            },
            Example {
                title: "Numbers as text",
                body: r#"{"num":"0680010203; 0680010204","sms":"Bonjour"}"#,
            },
        ],
    };

    fn emits_many(options: &Options) -> bool {
        options.emit_behaviour == EmitBehaviour::EmitIndividually
    }

    /// `Once`: a second request sends everything again.
    fn plan(input: Input, options: &Options, _: Timestamp) -> Result<Plan<SmsMulti>, Error> {
        let emetteur = sending::sender(input.emetteur.clone(), options.sender.as_deref())?;
        sending::check_settings(
            input.smslong,
            input.date_envoi.as_deref(),
            input.gmt_zone.as_deref(),
        )?;
        let (items, texts) = bulk::recipients_of(&input)?;
        let (items, settled) = recipients::sort_out(items);
        let warnings: Vec<_> = sending::sender_warning(emetteur.as_deref()).into_iter().collect();
        let request = request(input, emetteur, &items, texts);
        if items.is_empty() && request.repertoire_id.is_none() {
            return Ok(Plan { parts: Vec::new(), settled, warnings });
        }
        Ok(Plan { parts: vec![Part { effect: Effect::Once, items, request }], settled, warnings })
    }

    async fn call(api: &Session, part: &Part<SmsMulti>) -> Outcome {
        match api.call(&part.request).await {
            Ok(outcome) => answer::outcome_of(outcome, |it| {
                if part.request.repertoire_id.is_none() {
                    return recipients::reply(it, &part.items);
                }
                let data = bulk::unlisted(&it, &part.items);
                Reply { data, ..recipients::reply_with_directory(it, &part.items) }
            }),
            Err(error) => answer::unasked(&error),
        }
    }

    fn finish(
        options: &Options,
        plan: Plan<SmsMulti>,
        outcomes: Vec<Outcome>,
    ) -> Result<Finish<Output>, Error> {
        let mut output = Output { warnings: plan.warnings.clone(), ..Output::default() };
        if plan.parts.iter().any(|it| it.request.sandbox) {
            output.mode = Some("sandbox");
        }
        let requests: Vec<SmsMulti> = plan.parts.iter().map(|it| it.request.clone()).collect();
        let listed: Vec<Item> = plan.parts.iter().flat_map(|it| it.items.clone()).collect();
        let (outcomes, from_directory) = bulk::directory_answers(&plan.parts, outcomes)?;
        let to_directory = requests.iter().any(|it| it.repertoire_id.is_some());
        let nothing_left = outcomes.iter().all(Outcome::may_be_tried_again);
        let planned = outcomes.contains(&Outcome::Planned);
        if to_directory && nothing_left {
            output.warnings.push("the directory's numbers were not sent to either".to_owned());
        } else if to_directory && !planned && from_directory.is_empty() {
            output
                .warnings
                .push("iSendPro's answer says nothing of the directory's numbers".to_owned());
        }
        let (mut results, mut tally) = recipients::results(plan, outcomes);
        output.retry = bulk::retry(&results, &listed, &requests, nothing_left);
        bulk::append(from_directory, &mut results, &mut tally);
        output.count(tally);
        output.results = results;
        Ok(Finish { outputs: outputs(options.emit_behaviour, output), tally })
    }
}

impl Output {
    fn count(&mut self, tally: Tally) {
        self.accepted = tally.accepted;
        self.refused = tally.refused;
        self.not_sent = tally.not_sent;
        self.unknown = tally.unknown;
        self.duplicate = tally.duplicate;
        self.planned = tally.planned;
        self.smslong = tally.parts;
    }
}

/// The output in as many messages as asked for. Each has the same shape.
fn outputs(behaviour: EmitBehaviour, mut output: Output) -> Vec<Output> {
    match behaviour {
        EmitBehaviour::FetchAll => vec![output],
        EmitBehaviour::ProblemsOnly => {
            output
                .results
                .retain(|it| !matches!(it.fate.status, Status::Accepted | Status::Planned));
            vec![output]
        }
        EmitBehaviour::EmitIndividually => {
            let whole = output.clone();
            let Output { results, warnings, mode, .. } = output;
            let alone = |result: RecipientResult| {
                let mut tally = Tally::of(result.fate.status);
                tally.parts = u64::from(result.fate.smslong.unwrap_or(0));
                let mut alone = Output { warnings: warnings.clone(), mode, ..Output::default() };
                alone.count(tally);
                alone.results.push(result);
                alone
            };
            if results.is_empty() {
                return vec![whole];
            }
            results.into_iter().map(alone).collect()
        }
    }
}

/// The request to the recipients that can be called.
fn request(input: Input, emetteur: Option<String>, items: &[Item], texts: Vec<String>) -> SmsMulti {
    let tracked = items.iter().any(|it| it.tracker.is_some());
    SmsMulti {
        num: items.iter().map(|it| it.tel.clone()).collect(),
        sms: bulk::texts_for(items, texts),
        repertoire_id: input.repertoire_id,
        tracker: if tracked {
            items.iter().map(|it| it.tracker.clone().unwrap_or_default()).collect()
        } else {
            Vec::new()
        },
        emetteur,
        smslong: input.smslong,
        date_envoi: input.date_envoi,
        gmt_zone: input.gmt_zone,
        nostop: input.nostop,
        ucs2: input.ucs2,
        num_azur: input.num_azur,
        sandbox: input.sandbox,
    }
}

#[cfg(test)]
mod tests;
