//! `delListeNoire`: takes a number off the blacklist.

use jiff::Timestamp;

use super::answer;
use super::blacklist::{Listed, OneNumber, listed};
use super::sending::Numbers;
use crate::component::{
    Action, Effect, Error, Example, Finish, Meta, Outcome, Part, Plan, Session,
};
use crate::isendpro::request;

/// The action.
pub struct DelListeNoire;

impl Action for DelListeNoire {
    type Input = OneNumber;
    type Options = Numbers;
    type Output = Listed;
    type Request = request::DelListeNoire;

    const META: Meta = Meta {
        name: "delListeNoire",
        title: "Remove from the blacklist",
        description: "Takes a number off the blacklist, so that marketing messages reach it again.",
        source: "src/actions/del_liste_noire.rs",
        deed: "done",
        constants: &[("delListeNoire", "1")],
        examples: &[Example {
            title: "Take a number off the blacklist",
            body: r#"{"num":"0680010203"}"#,
        }],
    };

    const ONCE: bool = false;

    /// `Idempotent`: the list is the same after a second request.
    fn plan(
        input: OneNumber,
        options: &Numbers,
        _: Timestamp,
    ) -> Result<Plan<Self::Request>, Error> {
        Ok(Plan::request(Effect::Idempotent, request::DelListeNoire::new(input.called(*options)?)))
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
