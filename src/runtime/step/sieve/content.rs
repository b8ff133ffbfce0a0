//! The properties of one message as bytes, read without recursion.

/// Most levels of lists and tables within each other. The broker's own (`x-death`) has three.
pub const MOST_LEVELS: usize = 32;

/// Most values of all headers together. One takes a byte on the wire and up to 50 in memory.
pub const MOST_VALUES: usize = 10_000;

/// The header of a message that has lost some of its properties. It tells why.
pub const MARK: &str = "x-isendpro-cut";

/// The bit of the headers among the properties.
const HEADERS: u16 = 1 << 13;

/// What is wrong with properties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// More than [`MOST_LEVELS`].
    Levels,
    /// More than [`MOST_VALUES`].
    Values,
    /// More bytes than any broker lets through unless it is told to.
    Size,
    /// A name or a property that is no UTF-8, or what AMQP does not know.
    Illegible,
}

impl Flaw {
    const ALL: [Self; 4] = [Self::Levels, Self::Values, Self::Size, Self::Illegible];

    /// Its name in the [`MARK`].
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Levels => "levels",
            Self::Values => "values",
            Self::Size => "size",
            Self::Illegible => "illegible",
        }
    }

    /// The one that a [`MARK`] tells.
    pub fn named(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str().as_bytes() == name)
    }
}

/// The payload of a content header without what no parser should see, marked as such; none if there is
/// nothing of the kind. `most` is the size up to which the rest of it is kept.
pub fn cut(payload: &[u8], most: usize) -> Option<Vec<u8>> {
    let mut rest = Rest(payload);
    let fixed = rest.take(FIXED)?;
    let flags = u16::from_be_bytes(*rest.take(2)?.first_chunk()?);
    let properties = Properties::read(flags, rest);
    let flaw = properties.flaw?;
    let whole = properties.written(fixed, flaw);
    let bare = || Properties::default().written(fixed, flaw);
    Some(if whole.len() > most { bare() } else { whole })
}

/// The payload of a content header whose properties were too large to be looked at.
pub fn emptied(payload: &[u8]) -> Option<Vec<u8>> {
    let fixed = payload.get(..FIXED)?;
    Some(Properties::default().written(fixed, Flaw::Size))
}

/// Bytes before the flags: class, weight, and the size of the body.
const FIXED: usize = 12;

/// What is kept of the properties.
#[derive(Default)]
struct Properties {
    flags: u16,
    before: Vec<u8>,
    headers: Vec<u8>,
    after: Vec<u8>,
    flaw: Option<Flaw>,
}

#[derive(Clone, Copy)]
enum Form {
    Text,
    Table,
    Bytes(usize),
}

/// The properties, in their order. The first has the highest bit.
const FORMS: [Form; 14] = {
    let mut forms = [Form::Text; 14];
    forms[2] = Form::Table;
    forms[3] = Form::Bytes(1);
    forms[4] = Form::Bytes(1);
    forms[9] = Form::Bytes(8);
    forms
};

impl Properties {
    fn read(flags: u16, mut rest: Rest<'_>) -> Self {
        let mut kept = Self::default();
        let there = (0..16_u16).map(|it| 1 << (15 - it)).zip(FORMS).filter(|it| flags & it.0 != 0);
        for (flag, form) in there {
            if kept.property(flag, form, &mut rest).is_none() {
                kept.flaw = Some(Flaw::Illegible);
                return kept;
            }
        }
        if !rest.0.is_empty() {
            kept.flaw = Some(Flaw::Illegible);
        }
        kept
    }

    /// Reads one property; none if its bytes end too early.
    fn property(&mut self, flag: u16, form: Form, rest: &mut Rest<'_>) -> Option<()> {
        let from = rest.0;
        match form {
            Form::Table => {
                let length = rest.length()?;
                self.headers(Rest(rest.take(length)?));
                self.flags |= flag;
                return Some(());
            }
            Form::Text if !is_text(rest.short()?) => {
                self.flaw = Some(Flaw::Illegible);
                return Some(());
            }
            Form::Text => {}
            Form::Bytes(length) => {
                rest.take(length)?;
            }
        }
        self.flags |= flag;
        let place = if flag > HEADERS { &mut self.before } else { &mut self.after };
        place.extend_from_slice(&from[..from.len() - rest.0.len()]);
        Some(())
    }

    /// Keeps each header that is what it should be.
    fn headers(&mut self, mut rest: Rest<'_>) {
        let mut left = MOST_VALUES;
        while !rest.0.is_empty() {
            let from = rest.0;
            let Some((name, value)) = entry(&mut rest) else {
                self.flaw = Some(Flaw::Illegible);
                return;
            };
            let legible =
                if is_text(name) { check(value, &mut left) } else { Err(Flaw::Illegible) };
            match legible {
                Ok(()) => self.headers.extend_from_slice(&from[..from.len() - rest.0.len()]),
                Err(flaw) => self.flaw = Some(flaw),
            }
        }
    }

    /// As a payload again, with the mark.
    fn written(&self, fixed: &[u8], flaw: Flaw) -> Vec<u8> {
        let mut mark = Vec::with_capacity(64);
        mark.push(u8::try_from(MARK.len()).unwrap_or(u8::MAX));
        mark.extend_from_slice(MARK.as_bytes());
        mark.push(b'S');
        mark.extend_from_slice(&four(flaw.as_str().len()));
        mark.extend_from_slice(flaw.as_str().as_bytes());
        let length = four(self.headers.len() + mark.len());
        let flags = (self.flags | HEADERS).to_be_bytes();
        let parts = [fixed, &flags, &self.before, &length, &self.headers, &mark, &self.after];
        parts.concat()
    }
}

/// A length as AMQP writes it. What is written is never longer than what was read.
pub fn four(length: usize) -> [u8; 4] {
    u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes()
}

/// A name, and a value with its type.
fn entry<'a>(rest: &mut Rest<'a>) -> Option<(&'a [u8], &'a [u8])> {
    let name = rest.short()?;
    let from = rest.0;
    rest.value()?;
    Some((name, &from[..from.len() - rest.0.len()]))
}

/// Whether a value is what it should be, to its depth.
fn check(value: &[u8], left: &mut usize) -> Result<(), Flaw> {
    // What is left of each level, and whether its values have names.
    let mut levels = vec![(Rest(value), false)];
    while let Some((rest, named)) = levels.last_mut() {
        if rest.0.is_empty() {
            levels.pop();
            continue;
        }
        if *named && !rest.short().is_some_and(is_text) {
            return Err(Flaw::Illegible);
        }
        let (kind, inner) = rest.value().ok_or(Flaw::Illegible)?;
        *left = left.checked_sub(1).ok_or(Flaw::Values)?;
        if matches!(kind, b'A' | b'F') {
            if levels.len() > MOST_LEVELS {
                return Err(Flaw::Levels);
            }
            levels.push((Rest(inner), kind == b'F'));
        }
    }
    Ok(())
}

fn is_text(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok()
}

/// What is still to be read.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn length(&mut self) -> Option<usize> {
        usize::try_from(u32::from_be_bytes(*self.take(4)?.first_chunk()?)).ok()
    }

    /// A text with its length in one byte.
    fn short(&mut self) -> Option<&'a [u8]> {
        let length = self.take(1)?[0];
        self.take(length.into())
    }

    /// The type of a value, and its bytes.
    fn value(&mut self) -> Option<(u8, &'a [u8])> {
        let kind = self.take(1)?[0];
        let length = match kind {
            b'V' => 0,
            b't' | b'b' | b'B' => 1,
            b's' | b'U' | b'u' => 2,
            b'I' | b'i' | b'f' => 4,
            b'D' => 5,
            b'L' | b'l' | b'd' | b'T' => 8,
            b'S' | b'x' | b'A' | b'F' => self.length()?,
            _ => return None,
        };
        Some((kind, self.take(length)?))
    }
}
