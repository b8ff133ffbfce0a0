//! What happens to one message: the only place that decides about calls, retries and verdicts.
//!
//! For each planned request: rate permit, claim, call, retry decision, record. Then the action says
//! what became of the message, and the results go out.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use jiff::Timestamp;
use serde_json::{Map, Value};
use tokio::sync::Mutex;

use super::retry::{Next, delays_between, next};
use super::stop::Stop;
use crate::component::{
    AccountTrouble, Bound, BoxFuture, Claim, ClaimKey, Common, Config, Connection, Delivery,
    Diagnosis, Effect, Emit, Error, Handler, Job, Journal, Kind, Message, Mode, Outcome, Outlet,
    PartInfo, Problem, Reason, Source, Status, Tally, Work, json_planned,
};

/// How long the answer to "does the account work?" is taken for granted.
const DIAGNOSIS_LASTS: Duration = Duration::from_secs(10);

/// What is asked before a message is sent.
pub trait Admission: Send + Sync {
    /// Lets a message with this many recipients pass.
    ///
    /// # Errors
    /// Why it may not.
    fn admit(&self, recipients: usize) -> BoxFuture<'_, Result<(), Error>>;
}

/// Carries messages through one action or trigger.
pub struct Engine<C: Connection> {
    name: &'static str,
    deed: &'static str,
    bound: Box<dyn Bound<C>>,
    api: C,
    mode: Mode,
    patience: Duration,
    pace: Option<DefaultDirectRateLimiter>,
    journal: Arc<dyn Journal>,
    admission: Option<Arc<dyn Admission>>,
    stop: Stop,
    diagnosis: Mutex<Option<(Instant, Diagnosis)>>,
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The count, by recipient.
    pub tally: Tally,
    /// The error, if the message as a whole failed.
    pub error: Option<Error>,
    /// What is wrong with the account, if that came to light: other messages will fail too.
    pub account: Option<AccountTrouble>,
}

impl<C: Connection> Engine<C> {
    /// An engine for one handler. `patience` is how long a message that was not sent is tried again
    /// when the configuration does not say (`giveUpAfter`).
    ///
    /// # Errors
    /// What is wrong with the configuration.
    pub fn new(
        handler: &Handler<C>,
        config: &Config,
        patience: Duration,
        journal: Arc<dyn Journal>,
        stop: Stop,
    ) -> Result<Self, Error> {
        let delivery: Delivery = config.parse()?;
        let minutes = |it: f64| Duration::from_secs_f64(it * 60.0);
        Ok(Self {
            name: handler.meta.name,
            deed: handler.meta.deed,
            bound: handler.bind(config)?,
            api: C::connect(config)?,
            mode: delivery.mode,
            patience: delivery.give_up_after.map_or(patience, minutes),
            pace: pace(config)?,
            journal,
            admission: None,
            stop,
            diagnosis: Mutex::new(None),
        })
    }

    /// Asks before each message is sent.
    #[must_use]
    pub fn admission(mut self, admission: Arc<dyn Admission>) -> Self {
        self.admission = Some(admission);
        self
    }

    /// Whether a message may lead to more than one result.
    pub fn emits_many(&self) -> bool {
        self.bound.emits_many()
    }

    /// The name of the mode, when nothing real happens.
    pub fn test_mode(&self) -> Option<&'static str> {
        if self.mode == Mode::DryRun { Some("dryRun") } else { self.api.test_mode() }
    }

    /// Carries one message through. Whatever happens, a panic included, there is a verdict.
    pub async fn handle(&self, message: Message, out: &dyn Emit) -> Verdict {
        let under_way = AtomicBool::new(false);
        let handled = AssertUnwindSafe(self.carry(message, out, &under_way)).catch_unwind().await;
        let mut verdict = handled.unwrap_or_else(|_| {
            let kind =
                if under_way.load(Ordering::Relaxed) { Kind::Unknown } else { Kind::Internal };
            Verdict::from(
                Error::new(kind, "a defect of the connector stopped this message")
                    .hint("please report it, with the log"),
            )
        });
        if let Some(error) = &mut verdict.error {
            error.deed = self.deed;
            let advice = match error.kind {
                Kind::Unknown => Some(C::WHEN_UNKNOWN),
                Kind::AccountKey => Some(C::advice(AccountTrouble::KeyOrAddress)),
                Kind::AccountCredit => Some(C::advice(AccountTrouble::Credit)),
                _ => None,
            };
            error.hint = error.hint.take().or(advice.map(Into::into));
        }
        verdict
    }

    async fn carry(&self, message: Message, out: &dyn Emit, under_way: &AtomicBool) -> Verdict {
        let Message { id, body, .. } = message;
        let task = match self.bound.prepare(body, Timestamp::now()) {
            Ok(task) => task,
            Err(error) => return error.into(),
        };
        let api = match task.common.keyid.as_deref().map(|it| self.api.with_key(it)).transpose() {
            Ok(own) => own,
            Err(error) => return error.into(),
        };
        let call = Call {
            engine: self,
            own_account: api.is_some(),
            api: api.as_ref().unwrap_or(&self.api),
            message: task.common.reference.clone().or(id),
            deadline: Instant::now() + self.patience,
            under_way,
        };
        match task.work {
            Work::Calls(job) => call.make_calls(job, &task.common, out).await,
            Work::Stream(source) => call.stream(source.as_ref(), &task.common, out).await,
        }
    }

    fn echo(&self, common: &Common, raw: Option<Value>) -> Map<String, Value> {
        let mut echo = Map::new();
        if let Some(mode) = self.test_mode() {
            echo.insert("mode".to_owned(), mode.into());
        }
        if let Some(reference) = &common.reference {
            echo.insert("reference".to_owned(), reference.as_str().into());
        }
        if let Some(meta) = &common.meta {
            echo.insert("meta".to_owned(), meta.clone());
        }
        if let Some(raw) = raw {
            echo.insert("raw".to_owned(), raw);
        }
        echo
    }
}

/// One message on its way.
struct Call<'a, C: Connection> {
    engine: &'a Engine<C>,
    api: &'a C,
    own_account: bool,
    message: Option<String>,
    deadline: Instant,
    under_way: &'a AtomicBool,
}

impl<C: Connection> Call<'_, C> {
    async fn make_calls(&self, job: Box<dyn Job<C>>, common: &Common, out: &dyn Emit) -> Verdict {
        let parts = job.parts();
        let (outcomes, account) = match self.outcomes(job.as_ref(), &parts).await {
            Ok(made) => made,
            Err(error) => return error.into(),
        };
        let raw = common.raw.then(|| raw(&outcomes));
        let finished = match job.finish(outcomes) {
            Ok(finished) => finished,
            Err(error) => return Verdict { account, ..error.into() },
        };
        let out = Outlet::new(out, self.engine.echo(common, raw));
        for output in finished.outputs {
            // The reader of the results is gone. What was sent stays sent: the tally says it.
            if out.emit(output).await.is_err() {
                break;
            }
        }
        Verdict { tally: finished.tally, error: None, account }
    }

    async fn outcomes(
        &self,
        job: &dyn Job<C>,
        parts: &[PartInfo],
    ) -> Result<(Vec<Outcome>, Option<AccountTrouble>), Error> {
        if self.engine.mode == Mode::DryRun {
            return Ok((vec![Outcome::Planned; parts.len()], None));
        }
        if !parts.is_empty() {
            self.api.ready()?;
        }
        if let Some(admission) = &self.engine.admission {
            admission.admit(parts.iter().map(|it| it.recipients).sum()).await?;
        }
        let mut outcomes = Vec::with_capacity(parts.len());
        let mut account = None;
        for (index, part) in parts.iter().enumerate() {
            let mut outcome = self.deliver(job, index, part.effect).await;
            if let Outcome::Refused(problem) = &mut outcome {
                problem.account = self.diagnose(problem.reason, problem.code).await;
                if problem.account.is_some() {
                    problem.reason = Reason::Account;
                }
                account = account.or(problem.account);
            }
            outcomes.push(outcome);
        }
        Ok((outcomes, account.filter(|_| !self.own_account)))
    }

    /// Makes one request, again and again while that is safe and there is time.
    async fn deliver(&self, job: &dyn Job<C>, index: usize, effect: Effect) -> Outcome {
        let mut delays = None;
        loop {
            if let Some(pace) = &self.engine.pace {
                pace.until_ready().await;
            }
            let outcome = self.once(job, index, effect).await;
            if next(&outcome, effect) == Next::Finish {
                return outcome;
            }
            let asked = match &outcome {
                Outcome::NotSent(problem) | Outcome::InDoubt(problem) => problem.retry_after,
                _ => None,
            };
            let delay = delays.get_or_insert_with(delays_between).next().unwrap_or_default();
            let wait = delay.max(asked.unwrap_or_default());
            if !self.may_wait(wait).await {
                return outcome;
            }
        }
    }

    /// Claims, calls and records.
    async fn once(&self, job: &dyn Job<C>, index: usize, effect: Effect) -> Outcome {
        if effect != Effect::Once {
            return job.call(self.api, index).await;
        }
        let key = ClaimKey { action: self.engine.name, message: self.message.clone(), part: index };
        let ticket = match self.engine.journal.claim(&key).await {
            Ok(Claim::Granted(ticket)) => ticket,
            Ok(Claim::Settled(outcome)) => return outcome,
            Err(error) => return Outcome::NotSent(Problem::new(Reason::Unavailable, error.what)),
        };
        self.under_way.store(true, Ordering::Relaxed);
        let outcome = AssertUnwindSafe(job.call(self.api, index)).catch_unwind().await;
        let outcome = outcome.unwrap_or_else(|_| {
            Outcome::InDoubt(Problem::new(
                Reason::Other,
                "a defect of the connector stopped the call",
            ))
        });
        if let Err(error) = self.engine.journal.record(ticket, &outcome).await {
            tracing::error!(%error, "the outcome of a call was not recorded");
        }
        outcome
    }

    /// Waits before another try, if that ends before the patience does.
    async fn may_wait(&self, wait: Duration) -> bool {
        let stop = &self.engine.stop;
        let in_time = Instant::now().checked_add(wait).is_some_and(|it| it <= self.deadline);
        if !in_time || stop.wanted() {
            return false;
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => true,
            () = stop.requested() => false,
        }
    }

    /// What is wrong with the account, when a whole request was refused by a code that nobody knows.
    async fn diagnose(&self, reason: Reason, code: Option<i64>) -> Option<AccountTrouble> {
        if reason != Reason::Other || code.is_none() {
            return None;
        }
        let diagnosis = if self.own_account {
            self.api.diagnose().await
        } else {
            let mut known = self.engine.diagnosis.lock().await;
            match &*known {
                Some((when, diagnosis)) if when.elapsed() < DIAGNOSIS_LASTS => diagnosis.clone(),
                _ => {
                    let fresh = self.api.diagnose().await;
                    *known = Some((Instant::now(), fresh.clone()));
                    fresh
                }
            }
        };
        match diagnosis {
            Diagnosis::Trouble(trouble) => Some(trouble),
            Diagnosis::Fine | Diagnosis::Unsure => None,
        }
    }

    async fn stream(&self, source: &dyn Source<C>, common: &Common, out: &dyn Emit) -> Verdict {
        let out = Outlet::new(out, self.engine.echo(common, None));
        if self.engine.mode == Mode::DryRun {
            let planned = json_planned(self.engine.name, 1);
            let tally = Tally::of(Status::Planned);
            return Verdict { tally, error: out.emit(planned).await.err(), account: None };
        }
        let Err(mut error) = self.read(source, &out).await else {
            return Verdict { tally: Tally::of(Status::Accepted), error: None, account: None };
        };
        let mut account = None;
        if error.kind == Kind::Refused {
            account = self.diagnose(error.reason.unwrap_or(Reason::Other), error.code).await;
        }
        match account {
            Some(AccountTrouble::KeyOrAddress) => error.kind = Kind::AccountKey,
            Some(AccountTrouble::Credit) => error.kind = Kind::AccountCredit,
            None => {}
        }
        Verdict { account: account.filter(|_| !self.own_account), ..error.into() }
    }

    /// Runs a stream, again and again while it fails before its first result and there is time.
    async fn read(&self, source: &dyn Source<C>, out: &Outlet<'_>) -> Result<(), Error> {
        let mut delays = delays_between();
        loop {
            if let Some(pace) = &self.engine.pace {
                pace.until_ready().await;
            }
            let Err(error) = source.run(self.api, out).await else { return Ok(()) };
            let again =
                matches!(error.kind, Kind::NotSent | Kind::Unavailable) && out.emitted() == 0;
            let asked = error.retry_after.unwrap_or_default();
            let wait = delays.next().unwrap_or_default().max(asked);
            if !(again && self.may_wait(wait).await) {
                return Err(error);
            }
        }
    }
}

impl From<Error> for Verdict {
    fn from(error: Error) -> Self {
        let mut tally = Tally::default();
        match error.kind {
            Kind::Unknown => tally.count(Status::Unknown),
            Kind::Refused => tally.count(Status::Refused),
            Kind::NotSent | Kind::Unavailable | Kind::AccountKey | Kind::AccountCredit => {
                tally.count(Status::NotSent);
            }
            _ => {}
        }
        Self { tally, error: Some(error), account: None }
    }
}

/// The API's answers as they came: one as it is, several as a list.
fn raw(outcomes: &[Outcome]) -> Value {
    let mut answers: Vec<Value> = outcomes
        .iter()
        .filter_map(|it| match it {
            Outcome::Done(reply) => serde_json::from_str(&reply.raw).ok(),
            _ => None,
        })
        .collect();
    if answers.len() == 1 { answers.remove(0) } else { answers.into() }
}

/// The limit on calls (`rate`, a second).
fn pace(config: &Config) -> Result<Option<DefaultDirectRateLimiter>, Error> {
    let rate = config.number("rate", 0.0, 0.0, 100_000.0)?;
    if rate == 0.0 {
        return Ok(None);
    }
    let quota = Quota::with_period(Duration::from_secs_f64(1.0 / rate))
        .ok_or_else(|| Error::config("rate", "must be more than nothing"))?;
    Ok(Some(RateLimiter::direct(quota)))
}
