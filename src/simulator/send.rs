//! `sendSms` and `sendSmsMulti`: check, bill, write into the ledger, answer.

use std::sync::Arc;

use serde::Serialize;

use super::App;
use super::account::Account;
use super::codes::{self, Code};
use super::fields::Fields;
use super::message::{Message, Recipient};
use super::money::Money;
use super::number;
use super::reply::{Refusal, Reply, Text, nested, one_or_many};
use super::scenario::{self, Fate, Scenario};

/// One recipient in an answer; all values are strings.
#[derive(Serialize)]
pub(super) struct Entry {
    code: Text<u16>,
    tel: String,
    message: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    smslong: Option<Text<u8>>,
}

/// One recipient: the answer has an object.
pub(super) fn sms(app: &Arc<App>, key: &str, fields: &Fields) -> Result<Reply, Refusal> {
    let fault = app.faults().next();
    let message = Message::single(fields)?;
    send(app, key, &message, fault, one_or_many)
}

/// Any number of recipients: the answer has an array, also for one.
pub(super) fn smsmulti(app: &Arc<App>, key: &str, fields: &Fields) -> Result<Reply, Refusal> {
    let fault = app.faults().next();
    let message = Message::bulk(app, key, fields)?;
    send(app, key, &message, fault, |entries| nested(&entries))
}

fn send(
    app: &App,
    key: &str,
    message: &Message,
    fault: Option<Fate>,
    shape: fn(&[Entry]) -> Reply,
) -> Result<Reply, Refusal> {
    match fault.or_else(|| app.throttled().fate(message)) {
        None => Ok(shape(&take(app, key, message)?)),
        Some(Fate::NotTaken(failure)) => Ok(failure.reply(key, None)),
        Some(Fate::TakenThen(failure)) => {
            let answer = shape(&take(app, key, message)?);
            Ok(failure.reply(key, Some(answer)))
        }
    }
}

/// Bills the request and writes what is accepted into the ledger, or refuses all
/// of it when the credit is too low.
fn take(app: &App, key: &str, message: &Message) -> Result<Vec<Entry>, Refusal> {
    let (identity, codes) = {
        let mut accounts = app.accounts();
        let account = accounts.open(key);
        let codes: Vec<_> =
            message.recipients.iter().map(|recipient| judge(account, message, recipient)).collect();
        if !message.sandbox {
            let cost = cost(account, message, &codes);
            account.credit = account.credit.minus(cost).ok_or(codes::NO_CREDIT)?;
        }
        (account.identity.clone(), codes)
    };
    let taken = || message.recipients.iter().zip(&codes);
    let accepted = taken().filter(|(_, code)| **code == codes::ACCEPTED);
    app.ledger().add(&identity, message, accepted.map(|(recipient, _)| recipient));
    Ok(taken().filter_map(|(recipient, code)| entry(recipient, *code)).collect())
}

fn judge(account: &Account, message: &Message, recipient: &Recipient) -> Code {
    let Some(tel) = &recipient.tel else {
        return codes::BAD_NUMBER;
    };
    if let Some(Scenario::Refused(code)) = scenario::of(tel) {
        return code;
    }
    if account.blacklist.contains(tel) {
        return codes::BLACKLISTED;
    }
    if message.ucs2 && number::metropolitan(tel) {
        return codes::UCS2_IN_FRANCE;
    }
    codes::ACCEPTED
}

fn cost(account: &Account, message: &Message, codes: &[Code]) -> Money {
    let mut cost = Money::default();
    for (recipient, code) in message.recipients.iter().zip(codes) {
        if let (Some(tel), &codes::ACCEPTED) = (&recipient.tel, code) {
            cost = cost.plus(account.price_to(tel).times(recipient.parts.into()));
        }
    }
    cost
}

fn entry(recipient: &Recipient, code: Code) -> Option<Entry> {
    let tel = recipient.tel.as_deref();
    if tel.and_then(scenario::of) == Some(Scenario::Unanswered) {
        return None;
    }
    Some(Entry {
        code: Text(code.number),
        tel: tel.map_or_else(|| recipient.num.clone(), number::answered),
        message: code.label,
        smslong: (code == codes::ACCEPTED).then_some(Text(recipient.parts)),
    })
}
