//! UTF-8 that was read as Windows-1252 or Latin-1, once or several times: `arrivÃ©` for `arrivé`.
//!
//! Each character of UTF-8 beyond ASCII becomes two to four others, the first of which is one of
//! `Â` to `ô`. True texts have these letters too, and now and then a sign behind one that would
//! make it a sequence: `AMANHÃ”`, `voilà »`. So a sequence counts only where no text of Europe
//! would have it: by what it stands for, and by what is before and after it.

use std::str;

/// Rounds of wrong reading that are undone.
const ROUNDS: usize = 4;

/// What was meant, if the text was decoded wrongly.
pub(super) fn meant(text: &str) -> Option<String> {
    if !is_garbled(text) {
        return None;
    }
    let mut meant = undone(text);
    for _ in 1..ROUNDS {
        if !is_garbled(&meant) {
            break;
        }
        meant = undone(&meant);
    }
    Some(meant)
}

fn is_garbled(text: &str) -> bool {
    if text.is_ascii() {
        return false;
    }
    // Letters from `Â` to `ô` are C3 82 to C3 B4, and the next character is no ASCII.
    let bytes = text.as_bytes();
    let suspects = bytes.windows(3).enumerate().filter(|(_, window)| {
        window[0] == 0xc3 && (0x82..=0xb4).contains(&window[1]) && !window[2].is_ascii()
    });
    suspects.filter_map(|(at, _)| Sequence::at(text, at)).any(|it| it.tells())
}

/// The text with all sequences read as UTF-8.
fn undone(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let (written, length) = if let Some(found) = Sequence::at(text, at) {
            (found.stands_for, found.shown.len())
        } else if rest.starts_with("Ã  ") {
            // The second byte of `à` was a no-break space, and has become a plain one.
            ('à', "Ã ".len())
        } else if rest.starts_with("Ã ") {
            ('à', "Ã".len())
        } else if rest.starts_with("â€") {
            // The third byte of `”` means nothing in Windows-1252, and was dropped.
            ('”', "â€".len())
        } else {
            (c, c.len_utf8())
        };
        out.push(written);
        at += length;
    }
    out
}

/// Characters of a text that, taken for bytes, are one character of UTF-8.
struct Sequence<'a> {
    before: &'a str,
    shown: &'a str,
    after: &'a str,
    stands_for: char,
}

impl<'a> Sequence<'a> {
    fn at(text: &'a str, at: usize) -> Option<Self> {
        let (before, rest) = (&text[..at], &text[at..]);
        let mut bytes = [0; 4];
        let (mut count, mut end, mut needed) = (0, 0, 1);
        for c in rest.chars() {
            bytes[count] = byte(c)?;
            if count == 0 {
                needed = match bytes[0] {
                    0xc2..=0xdf => 2,
                    0xe0..=0xef => 3,
                    0xf0..=0xf4 => 4,
                    _ => return None,
                };
            }
            (count, end) = (count + 1, end + c.len_utf8());
            if count == needed {
                let stands_for = str::from_utf8(&bytes[..count]).ok()?.chars().next()?;
                return Some(Self { before, shown: &rest[..end], after: &rest[end..], stands_for });
            }
        }
        None
    }

    /// Whether no text would have these characters here.
    fn tells(&self) -> bool {
        match self.stands_for {
            // Control characters: nobody meant these.
            '\u{80}'..='\u{9f}' => false,
            // Letters and signs of Western and Central Europe.
            '\u{a0}'..='\u{17f}' => !follows_words(self.last()) || self.stands_inside(),
            // Vietnamese: `á»‡`, but not `está»…`.
            '\u{1e00}'..='\u{1eff}' => !follows_words(self.last()) || self.is_followed_by_another(),
            // Blanks, quotes, dashes, `€`, `™`, arrows, signs; the byte order mark. Nobody writes so,
            // unless all are letters (`âœœ`).
            '\u{2000}'..='\u{205e}'
            | '\u{20a0}'..='\u{20cf}'
            | '\u{2100}'..='\u{214f}'
            | '\u{2190}'..='\u{22ff}'
            | '\u{2600}'..='\u{27bf}'
            | '\u{2b00}'..='\u{2bff}'
            | '\u{fe0f}'
            | '\u{feff}'
            | '\u{1f000}'..='\u{1faff}' => !self.shown.chars().all(char::is_alphabetic),
            // Other scripts come in words.
            _ => self.is_followed_by_another(),
        }
    }

    fn last(&self) -> char {
        self.shown.chars().next_back().unwrap_or_default()
    }

    /// Whether a letter of another script follows as well.
    fn is_followed_by_another(&self) -> bool {
        Self::at(self.after, 0).is_some_and(|next| {
            next.stands_for.is_alphabetic()
                && next.stands_for > '\u{17f}'
                && next.shown.chars().count() == self.shown.chars().count()
        })
    }

    /// Whether the characters around it are those within a word or a sentence, where neither the
    /// end of a word in capitals nor a quote can stand.
    fn stands_inside(&self) -> bool {
        let before = self.before.chars().next_back();
        let after = self.after.chars().next();
        let is = |c: Option<char>, kind: fn(char) -> bool| c.is_some_and(kind);
        let begins = before.is_none_or(|c| c.is_ascii() && !c.is_alphanumeric());
        let lead = self.shown.chars().next();
        match self.last() {
            _ if is(before, char::is_lowercase) => true,
            _ if begins && is(after, char::is_lowercase) => true,
            '\u{a0}' if lead == Some('Â') => {
                is(before, |c| c.is_ascii_digit()) || (begins && is(after, char::is_alphanumeric))
            }
            '\u{a0}' => begins && after.is_none_or(|c| c.is_ascii()),
            '“' | '”' => is(after, char::is_alphabetic),
            '’' if lead == Some('Å') => {
                is(before, char::is_uppercase) && is(after, char::is_uppercase)
            }
            _ => false,
        }
    }
}

/// Signs that stand behind a word, also behind one that ends in `Ã`.
fn follows_words(c: char) -> bool {
    matches!(
        c,
        '\u{a0}'
            | '’'
            | '‘'
            | '“'
            | '”'
            | '„'
            | '‚'
            | '‹'
            | '›'
            | '»'
            | '…'
            | '–'
            | '—'
            | '•'
            | '·'
            | '™'
            | '®'
            | '°'
    )
}

/// Windows-1252 from 0x80 on; what it leaves open is blank here, and read as in Latin-1.
const WINDOWS: &str = "€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ";

/// The byte that is read as this character: in Windows-1252, else in Latin-1.
fn byte(c: char) -> Option<u8> {
    if let Ok(byte) = u8::try_from(c) {
        return Some(byte);
    }
    let place = WINDOWS.chars().position(|it| it == c)?;
    u8::try_from(0x80 + place).ok()
}

#[cfg(test)]
mod tests;
