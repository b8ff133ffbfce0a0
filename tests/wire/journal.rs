//! A journal made up for the engine's tests.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use isendpro_connector::component::{
    Account, AccountMark, BoxFuture, Claim, Error, Fallout, Journal, Kept, Kind, Known, MessageKey,
    NumberHash, Past, RETURNED, Scope, Ticket, Wanted,
};
use isendpro_connector::delivery::Memory;
use jiff::{SignedDuration, Timestamp};

/// Of whatever uses it.
pub const SCOPE: Scope = Scope([0; 16]);

/// A journal of one message, claimed an hour ago.
#[derive(Default)]
pub struct Remembers {
    pub known: Vec<(u32, Known)>,
    /// The number that they all belong to.
    pub number: Option<NumberHash>,
    /// The account that they were all called on.
    pub account: Option<AccountMark>,
    /// Whether other processes may claim in it.
    pub shared: bool,
    /// Another message of the same id, at the same moment: a slot, and its number.
    pub beside: Option<(u32, NumberHash)>,
    /// Slots that somebody is calling.
    pub busy: Vec<u32>,
    /// Whether it grants all that is asked for to those who send again what is in doubt.
    pub grants: bool,
    /// How often it is read before anything is to be seen in it.
    pub unseen: Mutex<usize>,
    /// What fails: `claim`, `record`, `recall` of what is to be seen, `return` of
    /// what is not sent, or `all`.
    pub broken: Option<&'static str>,
    /// What was recorded.
    pub recorded: Mutex<Vec<(u32, Fallout)>>,
    /// What it has granted.
    pub granted: Mutex<Vec<(u32, Option<NumberHash>)>>,
}

pub fn an_hour_ago() -> Timestamp {
    Timestamp::now() - SignedDuration::from_hours(1)
}

pub fn accepted() -> Known {
    Known::Accepted(Kept { at: an_hour_ago(), code: Some(0), parts: Some(1), data: None })
}

pub fn unknown() -> Known {
    Known::Unknown { since: an_hour_ago(), tracker: None }
}

/// The memory of a run with this journal.
pub fn of_run(remembers: Remembers, resumed: bool) -> Memory {
    Memory::of_run(Arc::new(remembers), SCOPE, resumed)
}

impl Remembers {
    /// What is being called by whoever claimed it here: the latest claims, told last.
    fn called(&self) -> Vec<Past> {
        let granted = self.granted.lock().unwrap();
        let settled = self.recorded.lock().unwrap();
        let open = granted.iter().filter(|it| settled.iter().all(|settled| settled.0 != it.0));
        let past = |slot, number| Past { number, at: Timestamp::now(), ..self.past(slot, None) };
        open.map(|it| past(it.0, it.1)).collect()
    }

    fn past(&self, slot: u32, known: Option<Known>) -> Past {
        let Self { number, account, .. } = *self;
        let last_digits = number.map(|it| format!("0{}", char::from(it.0[0])));
        Past { slot, at: an_hour_ago(), number, last_digits, account, known }
    }

    /// Whether nothing is to be seen yet. It is, the next time or one of those after it.
    fn is_early(&self) -> bool {
        let mut unseen = self.unseen.lock().unwrap();
        let is_early = *unseen > 0;
        *unseen = unseen.saturating_sub(1);
        is_early
    }
}

impl Journal for Remembers {
    fn claim<'a>(&'a self, wanted: Wanted<'a>) -> BoxFuture<'a, Result<Claim, Error>> {
        let asked = |it: &&(u32, Known)| wanted.slots.iter().any(|slot| slot.index == it.0);
        let known: Vec<_> = self.known.iter().filter(asked).cloned().collect();
        let claim = match self.broken {
            Some("return") if wanted.slots[0].index == RETURNED => {
                Err(Error::new(Kind::Unavailable, "the disk is full"))
            }
            Some("claim" | "all") => Err(Error::new(Kind::Unavailable, "the disk is full")),
            _ if wanted.slots.iter().any(|it| self.busy.contains(&it.index)) => {
                Ok(Claim::Busy(Duration::from_millis(1)))
            }
            _ if known.is_empty() || self.grants && wanted.resend => {
                let slots = wanted.slots.iter();
                let granted = slots.map(|it| (it.index, self.number(it.tel)));
                self.granted.lock().unwrap().extend(granted);
                Ok(Claim::Granted(Ticket(1), known.iter().map(|it| it.0).collect()))
            }
            _ => Ok(Claim::Known(known)),
        };
        Box::pin(std::future::ready(claim))
    }

    fn recall(&self, _: MessageKey) -> BoxFuture<'_, Result<Vec<Past>, Error>> {
        let known = self.known.iter().map(|(slot, known)| self.past(*slot, Some(known.clone())));
        let beside = self
            .beside
            .map(|(slot, number)| Past { number: Some(number), ..self.past(slot, None) });
        let recalled = match self.broken {
            _ if self.is_early() => Ok(Vec::new()),
            Some("all" | "recall") => Err(Error::new(Kind::Unavailable, "the disk is gone")),
            _ => {
                let busy = self.busy.iter().map(|it| self.past(*it, None));
                Ok(beside.into_iter().chain(known).chain(busy).chain(self.called()).collect())
            }
        };
        Box::pin(std::future::ready(recalled))
    }

    fn number(&self, tel: &str) -> Option<NumberHash> {
        Some(NumberHash([tel.bytes().last()?; 8]))
    }

    fn account(&self, account: &Account) -> AccountMark {
        AccountMark([account.bytes()[0]; 8])
    }

    fn is_shared(&self) -> bool {
        self.shared
    }

    fn record<'a>(
        &'a self,
        _: Ticket,
        fallout: &'a [(u32, Fallout)],
    ) -> BoxFuture<'a, Result<(), Error>> {
        self.recorded.lock().unwrap().extend_from_slice(fallout);
        let recorded = match self.broken {
            Some("record") => Err(Error::new(Kind::Unavailable, "the disk is full")),
            _ => Ok(()),
        };
        Box::pin(std::future::ready(recorded))
    }
}
