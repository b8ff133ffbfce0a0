//! Directories of contacts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::Operation;
use super::Request;

/// Creates a directory (`POST /repertoire`).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RepertoireCrea {
    #[serde(rename = "repertoireEdit")]
    constant: &'static str,
    /// The name of the directory.
    #[serde(rename = "repertoireNom")]
    pub repertoire_nom: String,
}

impl RepertoireCrea {
    /// Creates a directory of this name.
    pub fn new(repertoire_nom: impl Into<String>) -> Self {
        Self { constant: "create", repertoire_nom: repertoire_nom.into() }
    }
}

impl Request for RepertoireCrea {
    fn operation(&self) -> Operation {
        Operation::RepertoireCreate
    }
}

/// What is done with the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RepertoireEdit {
    /// Add
    Add,
    /// Remove
    Del,
}

/// Adds numbers to a directory, or removes them (`PUT /repertoire`).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RepertoireModif {
    /// What is done.
    #[serde(rename = "repertoireEdit")]
    pub edit: RepertoireEdit,
    /// The directory.
    #[serde(rename = "repertoireId")]
    pub repertoire_id: String,
    /// The numbers.
    pub num: Vec<String>,
    /// What is kept with them.
    #[serde(flatten)]
    pub champs: Champs,
}

impl Request for RepertoireModif {
    fn operation(&self) -> Operation {
        Operation::RepertoireModif
    }

    fn recipients(&self) -> usize {
        self.num.len()
    }
}

/// Declares the 27 lists that a directory keeps beside its numbers.
macro_rules! champs {
    ($($(#[$doc:meta])+ $name:ident,)+) => {
        /// What a directory keeps with each number: 27 lists, each as long as the list of numbers.
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(default)]
        pub struct Champs {
            $($(#[$doc])+
            #[serde(skip_serializing_if = "Vec::is_empty")]
            pub $name: Vec<String>,)+
        }

        impl Champs {
            /// The lists that are not empty, by name.
            pub fn given(&self) -> impl Iterator<Item = (&'static str, &[String])> {
                [$((stringify!($name), self.$name.as_slice()),)+]
                    .into_iter()
                    .filter(|(_, list)| !list.is_empty())
            }
        }
    };
}

champs! {
    /// Names
    ///
    /// One name a number, in the same order.
    champ1,
    /// Field A
    champ2,
    /// Field B
    champ3,
    /// Field C
    champ4,
    /// Field D
    champ5,
    /// Field E
    champ6,
    /// Field F
    champ7,
    /// Field G
    champ8,
    /// Field H
    champ9,
    /// Field I
    champ10,
    /// Field J
    champ11,
    /// Field K
    champ12,
    /// Field L
    champ13,
    /// Field M
    champ14,
    /// Field N
    champ15,
    /// Field O
    champ16,
    /// Field P
    champ17,
    /// Field Q
    champ18,
    /// Field R
    champ19,
    /// Field S
    champ20,
    /// Field T
    champ21,
    /// Field U
    champ22,
    /// Field V
    champ23,
    /// Field W
    champ24,
    /// Field X
    champ25,
    /// Field Y
    champ26,
    /// Field Z
    champ27,
}
