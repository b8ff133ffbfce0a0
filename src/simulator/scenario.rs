//! What becomes of a send: an answer, a refusal, or an answer that goes wrong
//! before or after the message was taken. Recipients choose it by their last
//! four digits; a fault plan chooses it for every nth request.

use std::collections::HashSet;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::codes::{self, Code};
use super::message::Message;
use super::reply::{Refusal, Reply};

/// How an answer goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// HTTP 429 that asks to wait a second.
    TooManyRequests,
    /// HTTP 500 with a page.
    ServerError,
    /// HTTP 200 with a page.
    Page,
    /// HTTP 200 with the first half of the JSON.
    Truncated,
    /// HTTP 200 with nothing.
    Empty,
    /// The connection closes without a byte.
    Dropped,
    /// No answer.
    Silent,
    /// A refusal by a code that is in no list.
    Unlisted,
    /// A refusal that repeats the key in clear.
    Reflected,
}

/// What becomes of a whole request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Nothing is taken.
    NotTaken(Failure),
    /// Everything acceptable is taken, then the answer goes wrong.
    TakenThen(Failure),
}

/// What a recipient asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scenario {
    /// This recipient is refused.
    Refused(Code),
    /// This recipient is taken but has no entry in the answer.
    Unanswered,
    /// The first request with this recipient and text is one too many.
    Throttled,
    /// The whole request goes wrong.
    Whole(Fate),
}

/// The scenario of a number in international form.
pub(super) fn of(tel: &str) -> Option<Scenario> {
    use Failure::{
        Dropped, Empty, Page, Reflected, ServerError, Silent, TooManyRequests, Truncated, Unlisted,
    };
    use Fate::{NotTaken, TakenThen};
    use Scenario::{Refused, Throttled, Unanswered, Whole};
    let from = tel.len().checked_sub(4)?;
    Some(match tel.get(from..)? {
        "0011" => Refused(codes::BLACKLISTED),
        "0021" => Refused(codes::NOT_ALLOCATED),
        "0429" => Throttled,
        "0430" => Whole(NotTaken(TooManyRequests)),
        "0500" => Whole(NotTaken(ServerError)),
        "0501" => Whole(TakenThen(ServerError)),
        "0900" => Whole(TakenThen(Page)),
        "0901" => Whole(TakenThen(Truncated)),
        "0902" => Whole(TakenThen(Empty)),
        "0903" => Whole(TakenThen(Dropped)),
        "0904" => Whole(TakenThen(Silent)),
        "0905" => Whole(NotTaken(Dropped)),
        "0906" => Unanswered,
        "0907" => Whole(NotTaken(Unlisted)),
        "0908" => Whole(NotTaken(Reflected)),
        _ => return None,
    })
}

/// Recipients and texts that were throttled once; the next time they pass.
#[derive(Debug, Default)]
pub(super) struct Throttled(HashSet<u64>);

impl Throttled {
    /// The fate of a request: that of its first recipient that chooses one.
    pub fn fate(&mut self, message: &Message) -> Option<Fate> {
        let mut fate = None;
        for recipient in &message.recipients {
            let scenario = recipient.tel.as_deref().and_then(of);
            let own = match scenario {
                Some(Scenario::Whole(fate)) => Some(fate),
                // All throttled recipients are seen, or a request with several
                // would be throttled several times.
                Some(Scenario::Throttled) if self.first(&(&recipient.tel, &recipient.sms)) => {
                    Some(Fate::NotTaken(Failure::TooManyRequests))
                }
                _ => None,
            };
            fate = fate.or(own);
        }
        fate
    }

    fn first(&mut self, send: &impl std::hash::Hash) -> bool {
        let hasher = BuildHasherDefault::<DefaultHasher>::default();
        self.0.insert(hasher.hash_one(send))
    }
}

impl Failure {
    /// The answer gone wrong; `answer` is the one that would have been right.
    pub fn reply(self, key: &str, answer: Option<Reply>) -> Reply {
        let page = |status, text| Reply::Page {
            status,
            media: "text/html; charset=utf-8",
            text,
            retry_after: None,
        };
        match self {
            Self::TooManyRequests => Reply::Page {
                status: StatusCode::TOO_MANY_REQUESTS,
                media: "text/plain",
                text: "Too Many Requests",
                retry_after: Some(1),
            },
            Self::ServerError => page(
                StatusCode::INTERNAL_SERVER_ERROR,
                "<html><body><h1>Internal Server Error</h1></body></html>",
            ),
            Self::Page => {
                page(StatusCode::OK, "<html><body><h1>Maintenance en cours</h1></body></html>")
            }
            Self::Empty => page(StatusCode::OK, ""),
            Self::Truncated => answer.map_or(Reply::Dropped, halved),
            Self::Dropped => Reply::Dropped,
            Self::Silent => Reply::Silent,
            Self::Unlisted => Refusal::from(codes::UNLISTED).into(),
            Self::Reflected => Refusal::about(codes::REFLECTED, key.to_owned()).into(),
        }
    }
}

fn halved(answer: Reply) -> Reply {
    match answer {
        Reply::Json(status, mut text) => {
            text.truncate(text.len() / 2);
            Reply::Json(status, text)
        }
        other => other,
    }
}

/// A fault plan: every nth send request goes wrong.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Plan {
    /// Which of the requests, from 1 for each.
    pub every: std::num::NonZeroU64,
    fault: Fault,
    /// How often more; `None` for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    remaining: Option<u64>,
    /// Whether the message is taken all the same; `None` for what the fault usually does.
    #[serde(skip_serializing_if = "Option::is_none")]
    taken: Option<bool>,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
enum Fault {
    DropTaken,
    Drop,
    Status500,
    Status429,
    Html,
    Truncated,
    Empty,
    Silent,
}

impl Plan {
    fn fate(&self) -> Fate {
        let usual = self.fault.fate();
        let (Fate::NotTaken(failure) | Fate::TakenThen(failure)) = usual;
        match self.taken {
            Some(true) => Fate::TakenThen(failure),
            Some(false) => Fate::NotTaken(failure),
            None => usual,
        }
    }
}

impl Fault {
    fn fate(self) -> Fate {
        match self {
            Self::DropTaken => Fate::TakenThen(Failure::Dropped),
            Self::Drop => Fate::NotTaken(Failure::Dropped),
            Self::Status500 => Fate::NotTaken(Failure::ServerError),
            Self::Status429 => Fate::NotTaken(Failure::TooManyRequests),
            Self::Html => Fate::TakenThen(Failure::Page),
            Self::Truncated => Fate::TakenThen(Failure::Truncated),
            Self::Empty => Fate::TakenThen(Failure::Empty),
            Self::Silent => Fate::TakenThen(Failure::Silent),
        }
    }
}

/// The fault plan in force, and the send requests since it came.
#[derive(Debug, Default)]
pub(super) struct Faults {
    plan: Option<Plan>,
    seen: u64,
}

impl Faults {
    /// Puts a plan in force, or none, and counts anew. Returns the one before.
    pub fn set(&mut self, plan: Option<Plan>) -> Option<Plan> {
        self.seen = 0;
        std::mem::replace(&mut self.plan, plan)
    }

    /// Counts a send request; its fate when the plan picks it.
    pub fn next(&mut self) -> Option<Fate> {
        let plan = self.plan.as_mut()?;
        self.seen += 1;
        if self.seen % plan.every != 0 || plan.remaining == Some(0) {
            return None;
        }
        plan.remaining = plan.remaining.map(|left| left - 1);
        Some(plan.fate())
    }

    /// The plan in force.
    pub fn plan(&self) -> Option<&Plan> {
        self.plan.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_picks_every_nth_and_ends() {
        let plan = r#"{"every":3,"fault":"dropTaken","remaining":2}"#;
        let mut faults = Faults::default();
        faults.set(Some(serde_json::from_str(plan).unwrap()));
        let picked: Vec<_> = (1..=12).filter(|_| faults.next().is_some()).collect();
        assert_eq!(picked, [3, 6]);
        faults.set(None);
        assert_eq!(faults.next(), None);
    }

    #[test]
    fn a_plan_may_say_whether_the_message_is_taken() {
        let fate = |plan: &str| {
            let mut faults = Faults::default();
            faults.set(Some(serde_json::from_str(plan).unwrap()));
            faults.next()
        };
        let (html, error) = (Failure::Page, Failure::ServerError);
        assert_eq!(fate(r#"{"every":1,"fault":"html"}"#), Some(Fate::TakenThen(html)));
        let not = fate(r#"{"every":1,"fault":"html","taken":false}"#);
        assert_eq!(not, Some(Fate::NotTaken(html)));
        let taken = fate(r#"{"every":1,"fault":"status500","taken":true}"#);
        assert_eq!(taken, Some(Fate::TakenThen(error)));
    }

    #[test]
    fn a_plan_is_checked() {
        for plan in [
            r#"{"every":0,"fault":"drop"}"#,
            r#"{"every":1,"fault":"fire"}"#,
            r#"{"every":1,"fault":"drop","rest":1}"#,
        ] {
            assert!(serde_json::from_str::<Plan>(plan).is_err(), "{plan}");
        }
    }

    #[test]
    fn most_numbers_have_no_scenario() {
        for tel in ["33680010203", "33600123456", "33600000012"] {
            assert_eq!(of(tel), None);
        }
    }
}
