//! What the sends are told by a step, a credential or the environment.

use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::component::Error;
use crate::sms::region::Region;
use crate::sms::schedule::{self, Hours};

/// Parts that a text may need when neither the step nor the message says.
const PARTS: u8 = 3;
/// Recipients that one message may have when no setting says.
const RECIPIENTS: usize = 10_000;
/// Recipients of one request when no setting says.
const BATCH: usize = 500;

/// What the sends are told by a step (the first three), a credential or the environment.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Rules {
    /// Kind of message
    ///
    /// Marketing messages keep their STOP mention, and wait until they may be sent: from 8:00 to
    /// 20:00 where the recipient is, not on Sundays and public holidays. Transactional messages,
    /// such as an order or an appointment, leave at once.
    #[schemars(extend("viewClass" = "SelectView", "x-required" = true))]
    pub kind: Option<Purpose>,
    /// Characters outside the SMS alphabet
    ///
    /// Replace (repair) writes ê as e, typographic quotes as plain ones, and leaves emoji out; each
    /// result lists the changes. Refuse (strict) sends no text that has such characters. Unicode
    /// abroad (ucs2) sends them as they are, with 70 characters an SMS, outside metropolitan France,
    /// and replaces them within.
    #[schemars(extend("viewClass" = "SelectView"))]
    pub text_policy: TextPolicy,
    /// Most parts of a text
    ///
    /// A text of more than 160 characters goes in parts, each billed as an SMS. 1 to 6; 3 if empty.
    /// A text that needs more is refused. A message may ask for less with smslong, not for more.
    #[schemars(extend("viewClass" = "TextFieldView", "placeholder" = "3"), range(min = 1, max = 6))]
    pub max_parts: Option<u8>,
    /// What is known of the account and of whoever sends.
    #[serde(flatten)]
    pub account: Account,
    /// The most recipients of one message.
    #[schemars(extend("x-setting" = true), range(min = 1))]
    pub max_recipients: Option<usize>,
    /// The most recipients of one request.
    #[schemars(extend("x-setting" = true), range(min = 1, max = 10_000))]
    pub batch_size: Option<usize>,
    /// Whether marketing messages may be sent on Sundays.
    #[schemars(extend("x-setting" = true))]
    pub marketing_sundays: bool,
    /// Whether marketing messages may be sent on public holidays.
    #[schemars(extend("x-setting" = true))]
    pub marketing_holidays: bool,
    /// What a part costs, in euros: for plans.
    #[schemars(extend("x-setting" = true), range(min = 0, max = 1000))]
    pub price_per_part: Option<f64>,
}

/// What a credential or the environment say of the account, and of how whoever sends writes.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Account {
    /// The account's default sender.
    #[serde(rename = "emetteur")]
    #[schemars(extend("x-setting" = true))]
    pub sender: Option<String>,
    /// Whether iSendPro has lifted the STOP mention for this account.
    #[schemars(extend("x-setting" = true))]
    pub stop_lifted: bool,
    /// The country whose national numbers are meant.
    #[serde(deserialize_with = "region")]
    #[schemars(extend("x-setting" = true), with = "Option<String>")]
    pub region: Option<Region>,
    /// The time zone of dates that name none.
    #[serde(deserialize_with = "time_zone")]
    #[schemars(extend("x-setting" = true), with = "Option<String>")]
    pub time_zone: Option<TimeZone>,
}

impl Account {
    /// The time zone of dates that name none.
    pub fn zone(&self) -> TimeZone {
        self.time_zone.clone().unwrap_or_else(schedule::paris)
    }
}

/// What this many parts cost at this price, in euros, without the noise of binary fractions.
pub fn cost(parts: u64, price: f64) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "nobody sends 2^52 SMS")]
    let parts = parts as f64;
    (parts * price * 1e6).round() / 1e6
}

/// What a message is for. The law asks more of marketing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Purpose {
    /// Transactional
    Transactional,
    /// Marketing
    Marketing,
}

/// What happens to characters that the GSM alphabet lacks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum TextPolicy {
    /// Replace
    #[default]
    Repair,
    /// Refuse
    Strict,
    /// Unicode abroad
    Ucs2,
}

impl Rules {
    /// How many parts a text may need: what the step says, or less, if the message does.
    pub fn most_parts(&self, smslong: Option<u16>) -> u32 {
        let step = u32::from(self.max_parts.unwrap_or(PARTS));
        smslong.map_or(step, |it| step.min(it.into()))
    }

    /// Refuses a message with more recipients than allowed.
    ///
    /// # Errors
    /// Says how many there are, and how many may be.
    pub fn check_count(&self, field: &str, recipients: usize) -> Result<(), Error> {
        let most = self.max_recipients.unwrap_or(RECIPIENTS);
        if recipients <= most {
            return Ok(());
        }
        let said = format!("{recipients} recipients in one message, allowed {most}");
        Err(Error::invalid(field, said)
            .hint("split the message, or raise the setting maxRecipients"))
    }

    /// Recipients of one request, at most.
    pub fn batch_size(&self) -> usize {
        self.batch_size.unwrap_or(BATCH).max(1)
    }

    /// What this many parts cost, in euros.
    pub fn price(&self, parts: u64) -> Option<f64> {
        self.price_per_part.map(|it| cost(parts, it))
    }

    /// When marketing messages may be sent.
    pub fn hours(&self) -> Hours {
        Hours { sundays: self.marketing_sundays, holidays: self.marketing_holidays }
    }
}

/// The setting of an action that takes numbers and sends nothing.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Numbers {
    /// The country whose national numbers are meant.
    #[serde(deserialize_with = "region")]
    #[schemars(extend("x-setting" = true), with = "Option<String>")]
    pub region: Option<Region>,
}

/// The country whose national numbers are meant: the message's, else the setting's, else France.
///
/// # Errors
/// When the message's is no country code.
pub fn national(own: Option<&str>, setting: Option<Region>) -> Result<Region, Error> {
    match own {
        Some(own) => own.parse().map_err(|it| Error::invalid("region", it)),
        None => Ok(setting.unwrap_or(Region::FR)),
    }
}

/// Reads the setting `region`. It names itself, because errors of flattened fields have no path.
fn region<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Region>, D::Error> {
    let Some(text) = Option::<String>::deserialize(from)? else { return Ok(None) };
    text.parse().map(Some).map_err(|it| serde::de::Error::custom(format!("region: {it}")))
}

fn time_zone<'de, D: Deserializer<'de>>(from: D) -> Result<Option<TimeZone>, D::Error> {
    let Some(text) = Option::<String>::deserialize(from)? else { return Ok(None) };
    schedule::zone(&text)
        .map(Some)
        .map_err(|it| serde::de::Error::custom(format!("timeZone: {it}")))
}
