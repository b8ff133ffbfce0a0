//! One message on its way: the calls, the tries, and what follows from them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::Instant;

use jiff::Timestamp;
use serde_json::Value;

use super::ids::used_for_others;
use super::returned::{Withdrawn, warn_of_the_key};
use super::{Amnesia, DIAGNOSIS_LASTS, Engine, Load, Remembered, Turn, Verdict};
use crate::component::{
    Account, AccountTrouble, Common, Diagnosis, Effect, Emit, Error, Job, Kind, Mode, Outcome,
    Outlet, PartInfo, Problem, Reason, Session, exact, faults,
};

/// One message on its way.
pub(super) struct Call<'a> {
    pub(super) engine: &'a Engine,
    pub(super) api: &'a Session,
    pub(super) own_account: bool,
    /// Where its results go.
    pub(super) out: &'a dyn Emit,
    /// Whose key its requests carry, if that is known.
    pub(super) account: Option<Account>,
    /// What is remembered of the message, where there is a journal.
    pub(super) remembered: Option<Remembered<'a>>,
    /// A hash of what it is for, where the id alone tells what is the same.
    pub(super) purpose: Option<String>,
    /// Whether its body asks to send what may have been sent.
    pub(super) asked: bool,
    /// Whether what may have been sent is to be sent all the same: its body asks for it, or the step.
    pub(super) resend: bool,
    /// What is known without the journal of earlier deliveries.
    pub(super) came: Came,
    pub(super) under_way: &'a AtomicBool,
    pub(super) began: Instant,
    /// Whether its last request had no connection.
    pub(super) unreached: AtomicBool,
    /// The slots that this delivery has claimed, and not let go.
    pub(super) claimed: Mutex<Vec<u32>>,
    /// Whether somebody else is sending this same message.
    pub(super) elsewhere: AtomicBool,
    /// Whether a request of this delivery has ended in doubt.
    pub(super) doubted: AtomicBool,
    /// Whether its id was used for other recipients.
    pub(super) for_others: AtomicBool,
    /// Why the journal cannot be relied on any more, as this message has found out.
    pub(super) amnesia: OnceLock<Amnesia>,
}

/// What is known of earlier deliveries of a message, without the journal.
#[derive(Debug, Clone, Copy)]
pub(super) struct Came {
    /// Whether it may have been sent, and the journal, if there is one, need not know of it.
    pub(super) in_doubt: bool,
    /// Whether there was one, in doubt or not; or its body says so, by asking to send again.
    pub(super) before: bool,
    /// When the message was put back for the first time, if that is known.
    pub(super) put_back_since: Option<Timestamp>,
}

impl Call<'_> {
    pub(super) async fn make_calls(
        &self,
        mut job: Box<dyn Job>,
        common: &Common,
        turn: Option<Turn>,
    ) -> Verdict {
        let parts = job.parts();
        let (mut outcomes, account) = match self.outcomes(job.as_mut(), &parts, turn).await {
            Ok(made) => made,
            Err(error) => return error.into(),
        };
        let untouched = !self.under_way.load(Ordering::Relaxed);
        if self.for_others.load(Ordering::Relaxed) && untouched && !self.came.in_doubt {
            let denied = |it: &Outcome| matches!(it, Outcome::Refused(_) | Outcome::NotSent(_));
            return used_for_others(!outcomes.iter().all(denied)).into();
        }
        let settled = match self.postponed() {
            Some(why) => Err(why),
            None => {
                let settled = self.settle_the_unsent(job.as_mut(), &parts, &mut outcomes).await;
                settled.map_err(|it| it.what)
            }
        };
        if let Err(why) = settled {
            let error = Error::new(Kind::NotSent, why);
            return Verdict { account, amnesia: self.amnesia(), ..error.into() };
        }
        let raw = common.raw.then(|| raw(&outcomes));
        let replayed = matches!(outcomes.as_slice(), [Outcome::Done(it)] if it.replayed);
        let finished = match job.finish(outcomes) {
            Ok(finished) => finished,
            Err(error) => {
                return Verdict { account, amnesia: self.amnesia(), ..error.into() };
            }
        };
        let mut echo = self.engine.echo(common, raw);
        if replayed {
            echo.insert("replayed".to_owned(), true.into());
        }
        let out = Outlet::new(self.out, echo);
        for mut output in finished.outputs {
            if self.own_account {
                warn_of_the_key(&mut output);
            }
            // The reader of the results is gone. What was sent stays sent: the tally says it.
            if out.emit(output).await.is_err() {
                break;
            }
            faults::point("after-emit");
        }
        Verdict { tally: finished.tally, account, amnesia: self.amnesia(), ..Verdict::default() }
    }

    async fn outcomes(
        &self,
        job: &mut dyn Job,
        parts: &[PartInfo],
        turn: Option<Turn>,
    ) -> Result<(Vec<Outcome>, Option<AccountTrouble>), Error> {
        let mut settled = self.settle_the_past(job, parts).await?;
        if self.engine.mode == Mode::DryRun {
            self.admit(&left_of(job, &settled)).await?;
            let planned = settled.into_iter().map(|it| it.unwrap_or(Outcome::Planned));
            return Ok((planned.collect(), None));
        }
        let held_back = match self.withdrawn(job).await {
            Some(returned @ Withdrawn::Returned) => Some(returned.problem()),
            given_up => self.held_back(job, &settled, given_up).await?,
        };
        drop(turn);
        let mut outcomes = Vec::with_capacity(parts.len());
        let mut account = None;
        let deadline = Instant::now() + self.engine.patience;
        for (index, part) in parts.iter().enumerate() {
            let why = held_back.clone().or_else(|| self.ending(index, part, account));
            let (mut outcome, doubts) = match (settled[index].take(), why) {
                (Some(outcome), _) => (outcome, Vec::new()),
                (None, Some(why)) => (Outcome::NotSent(why), Vec::new()),
                (None, None) => self.deliver(job, index, part, deadline).await,
            };
            if let Outcome::Refused(problem) = &mut outcome {
                // What an earlier delivery has sent is left out of the request by now.
                let left = job.parts().get(index).map_or(part.units, |it| it.units);
                problem.account = self.diagnose(problem.reason, problem.code, left).await;
                if problem.account.is_some() {
                    problem.reason = Reason::Account;
                }
                account = account.or(problem.account);
            }
            if !doubts.is_empty() {
                outcome = job.doubt(index, outcome, &doubts);
            }
            outcomes.push(outcome);
        }
        Ok((outcomes, account.filter(|_| !self.own_account)))
    }

    /// Why the later requests of a message are not made. Unless the journal knows more, they are told
    /// as not sent, and can be given to the same action again.
    fn ending(
        &self,
        index: usize,
        part: &PartInfo,
        account: Option<AccountTrouble>,
    ) -> Option<Problem> {
        if account.is_some() {
            let said = "an earlier request of this message was refused for the account";
            return Some(Problem::new(Reason::Account, said));
        }
        let kept = self.postponed().or_else(|| self.amnesia().map(|it| it.why));
        if let Some(why) = kept.filter(|_| part.effect == Effect::Once) {
            return Some(Problem::new(Reason::Unavailable, why));
        }
        let stopped = index > 0 && self.engine.stop.wanted_for(self.engine.grace);
        let said = "the run was stopped before this request of the message";
        stopped.then(|| Problem::new(Reason::Unavailable, said))
    }

    /// Why what is left of a message is not let through, where the rest of it has to be told: because
    /// it was given up, for want of a key, or by a guard. What is all known needs none of these.
    ///
    /// # Errors
    /// The same of a message of which nothing else can be known.
    async fn held_back(
        &self,
        job: &dyn Job,
        settled: &[Option<Outcome>],
        given_up: Option<Withdrawn>,
    ) -> Result<Option<Problem>, Error> {
        let left = left_of(job, settled);
        if left.is_empty() {
            return Ok(None);
        }
        let given_up = given_up.map(|it| Error::new(Kind::NotSent, it.problem().message));
        let given_up = given_up.map_or(Ok(()), Err);
        let let_through = match given_up.and_then(|()| self.api.ready()) {
            Ok(()) => self.admit(&left).await,
            refused => refused,
        };
        let Err(error) = let_through else { return Ok(None) };
        if !self.may_have_a_past(&left).await {
            return Err(error);
        }
        let reason = if error.kind == Kind::Config { Reason::Account } else { Reason::Unavailable };
        let quotes = error.quotes();
        let hint = error.hint.map(Into::into);
        Ok(Some(Problem { hint, quotes, ..Problem::new(reason, error.what) }))
    }

    async fn admit(&self, parts: &[PartInfo]) -> Result<(), Error> {
        if parts.is_empty() {
            return Ok(());
        }
        let load = Load {
            own_account: self.own_account,
            recipients: parts.iter().map(|it| it.recipients).sum(),
            units: parts.iter().map(|it| it.units).sum(),
            uncounted: parts.iter().any(|it| it.uncounted),
        };
        for admission in &self.engine.admissions {
            admission.admit(load).await?;
        }
        Ok(())
    }

    /// Whether a request of this delivery has ended in doubt.
    pub(super) fn has_doubted(&self) -> bool {
        self.doubted.load(Ordering::Relaxed)
    }

    /// Whether somebody else is sending this same message.
    pub(super) fn is_elsewhere(&self) -> bool {
        self.elsewhere.load(Ordering::Relaxed)
    }

    /// What is wrong with the account, when a whole request of so many units was refused by a code
    /// that nobody knows.
    pub(super) async fn diagnose(
        &self,
        reason: Reason,
        code: Option<i64>,
        units: u64,
    ) -> Option<AccountTrouble> {
        if reason != Reason::Other || code.is_none() {
            return None;
        }
        let diagnosis = if self.own_account {
            self.api.diagnose(units).await
        } else {
            let mut known = self.engine.diagnosis.lock().await;
            match &*known {
                Some((when, asked, diagnosis))
                    if when.elapsed() < DIAGNOSIS_LASTS && tells(diagnosis, *asked, units) =>
                {
                    diagnosis.clone()
                }
                _ => {
                    let fresh = self.api.diagnose(units).await;
                    *known = Some((Instant::now(), units, fresh.clone()));
                    fresh
                }
            }
        };
        match diagnosis {
            Diagnosis::Trouble(trouble) => Some(trouble),
            Diagnosis::Fine | Diagnosis::Unsure => None,
        }
    }
}

/// Whether what was found for so many units holds for these: what pays for one message may not pay for
/// a larger one, and what is too little for one may pay for a smaller one.
fn tells(diagnosis: &Diagnosis, asked: u64, units: u64) -> bool {
    match diagnosis {
        Diagnosis::Trouble(AccountTrouble::KeyOrAddress) => true,
        Diagnosis::Trouble(AccountTrouble::Credit) => asked <= units,
        Diagnosis::Fine | Diagnosis::Unsure => asked >= units,
    }
}

/// The requests that are not settled, each with what is left of it.
fn left_of(job: &dyn Job, settled: &[Option<Outcome>]) -> Vec<PartInfo> {
    let parts = job.parts().into_iter().zip(settled);
    parts.filter(|it| it.1.is_none()).map(|it| it.0).collect()
}

/// Whether a request must be made at most once.
pub(super) fn is_once(part: &PartInfo) -> bool {
    part.effect == Effect::Once
}

/// The outcome of a request that was not made.
pub(super) fn not_sent(said: &str) -> Outcome {
    Outcome::NotSent(Problem::new(Reason::Unavailable, said))
}

/// The API's answers as they came: one as it is, several as a list.
fn raw(outcomes: &[Outcome]) -> Value {
    let mut answers: Vec<Value> = outcomes
        .iter()
        .filter_map(|it| match it {
            Outcome::Done(reply) => exact::parse(&reply.raw).ok(),
            _ => None,
        })
        .collect();
    if answers.len() == 1 { answers.remove(0) } else { answers.into() }
}
