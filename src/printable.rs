//! Words of others on a terminal and in a log: nothing that a terminal obeys, and no line that is not
//! ours.

use std::borrow::Cow;
use std::io::{self, Write};

/// Tells the characters that a terminal, or a reader, obeys instead of showing them: control characters,
/// ends of lines, and marks that change the direction of what follows.
pub fn is_obeyed(it: char) -> bool {
    it.is_control()
        || matches!(
            it,
            '\u{61c}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'
                | '\u{2029}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}'
        )
}

/// A text on one line, with a blank for each character that is obeyed.
pub fn one_line(text: &str) -> Cow<'_, str> {
    spaced(text, is_obeyed)
}

/// The beginning of such a line, without blanks around it.
pub fn beginning(text: &str, most: usize) -> String {
    one_line(text).trim().chars().take(most).collect()
}

/// A text that keeps its lines, with a blank for each other character that is obeyed.
pub fn lines(text: &str) -> Cow<'_, str> {
    spaced(text, |it| is_obeyed(it) && !matches!(it, '\n' | '\t'))
}

/// Most texts are plain ASCII, and need no second look.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|it| matches!(it, b' '..=b'~'))
}

fn spaced(text: &str, obeyed: impl Fn(char) -> bool) -> Cow<'_, str> {
    if is_plain(text) || !text.chars().any(&obeyed) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|it| if obeyed(it) { ' ' } else { it }).collect())
}

/// JSON in which each character that is obeyed is escaped; it says the same. JSON's own escapes are
/// enough for the others, so these can only stand in its texts.
pub fn json(line: &str) -> Cow<'_, str> {
    let obeyed = |it: char| it != '\n' && is_obeyed(it);
    if is_plain(line.trim_end_matches('\n')) || !line.chars().any(obeyed) {
        return Cow::Borrowed(line);
    }
    let mut escaped = String::with_capacity(line.len() + 16);
    for character in line.chars() {
        if obeyed(character) {
            escaped += &format!("\\u{:04x}", u32::from(character));
        } else {
            escaped.push(character);
        }
    }
    Cow::Owned(escaped)
}

/// How what is written is made fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A line of text at a time.
    Text,
    /// A line of JSON at a time.
    Json,
}

/// Writes lines, each of them whole, without what is obeyed.
#[derive(Debug)]
pub struct Lines<W> {
    form: Form,
    to: W,
}

impl<W> Lines<W> {
    /// Writes to this.
    pub const fn new(form: Form, to: W) -> Self {
        Self { form, to }
    }
}

impl<W: Write> Write for Lines<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let (line, end) = match text.strip_suffix('\n') {
            Some(line) => (line, "\n"),
            None => (&*text, ""),
        };
        let shown = match self.form {
            Form::Text => one_line(line),
            Form::Json => json(line),
        };
        self.to.write_all(format!("{shown}{end}").as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of each kind that is obeyed, and what is not.
    const OBEYED: [char; 14] = [
        '\0', '\u{7}', '\u{8}', '\r', '\n', '\u{1b}', '\u{7f}', '\u{85}', '\u{9b}', '\u{61c}',
        '\u{200f}', '\u{2028}', '\u{202e}', '\u{2066}',
    ];

    #[test]
    fn what_a_terminal_obeys_is_a_blank() {
        for obeyed in OBEYED {
            let text = format!("é{obeyed}[31mx");
            assert_eq!(one_line(&text), "é [31mx", "{obeyed:?}");
            let json_text = format!("{{\"a\":\"é{obeyed}\"}}");
            let escaped = json(&json_text);
            if obeyed != '\n' {
                assert!(!escaped.chars().any(is_obeyed), "{escaped}");
                let read: serde_json::Value = serde_json::from_str(&escaped).unwrap();
                assert_eq!(read["a"], format!("é{obeyed}"));
            }
        }
        for plain in ["", "é ’ 🎉", "a\u{a0}b", "\u{200d}"] {
            assert!(
                matches!(one_line(plain), Cow::Borrowed(_))
                    && matches!(json(plain), Cow::Borrowed(_))
            );
        }
        assert_eq!(lines("a\n\tb\rc\u{1b}"), "a\n\tb c ");
    }

    #[test]
    fn no_line_is_forged() {
        let mut written = Vec::new();
        for (form, line) in
            [(Form::Text, "a\nERROR b\u{9b}\n"), (Form::Json, "{\"a\":\"\u{9b}\"}\n")]
        {
            Lines::new(form, &mut written).write_all(line.as_bytes()).unwrap();
        }
        assert_eq!(String::from_utf8(written).unwrap(), "a ERROR b \n{\"a\":\"\\u009b\"}\n");
    }
}
