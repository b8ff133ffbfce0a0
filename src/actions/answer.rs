//! From the API's outcome to the engine's, and back to an action's result.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::component::Session;
use crate::component::{Effect, Error, Finish, Kind, Outcome, Problem, Reason, Reply, faults};
use crate::isendpro::{self, Failure, Request};

/// Asks the API one question and reads the reply into the action's output.
pub async fn ask<R: Request, T: Serialize>(
    api: &Session,
    request: &R,
    read: impl FnOnce(&isendpro::Reply) -> T,
) -> Outcome {
    match api.call(request).await {
        Ok(outcome) => outcome_of(outcome, |reply| Reply {
            answers: Vec::new(),
            data: fields(&read(&reply)),
            raw: reply.raw,
            replayed: false,
        }),
        Err(error) => unasked(&error),
    }
}

/// The engine's outcome for the API's.
pub fn outcome_of<T>(outcome: isendpro::Outcome<T>, reply: impl FnOnce(T) -> Reply) -> Outcome {
    match outcome {
        isendpro::Outcome::Answered(answer) => {
            faults::point("reading-reply");
            Outcome::Done(reply(answer))
        }
        isendpro::Outcome::Refused(failure) => Outcome::Refused(problem(failure, Reason::Other)),
        isendpro::Outcome::NotSent(failure) => {
            Outcome::NotSent(problem(failure, Reason::Unavailable))
        }
        isendpro::Outcome::InDoubt(failure) => {
            Outcome::InDoubt(problem(failure, Reason::Unavailable))
        }
    }
}

/// The outcome of a request that could not even be made, for want of a key.
pub fn unasked(error: &Error) -> Outcome {
    Outcome::NotSent(Problem {
        hint: error.hint.as_deref().map(Into::into),
        quotes: error.quotes(),
        ..Problem::new(Reason::Account, error.what.clone())
    })
}

fn problem(failure: Failure, reason: Reason) -> Problem {
    Problem {
        hint: failure.hint.map(str::to_owned),
        code: failure.code,
        retry_after: failure.retry_after,
        unreached: failure.unreached,
        quotes: failure.quotes,
        ..Problem::new(known(failure.code).unwrap_or(reason), failure.message)
    }
}

/// The reasons behind the codes that are published.
pub fn known(code: Option<i64>) -> Option<Reason> {
    match code? {
        11 => Some(Reason::Blacklisted),
        21 => Some(Reason::NotAllocated),
        _ => None,
    }
}

/// The result of an action that made one call without recipients.
pub fn finish<T: DeserializeOwned>(
    outcomes: Vec<Outcome>,
    effect: Effect,
) -> Result<Finish<T>, Error> {
    let reply = reply(outcomes, effect)?;
    serde_json::from_value(Value::Object(reply.data)).map(Finish::done).map_err(|it| {
        // What cannot be repeated was done, and nobody may be told that it was not.
        let kind = if effect == Effect::Once { Kind::Unknown } else { Kind::Internal };
        Error::quoting(kind, "reading the reply", it)
    })
}

/// The reply of the only call.
pub fn reply(outcomes: Vec<Outcome>, effect: Effect) -> Result<Reply, Error> {
    match outcomes.into_iter().next() {
        Some(outcome) => outcome.into_reply(effect),
        None => Err(Error::new(Kind::Internal, "no call was made")),
    }
}

/// The fields of an output.
pub fn fields<T: Serialize>(output: &T) -> Map<String, Value> {
    match serde_json::to_value(output) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}
