//! What was sent before: the engine's side of the journal.

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use jiff::{SignedDuration, Timestamp};
use ring::digest::{Context, SHA256};
use serde_json::Value;

use super::facts::Remembered;
use super::sequence::{Place, Reading, Sequence};
use crate::component::{
    Error, Journal, Message, MessageKey, Past, Progress, Scope, Seal, add_text, clock, finish,
    former, identity, purpose, reference,
};

/// A journal, as one run or step uses it.
pub struct Memory {
    journal: Arc<dyn Journal>,
    seal: Seal,
    scope: Scope,
    /// The scope that the first journals have for the same.
    former_scope: Scope,
    same: Same,
    /// Whether its messages may have come in an earlier run.
    earlier: bool,
    /// Whether how far it has read is no matter of its run.
    beside: bool,
    failed: OnceLock<JournalFailure>,
    since: Timestamp,
}

/// The clocks of a store and of this machine differ by less.
pub(super) const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_secs(5);

/// Why a journal cannot be relied on any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalFailure {
    /// In words.
    pub why: String,
    /// Whether something happened that is not recorded; otherwise something did not happen because it
    /// could not be claimed.
    pub unrecorded: bool,
}

impl JournalFailure {
    /// The failure of a journal in which nothing can be claimed.
    pub(super) fn of_claims(error: &Error) -> Self {
        Self { why: format!("nothing can be claimed: {}", error.what), unrecorded: false }
    }

    /// The failure of a journal that was not told what came of something: `what` says of what.
    pub(super) fn of_records(what: &str, error: &Error) -> Self {
        Self { why: format!("{what}: {}", error.what), unrecorded: true }
    }
}

/// Which messages are the same.
enum Same {
    /// Those of equal ids and bodies. Of equal bodies without an id, each is another message: how
    /// often each came is counted, in the order in which they were read.
    Counted(Mutex<Sequence>),
    /// Those of equal ids and bodies.
    Equal,
    /// Those of equal ids.
    Id,
}

impl Memory {
    /// The memory of a run of the pipe, a new one or one that is resumed. Two equal lines without an
    /// id are two messages: the first of them is the first again when the run is resumed.
    pub fn of_run(journal: Arc<dyn Journal>, scope: Scope, resumed: bool) -> Self {
        let sequence = Sequence::new(journal.has_former_keys(), journal.seal());
        Self::new(journal, scope, Same::Counted(Mutex::new(sequence)), resumed)
    }

    /// The memory of a step: a message that comes again is the same.
    pub fn of_step(journal: Arc<dyn Journal>, scope: Scope) -> Self {
        Self::new(journal, scope, Same::Equal, false)
    }

    /// The memory of runs that send each id once for all. Messages without an id are refused.
    pub fn of_ids(journal: Arc<dyn Journal>, scope: Scope) -> Self {
        Self::new(journal, scope, Same::Id, true)
    }

    fn new(journal: Arc<dyn Journal>, scope: Scope, same: Same, earlier: bool) -> Self {
        let since = clock::now() - CLOCKS_DIFFER;
        let (seal, failed) = (journal.seal(), OnceLock::new());
        let (former_scope, beside) = (scope, false);
        Self { journal, seal, scope, former_scope, same, earlier, beside, failed, since }
    }

    /// Of a run whose own input is another one: that goes on where it was.
    #[must_use]
    pub fn beside(self, beside: bool) -> Self {
        Self { beside, ..self }
    }

    /// Where the first journals have another scope for the same.
    #[must_use]
    pub fn formerly(self, former_scope: Scope) -> Self {
        Self { former_scope, ..self }
    }

    /// The place of what was read next in the input of a run; `None` where places do not count.
    pub(super) fn place(&self, reading: Reading<'_>) -> Option<Place> {
        let Same::Counted(sequence) = &self.same else { return None };
        Some(sequence.lock().unwrap_or_else(PoisonError::into_inner).place(reading))
    }

    /// Whether its messages may have come in an earlier run.
    pub(super) const fn knows_earlier_runs(&self) -> bool {
        self.earlier
    }

    /// True if messages are told apart by how often they came, as in a run.
    pub(super) fn counts_places(&self) -> bool {
        matches!(self.same, Same::Counted(_))
    }

    /// What is remembered of this message; nothing of one without an id in a step, where nobody can
    /// tell whether it comes again or is another one.
    ///
    /// # Errors
    /// When ids count, and it has none.
    pub(super) async fn of(
        &self,
        action: &str,
        id: Option<&str>,
        body: &Value,
        place: Option<Place>,
    ) -> Result<Option<Record<'_>>, Error> {
        if id.is_none() && matches!(self.same, Same::Equal) {
            return Ok(None);
        }
        let by_id = matches!(self.same, Same::Id);
        if by_id && id.is_none() {
            return Err(Error::invalid("reference", "is missing: each id is to be sent once")
                .hint("give each message a reference, or an id around its body"));
        }
        let place = place.unwrap_or_default();
        let seal = &self.seal;
        let named = Named { seal, scope: self.scope, action, id, repeat: place.repeat };
        let counted = self.counts_places();
        let mut remembered = Record {
            journal: self.journal.as_ref(),
            // That of a run is random. Any other is a hash of names, which may be those of customers.
            scope: if counted { self.scope } else { Scope(seal.of(self.scope.0)) },
            key: named.key((!by_id).then(|| place.identity.unwrap_or_else(|| identity(body)))),
            purpose: by_id.then(|| purpose(body)),
            progress: (counted && !self.beside).then_some(place.progress),
            kind: match self.same {
                Same::Counted(_) => Remembered::ByRun { resumed: self.earlier },
                Same::Equal => Remembered::ByStep,
                Same::Id => Remembered::ById,
            },
            since: self.since,
            // A step waits until its journal is back; a run ends.
            failed: (!matches!(self.same, Same::Equal)).then_some(&self.failed),
        };
        if remembered.journal.has_former_keys() {
            let named = Named { scope: self.former_scope, repeat: place.former_repeat, ..named };
            let key = named.former_key((!by_id).then(|| former::identity(body)));
            if !remembered.journal.recall(key).await?.is_empty() {
                remembered.key = key;
                remembered.purpose = by_id.then(|| former::purpose(body));
            }
        }
        Ok(Some(remembered))
    }
}

/// The key of a message in a run of the pipe with this scope, which may be another run's, in a store
/// with this seal.
pub fn key_in_run(
    seal: &Seal,
    scope: Scope,
    action: &str,
    message: &Message,
    place: Place,
) -> MessageKey {
    let id = id_of(message);
    let named = Named { seal, scope, action, id: id.as_deref(), repeat: place.repeat };
    named.key(Some(place.identity.unwrap_or_else(|| identity(&message.body))))
}

/// The id of a message: the user's own, or that of its envelope.
pub(super) fn id_of(message: &Message) -> Option<String> {
    reference(&message.body).or_else(|| message.id.clone())
}

/// What a message is called, beside what its body says.
#[derive(Clone, Copy)]
struct Named<'a> {
    seal: &'a Seal,
    scope: Scope,
    action: &'a str,
    id: Option<&'a str>,
    /// How many equal messages without an id came before it in its run, and itself.
    repeat: u32,
}

impl Named<'_> {
    /// The key of the message with this identity; without one, its id alone counts.
    fn key(self, identity: Option<[u8; 32]>) -> MessageKey {
        let mut hash = Context::new(&SHA256);
        hash.update(b"isendpro message 2");
        self.hash(hash, identity)
    }

    /// The key that the first journals have for it.
    fn former_key(self, identity: Option<[u8; 32]>) -> MessageKey {
        self.hash(Context::new(&SHA256), identity)
    }

    fn hash(self, mut hash: Context, identity: Option<[u8; 32]>) -> MessageKey {
        let repeat = if self.id.is_none() { self.repeat } else { 0 };
        hash.update(&self.scope.0);
        for text in [self.action, self.id.unwrap_or_default()] {
            add_text(&mut hash, text);
        }
        hash.update(&[u8::from(self.id.is_some())]);
        hash.update(&repeat.to_be_bytes());
        hash.update(&identity.unwrap_or_default());
        MessageKey(self.seal.of(finish(hash)))
    }
}

/// Where one message is remembered.
#[derive(Clone, Copy)]
pub(super) struct Record<'a> {
    pub(super) journal: &'a dyn Journal,
    pub(super) scope: Scope,
    pub(super) key: MessageKey,
    /// The hash of what it is for, where the id alone tells what is the same, whatever the body says.
    pub(super) purpose: Option<[u8; 32]>,
    /// How far its run had read when it read this message.
    pub(super) progress: Option<Progress>,
    pub(super) kind: Remembered,
    /// When this run, or this process of a step, began.
    pub(super) since: Timestamp,
    /// Why the journal cannot be relied on any more, for this message and all others: nothing more is
    /// claimed. Absent where it may come back.
    pub(super) failed: Option<&'a OnceLock<JournalFailure>>,
}

impl Record<'_> {
    /// The slots of the message that may have been sent.
    pub(super) async fn recall(&self) -> Result<Vec<Past>, Error> {
        self.journal.recall(self.key).await
    }
}
