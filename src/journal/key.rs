//! The key of a journal that its operator keeps outside of it. Whoever copies the journal without it
//! finds no number and no text in it by trying all of them.

use secrecy::{ExposeSecret as _, SecretString};

use crate::component::{Error, Seal, stretch};

/// Fewest bytes of a key.
const FEWEST: usize = 16;

/// Begins the salt that a key is stretched with.
const SALT: &[u8] = b"isendpro journal key 1";

/// An operator's key.
#[derive(Debug, Clone)]
pub struct JournalKey(SecretString);

impl JournalKey {
    /// A key of at least 16 bytes, of any text.
    ///
    /// # Errors
    /// When it is shorter.
    pub fn new(text: impl Into<String>) -> Result<Self, Error> {
        let text = text.into();
        if text.len() < FEWEST {
            let said = format!("is shorter than {FEWEST} bytes");
            return Err(Error::config("ISENDPRO_JOURNAL_KEY", said)
                .hint("make one with: openssl rand -hex 32"));
        }
        Ok(Self(text.into()))
    }

    /// The seal of a store with this secret: of no use for another store, should one be guessed.
    pub(super) fn seal(&self, secret: &[u8]) -> Seal {
        Seal::new(&stretch(self.0.expose_secret(), &[SALT, secret].concat()))
    }
}

/// Why a store is not opened with the key that is given, or with none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mismatch {
    /// It has a key, and none is given.
    Missing,
    /// It has none, and one is given.
    Unsealed,
    /// It has another one.
    Other,
}

impl Mismatch {
    /// Says what is the matter with the journal.
    pub const fn what(self) -> &'static str {
        match self {
            Self::Missing => "was made with a key, and none is given",
            Self::Unsealed => "was made without a key, and one is given",
            Self::Other => "was made with another key than the one that is given",
        }
    }

    /// Says what to do. `convert` is how a store of this kind gets a key.
    pub const fn hint(self, convert: &'static str) -> &'static str {
        match self {
            Self::Missing => {
                "set ISENDPRO_JOURNAL_KEY, or ISENDPRO_JOURNAL_KEY_FILE, to that key: without it \
                 nothing would be recognised, and all would be sent again"
            }
            Self::Unsealed => convert,
            Self::Other => {
                "give the key that it was made with: with another one nothing would be recognised, and \
                 all would be sent again"
            }
        }
    }
}

/// The seal of a store with this secret, and with this check of its key if it has one.
pub(super) fn unlock(
    key: Option<&JournalKey>,
    secret: &[u8],
    check: Option<&[u8]>,
) -> Result<Seal, Mismatch> {
    match (key, check) {
        (None, None) => Ok(Seal::default()),
        (None, Some(_)) => Err(Mismatch::Missing),
        (Some(_), None) => Err(Mismatch::Unsealed),
        (Some(key), Some(check)) => {
            let seal = key.seal(secret);
            if seal.check().is_some_and(|it| it == check) { Ok(seal) } else { Err(Mismatch::Other) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> JournalKey {
        JournalKey::new(text).unwrap()
    }

    #[test]
    fn a_short_key_is_refused_and_no_key_is_shown() {
        for short in ["", "a", "0123456789abcde", "é234567890123", "canary"] {
            let error = JournalKey::new(short).unwrap_err();
            let said = error.to_string();
            assert!(said.contains("shorter than 16 bytes; make one with: openssl"), "{said}");
            assert!(!said.contains("canary"), "{said}");
        }
        for good in ["0123456789abcdef", "é23456789012345", &"x".repeat(300), "a b c d e f g h i"]
        {
            assert!(!format!("{:?}", key(good)).contains(good), "{good}");
        }
    }

    #[test]
    fn a_store_is_opened_with_its_own_key_and_no_other() {
        let secret = [1; 32];
        let own = key("0123456789abcdef");
        let check = own.seal(&secret).check().unwrap();
        let opened = |key, check| unlock(key, &secret, check).map(|it| it.is_keyed());
        assert_eq!(opened(None, None), Ok(false));
        assert_eq!(opened(Some(&own), Some(&check)), Ok(true));
        assert_eq!(opened(None, Some(&check)), Err(Mismatch::Missing));
        assert_eq!(opened(Some(&own), None), Err(Mismatch::Unsealed));
        for other in [
            "0123456789abcdeF",
            "0123456789abcdef ",
            "0123456789abcdef0",
            " 0123456789abcdef",
            "1123456789abcdef",
            "0123456789ABCDEF",
            "fedcba9876543210",
            "0123456789abcde\u{e9}",
            "0123456789abcdef\n",
            "0123456789abcdef0123456789abcdef",
        ] {
            let found = unlock(Some(&key(other)), &secret, Some(&check)).err();
            assert_eq!(found, Some(Mismatch::Other), "{other:?}");
        }
        assert_eq!(unlock(Some(&own), &[2; 32], Some(&check)).err(), Some(Mismatch::Other));
        for damaged in [&check[..31], &[], &[0; 32]] {
            assert_eq!(opened(Some(&own), Some(damaged)), Err(Mismatch::Other));
        }
    }
}
