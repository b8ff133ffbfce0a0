//! `getHlr`: looks up the operator of numbers.

use std::collections::HashMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::answer;
use super::fate::{Fate, RecipientResult};
use super::recipients;
use super::sending::{self, Numbers};
use crate::component::{
    Action, Answer, Effect, Entry, Error, Example, Finish, Item, Meta, Outcome, Part, Plan, Reply,
    Session, Status,
};
use crate::isendpro::{self, request::Hlr};

/// The action.
pub struct GetHlr;

/// The numbers to look up.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Input {
    /// Numbers
    ///
    /// A list, or text separated by commas, semicolons or line ends.
    #[schemars(extend("x-split" = true), length(min = 1))]
    pub num: Vec<String>,
    /// Country of national numbers
    ///
    /// Two letters, such as FR, RE or BE: how to read numbers without a country code.
    #[serde(default)]
    pub region: Option<String>,
    /// Why single numbers cannot be read.
    #[serde(skip)]
    pub faults: Vec<Option<String>>,
}

/// The step's fields.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Options {
    /// Results
    ///
    /// One message with all results, or one message a number.
    #[schemars(extend("viewClass" = "SelectView"))]
    pub emit_behaviour: EmitBehaviour,
    /// How numbers are read.
    #[serde(flatten)]
    pub numbers: Numbers,
}

/// How results are emitted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum EmitBehaviour {
    /// One message
    #[default]
    FetchAll,
    /// One message a number
    EmitIndividually,
}

/// What is known of the numbers.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// Numbers
    pub results: Vec<Number>,
}

/// What is known of one number.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Number {
    /// Operator
    ///
    /// As iSendPro writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operateur: Option<String>,
    /// What became of the question.
    #[serde(flatten)]
    pub result: RecipientResult<Fate>,
}

impl Action for GetHlr {
    type Input = Input;
    type Options = Options;
    type Output = Output;
    type Request = Hlr;

    const META: Meta = Meta {
        name: "getHlr",
        title: "Look up operators (HLR)",
        description: "Looks up the operator of mobile numbers, which tells whether they exist. \
                      iSendPro may bill it; the price is not published.",
        source: "src/actions/get_hlr.rs",
        deed: "done",
        constants: &[("getHLR", "1")],
        examples: &[Example {
            title: "Two numbers",
            body: r#"{"num":["0680010203","0680010204"]}"#,
        }],
    };

    fn emits_many(options: &Options) -> bool {
        options.emit_behaviour == EmitBehaviour::EmitIndividually
    }

    fn narrow(request: &mut Hlr, keep: &[bool], _: bool) {
        recipients::retain(&mut request.num, keep);
    }

    const ENTRY_BY_ENTRY: bool = true;

    fn take(input: &mut Input, entries: Vec<Entry>) {
        input.faults = entries.into_iter().map(|it| it.fault).collect();
    }

    /// `Once`: look-ups are billed, as far as is known.
    fn plan(input: Input, options: &Options, _: Timestamp) -> Result<Plan<Hlr>, Error> {
        let national = sending::national(input.region.as_deref(), options.numbers.region)?;
        let faults = input.faults.into_iter().chain(std::iter::repeat(None));
        let item = |(index, (num, fault)): (usize, (String, Option<String>))| Item {
            index,
            num,
            fault,
            ..Item::default()
        };
        let items = input.num.into_iter().zip(faults).enumerate().map(item).collect();
        let (callable, settled) =
            recipients::sort_out(items, national, |_, _| Ok(()), |(), ()| true);
        let items: Vec<Item> = callable.into_iter().map(|(item, ())| item).collect();
        if items.is_empty() {
            return Ok(Plan { settled, ..Plan::parts(Vec::new()) });
        }
        let request = Hlr::new(items.iter().map(|it| it.tel.clone()).collect());
        let part = Part::new(Effect::Once, items, request);
        Ok(Plan { settled, ..Plan::parts(vec![part]) })
    }

    async fn call(api: &Session, part: &Part<Hlr>) -> Outcome {
        match api.call(&part.request).await {
            Ok(outcome) => answer::outcome_of(outcome, |it| reply(it, &part.items)),
            Err(error) => answer::unasked(&error),
        }
    }

    fn finish(
        options: &Options,
        plan: Plan<Hlr>,
        outcomes: Vec<Outcome>,
    ) -> Result<Finish<Output>, Error> {
        let mut operators = HashMap::new();
        let mut known = Vec::with_capacity(outcomes.len());
        for outcome in outcomes {
            known.push(match outcome {
                Outcome::Done(reply) => {
                    operators.extend(reply.data.clone());
                    Outcome::Done(reply)
                }
                Outcome::Planned => Outcome::Planned,
                lost => Outcome::Done(lost.into_reply(Effect::Once)?),
            });
        }
        let (results, tally) = recipients::results(plan, known);
        let number = |(item, answer): (Item, Answer)| Number {
            operateur: operators
                .get(&recipients::key(&item.tel))
                .and_then(Value::as_str)
                .map(str::to_owned),
            result: RecipientResult {
                index: item.index,
                fate: Fate::new(&item, &answer),
                meta: None,
            },
        };
        let numbers = results.into_iter().map(number);
        let outputs = match options.emit_behaviour {
            EmitBehaviour::FetchAll => vec![Output { results: numbers.collect() }],
            EmitBehaviour::EmitIndividually => {
                numbers.map(|it| Output { results: vec![it] }).collect()
            }
        };
        Ok(Finish { outputs, tally })
    }
}

/// An entry with an operator answers for its number; the operators go along by the number as called.
fn reply(reply: isendpro::Reply, items: &[Item]) -> Reply {
    let mut operators = serde_json::Map::new();
    let said = match (reply.entries.as_slice(), items) {
        ([entry], [item]) if !recipients::is_about_another(entry, item) => vec![vec![entry]],
        (entries, items) => recipients::by_recipient(entries, items).said,
    };
    for (item, entries) in items.iter().zip(said) {
        if let Some(operator) = entries.into_iter().find_map(|it| it.text("operateur")) {
            operators.insert(item.tel.clone(), operator.into());
        }
    }
    let raw = reply.raw.clone();
    // Whatever has no operator is refused by its own code, or not mentioned at all.
    let said = recipients::reply_by_number(reply, items).answers;
    let answer = |(item, said): (&Item, Answer)| {
        if operators.contains_key(&item.tel) {
            let (status, message, reason) = (Status::Accepted, None, None);
            Answer { status, message, reason, ..said }
        } else {
            said
        }
    };
    let answers = items.iter().zip(said).map(answer).collect();
    Reply { answers, data: operators, raw, replayed: false }
}
