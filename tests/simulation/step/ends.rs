//! Deliveries that this process knows: as src/runtime/step/inflight.rs has it.

use std::time::Duration;

use isendpro_connector::runtime::disposition::End;

use super::Worker;
use crate::broker::{Delivery, Tag};

/// One delivery.
pub struct Taken {
    print: (usize, bool, u32),
    connection: u64,
    tag: Tag,
    ended: Option<Duration>,
}

impl Worker {
    /// A delivery comes: its place, unless it is one that is known.
    pub(super) fn arrives(&self, tag: Tag, connection: u64, delivery: &Delivery) -> Option<usize> {
        let now = self.world.now();
        let mut inner = self.world.lock();
        let has_id = inner.book.messages[delivery.message].id.is_some();
        let print = (delivery.message, delivery.resend, delivery.rebounds);
        let mut taken = self.taken.lock().unwrap();
        let is_it = |it: &&mut Taken| {
            let is_known = it.ended.is_none_or(|until| has_id && now < until);
            it.print == print && it.connection < connection && is_known
        };
        let known = taken.iter_mut().filter(is_it).min_by_key(|it| it.ended.is_some());
        if let Some(known) = known.filter(|_| delivery.redelivered) {
            known.connection = connection;
            if known.ended.is_some() {
                inner.broker.hear(tag);
            } else {
                known.tag = tag;
            }
            return None;
        }
        taken.push(Taken { print, connection, tag, ended: None });
        Some(taken.len() - 1)
    }

    /// Ends a delivery, and tells the broker, which may not hear it.
    pub(super) fn ends(&self, place: usize, end: End) {
        self.taken.lock().unwrap()[place].ended = Some(self.world.now() + end.lasts());
        if self.world.strikes(|it| it.unheard) {
            self.world.say(|| format!("the broker does not hear process {}", self.process));
            self.world.cut(self.process);
        }
        self.hears(place);
    }

    pub(super) fn hears(&self, place: usize) {
        let tag = self.taken.lock().unwrap()[place].tag;
        self.world.lock().broker.hear(tag);
    }
}
