//! The names of all keys, and the secret that numbers are hashed with.

use std::time::Duration;

use ring::hmac;
use ring::rand::{SecureRandom as _, SystemRandom};

use super::link::{Ask, Link};
use super::record::Id;
use super::scripts::{Answer, META};
use crate::component::{Account, AccountMark, Error, Kind, MessageKey, Slot, hex};
use crate::journal::Retention;
use crate::journal::record::{self, Mark};

/// The version of all that is written.
const VERSION: &str = "1";

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

    /// A hash: version, id and secret of the store.
    pub fn meta(&self) -> Vec<u8> {
        self.with("meta", b"")
    }
}

/// The secret of a store.
pub(super) struct Secret(hmac::Key);

impl Secret {
    pub fn new(bytes: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// The mark of a number, which only this store can compute.
    pub fn mark(&self, tel: &str) -> Option<Mark> {
        Mark::new(&self.0, tel)
    }

    /// The mark of what a slot is for.
    pub fn mark_of(&self, slot: &Slot<'_>) -> Option<Mark> {
        Mark::of(&self.0, slot)
    }

    /// The mark of an account.
    pub fn account(&self, account: &Account) -> AccountMark {
        record::account(&self.0, account)
    }

    /// The name of a job, which may be that of a file or of a customer.
    pub fn job(&self, job: &str) -> String {
        hex(&hmac::sign(&self.0, job.as_bytes()).as_ref()[..16])
    }
}

/// What a store is.
pub(super) struct Description {
    /// Its id, to see when its data were lost.
    pub id: Vec<u8>,
    /// What numbers are hashed with.
    pub secret: Vec<u8>,
    /// Whether it may have messages under keys of the first form.
    pub former_keys: bool,
}

/// Describes the store. Its id and its secret are made when it is new.
pub(super) async fn describe(
    link: &Link,
    keys: &Keys,
    retention: Retention,
    patience: Duration,
) -> Result<Description, Error> {
    let mut script = META.prepare_invoke();
    script.key(keys.meta()).key(keys.open()).arg(&keys.prefix).arg(VERSION);
    script.arg(&random::<16>()?).arg(&random::<32>()?).arg(retention.millis());
    let reply = link.ask(Ask::Script(&script), patience).await.map_err(|it| it.error)?;
    let answer = Answer::of(reply.value)?;
    let former_keys = answer.text(2) != "0";
    let mut parts = answer.rest.into_iter();
    let (id, secret) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    Ok(Description { id, secret, former_keys })
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
