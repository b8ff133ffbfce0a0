//! What was sent before: the engine's side of the journal.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use jiff::{SignedDuration, Timestamp};
use ring::digest::{Context, SHA256};
use serde_json::Value;

use super::sequence::{Place, Reading, Sequence};
use crate::component::{
    Error, Journal, Message, MessageKey, Past, Progress, Scope, add_text, finish, former, identity,
    purpose, reference,
};

/// A journal, as one run or step uses it.
pub struct Memory {
    journal: Arc<dyn Journal>,
    scope: Scope,
    /// The scope that the first journals have for the same.
    former_scope: Scope,
    same: Same,
    /// Whether its messages may have come in an earlier run.
    earlier: bool,
    /// Whether how far it has read is no matter of its run.
    beside: bool,
    failed: OnceLock<Amnesia>,
    since: Timestamp,
}

/// The clocks of a store and of this machine differ by less.
pub(super) const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_secs(5);

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
        let sequence = Sequence::new(journal.has_former_keys());
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
        let since = Timestamp::now() - CLOCKS_DIFFER;
        let failed = OnceLock::new();
        Self { journal, scope, former_scope: scope, same, earlier, beside: false, failed, since }
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
    ) -> Result<Option<Remembered<'_>>, Error> {
        if id.is_none() && matches!(self.same, Same::Equal) {
            return Ok(None);
        }
        let by_id = matches!(self.same, Same::Id);
        if by_id && id.is_none() {
            return Err(Error::invalid("reference", "is missing: each id is to be sent once")
                .hint("give each message a reference, or an id around its body"));
        }
        let place = place.unwrap_or_default();
        let named = Named { scope: self.scope, action, id, repeat: place.repeat };
        let Self { scope, earlier, .. } = *self;
        let mut remembered = Remembered {
            journal: self.journal.as_ref(),
            scope,
            key: named.key((!by_id).then(|| place.identity.unwrap_or_else(|| identity(body)))),
            purpose: by_id.then(|| purpose(body)),
            progress: (matches!(self.same, Same::Counted(_)) && !self.beside)
                .then_some(place.progress),
            earlier,
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

/// The key of a message in a run of the pipe with this scope, which may be another run's.
pub fn key_in_run(scope: Scope, action: &str, message: &Message, place: Place) -> MessageKey {
    let id = id_of(message);
    let named = Named { scope, action, id: id.as_deref(), repeat: place.repeat };
    named.key(Some(place.identity.unwrap_or_else(|| identity(&message.body))))
}

/// The id of a message: the user's own, or that of its envelope.
pub(super) fn id_of(message: &Message) -> Option<String> {
    reference(&message.body).or_else(|| message.id.clone())
}

/// What a message is called, beside what its body says.
#[derive(Clone, Copy)]
struct Named<'a> {
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
        MessageKey(finish(hash))
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
    /// How far its run had read when it read this message.
    pub(super) progress: Option<Progress>,
    /// Whether the message may have come in an earlier run.
    pub(super) earlier: bool,
    /// When this run, or this process of a step, began.
    pub(super) since: Timestamp,
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::component::hex;

    const SCOPE: Scope = Scope([7; 16]);

    fn former(id: Option<&str>, repeat: u32, body: &Value, by_id: bool) -> String {
        let named = Named { scope: SCOPE, action: "sendSms", id, repeat };
        hex(&named.former_key((!by_id).then(|| former::identity(body))).0)
    }

    /// Recorded when journals had no other keys.
    #[test]
    fn the_keys_of_the_first_journals_are_made_for_ever() {
        let plain = json!({"sms": "Bonjour", "num": "0680010203", "meta": {"b": 1, "a": 1.50}});
        let nested =
            json!({"requestBody": {"sms": "Bonjour", "num": "0680010203"}, "smslong": 2.0});
        for (id, repeat, body, by_id, key) in [
            (
                Some("r1"),
                5,
                &plain,
                false,
                "8d4198438a518a21e4dd472a3736ca5223ef1a7a5118409440ef8527b6e0916c",
            ),
            (
                None,
                1,
                &plain,
                false,
                "cb5f715f17d5920aff433e50030be0678501abe9e4b249efd8cda62611c46453",
            ),
            (
                None,
                2,
                &plain,
                false,
                "71435f9c0fe6fbdbea729dc663258635b000df772ea6a5f42b735c69b4902057",
            ),
            (
                Some("r1"),
                0,
                &nested,
                false,
                "5911172f8dbac71c689ab33884cf6fbeb6477c0fb7f31c19fb1750d80110c111",
            ),
            (
                None,
                1,
                &nested,
                false,
                "45590fe4af5f1d4626c01032acd814c2fba3a4fd33c6034f78bea9acacfe8bbb",
            ),
            (
                Some("r1"),
                0,
                &plain,
                true,
                "d86f078c7af288ef9f0f97febb9a8ac68bf47026aa2734b4a41dae3161d41774",
            ),
            (
                Some("r1"),
                0,
                &nested,
                true,
                "d86f078c7af288ef9f0f97febb9a8ac68bf47026aa2734b4a41dae3161d41774",
            ),
        ] {
            assert_eq!(former(id, repeat, body, by_id), key, "{id:?} {repeat} {body}");
        }
        let purpose = |body| hex(&former::purpose(body));
        assert_eq!(
            purpose(&plain),
            "47d12e9e589d1dba6324ec979c2d9fb5c264d36e2a42691d68be0a6b6b2379f5"
        );
        assert_eq!(
            purpose(&nested),
            "79fcdf5180d6cdb83b08a78fea397f41505c20c792f72c15f651b9162d3d4c67"
        );
        let scope = |name| hex(&Scope::formerly_named(name).0);
        assert_eq!(scope("flow step"), "8e6a37411399d35a346d5ba22de571b7");
        assert_eq!(scope("once per id sendSms"), "79da619b13ecb67a60cfb5c71cc78025");
    }

    #[test]
    fn names_that_are_put_together_do_not_run_together() {
        assert_ne!(Scope::of(&["shop", "fr sms"]), Scope::of(&["shop fr", "sms"]));
        assert_ne!(Scope::of(&["a", ""]), Scope::of(&["", "a"]));
        assert_ne!(Scope::of(&["a"]), Scope::of(&["a", ""]));
    }

    /// Journals remember messages by it: it may never change.
    #[test]
    fn a_message_has_the_same_key_for_ever() {
        let body = json!({"num": "0680010203", "sms": "Bonjour"});
        let named = Named { scope: SCOPE, action: "sendSms", id: None, repeat: 1 };
        let key = hex(&named.key(Some(identity(&body))).0);
        assert_eq!(key, "2f77a498a1144aaa3c569b1d36cbcb200df54a5dff827eab8549d1393468f430");
        let with_id = Named { id: Some(""), repeat: 0, ..named };
        assert_ne!(hex(&with_id.key(Some(identity(&body))).0), key);
    }
}
