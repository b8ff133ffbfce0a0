//! Errors that quote others, and how a log shows them.

use std::fmt;

use super::{Error, Kind};
use crate::printable::one_line;

/// All that an error says is the connector's own words.
pub(super) const ALL: u32 = u32::MAX;

impl Error {
    /// An error that goes on in the words of others, on one line; without any, it says only what is our
    /// own.
    pub fn quoting(kind: Kind, own: &str, words: impl fmt::Display) -> Self {
        let words = words.to_string();
        let colon = if words.is_empty() { "" } else { ": " };
        let error = Self::new(kind, format!("{own}{colon}{}", one_line(&words)));
        Self { own: bytes(own), ..error }
    }

    /// Takes all of the error for the connector's own words.
    #[must_use]
    pub fn in_own_words(self) -> Self {
        Self { own: ALL, ..self }
    }

    /// Takes all of the error for words of others if `quotes`, and puts them on one line.
    #[must_use]
    pub fn quoting_if(self, quotes: bool) -> Self {
        if !quotes {
            return self;
        }
        let what = one_line(&self.what).into_owned();
        Self { what, own: 0, ..self }
    }

    /// Puts our own words before the error.
    #[must_use]
    pub fn after(self, own: &str) -> Self {
        let what = format!("{own}{}", self.what);
        Self { what, own: self.own.saturating_add(bytes(own)), ..self }
    }

    /// Puts a value of the message behind the error.
    #[must_use]
    pub fn with_value(self, value: &str) -> Self {
        let own = self.own.min(bytes(&self.what));
        Self { what: self.what + value, own, ..self }
    }

    /// Tells whether it quotes others.
    pub fn quotes(&self) -> bool {
        (self.own as usize) < self.what.len()
    }

    /// The error as a log shows it: without what it quotes of others.
    pub fn logged(&self) -> impl fmt::Display {
        Logged(self)
    }
}

fn bytes(own: &str) -> u32 {
    u32::try_from(own.len()).unwrap_or(ALL)
}

/// An error without what it quotes of others.
struct Logged<'a>(&'a Error);

impl fmt::Display for Logged<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let error = self.0;
        if !error.quotes() {
            return error.fmt(f);
        }
        error.state(f)?;
        // The state of a refusal has them already.
        if !matches!(error.kind, Kind::Refused | Kind::AccountKey | Kind::AccountCredit) {
            f.write_str(&error.refusal())?;
        }
        let own = error.what.get(..error.own as usize).unwrap_or_default();
        let own = own.trim_end_matches([':', ';', ' ']);
        if !own.is_empty() {
            write!(f, ": {own}")?;
        }
        // The advice on a mistake in a message may quote it as well.
        match &error.hint {
            Some(hint) if error.kind != Kind::Invalid => write!(f, "; {hint}"),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::{Problem, Reason};

    #[test]
    fn a_log_shows_our_own_words_and_what_they_are_about() {
        let problem = |quotes| {
            let problem = Problem::new(Reason::Blacklisted, "canary says no");
            Problem { code: Some(11), hint: Some("call them".to_owned()), quotes, ..problem }
        };
        let of = |kind, quotes| Error::from_problem(kind, &problem(quotes));
        let landline = Error { reason: Some(Reason::Landline), ..Error::invalid("canary", "no") };
        for (error, logged) in [
            (
                of(Kind::Refused, true),
                "REFUSED by iSendPro (code 11, blacklisted), nothing sent; call them",
            ),
            (
                of(Kind::Unknown, true),
                "MAY HAVE BEEN SENT, retrying may send twice (code 11, blacklisted); call them",
            ),
            (
                of(Kind::Refused, false),
                "REFUSED by iSendPro (code 11, blacklisted), nothing sent: canary says no; call them",
            ),
            (landline.hint("canary"), "INVALID, nothing sent (landline)"),
            (Error::new(Kind::Invalid, "canary"), "INVALID, nothing sent"),
            (Error::new(Kind::Invalid, "own").in_own_words(), "INVALID, nothing sent: own"),
            (
                Error::config("server", "is unknown"),
                "CONFIGURATION, nothing sent: server: is unknown",
            ),
            (
                Error::quoting(Kind::Config, "HTTP 404", "canary").hint("look"),
                "CONFIGURATION, nothing sent: HTTP 404; look",
            ),
            (Error::quoting(Kind::Internal, "é", ""), "FAILED in the connector, nothing sent: é"),
            (
                Error::invalid("canary", "no").after("it came before; now "),
                "INVALID, nothing sent: it came before; now",
            ),
            (
                Error::config("server", "is unknown").after("again: "),
                "CONFIGURATION, nothing sent: again: server: is unknown",
            ),
            (
                Error::new(Kind::Unknown, "no answer").with_value(" (tracker canary)"),
                "MAY HAVE BEEN SENT, retrying may send twice: no answer",
            ),
            (
                Error::invalid("canary", "no").with_value(" (tracker canary)"),
                "INVALID, nothing sent",
            ),
        ] {
            assert_eq!(error.logged().to_string(), logged);
        }
        for quoted in [
            Error::quoting(Kind::Config, "HTTP 404", "a\u{1b}[2J\nb"),
            Error::new(Kind::Config, "HTTP 404: a\u{1b}[2J\nb").quoting_if(true),
        ] {
            assert_eq!(quoted.what, "HTTP 404: a [2J b");
        }
        assert!(size_of::<Error>() < 128, "{}", size_of::<Error>());
    }
}
