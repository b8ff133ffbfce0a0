//! The key of an account: a value that cannot be printed.

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

/// Secrets shorter than this are not looked for in answers: they would be found in any.
const SHORTEST: usize = 6;

/// The key of an iSendPro account, shown in the account under *Mon compte > Mon API*.
///
/// It has no `Display`, and `Debug` hides it. Its length is not checked: keys of 10 to 32
/// characters have been seen.
#[derive(Clone)]
pub struct KeyId {
    key: SecretString,
    forms: Arc<Secrets>,
}

impl KeyId {
    /// A key, without the blanks around it; `None` if nothing else is there.
    pub fn new(key: impl AsRef<str>) -> Option<Self> {
        let key = key.as_ref().trim();
        let forms = || Arc::new(Secrets::new(key));
        (!key.is_empty()).then(|| Self { key: key.into(), forms: forms() })
    }

    /// The key itself. This is the only way out.
    pub fn expose(&self) -> &str {
        self.key.expose_secret()
    }

    /// What to look for in answers that might reflect the key.
    pub(super) fn secrets(&self) -> &Secrets {
        &self.forms
    }
}

impl std::fmt::Debug for KeyId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyId(***)")
    }
}

/// The forms in which an answer might reflect a secret: as it is, and as a request writes it.
pub(super) struct Secrets(Vec<SecretString>);

impl Secrets {
    /// The forms of one secret.
    pub(super) fn new(secret: &str) -> Self {
        let json = serde_json::to_string(secret).unwrap_or_default();
        let form = serde_urlencoded::to_string([("", secret)]).unwrap_or_default();
        let form = form.trim_start_matches('=');
        let percent = form.replace('+', "%20");
        let mut forms = vec![secret, json.trim_matches('"'), form, &percent];
        forms.retain(|it| it.len() >= SHORTEST);
        forms.dedup();
        Self(forms.into_iter().map(Into::into).collect())
    }

    /// Takes the secret out of every text of an answer; says whether it was there.
    pub(super) fn scrub(&self, answer: &mut Value) -> bool {
        match answer {
            Value::String(text) => self.scrub_text(text),
            Value::Number(number) => {
                let mut text = number.to_string();
                let found = self.scrub_text(&mut text);
                if found {
                    *answer = text.into();
                }
                found
            }
            Value::Array(list) => list.iter_mut().fold(false, |found, it| self.scrub(it) | found),
            Value::Object(fields) => {
                let before = fields.len();
                fields.retain(|name, _| !self.forms().any(|it| name.contains(it)));
                let found = fields.len() < before;
                fields.values_mut().fold(found, |found, it| self.scrub(it) | found)
            }
            _ => false,
        }
    }

    fn scrub_text(&self, text: &mut String) -> bool {
        let mut found = false;
        for form in self.forms() {
            if text.contains(form) {
                *text = text.replace(form, "***");
                found = true;
            }
        }
        found
    }

    fn forms(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(SecretString::expose_secret)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_key_is_trimmed_and_never_printed() {
        let key = KeyId::new(" 0123456789abcdef\n").unwrap();
        assert_eq!(key.expose(), "0123456789abcdef");
        assert_eq!(format!("{key:?}"), "KeyId(***)");
        assert!(KeyId::new(" \t").is_none());
    }

    #[test]
    fn reflected_secrets_are_taken_out_in_every_form() {
        let secrets = Secrets::new("k\"y/ secret");
        let mut answer = json!({"a": ["k\"y/ secret k\\\"y/ secret"], "b": "k%22y%2F+secret k%22y%2F%20secret", "c": 1, "xk\"y/ secret": 2});
        assert!(secrets.scrub(&mut answer));
        assert_eq!(answer, json!({"a": ["*** ***"], "b": "*** ***", "c": 1}));
        assert!(!secrets.scrub(&mut answer));
    }
}
