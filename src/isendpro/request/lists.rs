//! Reports, the blacklist, and looking numbers up.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::Operation;
use super::Request;
use super::wire::One;

/// Which report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum RapportCampagne {
    /// 1: as published
    #[default]
    #[serde(rename = "1")]
    Published,
    /// 2: a row for each send (unproven)
    #[serde(rename = "2")]
    Sends,
}

/// The report of what was sent between two dates: a zip with one CSV.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Campagne {
    /// Which report.
    #[serde(rename = "rapportCampagne")]
    pub rapport_campagne: RapportCampagne,
    /// Start, YYYY-MM-DD hh:mm. The API does not say in which time zone.
    pub date_deb: String,
    /// End, YYYY-MM-DD hh:mm.
    pub date_fin: String,
}

impl Campagne {
    /// The published report between these dates.
    pub fn new(date_deb: impl Into<String>, date_fin: impl Into<String>) -> Self {
        let rapport_campagne = RapportCampagne::Published;
        Self { rapport_campagne, date_deb: date_deb.into(), date_fin: date_fin.into() }
    }
}

impl Request for Campagne {
    fn operation(&self) -> Operation {
        match self.rapport_campagne {
            RapportCampagne::Published => Operation::Campagne,
            RapportCampagne::Sends => Operation::CampagneSends,
        }
    }
}

/// Puts a number on the blacklist (`/setlistenoire`): marketing messages to it are refused.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SetListeNoire {
    #[serde(rename = "setlisteNoire")]
    constant: One,
    /// The mobile number.
    pub num: String,
}

/// Takes a number off the blacklist (`/dellistenoire`).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DelListeNoire {
    #[serde(rename = "delListeNoire")]
    constant: One,
    /// The mobile number.
    pub num: String,
}

/// The blacklist (`/getlistenoire`): a zip with one CSV.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct GetListeNoire {
    #[serde(rename = "getListeNoire")]
    constant: One,
}

/// Looks up the operator of numbers (`POST /hlr`). What a look-up costs is not published.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Hlr {
    #[serde(rename = "getHLR")]
    constant: One,
    /// The numbers.
    pub num: Vec<String>,
}

impl SetListeNoire {
    /// Puts this number on the blacklist.
    pub fn new(num: impl Into<String>) -> Self {
        Self { constant: One, num: num.into() }
    }
}

impl DelListeNoire {
    /// Takes this number off the blacklist.
    pub fn new(num: impl Into<String>) -> Self {
        Self { constant: One, num: num.into() }
    }
}

impl Hlr {
    /// Looks these numbers up.
    pub fn new(num: Vec<String>) -> Self {
        Self { constant: One, num }
    }
}

impl Request for SetListeNoire {
    fn operation(&self) -> Operation {
        Operation::SetListeNoire
    }
}

impl Request for DelListeNoire {
    fn operation(&self) -> Operation {
        Operation::DelListeNoire
    }
}

impl Request for GetListeNoire {
    fn operation(&self) -> Operation {
        Operation::GetListeNoire
    }
}

impl Request for Hlr {
    fn operation(&self) -> Operation {
        Operation::Hlr
    }

    fn recipients(&self) -> usize {
        self.num.len()
    }

    fn numbers(&self) -> &[String] {
        &self.num
    }
}
