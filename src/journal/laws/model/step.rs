//! What can happen in a history.

use proptest::prelude::*;

use super::{PLACES, SLOTS};
use crate::journal::State;

/// What happens next. A place is where an owner lives; numbers are taken modulo what there is.
#[derive(Debug, Clone)]
pub enum Step {
    Claim { place: usize, message: u8, slots: u8, resend: bool },
    Record { pick: usize, fallout: [u8; SLOTS as usize] },
    Accept { place: usize, message: u8, slot: u32 },
    Forget { place: usize, message: Option<u8>, state: Option<State> },
    Replace { place: usize },
}

/// Any step.
pub fn step() -> impl Strategy<Value = Step> {
    let place = 0..PLACES;
    let message = 0..2_u8;
    let state = prop_oneof![
        Just(State::Claimed),
        Just(State::Accepted),
        Just(State::Refused),
        Just(State::Unknown),
    ];
    prop_oneof![
        6 => (place.clone(), message.clone(), 1..1_u8 << SLOTS, any::<bool>()).prop_map(
            |(place, message, slots, resend)| Step::Claim { place, message, slots, resend }
        ),
        6 => (any::<usize>(), prop::array::uniform3(0..5_u8))
            .prop_map(|(pick, fallout)| Step::Record { pick, fallout }),
        1 => (place.clone(), message.clone(), 0..SLOTS)
            .prop_map(|(place, message, slot)| Step::Accept { place, message, slot }),
        1 => (place.clone(), prop::option::of(message), prop::option::of(state))
            .prop_map(|(place, message, state)| Step::Forget { place, message, state }),
        2 => place.prop_map(|place| Step::Replace { place }),
    ]
}
