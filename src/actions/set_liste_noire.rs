//! `setListeNoire`: puts a number on the blacklist.

use jiff::Timestamp;

use super::answer;
use super::blacklist::{Listed, OneNumber, listed};
use super::sending::Numbers;
use crate::component::{
    Action, Effect, Error, Example, Finish, Meta, Outcome, Part, Plan, Session,
};
use crate::isendpro::request;

/// The action.
pub struct SetListeNoire;

impl Action for SetListeNoire {
    type Input = OneNumber;
    type Options = Numbers;
    type Output = Listed;
    type Request = request::SetListeNoire;

    const META: Meta = Meta {
        name: "setListeNoire",
        title: "Add to the blacklist",
        description: "Puts a number on the blacklist: marketing messages to it are refused from then on.",
        source: "src/actions/set_liste_noire.rs",
        deed: "done",
        constants: &[("setlisteNoire", "1")],
        examples: &[Example { title: "Blacklist a number", body: r#"{"num":"0680010203"}"# }],
    };

    const ONCE: bool = false;

    /// `Idempotent`: the list is the same after a second request.
    fn plan(
        input: OneNumber,
        options: &Numbers,
        _: Timestamp,
    ) -> Result<Plan<Self::Request>, Error> {
        Ok(Plan::request(Effect::Idempotent, request::SetListeNoire::new(input.called(*options)?)))
    }

    async fn call(api: &Session, part: &Part<Self::Request>) -> Outcome {
        answer::ask(api, &part.request, listed).await
    }

    fn finish(
        _: &Numbers,
        _: Plan<Self::Request>,
        outcomes: Vec<Outcome>,
    ) -> Result<Finish<Listed>, Error> {
        answer::finish(outcomes, Effect::Idempotent)
    }
}
