//! Says which messages wait and why: once for each message and reason, and once for all that wait for the
//! same at one time.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::Watch;

/// Those that begin to wait together are told together.
const GATHER: Duration = Duration::from_secs(2);
/// Messages that wait for less are not spoken of.
const LEAST: Duration = Duration::from_millis(1500);
/// A reason is not told more often.
const APART: Duration = Duration::from_secs(30);

/// The messages of a run that wait.
pub struct Waits {
    watch: Arc<dyn Watch>,
    reasons: Mutex<Reasons>,
}

/// A message that may wait.
pub struct Waiting {
    line: u64,
    waits: Arc<Waits>,
    has_waited: AtomicBool,
}

impl Waits {
    /// Nobody waits yet.
    pub fn new(watch: Arc<dyn Watch>) -> Self {
        Self { watch, reasons: Mutex::default() }
    }

    /// The message of this line.
    pub fn of(self: &Arc<Self>, line: u64) -> Waiting {
        Waiting { line, waits: Arc::clone(self), has_waited: AtomicBool::new(false) }
    }

    fn reasons(&self) -> MutexGuard<'_, Reasons> {
        self.reasons.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    /// It waits so long, for this reason.
    pub fn wait(&self, why: &str, wait: Duration) {
        self.has_waited.store(true, Ordering::Relaxed);
        let now = Instant::now();
        let Some(mut due) = self.waits.reasons().wait(why, self.line, now, now + wait) else {
            return;
        };
        // What waits at the end of the run is told by its results.
        let (waits, why) = (Arc::downgrade(&self.waits), Box::<str>::from(why));
        tokio::spawn(async move {
            loop {
                tokio::time::sleep_until(due.into()).await;
                let Some(waits) = waits.upgrade() else { return };
                let (said, again) = waits.reasons().tell(&why, Instant::now());
                if let Some(said) = said {
                    waits.watch.waits(&said);
                }
                let Some(again) = again else { return };
                due = again;
            }
        });
    }
}

/// It is done, and waits for nothing.
impl Drop for Waiting {
    fn drop(&mut self) {
        if *self.has_waited.get_mut() {
            self.waits.reasons().leave(self.line);
        }
    }
}

/// What messages wait for.
#[derive(Default)]
struct Reasons(HashMap<Box<str>, Group>);

/// Messages that wait for one reason, or did.
#[derive(Default)]
struct Group {
    /// Their lines.
    waiting: BTreeMap<u64, Wait>,
    /// When some were told last.
    told: Option<Instant>,
    /// Whether others will be told.
    due: bool,
}

struct Wait {
    since: Instant,
    next: Instant,
    told: bool,
}

impl Reasons {
    /// A message waits. Says when it is to be told, unless it was told or will be with others.
    fn wait(&mut self, why: &str, line: u64, now: Instant, next: Instant) -> Option<Instant> {
        let group = self.0.entry(why.into()).or_default();
        let wait = group.waiting.entry(line).or_insert(Wait { since: now, next, told: false });
        wait.next = next;
        if wait.told || std::mem::replace(&mut group.due, true) {
            return None;
        }
        Some(group.when(now))
    }

    fn leave(&mut self, line: u64) {
        for group in self.0.values_mut() {
            group.waiting.remove(&line);
        }
    }

    /// What is said of those that wait for this and were not told yet, and when others are to be told.
    fn tell(&mut self, why: &str, now: Instant) -> (Option<String>, Option<Instant>) {
        let Some(group) = self.0.get_mut(why) else { return (None, None) };
        let said = group.tell(why, now);
        let untold = group.waiting.values().filter(|it| !it.told);
        let again = untold.map(|it| it.since).min().map(|since| group.when(since));
        group.due = again.is_some();
        (said, again)
    }
}

impl Group {
    /// When a message that waits since then is to be told.
    fn when(&self, since: Instant) -> Instant {
        let again = self.told.map_or(since, |it| it + APART);
        again.max(since + GATHER)
    }

    fn tell(&mut self, why: &str, now: Instant) -> Option<String> {
        let mut untold = Vec::new();
        for (line, wait) in &mut self.waiting {
            if !wait.told && wait.since + LEAST <= now {
                wait.told = true;
                untold.push((*line, wait.next));
            }
        }
        let ((first, _), (last, _)) = untold.first().zip(untold.last())?;
        self.told = Some(now);
        let who = match untold.len() {
            1 => format!("line {first} waits"),
            count => format!("{count} messages wait, from line {first} to line {last}"),
        };
        let next = untold.iter().map(|it| it.1).min()?.saturating_duration_since(now);
        let seconds = next.as_secs_f64().ceil().max(1.0);
        Some(format!("{who}: {why}; next try in {seconds} s"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUSY: &str = "iSendPro asks to come back later (HTTP 429)";
    const GONE: &str = "no connection: refused";

    /// Plays messages that wait: from when on, the line, why, for how long each time, how often. What
    /// is said, and when, in seconds.
    fn play(messages: &[(u64, u64, &str, u64, u64)]) -> Vec<(u64, String)> {
        let began = Instant::now();
        let at = |second| began + Duration::from_secs(second);
        let (mut reasons, mut due, mut said) = (Reasons::default(), Vec::new(), Vec::new());
        for second in 0..1000_u64 {
            for (start, line, why, each, times) in messages {
                let since = second.checked_sub(*start).filter(|it| it % each == 0);
                match since.map(|it| it / each) {
                    Some(time) if time < *times => {
                        let next = at(second + each);
                        let when = reasons.wait(why, *line, at(second), next);
                        due.extend(when.map(|it| (it, *why)));
                    }
                    Some(time) if time == *times => reasons.leave(*line),
                    _ => {}
                }
            }
            let (now, later) = due.into_iter().partition(|it| it.0 <= at(second));
            due = later;
            let now: Vec<(Instant, &str)> = now;
            for (_, why) in now {
                let (told, again) = reasons.tell(why, at(second));
                said.extend(told.map(|it| (second, it)));
                due.extend(again.map(|it| (it, why)));
            }
        }
        said
    }

    #[test]
    fn one_message_is_told_once_for_each_reason() {
        let lone = |line, why, next| format!("line {line} waits: {why}; next try in {next} s");
        for (messages, expected) in [
            (vec![(0, 20, BUSY, 4, 60)], vec![(2, lone(20, BUSY, 2))]),
            (vec![(7, 1, GONE, 30, 2)], vec![(9, lone(1, GONE, 28))]),
            (vec![(0, 3, BUSY, 1, 9)], vec![(2, lone(3, BUSY, 1))]),
            (
                vec![(0, 20, BUSY, 4, 5), (10, 20, GONE, 5, 4)],
                vec![(2, lone(20, BUSY, 2)), (12, lone(20, GONE, 3))],
            ),
            (
                vec![(0, 5, BUSY, 10, 4), (1, 6, GONE, 10, 4)],
                vec![(2, lone(5, BUSY, 8)), (3, lone(6, GONE, 8))],
            ),
            // The second one begins to wait after the first was told.
            (
                vec![(0, 5, BUSY, 10, 9), (5, 6, BUSY, 10, 9)],
                vec![(2, lone(5, BUSY, 8)), (32, lone(6, BUSY, 3))],
            ),
            // It waits for too short a time to be told.
            (vec![(0, 8, BUSY, 1, 1)], vec![]),
            (vec![(0, 8, BUSY, 1, 2)], vec![]),
            ((0..60).map(|it| (it, it, BUSY, 1, 1)).collect(), vec![]),
            (vec![(0, 5, BUSY, 10, 9), (5, 6, BUSY, 10, 2)], vec![(2, lone(5, BUSY, 8))]),
        ] {
            assert_eq!(play(&messages), expected);
        }
    }

    #[test]
    fn all_that_wait_for_the_same_are_told_together_and_seldom() {
        for count in [2, 3, 8, 50, 1000] {
            let messages: Vec<_> = (7..7 + count).map(|it| (1, it, GONE, 50, 1)).collect();
            let last = 6 + count;
            let said = format!(
                "{count} messages wait, from line 7 to line {last}: {GONE}; next try in 48 s"
            );
            assert_eq!(play(&messages), [(3, said)]);
        }
        // One after the other, each for ten seconds: every half minute those that wait then.
        let messages: Vec<_> = (0..90).map(|it| (it * 10, it, BUSY, 10, 1)).collect();
        let said = play(&messages).len();
        assert!((28..=31).contains(&said), "{said}");
    }
}
