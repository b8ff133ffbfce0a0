//! What the engine needs of a memory that outlives it: claim before the call, record after it.

use std::time::Duration;

use jiff::Timestamp;
use ring::digest::{Context, SHA256, digest};

use super::{BoxFuture, Error, Seal, add_text, finish, unhex};

/// A message, the same for each delivery of it: a hash of where it belongs, its action, its id and
/// its body, sealed with the store's [`Seal`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageKey(pub [u8; 32]);

impl MessageKey {
    /// The key that is written in these 64 hexadecimal digits.
    pub fn from_hex(digits: &str) -> Option<Self> {
        unhex(digits).map(Self)
    }
}

/// A run of the pipe, or a step of a flow: what messages are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Scope(pub [u8; 16]);

impl Scope {
    /// The scope of these names, in this order, the same for ever. No two rows of names share one.
    pub fn of(names: &[&str]) -> Self {
        let mut hash = Context::new(&SHA256);
        hash.update(b"isendpro scope 2");
        for name in names {
            add_text(&mut hash, name);
        }
        Self::first_of(&finish(hash))
    }

    /// The scope that the first journals have for these names joined by blanks, which run together.
    pub fn formerly_named(name: &str) -> Self {
        Self::first_of(digest(&SHA256, name.as_bytes()).as_ref())
    }

    fn first_of(hash: &[u8]) -> Self {
        let mut scope = [0; 16];
        scope.copy_from_slice(&hash[..16]);
        Self(scope)
    }
}

/// How far into its input a run has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Messages read, this one included.
    pub read: u64,
    /// The hash of all of them, in their order.
    pub digest: [u8; 32],
}

/// The slot of what a request does beyond its recipients: all that a message without recipients
/// does, and the numbers of a directory.
pub const WHOLE: u32 = u32::MAX;

/// The slot that says of a message that its result returned what was not sent, to be sent by another
/// message: what delivers this one again may not send it too.
pub const RETURNED: u32 = u32::MAX - 1;

/// The slot that says of a message that it was told as not sent, for good: no copy of it is sent that
/// was put back before then. Whoever was told may have sent it by another message.
pub const GIVEN_UP: u32 = u32::MAX - 2;

/// One thing that must happen at most once: what one recipient gets, or [`WHOLE`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Slot<'a> {
    /// The recipient's place in its message, or [`WHOLE`].
    pub index: u32,
    /// The number as it is called; of [`WHOLE`], what else it is for, or nothing. A store keeps no
    /// more of it than a keyed hash, and the last two digits of a number.
    pub tel: &'a str,
    /// The tracker that goes with it.
    pub tracker: Option<&'a str>,
}

impl std::fmt::Debug for Slot<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Slot").field("index", &self.index).finish_non_exhaustive()
    }
}

/// Whose key a request carries: a hash that differs from key to key, and tells none.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Account([u8; 32]);

/// Begins what is hashed for an account: no other hash of a text is ever one.
const ACCOUNT: &[u8] = b"isendpro account 1";

impl Account {
    /// The account of this key.
    pub fn of_key(key: &str) -> Self {
        let mut hash = Context::new(&SHA256);
        hash.update(ACCOUNT);
        hash.update(key.as_bytes());
        Self(finish(hash))
    }

    /// The hash. It is not to be kept or shown: a short key could be guessed from it.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Account(***)")
    }
}

/// What is claimed: some slots of one message, to be called together.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The message.
    pub message: MessageKey,
    /// The run or the step that it belongs to.
    pub scope: Scope,
    /// The action's name.
    pub action: &'a str,
    /// Whose key the call will carry, if it is known. A store keeps no more of it than a keyed hash.
    pub account: Option<Account>,
    /// The slots, each once.
    pub slots: &'a [Slot<'a>],
    /// Whether slots that may have been sent are to be sent all the same.
    pub resend: bool,
    /// The longest that the call may take, once it has begun.
    pub lasts: Duration,
    /// How far the run had read its input when it read this message; of no step.
    pub progress: Option<Progress>,
}

/// The answer to a claim. Either all of its slots are granted, or none.
#[derive(Debug, PartialEq, Eq)]
pub enum Claim {
    /// Go ahead, then record. The slots that are named may have been sent before: whatever comes of
    /// this call but an acceptance, they stay in doubt.
    Granted(Ticket, Vec<u32>),
    /// These were called before and may not be called again. Leave them out, and claim the rest.
    Known(Vec<(u32, Known)>),
    /// Somebody else is calling one of them right now: ask again after a while.
    Busy(Duration),
}

/// What became of a slot before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// It was accepted.
    Accepted(Kept),
    /// It may have happened: whoever claimed it has died, or got no usable answer.
    Unknown {
        /// When it was claimed.
        since: Timestamp,
        /// The tracker that went with it.
        tracker: Option<String>,
    },
    /// It was refused, and a result that was told says so. No store answers a claim with it: what was
    /// refused may be claimed again, unless its message was [`RETURNED`].
    Refused {
        /// iSendPro's return code.
        code: Option<i64>,
    },
    /// It was called before, and what is asked for now differs: it is no replay of that. No store
    /// answers a claim with it.
    Changed {
        /// What differs.
        difference: Difference,
        /// Whether it was accepted; otherwise it may have been.
        accepted: bool,
    },
}

/// What differs between two deliveries of a message that count as the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// The number: the same digits are read in another way.
    Number {
        /// How the number ended that was called, if that is known.
        ending: Option<String>,
    },
    /// The account.
    Account,
}

/// A number, as far as a store remembers it: enough to tell whether two are the same. It differs
/// from store to store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NumberHash(pub [u8; 8]);

/// An account, as far as a store remembers it: enough to tell whether two keys are the same. It differs
/// from store to store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountMark(pub [u8; 8]);

/// A slot of a message that was called before, or is being called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// The recipient's place in the message, or [`WHOLE`].
    pub slot: u32,
    /// When it was claimed.
    pub at: Timestamp,
    /// The hash of its number, or of what else it is for, if that was said.
    pub number: Option<NumberHash>,
    /// The last two digits of its number.
    pub last_digits: Option<String>,
    /// Whose key it was called with, if that was remembered.
    pub account: Option<AccountMark>,
    /// What became of it; `None` while a living owner is calling it.
    pub known: Option<Known>,
}

/// What is remembered of an accepted slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// When it was claimed.
    pub at: Timestamp,
    /// iSendPro's return code.
    pub code: Option<i64>,
    /// SMS parts billed.
    pub parts: Option<u32>,
    /// What else an action has to remember of the answer to give the same result again: a small
    /// JSON object without numbers, texts and secrets.
    pub data: Option<Box<str>>,
}

/// The right to make one request, and to record once what became of it.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Ticket(pub u64);

/// What became of a claimed slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fallout {
    /// It was accepted. `at` is not read: the claim's time counts.
    Accepted(Kept),
    /// It was refused: nothing happened, and the slot may be claimed again.
    Refused {
        /// iSendPro's return code.
        code: Option<i64>,
    },
    /// Nothing happened, and the slot may be claimed again.
    Released,
    /// It may have happened.
    Unknown,
}

/// A store of claims. Only requests that must happen at most once are claimed.
pub trait Journal: Send + Sync {
    /// Claims the right to make one request. Durable once it returns.
    ///
    /// # Errors
    /// When the claim cannot be written: then nothing may be called.
    fn claim<'a>(&'a self, wanted: Wanted<'a>) -> BoxFuture<'a, Result<Claim, Error>>;

    /// The slots of a message that are accepted, unknown or being called.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn recall(&self, message: MessageKey) -> BoxFuture<'_, Result<Vec<Past>, Error>>;

    /// Whether it may remember messages by keys of the first form, which ones made anew do not.
    fn has_former_keys(&self) -> bool {
        false
    }

    /// The seal of its hashes of messages and inputs: the engine seals each of them before it gives it to
    /// the store.
    fn seal(&self) -> Seal {
        Seal::default()
    }

    /// The hash that the slots of this number have, as it is called; none of an empty one.
    fn number(&self, tel: &str) -> Option<NumberHash>;

    /// The mark that the slots of this account have.
    fn account(&self, account: &Account) -> AccountMark;

    /// Whether others may claim in it beside this process.
    fn is_shared(&self) -> bool {
        true
    }

    /// Whether a claim still stands for a call that begins now and takes as long as it said at most.
    /// It does not after this process was stopped for so long that it counted as dead: then the call
    /// must not be made.
    fn covers(&self, _ticket: &Ticket) -> bool {
        true
    }

    /// Records what became of each slot of a claim. Durable once it returns.
    ///
    /// # Errors
    /// When it cannot be written: the slots stay claimed, and count as unknown once this process has
    /// ended.
    fn record<'a>(
        &'a self,
        ticket: Ticket,
        fallout: &'a [(u32, Fallout)],
    ) -> BoxFuture<'a, Result<(), Error>>;
}
