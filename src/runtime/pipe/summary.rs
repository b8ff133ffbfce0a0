//! What a run came to, in numbers, in words, and as an exit code.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use crate::component::{AccountTrouble, Kind, Tally};
use crate::delivery::Verdict;

/// What a run came to.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Messages read.
    pub messages: u64,
    /// Messages that ended as an error line.
    pub failed: u64,
    /// Recipients, or messages of actions without recipients, by what became of them.
    #[serde(flatten)]
    pub tally: Tally,
    /// Messages with a mistake in them, before anything left; answers that cannot be used.
    pub invalid: u64,
    /// Messages of which nothing was sent, and that are worth another try.
    #[serde(skip)]
    pub unsent: u64,
    /// Messages that were sent to some of their recipients only: their results say what to retry.
    #[serde(skip)]
    pub partly: u64,
    /// Messages that failed for a mistake in the configuration.
    #[serde(skip)]
    pub misconfigured: u64,
    /// Messages without a final word: something of them was not sent, and is worth another try.
    #[serde(skip)]
    pub open: u64,
    /// Whether the input's last line is no message, and has no end: perhaps a copy broke off.
    #[serde(skip)]
    pub broken_off: bool,
    /// How many messages were read, where messages are not lines.
    #[serde(skip)]
    pub over_lines: Option<u64>,
    /// The first of these mistakes.
    #[serde(skip)]
    pub mistake: Option<String>,
    /// What was wrong with the account.
    #[serde(skip)]
    pub account: Option<AccountTrouble>,
    /// Whether the run ended because nobody answered for as long as a message is tried.
    #[serde(skip)]
    pub unreachable: bool,
    /// The last line that was read, counted from 1; 0 if there was none.
    pub last_line: u64,
    /// Whether the run came to the end of its input before anything asked it to stop. Otherwise there
    /// is a rest, or something that it read was given up.
    pub complete: bool,
    /// Why the run could not go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped: Option<String>,
    /// Messages that were carried out but whose result could not be written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unprinted: Vec<String>,
    /// What a person should know of the run as a whole.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// How long it took, in seconds.
    pub seconds: f64,
}

impl Summary {
    /// Counts a message.
    pub fn count(&mut self, verdict: &Verdict) {
        self.messages += 1;
        self.tally.add(verdict.tally);
        self.account = self.account.or(verdict.account);
        self.open += u64::from(!is_final(verdict));
        let Some(error) = &verdict.error else {
            self.partly += u64::from(verdict.tally.not_sent > 0);
            return;
        };
        self.failed += 1;
        self.unsent += u64::from(error.retryable());
        match error.kind {
            Kind::Config => {
                self.misconfigured += 1;
                self.mistake.get_or_insert_with(|| error.to_string());
            }
            Kind::Invalid | Kind::Internal | Kind::Unusable => self.invalid += 1,
            _ => {}
        }
    }

    /// Whether the whole input was read, and each of its messages has a final word that was written.
    pub fn is_over(&self) -> bool {
        self.complete
            && self.open == 0
            && !self.broken_off
            && self.account.is_none()
            && self.stopped.is_none()
            && self.unprinted.is_empty()
    }

    /// The exit code, the first that applies: 2 configuration, 1 could not run, 4 key or address, 5
    /// credit, 6 unknown outcomes, 7 nobody answers, 3 refused or failed messages, 0. `tolerance` is the share of
    /// refused recipients, from 0 to 1, that still counts as a success.
    pub fn exit_code(&self, tolerance: f64) -> u8 {
        let all = self.tally.accepted + self.tally.refused + self.tally.planned;
        #[allow(clippy::cast_precision_loss, reason = "a share needs no more")]
        let too_many = self.tally.refused as f64 > tolerance * all as f64;
        match self.account {
            _ if self.misconfigured > 0 => 2,
            _ if self.stopped.is_some() || !self.unprinted.is_empty() => 1,
            Some(AccountTrouble::KeyOrAddress) => 4,
            Some(AccountTrouble::Credit) => 5,
            None if self.tally.unknown > 0 => 6,
            None if self.unreachable => 7,
            None if self.invalid > 0 || self.tally.not_sent > 0 || too_many => 3,
            None => 0,
        }
    }

    /// The summary in one line for people.
    pub fn in_words(&self, deed: &str, mode: Option<&str>) -> String {
        let plural = |count: u64| if count == 1 { "" } else { "s" };
        let mut words = format!("{} message{}", self.messages, plural(self.messages));
        let counts = [
            (self.tally.planned, "planned"),
            (self.tally.accepted, if deed == "sent" { "accepted" } else { deed }),
            (self.tally.refused, "refused"),
            (self.tally.not_sent, "not sent"),
            (self.tally.unknown, "UNKNOWN (may have been sent)"),
            (self.tally.duplicate, "duplicate"),
            (self.invalid, "invalid"),
            (self.misconfigured, "misconfigured"),
        ];
        let named: Vec<String> = counts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, name)| format!("{count} {name}"))
            .collect();
        if !named.is_empty() {
            words += &format!(": {}", named.join(", "));
        }
        if self.tally.replayed > 0 {
            words += &format!(" ({} of them known from before)", self.tally.replayed);
        }
        if self.tally.parts > 0 {
            let billed = if mode == Some("dryRun") { "would be billed" } else { "billed" };
            words += &format!("; {} SMS {billed}", self.tally.parts);
        }
        for oddity in self.tally.oddities.in_words() {
            words += &format!("; {oddity}");
        }
        words += &format!("; {:.1} s", self.seconds);
        if let Some(mode) = mode {
            words += &format!(" [{mode}: nothing real was sent]");
        }
        words
    }

    /// The summary as JSON.
    pub fn to_json(&self, code: u8) -> Value {
        let mut json = serde_json::to_value(self).unwrap_or_else(|_| json!({}));
        json["exitCode"] = code.into();
        json
    }

    /// Sets the time that the run took.
    pub fn took(&mut self, time: Duration) {
        self.seconds = (time.as_secs_f64() * 1000.0).round() / 1000.0;
    }
}

/// Whether a message need not be tried again: it was sent, may have been, or is refused for good.
fn is_final(verdict: &Verdict) -> bool {
    let of_error = match verdict.error.as_ref().map(|it| it.kind) {
        None | Some(Kind::Invalid | Kind::Refused | Kind::Unknown | Kind::Unusable) => true,
        Some(
            Kind::Config
            | Kind::AccountKey
            | Kind::AccountCredit
            | Kind::NotSent
            | Kind::Unavailable
            | Kind::Internal,
        ) => false,
    };
    of_error && verdict.tally.not_sent == 0 && verdict.account.is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::{Error, Status};

    fn summary(verdicts: &[Verdict]) -> Summary {
        let mut summary = Summary::default();
        for verdict in verdicts {
            summary.count(verdict);
        }
        summary
    }

    fn fine(status: Status) -> Verdict {
        Verdict { tally: Tally::of(status), ..Verdict::default() }
    }

    #[test]
    fn the_first_exit_code_that_applies_wins() {
        let error = |kind| {
            let account = match kind {
                Kind::AccountKey => Some(AccountTrouble::KeyOrAddress),
                Kind::AccountCredit => Some(AccountTrouble::Credit),
                _ => None,
            };
            Verdict { account, ..Verdict::from(Error::new(kind, "x")) }
        };
        let all = [
            (error(Kind::Config), 2),
            (error(Kind::AccountKey), 4),
            (error(Kind::AccountCredit), 5),
            (error(Kind::Unknown), 6),
            (error(Kind::Invalid), 3),
            (error(Kind::Refused), 3),
            (error(Kind::Unavailable), 3),
            (fine(Status::Refused), 3),
            (fine(Status::Accepted), 0),
            (fine(Status::Planned), 0),
        ];
        for (place, (verdict, code)) in all.iter().enumerate() {
            let rest: Vec<_> = all[place..].iter().map(|it| it.0.clone()).collect();
            assert_eq!(summary(std::slice::from_ref(verdict)).exit_code(0.0), *code, "{verdict:?}");
            if *code != 4 {
                let expected = if place == 0 { 2 } else { *code };
                assert_eq!(summary(&rest).exit_code(0.0), expected, "{verdict:?} and what follows");
            }
        }
        assert_eq!(summary(&[]).exit_code(0.0), 0);
    }

    #[test]
    fn refusals_are_tolerated_up_to_a_share() {
        let mut verdicts = vec![fine(Status::Accepted); 19];
        verdicts.push(fine(Status::Refused));
        assert_eq!(summary(&verdicts).exit_code(0.05), 0);
        assert_eq!(summary(&verdicts).exit_code(0.04), 3);
    }

    #[test]
    fn a_person_reads_one_line() {
        let mut summary = summary(&[
            fine(Status::Accepted),
            fine(Status::Refused),
            Verdict::from(Error::new(Kind::Unknown, "x")),
        ]);
        summary.seconds = 1.25;
        assert_eq!(
            summary.in_words("sent", Some("simulator")),
            "3 messages: 1 accepted, 1 refused, 1 UNKNOWN (may have been sent); 1.2 s [simulator: nothing real was sent]"
        );
    }
}
