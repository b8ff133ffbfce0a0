//! A worker of a step: takes messages from the queue, gives them to the engine, and does with the verdict
//! what a step does: the disposition of it is the real one.

mod ends;
mod out;

use std::pin::pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use isendpro_connector::component::{Diagnosis, Error, Kind, Message, Scope, Webhook, clock};
use isendpro_connector::delivery::{Engine, Memory, Stop, Stopper, Verdict};
use isendpro_connector::runtime::disposition::{
    Act, Delivery as Facts, Disposition, End, Unpublished, Until, after_giving_up, after_put_back,
    after_report, disposition, unbegun,
};
use serde_json::Value;

use self::ends::Taken;
use self::out::Out;
use crate::book::Word;
use crate::breaks::Break;
use crate::broker::Delivery;
use crate::engines::engine;
use crate::store::Owned;
use crate::world::{Process, World};

/// For how long a message is held while it is tried again, and what was begun is finished.
const HOLDING: Duration = Duration::from_secs(10);
const FINISHING: Duration = Duration::from_secs(10);
/// How long what is under way may take once the step is to stop.
const DEADLINE: Duration = Duration::from_secs(23);
/// From one try of a journal that fails to the next.
const JOURNAL_PAUSE: Duration = Duration::from_secs(5);
/// The first wait before an account in trouble is asked for again, and the longest.
const ACCOUNT_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_ACCOUNT_PAUSE: Duration = Duration::from_secs(60);

/// Runs a worker until it stops.
pub async fn serve(world: Arc<World>, process: Process) {
    let (stopper, stop) = Stop::new();
    let journal = Owned::open(&world, process);
    let mut engine = engine(world.plan.shape, stop.clone());
    let patience = engine.patience();
    engine = engine.holding_for(HOLDING).finishing_for(FINISHING);
    if let Some(journal) = &journal {
        let scope = Scope::of(&["flow", "step"]);
        engine = engine.memory(Memory::of_step(Arc::clone(journal) as _, scope));
    }
    let worker = Worker {
        world,
        process,
        engine,
        patience,
        stopper,
        stop,
        taken: Mutex::default(),
        is_closed: AtomicBool::new(false),
    };
    let keeping = async {
        match &journal {
            Some(journal) => journal.keep().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        () = worker.run() => {}
        () = keeping => {}
    }
    if let Some(journal) = journal {
        journal.close();
    }
}

struct Worker {
    world: Arc<World>,
    process: Process,
    engine: Engine,
    /// For how long what was not sent is tried again, from delivery to delivery.
    patience: Duration,
    stopper: Stopper,
    stop: Stop,
    taken: Mutex<Vec<Taken>>,
    /// Whether the account is refused.
    is_closed: AtomicBool,
}

/// What has kept a delivery waiting.
#[derive(Default)]
struct Waits {
    /// Since when for the journal.
    journal: Option<Duration>,
    /// Whether for the account.
    account: bool,
}

impl Worker {
    async fn run(&self) {
        let world = &self.world;
        let mut carrying = FuturesUnordered::new();
        let soon = |strikes: bool| strikes.then(|| world.between(100, 60_000));
        let mut cut = pin!(after(soon(world.strikes(|it| it.cut))));
        let mut halt = pin!(after(soon(world.strikes(|it| it.stop))));
        let mut deadline = pin!(after(None));
        let (mut is_cut, mut is_stopping) = (false, false);
        loop {
            let arrived = world.arrived.notified();
            while !is_stopping && carrying.len() < world.plan.prefetch {
                let Some((tag, connection, delivery)) = self.take() else { break };
                if let Some(taken) = self.arrives(tag, connection, &delivery) {
                    carrying.push(self.carry(taken, delivery));
                }
            }
            tokio::select! {
                biased;
                () = &mut cut, if !is_cut => {
                    is_cut = true;
                    world.cut(self.process);
                }
                () = &mut halt, if !self.stopper.has_stopped() => {
                    world.say(|| format!("process {} is told to stop", self.process));
                    world.shakes(self.process);
                    self.stopper.stop();
                }
                () = self.stop.requested(), if !is_stopping => {
                    is_stopping = true;
                    deadline.set(after(Some(DEADLINE)));
                }
                () = &mut deadline, if is_stopping => return,
                Some(()) = carrying.next(), if !carrying.is_empty() => {}
                () = arrived, if !is_stopping => {}
            }
            if is_stopping && carrying.is_empty() {
                return;
            }
        }
    }

    fn take(&self) -> Option<(u64, u64, Delivery)> {
        self.world.lock().broker.take(self.process)
    }

    async fn carry(&self, taken: usize, delivery: Delivery) {
        let message = delivery.message;
        self.world.hold(self.process, message);
        if delivery.redelivered {
            self.world.shakes(self.process);
            self.was_told(&delivery);
        }
        self.world.say(|| self.described(&delivery));
        if self.world.is_broken(Break::AcknowledgedFirst) {
            self.hears(taken);
        }
        match self.deliver(&delivery).await {
            Some(end) => self.ends(taken, end),
            None => {
                self.world.say(|| format!("process {} leaves it in the queue", self.process));
                self.stopper.stop();
            }
        }
        self.world.release(self.process, message);
    }

    /// Notes what comes again although its error is out.
    fn was_told(&self, delivery: &Delivery) {
        let mut inner = self.world.lock();
        let book = &mut inner.book;
        let slot = book.messages[delivery.message].slots[0];
        let said = book.words((delivery.message, slot));
        if delivery.rebounds == 0 && said.iter().any(|it| it.word == Word::NotSent) {
            book.unrejected.insert(delivery.message);
        }
    }

    fn described(&self, delivery: &Delivery) -> String {
        let inner = self.world.lock();
        let name = &inner.book.messages[delivery.message].name;
        let again = if delivery.redelivered { ", again" } else { "" };
        let back = match delivery.rebounds {
            0 => String::new(),
            times => format!(", put back {times} times"),
        };
        format!("process {} takes {name}{again}{back}", self.process)
    }

    /// Gives the message to the engine until it comes to an end; nothing, if it stays in the queue.
    async fn deliver(&self, delivery: &Delivery) -> Option<End> {
        let mut waits = Waits::default();
        loop {
            let next = if self.opens().await {
                let out = Out::new(self, delivery.message);
                let verdict = self.engine.handle(self.message(delivery), &out).await;
                self.watch(&verdict, &mut waits);
                disposition(
                    &verdict,
                    &self.facts(delivery, &waits, out.is_gone().then_some(&gone())),
                )
            } else {
                unbegun(&self.facts(delivery, &waits, None))
            };
            if let Some(end) = self.follow(delivery, next, &mut waits).await {
                return end;
            }
        }
    }

    /// Acts, until the delivery has an end or stays in the queue; nothing, if the engine is to have it
    /// again.
    async fn follow(
        &self,
        delivery: &Delivery,
        mut next: Disposition,
        waits: &mut Waits,
    ) -> Option<Option<End>> {
        loop {
            if next.fatal.is_some() {
                self.stopper.stop();
            }
            next = match next.act {
                Act::End(end) => return Some(Some(end)),
                Act::Leave(_) => return Some(None),
                Act::PutBack(_) => {
                    let (published, wait) = self.put_back(delivery).await;
                    after_put_back(published, wait, &self.facts(delivery, waits, None))
                }
                Act::Report(error) => after_report(self.report(delivery, &error).await),
                Act::GiveUp(error) => {
                    let same = Delivery { redelivered: false, ..delivery.clone() };
                    let given = self.engine.give_up(&self.message(&same)).await;
                    after_giving_up(given, error, &self.facts(delivery, waits, None))
                }
                Act::TryAgain(until) => {
                    match until {
                        Until::Now => {}
                        Until::AccountWorks => waits.account = true,
                        Until::JournalWorks(_) => {
                            waits.journal.get_or_insert_with(|| self.world.now());
                            tokio::select! {
                                biased;
                                () = tokio::time::sleep(JOURNAL_PAUSE) => {}
                                () = self.stop.requested() => {}
                            }
                        }
                    }
                    return None;
                }
            };
        }
    }

    fn watch(&self, verdict: &Verdict, waits: &mut Waits) {
        if verdict.account.is_some() {
            self.is_closed.store(true, Ordering::Relaxed);
        }
        if verdict.journal_failure.is_none() {
            waits.journal = None;
        }
    }

    fn facts<'a>(
        &self,
        delivery: &Delivery,
        waits: &Waits,
        unpublished: Option<&'a Unpublished>,
    ) -> Facts<'a> {
        Facts {
            redelivered: delivery.redelivered,
            was_put_back: delivery.rebounds > 0,
            may_come_back: self.may_come_back(delivery),
            stopping: self.stop.wanted(),
            impatient: self.patience.is_zero(),
            waited_for_account: waits.account,
            waited_for_journal: waits.journal.map(|it| self.world.now().saturating_sub(it)),
            unpublished,
            deed: "sent",
        }
    }

    fn may_come_back(&self, delivery: &Delivery) -> bool {
        let (initial, limit) = self.world.plan.rebound;
        let waited = initial.saturating_mul((1_u32 << delivery.rebounds.min(31)) - 1);
        delivery.rebounds < limit && waited < self.patience
    }

    async fn put_back(&self, delivery: &Delivery) -> (Result<(), Unpublished>, Duration) {
        let (initial, limit) = self.world.plan.rebound;
        let rebounds = (delivery.rebounds + 1).min(limit.max(delivery.rebounds)).max(1);
        let wait = initial.saturating_mul(2_u32.saturating_pow(rebounds - 1));
        let given = delivery.given.clone().unwrap_or_else(|| self.world.lock().broker.name());
        let since = delivery.since.unwrap_or_else(clock::now);
        let copy = Delivery {
            rebounds,
            given: Some(given),
            since: Some(since),
            redelivered: false,
            ..delivery.clone()
        };
        let put = |is_second: bool| {
            self.world.say(|| format!("process {} puts it back for {wait:?}", self.process));
            if !self.world.is_broken(Break::PutBackIsNotPublished) {
                let repeated = copy.repeated || is_second;
                self.world.enqueue_later(Delivery { repeated, ..copy.clone() }, wait);
            }
        };
        (self.published(put).await, wait)
    }

    async fn report(&self, delivery: &Delivery, error: &Error) -> Result<(), Unpublished> {
        let by = format!("process {}", self.process);
        // Whoever reads it knows by its id that it came before.
        let is_told = AtomicBool::new(false);
        let tell = |_| {
            if !is_told.swap(true, Ordering::Relaxed) {
                self.world.tell_error(delivery.message, error, &by);
            }
        };
        self.published(tell).await
    }

    async fn published(&self, put: impl Fn(bool)) -> Result<(), Unpublished> {
        if self.publish(put).await { Ok(()) } else { Err(gone()) }
    }

    /// Publishes, and waits for the broker's word. Where that is lost, it is published once more, and may
    /// have been taken before. False if the broker is gone for too long.
    async fn publish(&self, put: impl Fn(bool)) -> bool {
        let world = &self.world;
        world.nap(1, 20).await;
        if world.strikes(|it| it.unpublished) {
            world.shakes(self.process);
            let is_out = world.lock().dice.draw(2) == 0;
            if is_out {
                put(false);
            }
            world.nap(1_000, 5_000).await;
            return false;
        }
        if world.strikes(|it| it.unconfirmed) {
            world.shakes(self.process);
            if world.lock().dice.draw(2) == 0 {
                put(false);
            }
            world.nap(200, 3_000).await;
            put(true);
        } else {
            put(false);
        }
        world.nap(1, 20).await;
        true
    }

    /// Waits until the account works; false if the step is to stop.
    async fn opens(&self) -> bool {
        let mut pause = ACCOUNT_PAUSE;
        while self.is_closed.load(Ordering::Relaxed) {
            tokio::select! {
                biased;
                () = self.stop.requested() => return false,
                () = tokio::time::sleep(pause) => {}
            }
            pause = (pause * 2).min(LONGEST_ACCOUNT_PAUSE);
            if matches!(self.engine.account().await, Diagnosis::Fine) {
                self.is_closed.store(false, Ordering::Relaxed);
            }
        }
        true
    }

    /// The message as the engine takes it.
    fn message(&self, delivery: &Delivery) -> Message {
        let world = &self.world;
        let inner = world.lock();
        let of = &inner.book.messages[delivery.message];
        let mut body = of.body.clone();
        if delivery.resend {
            body["resend"] = true.into();
        }
        let is_again = delivery.redelivered && !world.is_broken(Break::RedeliveredIsIgnored)
            || delivery.repeated && !world.is_broken(Break::RepeatedIsIgnored);
        Message {
            id: of.id.clone().or_else(|| delivery.given.clone()),
            body,
            in_doubt: false,
            redelivered: is_again,
            put_back: delivery.rebounds > 0,
            put_back_since: delivery.since.filter(|_| !world.is_broken(Break::PutBackForgetsSince)),
            snapshot: Value::Null,
            webhook: Webhook::default(),
            envelope: None,
        }
    }
}

fn gone() -> Unpublished {
    Unpublished::GaveUp(Error::new(Kind::Unavailable, "the broker is gone"))
}

/// Waits so long, or for ever.
async fn after(wait: Option<Duration>) {
    match wait {
        Some(wait) => tokio::time::sleep(wait).await,
        None => std::future::pending().await,
    }
}
