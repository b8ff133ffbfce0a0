//! What became of a recipient, as it is told.

use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::sending::{Content, Rules, local};
use crate::component::{Answer, Item, Reason, Status};
use crate::sms::text::{Change, Encoding};

/// What became of one recipient.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Fate {
    /// Status
    ///
    /// accepted (taken by iSendPro, which is not "delivered"), refused, notSent, unknown (it may
    /// have been sent), duplicate, or planned in a dry run.
    pub status: Status,
    /// Number, as given
    pub num: String,
    /// Number, as called
    #[serde(skip_serializing_if = "String::is_empty")]
    pub tel: String,
    /// Why it was not accepted
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Return code
    ///
    /// iSendPro's; 0 when the message was taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<i64>,
    /// Explanation
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The explanation quotes a server, or the message, and is for no log.
    #[serde(skip)]
    pub quotes: bool,
    /// Sent before
    ///
    /// true when this became known by an earlier delivery of the same message, and nothing was sent
    /// now.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub replayed: bool,
    /// Warnings
    ///
    /// What you should know although it stopped nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// What became of one recipient of an SMS.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Sent {
    /// What became of it.
    #[serde(flatten)]
    pub fate: Fate,
    /// SMS parts billed
    ///
    /// When iSendPro says it; in a dry run, as they are counted here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smslong: Option<u32>,
    /// Tracker
    ///
    /// Yours; with a journal and without one of yours, one that is the same whenever this message
    /// comes again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracker: Option<String>,
    /// Time of sending
    ///
    /// When the SMS leaves, if not at once: as asked for, or when marketing may be sent again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send_at: Option<String>,
    /// Changes to the text
    ///
    /// Characters that an SMS cannot show, and what they were replaced by; line ends and blanks that
    /// would have been billed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// Text, as it would be sent
    ///
    /// In a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sms: Option<String>,
    /// Encoding
    ///
    /// In a dry run: GSM-7 or UCS-2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<Encoding>,
    /// Price (EUR)
    ///
    /// In a dry run, if the price of a part is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<f64>,
}

/// What became of one recipient of several.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RecipientResult<T> {
    /// Place in the message
    ///
    /// Counted from 0.
    pub index: usize,
    /// What became of it.
    #[serde(flatten)]
    pub fate: T,
    /// Your own data for this recipient
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meta: Option<Value>,
}

impl Fate {
    /// The fate of this recipient.
    pub fn new(item: &Item, answer: &Answer) -> Self {
        Self {
            status: answer.status,
            num: item.num.clone(),
            tel: item.tel.clone(),
            reason: answer.reason,
            code: answer.code,
            message: answer.message.clone(),
            quotes: answer.quotes,
            replayed: answer.replayed,
            warnings: item.warnings.clone(),
        }
    }
}

impl Sent {
    /// The fate of this recipient, as far as the answer goes.
    pub fn new(item: &Item, answer: &Answer) -> Self {
        Self {
            fate: Fate::new(item, answer),
            smslong: answer.parts,
            tracker: item.tracker.clone(),
            send_at: None,
            changes: Vec::new(),
            sms: None,
            encoding: None,
            price: None,
        }
    }

    /// The same, with what the recipient gets and when. Text, encoding and price are told in plans
    /// only: whoever sent the message knows them.
    #[must_use]
    pub fn with(mut self, content: &Arc<Content>, at: Option<Timestamp>, rules: &Rules) -> Self {
        let leaves =
            matches!(self.fate.status, Status::Accepted | Status::Unknown | Status::Planned);
        self.send_at = at.filter(|_| leaves).map(|it| local(it, rules.account.zone()));
        self.changes.clone_from(&content.changes);
        if self.fate.status == Status::Planned {
            self.sms = Some(content.text.clone());
            self.encoding = Some(content.encoding);
            self.price = rules.price(content.parts.into());
        }
        self
    }
}
