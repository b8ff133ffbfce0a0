use lapin::message::Delivery;
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// A message of a test, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Numbered(u8);

impl Returnable for Numbered {
    fn is(&self, returned: &BasicReturnMessage) -> bool {
        returned.delivery.data == [self.0]
    }
}

fn returned(number: u8) -> BasicReturnMessage {
    let delivery = Delivery::mock(0, "".into(), "key".into(), false, vec![number]);
    BasicReturnMessage { delivery, reply_code: 312, reply_text: "NO_ROUTE".into() }
}

fn fates(sorted: &[(Numbered, Tried)]) -> Vec<(u8, &'static str)> {
    let name = |it: &Tried| match it {
        Tried::Taken => "taken",
        Tried::Returned(_) => "returned",
        Tried::Refused => "refused",
        Tried::Lost(_) => "lost",
        Tried::TooLarge(_) => "too large",
    };
    sorted.iter().map(|it| (it.0.0, name(&it.1))).collect()
}

#[test]
fn what_came_back_with_anothers_confirmation_is_found() {
    let mut sorting = Sorting::default();
    sorting.confirmed(Numbered(1), Confirmation::Ack(Some(returned(2))));
    assert!(sorting.is_muddled());
    assert_eq!(fates(&sorting.sorted(false)), []);
    sorting.confirmed(Numbered(2), Confirmation::Ack(None));
    assert_eq!(fates(&sorting.sorted(true)), [(1, "taken"), (2, "returned")]);
    sorting.confirmed(Numbered(3), Confirmation::Nack(None));
    assert_eq!(fates(&sorting.sorted(false)), [(3, "refused")]);
}

#[test]
fn what_a_lost_channel_may_still_hold_counts_as_lost() {
    let error: lapin::Error = lapin::ErrorKind::MissingHeartbeatError.into();
    let mut sorting = Sorting::default();
    sorting.confirmed(Numbered(1), Confirmation::Ack(Some(returned(2))));
    sorting.lose(&error);
    assert_eq!(fates(&sorting.sorted(true)), [(1, "lost")]);
    sorting.confirmed(Numbered(3), Confirmation::Ack(None));
    sorting.lose(&error);
    assert_eq!(fates(&sorting.sorted(true)), [(3, "taken")]);
}

#[test]
fn while_the_broker_takes_nothing_it_is_not_waited_for() {
    let began = Instant::now();
    let after = |seconds| began + Duration::from_secs(seconds);
    let mut silence = Silence(began);
    for (seconds, blocked, over) in [
        (0, false, false),
        (59, false, false),
        (60, true, false),
        (4000, true, false),
        (4059, false, false),
        (4060, false, true),
    ] {
        assert_eq!(silence.is_over(after(seconds), blocked), over, "{seconds}");
    }
}

/// The broker and the client: what comes back, and with whose confirmation.
#[derive(Default)]
struct World {
    routable: Vec<bool>,
    begun: u8,
    /// Begun and not confirmed: the number, and whether it was given back.
    under_way: Vec<(u8, bool)>,
    held: std::collections::VecDeque<u8>,
    unseen: Vec<(Numbered, Confirmation)>,
    sorting: Sorting<Numbered>,
    fates: Vec<(u8, &'static str)>,
}

impl World {
    fn step(&mut self, choice: u8, which: usize) {
        match choice % 4 {
            0 if usize::from(self.begun) < self.routable.len() && !self.sorting.is_muddled() => {
                self.under_way.push((self.begun, false));
                self.begun += 1;
            }
            1 => self.give_back(which),
            2 => self.confirm(which),
            _ => self.look(which),
        }
    }

    fn give_back(&mut self, which: usize) {
        let mut waiting = self.under_way.iter_mut();
        let unroutable = waiting.find(|it| !it.1 && !self.routable[usize::from(it.0)]);
        if let Some(message) = unroutable.filter(|_| which.is_multiple_of(2)) {
            message.1 = true;
            self.held.push_back(message.0);
        }
    }

    fn confirm(&mut self, which: usize) {
        if self.under_way.is_empty() {
            return;
        }
        let place = which % self.under_way.len();
        let (number, given_back) = self.under_way[place];
        if given_back || self.routable[usize::from(number)] {
            self.under_way.swap_remove(place);
            let handed = self.held.pop_front().map(returned);
            self.unseen.push((Numbered(number), Confirmation::Ack(handed)));
        }
    }

    /// All that is confirmed by now is seen, in any order.
    fn look(&mut self, which: usize) {
        let length = self.unseen.len();
        if length > 0 {
            self.unseen.rotate_left(which % length);
            for (message, confirmation) in self.unseen.drain(..) {
                self.sorting.confirmed(message, confirmation);
            }
            self.fates.extend(fates(&self.sorting.sorted(self.under_way.is_empty())));
        }
    }
}

proptest! {
    #[test]
    fn each_message_learns_its_own_fate(
        routable in vec(any::<bool>(), 1..12),
        steps in vec((any::<u8>(), any::<usize>()), 0..120),
    ) {
        let mut world = World { routable, ..World::default() };
        for (choice, which) in steps {
            world.step(choice, which);
        }
        while !world.under_way.is_empty() {
            world.give_back(0);
            for place in 0..world.under_way.len() {
                world.confirm(place);
            }
        }
        world.look(0);
        world.fates.sort_unstable();
        let fate = |number: u8| {
            if world.routable[usize::from(number)] { "taken" } else { "returned" }
        };
        let expected: Vec<_> = (0..world.begun).map(|it| (it, fate(it))).collect();
        prop_assert_eq!(&world.fates, &expected);
    }
}
