//! JSON over several lines, cut into messages: lists and objects, one after the other.

use serde::de::IgnoredAny;

use super::frame::Line;
use super::wrong::{Encoding, Wrong};

/// What a text begins with.
#[derive(Debug, PartialEq, Eq)]
pub enum Start {
    /// One JSON value, and nothing else.
    Whole,
    /// One JSON value, and a comma or another one.
    More,
    /// One that goes on in the next line.
    Unfinished,
    /// No JSON.
    Broken,
}

/// What a line begins with, or several.
pub fn start(text: &[u8]) -> Start {
    let mut values = serde_json::Deserializer::from_slice(text).into_iter::<IgnoredAny>();
    let first = values.next();
    let rest = text.get(values.byte_offset()..).unwrap_or_default();
    match (first, rest.trim_ascii_start().first()) {
        (Some(Ok(_)), None) => Start::Whole,
        (Some(Ok(_)), Some(b',' | b'{' | b'[')) => Start::More,
        (Some(Err(error)), _) if error.is_eof() => Start::Unfinished,
        _ => Start::Broken,
    }
}

/// Cuts, byte by byte. Between two values it knows no more than where it is.
#[derive(Debug, Default)]
pub struct Values {
    /// The line where the list began, in a list.
    list: Option<u64>,
    /// Whether a comma has to come before the next value.
    comma_due: bool,
    value: Option<Value>,
    /// The byte of its line that was taken last, counted from 1.
    column: usize,
}

/// A value under way.
#[derive(Debug, Default)]
struct Value {
    /// The line that it began in.
    line: u64,
    bytes: Vec<u8>,
    too_long: bool,
    depth: u32,
    in_text: bool,
    escaped: bool,
    /// Whether it is neither a text nor in brackets: it ends before something else.
    bare: bool,
}

/// How a value ends at a byte.
enum End {
    Not,
    With,
    Before,
}

impl Values {
    /// Takes bytes up to the end of a value. `number` is the line of the first byte, and then that of
    /// the next one. Says how many were taken.
    pub fn take(
        &mut self,
        bytes: &[u8],
        limit: usize,
        number: &mut u64,
    ) -> (usize, Option<(u64, Line)>) {
        for (place, &byte) in bytes.iter().enumerate() {
            self.column += 1;
            if let Some(value) = &mut self.value {
                match value.end(byte) {
                    End::Not => value.push(byte, limit),
                    End::With => {
                        value.push(byte, limit);
                        return (place + 1, self.finish());
                    }
                    End::Before => {
                        self.column -= 1;
                        return (place, self.finish());
                    }
                }
            } else if let Err(wrong) = self.between(byte, limit, *number) {
                return (place, Some((*number, Line::Wrong(wrong))));
            }
            if byte == b'\n' {
                (*number, self.column) = (*number + 1, 0);
            }
        }
        (bytes.len(), None)
    }

    /// A byte between two values.
    fn between(&mut self, byte: u8, limit: usize, line: u64) -> Result<(), Wrong> {
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => {}
            b',' if self.comma_due => self.comma_due = false,
            b'[' if self.list.is_none() => (self.list, self.comma_due) = (Some(line), false),
            b']' if self.list.is_some() => (self.list, self.comma_due) = (None, true),
            0 => return Err(Wrong::Encoding(Encoding::Utf16Little)),
            b'{' | b'[' | b'"' | b'-' | b'0'..=b'9' | b'a'..=b'z'
                if self.list.is_none() || !self.comma_due =>
            {
                let mut value = Value { line, ..Value::default() };
                value.begin(byte);
                value.push(byte, limit);
                (self.value, self.comma_due) = (Some(value), true);
            }
            _ => return Err(Wrong::Syntax { line, column: self.column }),
        }
        Ok(())
    }

    fn finish(&mut self) -> Option<(u64, Line)> {
        let value = self.value.take()?;
        Some((value.line, value.line()))
    }

    /// Where what is under way began, if the input ended here.
    pub fn unfinished(&self) -> Option<u64> {
        self.value.as_ref().map(|it| it.line).or(self.list)
    }
}

impl Value {
    fn begin(&mut self, byte: u8) {
        match byte {
            b'{' | b'[' => self.depth = 1,
            b'"' => self.in_text = true,
            _ => self.bare = true,
        }
    }

    fn push(&mut self, byte: u8, limit: usize) {
        if self.too_long || self.bytes.len() >= limit {
            (self.too_long, self.bytes) = (true, Vec::new());
        } else {
            self.bytes.push(byte);
        }
    }

    /// Whether the value ends at this byte, which is not the first.
    fn end(&mut self, byte: u8) -> End {
        if self.in_text {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => {
                    self.in_text = false;
                    return if self.depth == 0 { End::With } else { End::Not };
                }
                _ => {}
            }
            return End::Not;
        }
        if self.bare {
            let ends = byte.is_ascii_whitespace() || b",[]{}\"".contains(&byte);
            return if ends { End::Before } else { End::Not };
        }
        match byte {
            b'"' => self.in_text = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => {
                self.depth -= 1;
                if self.depth == 0 {
                    return End::With;
                }
            }
            _ => {}
        }
        End::Not
    }

    /// The message, on one line. Where it is no JSON, its end was guessed: nothing after it is read.
    fn line(self) -> Line {
        if self.too_long {
            return Line::TooLong;
        }
        if let Err(error) = serde_json::from_slice::<IgnoredAny>(&self.bytes) {
            if str::from_utf8(&self.bytes).is_err() {
                return Line::Wrong(Wrong::Encoding(Encoding::Windows1252));
            }
            let line = self.line + (error.line() as u64).saturating_sub(1);
            return Line::Wrong(Wrong::Syntax { line, column: error.column() });
        }
        // In JSON, a line ends outside of texts only.
        let one = self.bytes.into_iter().filter(|it| *it != b'\r');
        let one = one.map(|it| if it == b'\n' { b' ' } else { it }).collect();
        String::from_utf8(one)
            .map_or(Line::Wrong(Wrong::Encoding(Encoding::Windows1252)), Line::Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_text_begins_with_is_told_by_its_first_value() {
        for (text, expected) in [
            (r#"{"num":"06 81","sms":"a"}"#, Start::Whole),
            ("{\"a\":1}\r", Start::Whole),
            ("[1,2] ", Start::Whole),
            ("\"text\"", Start::Whole),
            (r#"{"a":1},"#, Start::More),
            (r#"{"a":1} {"a":2}"#, Start::More),
            ("{", Start::Unfinished),
            ("{\"a\":1,", Start::Unfinished),
            ("{\"a\":{", Start::Unfinished),
            ("{\"a\":\"b", Start::Unfinished),
            ("{\"a\":1\n{\"a\":2}", Start::Broken),
            ("{\"a\":\"b\n\"c\"", Start::Broken),
            ("{\"a\":1} and more", Start::Broken),
            ("{'a':1}", Start::Broken),
            ("num;sms", Start::Broken),
        ] {
            assert_eq!(start(text.as_bytes()), expected, "{text}");
        }
    }
}
