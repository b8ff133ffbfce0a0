//! Sending SMS, and counting what a text needs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::Operation;
use super::Request;
use super::wire::{One, is_unset, number_one, one, text};

/// One SMS to one recipient (`POST /sms`).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Sms {
    /// Recipient
    ///
    /// A mobile number, national (0680010203) or international (33680010203).
    pub num: String,
    /// Text
    ///
    /// 160 characters of the GSM alphabet fit one SMS, 153 each part of a longer one. With a sender,
    /// the STOP mention takes 12 of them.
    pub sms: String,
    /// Sender
    ///
    /// What the recipient sees: 4 to 11 letters, digits or blanks, not digits only. Commercial
    /// messages with a sender must carry the STOP mention.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emetteur: Option<String>,
    /// Most parts
    ///
    /// 1 to 6, or 999 for as many as the text needs; never more than the step allows. A text that
    /// needs more is refused; one that needs fewer is billed for fewer.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "text")]
    #[schemars(range(min = 1, max = 999))]
    pub smslong: Option<u16>,
    /// Date of sending
    ///
    /// 2027-01-12 18:00 in the time zone below, or ISO 8601 with an offset, such as
    /// 2027-01-12T18:00+01:00. Without it the SMS is sent at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date_envoi: Option<String>,
    /// Time zone of the date
    ///
    /// Any name such as Europe/Paris or Indian/Reunion. Without it, the zone of the setting timeZone,
    /// which is French time by default. iSendPro is told the same instant in a zone that it knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gmt_zone: Option<String>,
    /// Tracker
    ///
    /// Your id of this SMS, up to 49 letters and digits. It comes back with the delivery report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracker: Option<String>,
    /// Without the STOP mention
    ///
    /// Only for messages that are not commercial, once iSendPro has lifted the restriction for the
    /// account.
    #[serde(default, skip_serializing_if = "is_unset", serialize_with = "one")]
    pub nostop: bool,
    /// Unicode
    ///
    /// Send all characters, 70 to an SMS, to a number outside metropolitan France. Within it, where
    /// iSendPro sends none, they are replaced.
    #[serde(default, skip_serializing_if = "is_unset", serialize_with = "one")]
    pub ucs2: bool,
    /// Azur number
    ///
    /// Part of the API without an explanation.
    #[serde(default, rename = "numAzur", skip_serializing_if = "is_unset", serialize_with = "one")]
    pub num_azur: bool,
    /// iSendPro's test mode (undocumented)
    ///
    /// Other clients send it so that the SMS is accepted and not billed. It is not in iSendPro's
    /// documentation and was not tried by us.
    #[serde(default, skip_serializing_if = "is_unset", serialize_with = "number_one")]
    pub sandbox: bool,
    /// Country of national numbers
    ///
    /// Two letters, such as FR, RE or BE: how to read a number without a country code. Not part of
    /// the API, and never sent.
    #[serde(default, skip_serializing)]
    pub region: Option<String>,
}

impl Request for Sms {
    fn operation(&self) -> Operation {
        Operation::Sms
    }

    fn numbers(&self) -> &[String] {
        std::slice::from_ref(&self.num)
    }

    fn recipients(&self) -> usize {
        1
    }
}

/// SMS to several recipients (`POST /smsmulti`).
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct SmsMulti {
    /// The recipients.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub num: Vec<String>,
    /// One text for all, or one text a recipient.
    pub sms: Vec<String>,
    /// A directory whose numbers are recipients too.
    #[serde(rename = "repertoireId", skip_serializing_if = "Option::is_none")]
    pub repertoire_id: Option<String>,
    /// One tracker a recipient, up to 49 letters and digits each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tracker: Vec<String>,
    /// As in [`Sms`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emetteur: Option<String>,
    /// As in [`Sms`].
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "text")]
    pub smslong: Option<u16>,
    /// As in [`Sms`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_envoi: Option<String>,
    /// As in [`Sms`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gmt_zone: Option<String>,
    /// As in [`Sms`].
    #[serde(skip_serializing_if = "is_unset", serialize_with = "one")]
    pub nostop: bool,
    /// As in [`Sms`].
    #[serde(skip_serializing_if = "is_unset", serialize_with = "one")]
    pub ucs2: bool,
    /// As in [`Sms`].
    #[serde(rename = "numAzur", skip_serializing_if = "is_unset", serialize_with = "one")]
    pub num_azur: bool,
    /// As in [`Sms`]; seen in other clients for single messages only.
    #[serde(skip_serializing_if = "is_unset", serialize_with = "number_one")]
    pub sandbox: bool,
}

impl Request for SmsMulti {
    fn operation(&self) -> Operation {
        Operation::SmsMulti
    }

    fn recipients(&self) -> usize {
        self.num.len()
    }

    fn numbers(&self) -> &[String] {
        // Nobody here knows those of a directory.
        if self.repertoire_id.is_none() { &self.num } else { &[] }
    }
}

/// Counting the characters of a text and the SMS that it needs; nothing is sent (`POST /comptage`).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comptage {
    #[serde(rename = "comptage")]
    constant: One,
    /// The message that would be sent.
    #[serde(flatten)]
    pub message: Sms,
}

impl Comptage {
    /// The question for this message. The API allows only 999 (as needed) for `smslong` here, so
    /// any other value is left out.
    pub fn new(mut message: Sms) -> Self {
        message.smslong = message.smslong.filter(|it| *it == 999);
        Self { constant: One, message }
    }
}

impl Request for Comptage {
    fn operation(&self) -> Operation {
        Operation::Comptage
    }
}
