//! The way through a text, piece by piece.

use super::fold::{Fold, fold};
use crate::sms::text::gsm;
use crate::sms::text::table::{self, Manner};
use crate::sms::text::tally::Tally;

/// A text on its way into the GSM alphabet.
pub(super) struct Walk<'a> {
    /// The text without the blanks and line ends at its end.
    text: &'a str,
    /// All of it.
    whole: &'a str,
    /// Everything before this byte is done.
    at: usize,
    /// So many bytes before that are in `out` as they were.
    copied: usize,
    /// The text as repaired so far.
    out: String,
    tally: Tally<'a>,
}

/// A part of the text, in bytes, that needs repair.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Piece {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// One character, with its marks.
    Character,
    /// Characters that can be left out.
    LeftOut,
    /// CR LF, or CR alone, which are one line end.
    LineEnd,
}

impl<'a> Walk<'a> {
    /// Begins with the bytes before `start` done: they are GSM.
    pub(super) fn new(whole: &'a str, start: usize) -> Self {
        let text = table::without_end(whole);
        let start = start.min(text.len());
        let mut out = String::with_capacity(text.len());
        out.push_str(&text[..start]);
        Self { text, whole, at: start, copied: start, out, tally: Tally::default() }
    }

    /// The repaired text, and all that was done to it.
    pub(super) fn finish(mut self) -> (String, Tally<'a>) {
        self.tally.drop_end(self.whole, self.text.len(), &mut self.out);
        (self.out, self.tally)
    }

    /// Copies what is GSM, up to the next piece that is not.
    pub(super) fn next_piece(&mut self) -> Option<Piece> {
        self.copy();
        let c = self.next()?;
        if c == '\r' {
            let length = if self.text[self.at..].starts_with("\r\n") { 2 } else { 1 };
            return Some(Piece { start: self.at, end: self.at + length, kind: Kind::LineEnd });
        }
        let base = if table::is_mark(c) { self.base() } else { None };
        let start = self.at - base.map_or(0, char::len_utf8);
        if base.is_none() && table::is_left_out(c) {
            let end = self.skip(start, table::is_left_out);
            return Some(Piece { start, end, kind: Kind::LeftOut });
        }
        let end = self.skip(self.at + c.len_utf8(), table::is_mark);
        let end = self.skip(end, table::is_variation_selector);
        Some(Piece { start, end, kind: Kind::Character })
    }

    /// Writes what stands for a piece; `false`, and nothing done, if nothing does.
    pub(super) fn replace(&mut self, piece: Piece) -> bool {
        if piece.kind == Kind::LeftOut {
            self.leave_out(piece);
            return true;
        }
        let from = &self.text[piece.start..piece.end];
        if piece.kind == Kind::LineEnd {
            self.out.push('\n');
            self.go_to(piece.end);
            self.tally.add(from, Some("\n"));
            return true;
        }
        let Some(Fold { to, manner }) = fold(from) else { return false };
        // A letter of the alphabet was copied before the mark on it was seen.
        self.out.truncate(self.out.len() - (self.at - piece.start));
        let before = self.out.len();
        self.write(&to, manner, piece);
        self.go_to(piece.end);
        self.tally.add(from, Some(&self.out[before..]));
        true
    }

    /// Notes that a piece is refused, and goes on as if it were not.
    pub(super) fn keep(&mut self, piece: Piece) {
        self.tally.add(&self.text[piece.start..piece.end], None);
        self.out.push_str(&self.text[self.at..piece.end]);
        self.go_to(piece.end);
    }

    /// Copies the characters of the alphabet that come next.
    fn copy(&mut self) {
        let rest = &self.text[self.at..];
        let length = gsm::prefix(rest);
        self.out.push_str(&rest[..length]);
        self.at += length;
        self.copied += length;
    }

    /// Marks as done what is before a byte, and not simply copied.
    fn go_to(&mut self, at: usize) {
        self.at = at;
        self.copied = 0;
    }

    /// The character of the alphabet on which a mark stands that comes next.
    fn base(&self) -> Option<char> {
        self.text[self.at - self.copied..self.at].chars().next_back()
    }

    fn next(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    /// The end of the characters of a kind that begin at `from`.
    fn skip(&self, from: usize, kind: impl Fn(char) -> bool) -> usize {
        let rest = &self.text[from..];
        from + (rest.len() - rest.trim_start_matches(kind).len())
    }

    /// Writes a replacement in a way that gets on with its neighbours.
    fn write(&mut self, to: &str, manner: Manner, piece: Piece) {
        if manner == Manner::Plain {
            self.out.push_str(to);
            return;
        }
        let before = self.out.chars().next_back();
        let after = self.text[piece.end..].chars().find(|c| !table::is_invisible(*c));
        let last = self.text[..piece.start].chars().next_back();
        let [lead, to, trail] = neighbourly(to, manner, before, after, last);
        for text in [lead, to, trail] {
            self.out.push_str(text);
        }
    }

    /// Leaves out a run of characters.
    fn leave_out(&mut self, piece: Piece) {
        let run = &self.text[piece.start..piece.end];
        self.go_to(piece.end);
        let visible = run.contains(table::is_ornament);
        if visible && self.would_join_words() {
            self.out.push(' ');
            self.tally.add(run, Some(" "));
        } else {
            self.tally.add(run, Some(""));
            self.close_gap(visible);
        }
    }

    /// Whether words or numbers would run into each other here: `10👉20` is not `1020`.
    fn would_join_words(&self) -> bool {
        let ends = |c: char| c.is_alphanumeric() || matches!(c, '.' | '!' | '?' | ',');
        self.out.ends_with(ends) && self.next().is_some_and(char::is_alphanumeric)
    }

    /// Drops the blanks around what was left out that would now be double, or lead or trail.
    fn close_gap(&mut self, visible: bool) {
        if self.out.is_empty() || self.out.ends_with([' ', '\n', '\u{c}', '(']) {
            self.drop_next_blanks();
        }
        let ends = match self.next() {
            None | Some('\n' | '\r' | '\u{c}' | '\u{2028}' | '\u{2029}') => true,
            // `Merci 👋.` is `Merci.`
            Some('.' | ',' | ')') => visible,
            Some(_) => false,
        };
        if ends {
            self.out.truncate(self.out.trim_end_matches(' ').len());
        }
    }

    fn drop_next_blanks(&mut self) {
        while let Some(c) = self.next().filter(|c| *c == ' ' || table::is_blank(*c)) {
            let end = self.at + c.len_utf8();
            if c != ' ' {
                self.tally.add(&self.text[self.at..end], Some(""));
            }
            self.go_to(end);
        }
    }
}

/// A replacement with what must stand before and after it, given the character `before` it in the
/// repaired text, the one `after` it in the original, and the `last` one of the original.
fn neighbourly(
    to: &str,
    manner: Manner,
    before: Option<char>,
    after: Option<char>,
    last: Option<char>,
) -> [&str; 3] {
    let gap = |needed: bool| if needed { " " } else { "" };
    let digit = |c: Option<char>| c.is_some_and(char::is_numeric);
    let word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    match manner {
        Manner::Plain => ["", to, ""],
        Manner::Degree if matches!(before, Some('n' | 'N')) => ["", "o", gap(digit(after))],
        // `º` is an ordinal (`1º`), unless someone took it for a degree.
        Manner::Degree if to == "o" && !matches!(after, Some('C' | 'F')) => ["", to, ""],
        Manner::Degree => [gap(word(before)), "deg", gap(word(after))],
        Manner::Unit => [gap(word(before)), to, gap(word(after))],
        Manner::Number => [gap(digit(before)), to, gap(digit(after))],
        Manner::Power => {
            let raised = last.is_some_and(table::is_power);
            let amount = digit(before) || matches!(before, Some('€' | '$' | '£' | '%'));
            let lead = if amount && !raised { "^" } else { "" };
            [lead, to, gap(digit(after) && !after.is_some_and(table::is_power))]
        }
    }
}
