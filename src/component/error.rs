//! What went wrong, in words that say first what happened to the money.

mod quoted;

use std::fmt;
use std::num::NonZeroU64;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use super::{Effect, Problem, Reason};

/// What an error means for the message and for whoever has to act on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Kind {
    /// The message itself is wrong; nothing left.
    Invalid,
    /// The set-up (key, server, an option) is wrong; nothing left.
    Config,
    /// iSendPro answered no; nothing happened, the same message will be refused again.
    Refused,
    /// iSendPro refuses the account: wrong key, or an address that is not on its allow-list.
    AccountKey,
    /// iSendPro refuses for lack of credit.
    AccountCredit,
    /// Nothing was sent and trying again makes sense.
    NotSent,
    /// It may have happened: repeating it may cost a second time.
    Unknown,
    /// A question, or a change that may be repeated, got no usable answer.
    Unavailable,
    /// An answer came that cannot be used, and trying again will not help.
    Unusable,
    /// The connector itself failed before anything left.
    Internal,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::Invalid,
        Self::Config,
        Self::Refused,
        Self::AccountKey,
        Self::AccountCredit,
        Self::NotSent,
        Self::Unknown,
        Self::Unavailable,
        Self::Unusable,
        Self::Internal,
    ];

    /// The kind as it is written in outputs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Config => "config",
            Self::Refused => "refused",
            Self::AccountKey => "accountKey",
            Self::AccountCredit => "accountCredit",
            Self::NotSent => "notSent",
            Self::Unknown => "unknown",
            Self::Unavailable => "unavailable",
            Self::Unusable => "unusable",
            Self::Internal => "internal",
        }
    }
}

/// An error for people: the state of the money, what went wrong, where, and what to do.
///
/// `Display` is one line that a list can show. It never holds a key or a password.
#[derive(Debug, Clone, PartialEq)]
pub struct Error {
    /// What the error means; runtimes branch on this and on nothing else.
    pub kind: Kind,
    /// What went wrong, without the state of the money.
    pub what: String,
    /// What to do about it.
    pub hint: Option<Box<str>>,
    /// The field of the message or of the configuration that is wrong.
    pub field: Option<Box<str>>,
    /// What the author of the message must have meant. Boxed, as most errors have none.
    pub meant: Option<Box<Meant>>,
    /// iSendPro's return code, when it gave one.
    pub code: Option<i64>,
    /// Why, from a closed list.
    pub reason: Option<Reason>,
    /// Line of the input, counted from 1, when the message came in lines.
    pub line: Option<NonZeroU64>,
    /// How long the API asked to wait before another try.
    pub retry_after: Option<Box<Duration>>,
    /// Whether nobody was reached: there was no connection.
    pub unreached: bool,
    /// How many bytes of `what`, from its beginning on, are the connector's own words. The rest quotes a
    /// server, or the message, and no log shows it before `debug`.
    pub own: u32,
    /// What the action does to the world, as a participle: `sent`, `done`.
    pub deed: &'static str,
}

/// A text as it must have been meant. Only the output shows it: no text is in a log.
#[derive(Clone, PartialEq, Eq)]
pub struct Meant(pub String);

impl fmt::Debug for Meant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Meant")
    }
}

impl Error {
    /// An error of this kind that says `what`. What is wrong with a message is said in its own names and
    /// values; all else is taken for the connector's own words.
    pub fn new(kind: Kind, what: impl Into<String>) -> Self {
        Self {
            kind,
            what: what.into(),
            hint: None,
            field: None,
            meant: None,
            code: None,
            reason: None,
            line: None,
            retry_after: None,
            unreached: false,
            own: if kind == Kind::Invalid { 0 } else { quoted::ALL },
            deed: "sent",
        }
    }

    /// A mistake in a message's field.
    pub fn invalid(field: impl Into<Box<str>>, what: impl fmt::Display) -> Self {
        Self::at(Kind::Invalid, field.into(), what)
    }

    /// A mistake in the configuration.
    pub fn config(field: impl Into<Box<str>>, what: impl fmt::Display) -> Self {
        Self::at(Kind::Config, field.into(), what)
    }

    fn at(kind: Kind, field: Box<str>, what: impl fmt::Display) -> Self {
        let said = format!("{field}: {what}");
        Self { field: Some(field), ..Self::new(kind, said) }
    }

    /// The error of a whole call, from what the API or the network said.
    pub fn from_problem(kind: Kind, problem: &Problem) -> Self {
        Self {
            code: problem.code,
            reason: Some(problem.reason),
            retry_after: problem.retry_after.map(Box::new),
            unreached: problem.unreached,
            hint: problem.hint.as_deref().map(Into::into),
            ..Self::new(kind, problem.message.clone()).quoting_if(problem.quotes)
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Box<str>>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Whether the same message may be tried again without a risk of doing it twice.
    pub fn retryable(&self) -> bool {
        matches!(
            self.kind,
            Kind::NotSent | Kind::Unavailable | Kind::AccountKey | Kind::AccountCredit
        )
    }

    /// What went wrong, with what was meant: for the result of the message, and for no log.
    pub fn told(&self) -> String {
        self.with_meant(self.what.clone())
    }

    /// The whole error with what was meant: for whoever gets the message back, and for no log.
    pub fn shown(&self) -> String {
        self.with_meant(self.to_string())
    }

    /// What became of the message, in the words of results.
    pub const fn status(&self) -> &'static str {
        match self.kind {
            Kind::Invalid | Kind::Refused | Kind::Unusable => "refused",
            Kind::Unknown => "unknown",
            Kind::Config
            | Kind::AccountKey
            | Kind::AccountCredit
            | Kind::NotSent
            | Kind::Unavailable
            | Kind::Internal => "notSent",
        }
    }

    /// The error as it appears in an output line.
    pub fn to_json(&self) -> Value {
        let mut wire = json!({
            "kind": self.kind,
            "message": self.to_string(),
            "retryable": self.retryable(),
        });
        let optional = [
            ("field", self.field.as_ref().map(|it| json!(it))),
            ("hint", self.hint.as_ref().map(|it| json!(it))),
            ("meant", self.meant.as_ref().map(|it| json!(it.0))),
            ("code", self.code.map(|it| json!(it))),
            ("reason", self.reason.map(|it| json!(it))),
            ("line", self.line.map(|it| json!(it))),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                wire[name] = value;
            }
        }
        wire
    }

    /// What a failure means for an action whose effect is `effect`, when nobody knows whether the
    /// request was carried out.
    pub fn in_doubt(effect: Effect, problem: &Problem) -> Self {
        let kind = if effect == Effect::Once { Kind::Unknown } else { Kind::Unavailable };
        Self::from_problem(kind, problem)
    }

    fn with_meant(&self, mut said: String) -> String {
        if let Some(meant) = &self.meant {
            said += "; it must have been: ";
            said += &meant.0;
        }
        said
    }

    /// The code and the reason, in brackets.
    fn refusal(&self) -> String {
        let mut details = Vec::new();
        details.extend(self.code.map(|code| format!("code {code}")));
        details.extend(match self.kind {
            Kind::AccountKey => Some("key or address".to_owned()),
            Kind::AccountCredit => Some("no credit".to_owned()),
            _ => self.reason.filter(|it| *it != Reason::Other).map(|it| it.as_str().to_owned()),
        });
        if details.is_empty() { String::new() } else { format!(" ({})", details.join(", ")) }
    }
}

impl Error {
    /// Writes the state of the money.
    fn state(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let deed = self.deed;
        match self.kind {
            Kind::Invalid => write!(f, "INVALID, nothing {deed}"),
            Kind::Config => write!(f, "CONFIGURATION, nothing {deed}"),
            Kind::Refused | Kind::AccountKey | Kind::AccountCredit => {
                write!(f, "REFUSED by iSendPro{}, nothing {deed}", self.refusal())
            }
            Kind::NotSent => write!(f, "NOT {}, retry is safe", deed.to_uppercase()),
            Kind::Unknown if deed == "sent" => {
                write!(f, "MAY HAVE BEEN SENT, retrying may send twice")
            }
            Kind::Unknown => write!(f, "MAY HAVE BEEN DONE, retrying may do it twice"),
            Kind::Unavailable => write!(f, "NO USABLE ANSWER, retry is safe"),
            Kind::Unusable => write!(f, "UNUSABLE ANSWER, trying again will not help"),
            Kind::Internal => write!(f, "FAILED in the connector, nothing {deed}"),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.state(f)?;
        write!(f, ": {}", self.what)?;
        if let Some(hint) = &self.hint {
            write!(f, "; {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_kinds_are_listed() {
        for (place, kind) in Kind::ALL.into_iter().enumerate() {
            // A kind that is new has no place here, and so none in the list.
            let own = match kind {
                Kind::Invalid => 0,
                Kind::Config => 1,
                Kind::Refused => 2,
                Kind::AccountKey => 3,
                Kind::AccountCredit => 4,
                Kind::NotSent => 5,
                Kind::Unknown => 6,
                Kind::Unavailable => 7,
                Kind::Unusable => 8,
                Kind::Internal => 9,
            };
            assert_eq!(own, place);
        }
    }

    #[test]
    fn a_kind_is_called_as_it_is_written() {
        assert_eq!(Kind::ALL.map(|it| json!(it)), Kind::ALL.map(|it| json!(it.as_str())));
    }

    #[test]
    fn what_was_meant_is_told_and_never_logged() {
        let meant = Some(Box::new(Meant("arrivé".to_owned())));
        let error = Error { meant, ..Error::invalid("sms", "was decoded wrongly") };
        assert_eq!(error.to_json()["meant"], "arrivé");
        for told in [error.told(), error.shown()] {
            assert!(told.ends_with("was decoded wrongly; it must have been: arrivé"), "{told}");
        }
        for logged in [error.to_string(), format!("{error:?}")] {
            assert!(!logged.contains("arrivé"), "{logged}");
        }
    }

    #[test]
    fn every_message_begins_with_the_state_of_the_money() {
        let problem = Problem::new(Reason::Unavailable, "no answer within 20 s");
        let mut unknown = Error::in_doubt(Effect::Once, &problem);
        assert_eq!(
            unknown.to_string(),
            "MAY HAVE BEEN SENT, retrying may send twice: no answer within 20 s"
        );
        unknown.deed = "done";
        assert!(unknown.to_string().starts_with("MAY HAVE BEEN DONE, retrying may do it twice"));
        assert_eq!(
            Error::in_doubt(Effect::Read, &problem).to_string(),
            "NO USABLE ANSWER, retry is safe: no answer within 20 s"
        );
        let mut refused = Problem::new(Reason::Blacklisted, "the number is blacklisted");
        refused.code = Some(11);
        assert_eq!(
            Error::from_problem(Kind::Refused, &refused).to_string(),
            "REFUSED by iSendPro (code 11, blacklisted), nothing sent: the number is blacklisted"
        );
        assert_eq!(
            Error::invalid("num", "is missing").hint("give a number").to_string(),
            "INVALID, nothing sent: num: is missing; give a number"
        );
    }
}
