//! What people see and settle.

use std::collections::BTreeMap;

use redis::Cmd;

use super::Inner;
use super::keys::{message, number};
use super::link::Ask;
use super::record::Record;
use super::scripts::{ACCEPT, Answer, FORGET, LOOK, flat, unreadable};
use crate::component::{Error, MessageKey, hex};
use crate::journal::{Entry, Filter, State, ledger};

/// Messages or slots that are read in one step, roughly: others wait for so long.
const PAGE: usize = 200;

/// A slot, as it was read.
struct Seen {
    message: MessageKey,
    slot: u32,
    /// The record as it is stored.
    raw: Vec<u8>,
    /// The record; a dead owner's claim is unknown.
    record: Record,
}

/// What is gone through, and how far.
enum Pages {
    Message(MessageKey),
    Open(u64),
    All(u64),
    End,
}

impl Pages {
    fn of(filter: &Filter) -> Self {
        match (filter.message, filter.state) {
            (Some(message), _) => Self::Message(message),
            (None, Some(State::Claimed | State::Unknown)) => Self::Open(0),
            (None, _) => Self::All(0),
        }
    }
}

impl Inner {
    pub async fn entries(&self, filter: &Filter, limit: usize) -> Result<Vec<Entry>, Error> {
        // A scan may show the same slot twice; so a map.
        let (mut oldest, mut pages) = (BTreeMap::new(), Pages::of(filter));
        while let Some(page) = self.page(&mut pages, filter).await? {
            for Seen { message, slot, record, .. } in page {
                oldest.insert((record.at, message, slot), record);
                if oldest.len() > limit {
                    oldest.pop_last();
                }
            }
        }
        Ok(oldest.into_iter().map(|((_, message, slot), it)| it.entry(message, slot)).collect())
    }

    pub async fn accept(&self, message: MessageKey, slot: u32) -> Result<bool, Error> {
        let mut script = ACCEPT.prepare_invoke();
        script.key(self.keys.message(message)).key(self.keys.open());
        script.arg(&self.keys.prefix).arg(hex(&message.0)).arg(slot).arg(self.retention());
        Ok(self.answer(Ask::Script(&script)).await?.number(0)? == 1)
    }

    pub async fn forget(&self, filter: &Filter) -> Result<u64, Error> {
        let (mut forgotten, mut pages) = (0, Pages::of(filter));
        while let Some(page) = self.page(&mut pages, filter).await? {
            let mut of_message: BTreeMap<_, Vec<_>> = BTreeMap::new();
            for seen in page {
                of_message.entry(seen.message).or_default().push((seen.slot, seen.raw));
            }
            for (message, slots) in of_message {
                forgotten += self.forget_of(message, &slots).await?;
            }
        }
        Ok(forgotten)
    }

    async fn forget_of(&self, message: MessageKey, slots: &[(u32, Vec<u8>)]) -> Result<u64, Error> {
        let mut script = FORGET.prepare_invoke();
        script.key(self.keys.message(message)).key(self.keys.open());
        script.arg(&self.keys.prefix).arg(hex(&message.0)).arg(self.retention());
        for (slot, raw) in slots {
            script.arg(slot).arg(raw);
        }
        let forgotten = self.answer(Ask::Script(&script)).await?.number(0)?;
        u64::try_from(forgotten).map_err(|_| unreadable())
    }

    async fn answer(&self, ask: Ask<'_>) -> Result<Answer, Error> {
        let reply = self.link.ask(ask, self.options.patience).await.map_err(|it| it.error)?;
        Answer::of(reply.value)
    }

    /// The next slots that are meant; `None` when all have been gone through.
    async fn page(&self, pages: &mut Pages, filter: &Filter) -> Result<Option<Vec<Seen>>, Error> {
        let mut script = LOOK.prepare_invoke();
        script.arg(&self.keys.prefix);
        let next = match *pages {
            Pages::End => return Ok(None),
            Pages::Message(message) => {
                script.arg(hex(&message.0)).arg("*");
                Pages::End
            }
            Pages::Open(from) => {
                let mut scan = redis::cmd("ZSCAN");
                scan.arg(self.keys.open()).arg(from).arg("COUNT").arg(PAGE);
                let (next, members) = self.scan(&scan).await?;
                // Members and their scores; a member is a message and an index.
                for member in members.iter().step_by(2) {
                    let (message, index) = member.split_at_checked(64).ok_or_else(unreadable)?;
                    script.arg(message).arg(index.get(1..).ok_or_else(unreadable)?);
                }
                if next == 0 { Pages::End } else { Pages::Open(next) }
            }
            Pages::All(from) => {
                let mut scan = redis::cmd("SCAN");
                scan.arg(from).arg("MATCH").arg(self.keys.messages()).arg("COUNT").arg(PAGE);
                let (next, keys) = self.scan(&scan).await?;
                let skipped = self.keys.prefix.len() + "m:".len();
                for key in &keys {
                    script.arg(key.get(skipped..).ok_or_else(unreadable)?).arg("*");
                }
                if next == 0 { Pages::End } else { Pages::All(next) }
            }
        };
        *pages = next;
        let reply = self.link.ask(Ask::Script(&script), self.options.patience).await;
        self.seen(&flat(reply.map_err(|it| it.error)?.value)?, filter).map(Some)
    }

    /// The next place, and what was found.
    async fn scan(&self, command: &Cmd) -> Result<(u64, Vec<Vec<u8>>), Error> {
        let reply = self.link.ask(Ask::Command(command), self.options.patience).await;
        let value = reply.map_err(|it| it.error)?.value;
        redis::from_redis_value(value).map_err(|_| unreadable())
    }

    fn seen(&self, found: &[Vec<u8>], filter: &Filter) -> Result<Vec<Seen>, Error> {
        let wanted =
            filter.tel.as_deref().and_then(|it| self.secret.mark(it)).map(|it| it.number());
        let mut seen = Vec::new();
        let (slots, _) = found.as_chunks::<4>();
        for [name, index, raw, lives] in slots {
            let message = message(name).ok_or_else(unreadable)?;
            let slot = number(index).ok_or_else(unreadable)?;
            let mut record = Record::decode(raw)?;
            if record.state == State::Claimed && lives != b"1" {
                record.state = State::Unknown;
            }
            let it = ledger::Seen {
                message,
                slot,
                state: record.state,
                at: record.at,
                tracker: record.body.tracker.as_deref(),
                number: record.body.number(),
            };
            if filter.means(&it, wanted) {
                seen.push(Seen { message, slot, raw: raw.clone(), record });
            }
        }
        Ok(seen)
    }
}
