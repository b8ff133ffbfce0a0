//! `sendSmsMulti`: sends SMS to several recipients, one text for all or one for each.

use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::answer;
use super::bulk::{self, Batch};
use super::fate::{RecipientResult, Sent};
use super::recipients;
use super::sending::{Ask, Order, Rules};
use crate::component::{
    Action, Delivery, Entry, Error, Example, Finish, Meta, Outcome, Part, Plan, Reply, Session,
    Status, Tally, exact,
};

/// The action.
pub struct SendSmsMulti;

/// Who gets what.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Input {
    /// Recipients
    ///
    /// Mobile numbers: a list, or text separated by commas, semicolons or line ends.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-split" = true))]
    pub num: Vec<String>,
    /// Text or texts
    ///
    /// One text for all recipients, or as many texts as recipients, in the same order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sms: Vec<String>,
    /// Recipients, each with its own text
    ///
    /// Instead of the two lists above. A recipient without a text gets the text above.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub recipients: Vec<Recipient>,
    /// Directory
    ///
    /// The id of a directory whose numbers are recipients too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repertoire_id: Option<String>,
    /// Trackers
    ///
    /// One a recipient, in the same order: up to 49 letters and digits each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-split" = true))]
    pub tracker: Vec<String>,
    /// Sender
    ///
    /// What the recipients see: 4 to 11 letters, digits or blanks, not digits only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emetteur: Option<String>,
    /// Most parts
    ///
    /// 1 to 6, or 999 for as many as each text needs; never more than the step allows. A recipient
    /// whose text needs more is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 999))]
    pub smslong: Option<u16>,
    /// Date of sending
    ///
    /// 2027-01-12 18:00 in the time zone below, or ISO 8601 with an offset, such as
    /// 2027-01-12T18:00+01:00. Without it the SMS are sent at once.
    #[serde(rename = "date_envoi", skip_serializing_if = "Option::is_none")]
    pub date_envoi: Option<String>,
    /// Time zone of the date
    ///
    /// Any name such as Europe/Paris or Indian/Reunion. Without it, the zone of the setting timeZone,
    /// which is French time by default. iSendPro is told the same instant in a zone that it knows.
    #[serde(rename = "gmt_zone", skip_serializing_if = "Option::is_none")]
    pub gmt_zone: Option<String>,
    /// Without the STOP mention
    ///
    /// Only for messages that are not commercial, once iSendPro has lifted the restriction for the
    /// account.
    #[serde(skip_serializing_if = "is_unset")]
    pub nostop: bool,
    /// Unicode
    ///
    /// Send all characters, 70 to an SMS, to numbers outside metropolitan France. Within it, where
    /// iSendPro sends none, they are replaced.
    #[serde(skip_serializing_if = "is_unset")]
    pub ucs2: bool,
    /// Azur number
    ///
    /// Part of the API without an explanation.
    #[serde(skip_serializing_if = "is_unset")]
    pub num_azur: bool,
    /// iSendPro's test mode (undocumented)
    ///
    /// Not in iSendPro's documentation, and not tried by us.
    #[serde(skip_serializing_if = "is_unset")]
    pub sandbox: bool,
    /// Country of national numbers
    ///
    /// Two letters, such as FR, RE or BE: how to read numbers without a country code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Why single recipients cannot be read.
    #[serde(skip)]
    pub faults: Vec<Option<String>>,
}

/// One recipient with its own text.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Recipient {
    /// Number
    #[serde(default)]
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
    /// What is sent.
    #[serde(flatten)]
    pub rules: Rules,
    /// Whether and how long to send.
    #[serde(flatten)]
    pub delivery: Delivery,
    /// Results
    ///
    /// One message with all results, one message a recipient, or one message with the counts and
    /// only the recipients that something went wrong with.
    #[schemars(extend("viewClass" = "SelectView"))]
    pub emit_behaviour: EmitBehaviour,
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
    /// As far as iSendPro says it; in a dry run, as they are counted here.
    pub smslong: u64,
    /// Price (EUR)
    ///
    /// In a dry run, if the price of a part is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<f64>,
    /// Recipients
    pub results: Vec<RecipientResult<Sent>>,
    /// Recipients to retry
    ///
    /// A message for this same action with just the recipients that were not sent. A key that the
    /// message brought has to be put in again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry: Option<Value>,
    /// The same for each recipient alone, where each has a message of its own.
    #[serde(skip)]
    retries: Vec<Option<Value>>,
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

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_unset(set: &bool) -> bool {
    !set
}

impl Action for SendSmsMulti {
    type Input = Input;
    type Options = Options;
    type Output = Output;
    type Request = Batch;

    const META: Meta = Meta {
        name: "sendSmsMulti",
        title: "Send SMS to several recipients",
        description: "Sends SMS to several recipients: one text for all, or one for each. A refused \
                      number never stops the others.",
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

    fn narrow(batch: &mut Batch, keep: &[bool], whole: bool) {
        batch.narrow(keep, whole);
    }

    const RETURNS: bool = true;
    const TRACKS: bool = true;

    fn track(part: &mut Part<Batch>) {
        part.request.sending.request.tracker = bulk::trackers(&part.items);
    }

    const ENTRY_BY_ENTRY: bool = true;

    fn take(input: &mut Input, entries: Vec<Entry>) {
        for (place, Entry { meta, fault }) in entries.into_iter().enumerate() {
            if let Some(recipient) = input.recipients.get_mut(place) {
                recipient.meta = meta;
            }
            input.faults.push(fault);
        }
    }

    fn give_back(output: &Output, result: &mut Value) {
        for (place, recipient) in output.results.iter().enumerate() {
            if let Some(meta) = recipient.meta.as_ref().filter(|it| exact::has_exponents(it)) {
                result["results"][place]["meta"] = meta.clone();
            }
        }
        if let Some(retry) = output.retry.as_ref().filter(|it| exact::has_exponents(it)) {
            result["retry"] = retry.clone();
        }
    }

    /// `Once`: a second request sends everything again.
    fn plan(input: Input, options: &Options, now: Timestamp) -> Result<Plan<Batch>, Error> {
        let order = Order::new(Ask::from(&input), &options.rules, now)?;
        bulk::plan(input, order)
    }

    async fn call(api: &Session, part: &Part<Batch>) -> Outcome {
        let request = &part.request.sending.request;
        match api.call(request).await {
            Ok(outcome) => answer::outcome_of(outcome, |it| {
                if request.repertoire_id.is_none() {
                    return recipients::reply(it, &part.items);
                }
                let data = bulk::unlisted(&it, &part.items);
                Reply { data, ..recipients::reply_by_number(it, &part.items) }
            }),
            Err(error) => answer::unasked(&error),
        }
    }

    fn finish(
        options: &Options,
        plan: Plan<Batch>,
        outcomes: Vec<Outcome>,
    ) -> Result<Finish<Output>, Error> {
        let mut output = Output { warnings: plan.warnings.clone(), ..Output::default() };
        if plan.parts.iter().any(|it| it.request.sending.request.sandbox) {
            output.mode = Some("sandbox");
        }
        let input = plan.parts.first().map(|it| Arc::clone(&it.request.input));
        let details = bulk::details(&plan);
        let mut directory = bulk::Directory::take(&plan.parts, outcomes)?;
        output.warnings.extend(directory.warning());
        let (results, mut tally) =
            recipients::results(plan, std::mem::take(&mut directory.outcomes));
        let mut results: Vec<RecipientResult<Sent>> = results
            .into_iter()
            .map(|(item, answer)| {
                let mut sent = Sent::new(&item, &answer);
                if let Some(detail) = details.get(&item.index) {
                    sent = sent.with(&detail.content, detail.at, &options.rules);
                }
                RecipientResult { index: item.index, fate: sent, meta: item.meta }
            })
            .collect();
        let unsent = |results: &[RecipientResult<Sent>], directory: bool| {
            input.as_ref().and_then(|it| bulk::retry(it, results, &details, directory))
        };
        output.retry = unsent(&results, directory.unsent);
        if options.emit_behaviour == EmitBehaviour::EmitIndividually {
            // The directory goes with one of them.
            let is_unsent = |it: &RecipientResult<Sent>| it.fate.fate.status == Status::NotSent;
            let with = results.iter().position(is_unsent).unwrap_or_default();
            let alone =
                |(place, it)| unsent(std::slice::from_ref(it), directory.unsent && place == with);
            output.retries = results.iter().enumerate().map(alone).collect();
        }
        directory.append(&options.rules, &mut results, &mut tally);
        output.count(tally);
        if tally.planned > 0 {
            output.price = options.rules.price(tally.parts);
        }
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
                .retain(|it| !matches!(it.fate.fate.status, Status::Accepted | Status::Planned));
            vec![output]
        }
        EmitBehaviour::EmitIndividually => {
            let whole = output.clone();
            let Output { results, warnings, mode, retries, .. } = output;
            let retries = retries.into_iter().chain(std::iter::repeat(None));
            let alone = |(result, retry): (RecipientResult<Sent>, Option<Value>)| {
                let sent = &result.fate;
                let mut tally = Tally::of(sent.fate.status);
                tally.parts = u64::from(sent.smslong.unwrap_or(0));
                let price = sent.price;
                let mut alone =
                    Output { warnings: warnings.clone(), mode, price, retry, ..Output::default() };
                alone.count(tally);
                alone.results.push(result);
                alone
            };
            if results.is_empty() {
                return vec![whole];
            }
            results.into_iter().zip(retries).map(alone).collect()
        }
    }
}

#[cfg(test)]
mod tests;
