//! Time, and chance: the same seed draws the same.

use std::fmt;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher, RandomState};
use std::iter::Peekable;
use std::time::{Duration, Instant};

/// How often the terminal is told.
const SAYS: Duration = Duration::from_secs(10);

/// How long it has been.
pub struct Clock {
    began: Instant,
    said: Instant,
}

impl Clock {
    /// One that begins now.
    pub fn start() -> Self {
        let now = Instant::now();
        Self { began: now, said: now }
    }

    /// How long it has been.
    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// How many of these are due, when all are due after this time.
    pub fn share(&self, time: Duration, of: usize) -> usize {
        let share = (self.elapsed().as_secs_f64() / time.as_secs_f64()).min(1.0);
        (of as f64 * share) as usize
    }

    /// Whether it is time to say something.
    pub fn says(&mut self) -> bool {
        let due = self.said.elapsed() >= SAYS;
        if due {
            self.said = Instant::now();
        }
        due
    }
}

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.elapsed().as_secs();
        write!(f, "{:02}:{:02}", seconds / 60, seconds % 60)
    }
}

/// Draws numbers.
pub struct Dice {
    /// What they follow from.
    pub seed: u64,
    drawn: u64,
}

impl Dice {
    /// A seed that nobody has chosen, short enough to be typed.
    pub fn any_seed() -> u64 {
        RandomState::new().hash_one(0) % 1_000_000
    }

    /// The dice of this seed.
    pub fn new(seed: u64) -> Self {
        Self { seed, drawn: 0 }
    }

    /// Dice for somebody else.
    pub fn other(&mut self) -> Self {
        Self::new(self.draw(u64::MAX))
    }

    /// A number below this one.
    pub fn draw(&mut self, below: u64) -> u64 {
        self.drawn += 1;
        let hash = BuildHasherDefault::<DefaultHasher>::default();
        hash.hash_one((self.seed, self.drawn)) % below
    }

    /// So many moments of this time, apart from each other and from its beginning and end.
    pub fn moments(
        &mut self,
        count: usize,
        of: Duration,
    ) -> Peekable<std::vec::IntoIter<Duration>> {
        let places = (0..count).map(|it| {
            let within = 0.2 + 0.6 * self.draw(1000) as f64 / 1000.0;
            of.mul_f64((it as f64 + within) / count as f64)
        });
        places.collect::<Vec<_>>().into_iter().peekable()
    }
}
