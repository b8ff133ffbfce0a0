//! What became of a call, and of each recipient in it.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Effect, Error, Kind};

/// What became of one recipient. The list is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Status {
    /// Taken by iSendPro. This is not "delivered".
    Accepted,
    /// Nothing was sent, and trying again unchanged will not help.
    Refused,
    /// Nothing was sent, and trying again makes sense.
    NotSent,
    /// It may have been sent.
    Unknown,
    /// The same number came earlier in the same message and is not sent twice.
    Duplicate,
    /// A dry run: this is what would be sent.
    Planned,
}

impl Status {
    /// The status as it is written in outputs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::NotSent => "notSent",
            Self::Unknown => "unknown",
            Self::Duplicate => "duplicate",
            Self::Planned => "planned",
        }
    }
}

/// Why a recipient or a call did not succeed. The list is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Reason {
    /// The number is on the blacklist (iSendPro's code 11).
    Blacklisted,
    /// The number is not allocated (iSendPro's code 21).
    NotAllocated,
    /// A landline cannot receive an SMS.
    Landline,
    /// A short code is not a recipient.
    ShortNumber,
    /// No telephone number can look like this.
    BadNumber,
    /// The text holds characters that cannot be sent.
    BadCharacters,
    /// The text needs more parts than allowed.
    TooLong,
    /// Outside the hours in which the message may be sent.
    Night,
    /// The date of sending has passed.
    TooLate,
    /// The account: key, address or credit.
    Account,
    /// No usable answer was had.
    Unavailable,
    /// Anything else; the message says what.
    Other,
}

impl Reason {
    /// The reason as it is written in outputs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Blacklisted => "blacklisted",
            Self::NotAllocated => "notAllocated",
            Self::Landline => "landline",
            Self::ShortNumber => "shortNumber",
            Self::BadNumber => "badNumber",
            Self::BadCharacters => "badCharacters",
            Self::TooLong => "tooLong",
            Self::Night => "night",
            Self::TooLate => "tooLate",
            Self::Account => "account",
            Self::Unavailable => "unavailable",
            Self::Other => "other",
        }
    }
}

/// Why a whole call did not succeed.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// What was said or seen, without secrets.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Why, from the closed list.
    pub reason: Reason,
    /// iSendPro's return code.
    pub code: Option<i64>,
    /// How long the API asked to wait before another try.
    pub retry_after: Option<Duration>,
    /// What is wrong with the account, when that is the cause.
    pub account: Option<AccountTrouble>,
    /// Whether nobody was reached: there was no connection.
    pub unreached: bool,
    /// The message quotes a server, and is for no log.
    pub quotes: bool,
}

/// What can be wrong with an account, so that every other message would be refused too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountTrouble {
    /// The key is wrong, or the calling address is not on the account's allow-list.
    KeyOrAddress,
    /// There is no credit left.
    Credit,
}

impl Problem {
    /// A problem without a code.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: None,
            reason,
            code: None,
            retry_after: None,
            account: None,
            unreached: false,
            quotes: false,
        }
    }

    /// The kind of error that this problem is when it made the API refuse a whole request.
    pub const fn refusal_kind(&self) -> Kind {
        match self.account {
            Some(AccountTrouble::KeyOrAddress) => Kind::AccountKey,
            Some(AccountTrouble::Credit) => Kind::AccountCredit,
            None => Kind::Refused,
        }
    }
}

/// What the API said about one recipient.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Accepted, refused or unknown.
    pub status: Status,
    /// iSendPro's return code.
    pub code: Option<i64>,
    /// iSendPro's label of the code.
    pub message: Option<String>,
    /// Why it was refused.
    pub reason: Option<Reason>,
    /// SMS parts billed, when the API says it.
    pub parts: Option<u32>,
    /// Whether this became known by an earlier delivery of the same message, and nothing was called.
    pub replayed: bool,
    /// The message quotes a server, or the message that it is about, and is for no log.
    pub quotes: bool,
}

/// The API's answer to one call.
#[derive(Clone, Default, PartialEq)]
pub struct Reply {
    /// One answer a recipient of the call, in their order; empty for calls without recipients.
    pub answers: Vec<Answer>,
    /// What the action needs of the answer beside that, in its own output's form.
    pub data: Map<String, Value>,
    /// The answer as it came: JSON.
    pub raw: Box<str>,
    /// Whether this is what an earlier delivery of the same message was told.
    pub replayed: bool,
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let statuses: Vec<Status> = self.answers.iter().map(|it| it.status).collect();
        f.debug_struct("Reply")
            .field("answers", &statuses)
            .field("data", &self.data.len())
            .field("raw", &self.raw.len())
            .field("replayed", &self.replayed)
            .finish()
    }
}

/// What became of one call.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The API took the request and answered for it.
    Done(Reply),
    /// The API, or something in front of it, refused the whole request: nothing happened.
    Refused(Problem),
    /// The request never left or was turned away to be tried later: nothing happened.
    NotSent(Problem),
    /// The request left and nobody knows what became of it.
    InDoubt(Problem),
    /// A dry run: no call was made.
    Planned,
}

impl Outcome {
    /// Whether nothing happened, and the same call may well succeed later.
    pub const fn may_be_tried_again(&self) -> bool {
        match self {
            Self::NotSent(_) => true,
            Self::Refused(problem) => problem.account.is_some(),
            Self::Done(_) | Self::InDoubt(_) | Self::Planned => false,
        }
    }

    /// The reply of an action that makes one call and has no recipients.
    ///
    /// # Errors
    /// Whatever kept the call from being done, in the words of an action with this effect.
    pub fn into_reply(self, effect: Effect) -> Result<Reply, Error> {
        match self {
            Self::Done(reply) => Ok(reply),
            Self::Refused(problem) => Err(Error::from_problem(problem.refusal_kind(), &problem)),
            Self::NotSent(problem) => Err(Error::from_problem(Kind::NotSent, &problem)),
            Self::InDoubt(problem) => Err(Error::in_doubt(effect, &problem)),
            Self::Planned => Err(Error::new(Kind::Internal, "a planned call has no reply")),
        }
    }
}

/// Counts of what happened, by recipient (or by message, for actions without recipients).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tally {
    /// Taken by iSendPro, or done.
    pub accepted: u64,
    /// Refused for good.
    pub refused: u64,
    /// Not sent; another try makes sense.
    pub not_sent: u64,
    /// Possibly sent.
    pub unknown: u64,
    /// Left out as a repeat within its message.
    pub duplicate: u64,
    /// What a dry run would send.
    pub planned: u64,
    /// SMS parts billed, as far as the API said.
    pub parts: u64,
    /// Of all these, what was known from an earlier delivery of the same message.
    #[serde(skip_serializing_if = "is_zero")]
    pub replayed: u64,
    /// What a person should look at, although it stopped nothing.
    #[serde(flatten)]
    pub oddities: Oddities,
}

/// Counts of what is sent although it looks like a mistake.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Oddities {
    /// Texts with places of a template that nothing was put in.
    #[serde(skip_serializing_if = "is_zero")]
    pub unfilled_texts: u64,
    /// Texts with HTML in them.
    #[serde(skip_serializing_if = "is_zero")]
    pub html_texts: u64,
    /// Messages with a sender outside of what iSendPro documents.
    #[serde(skip_serializing_if = "is_zero")]
    pub odd_senders: u64,
}

impl Oddities {
    /// Adds others to these.
    pub fn add(&mut self, other: Self) {
        self.unfilled_texts += other.unfilled_texts;
        self.html_texts += other.html_texts;
        self.odd_senders += other.odd_senders;
    }

    /// Each in words, unless there is none: `3 texts look unfilled`.
    pub fn in_words(&self) -> Vec<String> {
        let counts = [
            (self.unfilled_texts, "text looks unfilled", "texts look unfilled"),
            (self.html_texts, "text has HTML in it", "texts have HTML in them"),
            (
                self.odd_senders,
                "message has a sender outside of iSendPro's rules",
                "messages have a sender outside of iSendPro's rules",
            ),
        ];
        let seen = counts.into_iter().filter(|(count, ..)| *count > 0);
        seen.map(|(count, one, many)| format!("{count} {}", if count == 1 { one } else { many }))
            .collect()
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Tally {
    /// Counts one recipient.
    pub fn count(&mut self, status: Status) {
        *match status {
            Status::Accepted => &mut self.accepted,
            Status::Refused => &mut self.refused,
            Status::NotSent => &mut self.not_sent,
            Status::Unknown => &mut self.unknown,
            Status::Duplicate => &mut self.duplicate,
            Status::Planned => &mut self.planned,
        } += 1;
    }

    /// How many there are of each status.
    pub fn by_status(&self) -> [(Status, u64); 6] {
        [
            (Status::Accepted, self.accepted),
            (Status::Refused, self.refused),
            (Status::NotSent, self.not_sent),
            (Status::Unknown, self.unknown),
            (Status::Duplicate, self.duplicate),
            (Status::Planned, self.planned),
        ]
    }

    /// The tally of one thing with this status.
    pub fn of(status: Status) -> Self {
        let mut tally = Self::default();
        tally.count(status);
        tally
    }

    /// Adds another tally to this one.
    pub fn add(&mut self, other: Self) {
        self.accepted += other.accepted;
        self.refused += other.refused;
        self.not_sent += other.not_sent;
        self.unknown += other.unknown;
        self.duplicate += other.duplicate;
        self.planned += other.planned;
        self.parts += other.parts;
        self.replayed += other.replayed;
        self.oddities.add(other.oddities);
    }
}
