//! What is broken, known, and not mended yet. It is counted apart and breaks nothing; whoever mends it
//! takes it out of here.

use crate::book::{Book, Place};
use crate::plan::{Host, Plan, Store};
use crate::verdict::Kind;

/// What of it explains this, if anything does. `place` is the message that a word was said of.
pub fn explains(
    plan: &Plan,
    book: &Book,
    kind: Kind,
    slot: usize,
    said: Option<Place>,
) -> Option<Kind> {
    let is_shared_run = plan.host != Host::Step && plan.store == Store::Redis;
    let was_asked = |message: usize| book.asked.contains(&message);
    match (kind, said) {
        (Kind::Doubled, _) => {
            let mut returned = book.taken_up.iter().filter(|it| it.1 == slot);
            returned.any(|it| was_asked(it.0)).then_some(Kind::ResentAndReturned)
        }
        (Kind::Needless, Some(place)) if is_shared_run && book.hasty.contains(&place) => {
            Some(Kind::ResumedAtOnce)
        }
        (Kind::Needless, Some((message, _))) if is_shared_run && was_asked(message) => {
            Some(Kind::OwnClaim)
        }
        (Kind::Denied, Some((message, _))) if book.shared.contains(&message) => {
            Some(Kind::StaleWord)
        }
        _ => None,
    }
}
