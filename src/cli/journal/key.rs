//! The keys of entries: how they are shown, and how one is found.

use std::ops::RangeInclusive;

use super::is_shown;
use crate::cli::Usage;
use crate::component::{MessageKey, WHOLE, hex};
use crate::journal::{Entry, Filter, Ledger};

/// Digits of a whole key.
const DIGITS: usize = 64;
/// Least digits of the beginning of a key: with fewer, chance finds the wrong one.
const LEAST: usize = 8;

/// The message in hexadecimal digits, and the recipient's place in it.
pub fn key(entry: &Entry) -> String {
    let message = hex(&entry.message.0);
    match entry.slot {
        WHOLE => message,
        slot => format!("{message}:{slot}"),
    }
}

/// A key as a person gives it: the whole of it or a beginning, with or without a place.
#[derive(Debug, Clone)]
pub struct Wanted {
    text: String,
    messages: RangeInclusive<MessageKey>,
    slot: Option<u32>,
}

/// Reads a key.
///
/// # Errors
/// When it is none.
pub fn read(text: &str) -> Result<Wanted, Usage> {
    let bad = || {
        Usage(format!(
            "{text} is no key, nor the first {LEAST} digits of one; isendpro journal list shows them"
        ))
    };
    let (digits, slot) = match text.split_once(':') {
        Some((digits, slot)) => (digits, Some(slot.parse().map_err(|_| bad())?)),
        None => (text, None),
    };
    let fits = (LEAST..=DIGITS).contains(&digits.len());
    if !fits || !digits.bytes().all(|it| it.is_ascii_hexdigit()) {
        return Err(bad());
    }
    let first = MessageKey::from_hex(&format!("{digits:0<DIGITS$}")).ok_or_else(bad)?;
    let last = MessageKey::from_hex(&format!("{digits:f<DIGITS$}")).ok_or_else(bad)?;
    Ok(Wanted { text: text.to_owned(), messages: first..=last, slot })
}

impl Wanted {
    /// What is meant, be it one message or several.
    pub fn filter(&self) -> Filter {
        let Self { messages, slot, .. } = self.clone();
        let message = Some(*messages.start()).filter(|it| it == messages.end());
        Filter { message, messages: Some(messages), slot, ..Filter::default() }
    }

    /// The entries of the one message that is meant, or its one entry, where a place is given.
    ///
    /// # Errors
    /// When nothing is remembered under this key, or it begins the keys of several messages.
    pub async fn entries(&self, ledger: &dyn Ledger) -> anyhow::Result<Vec<Entry>> {
        let mut entries = ledger.entries(&self.filter(), usize::MAX).await?;
        entries.retain(is_shown);
        entries.sort_by_key(|it| (it.message, it.slot));
        let text = &self.text;
        let Some(first) = entries.first() else {
            let said =
                format!("nothing is remembered under {text}; isendpro journal list shows what is");
            return Err(Usage(said).into());
        };
        if entries.iter().any(|it| it.message != first.message) {
            let said = format!("{text} begins the keys of several messages; give more digits");
            return Err(Usage(said).into());
        }
        Ok(entries)
    }

    /// The one entry that is meant.
    ///
    /// # Errors
    /// The same, and when the message has several entries.
    pub async fn entry(&self, ledger: &dyn Ledger) -> anyhow::Result<Entry> {
        let mut entries = self.entries(ledger).await?;
        if let Some(place) = entries.iter().position(|it| key(it) == self.text) {
            return Ok(entries.swap_remove(place));
        }
        let count = entries.len();
        match entries.pop() {
            Some(only) if count == 1 => Ok(only),
            _ => {
                let text = &self.text;
                let said = format!("{text} has {count} entries; say which one, such as {text}:0");
                Err(Usage(said).into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::journal::tests::entry;
    use crate::component::{Scope, Slot, Wanted as Claimed};

    #[test]
    fn a_key_is_read_as_it_is_shown() {
        for slot in [3, WHOLE] {
            let entry = entry(7, slot);
            let wanted = read(&key(&entry)).unwrap();
            assert_eq!(wanted.messages, entry.message..=entry.message);
            assert_eq!(wanted.slot, Some(slot).filter(|it| *it != WHOLE));
            assert_eq!(wanted.filter().message, Some(entry.message));
        }
    }

    #[test]
    fn a_beginning_means_all_that_it_begins() {
        let wanted = read("0707070:2");
        assert!(wanted.is_err(), "seven digits");
        let wanted = read("070707079:2").unwrap();
        let (mut first, mut last) = ([0; 32], [0xff; 32]);
        first[..5].copy_from_slice(&[7, 7, 7, 7, 0x90]);
        last[..5].copy_from_slice(&[7, 7, 7, 7, 0x9f]);
        assert_eq!(wanted.messages, MessageKey(first)..=MessageKey(last));
        assert_eq!((wanted.filter().message, wanted.filter().slot), (None, Some(2)));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let long = "07".repeat(33);
        for bad in ["", "07", "zzzzzzzz", &"é".repeat(32), &long, "07070707:x", "07070707:", ":1"]
        {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[tokio::test]
    async fn an_unknown_or_ambiguous_key_is_an_error_that_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let store = format!("file:{}", folder.path().join("journal").display());
        let ledger = crate::journal::open(&store, None).await.unwrap();
        let messages = [
            entry(7, 0).message,
            MessageKey([[7; 31].as_slice(), &[8]].concat().try_into().unwrap()),
        ];
        for message in messages {
            let slot = |index| Slot { index, tel: "", tracker: None };
            let slots = if message == messages[0] { vec![slot(0)] } else { vec![slot(0), slot(1)] };
            let wanted = Claimed {
                message,
                scope: Scope([1; 16]),
                action: "a",
                account: None,
                slots: &slots,
                resend: false,
                lasts: std::time::Duration::ZERO,
                progress: None,
            };
            ledger.claim(wanted).await.unwrap();
        }
        let found = async |text: &str| {
            read(text).unwrap().entry(ledger.as_ref()).await.map_err(|it| it.to_string())
        };
        let whole = hex(&messages[1].0);
        assert_eq!(found(&format!("{whole}:1")).await.unwrap().slot, 1);
        assert_eq!(found(&hex(&messages[0].0)).await.unwrap().message, messages[0], "its only one");
        assert_eq!(
            found("0707070707:1").await.unwrap().message,
            messages[1],
            "no other has a place 1"
        );
        for (text, words) in [
            ("0707070707", "several messages"),
            ("07070707:0", "several messages"),
            (&whole, "2 entries"),
            ("08080808", "nothing is remembered"),
            ("0707070707:7", "nothing is remembered"),
        ] {
            let said = found(text).await.unwrap_err();
            assert!(said.contains(words), "{text}: {said}");
        }
    }
}
