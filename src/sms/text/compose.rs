//! A text that goes in its own characters: only what nobody sees is put in order.

use std::borrow::Cow;

use icu_normalizer::ComposingNormalizerBorrowed;
use icu_normalizer::properties::{
    CanonicalCombiningClassMapBorrowed, CanonicalCompositionBorrowed,
};

use super::bad::Policy;
use super::tally::Tally;
use super::{BadCharacter, Repaired, change, gsm, table};

/// Line ends, blanks and accents as a telephone writes them, nothing that cannot be seen, and
/// nothing that the policy does not let through.
pub(super) fn compose(text: &str, policy: Policy) -> Result<Repaired<'_>, BadCharacter> {
    if policy == Policy::Strict && gsm::prefix(text) == text.len() && !table::ends_blank(text) {
        return Ok(Repaired { text: Cow::Borrowed(text), changes: Vec::new() });
    }
    let body = table::without_end(text);
    let mut way = Way {
        text: body,
        at: 0,
        last: None,
        out: String::with_capacity(body.len()),
        tally: Tally::default(),
        policy,
        from_the_right: body.contains(is_written_from_the_right),
    };
    while way.at < body.len() {
        way.step()?;
    }
    let Way { mut out, mut tally, .. } = way;
    tally.drop_end(text, body.len(), &mut out);
    let changes: Vec<_> = tally.into_iter().map(change).collect();
    let text = if changes.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(out) };
    Ok(Repaired { text, changes })
}

struct Way<'a> {
    text: &'a str,
    /// Everything before this byte is done.
    at: usize,
    /// The last character before that that can be seen, with its marks as far as it has become one
    /// with them.
    last: Option<char>,
    out: String,
    tally: Tally<'a>,
    policy: Policy,
    /// Whether the text has letters that are written from the right.
    from_the_right: bool,
}

impl<'a> Way<'a> {
    /// Deals with the next character, and what belongs to it.
    fn step(&mut self) -> Result<(), BadCharacter> {
        let rest = &self.text[self.at..];
        let Some(c) = rest.chars().next() else { return Ok(()) };
        match c {
            '\r' if rest.starts_with("\r\n") => self.replace(2, "\n"),
            '\r' => self.replace(1, "\n"),
            '\t' => self.replace(1, " "),
            _ if self.is_idle(self.at, c) => {
                let length = self.idle(self.at);
                self.replace(length, "");
                return Ok(());
            }
            _ => return self.letter(c),
        }
        self.last = Some(' ');
        Ok(())
    }

    /// A character with its marks, as one if there is such a one.
    fn letter(&mut self, c: char) -> Result<(), BadCharacter> {
        let end = self.end_of_letter(c);
        let from = &self.text[self.at..end];
        let plain = from.len() == c.len_utf8() && c < '\u{300}';
        let to = if plain { Cow::Borrowed(from) } else { self.composed(from, c) };
        if let Some(bad) = to.chars().find(|it| !self.policy.takes(*it)) {
            let place = from.find(bad).unwrap_or(0);
            return Err(BadCharacter::of(bad, &self.text[..self.at + place], self.policy));
        }
        if *to == *from {
            self.out.push_str(from);
            self.at = end;
        } else {
            self.replace(from.len(), &to);
        }
        Ok(())
    }

    fn composed(&self, from: &'a str, first: char) -> Cow<'a, str> {
        let normal = ComposingNormalizerBorrowed::new_nfc();
        let marks = &from[first.len_utf8()..];
        if !marks.contains(table::is_invisible) {
            return normal.normalize(from);
        }
        // Between a letter and its mark, whatever cannot be seen keeps them apart.
        let start = self.at + first.len_utf8();
        let kept = marks.char_indices().filter(|(place, c)| !self.is_idle(start + place, *c));
        let joined: String = std::iter::once(first).chain(kept.map(|(_, c)| c)).collect();
        Cow::Owned(normal.normalize(&joined).into_owned())
    }

    /// The end of a character with all that may become one with it.
    fn end_of_letter(&mut self, first: char) -> usize {
        let class = CanonicalCombiningClassMapBorrowed::new();
        let composition = CanonicalCompositionBorrowed::new();
        let is_base = class.get_u8(first) == 0 && !table::is_invisible(first);
        if is_base {
            self.last = Some(first);
        }
        let (mut base, mut end) = (first, self.at + first.len_utf8());
        loop {
            // A mark may follow, with something between that cannot be seen.
            let next = end + self.idle(end);
            let Some(c) = self.text[next..].chars().next().filter(|c| !c.is_ascii()) else {
                return end;
            };
            if let Some(both) = composition.compose(base, c) {
                base = both;
                self.last = if is_base { Some(both) } else { self.last };
            } else if class.get_u8(c) == 0 {
                return end;
            }
            end = next + c.len_utf8();
        }
    }

    /// Bytes of the run of idle characters that begins there, behind the last visible one.
    fn idle(&self, at: usize) -> usize {
        let rest = self.text[at..].char_indices();
        let idle = rest.take_while(|(place, c)| self.is_idle(at + place, *c));
        idle.map(|(_, c)| c.len_utf8()).sum()
    }

    /// Whether a character shows nothing, and does nothing to its neighbours either.
    fn is_idle(&self, at: usize, c: char) -> bool {
        table::is_invisible(c) && (self.policy == Policy::Strict || !self.is_at_work(at, c))
    }

    /// Whether a character that shows nothing changes how its neighbours look: it joins or parts
    /// letters of other scripts, makes one picture of several, or turns the direction.
    fn is_at_work(&self, at: usize, c: char) -> bool {
        let turns = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if turns {
            return self.from_the_right;
        }
        let joins = matches!(c, '\u{34f}' | '\u{180b}'..='\u{180f}' | '\u{200c}' | '\u{200d}')
            || matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0020}'..='\u{e007f}' | '\u{e0100}'..='\u{e01ef}');
        let keycap = self.text[at + c.len_utf8()..].starts_with('\u{20e3}');
        joins && (keycap || self.last.is_some_and(|it| !is_plain(it)))
    }

    /// Goes past so many bytes, for which this is written.
    fn replace(&mut self, length: usize, to: &str) {
        let from = &self.text[self.at..self.at + length];
        self.out.push_str(to);
        self.at += length;
        self.tally.add(from, Some(to));
    }
}

/// Latin letters, digits, blanks: nothing can be joined to these.
fn is_plain(c: char) -> bool {
    c.is_ascii()
        || matches!(c, '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}')
        || table::is_blank(c)
}

fn is_written_from_the_right(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}')
}

#[cfg(test)]
mod tests;
