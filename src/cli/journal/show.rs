//! `isendpro journal show`: all that is remembered of one message, or of one of its recipients.

use super::key;
use super::words::{advice, block, json_line, line, state_name};
use crate::component::hex;
use crate::journal::{Entry, Ledger, State};

/// Shows what is remembered under this key.
pub async fn show(ledger: &dyn Ledger, wanted: &str, as_json: bool) -> anyhow::Result<u8> {
    let entries = key::read(wanted)?.entries(ledger).await?;
    let words = match entries.as_slice() {
        several if as_json => several.iter().map(json_line).collect(),
        [only] => one(only),
        several => message(several),
    };
    crate::cli::print(&words)?;
    Ok(0)
}

fn one(entry: &Entry) -> String {
    let doubt = entry.state == State::Unknown;
    let advice = if doubt { advice(&key::key(entry), entry.resent) } else { String::new() };
    block(entry) + &advice
}

/// A message of several recipients: the counts, then a line for each.
fn message(entries: &[Entry]) -> String {
    let states = [State::Unknown, State::Claimed, State::Accepted, State::Refused];
    let counts = states.iter().filter_map(|state| {
        let count = entries.iter().filter(|it| it.state == *state).count();
        (count > 0).then(|| format!("{count} {}", state_name(*state)))
    });
    let counts: Vec<String> = counts.collect();
    let message = entries.first().map(|it| hex(&it.message.0)).unwrap_or_default();
    let lines: String = entries.iter().map(line).collect();
    let doubt = entries.iter().find(|it| it.state == State::Unknown);
    let advice = doubt.map(|it| advice(&format!("{message}:PLACE"), it.resent)).unwrap_or_default();
    format!("message   {message}\nentries   {}\n{lines}{advice}", counts.join(", "))
}
