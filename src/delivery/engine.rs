//! Messages in, verdicts out: the face of this room.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex as StdMutex};
use std::time::Duration;

use futures_util::FutureExt;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::drive::{Drive, Progress};
use super::facts::{JournalState, MessageFacts, Provenance, Remembered, SendAgain};
use super::history::Identity;
use super::memory::{Record, id_of};
use super::shared::Shared;
use super::{Admission, JournalFailure, Memory, Place, Reading, Stop, Turn, Verdict, verdict};
use crate::component::{
    AccountTrouble, Around, Bound, Config, Delivery, Diagnosis, Emit, Error, GIVEN_UP, Handler,
    Kind, Message, Mode, Private, RETURNED, Session, Store, WhenUnknown, Work, hex, metrics,
};

/// Carries messages through one action or trigger.
pub struct Engine {
    deed: &'static str,
    pub(super) bound: Arc<dyn Bound>,
    memory: Option<Memory>,
    store: Option<Store>,
    when_unknown: WhenUnknown,
    shared: Shared,
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
            deed: handler.meta.deed,
            bound: handler.bind(config)?.into(),
            memory: None,
            store: None,
            when_unknown: delivery.when_unknown,
            shared: Shared {
                name: handler.meta.name,
                api,
                mode: delivery.mode,
                patience: delivery.give_up_after.map_or(patience, minutes),
                pace: pace(config)?,
                admissions: Vec::new(),
                stop,
                grace: Duration::ZERO,
                diagnosis: Mutex::default(),
                reached: StdMutex::default(),
            },
        })
    }

    /// The same in another process, with this wish to stop: it remembers nothing, and asks nobody. To
    /// read the configuration takes a hundred times as long.
    #[cfg(feature = "simulation")]
    #[must_use]
    pub fn anew(&self, stop: Stop) -> Self {
        let Self { deed, when_unknown, shared, .. } = self;
        let shared = Shared {
            api: shared.api.clone(),
            pace: None,
            admissions: Vec::new(),
            stop,
            diagnosis: Mutex::default(),
            reached: StdMutex::default(),
            ..*shared
        };
        let (memory, store) = (None, None);
        Self {
            deed,
            bound: Arc::clone(&self.bound),
            memory,
            store,
            when_unknown: *when_unknown,
            shared,
        }
    }

    /// For how long what was not sent is tried again.
    pub fn patience(&self) -> Duration {
        self.shared.patience
    }

    /// Tries no longer than this while it holds a message: whoever drives the engine has another way
    /// to wait.
    #[must_use]
    pub fn holding_for(mut self, limit: Duration) -> Self {
        self.shared.patience = self.shared.patience.min(limit);
        self
    }

    /// Makes all requests of the messages that it has, for so long after it is time to stop.
    #[must_use]
    pub fn finishing_for(mut self, grace: Duration) -> Self {
        self.shared.grace = grace;
        self
    }

    /// Asks, at no cost, whether the account works.
    pub async fn account(&self) -> Diagnosis {
        self.shared.api.diagnose(1).await
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
        self.shared.admissions.push(admission);
        self
    }

    /// Whether a message may lead to more than one result.
    pub fn emits_many(&self) -> bool {
        self.bound.emits_many()
    }

    /// The name of the mode, when nothing real happens.
    pub fn test_mode(&self) -> Option<&'static str> {
        self.shared.test_mode()
    }

    /// Whether messages have to be let through, and so should take turns.
    pub fn is_guarded(&self) -> bool {
        !self.shared.admissions.is_empty()
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
        if self.shared.mode == Mode::DryRun { Ok(()) } else { self.shared.api.ready() }
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
        // What may have been sent before is not denied for a defect.
        let may_be_known = self.bound.acts_once()
            && (self.memory.is_some() || message.in_doubt || message.redelivered);
        // Found out only where it is needed: all words of a message are many.
        let private =
            tracing::enabled!(tracing::Level::DEBUG).then(|| Private::of([&message.body]));
        let started = Instant::now();
        let mut progress = Progress::default();
        let carried = self.carry(message, place, out, &mut progress, turn);
        let handled = AssertUnwindSafe(carried).catch_unwind().await;
        let mut verdict = handled.unwrap_or_else(|_| {
            let in_doubt = may_be_known || progress.called;
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
        verdict::log(self.shared.name, started, &verdict);
        if let (Some(error), Some(private)) = (&verdict.error, private) {
            private.log(error);
        }
        if let Some(metrics) = metrics::watched() {
            metrics.ended(self.shared.name, &verdict.tally, verdict.error.as_ref());
        }
        verdict
    }

    async fn carry(
        &self,
        message: Message,
        place: Option<Place>,
        out: &dyn Emit,
        progress: &mut Progress,
        turn: Option<Turn>,
    ) -> Verdict {
        let (id, came) = (id_of(&message), Came::of(&message));
        let Message { body, snapshot, webhook, .. } = message;
        let record = match self.record_of(&body, id.as_deref(), place).await {
            Ok(record) => record,
            Err(error) => return self.refuse(None, self.facts(came, None), error).await,
        };
        let facts = self.facts(came, record);
        let task = match self.plan(body, record, facts).await {
            Ok(task) => task,
            Err(verdict) => return *verdict,
        };
        let api =
            match task.common.keyid.as_deref().map(|it| self.shared.api.with_key(it)).transpose() {
                Ok(own) => own,
                Err(error) => return self.refuse(record, facts, error).await,
            };
        let asked = task.common.resend && came.asks_a_person;
        let own_account = api.is_some();
        let api = api.as_ref().unwrap_or(&self.shared.api);
        let identity = record.map(|record| Identity {
            record,
            account: api.account(),
            purpose: record.purpose.map(|it| hex(&it)),
            asked,
        });
        let mut drive = Drive {
            shared: &self.shared,
            api,
            own_account,
            out,
            identity,
            provenance: facts.provenance,
            send_again: match (asked, self.when_unknown) {
                (true, _) => SendAgain::ByPerson,
                (false, WhenUnknown::SendAgain) => SendAgain::ByPolicy,
                (false, _) => SendAgain::Never,
            },
            put_back_since: came.put_back_since,
            began: Instant::now(),
            progress,
        };
        let verdict = match task.work {
            Work::Calls(job) => drive.message(job, &task.common, turn).await,
            Work::Stream(source) => {
                let around =
                    Around { snapshot: &snapshot, webhook: &webhook, store: self.store.as_ref() };
                Box::pin(drive.stream(source.as_ref(), around, &task.common)).await
            }
        };
        Verdict { unreachable: drive.is_unreachable(), ..verdict }
    }

    /// What is true of a message that has not been planned.
    fn facts(&self, came: Came, record: Option<Record<'_>>) -> MessageFacts {
        // A dry run denies nothing.
        let in_doubt = self.shared.mode == Mode::Live
            && (came.in_doubt || came.redelivered && record.is_none());
        MessageFacts {
            provenance: match (in_doubt, came.before) {
                (true, _) => Provenance::InDoubt,
                (false, true) => Provenance::Before,
                (false, false) => Provenance::New,
            },
            send_again: SendAgain::Never,
            remembered: record.map_or(Remembered::Nowhere, |it| it.kind),
            shared: record.is_some_and(|it| it.journal.is_shared()),
            journal: JournalState::Works,
            returns: false,
            put_back: came.put_back_since.is_some(),
            called: false,
            doubted: false,
            elsewhere: false,
        }
    }

    /// Remembers of a message that was put back that it is told as not sent, for good: from now on no
    /// copy of it is sent that was put back before. False if one has been by now, or is being sent: then
    /// that is to be told.
    ///
    /// # Errors
    /// When that cannot be remembered, or the journal not be read: then nothing may be told.
    pub async fn give_up(&self, message: &Message) -> Result<bool, JournalFailure> {
        let id = id_of(message);
        let give_up = async {
            let record = self.record_of(&message.body, id.as_deref(), None).await?;
            let Some(record) = record else { return Ok(true) };
            self.shared.mark(record, GIVEN_UP, None).await?;
            let past = record.recall().await?;
            Ok(past.iter().all(|it| [GIVEN_UP, RETURNED].contains(&it.slot)))
        };
        if !self.bound.acts_once() {
            return Ok(true);
        }
        give_up.await.map_err(|it: Error| JournalFailure::of_claims(&it))
    }

    /// Where a message is remembered, if there is a journal.
    ///
    /// # Errors
    /// When it has to have an id, and has none.
    async fn record_of(
        &self,
        body: &Value,
        id: Option<&str>,
        place: Option<Place>,
    ) -> Result<Option<Record<'_>>, Error> {
        // A dry run only looks at what earlier runs have sent.
        let looks = |it: &&Memory| self.shared.mode == Mode::Live || it.knows_earlier_runs();
        let Some(memory) = self.memory.as_ref().filter(looks) else { return Ok(None) };
        memory.of(self.shared.name, id, body, place).await
    }
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

/// What a message says of earlier deliveries.
#[derive(Debug, Clone, Copy)]
struct Came {
    in_doubt: bool,
    redelivered: bool,
    /// Whether there was one, or its body says so by asking to send again.
    before: bool,
    /// Whether a wish of its body to send again is a person's: an earlier delivery may have done already
    /// what the body asks for.
    asks_a_person: bool,
    put_back_since: Option<jiff::Timestamp>,
}

impl Came {
    fn of(message: &Message) -> Self {
        let Message { in_doubt, redelivered, put_back, put_back_since, .. } = *message;
        let before = in_doubt || redelivered || put_back || message.resend();
        let asks_a_person = !redelivered && !put_back;
        Self { in_doubt, redelivered, before, asks_a_person, put_back_since }
    }
}
