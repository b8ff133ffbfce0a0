//! One message on its way: gather facts, decide, act. What is decided is in [`super::decide`].

mod claims;
mod closing;
mod pace;
mod request;

use std::sync::OnceLock;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::decide::{Decision, Refusal, decide};
use super::facts::{
    Facts, IdUse, JournalState, MessageFacts, Provenance, Read, Remembered, SendAgain, Stage,
};
use super::history::Identity;
use super::marks::Withdrawn;
use super::shared::Shared;
use super::words::{STILL_IN_DOUBT, id_of_others};
use super::{JournalFailure, Load, Turn, Verdict};
use crate::component::{
    AccountTrouble, Common, Effect, Emit, Error, Job, Kind, Known, Mode, Outcome, Outlet, PartInfo,
    Problem, Reason, Session, exact, faults,
};

/// One message on its way.
pub(super) struct Drive<'a> {
    pub(super) shared: &'a Shared,
    pub(super) api: &'a Session,
    /// Whether the message brought the key of an account of its own.
    pub(super) own_account: bool,
    /// Where its results go.
    pub(super) out: &'a dyn Emit,
    /// What the journal knows it by, where there is one.
    pub(super) identity: Option<Identity<'a>>,
    pub(super) provenance: Provenance,
    pub(super) send_again: SendAgain,
    /// When the message was put back for the first time, if that is known.
    pub(super) put_back_since: Option<Timestamp>,
    pub(super) began: Instant,
    pub(super) progress: &'a mut Progress,
}

/// How far a message has come.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Whether a request has begun that must happen at most once.
    pub(super) called: bool,
    /// Whether a request has ended in doubt.
    pub(super) doubted: bool,
    /// Whether somebody else was making a request when the waiting for that ended.
    pub(super) elsewhere: bool,
    /// Whether the message's id turned out to be another's.
    pub(super) id_of_others: bool,
    /// Whether the last request had no connection.
    pub(super) unreached: bool,
    /// What is wrong with the account, if a request was refused for it.
    pub(super) account: Option<AccountTrouble>,
    /// The slots that this delivery has claimed, and not let go.
    pub(super) claimed: Vec<u32>,
    /// Why the journal cannot be relied on any more, as this message has found out.
    pub(super) failure: Option<JournalFailure>,
}

/// The message ends before it is told in results.
pub(super) enum Ended {
    /// It is refused as a whole.
    Refused(Error),
    /// Nothing is told of it, for this reason: it comes again.
    ComesAgain(String),
}

impl Drive<'_> {
    /// Makes the requests of the message, and emits its results.
    pub(super) async fn message(
        &mut self,
        mut job: Box<dyn Job>,
        common: &Common,
        turn: Option<Turn>,
    ) -> Verdict {
        let outcomes = match self.outcomes(job.as_mut(), turn).await {
            Ok(outcomes) => outcomes,
            Err(error) => return error.into(),
        };
        let account = self.progress.account.filter(|_| !self.own_account);
        let outcomes = match self.close(job.as_mut(), outcomes).await {
            Ok(outcomes) => outcomes,
            Err(Ended::Refused(error)) => return error.into(),
            Err(Ended::ComesAgain(why)) => {
                let error = Error::new(Kind::NotSent, why);
                return Verdict { account, journal_failure: self.failure(), ..error.into() };
            }
        };
        let verdict = self.tell(job, outcomes, common).await;
        Verdict { account, journal_failure: self.failure(), ..verdict }
    }

    /// Emits the results of a message whose requests are through.
    async fn tell(&self, job: Box<dyn Job>, outcomes: Vec<Outcome>, common: &Common) -> Verdict {
        let raw = common.raw.then(|| raw(&outcomes));
        let replayed = matches!(outcomes.as_slice(), [Outcome::Done(it)] if it.replayed);
        let finished = match job.finish(outcomes) {
            Ok(finished) => finished,
            Err(error) => return error.into(),
        };
        let mut echo = self.shared.echo(common, raw);
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
        Verdict { tally: finished.tally, ..Verdict::default() }
    }

    /// What becomes of each request.
    ///
    /// # Errors
    /// Why the message is refused as a whole.
    async fn outcomes(
        &mut self,
        job: &mut dyn Job,
        turn: Option<Turn>,
    ) -> Result<Vec<Outcome>, Error> {
        let mut settled = self.open(job).await?;
        if self.shared.mode == Mode::DryRun {
            self.admit(&left_of(job, &settled)).await?;
            let planned = settled.into_iter().map(|it| it.unwrap_or(Outcome::Planned));
            return Ok(planned.collect());
        }
        let held_back = self.held_back(job, &settled).await?;
        drop(turn);
        let mut outcomes = Vec::with_capacity(settled.len());
        let deadline = Instant::now() + self.shared.patience;
        for (request, settled) in settled.iter_mut().enumerate() {
            let outcome = match settled.take() {
                Some(outcome) => outcome,
                None => {
                    let account = self.progress.account.map(|_| refused_account());
                    let obstacle = held_back.clone().or(account);
                    self.request(job, request, obstacle, deadline).await
                }
            };
            outcomes.push(outcome);
        }
        Ok(outcomes)
    }

    /// Leaves out what was sent in an earlier run, before anybody is asked whether the rest may be sent.
    /// Says of each request what became of it, if nothing of it is left.
    ///
    /// # Errors
    /// When the id was used for other recipients.
    async fn open(&mut self, job: &mut dyn Job) -> Result<Vec<Option<Outcome>>, Error> {
        let requests = job.requests();
        let mut outcomes = vec![None; requests];
        let message = self.facts(job.returns());
        let identity = self.identity.as_ref().filter(|_| message.may_be_of_an_earlier_run());
        let Some(identity) = identity else { return Ok(outcomes) };
        let history = match self.shared.read_past(identity.record).await {
            Ok(history) => history,
            Err(error) => {
                // What cannot be read cannot be claimed either.
                tracing::warn!(%error, "the journal cannot be read");
                return Ok(outcomes);
            }
        };
        for (request, outcome) in outcomes.iter_mut().enumerate() {
            let id = identity.id_use(job, request, 0..requests, &history);
            match decide(&Facts { message, stage: Stage::Opened { id } }) {
                Decision::Proceed => {
                    let mut known = identity.known_of(&identity.slots(job, request), &history);
                    let again = message.send_again != SendAgain::Never;
                    known.retain(|it| !again || !matches!(it.1, Known::Unknown { .. }));
                    if !known.is_empty() {
                        *outcome = job.settle(request, known);
                    }
                }
                decision => {
                    let error = id_of_others(id == IdUse::OthersAndThese);
                    let Decision::Tell(_) = decision else { return Err(error) };
                    let said = format!("{STILL_IN_DOUBT}{}", error.what);
                    *outcome = Some(Outcome::InDoubt(Problem::new(Reason::Other, said)));
                }
            }
        }
        Ok(outcomes)
    }

    /// Why what is left of the message is not let through, where the rest of it has to be told: because
    /// it was left to others, for want of a key, or by a guard. What is all known needs none of these.
    ///
    /// # Errors
    /// The same of a message of which nothing else can be known.
    async fn held_back(
        &self,
        job: &dyn Job,
        settled: &[Option<Outcome>],
    ) -> Result<Option<Problem>, Error> {
        let withdrawn = self.withdrawn(job).await;
        if let Some(returned @ Withdrawn::Returned) = withdrawn {
            return Ok(Some(returned.problem()));
        }
        let left = left_of(job, settled);
        if left.is_empty() {
            return Ok(None);
        }
        let let_through = match withdrawn {
            Some(it) => Err(Error::new(Kind::NotSent, it.problem().message)),
            None => self.api.ready(),
        };
        let let_through = match let_through {
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

    /// How the message was left to others before it came, if it was.
    async fn withdrawn(&self, job: &dyn Job) -> Option<Withdrawn> {
        let returns = job.returns();
        let identity = self.identity.as_ref().filter(|_| self.facts(returns).may_be_withdrawn())?;
        match self.shared.read_past(identity.record).await {
            Ok(history) => Withdrawn::by(&history, returns, self.put_back_since),
            Err(error) => {
                // Whatever is claimed all the same is looked at once more.
                tracing::warn!(%error, "the journal cannot be read");
                None
            }
        }
    }

    /// Whether an earlier delivery of these requests, or another worker, may have sent anything, or be
    /// at it: then the message is not refused as a whole.
    async fn may_have_a_past(&self, requests: &[PartInfo]) -> bool {
        let once = requests.iter().any(|it| it.effect == Effect::Once);
        let (mut read, mut past) = (Read::NotYet, false);
        let message = self.facts(false);
        loop {
            let stage = Stage::Refused { once, read, past };
            match (decide(&Facts { message, stage }), &self.identity) {
                (Decision::Look, Some(identity)) => {
                    (read, past) = match self.shared.read_past(identity.record).await {
                        Ok(history) => (Read::Answered, !history.is_empty()),
                        Err(error) => {
                            tracing::warn!(%error, "the journal cannot be read");
                            (Read::Failed, false)
                        }
                    };
                }
                (Decision::Refuse(Refusal::AsItIs), _) => return false,
                (Decision::ComeAgain, _) => return !message.is_fresh(),
                _ => return true,
            }
        }
    }

    async fn admit(&self, requests: &[PartInfo]) -> Result<(), Error> {
        if requests.is_empty() {
            return Ok(());
        }
        let load = Load {
            own_account: self.own_account,
            recipients: requests.iter().map(|it| it.recipients).sum(),
            units: requests.iter().map(|it| it.units).sum(),
            uncounted: requests.iter().any(|it| it.uncounted),
        };
        for admission in &self.shared.admissions {
            admission.admit(load).await?;
        }
        Ok(())
    }

    /// What is true of the message now; `returns` is what its job says.
    fn facts(&self, returns: bool) -> MessageFacts {
        let record = self.identity.as_ref().map(|it| it.record);
        MessageFacts {
            provenance: self.provenance,
            send_again: self.send_again,
            remembered: record.map_or(Remembered::Nowhere, |it| it.kind),
            shared: record.is_some_and(|it| it.journal.is_shared()),
            journal: match self.failure() {
                None => JournalState::Works,
                Some(JournalFailure { unrecorded: false, .. }) => JournalState::Fails,
                Some(JournalFailure { unrecorded: true, .. }) => JournalState::Forgot,
            },
            returns,
            put_back: self.put_back_since.is_some(),
            called: self.progress.called,
            doubted: self.progress.doubted,
            elsewhere: self.progress.elsewhere,
        }
    }

    /// The account that the message brought, if it did.
    pub(super) fn guest(&self) -> Option<&Session> {
        self.own_account.then_some(self.api)
    }

    /// Why the journal cannot be relied on any more.
    fn failure(&self) -> Option<JournalFailure> {
        let of_all = || self.identity.as_ref()?.record.failed.and_then(OnceLock::get);
        self.progress.failure.as_ref().or_else(of_all).cloned()
    }

    /// Remembers that the journal cannot be relied on any more. The first failure counts.
    fn fail(&mut self, failure: JournalFailure) {
        if let Some(of_all) = self.identity.as_ref().and_then(|it| it.record.failed) {
            of_all.get_or_init(|| failure.clone());
        }
        self.progress.failure.get_or_insert(failure);
    }
}

/// The requests that are not settled, each with what is left of it.
fn left_of(job: &dyn Job, settled: &[Option<Outcome>]) -> Vec<PartInfo> {
    let open = settled.iter().enumerate().filter(|it| it.1.is_none());
    open.filter_map(|(request, _)| job.part(request)).collect()
}

fn refused_account() -> Problem {
    let said = "an earlier request of this message was refused for the account";
    Problem::new(Reason::Account, said)
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

/// Says of a result that what it returns has lost the key that its message brought: no result holds a
/// key.
fn warn_of_the_key(output: &mut Value) {
    let Some(output) = output.as_object_mut().filter(|it| it.contains_key("retry")) else { return };
    let warnings = output.entry("warnings").or_insert_with(|| json!([]));
    if let Some(warnings) = warnings.as_array_mut() {
        let said = "retry: the message had a keyid of its own; put it in again, or the configured \
                    account pays";
        warnings.push(said.into());
    }
}
