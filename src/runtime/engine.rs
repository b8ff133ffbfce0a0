//! What happens to one message: the only place that decides about calls, retries and verdicts.
//!
//! For each planned request: rate permit, claim, call, retry decision, record. Then the action says
//! what became of the message, and the results go out.

mod call;
mod claim;
mod denied;
mod ids;
mod memory;
mod past;
mod returned;
mod sequence;
mod stream;
mod tries;
mod unsent;

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex as StdMutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use serde_json::{Map, Value};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::stop::Stop;
use crate::component::{
    AccountTrouble, Around, Bound, BoxFuture, Common, Config, Delivery, Diagnosis, Emit, Error,
    Handler, Kind, Message, Mode, Private, Session, Status, Store, Tally, WhenUnknown, Work, hex,
    metrics,
};
use call::{Call, Came};
pub use memory::{Amnesia, Memory, key_in_run};
use memory::{Remembered, id_of};
pub use sequence::{Place, Reading, Sequence};

/// How long the answer to "does the account work?" is taken for granted.
const DIAGNOSIS_LASTS: Duration = Duration::from_secs(10);

/// What is asked before a message is sent.
pub trait Admission: Send + Sync {
    /// Lets a message of this weight pass.
    ///
    /// # Errors
    /// Why it may not.
    fn admit(&self, load: Load) -> BoxFuture<'_, Result<(), Error>>;
}

/// How much one message would send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Recipients that would be called.
    pub recipients: usize,
    /// Units (SMS parts), as far as is known beforehand.
    pub units: u64,
    /// Whether the message has a key of its own, and goes on another account.
    pub own_account: bool,
    /// Whether it also has recipients that nobody can count.
    pub uncounted: bool,
}

/// A message's turn to be let through: held until it is, or is not. Messages that take turns are
/// counted in the order in which they came.
pub type Turn = OwnedMutexGuard<()>;

/// Carries messages through one action or trigger.
pub struct Engine {
    name: &'static str,
    deed: &'static str,
    bound: Box<dyn Bound>,
    api: Session,
    mode: Mode,
    patience: Duration,
    pace: Option<DefaultDirectRateLimiter>,
    memory: Option<Memory>,
    store: Option<Store>,
    when_unknown: WhenUnknown,
    admissions: Vec<Arc<dyn Admission>>,
    stop: Stop,
    /// For how long the requests of a message are still made once it is time to stop.
    grace: Duration,
    /// When it was asked, for how many units, and what was found.
    diagnosis: Mutex<Option<(Instant, u64, Diagnosis)>>,
    /// When the server was reached last.
    reached: StdMutex<Option<Instant>>,
}

/// What became of a message.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Verdict {
    /// The count, by recipient.
    pub tally: Tally,
    /// The error, if the message as a whole failed.
    pub error: Option<Error>,
    /// What is wrong with the account, if that came to light: other messages will fail too.
    pub account: Option<AccountTrouble>,
    /// Why the journal cannot be relied on any more: no other message may be sent.
    pub amnesia: Option<Amnesia>,
    /// Whether it was given up without a connection, and no other message has had one since it began.
    pub unreachable: bool,
}

impl Engine {
    /// An engine for one handler. `patience` is how long a message that was not sent is tried again
    /// when the configuration does not say (`giveUpAfter`).
    ///
    /// # Errors
    /// What is wrong with the configuration.
    pub fn new(
        handler: &Handler,
        config: &Config,
        patience: Duration,
        stop: Stop,
    ) -> Result<Self, Error> {
        Self::over(Session::connect(config)?, handler, config, patience, stop)
    }

    /// The same on a connection that is there already.
    ///
    /// # Errors
    /// What is wrong with the configuration.
    pub fn over(
        api: Session,
        handler: &Handler,
        config: &Config,
        patience: Duration,
        stop: Stop,
    ) -> Result<Self, Error> {
        let delivery: Delivery = config.parse()?;
        if let Some(metrics) = metrics::watched() {
            metrics.begin(handler.meta.name);
        }
        let minutes = |it: f64| Duration::from_secs_f64(it * 60.0);
        Ok(Self {
            name: handler.meta.name,
            deed: handler.meta.deed,
            bound: handler.bind(config)?,
            api,
            mode: delivery.mode,
            patience: delivery.give_up_after.map_or(patience, minutes),
            pace: pace(config)?,
            memory: None,
            store: None,
            when_unknown: delivery.when_unknown,
            admissions: Vec::new(),
            stop,
            grace: Duration::ZERO,
            diagnosis: Mutex::new(None),
            reached: StdMutex::default(),
        })
    }

    /// For how long what was not sent is tried again.
    pub fn patience(&self) -> Duration {
        self.patience
    }

    /// Tries no longer than this while it holds a message: whoever drives the engine has another way
    /// to wait.
    #[must_use]
    pub fn holding_for(mut self, limit: Duration) -> Self {
        self.patience = self.patience.min(limit);
        self
    }

    /// Makes all requests of the messages that it has, for so long after it is time to stop.
    #[must_use]
    pub fn finishing_for(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Asks, at no cost, whether the account works.
    pub async fn account(&self) -> Diagnosis {
        self.api.diagnose(1).await
    }

    /// Remembers what was sent, and sends nothing of it again.
    #[must_use]
    pub fn memory(mut self, memory: Memory) -> Self {
        self.memory = Some(memory);
        self
    }

    /// Keeps there what is too large for a trigger's snapshot.
    #[must_use]
    pub fn store(mut self, store: Store) -> Self {
        self.store = Some(store);
        self
    }

    /// Asks before each message is sent, or planned in a dry run; after whatever is asked already.
    #[must_use]
    pub fn admission(mut self, admission: Arc<dyn Admission>) -> Self {
        self.admissions.push(admission);
        self
    }

    fn last_reached(&self) -> MutexGuard<'_, Option<Instant>> {
        self.reached.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a message may lead to more than one result.
    pub fn emits_many(&self) -> bool {
        self.bound.emits_many()
    }

    /// The name of the mode, when nothing real happens.
    pub fn test_mode(&self) -> Option<&'static str> {
        if self.mode == Mode::DryRun { Some("dryRun") } else { self.api.test_mode() }
    }

    /// Whether messages have to be let through, and so should take turns.
    pub fn is_guarded(&self) -> bool {
        !self.admissions.is_empty()
    }

    /// The place of what was read next, where messages are counted in the order of their input. Each
    /// is to be asked for as it is read, and given to [`handle_in_turn`](Self::handle_in_turn).
    pub fn place(&self, reading: Reading<'_>) -> Option<Place> {
        self.memory.as_ref()?.place(reading)
    }

    /// Whether [`place`](Self::place) says anything.
    pub fn counts_places(&self) -> bool {
        self.memory.as_ref().is_some_and(Memory::counts_places)
    }

    /// Whether the account can be asked what messages want. A dry run asks it nothing.
    ///
    /// # Errors
    /// When there is no key.
    pub fn ready(&self) -> Result<(), Error> {
        if self.mode == Mode::DryRun { Ok(()) } else { self.api.ready() }
    }

    /// Whether a message may do something that must happen at most once.
    pub fn acts_once(&self) -> bool {
        self.bound.acts_once()
    }

    /// Carries one message through. Whatever happens, a panic included, there is a verdict.
    pub async fn handle(&self, message: Message, out: &dyn Emit) -> Verdict {
        let place = self.place(Reading::Message(&message));
        self.handle_in_turn(message, place, out, None).await
    }

    /// The same for a message that takes turns with others, and has its place among them.
    pub async fn handle_in_turn(
        &self,
        message: Message,
        place: Option<Place>,
        out: &dyn Emit,
        turn: Option<Turn>,
    ) -> Verdict {
        let _counted = metrics::under_way();
        let under_way = AtomicBool::new(false);
        // What may have been sent before is not denied for a defect.
        let may_be_known = self.bound.acts_once()
            && (self.memory.is_some() || message.in_doubt || message.redelivered);
        // Found out only where it is needed: all words of a message are many.
        let private =
            tracing::enabled!(tracing::Level::DEBUG).then(|| Private::of([&message.body]));
        let started = Instant::now();
        let carried = self.carry(message, place, out, &under_way, turn);
        let handled = AssertUnwindSafe(carried).catch_unwind().await;
        let mut verdict = handled.unwrap_or_else(|_| {
            let in_doubt = may_be_known || under_way.load(Ordering::Relaxed);
            let kind = if in_doubt { Kind::Unknown } else { Kind::Internal };
            Verdict::from(
                Error::new(kind, "a defect of the connector stopped this message")
                    .hint("please report it, with the log"),
            )
        });
        if let Some(error) = &mut verdict.error {
            error.deed = self.deed;
            let advice = match error.kind {
                Kind::Unknown => Some(Session::WHEN_UNKNOWN),
                Kind::AccountKey => Some(Session::advice(AccountTrouble::KeyOrAddress)),
                Kind::AccountCredit => Some(Session::advice(AccountTrouble::Credit)),
                _ => None,
            };
            error.hint = error.hint.take().or(advice.map(Into::into));
        }
        log(self.name, started, &verdict);
        if let (Some(error), Some(private)) = (&verdict.error, private) {
            private.log(error);
        }
        if let Some(metrics) = metrics::watched() {
            metrics.ended(self.name, &verdict.tally, verdict.error.as_ref());
        }
        verdict
    }

    async fn carry(
        &self,
        message: Message,
        place: Option<Place>,
        out: &dyn Emit,
        under_way: &AtomicBool,
        turn: Option<Turn>,
    ) -> Verdict {
        let (id, resend) = (id_of(&message), message.resend());
        let Message { body, in_doubt, redelivered, put_back, put_back_since, .. } = message;
        let (snapshot, webhook) = (message.snapshot, message.webhook);
        let before = in_doubt || redelivered || put_back || resend;
        let came = |known: bool| Came {
            in_doubt: in_doubt || redelivered && !known,
            before,
            put_back_since,
        };
        let remembered = match self.remembered(&body, id.as_deref(), place).await {
            Ok(remembered) => remembered,
            Err(error) => return self.refuse(None, came(false), error).await,
        };
        let came = came(remembered.is_some());
        let task = match self.plan(body, remembered, came).await {
            Ok(task) => task,
            Err(verdict) => return *verdict,
        };
        let api = match task.common.keyid.as_deref().map(|it| self.api.with_key(it)).transpose() {
            Ok(own) => own,
            Err(error) => return self.refuse(remembered, came, error).await,
        };
        // An earlier delivery may have done already what its body asks for.
        let asked = task.common.resend && !redelivered && !put_back;
        let own_account = api.is_some();
        let api = api.as_ref().unwrap_or(&self.api);
        let call = Call {
            engine: self,
            own_account,
            out,
            api,
            // A hash, which only the journal asks for.
            account: remembered.and_then(|_| api.account()),
            asked,
            resend: asked || self.when_unknown == WhenUnknown::SendAgain,
            came,
            doubted: AtomicBool::new(false),
            purpose: remembered.and_then(|it| it.purpose).map(|it| hex(&it)),
            remembered,
            began: Instant::now(),
            unreached: AtomicBool::new(false),
            claimed: StdMutex::default(),
            elsewhere: AtomicBool::new(false),
            for_others: AtomicBool::new(false),
            amnesia: OnceLock::new(),
            under_way,
        };
        let verdict = match task.work {
            Work::Calls(job) => call.make_calls(job, &task.common, turn).await,
            Work::Stream(source) => {
                let around =
                    Around { snapshot: &snapshot, webhook: &webhook, store: self.store.as_ref() };
                Box::pin(call.stream(source.as_ref(), around, &task.common)).await
            }
        };
        Verdict { unreachable: call.is_unreachable(), ..verdict }
    }

    /// What is remembered of a message, where there is a journal.
    ///
    /// # Errors
    /// When it has to have an id, and has none.
    async fn remembered(
        &self,
        body: &Value,
        id: Option<&str>,
        place: Option<Place>,
    ) -> Result<Option<Remembered<'_>>, Error> {
        // A dry run only looks at what earlier runs have sent.
        let looks = |it: &&Memory| self.mode == Mode::Live || it.knows_earlier_runs();
        let Some(memory) = self.memory.as_ref().filter(looks) else { return Ok(None) };
        memory.of(self.name, id, body, place).await
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

impl Verdict {
    /// What became of it in one word of the results, unless its recipients differ.
    fn status(&self) -> Option<&'static str> {
        if let Some(error) = &self.error {
            return Some(error.status());
        }
        let some = |it: &(Status, u64)| it.1 > 0;
        let mut statuses = self.tally.by_status().into_iter().filter(some);
        let status = statuses.next().map(|it| it.0.as_str());
        status.filter(|_| statuses.next().is_none())
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
        Self { tally, error: Some(error), ..Self::default() }
    }
}

/// Says in the log what became of a message: counts, codes and reasons, and no word of others.
fn log(action: &str, started: Instant, verdict: &Verdict) {
    let elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let Tally { accepted, refused, not_sent, unknown, duplicate, .. } = verdict.tally;
    let error = verdict.error.as_ref().map(|it| tracing::field::display(it.logged()));
    if error.is_some() {
        tracing::Span::current().record("otel.status_code", "ERROR");
    }
    tracing::info!(
        action,
        elapsed_ms,
        status = verdict.status(),
        accepted,
        refused,
        not_sent,
        unknown,
        duplicate,
        error,
        "message done"
    );
}

/// The limit on calls (`rate`, a second).
fn pace(config: &Config) -> Result<Option<DefaultDirectRateLimiter>, Error> {
    let rate = config.number("rate", 0.0, 0.0, 100_000.0)?;
    if rate == 0.0 {
        return Ok(None);
    }
    let rate = rate.max(0.001);
    let quota = Quota::with_period(Duration::from_secs_f64(1.0 / rate))
        .ok_or_else(|| Error::config("rate", "must be more than nothing"))?;
    Ok(Some(RateLimiter::direct(quota)))
}
