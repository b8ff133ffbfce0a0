//! What the two actions that change the blacklist share.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::recipients;
use super::sending::{self, Numbers};
use crate::component::Error;
use crate::isendpro::Reply;

/// The number to be listed or taken off.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct OneNumber {
    /// Number
    ///
    /// A mobile number, national (0680010203) or international (33680010203).
    pub num: String,
    /// Country of national numbers
    ///
    /// Two letters, such as FR, RE or BE: how to read a number without a country code.
    #[serde(default)]
    pub region: Option<String>,
}

impl OneNumber {
    /// The number as it is called.
    pub(super) fn called(&self, options: Numbers) -> Result<String, Error> {
        let national = sending::national(self.region.as_deref(), options.region)?;
        Ok(recipients::called("num", &self.num, national)?.tel)
    }
}

/// What iSendPro says of the list.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Listed {
    /// Result
    ///
    /// OK.
    #[serde(rename = "listeNoire")]
    pub liste_noire: Option<String>,
    /// Number
    pub tel: Option<String>,
}

/// Reads the answer to a change of the blacklist.
pub(super) fn listed(reply: &Reply) -> Listed {
    let entry = reply.with("listeNoire").cloned().unwrap_or_default();
    Listed {
        liste_noire: entry.text("listeNoire").map(Into::into),
        tel: entry.tel().map(Into::into),
    }
}
