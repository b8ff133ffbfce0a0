//! One line of the table.

use std::fmt;
use std::ops::RangeInclusive;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use super::count::Count;
use super::messages::Shape;
use super::stage::Stage;
use super::store::{ALL, ANY, Store};

/// Bulk messages only.
pub const BULK: &[Shape] = &[Shape::Bulk];
/// Single sends only.
pub const SINGLE: &[Shape] = &[Shape::Single];
const BOTH: &[Shape] = &[Shape::Single, Shape::Bulk];

/// Requests that are in flight at any time.
pub const IN_FLIGHT: usize = 50;

/// What carries the messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// `isendpro run`: lines in, lines out.
    Pipe,
    /// `isendpro step`: from one queue to others.
    Step,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pipe => "pipe",
            Self::Step => "step",
        })
    }
}

/// A fault, and what it may cost.
pub struct Fault {
    /// What happens, in a few words.
    pub name: &'static str,
    /// How many requests end in doubt, so that nobody knows whether their recipients were sent: the
    /// fewest, which prove that the fault happened, and the most.
    pub doubt: RangeInclusive<usize>,
    /// The same where there is no journal, if that makes a difference.
    blind: Option<RangeInclusive<usize>>,
    /// The stores with which the pipe is broken like this.
    pub stores: &'static [Store],
    /// The stores with which the step is, or without one.
    pub steps: &'static [Store],
    /// The shapes that the step sends.
    pub step_shapes: &'static [Shape],
    /// The shapes that it makes sense for.
    pub shapes: &'static [Shape],
    play: Play,
}

/// Makes a fault happen.
pub type Play = fn(&mut Stage);

/// A fault of the pipe that makes sense for every store and shape.
pub const fn fault(name: &'static str, doubt: RangeInclusive<usize>, play: Play) -> Fault {
    Fault {
        name,
        doubt,
        blind: None,
        stores: ALL,
        steps: &[],
        step_shapes: SINGLE,
        shapes: BOTH,
        play,
    }
}

/// A fault of the step alone, with single sends.
pub const fn step(name: &'static str, doubt: RangeInclusive<usize>, play: Play) -> Fault {
    fault(name, doubt, play).stores(&[]).steps(ANY)
}

impl Fault {
    /// In the pipe, it makes sense for these stores only.
    pub const fn stores(mut self, stores: &'static [Store]) -> Self {
        self.stores = stores;
        self
    }

    /// In the step, it makes sense for these, with single sends.
    pub const fn steps(mut self, stores: &'static [Store]) -> Self {
        self.steps = stores;
        self
    }

    /// In the step, bulk messages make a difference.
    pub const fn and_bulk(mut self) -> Self {
        self.step_shapes = BOTH;
        self
    }

    /// Without a journal, so many end in doubt.
    pub const fn blind(mut self, doubt: RangeInclusive<usize>) -> Self {
        self.blind = Some(doubt);
        self
    }

    /// It makes sense for these shapes only.
    pub const fn shapes(mut self, shapes: &'static [Shape]) -> Self {
        (self.shapes, self.step_shapes) = (shapes, shapes);
        self
    }
}

/// A fault of one role, with one store and one shape.
#[derive(Clone, Copy)]
pub struct Row {
    pub fault: &'static Fault,
    pub role: Role,
    pub store: Store,
    pub shape: Shape,
}

/// What came of a row.
pub struct Played {
    pub row: Row,
    pub count: Count,
    pub recipients: usize,
    pub seconds: f64,
    /// What must not be.
    pub broken: Vec<String>,
}

impl Row {
    /// The name that filters look into.
    pub fn name(&self) -> String {
        format!("{} {} {} {}", self.role, self.fault.name, self.store, self.shape)
    }

    /// Most recipients that may end as unknown.
    pub fn bound(&self) -> usize {
        self.doubt().end() * self.shape.batch()
    }

    fn doubt(&self) -> &RangeInclusive<usize> {
        let blind = self.fault.blind.as_ref().filter(|_| self.store == Store::None);
        blind.unwrap_or(&self.fault.doubt)
    }

    /// Plays it on a stage of its own.
    pub fn play(self) -> Played {
        let began = Instant::now();
        let mut recipients = 0;
        let played = catch_unwind(AssertUnwindSafe(|| {
            let mut stage = Stage::new(self.role, self.store, self.shape);
            (self.fault.play)(&mut stage);
            recipients = stage.messages.things.len();
            stage.count()
        }));
        let (count, broken) = match played {
            Ok(count) => (count.clone(), self.judge(&count)),
            Err(panic) => (Count::default(), vec![said(panic.as_ref())]),
        };
        Played { row: self, count, recipients, seconds: began.elapsed().as_secs_f64(), broken }
    }

    fn judge(&self, count: &Count) -> Vec<String> {
        let mut broken = Vec::new();
        let mut most = |what: &str, value: usize, most: usize| {
            if value > most {
                broken.push(format!("{value} {what}, and {most} at most may be"));
            }
        };
        most("doubled", count.doubled, 0);
        most("lost", count.lost, 0);
        most("wrong", count.wrong, 0);
        most("unknown", count.unknown, self.bound());
        let least = *self.doubt().start();
        if count.unknown < least {
            broken.push(format!("{} unknown: did the fault happen {least} times?", count.unknown));
        }
        if count.accepted == 0 {
            broken.push("nothing was accepted".to_owned());
        }
        broken
    }
}

fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    format!("it could not be played: {}", text.unwrap_or("a panic without words"))
}
