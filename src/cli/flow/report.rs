//! What is said at the end of a run: to a person all of it, else only what went wrong.

use std::path::Path;

use serde_json::Value;

use super::Funds;
use crate::actions::cost;
use crate::cli::{NO_CREDIT, USAGE, complain, terminal};
use crate::component::AccountTrouble;
use crate::runtime::pipe::Summary;

/// A run that has ended.
pub struct Report<'a> {
    pub summary: &'a Summary,
    pub deed: &'a str,
    pub mode: Option<&'a str>,
    /// Whether a journal remembers what was sent.
    pub remembered: bool,
    /// Where failed messages are collected.
    pub failed: Option<&'a Path>,
    /// The action, if it could have been asked by an empty message, and there was none.
    pub asked_nothing: Option<&'static str>,
    /// The flag whose limit ended it.
    pub limit: Option<&'static str>,
    /// Euros for a part.
    pub price: Option<f64>,
    /// The credit, if it was asked for.
    pub funds: Option<&'a Funds>,
    /// What the credit lacks for what was planned.
    pub shortage: Option<String>,
    /// Whether the totals are told off a terminal too.
    pub totals: bool,
}

impl Report<'_> {
    /// Says it on stderr.
    pub fn tell(&self) {
        self.tell_trouble();
        self.tell_rest();
        let mut words = self.summary.in_words(self.deed, self.mode);
        if let (Some(cost), Some(price)) = (self.cost().filter(|it| *it > 0.0), self.price) {
            words += &format!("\nprice: {cost} EUR at {price} EUR a part");
        }
        match (&self.shortage, self.funds) {
            (Some(shortage), _) => words += &format!("\ncredit: NOT ENOUGH: {shortage}"),
            (None, Some(funds)) => {
                words += &format!("\ncredit: enough for what is counted: {funds}");
            }
            (None, None) => {}
        }
        for note in &self.summary.notes {
            words += &format!("\nnote: {note}");
        }
        for line in words.lines() {
            if self.totals { complain(line) } else { terminal::hint(line) }
        }
    }

    fn tell_trouble(&self) {
        let summary = self.summary;
        if let Some(mistake) = &summary.mistake {
            let Summary { misconfigured, messages, .. } = summary;
            complain(format_args!("isendpro: {misconfigured} of {messages} messages: {mistake}"));
        }
        if let Some(reason) = &summary.stopped {
            complain(format_args!("isendpro: stopped early: {reason}"));
        }
        if let Some(flag) = self.limit {
            complain(format_args!(
                "isendpro: the limit of {flag} was reached: what came after it was not sent"
            ));
        }
        if !summary.unprinted.is_empty() {
            complain(format_args!(
                "isendpro: these were carried out, but their results could not be written: {}",
                summary.unprinted.join(", ")
            ));
        }
        if summary.unreachable {
            complain(
                "isendpro: stopped: iSendPro could not be reached for as long as a message is tried \
                 (giveUpAfter); see that this machine reaches it, with `isendpro check`",
            );
        }
        if let Some(name) = self.asked_nothing {
            complain(format_args!(
                "isendpro: there was no message in the input, so nothing was asked; an empty one asks: \
                 echo '{{}}' | isendpro run {name}"
            ));
        }
        match summary.account {
            Some(AccountTrouble::KeyOrAddress) => complain(
                "isendpro: stopped: iSendPro refuses the key or this machine's address; see Mon \
                 compte > Mon API in your account, and run `isendpro check`",
            ),
            Some(AccountTrouble::Credit) => {
                complain("isendpro: stopped: the account has no credit; top it up");
            }
            None => {}
        }
    }

    /// How to go on after an early end.
    fn tell_rest(&self) {
        let summary = self.summary;
        if summary.complete && summary.account.is_none() {
            return;
        }
        let last = summary.last_line;
        // A journal counts equal lines from the beginning of the input.
        let advice = match &summary.stopped {
            _ if !self.remembered => self.advice(),
            None => "go on with the same whole input: the journal knows what was sent".to_owned(),
            Some(_) => {
                "put that in order, then go on with the same whole input: the journal knows \
                        what was sent"
                    .to_owned()
            }
        };
        complain(format_args!("isendpro: read up to line {last} of the input; {advice}"));
    }

    /// How to go on without a journal.
    fn advice(&self) -> String {
        let (summary, deed) = (self.summary, self.deed);
        let Summary { tally, unsent, partly, .. } = summary;
        if tally.accepted + tally.unknown + tally.planned == 0 {
            let mistake =
                summary.account.is_some() || summary.stopped.is_some() || summary.unreachable;
            let mend = if mistake { "mend this, and " } else { "" };
            return format!("nothing was {deed}: {mend}give the whole input again");
        }
        let mut steps = Vec::new();
        if *unsent > 0 {
            let place = match self.failed {
                Some(path) => format!("feed in {}", path.display()),
                None => "feed in again those whose errors are retryable (each has its line; \
                         --failed FILE would collect them)"
                    .to_owned(),
            };
            let verb = if *unsent == 1 { "was" } else { "were" };
            steps.push(format!("{unsent} of its messages {verb} not {deed}: {place}"));
        }
        if *partly > 0 {
            steps.push(format!("{partly} {deed} in part: feed in the \"retry\" of each result"));
        }
        if !summary.complete {
            let then = if steps.is_empty() { "" } else { "then " };
            let rest = match summary.over_lines {
                Some(read) => format!("what comes after its first {read} messages"),
                None => format!("the rest: tail -n +{}", summary.last_line + 1),
            };
            steps.push(format!("{then}go on with {rest}"));
        }
        steps.join("; ")
    }

    /// The exit code: that of the run, or that the credit is not enough for what is planned.
    pub fn code(&self, tolerance: f64) -> u8 {
        match self.summary.exit_code(tolerance) {
            code @ (1 | 2 | 4) => code,
            _ if self.asked_nothing.is_some() => USAGE,
            _ if self.shortage.is_some() => NO_CREDIT,
            code => code,
        }
    }

    /// The summary as JSON.
    pub fn to_json(&self, code: u8) -> Value {
        let mut json = self.summary.to_json(code);
        if let Some(cost) = self.cost() {
            json["price"] = cost.into();
        }
        json
    }

    fn cost(&self) -> Option<f64> {
        self.price.map(|it| cost(self.summary.tally.parts, it))
    }
}
