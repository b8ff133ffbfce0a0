//! The names of all keys, and what the store itself is.

use std::time::Duration;

use ring::rand::{SecureRandom as _, SystemRandom};

use super::link::{Ask, Link};
use super::record::{Id, strange};
use super::scripts::{Answer, META};
use crate::component::{Error, Kind, MessageKey, hex};
use crate::journal::Retention;
use crate::journal::key::{JournalKey, Mismatch, unlock};
use crate::journal::record::Secret;

/// The version of all that is written.
const VERSION: &str = "1";

/// The version of a store with a key: one that knows no keys must not take it for an empty one.
const KEYED_VERSION: &str = "2";

/// The names of all keys.
#[derive(Debug, Clone)]
pub(super) struct Keys {
    /// What each begins with.
    pub prefix: String,
}

impl Keys {
    fn with(&self, kind: &str, name: &[u8]) -> Vec<u8> {
        [self.prefix.as_bytes(), kind.as_bytes(), name].concat()
    }

    /// A hash: a record for each slot, and under `open` how many are claimed or unknown.
    pub fn message(&self, message: MessageKey) -> Vec<u8> {
        self.with("m:", hex(&message.0).as_bytes())
    }

    /// A pattern for SCAN that all messages match. The prefix has no sign of its own in patterns.
    pub fn messages(&self) -> String {
        format!("{}m:*", self.prefix)
    }

    /// A sorted set: what is claimed or unknown, by the time of the claim.
    pub fn open(&self) -> Vec<u8> {
        self.with("open", b"")
    }

    /// There as long as the owner counts as alive.
    pub fn lease(&self, owner: Id) -> Vec<u8> {
        self.with("owner:", &owner)
    }

    /// There for a while after a claim that was asked for more than once has ended.
    pub fn ended(&self, token: Id) -> Vec<u8> {
        self.with("ended:", &token)
    }

    /// A hash: the run of a job.
    pub fn job(&self, name: &str) -> Vec<u8> {
        self.with("job:", name.as_bytes())
    }

    /// A sorted set: the runs of a job that are over, by the time of their end.
    pub fn ended_runs(&self, name: &str) -> Vec<u8> {
        self.with("ended-runs:", name.as_bytes())
    }

    /// A text: what a trigger remembers.
    pub fn state(&self, name: &str) -> Vec<u8> {
        self.with("state:", name.as_bytes())
    }

    /// A hash: version, id and secret of the store, and the check of its key.
    pub fn meta(&self) -> Vec<u8> {
        self.with("meta", b"")
    }
}

/// What a store is.
pub(super) struct Description {
    /// Its id, to see when its data were lost.
    pub id: Vec<u8>,
    /// What numbers are hashed with.
    pub secret: Secret,
    /// Whether it may have messages under keys of the first form.
    pub former_keys: bool,
    /// True if it was made just now.
    pub is_new: bool,
}

/// Describes the store. Its id and its secret are made when it is new; then its key is this one.
pub(super) async fn describe(
    link: &Link,
    keys: &Keys,
    retention: Retention,
    key: Option<&JournalKey>,
    patience: Duration,
) -> Result<Description, Error> {
    let (new_id, new_secret) = (random::<16>()?, random::<32>()?);
    let check = key.and_then(|it| it.seal(&new_secret).check());
    let version = if check.is_some() { KEYED_VERSION } else { VERSION };
    let mut script = META.prepare_invoke();
    script.key(keys.meta()).key(keys.open()).arg(&keys.prefix).arg(version);
    script.arg(&new_id).arg(&new_secret).arg(retention.millis());
    script.arg(check.as_ref().map_or(&[][..], |it| it));
    let reply = link.ask(Ask::Script(&script), patience).await.map_err(|it| it.error)?;
    let answer = Answer::of(reply.value)?;
    let version = answer.text(3).to_owned();
    if version != VERSION && version != KEYED_VERSION {
        return Err(strange(version));
    }
    let former_keys = answer.text(2) != "0";
    let mut parts = answer.rest.into_iter();
    let mut part = || parts.next().unwrap_or_default();
    let (id, secret, _, _, check) = (part(), part(), part(), part(), part());
    let check = (version == KEYED_VERSION).then_some(check.as_slice());
    let seal = unlock(key, &secret, check).map_err(locked)?;
    let is_new = id == new_id;
    Ok(Description { id, secret: Secret::new(&secret, seal), former_keys, is_new })
}

fn locked(mismatch: Mismatch) -> Error {
    Error::config("journal", mismatch.what()).hint(mismatch.hint(
        "begin a new journal with that key, by another ?prefix= in the address, once all that may come \
         again has come; or unset ISENDPRO_JOURNAL_KEY and ISENDPRO_JOURNAL_KEY_FILE",
    ))
}

/// Bytes that nobody can foresee.
pub(super) fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled.map_err(|_| Error::new(Kind::Internal, "this system gives no random numbers"))?;
    Ok(bytes)
}

/// The message of these hexadecimal digits.
pub(super) fn message(digits: &[u8]) -> Option<MessageKey> {
    std::str::from_utf8(digits).ok().and_then(MessageKey::from_hex)
}

/// A slot's index.
pub(super) fn number(digits: &[u8]) -> Option<u32> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}
