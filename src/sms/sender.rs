//! The sender's name (`emetteur`), as iSendPro documents it: 4 to 11 letters, digits or blanks, not
//! digits only.

use std::fmt;

use super::text;

/// Why a name cannot be a sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadSender {
    /// It holds only blanks.
    Blank,
    /// It holds only digits.
    OnlyDigits,
    /// It holds something that no phone shows.
    Invisible,
}

impl fmt::Display for BadSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Blank => "holds only blanks; leave it out or give a name",
            Self::Invisible => "holds a control or an invisible character; remove it",
            Self::OnlyDigits => "holds only digits; iSendPro wants a name with letters",
        })
    }
}

impl std::error::Error for BadSender {}

/// Refuses what certainly is no sender.
///
/// # Errors
/// For a name of blanks or digits only, or with something that no phone shows.
pub fn check(sender: &str) -> Result<(), BadSender> {
    let sender = sender.trim();
    if sender.is_empty() {
        return Err(BadSender::Blank);
    }
    if sender.chars().any(text::is_invisible) {
        return Err(BadSender::Invisible);
    }
    let digits = sender.bytes().all(|it| it.is_ascii_digit());
    if digits { Err(BadSender::OnlyDigits) } else { Ok(()) }
}

/// What a person should know of a sender outside the documented rules. It is sent as it is: other
/// clients send such names, and nobody says what becomes of them.
pub fn doubt(sender: &str) -> Option<&'static str> {
    let length = sender.chars().count();
    let plain = sender.chars().all(|it| it.is_ascii_alphanumeric() || it == ' ');
    (!(4..=11).contains(&length) || !plain).then_some(
        "iSendPro documents 4 to 11 letters, digits or blanks; this one is outside of that",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_and_digits_are_no_sender() {
        assert_eq!(check(" \u{a0}"), Err(BadSender::Blank));
        assert_eq!(check("36180"), Err(BadSender::OnlyDigits));
        for odd in ["Ga\u{7}rage", "Garage\u{202e}", "Gar\u{200b}age"] {
            assert_eq!(check(odd), Err(BadSender::Invisible), "{odd:?}");
        }
        for fine in ["Garage", "SO-SHOOTING", "Café 24", "abc"] {
            assert_eq!(check(fine), Ok(()), "{fine}");
        }
    }

    #[test]
    fn a_sender_outside_the_rules_is_only_doubted() {
        for odd in ["SO-SHOOTING", "abc", "A name that is long", "Café 24"] {
            assert!(doubt(odd).is_some(), "{odd}");
        }
        assert!(doubt("Garage 24").is_none());
    }
}
