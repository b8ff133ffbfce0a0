//! Random histories, beside a plain model in memory.

mod step;

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::test_runner::{Config, TestRunner};

use step::{Step, step};

use super::{Stage, claim, entries, message, run};
use crate::component::{Claim, Fallout, Journal as _, Kept, Known, Ticket};
use crate::journal::{Filter, Ledger as _, State};

/// Slots of a message.
const SLOTS: u32 = 3;

/// Owners that live at once, where that can be.
const PLACES: usize = 2;

/// A slot of the model.
#[derive(Debug, Clone, PartialEq)]
struct Cell {
    state: State,
    /// The number of the owner, and of the step, that claimed it.
    owner: usize,
    attempt: usize,
    code: Option<i64>,
    /// Whether it was claimed although it may have been sent.
    resent: bool,
}

struct Held {
    ticket: Ticket,
    owner: usize,
    attempt: usize,
    message: u8,
    slots: Vec<u32>,
}

struct World<S: Stage> {
    stage: S,
    /// Every owner there ever was; those of a stage that is not shared go when they die.
    owners: Vec<Option<Arc<S::Store>>>,
    /// The number of the living owner of each place.
    living: Vec<usize>,
    cells: BTreeMap<(u8, u32), Cell>,
    held: Vec<Held>,
    now: usize,
}

/// In random histories every answer, and what is remembered after each step, is what the model says.
pub fn random_histories_go_as_the_model_says<S: Stage>() {
    let config = Config { cases: S::CASES, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&vec(step(), 1..40), |steps| {
            run(async {
                let mut world = World::<S>::new().await;
                for step in steps {
                    world.take(step).await;
                    world.check().await;
                }
            });
            Ok(())
        })
        .unwrap();
}

impl<S: Stage> World<S> {
    async fn new() -> Self {
        let stage = S::fresh().await;
        let places = if S::SHARED { PLACES } else { 1 };
        let mut owners = Vec::new();
        for _ in 0..places {
            owners.push(Some(stage.open().await));
        }
        let living = (0..places).collect();
        Self { stage, owners, living, cells: BTreeMap::new(), held: Vec::new(), now: 0 }
    }

    async fn take(&mut self, step: Step) {
        self.now += 1;
        match step {
            Step::Claim { place, message, slots, resend } => {
                let slots: Vec<_> = (0..SLOTS).filter(|it| slots >> it & 1 == 1).collect();
                self.claim(self.owner_at(place), message, slots, resend).await;
            }
            Step::Record { pick, fallout } => {
                if !self.held.is_empty() {
                    let held = self.held.swap_remove(pick % self.held.len());
                    self.record(&held, fallout).await;
                }
            }
            Step::Accept { place, message, slot } => self.accept(place, message, slot).await,
            Step::Forget { place, message, state } => self.forget(place, message, state).await,
            Step::Replace { place } => self.replace(place % self.living.len()).await,
        }
    }

    fn owner_at(&self, place: usize) -> usize {
        self.living[place % self.living.len()]
    }

    fn store(&self, owner: usize) -> Arc<S::Store> {
        self.owners[owner].clone().unwrap()
    }

    /// The state that people see.
    fn seen(&self, cell: &Cell) -> State {
        match cell.state {
            State::Claimed if !self.living.contains(&cell.owner) => State::Unknown,
            state => state,
        }
    }

    async fn claim(&mut self, owner: usize, number: u8, slots: Vec<u32>, resend: bool) {
        let answer = claim(&*self.store(owner), message(number), &slots, resend).await;
        let states: Vec<_> = slots
            .iter()
            .filter_map(|slot| {
                let cell = self.cells.get(&(number, *slot))?;
                Some((*slot, self.seen(cell), cell.code, cell.resent))
            })
            .collect();
        if states.iter().any(|it| it.1 == State::Claimed) {
            return super::assert_busy(&answer);
        }
        for (slot, state, ..) in &states {
            if *state == State::Unknown {
                self.cells.get_mut(&(number, *slot)).unwrap().state = State::Unknown;
            }
        }
        let stays = |state, resent| {
            state == State::Accepted || state == State::Unknown && (!resend || resent)
        };
        let again: Vec<u32> =
            states.iter().filter(|it| it.1 == State::Unknown).map(|it| it.0).collect();
        let expected: Vec<_> = states
            .into_iter()
            .filter(|it| stays(it.1, it.3))
            .map(|(slot, state, code, _)| {
                (slot, (state == State::Accepted).then(|| Vec::from_iter(code)))
            })
            .collect();
        if !expected.is_empty() {
            return assert_eq!(known_codes(answer), expected);
        }
        let Claim::Granted(ticket, _) = answer else { panic!("free, and not granted: {answer:?}") };
        let attempt = self.now;
        for slot in &slots {
            let state = State::Claimed;
            let cell = Cell { state, owner, attempt, code: None, resent: again.contains(slot) };
            self.cells.insert((number, *slot), cell);
        }
        self.held.push(Held { ticket, owner, attempt, message: number, slots });
    }

    async fn record(&mut self, held: &Held, choices: [u8; SLOTS as usize]) {
        let code = i64::try_from(self.now).ok();
        let kept = Kept { at: jiff::Timestamp::UNIX_EPOCH, code, parts: None, data: None };
        let fallout: Vec<_> = held
            .slots
            .iter()
            .filter_map(|slot| match choices[*slot as usize] {
                0 => Some((*slot, Fallout::Accepted(kept.clone()))),
                1 => Some((*slot, Fallout::Refused { code })),
                2 => Some((*slot, Fallout::Released)),
                3 => Some((*slot, Fallout::Unknown)),
                _ => None,
            })
            .collect();
        let store = self.store(held.owner);
        store.record(Ticket(held.ticket.0), &fallout).await.unwrap();
        let used = Ticket(held.ticket.0);
        assert!(store.record(used, &fallout).await.is_err(), "a ticket is used once");
        for slot in &held.slots {
            let outcome = fallout.iter().find(|it| it.0 == *slot).map(|it| &it.1);
            self.settle((held.message, *slot), held.attempt, outcome);
        }
    }

    fn settle(&mut self, place: (u8, u32), attempt: usize, outcome: Option<&Fallout>) {
        let Some(cell) = self.cells.get_mut(&place) else { return };
        let own = cell.attempt == attempt && cell.state == State::Claimed;
        match outcome {
            Some(Fallout::Accepted(kept)) if cell.state != State::Accepted => {
                *cell = Cell { state: State::Accepted, attempt, code: kept.code, ..*cell };
            }
            _ if own && cell.resent => cell.state = State::Unknown,
            Some(Fallout::Refused { code }) if own => {
                *cell = Cell { state: State::Refused, code: *code, ..*cell };
            }
            Some(Fallout::Released) if own => {
                self.cells.remove(&place);
            }
            Some(Fallout::Unknown) | None if own => cell.state = State::Unknown,
            _ => {}
        }
    }

    async fn accept(&mut self, place: usize, number: u8, slot: u32) {
        let store = self.store(self.owner_at(place));
        let answer = store.accept(message(number), slot).await.unwrap();
        let seen = self.cells.get(&(number, slot)).map(|it| self.seen(it));
        assert_eq!(answer, seen == Some(State::Unknown));
        if let (true, Some(cell)) = (answer, self.cells.get_mut(&(number, slot))) {
            cell.state = State::Accepted;
        }
    }

    async fn forget(&mut self, place: usize, number: Option<u8>, state: Option<State>) {
        let filter = Filter { message: number.map(message), state, ..Filter::default() };
        let store = self.store(self.owner_at(place));
        let answer = store.forget(&filter).await.unwrap();
        let meant: Vec<_> = self
            .cells
            .iter()
            .filter(|((of, _), cell)| {
                let seen = self.seen(cell);
                number.is_none_or(|it| it == *of)
                    && state.is_none_or(|it| it == seen)
                    && seen != State::Claimed
            })
            .map(|(place, _)| *place)
            .collect();
        assert_eq!(answer, meant.len() as u64);
        // A late outcome of what was forgotten is not a law: nobody waits for it any more.
        for place in meant {
            self.cells.remove(&place);
            self.held.retain(|it| it.message != place.0 || !it.slots.contains(&place.1));
        }
    }

    async fn replace(&mut self, place: usize) {
        let old = self.living[place];
        if S::SHARED {
            self.stage.kill(&mut self.owners[old].clone()).await;
        } else {
            self.stage.kill(&mut self.owners[old]).await;
            self.held.clear();
        }
        self.owners.push(Some(self.stage.open().await));
        self.living[place] = self.owners.len() - 1;
    }

    async fn check(&self) {
        let store = self.store(self.living[0]);
        let mut found: Vec<_> = entries(&*store, &Filter::default())
            .await
            .into_iter()
            .map(|it| ((it.message.0[0], it.slot), it.state, it.code))
            .collect();
        found.sort_by_key(|it| it.0);
        let expected: Vec<_> =
            self.cells.iter().map(|(place, it)| (*place, self.seen(it), it.code)).collect();
        assert_eq!(found, expected);
    }
}

/// The slots that are known, and the code of those that were accepted.
fn known_codes(claim: Claim) -> Vec<(u32, Option<Vec<i64>>)> {
    let Claim::Known(known) = claim else { panic!("not known: {claim:?}") };
    let mut known: Vec<_> = known
        .into_iter()
        .map(|(slot, it)| match it {
            Known::Accepted(kept) => (slot, Some(Vec::from_iter(kept.code))),
            Known::Unknown { .. } => (slot, None),
            Known::Refused { .. } | Known::Changed { .. } => panic!("no store knows of it"),
        })
        .collect();
    known.sort_unstable();
    known
}
