//! Actions, reports and triggers without their types, as the engine drives them.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::input::Reader;
use super::{
    Action, Around, BoxFuture, Common, Config, Deadline, Effect, Error, Event, Fallout, Fired,
    Kind, Known, MessageKey, Meta, Outcome, Outlet, Plan, Problem, Report, Session, Slot, Status,
    Tally, Trigger, clock, remembered,
};

/// An action or trigger with its options read: what takes messages.
pub trait Bound: Send + Sync {
    /// Checks a message and decides what it will do. Pure.
    ///
    /// # Errors
    /// What is wrong with the message; then nothing is sent.
    fn prepare(&self, body: Value, now: Timestamp) -> Result<Task, Error>;

    /// Whether a message may lead to more than one result.
    fn emits_many(&self) -> bool;

    /// Whether a message may do something that must happen at most once.
    fn acts_once(&self) -> bool {
        false
    }
}

/// One message, checked and planned.
pub struct Task {
    /// The fields that every body may carry.
    pub common: Common,
    /// What is to be done.
    pub work: Work,
}

/// The two ways of working.
pub enum Work {
    /// A few calls, decided beforehand.
    Calls(Box<dyn Job>),
    /// A stream of results.
    Stream(Box<dyn Source>),
}

/// What the engine must know of one planned request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartInfo {
    /// What a second identical request would do.
    pub effect: Effect,
    /// How many recipients it has.
    pub recipients: usize,
    /// How many units (SMS parts) it takes, as far as is known beforehand.
    pub units: u64,
    /// Until when it may be made.
    pub until: Option<Deadline>,
    /// Whether it also has recipients that nobody can count.
    pub uncounted: bool,
}

impl PartInfo {
    /// What is said of it if it is too late by now.
    pub fn missed(&self) -> Option<Problem> {
        self.until.and_then(|it| it.missed(clock::now()))
    }
}

/// Planned calls.
pub trait Job: Send + Sync {
    /// How many requests there are.
    fn requests(&self) -> usize;

    /// What must be known of one request, as far as it is not settled; none beyond the last.
    fn part(&self, request: usize) -> Option<PartInfo>;

    /// The same of all of them, in order.
    fn parts(&self) -> Vec<PartInfo> {
        (0..self.requests()).filter_map(|it| self.part(it)).collect()
    }

    /// Gives recipients without a tracker one that is derived from the message's key.
    fn track(&mut self, message: MessageKey);

    /// What one request does that must happen at most once.
    fn slots(&self, part: usize) -> Vec<Slot<'_>>;

    /// Leaves out of a request what is known of it from an earlier delivery of the same message. If
    /// nothing of it is left to call, says what became of it.
    fn settle(&mut self, part: usize, known: Vec<(u32, Known)>) -> Option<Outcome>;

    /// All recipients of the message but duplicates, as what they would claim.
    fn everyone(&self) -> Vec<Slot<'_>>;

    /// The recipients that were refused without a call, as what they would claim.
    fn left_out(&self) -> Vec<Slot<'_>>;

    /// Tells of these recipients what is known of them from an earlier delivery instead.
    fn restate(&mut self, known: Vec<(u32, Known)>);

    /// What is told of a request that was made although these slots of it may have been sent before:
    /// nothing but an acceptance frees them of the doubt.
    fn doubt(&mut self, part: usize, outcome: Outcome, doubts: &[u32]) -> Outcome;

    /// Whether its result returns what was not sent, to be sent by another message.
    fn returns(&self) -> bool;

    /// Makes one request.
    fn call<'a>(&'a self, api: &'a Session, part: usize) -> BoxFuture<'a, Outcome>;

    /// What became of each slot of a request, by its outcome.
    fn fallout(&self, part: usize, outcome: &Outcome) -> Vec<(u32, Fallout)>;

    /// Says what became of the message.
    ///
    /// # Errors
    /// When the message as a whole failed.
    fn finish(self: Box<Self>, outcomes: Vec<Outcome>) -> Result<Finished, Error>;
}

/// The results of a message.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Finished {
    /// The results, in order.
    pub outputs: Vec<Value>,
    /// What they count for.
    pub tally: Tally,
}

/// A planned stream of results.
pub trait Source: Send + Sync {
    /// Runs it, emitting as it goes. Triggers look at what is around it.
    fn run<'a>(
        &'a self,
        api: &'a Session,
        around: Around<'a>,
        out: &'a Outlet<'_>,
    ) -> BoxFuture<'a, Result<Fired, Error>>;
}

pub(super) struct BoundAction<A: Action> {
    reader: Reader,
    options: Arc<A::Options>,
}

pub(super) fn bind_action<A: Action>(config: &Config) -> Result<Box<dyn Bound>, Error> {
    let reader = Reader::new::<A::Input>(&A::META)?;
    let bound = BoundAction::<A> {
        reader: if A::ENTRY_BY_ENTRY {
            reader.entry_by_entry::<A::Input>(&A::META)?
        } else {
            reader
        },
        options: Arc::new(config.parse()?),
    };
    Ok(Box::new(bound))
}

impl<A: Action> Bound for BoundAction<A> {
    fn prepare(&self, body: Value, now: Timestamp) -> Result<Task, Error> {
        let (mut common, mut input) = self.reader.read(body).map_err(|it| named(it, &A::META))?;
        A::take(&mut input, std::mem::take(&mut common.entries));
        let plan = A::plan(input, &self.options, now).map_err(|it| named(it, &A::META))?;
        let job = PlannedCalls::<A> { plan, options: Arc::clone(&self.options) };
        Ok(Task { common, work: Work::Calls(Box::new(job)) })
    }

    fn emits_many(&self) -> bool {
        A::emits_many(&self.options)
    }

    fn acts_once(&self) -> bool {
        A::ONCE
    }
}

struct PlannedCalls<A: Action> {
    plan: Plan<A::Request>,
    options: Arc<A::Options>,
}

impl<A: Action> Job for PlannedCalls<A> {
    fn requests(&self) -> usize {
        self.plan.parts.len()
    }

    fn part(&self, request: usize) -> Option<PartInfo> {
        let part = self.plan.parts.get(request)?;
        Some(PartInfo {
            effect: part.effect,
            recipients: part.items.len(),
            units: part.items.iter().map(|it| u64::from(it.units)).sum(),
            until: part.until,
            uncounted: part.uncounted,
        })
    }

    fn call<'a>(&'a self, api: &'a Session, part: usize) -> BoxFuture<'a, Outcome> {
        Box::pin(A::call(api, &self.plan.parts[part]))
    }

    fn track(&mut self, message: MessageKey) {
        remembered::track::<A>(&mut self.plan, message);
    }

    fn slots(&self, part: usize) -> Vec<Slot<'_>> {
        remembered::slots(&self.plan.parts[part])
    }

    fn settle(&mut self, part: usize, known: Vec<(u32, Known)>) -> Option<Outcome> {
        remembered::settle::<A>(&mut self.plan, part, known)
    }

    fn everyone(&self) -> Vec<Slot<'_>> {
        remembered::everyone(&self.plan)
    }

    fn left_out(&self) -> Vec<Slot<'_>> {
        remembered::left_out(&self.plan)
    }

    fn restate(&mut self, known: Vec<(u32, Known)>) {
        remembered::restate(&mut self.plan, known);
    }

    fn doubt(&mut self, part: usize, outcome: Outcome, doubts: &[u32]) -> Outcome {
        remembered::doubt::<A>(&mut self.plan, part, outcome, doubts)
    }

    fn returns(&self) -> bool {
        // One request without recipients is an error as a whole, and comes again as such.
        let alone = matches!(self.plan.parts.as_slice(), [only] if only.items.is_empty());
        A::RETURNS && !alone
    }

    fn fallout(&self, part: usize, outcome: &Outcome) -> Vec<(u32, Fallout)> {
        remembered::fallout::<A>(&self.plan.parts[part], outcome)
    }

    fn finish(self: Box<Self>, outcomes: Vec<Outcome>) -> Result<Finished, Error> {
        let nobody =
            self.plan.settled.is_empty() && self.plan.parts.iter().all(|it| it.items.is_empty());
        // A send has the same shape of result, however few recipients are known beforehand.
        if nobody && A::META.deed != "sent" && outcomes.iter().all(|it| *it == Outcome::Planned) {
            let output = json_planned(A::META.name, self.plan.parts.len());
            return Ok(Finished { outputs: vec![output], tally: Tally::of(Status::Planned) });
        }
        let tracker = self.plan.only_tracker();
        let is_once = self.plan.parts.iter().any(|it| it.effect == Effect::Once);
        let spent = |it: &Outcome| matches!(it, Outcome::Done(_) | Outcome::InDoubt(_));
        let spent = is_once && outcomes.iter().any(spent);
        let oddities = self.plan.oddities;
        let finish = A::finish(&self.options, self.plan, outcomes).map_err(|mut error| {
            if let (Kind::Unknown, Some(tracker)) = (error.kind, tracker) {
                error = error.with_value(&format!(" (tracker {tracker})"));
            }
            named(error, &A::META)
        })?;
        let kind = if spent { Kind::Unknown } else { Kind::Internal };
        let result = |output: &A::Output| {
            let mut result = to_value(output, kind)?;
            A::give_back(output, &mut result);
            Ok::<_, Error>(result)
        };
        let outputs = finish.outputs.iter().map(result);
        let outputs = outputs.collect::<Result<_, _>>()?;
        Ok(Finished { outputs, tally: Tally { oddities, ..finish.tally } })
    }
}

/// What a dry run says of an action without recipients.
pub fn json_planned(action: &str, requests: usize) -> Value {
    json!({"status": Status::Planned, "action": action, "requests": requests})
}

pub(super) struct BoundReport<A: Report> {
    reader: Reader,
    options: Arc<A::Options>,
}

pub(super) fn bind_report<A: Report>(config: &Config) -> Result<Box<dyn Bound>, Error> {
    let bound = BoundReport::<A> {
        reader: Reader::new::<A::Input>(&A::META)?,
        options: Arc::new(config.parse()?),
    };
    Ok(Box::new(bound))
}

impl<A: Report> Bound for BoundReport<A> {
    fn prepare(&self, body: Value, now: Timestamp) -> Result<Task, Error> {
        let (common, input) = self.reader.read(body).map_err(|it| named(it, &A::META))?;
        A::check(&input, &self.options, now).map_err(|it| named(it, &A::META))?;
        let source = PlannedReport::<A> { input, options: Arc::clone(&self.options), now };
        Ok(Task { common, work: Work::Stream(Box::new(source)) })
    }

    fn emits_many(&self) -> bool {
        A::emits_many(&self.options)
    }
}

struct PlannedReport<A: Report> {
    input: A::Input,
    options: Arc<A::Options>,
    now: Timestamp,
}

impl<A: Report> Source for PlannedReport<A> {
    fn run<'a>(
        &'a self,
        api: &'a Session,
        _: Around<'a>,
        out: &'a Outlet<'_>,
    ) -> BoxFuture<'a, Result<Fired, Error>> {
        Box::pin(async move {
            A::read(api, &self.input, &self.options, self.now, out)
                .await
                .map_err(|it| named(it, &A::META))?;
            Ok(Fired::default())
        })
    }
}

pub(super) struct BoundTrigger<T: Trigger> {
    options: Arc<T::Options>,
}

pub(super) fn bind_trigger<T: Trigger>(config: &Config) -> Result<Box<dyn Bound>, Error> {
    Ok(Box::new(BoundTrigger::<T> { options: Arc::new(config.parse()?) }))
}

impl<T: Trigger> Bound for BoundTrigger<T> {
    fn prepare(&self, body: Value, now: Timestamp) -> Result<Task, Error> {
        let source = PlannedTrigger::<T> { body, options: Arc::clone(&self.options), now };
        Ok(Task { common: Common::default(), work: Work::Stream(Box::new(source)) })
    }

    fn emits_many(&self) -> bool {
        T::emits_many(&self.options)
    }
}

struct PlannedTrigger<T: Trigger> {
    body: Value,
    options: Arc<T::Options>,
    now: Timestamp,
}

impl<T: Trigger> Source for PlannedTrigger<T> {
    fn run<'a>(
        &'a self,
        api: &'a Session,
        around: Around<'a>,
        out: &'a Outlet<'_>,
    ) -> BoxFuture<'a, Result<Fired, Error>> {
        let Self { body, options, now } = self;
        let Around { snapshot, webhook, store } = around;
        let event = Event { body, snapshot, webhook, store, now: *now };
        Box::pin(T::fire(api, options, event, out))
    }
}

/// The error in the words of this action.
fn named(mut error: Error, meta: &Meta) -> Error {
    error.deed = meta.deed;
    error
}

fn to_value<T: Serialize>(output: &T, kind: Kind) -> Result<Value, Error> {
    serde_json::to_value(output)
        .map_err(|it| Error::new(kind, format!("the result could not be written: {it}")))
}
