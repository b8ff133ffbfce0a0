//! The character that stops a text, told so that its author finds it.

use std::fmt;

use super::{gsm, repair, table};

/// A character that a text must not have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BadCharacter {
    /// The character.
    pub character: char,
    /// Where it stands, from 1, in Unicode characters (scalar values) of the text as it was given.
    pub position: usize,
    policy: Policy,
}

/// What happens to characters that the GSM alphabet lacks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Policy {
    /// There must be none.
    Strict,
    /// The text is repaired where that does no harm.
    Repair,
    /// The text goes as Unicode.
    Unicode,
}

impl Policy {
    /// Whether a character may go as it is: under Unicode all but damage and control characters.
    pub(super) fn takes(self, c: char) -> bool {
        match self {
            Self::Strict | Self::Repair => gsm::septets(c).is_some(),
            Self::Unicode => !(c.is_control() && c != '\n' || c == '\u{fffd}'),
        }
    }
}

impl BadCharacter {
    /// The character that stands behind this much of a text.
    pub(super) fn of(character: char, before: &str, policy: Policy) -> Self {
        Self { character, position: before.chars().count() + 1, policy }
    }

    /// The character at a byte position, which no repair helps.
    pub(super) fn beyond_repair(text: &str, at: usize) -> Self {
        let (before, rest) = text.split_at_checked(at).unwrap_or((text, ""));
        Self::of(rest.chars().next().unwrap_or_default(), before, Policy::Repair)
    }

    /// What is wrong and what to do about it.
    fn advice(self) -> String {
        let c = self.character;
        if c == '\u{fffd}' {
            return "stands for a character that was lost when the text was read in a wrong \
                encoding; give the text in UTF-8"
                .to_owned();
        }
        match self.policy {
            Policy::Unicode => "cannot be sent in an SMS; remove it".to_owned(),
            Policy::Strict => {
                format!("is not in the SMS alphabet (GSM-7); {}", instead(c))
            }
            Policy::Repair if let Some(script) = script(c) => format!(
                "is a letter of the {script} script, which the SMS alphabet (GSM-7) lacks; write \
                 the text in Latin letters: iSendPro sends others as Unicode, and that only outside \
                 metropolitan France"
            ),
            Policy::Repair if c.is_control() || is_private(c) => {
                "is not in the SMS alphabet (GSM-7) and has no meaning there; remove it".to_owned()
            }
            Policy::Repair => "is not in the SMS alphabet (GSM-7) and nothing there stands for \
                it; write it differently, or send the text as Unicode where that is allowed"
                .to_owned(),
        }
    }
}

impl fmt::Display for BadCharacter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { character, position, .. } = *self;
        let code = u32::from(character);
        match name(character) {
            Some(name) => write!(f, "{name} U+{code:04X}")?,
            None => write!(f, "`{character}` (U+{code:04X})")?,
        }
        write!(f, " at character {position} {}", self.advice())
    }
}

impl std::error::Error for BadCharacter {}

/// What the author can do about a character that breaks the strict policy.
fn instead(c: char) -> String {
    match repair::alone(c) {
        Some(to) if to.is_empty() => "leave it out".to_owned(),
        Some(to) if to == " " => "write an ordinary space".to_owned(),
        Some(to) if to == "\n" => "write an ordinary line break".to_owned(),
        Some(to) => format!("write `{to}`"),
        None if c.is_control() || is_private(c) => "remove it".to_owned(),
        None => "write it differently".to_owned(),
    }
}

/// The script of a letter that is not Latin, as far as people write SMS in it.
fn script(c: char) -> Option<&'static str> {
    if !c.is_alphabetic() {
        return None;
    }
    Some(match c {
        '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}' => "Greek",
        '\u{400}'..='\u{52f}' => "Cyrillic",
        '\u{530}'..='\u{58f}' => "Armenian",
        '\u{590}'..='\u{5ff}' | '\u{fb1d}'..='\u{fb4f}' => "Hebrew",
        '\u{600}'..='\u{6ff}'
        | '\u{750}'..='\u{77f}'
        | '\u{8a0}'..='\u{8ff}'
        | '\u{fb50}'..='\u{fdff}'
        | '\u{fe70}'..='\u{fefc}' => "Arabic",
        '\u{900}'..='\u{97f}' => "Devanagari",
        '\u{b80}'..='\u{bff}' => "Tamil",
        '\u{e00}'..='\u{e7f}' => "Thai",
        '\u{10a0}'..='\u{10ff}' => "Georgian",
        '\u{1200}'..='\u{137f}' => "Ethiopic",
        '\u{2d30}'..='\u{2d7f}' => "Tifinagh",
        '\u{3040}'..='\u{30ff}' => "Japanese",
        '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' => "Chinese",
        '\u{1100}'..='\u{11ff}' | '\u{ac00}'..='\u{d7a3}' => "Korean",
        _ => return None,
    })
}

/// What to call a character that cannot be seen, or that would not look like itself.
fn name(c: char) -> Option<&'static str> {
    let name = match c {
        '\0' => "the null character",
        '\u{8}' => "the backspace",
        '\t' => "the tab",
        '\u{c}' => "the form feed",
        '\u{1b}' => "the escape character",
        '\u{7f}' => "the delete character",
        _ if c.is_control() => "the control character",
        '\u{a0}' | '\u{202f}' => "the no-break space",
        '\u{ad}' => "the soft hyphen",
        '\u{200b}' => "the zero-width space",
        '\u{200d}' => "the zero-width joiner",
        '\u{2028}' | '\u{2029}' => "the line separator",
        '\u{feff}' => "the byte order mark",
        '\u{fffc}' => "the object replacement character",
        '\u{fffd}' => "the replacement character",
        _ if table::is_blank(c) || c.is_whitespace() => "the space",
        _ if table::is_invisible(c) => "the invisible character",
        _ if table::is_mark(c) => "the combining mark",
        _ if is_private(c) => "the private character",
        _ if is_noncharacter(c) => "the code",
        _ => return None,
    };
    Some(name)
}

/// Whether what the character means is agreed on privately: in a font of icons, for instance.
fn is_private(c: char) -> bool {
    matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..)
}

/// Whether Unicode will never assign the code (`U+FFFE`, `U+FDD0`...).
fn is_noncharacter(c: char) -> bool {
    u32::from(c) & 0xfffe == 0xfffe || matches!(c, '\u{fdd0}'..='\u{fdef}')
}

#[cfg(test)]
mod tests {
    use crate::sms::text::{check, check_unicode, repair};

    #[test]
    fn the_message_names_character_place_and_remedy() {
        let cases = [
            (
                repair("Tél. Привет").unwrap_err(),
                "`П` (U+041F) at character 6 is a letter of the Cyrillic script, which the SMS \
                 alphabet (GSM-7) lacks; write the text in Latin letters: iSendPro sends others as \
                 Unicode, and that only outside metropolitan France",
            ),
            (
                repair("10 ₽").unwrap_err(),
                "`₽` (U+20BD) at character 4 is not in the SMS alphabet (GSM-7) and nothing there \
                 stands for it; write it differently, or send the text as Unicode where that is \
                 allowed",
            ),
            (
                repair("a\0").unwrap_err(),
                "the null character U+0000 at character 2 is not in the SMS alphabet (GSM-7) and \
                 has no meaning there; remove it",
            ),
            (
                repair("d\u{fffd}j\u{fffd}").unwrap_err(),
                "the replacement character U+FFFD at character 2 stands for a character that was \
                 lost when the text was read in a wrong encoding; give the text in UTF-8",
            ),
            (
                check("l’été").unwrap_err(),
                "`’` (U+2019) at character 2 is not in the SMS alphabet (GSM-7); write `'`",
            ),
            (
                check("été\u{a0}!").unwrap_err(),
                "the no-break space U+00A0 at character 4 is not in the SMS alphabet (GSM-7); \
                 write an ordinary space",
            ),
            (
                check("👋").unwrap_err(),
                "`👋` (U+1F44B) at character 1 is not in the SMS alphabet (GSM-7); leave it out",
            ),
            (
                check_unicode("a\u{85}").unwrap_err(),
                "the control character U+0085 at character 2 cannot be sent in an SMS; remove it",
            ),
        ];
        for (bad, expected) in cases {
            assert_eq!(bad.to_string(), expected);
        }
    }

    #[test]
    fn a_message_shows_no_invisible_character() {
        for c in ('\0'..='\u{3000}').chain(('\u{3000}'..=char::MAX).step_by(0x33)) {
            let Err(bad) = check(c.encode_utf8(&mut [0; 4])) else { continue };
            let message = bad.to_string();
            let hidden = |c: char| c.is_control() || crate::sms::text::table::is_invisible(c);
            assert!(!message.contains(hidden), "{message:?}");
            assert!(message.contains(&format!("U+{:04X}", u32::from(bad.character))), "{message}");
        }
    }
}
