//! Where one message of an input ends and the next one begins: with the line, or, in a list or in JSON
//! over several lines, with its bracket. The first line tells which of both an input has.

use super::values::{Start, Values, start};
use super::wrong::{Encoding, Wrong};

/// One message of the input, or the line of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// A line without its end; a message that went over several lines, on one.
    Text(String),
    /// A message longer than allowed; its content was skipped.
    TooLong,
    /// The input cannot be read from here on. The last one.
    Wrong(Wrong),
}

/// A message, and the line that it begins in, counted from 1.
type Found = (u64, Line);

/// Cuts an input into messages.
#[derive(Debug)]
pub struct Framer {
    limit: usize,
    /// The line of the next byte, counted from 1.
    number: u64,
    form: Form,
    /// Whether messages are lines.
    by_line: bool,
    /// The line under way. One that has begun may be empty so far.
    line: Vec<u8>,
    begun: bool,
    too_long: bool,
    /// Bytes that were taken for a line, and are JSON over several.
    held: Vec<u8>,
    /// What comes next, whatever is read.
    pending: Option<Found>,
    /// A line that may have begun a message over several lines.
    open_line: Option<(u64, Vec<u8>)>,
    broken_off: bool,
}

#[derive(Debug)]
enum Form {
    /// Nothing was read but blanks, and so many bytes of a byte order mark.
    Unknown(usize),
    /// The first line that is not blank.
    First,
    /// This line, at that number, goes on in the next one, or is broken.
    Perhaps(u64, Vec<u8>),
    Lines,
    Values(Values),
    Over,
}

const MARK: &[u8] = b"\xef\xbb\xbf";

impl Framer {
    /// Messages of at most `limit` bytes.
    pub const fn new(limit: usize) -> Self {
        Self {
            limit,
            number: 1,
            form: Form::Unknown(0),
            by_line: true,
            line: Vec::new(),
            begun: false,
            too_long: false,
            held: Vec::new(),
            pending: None,
            open_line: None,
            broken_off: false,
        }
    }

    /// Whether the line that was read last has no end: perhaps a copy broke off there.
    pub const fn is_broken_off(&self) -> bool {
        self.broken_off
    }

    /// Whether messages are lines.
    pub const fn is_by_line(&self) -> bool {
        self.by_line
    }

    /// What is wrong further on, as far as the input is there already: then nothing before it is to be
    /// sent either.
    pub fn look_ahead(&mut self, beginning: &[u8]) {
        let mut trial = Self::new(self.limit);
        let mut rest = beginning;
        let found = loop {
            let (taken, found) = match trial.held() {
                None if rest.is_empty() => return,
                None => trial.take(rest),
                held => (0, held),
            };
            rest = &rest[taken..];
            if let Some((number, Line::Wrong(wrong))) = found {
                break (number, Line::Wrong(wrong.in_encoding_of(beginning)));
            }
        };
        self.foresee(found);
    }

    /// This is wrong further on.
    pub fn foresee(&mut self, wrong: Found) {
        self.pending = Some(wrong);
    }

    /// Takes bytes up to the end of a message, and says how many. What is [`held`](Self::held) comes
    /// before.
    pub fn take(&mut self, bytes: &[u8]) -> (usize, Option<Found>) {
        match &mut self.form {
            Form::Over => (bytes.len(), None),
            Form::Unknown(_) => (self.skip_blanks(bytes), None),
            Form::Values(values) => {
                let (taken, found) = values.take(bytes, self.limit, &mut self.number);
                (taken, self.checked(found))
            }
            Form::First | Form::Perhaps(..) | Form::Lines => self.take_line(bytes),
        }
    }

    /// What comes of what was read already.
    pub fn held(&mut self) -> Option<Found> {
        if let Some(pending) = self.pending.take() {
            return self.checked(Some(pending));
        }
        while !self.held.is_empty() {
            let held = std::mem::take(&mut self.held);
            let (taken, found) = self.take(&held);
            self.held.extend_from_slice(&held[taken..]);
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// The input is at its end. To be called until it gives nothing.
    pub fn end(&mut self) -> Option<Found> {
        if let Some(found) = self.held() {
            return Some(found);
        }
        if self.begun {
            self.broken_off = true;
            return self.take_line(b"\n").1.or_else(|| self.end());
        }
        let found = match &mut self.form {
            Form::Values(values) => {
                // A value without brackets ends here.
                let found = values.take(b"\n", self.limit, &mut self.number).1;
                found.or_else(|| Some((values.unfinished()?, Line::Wrong(Wrong::Unfinished))))
            }
            Form::Perhaps(number, line) => {
                self.broken_off = true;
                let found = (*number, text(std::mem::take(line)));
                self.form = Form::Over;
                Some(found)
            }
            _ => None,
        };
        self.checked(found)
    }

    /// Nothing is read after what is wrong.
    fn checked(&mut self, found: Option<Found>) -> Option<Found> {
        if matches!(found, Some((_, Line::Wrong(_)))) {
            self.form = Form::Over;
            self.held = Vec::new();
        }
        found
    }

    /// Skips blanks, empty lines and a byte order mark.
    fn skip_blanks(&mut self, bytes: &[u8]) -> usize {
        let Form::Unknown(marked) = &mut self.form else { return 0 };
        for (place, byte) in bytes.iter().enumerate() {
            match byte {
                b'\n' => self.number += 1,
                b' ' | b'\t' | b'\r' => {}
                _ if MARK.get(*marked) == Some(byte) => *marked += 1,
                _ => {
                    self.form = if *byte == b'[' { self.values() } else { Form::First };
                    return place;
                }
            }
        }
        bytes.len()
    }

    fn values(&mut self) -> Form {
        self.by_line = false;
        Form::Values(Values::default())
    }

    fn take_line(&mut self, bytes: &[u8]) -> (usize, Option<Found>) {
        let end = bytes.iter().position(|it| *it == b'\n');
        let piece = &bytes[..end.unwrap_or(bytes.len())];
        self.begun = true;
        if self.too_long || self.line.len() + piece.len() > self.limit {
            self.too_long = true;
            self.line = Vec::new();
        } else {
            self.line.extend_from_slice(piece);
        }
        let Some(end) = end else { return (bytes.len(), None) };
        self.begun = false;
        let number = self.number;
        self.number += 1;
        let line = std::mem::take(&mut self.line);
        let line = (!std::mem::take(&mut self.too_long)).then_some(line);
        let found = match std::mem::replace(&mut self.form, Form::Lines) {
            Form::First => self.first_line(number, line),
            Form::Perhaps(before, first) => self.second_line(before, first, number, line),
            _ => self.next_line(number, line),
        };
        (end + 1, self.checked(found))
    }

    /// Finds out whether the input has lines, or JSON over several lines, or no messages at all.
    fn first_line(&mut self, number: u64, line: Option<Vec<u8>>) -> Option<Found> {
        let Some(line) = line else { return self.next_line(number, None) };
        if Encoding::wide(&line).is_some() {
            return Some((number, text(line)));
        }
        if !line.starts_with(b"{") {
            return match Wrong::table(&line) {
                Some(table) => Some((number, Line::Wrong(table))),
                None => self.next_line(number, Some(line)),
            };
        }
        match start(&line) {
            Start::More => self.reread(number, line),
            Start::Unfinished => {
                self.form = Form::Perhaps(number, line);
                None
            }
            Start::Whole | Start::Broken => self.next_line(number, Some(line)),
        }
    }

    /// What began goes on in this line, or it is broken and this is the next one.
    fn second_line(
        &mut self,
        before: u64,
        mut first: Vec<u8>,
        number: u64,
        line: Option<Vec<u8>>,
    ) -> Option<Found> {
        if let Some(line) = &line {
            let length = first.len();
            first.push(b'\n');
            first.extend_from_slice(line);
            if line.trim_ascii().is_empty() {
                self.form = Form::Perhaps(before, first);
                return None;
            }
            if start(&first) != Start::Broken {
                return self.reread(before, first);
            }
            first.truncate(length);
        }
        self.pending = self.next_line(number, line);
        Some((before, text(first)))
    }

    /// These lines are JSON over several of them.
    fn reread(&mut self, number: u64, mut lines: Vec<u8>) -> Option<Found> {
        lines.push(b'\n');
        (self.number, self.held) = (number, lines);
        self.form = self.values();
        None
    }

    fn next_line(&mut self, number: u64, line: Option<Vec<u8>>) -> Option<Found> {
        let open = self.open_line.take();
        let Some(line) = line else { return Some((number, Line::TooLong)) };
        if let Some((before, mut lines)) = open {
            lines.push(b'\n');
            lines.extend_from_slice(&line);
            if start(&lines) != Start::Broken {
                return Some((before, Line::Wrong(Wrong::Mixed)));
            }
        }
        if line.first() == Some(&b'{') && line.trim_ascii_end().last() != Some(&b'}') {
            self.open_line = Some((number, line.clone()));
        }
        match text(line) {
            Line::Text(text) if text.trim().is_empty() => None,
            line => Some((number, line)),
        }
    }
}

fn text(line: Vec<u8>) -> Line {
    if let Some(encoding) = Encoding::wide(&line) {
        return Line::Wrong(Wrong::wide(&line, encoding));
    }
    String::from_utf8(line).map_or(Line::Wrong(Wrong::Encoding(Encoding::Windows1252)), Line::Text)
}
