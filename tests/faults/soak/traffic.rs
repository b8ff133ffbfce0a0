//! What is sent: single messages, each to a number of its own.

use std::net::SocketAddr;

use serde_json::json;

use crate::messages::{BLACKLISTED, Thing, international};
use crate::stage::ask;

/// How many numbers differ in their beginning only.
const PREFIXES: usize = 2000;
/// How many messages have a number of their own.
pub const MOST: usize = 5000 * PREFIXES;

/// The message of this place.
pub fn line(message: usize) -> String {
    format!("{}\n", json!({"num": number(message), "sms": text(message)}))
}

/// What must happen of it, at most once.
pub fn thing(message: usize) -> Thing {
    Thing { tel: international(&number(message)), texts: vec![text(message)] }
}

/// Blacklists every fiftieth recipient.
pub fn blacklist(host: SocketAddr, messages: usize) {
    let last = (0..messages).filter(|it| it % BLACKLISTED == BLACKLISTED - 1);
    let account = json!({"key": "main", "blacklist": last.map(number).collect::<Vec<_>>()});
    ask(host, "PUT", "accounts", &account.to_string());
}

fn text(message: usize) -> String {
    format!("n {message}")
}

/// Mobile numbers of metropolitan France, which 06 1 and 06 2 are. The last four digits choose a scenario
/// of the simulator: none from 5000 on.
pub fn number(message: usize) -> String {
    format!("06{:04}{:04}", 1000 + message % PREFIXES, 5000 + message / PREFIXES)
}
