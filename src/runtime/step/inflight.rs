//! Deliveries under way, so that a message that the broker delivers again, because the connection
//! was lost, is not carried a second time while this process still knows of it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use ring::digest::{Context, SHA256};

use crate::component::{add_text, finish};
use crate::runtime::disposition::{End, UNHEARD};

/// How many messages of a connection are remembered after they ended, at least.
const LEAST_REMEMBERED: usize = 1024;

/// What a message looks like on the wire.
type Print = [u8; 32];

/// All deliveries that this process has taken. `A` is what the broker is told the end with.
pub struct InFlight<A>(Mutex<Inner<A>>);

struct Inner<A> {
    /// The connection that deliveries come on, by number.
    connection: u64,
    /// How many that came on it are remembered after they ended: more ends than it gives messages at
    /// a time, the broker cannot have missed.
    remembered: usize,
    /// Several may look the same.
    taken: HashMap<Print, Vec<Arc<Taken<A>>>>,
    /// What has ended on this connection.
    finished: VecDeque<Print>,
    /// What had ended last when a connection was lost, or ended after it: the broker may have heard
    /// none of it, and may deliver it again once it sees that the connection is gone.
    unheard: VecDeque<(Print, Instant)>,
}

/// One delivery, until the broker knows what became of it.
pub struct Taken<A> {
    print: Print,
    hold: Mutex<Hold<A>>,
}

struct Hold<A> {
    /// The connection that it came on last, by number.
    connection: u64,
    acker: Option<A>,
    /// Until when one that looks the same is this one, once it has ended.
    ended: Option<Instant>,
}

/// What is seen of a delivery.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// Whether the broker says that it has delivered it before.
    pub redelivered: bool,
    /// The message's id.
    pub id: Option<&'a str>,
    /// How often it was put back for later: each copy is a message of its own.
    pub rebounds: u32,
    /// Its bytes.
    pub payload: &'a [u8],
}

/// What to do with a delivery.
pub enum Arrival<A> {
    /// It is new: carry it.
    New(Arc<Taken<A>>),
    /// It is under way, and will be ended by whoever carries it.
    UnderWay,
    /// It has ended, and the broker did not hear it: it is to be acknowledged again.
    Ended(A),
}

impl<A> InFlight<A> {
    /// For a queue that gives so many messages before it hears the end of one.
    pub fn new(prefetch: u16) -> Self {
        let remembered = (2 * usize::from(prefetch)).max(LEAST_REMEMBERED);
        Self(Mutex::new(Inner {
            connection: 0,
            remembered,
            taken: HashMap::new(),
            finished: VecDeque::new(),
            unheard: VecDeque::new(),
        }))
    }

    /// Takes a delivery that came on the connection of this number.
    pub fn take(&self, connection: u64, delivery: Seen<'_>, acker: A) -> Arrival<A> {
        let print = delivery.print();
        let mut inner = lock(&self.0);
        inner.moves_to(connection);
        let alike = inner.taken.entry(print).or_default();
        // What came on this very connection cannot have come back. Messages without an id may look
        // alike and be two.
        let came_before = |it: &&Arc<Taken<A>>| {
            let hold = lock(&it.hold);
            let known = |until: Instant| delivery.id.is_some() && Instant::now() < until;
            hold.connection < connection && hold.ended.is_none_or(known)
        };
        let known =
            alike.iter().filter(came_before).min_by_key(|it| lock(&it.hold).ended.is_some());
        if let Some(taken) = known.filter(|_| delivery.redelivered) {
            let mut hold = lock(&taken.hold);
            hold.connection = connection;
            if hold.ended.is_some() {
                return Arrival::Ended(acker);
            }
            hold.acker = Some(acker);
            return Arrival::UnderWay;
        }
        let hold = Hold { connection, acker: Some(acker), ended: None };
        let taken = Arc::new(Taken { print, hold: Mutex::new(hold) });
        alike.push(Arc::clone(&taken));
        Arrival::New(taken)
    }

    /// Ends a delivery. The broker is to be told with what this returns; where that fails, it will be
    /// delivered again, and recognised for as long as its end lasts.
    pub fn end(&self, taken: &Taken<A>, end: End) -> Option<A> {
        let lasts = end.lasts();
        let (acker, connection) = {
            let mut hold = lock(&taken.hold);
            hold.ended = Some(Instant::now() + lasts);
            (hold.acker.take(), hold.connection)
        };
        let mut inner = lock(&self.0);
        if lasts.is_zero() {
            inner.remove(taken);
        } else {
            inner.remember(taken.print, connection);
        }
        acker
    }

    /// How many are under way.
    pub fn under_way(&self) -> usize {
        let inner = lock(&self.0);
        let all = inner.taken.values().flatten();
        all.filter(|it| lock(&it.hold).ended.is_none()).count()
    }
}

impl<A> Inner<A> {
    /// Deliveries come on another connection now: what has ended on the last one may be unheard of.
    fn moves_to(&mut self, connection: u64) {
        if connection > self.connection {
            self.connection = connection;
            let lost = self.finished.drain(..).map(|it| (it, Instant::now()));
            self.unheard.extend(lost);
        }
    }

    fn remember(&mut self, print: Print, connection: u64) {
        if connection < self.connection {
            self.unheard.push_back((print, Instant::now()));
        } else {
            self.finished.push_back(print);
        }
        if self.finished.len() > self.remembered
            && let Some(oldest) = self.finished.pop_front()
        {
            self.forget(oldest);
        }
        while let Some((oldest, since)) = self.unheard.front().copied()
            && since.elapsed() > UNHEARD
        {
            self.unheard.pop_front();
            self.forget(oldest);
        }
    }

    fn remove(&mut self, taken: &Taken<A>) {
        let Some(alike) = self.taken.get_mut(&taken.print) else { return };
        alike.retain(|it| !std::ptr::eq(Arc::as_ptr(it), taken));
        if alike.is_empty() {
            self.taken.remove(&taken.print);
        }
    }

    fn forget(&mut self, print: Print) {
        let Some(alike) = self.taken.get_mut(&print) else { return };
        if let Some(place) = alike.iter().position(|it| lock(&it.hold).ended.is_some()) {
            alike.remove(place);
        }
        if alike.is_empty() {
            self.taken.remove(&print);
        }
    }
}

impl Seen<'_> {
    fn print(&self) -> Print {
        let mut hash = Context::new(&SHA256);
        hash.update(&[u8::from(self.id.is_some())]);
        hash.update(&self.rebounds.to_be_bytes());
        add_text(&mut hash, self.id.unwrap_or_default());
        hash.update(self.payload);
        finish(hash)
    }
}

/// A lock that is never held while anything can panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const PREFETCH: u16 = 100;
    const FIRST: Seen<'static> =
        Seen { redelivered: false, id: Some("m-1"), rebounds: 0, payload: b"a" };
    const AGAIN: Seen<'static> = Seen { redelivered: true, ..FIRST };

    fn new(arrival: Arrival<u32>) -> Arc<Taken<u32>> {
        match arrival {
            Arrival::New(taken) => taken,
            Arrival::UnderWay => panic!("under way"),
            Arrival::Ended(_) => panic!("ended"),
        }
    }

    #[test]
    fn what_comes_back_is_ended_on_the_connection_that_it_came_back_on() {
        let all = InFlight::new(PREFETCH);
        let taken = new(all.take(1, FIRST, 10));
        assert!(matches!(all.take(2, AGAIN, 20), Arrival::UnderWay));
        assert_eq!(all.under_way(), 1);
        assert_eq!(all.end(&taken, End::Done), Some(20));
        assert_eq!(all.under_way(), 0);
        // The broker did not hear it.
        assert!(matches!(all.take(3, AGAIN, 30), Arrival::Ended(30)));
    }

    #[test]
    fn two_messages_that_look_the_same_are_both_carried() {
        let all = InFlight::new(PREFETCH);
        let (one, two) = (new(all.take(1, FIRST, 10)), new(all.take(1, FIRST, 11)));
        // Delivered before, but to somebody else.
        let three = new(all.take(1, AGAIN, 12));
        assert_eq!(all.under_way(), 3);
        assert!(matches!(all.take(2, AGAIN, 20), Arrival::UnderWay));
        assert!(matches!(all.take(2, AGAIN, 21), Arrival::UnderWay));
        let mut told = [one, two, three].map(|it| all.end(&it, End::Done).unwrap());
        told.sort_unstable();
        assert_eq!(told, [12, 20, 21]);
    }

    #[test]
    fn what_was_put_back_for_later_is_another_message() {
        let all = InFlight::new(PREFETCH);
        let first = new(all.take(1, FIRST, 10));
        all.end(&first, End::Done);
        let later = Seen { rebounds: 1, ..AGAIN };
        new(all.take(2, later, 20));
        let other = Seen { payload: b"b", ..AGAIN };
        new(all.take(2, other, 21));
    }

    /// Whoever reads what became of it may post it again, and the broker may say of any message that it
    /// was delivered before.
    #[test]
    fn what_left_something_to_send_is_carried_again() {
        for end in [End::Incomplete, End::Failed, End::PutBack(Duration::ZERO)] {
            let all = InFlight::new(PREFETCH);
            let first = new(all.take(1, FIRST, 10));
            assert_eq!(all.end(&first, end), Some(10));
            let again = new(all.take(2, AGAIN, 20));
            assert_eq!(all.end(&again, End::Done), Some(20), "{end:?}");
            assert!(matches!(all.take(3, AGAIN, 30), Arrival::Ended(30)), "{end:?}");
        }
    }

    #[test]
    fn what_was_put_back_is_known_until_its_copy_can_have_come_back() {
        let all = InFlight::new(PREFETCH);
        let first = new(all.take(1, FIRST, 10));
        all.end(&first, End::PutBack(UNHEARD));
        assert!(matches!(all.take(2, AGAIN, 20), Arrival::Ended(20)));
    }

    #[test]
    fn one_of_two_that_look_the_same_may_fail_and_the_other_stays_under_way() {
        let all = InFlight::new(PREFETCH);
        let (failed, other) = (new(all.take(1, FIRST, 10)), new(all.take(1, FIRST, 11)));
        all.end(&failed, End::Failed);
        assert_eq!(all.under_way(), 1);
        assert!(matches!(all.take(2, AGAIN, 20), Arrival::UnderWay));
        assert_eq!(all.end(&other, End::Done), Some(20));
    }

    #[test]
    fn without_an_id_only_what_is_under_way_is_recognised() {
        let all = InFlight::new(PREFETCH);
        let nameless = Seen { id: None, ..FIRST };
        let taken = new(all.take(1, nameless, 10));
        let again = Seen { redelivered: true, ..nameless };
        assert!(matches!(all.take(2, again, 20), Arrival::UnderWay));
        assert_eq!(all.end(&taken, End::Done), Some(20));
        new(all.take(3, again, 30));
    }

    #[test]
    fn what_ended_on_a_lost_connection_is_known_however_much_ends_after_it() {
        let all = InFlight::new(PREFETCH);
        let ended = new(all.take(1, FIRST, 10));
        all.end(&ended, End::Done);
        for number in 0..2 * LEAST_REMEMBERED {
            let id = number.to_string();
            let taken = new(all.take(2, Seen { id: Some(&id), ..FIRST }, 1));
            all.end(&taken, End::Done);
        }
        // The broker has only now seen that the first connection is gone.
        assert!(matches!(all.take(2, AGAIN, 30), Arrival::Ended(30)));
    }

    #[test]
    fn what_ended_long_ago_is_forgotten_and_nothing_else() {
        let all = InFlight::new(PREFETCH);
        let held = new(all.take(1, Seen { id: Some("held"), ..FIRST }, 0));
        for number in 0..2 * LEAST_REMEMBERED {
            let id = number.to_string();
            let taken = new(all.take(1, Seen { id: Some(&id), ..FIRST }, 1));
            all.end(&taken, End::Done);
        }
        assert_eq!(lock(&all.0).taken.len(), LEAST_REMEMBERED + 1);
        assert_eq!(all.end(&held, End::Done), Some(0));
    }
}
