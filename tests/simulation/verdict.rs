//! What came of a world: whether it has kept what docs/never-twice.md promises.

use crate::book::{Book, Place, Said, Word};
use crate::known::explains;
use crate::plan::{Plan, Store};
use crate::world::World;

/// What can be broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// More SMS than were asked for.
    Doubled,
    /// Told as not sent, and sent.
    Denied,
    /// Told as accepted, and never taken.
    Invented,
    /// Nothing was said.
    Lost,
    /// In doubt, without anything that explains it.
    Needless,
    /// It does not come to an end.
    Stuck,
    /// Known: `resend` sends what a result has returned, and so does its `retry`.
    ResentAndReturned,
    /// Known: a run on Redis that is resumed within 5 s takes what the last one has sent for another
    /// worker's, and what it does not send itself for sent by that.
    ResumedAtOnce,
    /// Known: the same with a claim of its own, on what is sent again and is refused.
    OwnClaim,
    /// Known: of two copies under way at once, one is told as refused or not sent after the other was
    /// sent: the journal was asked before that, or not at all.
    StaleWord,
}

impl Kind {
    /// Whether it is known, and not mended yet.
    pub fn is_known(self) -> bool {
        matches!(
            self,
            Self::ResentAndReturned | Self::ResumedAtOnce | Self::OwnClaim | Self::StaleWord
        )
    }
}

/// What is broken, in words.
pub type Broken = (Kind, String);

/// Judges a world that is quiet.
pub fn judge(world: &World) -> Vec<Broken> {
    let inner = world.lock();
    let book = &inner.book;
    let mut broken = Vec::new();
    for (slot, taken) in &book.taken {
        let allowed = 1 + book.resends(*slot) + book.renewals(*slot);
        if taken.len() > allowed {
            let said = format!("{} SMS, {allowed} asked for", taken.len());
            let known = explains(&world.plan, book, Kind::Doubled, *slot, None);
            broken.push((known.unwrap_or(Kind::Doubled), about(book, *slot, &said)));
        }
    }
    for (message, of) in book.messages.iter().enumerate() {
        let mut slots = of.slots.clone();
        slots.sort_unstable();
        slots.dedup();
        for slot in slots {
            let said = book.words((message, slot));
            if !said.iter().any(|it| it.at >= of.posted) {
                let words = format!("{} was posted, and nothing said", of.name);
                broken.push((Kind::Lost, about(book, slot, &words)));
            }
            broken.extend(
                said.iter().filter_map(|it| is_wrong(&world.plan, book, (message, slot), *it)),
            );
        }
    }
    broken
}

fn is_wrong(plan: &Plan, book: &Book, place: Place, said: Said) -> Option<Broken> {
    let (message, slot) = place;
    let name = &book.messages[message].name;
    let taken = book.taken.get(&slot).map_or(&[][..], Vec::as_slice);
    // Without a journal, a word is of the last try.
    let denies = matches!(said.word, Word::Refused | Word::NotSent);
    if plan.store == Store::None && book.asked.contains(&message) && denies {
        return None;
    }
    let mut own = taken.iter().filter(|it| it.1 == message).map(|it| it.0);
    let is_last = book.words(place).last().is_some_and(|it| it.at <= said.at);
    let (kind, what) = match said.word {
        Word::Refused | Word::NotSent => {
            let is_false = own.any(|it| it < said.at || is_last);
            let kind = explains(plan, book, Kind::Denied, slot, Some(place));
            (is_false.then_some(kind.unwrap_or(Kind::Denied))?, "not sent, and it was")
        }
        Word::Accepted => {
            let is_true = own.any(|it| it < said.at);
            ((!is_true).then_some(Kind::Invented)?, "accepted, and it was not")
        }
        Word::Unknown => {
            let is_needless = !book.doubts.contains(&place);
            let known = explains(plan, book, Kind::Needless, slot, Some(place));
            let kind = is_needless.then_some(known.unwrap_or(Kind::Needless))?;
            (kind, "unknown, and nothing had gone wrong")
        }
    };
    let words = format!("{name} says at {:.3} s: {what}", said.at.as_secs_f64());
    Some((kind, about(book, slot, &words)))
}

fn about(book: &Book, slot: usize, said: &str) -> String {
    let slot = &book.slots[slot];
    format!("{} \"{}\": {said}", slot.tel, slot.text)
}
