//! `repertoire`: adds numbers to a directory, or removes them.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::sending::{self, Numbers};
use super::{answer, recipients};
use crate::component::{
    Action, Effect, Error, Example, Finish, Meta, Outcome, Part, Plan, Session,
};
use crate::isendpro::request::{Champs, RepertoireEdit, RepertoireModif};

/// The action.
pub struct Repertoire;

/// The numbers, and what is kept with them.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Input {
    /// Directory
    ///
    /// Its id, as `repertoireCrea` returned it.
    #[serde(rename = "repertoireId")]
    pub repertoire_id: String,
    /// Numbers
    ///
    /// A list, or text separated by commas, semicolons or line ends.
    #[schemars(extend("x-split" = true), length(min = 1))]
    pub num: Vec<String>,
    /// What to do
    ///
    /// add or del; without it, what the step says.
    #[serde(rename = "repertoireEdit", default)]
    pub edit: Option<RepertoireEdit>,
    /// Country of national numbers
    ///
    /// Two letters, such as FR, RE or BE: how to read numbers without a country code.
    #[serde(default)]
    pub region: Option<String>,
    /// What is kept with the numbers.
    #[serde(flatten)]
    pub champs: Champs,
}

/// The step's fields.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Options {
    /// What to do
    ///
    /// Add the numbers to the directory, or remove them from it.
    #[schemars(extend("viewClass" = "SelectView"))]
    pub repertoire_edit: Option<RepertoireEdit>,
    /// How numbers are read.
    #[serde(flatten)]
    pub numbers: Numbers,
}

/// What iSendPro says of each number.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// Directory
    #[serde(rename = "repertoireId")]
    pub repertoire_id: Option<String>,
    /// Numbers
    ///
    /// The codes of this operation are not published; they are passed on as they came.
    #[serde(default)]
    pub results: Vec<Contact>,
}

/// What iSendPro says of one number.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Contact {
    /// Number
    pub tel: Option<String>,
    /// Return code
    pub code: Option<i64>,
    /// Explanation
    pub message: Option<String>,
}

impl Action for Repertoire {
    type Input = Input;
    type Options = Options;
    type Output = Output;
    type Request = RepertoireModif;

    const META: Meta = Meta {
        name: "repertoire",
        title: "Change a directory",
        description: "Adds numbers to a directory, with up to 27 fields each, or removes them.",
        source: "src/actions/repertoire.rs",
        deed: "done",
        constants: &[],
        examples: &[
            Example {
                title: "Add two contacts",
                body: r#"{"repertoireEdit":"add","repertoireId":"100001","num":["0680010203","0680010204"],"champ1":["Anne","Paul"],"champ2":["Lyon","Brest"]}"#,
            },
            Example {
                title: "Remove one",
                body: r#"{"repertoireEdit":"del","repertoireId":"100001","num":["0680010203"]}"#,
            },
        ],
    };

    const REMEMBERED: &'static [&'static str] = &["repertoireId"];

    /// Adding is `Once`, since it may add the contact a second time; removing is not.
    fn plan(input: Input, options: &Options, _: Timestamp) -> Result<Plan<RepertoireModif>, Error> {
        let edit = input.edit.or(options.repertoire_edit).ok_or_else(|| {
            Error::invalid("repertoireEdit", "is missing")
                .hint("give add or del, in the message or the step")
        })?;
        let count = input.num.len();
        for (name, list) in input.champs.given() {
            if list.len() != count {
                let said = format!("{} values for {count} numbers; give one for each", list.len());
                return Err(Error::invalid(name, said));
            }
        }
        let national = sending::national(input.region.as_deref(), options.numbers.region)?;
        let called = |(index, num): (usize, &String)| {
            recipients::called(&format!("num[{index}]"), num, national).map(|it| it.tel)
        };
        let num = input.num.iter().enumerate().map(called).collect::<Result<_, _>>()?;
        let effect = if edit == RepertoireEdit::Add { Effect::Once } else { Effect::Idempotent };
        let request =
            RepertoireModif { edit, repertoire_id: input.repertoire_id, num, champs: input.champs };
        Ok(Plan::request(effect, request))
    }

    async fn call(api: &Session, part: &Part<RepertoireModif>) -> Outcome {
        answer::ask(api, &part.request, |reply| Output {
            repertoire_id: reply
                .with("repertoireId")
                .and_then(|it| it.text("repertoireId"))
                .map(Into::into),
            results: reply
                .entries
                .iter()
                .map(|it| Contact {
                    tel: it.tel().map(Into::into),
                    code: it.code(),
                    message: it.message().map(Into::into),
                })
                .collect(),
        })
        .await
    }

    fn finish(
        _: &Options,
        plan: Plan<RepertoireModif>,
        outcomes: Vec<Outcome>,
    ) -> Result<Finish<Output>, Error> {
        let effect = plan.parts.first().map_or(Effect::Once, |it| it.effect);
        answer::finish(outcomes, effect)
    }
}
