//! The text of an SMS.

use std::hint::black_box;

use crate::sms::sender;
use crate::sms::text::{
    BadCharacter, Encoding, MOST_PARTS, Repaired, STOP, breaking, check, check_unicode, doubts,
    garbled, has_fragile_address, is_gsm, measure, repair,
};

type Policy = fn(&str) -> Result<Repaired<'_>, BadCharacter>;

/// The bytes are the text.
pub fn read(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    black_box((doubts(text), has_fragile_address(text), garbled(text), breaking(text)));
    black_box((sender::check(text).is_ok(), sender::doubt(text)));
    let policies: [(Policy, Encoding); 3] =
        [(repair, Encoding::Gsm7), (check, Encoding::Gsm7), (check_unicode, Encoding::Ucs2)];
    for (policy, encoding) in policies {
        match policy(text) {
            Ok(once) => in_order(policy, encoding, &once),
            Err(bad) => drop(bad.to_string()),
        }
    }
}

/// A text in order stays as it is, fits its alphabet, and has a length that adds up.
fn in_order(policy: Policy, encoding: Encoding, once: &Repaired<'_>) {
    let twice = policy(&once.text).expect("it is refused the second time");
    assert_eq!((&twice.text, &twice.changes[..]), (&once.text, &[][..]), "it changes again");
    assert!(encoding == Encoding::Ucs2 || is_gsm(&once.text), "it is not GSM");
    let [alone, with_stop] = [0, STOP].map(|it| measure(&once.text, encoding, it).unwrap());
    assert!(alone.parts >= 1 && alone.parts <= with_stop.parts);
    assert!(with_stop.parts <= alone.parts + 1 && with_stop.units == alone.units + STOP);
    let largest = if encoding == Encoding::Gsm7 { 160 } else { 70 };
    assert!(alone.units <= largest * usize::try_from(alone.parts.max(MOST_PARTS)).unwrap());
}
