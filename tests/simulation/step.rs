//! A worker of a step: takes messages from the queue, gives them to the engine, and does with the verdict
//! what a step does.

mod ends;
mod out;

use std::pin::pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use isendpro_connector::component::{
    Diagnosis, Error, Kind, Message, Scope, Tally, Webhook, clock,
};
use isendpro_connector::runtime::{Engine, Memory, Stop, Stopper, Verdict};
use serde_json::Value;

use self::ends::{End, Taken};
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
/// For how long a journal that fails is waited for, and from one try to the next.
const JOURNAL_PATIENCE: Duration = Duration::from_secs(300);
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

/// What a delivery comes to.
enum Fate {
    End(End),
    /// It stays in the queue, and the process ends.
    Leave,
}

/// What the verdict asks for.
enum Next {
    Fate(Fate),
    Again,
}

/// What has kept a delivery waiting.
#[derive(Default)]
struct Trouble {
    journal: Option<Duration>,
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
            Fate::End(end) => self.ends(taken, end),
            Fate::Leave => {
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

    /// Gives the message to the engine until it comes to something.
    async fn deliver(&self, delivery: &Delivery) -> Fate {
        let mut trouble = Trouble::default();
        loop {
            if !self.opens().await {
                return self.unbegun(delivery).await;
            }
            let out = Out::new(self, delivery.message);
            let verdict = self.engine.handle(self.message(delivery), &out).await;
            match self.follow(delivery, &out, verdict, &mut trouble).await {
                Next::Fate(fate) => return fate,
                Next::Again => {}
            }
        }
    }

    async fn unbegun(&self, delivery: &Delivery) -> Fate {
        if delivery.redelivered { Fate::Leave } else { self.put_back(delivery).await }
    }

    /// What follows from the verdict: as `follow` in src/runtime/step/worker.rs has it.
    async fn follow(
        &self,
        delivery: &Delivery,
        out: &Out<'_>,
        verdict: Verdict,
        trouble: &mut Trouble,
    ) -> Next {
        if verdict.account.is_some() {
            self.is_closed.store(true, Ordering::Relaxed);
        }
        if verdict.journal_failure.is_none() {
            trouble.journal = None;
        }
        if out.is_gone() {
            return Next::Fate(Fate::Leave);
        }
        let nothing_happened = verdict.tally.accepted == 0 && verdict.tally.unknown == 0;
        let Some(error) = verdict.error else {
            if verdict.journal_failure.is_some() {
                self.stopper.stop();
            }
            return Next::Fate(Fate::End(told(&verdict.tally)));
        };
        if let Some(failure) = verdict.journal_failure {
            if !failure.unrecorded && nothing_happened && error.retryable() {
                return self.wait_for_the_journal(trouble).await;
            }
            self.stopper.stop();
        }
        let is_impatient = self.patience.is_zero();
        if verdict.account.is_some() && nothing_happened && !is_impatient && !trouble.account {
            trouble.account = true;
            return Next::Again;
        }
        let may_come_back = self.may_come_back(delivery) || self.stop.wanted();
        if error.retryable() && nothing_happened && may_come_back {
            return Next::Fate(self.put_back(delivery).await);
        }
        if nothing_happened && error.kind != Kind::Unknown && delivery.rebounds > 0 {
            let same = Delivery { redelivered: false, ..delivery.clone() };
            match self.engine.give_up(&self.message(&same)).await {
                Ok(true) => {}
                Ok(false) => return Next::Again,
                Err(_) => return self.wait_for_the_journal(trouble).await,
            }
        }
        Next::Fate(self.report(delivery, &error).await)
    }

    async fn wait_for_the_journal(&self, trouble: &mut Trouble) -> Next {
        let since = *trouble.journal.get_or_insert_with(|| self.world.now());
        if self.world.now().saturating_sub(since) > JOURNAL_PATIENCE || self.stop.wanted() {
            return Next::Fate(Fate::Leave);
        }
        tokio::select! {
            biased;
            () = tokio::time::sleep(JOURNAL_PAUSE) => {}
            () = self.stop.requested() => {}
        }
        Next::Again
    }

    fn may_come_back(&self, delivery: &Delivery) -> bool {
        let (initial, limit) = self.world.plan.rebound;
        let waited = initial.saturating_mul((1_u32 << delivery.rebounds.min(31)) - 1);
        delivery.rebounds < limit && waited < self.patience
    }

    async fn put_back(&self, delivery: &Delivery) -> Fate {
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
        if self.publish(put).await { Fate::End(End::PutBack(wait)) } else { Fate::Leave }
    }

    async fn report(&self, delivery: &Delivery, error: &Error) -> Fate {
        let by = format!("process {}", self.process);
        // Whoever reads it knows by its id that it came before.
        let is_told = AtomicBool::new(false);
        let tell = |_| {
            if !is_told.swap(true, Ordering::Relaxed) {
                self.world.tell_error(delivery.message, error, &by);
            }
        };
        if self.publish(tell).await { Fate::End(End::Failed) } else { Fate::Leave }
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

/// The end of a message whose results are out.
fn told(tally: &Tally) -> End {
    let left = tally.refused + tally.not_sent + tally.unknown;
    if left == 0 { End::Done } else { End::Incomplete }
}

/// Waits so long, or for ever.
async fn after(wait: Option<Duration>) {
    match wait {
        Some(wait) => tokio::time::sleep(wait).await,
        None => std::future::pending().await,
    }
}
