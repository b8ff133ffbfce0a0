//! What becomes of claims: outcomes, and claims that were given up.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use redis::ScriptInvocation;

use super::claim::Attempt;
use super::link::Ask;
use super::record::{Body, Record};
use super::scripts::{Answer, RECORD};
use super::{Inner, lock};
use crate::component::{Error, Fallout, Kind, Ticket, hex};
use crate::journal::State;

/// How long an old request may be under way before it reaches the server, in milliseconds.
const STRAY: u64 = 3600 * 1000;
/// Claims that wait to be cleared up, at most. What is beyond stays claimed until the process ends.
const MOST_GIVEN_UP: usize = 10_000;

impl Inner {
    pub async fn record(&self, ticket: Ticket, fallout: &[(u32, Fallout)]) -> Result<(), Error> {
        let attempt = lock(&self.attempts).remove(&ticket.0).ok_or_else(|| {
            Error::new(Kind::Internal, "an outcome came twice, or without a claim of this process")
        })?;
        if attempt.slots.is_empty() {
            return Ok(());
        }
        let script = self.writing(&attempt, Some(fallout));
        let reply = self.link.ask(Ask::Script(&script), self.options.outcome_patience).await;
        Answer::of(reply.map_err(|it| it.error)?.value).map(drop)
    }

    /// Remembers a claim that nobody was told of: it is to be undone, if it was granted.
    pub fn give_up(&self, attempt: Attempt) {
        let mut given_up = lock(&self.given_up);
        if given_up.len() < MOST_GIVEN_UP {
            given_up.push(Arc::new(attempt));
        }
        drop(given_up);
        self.wake.notify_one();
    }

    /// Undoes what was given up. What fails for as long as `patience` is left for the next time.
    pub async fn clear_up(&self, patience: Duration) {
        loop {
            // It stays there until the answer: whoever asks may be dropped before.
            let Some(attempt) = lock(&self.given_up).last().cloned() else { return };
            let script = self.writing(&attempt, None);
            let reply = self.link.ask(Ask::Script(&script), patience).await;
            if reply.is_err_and(|it| !it.refused) {
                return;
            }
            lock(&self.given_up).retain(|it| !Arc::ptr_eq(it, &attempt));
        }
    }

    /// The script that writes the outcome of each slot, or without outcomes gives the claim up.
    fn writing(
        &self,
        attempt: &Attempt,
        fallout: Option<&[(u32, Fallout)]>,
    ) -> ScriptInvocation<'static> {
        let ending = if attempt.repeated || fallout.is_none() { STRAY } else { 0 };
        let mut script = RECORD.prepare_invoke();
        script
            .key(self.keys.message(attempt.message))
            .key(self.keys.open())
            .key(self.keys.ended(attempt.token))
            .arg(&self.keys.prefix)
            .arg(hex(&attempt.message.0))
            .arg(&attempt.token)
            .arg(ending)
            .arg(self.retention());
        let of: HashMap<_, _> =
            fallout.unwrap_or_default().iter().map(|it| (it.0, &it.1)).collect();
        for (index, body) in &attempt.slots {
            let outcome = of.get(index).copied().unwrap_or(&Fallout::Unknown);
            let (letter, state) = match outcome {
                _ if fallout.is_none() => ("g", None),
                Fallout::Accepted(_) => ("a", Some(State::Accepted)),
                Fallout::Refused { .. } => ("r", Some(State::Refused)),
                Fallout::Unknown => ("u", Some(State::Unknown)),
                Fallout::Released => ("f", None),
            };
            let record = state.map(|it| written(attempt, it, body.clone().with(outcome)));
            script.arg(index).arg(letter).arg(record.unwrap_or_default());
        }
        script
    }
}

fn written(attempt: &Attempt, state: State, body: Body) -> Vec<u8> {
    let Attempt { owner, token, scope, at, .. } = *attempt;
    Record { state, owner, token, scope, at, settled: None, resent: false, body }.encode()
}
