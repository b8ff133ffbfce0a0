//! How a store makes what it remembers of numbers, accounts and jobs.

use ring::hmac;

use super::Mark;
use crate::component::{Account, AccountMark, Seal, Slot, WHOLE, hex};

/// Hashes numbers, accounts and jobs: with a secret that lies in the store, and the seal of a
/// key that does not, if its operator gave one.
#[derive(Debug)]
pub struct Secret {
    key: hmac::Key,
    seal: Seal,
}

impl Secret {
    /// The secret that lies in the store, and its seal.
    pub fn new(secret: &[u8], seal: Seal) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, secret), seal }
    }

    /// The seal.
    pub const fn seal(&self) -> &Seal {
        &self.seal
    }

    /// The mark of a number; none of an empty one.
    pub fn mark(&self, tel: &str) -> Option<Mark> {
        let last = tel.char_indices().rev().nth(1).map_or(0, |it| it.0);
        let last_digits = tel.get(last..)?.to_owned();
        let mark = || Mark { hash: self.hash(tel.as_bytes()), last_digits };
        (!tel.is_empty()).then(mark)
    }

    /// The mark of what a slot is for; none if nobody says what that is.
    pub fn mark_of(&self, slot: &Slot<'_>) -> Option<Mark> {
        let mark = self.mark(slot.tel)?;
        Some(if slot.index == WHOLE { Mark { last_digits: String::new(), ..mark } } else { mark })
    }

    /// The mark of an account.
    pub fn account(&self, account: &Account) -> AccountMark {
        AccountMark(self.hash(account.bytes()))
    }

    /// The name of a job, which may be that of a file or of a customer.
    pub fn job(&self, job: &str) -> String {
        hex(&self.hash::<16>(job.as_bytes()))
    }

    fn hash<const N: usize>(&self, bytes: &[u8]) -> [u8; N] {
        let mut hash = [0; N];
        hash.copy_from_slice(&hmac::sign(&self.key, bytes).as_ref()[..N]);
        self.seal.of(hash)
    }
}
