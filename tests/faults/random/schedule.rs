//! What happens to the workers, drawn before it begins.

use std::time::Duration;

use crate::network::Server;
use crate::soak::clock::Dice;

/// What happens to a worker.
#[derive(Debug, Clone, Copy)]
pub enum Event {
    /// Its connections to a server are cut, and refused for a while.
    Cut(Server, Duration),
    /// The same of all servers: its network is gone.
    Gone(Duration),
    /// A server says nothing for a while.
    Silence(Server, Duration),
    /// Redis cannot be reached for a while, by any worker.
    NoRedis(Duration),
    /// SIGKILL, and a new one after a while.
    Kill(Duration),
    /// SIGTERM, and a new one a while after its end.
    Stop(Duration),
}

/// An event of a worker, and when.
#[derive(Debug, Clone, Copy)]
pub struct Due {
    pub at: Duration,
    pub worker: usize,
    pub event: Event,
}

/// All that happens to so many workers in this time, the first first.
pub fn draw(dice: &mut Dice, workers: usize, time: Duration) -> Vec<Due> {
    let mut all = Vec::new();
    let mut at = Duration::ZERO;
    loop {
        at += millis(dice, 300, 2000);
        if at >= time {
            return all;
        }
        let worker = usize::try_from(dice.draw(workers as u64)).unwrap();
        all.push(Due { at, worker, event: event(dice) });
    }
}

fn event(dice: &mut Dice) -> Event {
    match dice.draw(20) {
        0..=4 => Event::Cut(Server::Broker, millis(dice, 0, 2000)),
        5 => Event::Cut(Server::Redis, millis(dice, 0, 8000)),
        // Longer than an outcome is tried to be recorded, sometimes; and than a lease lasts.
        6 => Event::Cut(Server::Redis, millis(dice, 10_000, 50_000)),
        7..=9 => Event::Cut(Server::Api, millis(dice, 0, 10_000)),
        10 => Event::Gone(millis(dice, 1000, 45_000)),
        11 => Event::Silence(Server::Broker, millis(dice, 500, 5000)),
        12 | 13 => Event::Silence(Server::Redis, millis(dice, 500, 10_000)),
        14 => Event::NoRedis(millis(dice, 1000, 20_000)),
        15 | 16 => Event::Kill(millis(dice, 0, 3000)),
        _ => Event::Stop(millis(dice, 0, 3000)),
    }
}

/// A time of at least so many milliseconds, and less than this many more.
fn millis(dice: &mut Dice, least: u64, more: u64) -> Duration {
    Duration::from_millis(least + dice.draw(more))
}
