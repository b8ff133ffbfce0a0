//! Hides hashes that could be guessed from whoever copies a store.

use std::fmt;
use std::sync::Arc;

use ring::hmac;

/// Turns a hash of something that can be guessed, such as a number, into one that only a key leads to.
/// Without a key it leaves the hash as it is.
#[derive(Clone, Default)]
pub struct Seal(Option<Arc<hmac::Key>>);

/// Sealed to tell one key from another. No hash has its length.
const CHECK: [u8; 24] = *b"isendpro journal check 1";

impl Seal {
    /// The seal of this key.
    pub fn new(key: &[u8; 32]) -> Self {
        Self(Some(Arc::new(hmac::Key::new(hmac::HMAC_SHA256, key))))
    }

    /// The hash, sealed: as long as it was.
    pub fn of<const N: usize>(&self, hash: [u8; N]) -> [u8; N] {
        const { assert!(N <= 32 && N != CHECK.len()) };
        let Some(key) = &self.0 else { return hash };
        let mut sealed = [0; N];
        sealed.copy_from_slice(&hmac::sign(key, &hash).as_ref()[..N]);
        sealed
    }

    /// The proof of this key that a store keeps, to tell it from any other; none without a key.
    pub fn check(&self) -> Option<[u8; 32]> {
        let mut check = [0; 32];
        check.copy_from_slice(hmac::sign(self.0.as_ref()?, &CHECK).as_ref());
        Some(check)
    }

    /// True if there is a key.
    pub const fn is_keyed(&self) -> bool {
        self.0.is_some()
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seal").field("keyed", &self.is_keyed()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::hex;

    #[test]
    fn a_key_changes_every_hash_and_none_leaves_it() {
        let (none, one, other) = (Seal::default(), Seal::new(&[1; 32]), Seal::new(&[2; 32]));
        assert_eq!(none.of([7; 8]), [7; 8]);
        assert_eq!((none.check(), none.is_keyed()), (None, false));
        for byte in 0..20 {
            let hash = [byte; 32];
            assert_eq!(none.of(hash), hash);
            assert_ne!(one.of(hash), hash);
            assert_ne!(one.of(hash), other.of(hash));
            assert_eq!(one.of(hash), one.clone().of(hash));
        }
        assert_ne!(one.check(), other.check());
        assert!(!format!("{one:?}").contains("1, 1"));
    }

    /// Journals are made of it: it may never change.
    #[test]
    fn a_sealed_hash_is_the_same_for_ever() {
        let seal = Seal::new(&[3; 32]);
        assert_eq!(hex(&seal.of([9; 8])), "b2447cb996607de2");
        assert_eq!(
            hex(&seal.of([9; 32])),
            "82b73f8aff20d0ae801cbd696a0c9e4997d42c64899b68e97ffdf8117aeb5c32"
        );
        assert_eq!(
            hex(&seal.check().unwrap()),
            "85d5e9f9ec853a57b07f86ec0279a1735eb108ee3d9033deefe03fc5739d6649"
        );
    }
}
