//! `getListeNoire`: the blacklist of the account.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;

use super::rows::{self, EmitBehaviour, Rows};
use crate::component::Session;
use crate::component::{Error, Example, Meta, Outlet, Report};
use crate::isendpro::request;

/// The action.
pub struct GetListeNoire;

/// Nothing has to be said.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub struct Input {}

/// The step's fields.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Options {
    /// Results
    #[schemars(extend("viewClass" = "SelectView"))]
    pub emit_behaviour: EmitBehaviour,
}

impl Report for GetListeNoire {
    type Input = Input;
    type Options = Options;
    type Output = Rows;

    const META: Meta = Meta {
        name: "getListeNoire",
        title: "Get the blacklist",
        description: "Gets the numbers to which marketing messages are refused, row by row or as a \
                      file.",
        source: "src/actions/get_liste_noire.rs",
        deed: "done",
        constants: &[("getListeNoire", "1")],
        examples: &[Example { title: "The whole list", body: "{}" }],
    };

    fn emits_many(options: &Options) -> bool {
        options.emit_behaviour.emits_many()
    }

    fn check(_: &Input, _: &Options, _: Timestamp) -> Result<(), Error> {
        Ok(())
    }

    async fn read(
        api: &Session,
        _: &Input,
        options: &Options,
        _: Timestamp,
        out: &Outlet<'_>,
    ) -> Result<(), Error> {
        rows::fetch(api, &request::GetListeNoire::default(), options.emit_behaviour, out).await
    }
}
