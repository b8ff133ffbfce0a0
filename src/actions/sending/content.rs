//! What a recipient gets: a text as it will be sent, counted.

use super::rules::{Rules, TextPolicy};
use crate::component::{Error, Meant, Oddities, Reason};
use crate::sms::text::{self, BadCharacter, Change, Doubt, Encoding};

/// A text as it will be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// The text, after replacements.
    pub text: String,
    /// How its characters are written.
    pub encoding: Encoding,
    /// SMS parts that it takes, STOP mention included.
    pub parts: u32,
    /// What was replaced.
    pub changes: Vec<Change>,
}

/// The rules for the texts of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextRules {
    /// What happens to characters that the GSM alphabet lacks.
    pub policy: TextPolicy,
    /// Whether the message asks for Unicode, needed or not.
    pub unicode: bool,
    /// Characters that the STOP mention takes.
    pub mention: usize,
    /// Parts that a text may need.
    pub most_parts: u32,
    /// Whether it is the message itself that allows no more.
    pub own_limit: bool,
}

impl TextRules {
    /// The rules for a message with these settings of its own.
    pub fn new(rules: &Rules, smslong: Option<u16>, ucs2: bool, mention: usize) -> Self {
        let most_parts = rules.most_parts(smslong);
        Self {
            policy: rules.text_policy,
            unicode: ucs2,
            mention,
            most_parts,
            own_limit: smslong.is_some_and(|it| u32::from(it) == most_parts),
        }
    }

    /// The text as it will be sent. `abroad` says whether that is outside metropolitan France, the
    /// only place where iSendPro sends Unicode.
    ///
    /// # Errors
    /// When the text says nothing, holds what cannot be sent, or needs too many parts.
    pub fn content(&self, field: &str, text: &str, abroad: bool) -> Result<Content, Error> {
        check_blank(field, text)?;
        check_decoded(field, text)?;
        let bad = |it: BadCharacter| {
            let error = Error { reason: Some(Reason::BadCharacters), ..Error::invalid(field, it) };
            let in_gsm = self.policy != TextPolicy::Ucs2 && !self.unicode;
            let unicode_would_do = abroad && in_gsm && text::check_unicode(text).is_ok();
            if unicode_would_do {
                error.hint("textPolicy ucs2 sends Unicode abroad")
            } else {
                error
            }
        };
        let (ready, encoding) = if self.in_unicode(text, abroad) {
            (text::check_unicode(text).map_err(bad)?, Encoding::Ucs2)
        } else if self.policy == TextPolicy::Strict {
            (text::check(text).map_err(bad)?, Encoding::Gsm7)
        } else {
            let repaired = text::repair(text).map_err(bad)?;
            if !repaired.changes.is_empty() {
                check_address(field, text)?;
            }
            (repaired, Encoding::Gsm7)
        };
        let (text, changes) = (ready.text.into_owned(), ready.changes);
        if text.trim().is_empty() {
            let said = "nothing is left of the text: it holds only what an SMS cannot show";
            return Err(Error {
                reason: Some(Reason::BadCharacters),
                ..Error::invalid(field, said)
            });
        }
        let parts = self.parts(field, &text, encoding)?;
        Ok(Content { text, encoding, parts, changes })
    }

    fn in_unicode(&self, text: &str, abroad: bool) -> bool {
        let wanted = || self.policy == TextPolicy::Ucs2 && text::check(text).is_err();
        abroad && (self.unicode || wanted())
    }

    fn parts(&self, field: &str, text: &str, encoding: Encoding) -> Result<u32, Error> {
        let length = text::measure(text, encoding, self.mention)
            .ok_or_else(|| Error::invalid(field, "holds what an SMS cannot show"))?;
        let most = self.most_parts;
        if length.parts <= most {
            return Ok(length.parts);
        }
        let mention = if self.mention > 0 { ", of which the STOP mention takes 12" } else { "" };
        let said = format!(
            "needs {} parts, allowed {most} ({} characters in {}{mention})",
            length.parts,
            length.units,
            encoding.as_str()
        );
        let hint = match most {
            text::MOST_PARTS => "shorten the text: iSendPro takes 6 parts at most",
            _ if self.own_limit => "shorten the text, or raise smslong",
            _ => "shorten the text, or raise maxParts",
        };
        Err(Error { reason: Some(Reason::TooLong), ..Error::invalid(field, said).hint(hint) })
    }
}

/// UTF-8 that was read as something else is paid for by the part, and nobody can read it.
fn check_decoded(field: &str, text: &str) -> Result<(), Error> {
    let Some(meant) = text::garbled(text) else { return Ok(()) };
    let said = "was decoded wrongly: its UTF-8 was read as Windows-1252 or Latin-1";
    let hint = "read it as UTF-8 where it comes from";
    let error = Error::invalid(field, said).hint(hint);
    Err(Error { reason: Some(Reason::BadCharacters), meant: Some(Box::new(Meant(meant))), ..error })
}

/// What looks like a mistake in a text that can be sent all the same, counted, and in words.
pub fn doubts(field: &str, text: &str, oddities: &mut Oddities) -> Vec<String> {
    let doubts = text::doubts(text);
    for doubt in &doubts {
        *match doubt {
            Doubt::Unfilled(_) => &mut oddities.unfilled_texts,
            Doubt::Html(_) => &mut oddities.html_texts,
        } += 1;
    }
    doubts.iter().map(|it| format!("{field}: {it}")).collect()
}

/// Replacing a letter of an address would make a link to somewhere else.
fn check_address(field: &str, text: &str) -> Result<(), Error> {
    if !text::has_fragile_address(text) {
        return Ok(());
    }
    let said = "has a web address with letters that an SMS cannot show";
    let error = Error { reason: Some(Reason::BadCharacters), ..Error::invalid(field, said) };
    Err(error.hint("write it percent-encoded, or shorten it with addShortlink"))
}

/// A text must say something.
///
/// # Errors
/// When it holds only blanks.
pub fn check_blank(field: &str, text: &str) -> Result<(), Error> {
    if text.trim().is_empty() { Err(Error::invalid(field, "holds no text")) } else { Ok(()) }
}
