//! The scripts: each is one step that nobody else can come between.

use std::sync::LazyLock;

use redis::{Script, Value};

use super::record::strange;
use crate::component::{Error, Kind};

macro_rules! scripts {
    ($($(#[$doc:meta])* $name:ident = $file:literal;)*) => {
        $(
            $(#[$doc])*
            pub(super) static $name: LazyLock<Script> =
                LazyLock::new(|| Script::new(concat!(include_str!("common.lua"), include_str!($file))));
        )*
    };
}

scripts! {
    /// Claims slots.
    CLAIM = "claim.lua";
    /// Records what became of them.
    RECORD = "record.lua";
    /// Settles a slot in doubt.
    ACCEPT = "accept.lua";
    /// Forgets slots of a message.
    FORGET = "forget.lua";
    /// Reads slots.
    LOOK = "look.lua";
    /// Takes or renews a lease.
    LEASE = "lease.lua";
    /// Describes the store.
    META = "meta.lua";
    /// Begins a run.
    BEGIN = "begin.lua";
    /// Ends a run.
    END = "end.lua";
    /// Tells which runs are over.
    ENDED = "ended.lua";
}

/// The answer of a script: a word, and what belongs to it.
pub(super) struct Answer {
    pub word: String,
    pub rest: Vec<Vec<u8>>,
}

impl Answer {
    /// Reads what a script returned.
    pub fn of(value: Value) -> Result<Self, Error> {
        let mut parts = flat(value)?.into_iter();
        let word = parts.next().and_then(|it| String::from_utf8(it).ok()).ok_or_else(unreadable)?;
        let answer = Self { word, rest: parts.collect() };
        if answer.word == "strange" { Err(strange(answer.text(0))) } else { Ok(answer) }
    }

    /// A part as a text; empty when there is none.
    pub fn text(&self, place: usize) -> &str {
        self.rest.get(place).and_then(|it| std::str::from_utf8(it).ok()).unwrap_or_default()
    }

    /// A part as a number.
    pub fn number(&self, place: usize) -> Result<i64, Error> {
        self.text(place).parse().map_err(|_| unreadable())
    }

    /// A part of 16 bytes.
    pub fn id(&self, place: usize) -> Result<[u8; 16], Error> {
        let part = self.rest.get(place).map(Vec::as_slice).unwrap_or_default();
        part.try_into().map_err(|_| unreadable())
    }
}

/// The texts of a list; numbers become texts.
pub(super) fn flat(value: Value) -> Result<Vec<Vec<u8>>, Error> {
    let Value::Array(parts) = value else { return Err(unreadable()) };
    let text = |part| match part {
        Value::BulkString(bytes) => Ok(bytes),
        Value::SimpleString(text) => Ok(text.into_bytes()),
        Value::Int(number) => Ok(number.to_string().into_bytes()),
        _ => Err(unreadable()),
    };
    parts.into_iter().map(text).collect()
}

/// The error of an answer that the store does not understand.
pub(super) fn unreadable() -> Error {
    Error::new(Kind::Unavailable, "the journal's Redis gave an answer that makes no sense")
        .hint("check that the URL names a Redis or Valkey server, and that nothing else writes keys with the journal's prefix")
}
