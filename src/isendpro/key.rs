//! The key of an account: a value that cannot be printed.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use base64::Engine;
use base64::prelude::{
    BASE64_STANDARD_NO_PAD as STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD as URL_SAFE_NO_PAD,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::plain::Plain;

/// Secrets shorter than this are not looked for in answers: they would be found in any.
const SHORTEST: usize = 6;
/// No key is longer. A message may bring a longer text in its place.
const LONGEST: usize = 1024;

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
        (!key.is_empty()).then(|| Self { key: key.into(), forms: Secrets::of(key) })
    }

    /// The key itself. This is the only way out.
    pub fn expose(&self) -> &str {
        self.key.expose_secret()
    }

    /// A text without the key, if that is in it, however it is written.
    pub fn hide(&self, text: &str) -> Option<String> {
        self.forms.hidden(text)
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

/// Finds a secret in an answer.
pub(super) enum Secrets {
    /// In all of its forms at once.
    Formed(AhoCorasick),
    /// As it is: an automaton takes many times the memory of its forms.
    Long(SecretString),
    /// Not at all: too short a secret would be found in any answer.
    Short,
}

/// The last keys: each message may bring its own, and is mostly not the first with it.
static KNOWN: Mutex<VecDeque<(SecretString, Arc<Secrets>)>> = Mutex::new(VecDeque::new());
/// How many keys are known.
const MOST_KNOWN: usize = 32;

impl Secrets {
    /// Prepares to look for a key, unless that was done already.
    fn of(key: &str) -> Arc<Self> {
        if key.len() > LONGEST {
            return Arc::new(Self::new(key));
        }
        let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, forms)) = known().iter().find(|it| it.0.expose_secret() == key) {
            return Arc::clone(forms);
        }
        let forms = Arc::new(Self::new(key));
        let mut known = known();
        known.truncate(MOST_KNOWN - 1);
        known.push_front((key.into(), Arc::clone(&forms)));
        forms
    }

    /// Prepares to look for a secret.
    pub(super) fn new(secret: &str) -> Self {
        match secret.len() {
            ..SHORTEST => Self::Short,
            SHORTEST..=LONGEST => Self::formed(secret),
            _ => Self::Long(secret.into()),
        }
    }

    fn formed(secret: &str) -> Self {
        let mut forms = vec![
            secret.to_owned(),
            secret.replace(' ', "+"),
            secret.chars().rev().collect(),
            in_hex(secret),
        ];
        for base64 in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            forms.extend(in_base64(&base64, secret.as_bytes()));
        }
        // The small form of the automaton: a message may bring a key of its own.
        let finder = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::LeftmostLongest)
            .build(forms);
        finder.map_or_else(|_| Self::Long(secret.into()), Self::Formed)
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
                fields.retain(|name, _| self.hidden(name).is_none());
                let found = fields.len() < before;
                fields.values_mut().fold(found, |found, it| self.scrub(it) | found)
            }
            _ => false,
        }
    }

    /// Takes the secret out of a text; says whether it was there.
    fn scrub_text(&self, text: &mut String) -> bool {
        let hidden = self.hidden(text);
        let found = hidden.is_some();
        if let Some(hidden) = hidden {
            *text = hidden;
        }
        found
    }

    /// The text without the secret, if that is in it. Most cells of a report are too short to hold it.
    fn hidden(&self, text: &str) -> Option<String> {
        let finder = match self {
            Self::Formed(finder) => finder,
            Self::Long(secret) => {
                let secret = secret.expose_secret();
                return text.contains(secret).then(|| text.replace(secret, "***"));
            }
            Self::Short => return None,
        };
        if text.len() < finder.min_pattern_len() {
            return None;
        }
        let mut hidden = None;
        if finder.is_match(text) {
            hidden = Some(without(text, finder.find_iter(text).map(|it| it.range())));
        }
        let seen = hidden.as_deref().unwrap_or(text);
        let Some(plain) = Plain::of(seen) else { return hidden };
        let found: Vec<_> =
            finder.find_iter(&plain.bytes).map(|it| plain.source(it.range())).collect();
        if found.is_empty() { hidden } else { Some(without(seen, found.into_iter())) }
    }
}

/// A text with these ranges masked.
fn without(text: &str, ranges: impl Iterator<Item = Range<usize>>) -> String {
    let (mut shown, mut from) = (String::with_capacity(text.len()), 0);
    for range in ranges {
        shown += text.get(from..range.start).unwrap_or_default();
        shown += "***";
        from = range.end;
    }
    shown + text.get(from..).unwrap_or_default()
}

fn in_hex(secret: &str) -> String {
    let digits = secret.bytes().flat_map(|it| [it >> 4, it & 0xf]);
    digits.filter_map(|it| char::from_digit(it.into(), 16)).collect()
}

/// A secret in base64: alone, and as a part of something longer, of which only those characters are
/// known that nothing else has a bit in.
fn in_base64(base64: &impl Engine, secret: &[u8]) -> Vec<String> {
    let mut forms = vec![base64.encode(secret)];
    for before in 0..3 {
        let padded = [&[0; 3][..before], secret].concat();
        let (first, last) = ((before * 8).div_ceil(6), padded.len() * 8 / 6);
        forms.extend(base64.encode(&padded).get(first..last).map(str::to_owned));
    }
    forms
}

#[cfg(test)]
mod tests {
    use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE};
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

    #[test]
    fn a_key_is_found_however_it_is_written() {
        const KEY: &str = "aB3+x/Y=z&9\"k<7";
        let secrets = Secrets::new(KEY);
        let each = |form: &dyn Fn(char) -> String| KEY.chars().map(form).collect::<String>();
        let percent = each(&|it| format!("%{:02X}", u32::from(it)));
        let forms = [
            KEY.to_owned(),
            KEY.to_lowercase(),
            KEY.to_uppercase(),
            KEY.chars().rev().collect(),
            BASE64_STANDARD.encode(KEY),
            BASE64_STANDARD.encode(KEY).trim_end_matches('=').to_owned(),
            BASE64_URL_SAFE.encode(KEY),
            "aB3%2bx%2fY%3dz%269%22k%3c7".to_owned(),
            "aB3%2Bx/Y%3Dz&9%22k<7".to_owned(),
            percent.clone(),
            percent.to_lowercase(),
            percent.replace('%', "%25"),
            KEY.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;"),
            each(&|it| format!("&#{};", u32::from(it))),
            each(&|it| format!("&#X{:x};", u32::from(it))),
            each(&|it| format!("\\u{:04x}", u32::from(it))),
            each(&|it| format!("\\u{:04X}", u32::from(it))),
            KEY.replace('/', "\\/").replace('"', "\\\""),
            KEY.replace('+', "&plus;").replace('/', "%2f").replace('"', "\\u0022"),
            each(&|it| format!("{:02X}", u32::from(it))),
        ];
        for form in forms {
            let text = format!("é {form}|");
            let hidden = secrets.hidden(&text).unwrap_or_else(|| panic!("{text}"));
            let rest = hidden.trim_end_matches(['|', '=']);
            assert_eq!(rest, "é ***", "{form}");
        }
        for before in 0..3 {
            let form = BASE64_STANDARD.encode(format!("{}{KEY} and more", &"{\"k"[..before]));
            let hidden = secrets.hidden(&form).unwrap();
            assert!(hidden.contains("***") && hidden.len() < form.len() - 14, "{hidden}");
        }
        for other in ["", "100 % & more\\", "%zz &#; &nix; \\u12", "aB3 x/Y z", "&#xffffffffff;"] {
            assert_eq!(secrets.hidden(other), None, "{other}");
        }
    }

    #[test]
    fn a_secret_that_is_longer_than_any_is_found_as_it_is() {
        let long = "k".repeat(LONGEST + 1);
        let secrets = Secrets::new(&long);
        assert!(matches!(secrets, Secrets::Long(_)));
        assert_eq!(secrets.hidden(&format!("a {long} b")).as_deref(), Some("a *** b"));
        assert_eq!(secrets.hidden(&long[1..]), None);
    }

    #[test]
    fn short_secrets_are_not_looked_for() {
        assert_eq!(Secrets::new("abcde").hidden("abcde 6162636465"), None);
    }
}
