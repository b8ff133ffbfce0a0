//! Forgetting what has been settled for long.
//!
//! A message goes as a whole: when each of its slots was accepted or refused, the last of them longer ago
//! than the journal keeps what is settled. What is in doubt, or being called, never goes. Nor does
//! anything of a run that is open, or whose end is remembered and not as old: whoever goes on with it needs
//! all that it has sent.
//!
//! Once a day a pass goes through all messages, some with each transaction. [`META`] has for how many
//! days what is settled is kept, and when the next pass is due, in microseconds since 1970: 4 and 8 bytes,
//! big-endian. A journal that does not have that yet, as no earlier version wrote it, is passed through
//! only when it has been used for so many days: what it had by then is kept for as long as what is new.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};
use redb::{Database, ReadableDatabase as _, ReadableTable as _, Table, WriteTransaction};

use super::batch::{Batch, LOOKED_AT, REMOVED};
use super::tables::{self, Key, META, RETENTION, Trouble};
use crate::component::{MessageKey, Scope};
use crate::journal::record::Record;
use crate::journal::{Retention, State};

/// For how many days what is settled is remembered, unless the address says otherwise.
const DAYS: u32 = 90;

/// The beginning of a pass.
const FIRST: Key = [0; 36];

/// From the end of a pass to the next one.
const BETWEEN: SignedDuration = SignedDuration::from_hours(24);

/// Decides what to forget, and when.
#[derive(Debug)]
pub struct Expiry {
    days: u32,
    /// When the next pass begins.
    next: Timestamp,
    /// The pass under way.
    pass: Option<Pass>,
    /// True if [`META`] does not have it so yet.
    changed: bool,
}

#[derive(Debug)]
struct Pass {
    /// Anything that was last written before this is old.
    before: Timestamp,
    /// The runs that need what they have sent.
    spared: HashSet<Scope>,
    from: Key,
}

/// A message, as far as a pass has seen it.
struct Seen {
    message: MessageKey,
    slots: usize,
    is_old: bool,
}

impl Expiry {
    /// That of this journal, whose address says this.
    pub fn of(db: &Database, keep: Option<Retention>, now: Timestamp) -> Result<Self, redb::Error> {
        let meta = db.begin_read()?.open_table(META)?;
        let kept = meta.get(RETENTION)?.and_then(|it| read(it.value()));
        let chosen = keep.map(|it| it.days);
        let (days, next, changed) = match (kept, chosen) {
            // A new word holds at once.
            (Some((days, _)), Some(chosen)) if days != chosen => (chosen, now, true),
            (Some((days, next)), _) => (days, next, false),
            (None, chosen) => {
                let days = chosen.unwrap_or(DAYS);
                (days, after(now, days), true)
            }
        };
        Ok(Self { days, next, pass: None, changed })
    }

    /// How long what is settled is kept, for people.
    pub fn retention(&self, keep: Option<Retention>) -> Retention {
        Retention { days: self.days, chosen: keep.is_some() }
    }

    /// True if there is something to look at now.
    pub fn is_due(&self) -> bool {
        self.pass.is_some() || Timestamp::now() >= self.next
    }

    /// Nothing is forgotten for a while: the journal cannot be written.
    pub fn put_off(&mut self) {
        self.pass = None;
        self.next = Timestamp::now().saturating_add(BETWEEN).unwrap_or(Timestamp::MAX);
    }

    fn write(&mut self, txn: &WriteTransaction) -> Result<(), redb::Error> {
        let mut value = self.days.to_be_bytes().to_vec();
        value.extend(self.next.as_microsecond().to_be_bytes());
        txn.open_table(META)?.insert(RETENTION, value.as_slice())?;
        self.changed = false;
        Ok(())
    }
}

/// So many days after this.
fn after(time: Timestamp, days: u32) -> Timestamp {
    time.checked_add(SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(Timestamp::MAX)
}

/// The days, and when the next pass is due.
fn read(value: &[u8]) -> Option<(u32, Timestamp)> {
    let (days, next) = value.split_first_chunk()?;
    let next = i64::from_be_bytes(next.try_into().ok()?);
    Some((u32::from_be_bytes(*days), Timestamp::from_microsecond(next).ok()?))
}

impl Batch<'_> {
    /// Forgets some of what is old, if it is time for that.
    pub fn expire(&mut self, expiry: &mut Expiry, now: Timestamp) -> Result<(), redb::Error> {
        if expiry.pass.is_none() && now >= expiry.next {
            expiry.pass = self.pass(expiry.days, now)?;
            if expiry.pass.is_some() {
                self.changed = true;
            } else {
                expiry.put_off();
            }
        }
        if let Some(pass) = &mut expiry.pass {
            let (removed, from) = step(&mut self.slots, pass)?;
            self.changed |= removed > 0;
            match from {
                Some(from) => pass.from = from,
                None => {
                    expiry.put_off();
                    (expiry.changed, self.changed) = (true, true);
                }
            }
        }
        if self.changed && expiry.changed {
            expiry.write(self.txn)?;
        }
        Ok(())
    }

    /// A pass that begins now; none where nobody can tell which runs need what they have sent.
    fn pass(&mut self, days: u32, now: Timestamp) -> Result<Option<Pass>, redb::Error> {
        let age = SignedDuration::from_hours(24 * i64::from(days));
        let before = now.checked_sub(age).unwrap_or(Timestamp::MIN);
        match self.runs.needed(before) {
            Ok(spared) => Ok(Some(Pass { before, spared, from: FIRST })),
            Err(Trouble::Storage(it)) => Err(it),
            Err(Trouble::Record(why)) => {
                tracing::warn!(%why, "the journal forgets nothing of what is old");
                Ok(None)
            }
        }
    }
}

/// Removes some of what is old, from where the pass is on. Says how many slots, and where to go on.
fn step(
    slots: &mut Table<'_, &'static Key, &'static [u8]>,
    pass: &Pass,
) -> Result<(usize, Option<Key>), redb::Error> {
    let (mut looked_at, mut removed) = (0, 0);
    let (mut old, mut next) = (Vec::new(), None);
    let mut last: Option<Seen> = None;
    for row in slots.range::<&Key>(&pass.from..)? {
        let (key, value) = row?;
        let (message, _) = tables::place(key.value());
        if last.as_ref().is_none_or(|it| it.message != message) {
            removed += end(last.take(), &mut old);
            if looked_at >= LOOKED_AT || removed >= REMOVED {
                // Of its first slot, which may not be there yet.
                next = Some(tables::key(message, 0));
                break;
            }
        }
        let seen = last.get_or_insert(Seen { message, slots: 0, is_old: true });
        seen.slots += 1;
        seen.is_old &= pass.takes(value.value());
        looked_at += 1;
    }
    removed += end(last, &mut old);
    for message in old {
        let (first, last) = tables::keys(Some(message)).into_inner();
        slots.retain_in::<&Key, _>(&first..=&last, |_, _| false)?;
    }
    Ok((removed, next))
}

/// Notes a message of which all was seen, if it is old. Says how many slots it has.
fn end(seen: Option<Seen>, old: &mut Vec<MessageKey>) -> usize {
    let Some(Seen { message, slots, .. }) = seen.filter(|it| it.is_old) else { return 0 };
    old.push(message);
    slots
}

impl Pass {
    /// True if this slot may go. One that cannot be read stays.
    fn takes(&self, record: &[u8]) -> bool {
        Record::decode(record).is_ok_and(|it| {
            matches!(it.state, State::Accepted | State::Refused)
                && it.written() < self.before
                && !self.spared.contains(&it.scope)
        })
    }
}
