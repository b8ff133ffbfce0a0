//! How entries are told.

use serde_json::{Value, json};

use super::key::key;
use crate::component::{WHOLE, hex, tracker};
use crate::journal::{Entry, State};
use crate::printable::{self, one_line};

/// The name of a state.
pub const fn state_name(state: State) -> &'static str {
    match state {
        State::Claimed => "claimed",
        State::Accepted => "accepted",
        State::Refused => "refused",
        State::Unknown => "unknown",
    }
}

/// The entry in one line.
pub fn line(entry: &Entry) -> String {
    let number = entry.last_digits.as_ref().map_or_else(String::new, |it| format!("  ..{it}"));
    let tracker = entry.tracker.as_ref().map_or_else(String::new, |it| format!("  {it}"));
    let code = entry.code.map_or_else(String::new, |it| format!("  code {it}"));
    let line = format!(
        "{:.0}  {:<9}{:<14}{}{number}{tracker}{code}",
        entry.at,
        state_name(entry.state),
        entry.action,
        key(entry)
    );
    format!("{}\n", one_line(&line))
}

/// All that is remembered of the entry, for a person.
pub fn block(entry: &Entry) -> String {
    let state = match entry.state {
        State::Claimed => "claimed: it is being sent right now",
        State::Accepted => "accepted: iSendPro took it, or a person or the report said so",
        State::Refused => "refused: nothing was sent, and it may be tried again",
        State::Unknown => "UNKNOWN: it may have been sent",
    };
    let claimed = if entry.resent { "  (again, after a doubt)" } else { "" };
    let settled = match (entry.settled, entry.state) {
        (Some(at), State::Unknown) => format!("no: in doubt since {at:.0}"),
        (Some(at), _) => format!("{at:.0}"),
        (None, State::Claimed) => "not yet".to_owned(),
        (None, _) => "no: whoever claimed it has gone".to_owned(),
    };
    let whose = if is_ours(entry) { "  (derived from the key)" } else { "" };
    let place = match entry.slot {
        WHOLE => "all that the message does beyond its recipients".to_owned(),
        slot => format!("recipient {slot} of the message, counted from 0"),
    };
    let rows = [
        ("key", Some(key(entry))),
        ("state", Some(state.to_owned())),
        ("claimed", Some(format!("{:.0}{claimed}", entry.at))),
        ("settled", Some(settled)),
        ("action", Some(entry.action.clone())),
        ("place", Some(place)),
        ("number", entry.last_digits.as_ref().map(|it| format!("ends in {it}"))),
        ("tracker", entry.tracker.as_ref().map(|it| format!("{it}{whose}"))),
        ("code", entry.code.map(|it| it.to_string())),
        ("parts", entry.parts.map(|it| format!("{it} SMS billed"))),
        ("answer", entry.data.as_ref().map(ToString::to_string)),
        ("run", Some(hex(&entry.scope.0))),
    ];
    let row =
        |(name, value): (&str, Option<String>)| Some(format!("{name:<10}{}\n", one_line(&value?)));
    rows.into_iter().filter_map(row).collect()
}

/// Whether the entry's tracker is derived from its message and place.
pub fn is_ours(entry: &Entry) -> bool {
    entry.tracker.as_ref().is_some_and(|it| *it == tracker(entry.message, entry.slot))
}

/// What a person can do about an entry that is in doubt; `key` is how it is called.
pub fn advice(key: &str, resent: bool) -> String {
    let again = if resent {
        format!(
            "it was sent again once, which happens only once; journal forget --key {key} frees it"
        )
    } else {
        "feed the same message in again, with \"resend\": true in its body".to_owned()
    };
    format!(
        "what now  isendpro journal reconcile looks into iSendPro's report, if that names trackers\n\
         \x20         if it was sent: isendpro journal accept {key}\n\
         \x20         if it was not: {again}\n\
         \x20         in a run: in its whole input, with --resume; that sends nothing else again\n"
    )
}

/// The entry for machines, in one line.
pub fn json_line(entry: &Entry) -> String {
    format!("{}\n", printable::json(&json(entry).to_string()))
}

/// The entry for machines.
pub fn json(entry: &Entry) -> Value {
    let data = entry.data.as_deref().map(|it| serde_json::from_str(it).unwrap_or(Value::Null));
    json!({
        "key": key(entry),
        "state": state_name(entry.state),
        "action": entry.action,
        "at": entry.at.to_string(),
        "settledAt": entry.settled.map(|it| it.to_string()),
        "resent": entry.resent,
        "code": entry.code,
        "smslong": entry.parts,
        "tracker": entry.tracker,
        "lastDigits": entry.last_digits,
        "answer": data,
        "run": hex(&entry.scope.0),
    })
}
