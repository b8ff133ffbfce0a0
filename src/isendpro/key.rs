//! The key of an account: a value that cannot be printed.

use secrecy::{ExposeSecret, SecretString};

/// The key of an iSendPro account, shown in the account under *Mon compte > Mon API*.
///
/// It has no `Display`, and `Debug` hides it. Its length is not checked: keys of 10 to 32
/// characters have been seen.
#[derive(Clone)]
pub struct KeyId(SecretString);

impl KeyId {
    /// A key, without the blanks around it; `None` if nothing else is there.
    pub fn new(key: impl AsRef<str>) -> Option<Self> {
        let key = key.as_ref().trim();
        (!key.is_empty()).then(|| Self(key.into()))
    }

    /// The key itself. This is the only way out.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl std::fmt::Debug for KeyId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyId(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_trimmed_and_never_printed() {
        let key = KeyId::new(" 0123456789abcdef\n").unwrap();
        assert_eq!(key.expose(), "0123456789abcdef");
        assert_eq!(format!("{key:?}"), "KeyId(***)");
        assert!(KeyId::new(" \t").is_none());
    }
}
