//! What keeps one publication from the broker: since when, and whose doing it may be.

use std::time::Duration;

use tokio::time::Instant;

use super::broker::PAUSES;
use crate::runtime::health::Waiting;
use crate::runtime::{Health, Obstacle};

/// For how long a broker that is gone is waited for.
pub const PATIENCE: Duration = Duration::from_secs(300);

/// What has happened to one publication so far.
pub struct Outage<'a> {
    health: &'a Health,
    gone_since: Option<Instant>,
    tries: u32,
    /// Channels that were lost while it was under way.
    lost: u32,
    suspected: bool,
    waiting: Option<Waiting>,
}

impl<'a> Outage<'a> {
    /// Nothing yet.
    pub fn new(health: &'a Health) -> Self {
        Self { health, gone_since: None, tries: 0, lost: 0, suspected: false, waiting: None }
    }

    /// A channel is open.
    pub fn reached(&mut self) {
        self.waiting = None;
    }

    /// The broker has answered, or has said that it takes nothing: it was there.
    pub fn was_there(&mut self) {
        (self.gone_since, self.tries) = (None, 0);
    }

    /// A channel was lost while it was under way.
    pub fn lost(&mut self, blocked: bool) {
        if blocked {
            // Not its doing: nothing of it was taken.
            self.was_there();
        } else {
            self.lost += 1;
        }
    }

    /// The channel was closed for what one publication did: whose is seen when it is alone.
    pub fn suspect(&mut self) {
        self.suspected = true;
    }

    /// Whether nothing else is to be under way with it. Whatever it is that closes connections: it is
    /// not to close those of others for ever.
    pub fn is_alone(&self) -> bool {
        self.suspected || self.lost > 1
    }

    /// For how long to wait before the next try; none if the broker is gone for too long.
    pub fn pause(&mut self) -> Option<Duration> {
        if self.gone_since.get_or_insert_with(Instant::now).elapsed() > PATIENCE {
            return None;
        }
        self.waiting.get_or_insert_with(|| self.health.wait(Obstacle::Publisher));
        let pause = PAUSES.wait(self.tries);
        self.tries += 1;
        Some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_channel_that_was_lost_with_it_makes_it_go_alone() {
        let health = Health::default();
        let mut outage = Outage::new(&health);
        for _ in 0..9 {
            assert!(outage.pause().is_some(), "refused connections");
        }
        outage.lost(false);
        for _ in 0..9 {
            outage.lost(true);
        }
        assert!(!outage.is_alone());
        outage.lost(false);
        assert!(outage.is_alone());
    }

    #[test]
    fn a_broker_that_was_there_is_waited_for_anew() {
        let health = Health::default();
        let mut outage = Outage::new(&health);
        let long_ago = Instant::now().checked_sub(PATIENCE + Duration::from_secs(1));
        outage.gone_since = long_ago;
        assert_eq!(outage.pause(), None);
        outage.lost(false);
        assert_eq!(outage.pause(), None, "it was lost at once, again and again");
        outage.lost(true);
        assert_eq!(outage.pause(), Some(PAUSES.wait(0)), "it took nothing, and was there");
    }

    #[test]
    fn it_is_an_obstacle_until_a_channel_is_open() {
        let health = Health::default();
        let mut outage = Outage::new(&health);
        outage.pause();
        outage.pause();
        assert!(health.has(Obstacle::Publisher));
        outage.reached();
        assert!(!health.has(Obstacle::Publisher));
    }
}
