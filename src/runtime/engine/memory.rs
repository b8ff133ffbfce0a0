//! What was sent before: the engine's side of the journal.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use ring::digest::{Context, SHA256};
use serde_json::Value;

use crate::component::{
    Error, Journal, MessageKey, Past, Scope, add_text, finish, identity, purpose,
};

/// A journal, as one run or step uses it.
pub struct Memory {
    journal: Arc<dyn Journal>,
    scope: Scope,
    same: Same,
    /// Whether its messages may have come in an earlier run.
    earlier: bool,
    failed: OnceLock<Amnesia>,
}

/// Why a journal cannot be relied on any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amnesia {
    /// In words.
    pub why: String,
    /// Whether something happened that is not recorded; otherwise something did not happen because it
    /// could not be claimed.
    pub unrecorded: bool,
}

/// Which messages are the same.
enum Same {
    /// Those of equal ids and bodies. Of equal bodies without an id, each is another message: how
    /// often each came is counted.
    Counted(Mutex<HashMap<[u8; 16], u32>>),
    /// Those of equal ids and bodies.
    Equal,
    /// Those of equal ids.
    Id,
}

impl Memory {
    /// The memory of a run of the pipe, a new one or one that is resumed. Two equal lines without an
    /// id are two messages: the first of them is the first again when the run is resumed.
    pub fn of_run(journal: Arc<dyn Journal>, scope: Scope, resumed: bool) -> Self {
        Self::new(journal, scope, Same::Counted(Mutex::default()), resumed)
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
        Self { journal, scope, same, earlier, failed: OnceLock::new() }
    }

    /// What is remembered of this message; nothing of one without an id in a step, where nobody can
    /// tell whether it comes again or is another one.
    ///
    /// # Errors
    /// When ids count, and it has none.
    pub(super) fn of(
        &self,
        action: &str,
        id: Option<&str>,
        body: &Value,
    ) -> Result<Option<Remembered<'_>>, Error> {
        if id.is_none() && matches!(self.same, Same::Equal) {
            return Ok(None);
        }
        let by_id = matches!(self.same, Same::Id);
        let identity = identity(body);
        if by_id && id.is_none() {
            return Err(Error::invalid("reference", "is missing: each id is to be sent once")
                .hint("give each message a reference, or an id around its body"));
        }
        let repeat = if id.is_none() { self.repeat(identity) } else { 0 };
        let mut hash = Context::new(&SHA256);
        hash.update(&self.scope.0);
        for text in [action, id.unwrap_or_default()] {
            add_text(&mut hash, text);
        }
        hash.update(&[u8::from(id.is_some())]);
        hash.update(&repeat.to_be_bytes());
        hash.update(if by_id { &[0; 32] } else { &identity });
        let key = MessageKey(finish(hash));
        // A step waits until its journal is back; a run ends.
        let failed = (!matches!(self.same, Same::Equal)).then_some(&self.failed);
        let Self { scope, earlier, .. } = *self;
        let purpose = by_id.then(|| purpose(body));
        let journal = self.journal.as_ref();
        Ok(Some(Remembered { journal, scope, key, purpose, earlier, failed }))
    }

    fn repeat(&self, identity: [u8; 32]) -> u32 {
        let Same::Counted(repeats) = &self.same else { return 0 };
        let mut short = [0; 16];
        short.copy_from_slice(&identity[..16]);
        let mut repeats = repeats.lock().unwrap_or_else(PoisonError::into_inner);
        let count = repeats.entry(short).or_insert(0);
        *count += 1;
        *count
    }
}

/// What is remembered of one message.
#[derive(Clone, Copy)]
pub(super) struct Remembered<'a> {
    pub(super) journal: &'a dyn Journal,
    pub(super) scope: Scope,
    pub(super) key: MessageKey,
    /// The hash of what it is for, where the id alone tells what is the same, whatever the body says.
    pub(super) purpose: Option<[u8; 32]>,
    /// Whether the message may have come in an earlier run.
    pub(super) earlier: bool,
    /// Why the journal cannot be relied on any more, for this message and all others: nothing more is
    /// claimed. Absent where it may come back.
    pub(super) failed: Option<&'a OnceLock<Amnesia>>,
}

impl Remembered<'_> {
    /// Its slots that may have been sent.
    pub(super) async fn recall(&self) -> Result<Vec<Past>, Error> {
        self.journal.recall(self.key).await
    }

    /// Whether the id alone tells what is the same.
    pub(super) fn by_id(&self) -> bool {
        self.purpose.is_some()
    }

    /// Whether a message without a verdict comes again by itself.
    pub(super) fn comes_again(&self) -> bool {
        self.failed.is_none()
    }
}
