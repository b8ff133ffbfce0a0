//! Which entries a person means.

use jiff::Timestamp;

use super::key::{self, Wanted};
use crate::cli::Usage;
use crate::journal::{Filter, State};
use crate::sms::number;
use crate::sms::region::Region;
use crate::sms::schedule;

/// Which entries are meant. All that is given must hold.
#[derive(Debug, clap::Args)]
pub struct FilterArgs {
    /// claimed, accepted, refused or unknown
    #[arg(long, value_name = "STATE", value_parser = state)]
    state: Option<State>,
    /// The key of one entry, or that of a message without a place: all of its entries. The first 8
    /// digits or more do
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// A tracker
    #[arg(long)]
    tracker: Option<String>,
    /// A number
    #[arg(long)]
    num: Option<String>,
    /// Older than this, such as 2026-01-01T00:00Z, or 2026-01-01 in French time
    #[arg(long, value_name = "TIME", value_parser = instant)]
    before: Option<Timestamp>,
}

impl FilterArgs {
    /// Whether nothing is given.
    pub fn is_empty(&self) -> bool {
        let Self { state, key, tracker, num, before } = self;
        state.is_none() && key.is_none() && tracker.is_none() && num.is_none() && before.is_none()
    }

    /// The key that is given.
    pub fn key(&self) -> Result<Option<Wanted>, Usage> {
        self.key.as_deref().map(key::read).transpose()
    }

    /// What is meant.
    pub fn filter(&self) -> Result<Filter, Usage> {
        let tel = self.num.as_deref().map(|num| {
            let number = number::read(num, Region::FR);
            number.map(|it| it.tel).map_err(|bad| Usage(format!("--num: {bad}")))
        });
        Ok(Filter {
            state: self.state,
            tracker: self.tracker.clone(),
            tel: tel.transpose()?,
            before: self.before,
            ..self.key()?.map(|it| it.filter()).unwrap_or_default()
        })
    }
}

fn state(text: &str) -> Result<State, String> {
    match text {
        "claimed" => Ok(State::Claimed),
        "accepted" => Ok(State::Accepted),
        "refused" => Ok(State::Refused),
        "unknown" => Ok(State::Unknown),
        _ => Err("must be claimed, accepted, refused or unknown".to_owned()),
    }
}

/// A time with its offset, or in the API's form in French time; a day is its beginning.
pub fn instant(text: &str) -> Result<Timestamp, String> {
    let here =
        |date: jiff::civil::DateTime| Some(date.to_zoned(schedule::paris()).ok()?.timestamp());
    let local =
        || schedule::date(text).or_else(|| schedule::date(&format!("{} 00:00", text.trim())));
    let instant = text.parse().ok().or_else(|| local().and_then(here));
    instant.ok_or_else(|| {
        "must be a time such as 2026-01-01T00:00Z, or 2026-01-01 in French time, or \"2026-01-01 \
         08:00\""
            .to_owned()
    })
}
