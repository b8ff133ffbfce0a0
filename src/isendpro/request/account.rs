//! Credit, short links and sub-accounts.

use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};

use super::super::Operation;
use super::Request;

/// How much is told about the credit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum CreditDetail {
    /// In euros
    #[serde(rename = "1")]
    Euros,
    /// In euros, and how many SMS to metropolitan France that makes
    #[default]
    #[serde(rename = "2")]
    EurosAndQuantity,
}

/// The credit left on the account (`/credit`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Credit {
    /// How much is told.
    pub credit: CreditDetail,
}

impl Request for Credit {
    fn operation(&self) -> Operation {
        Operation::Credit
    }
}

/// Makes a short link (`POST /shortlink`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AddShortlink {
    /// Address to shorten
    ///
    /// The API does not say more about it; the whole address with https:// is meant.
    pub shortlink: String,
}

impl Request for AddShortlink {
    fn operation(&self) -> Operation {
        Operation::Shortlink
    }
}

/// Creates a sub-account (`POST /subaccount`).
#[derive(Debug, Clone, Serialize)]
pub struct SubaccountAdd {
    #[serde(rename = "subAccountEdit")]
    constant: &'static str,
    /// The login of the sub-account.
    #[serde(rename = "subAccountLogin")]
    pub login: String,
    /// Its password.
    #[serde(rename = "subAccountPassword", serialize_with = "exposed")]
    pub password: SecretString,
}

impl SubaccountAdd {
    /// Creates a sub-account with this login and password.
    pub fn new(login: impl Into<String>, password: SecretString) -> Self {
        Self { constant: "addAccount", login: login.into(), password }
    }
}

impl Request for SubaccountAdd {
    fn operation(&self) -> Operation {
        Operation::SubaccountAdd
    }

    fn secrets(&self) -> Option<&str> {
        Some(self.password.expose_secret())
    }
}

fn exposed<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose_secret())
}

/// What is changed of a sub-account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SubaccountChange {
    /// Set the price
    SetPrice,
    /// Add credit
    AddCredit,
    /// Set the restrictions
    SetRestriction,
}

/// Changes a sub-account (`PUT /subaccount`).
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SubaccountEdit {
    /// What to change
    #[serde(rename = "subAccountEdit")]
    pub edit: SubaccountChange,
    /// Key of the sub-account
    ///
    /// As `subaccountAdd` returned it.
    #[serde(rename = "subAccountKeyId", serialize_with = "exposed")]
    #[schemars(with = "String")]
    pub key_id: SecretString,
    /// Credit to add
    ///
    /// In euros; for "Add credit".
    #[serde(default, rename = "subAccountAddCredit", skip_serializing_if = "Option::is_none")]
    pub add_credit: Option<String>,
    /// Price
    ///
    /// For "Set the price".
    #[serde(default, rename = "subAccountPrice", skip_serializing_if = "Option::is_none")]
    pub price: Option<String>,
    /// Country of the price
    ///
    /// For "Set the price". Its form is not published.
    #[serde(default, rename = "subAccountCountryCode", skip_serializing_if = "Option::is_none")]
    pub country_code: Option<String>,
    /// STOP restriction
    ///
    /// 0 or 1, for "Set the restrictions". Which of them lifts it is not published.
    #[serde(
        default,
        rename = "subAccountRestrictionStop",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(extend("enum" = ["0", "1"]))]
    pub restriction_stop: Option<String>,
    /// Time-of-day restriction
    ///
    /// 0 or 1, for "Set the restrictions". Which of them lifts it is not published.
    #[serde(
        default,
        rename = "subAccountRestrictionTime",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(extend("enum" = ["0", "1"]))]
    pub restriction_time: Option<String>,
}

impl Request for SubaccountEdit {
    fn operation(&self) -> Operation {
        Operation::SubaccountEdit
    }

    fn secrets(&self) -> Option<&str> {
        Some(self.key_id.expose_secret())
    }
}
