//! `subaccountAdd` and `subaccountEdit`: accounts under an account, with keys of
//! their own.

use std::sync::Arc;

use serde::Serialize;

use super::App;
use super::account::{Accounts, Child};
use super::codes::{self, Code};
use super::fields::Fields;
use super::money::Money;
use super::number;
use super::reply::{Refusal, Reply, Text, nested};

/// The label stands in `tel`, and the code and the id are numbers.
#[derive(Serialize)]
struct Added<'a> {
    code: u16,
    #[serde(rename = "subAccountId")]
    id: u32,
    #[serde(rename = "subAccountKeyId")]
    key: &'a str,
    #[serde(rename = "subAccountLogin")]
    login: &'a str,
    tel: &'static str,
}

/// Here the label stands in `message`, code and id are strings, and the name of
/// the key ends in a small `id`.
#[derive(Serialize)]
struct Edited<'a> {
    code: Text<u16>,
    message: &'static str,
    #[serde(rename = "subAccountId")]
    id: Text<u32>,
    #[serde(rename = "subAccountKeyid")]
    key: &'a str,
}

/// Opens a sub-account without credit. Its password is not kept.
pub(super) fn add(app: &Arc<App>, key: &str, fields: &Fields) -> Result<Reply, Refusal> {
    fields.required_choice("subAccountEdit", &["addAccount"])?;
    let login = fields.required("subAccountLogin")?;
    fields.required("subAccountPassword")?;
    let mut accounts = app.accounts();
    if accounts.login_taken(&login) {
        return Err(Refusal::about(codes::LOGIN_TAKEN, "subAccountLogin"));
    }
    let child = accounts.open_child(key, &login);
    Ok(nested(&Added {
        code: codes::ACCOUNT_ADDED.number,
        id: child.id,
        key: &child.key,
        login: &child.login,
        tel: codes::ACCOUNT_ADDED.label,
    }))
}

/// Sets the price or a restriction of a sub-account, or moves credit to it.
pub(super) fn edit(app: &Arc<App>, key: &str, fields: &Fields) -> Result<Reply, Refusal> {
    let edit =
        fields.required_choice("subAccountEdit", &["setPrice", "addCredit", "setRestriction"])?;
    let child_key = fields.required("subAccountKeyId")?;
    let mut accounts = app.accounts();
    let id = child(&mut accounts, key, &child_key)?.id;
    let code = match edit {
        "setPrice" => set_price(&mut accounts, &child_key, fields)?,
        "addCredit" => add_credit(&mut accounts, key, &child_key, fields)?,
        _ => set_restriction(child(&mut accounts, key, &child_key)?, fields)?,
    };
    Ok(nested(&[Edited {
        code: Text(code.number),
        message: code.label,
        id: Text(id),
        key: &child_key,
    }]))
}

/// A sub-account of this very account.
fn child<'a>(accounts: &'a mut Accounts, key: &str, child: &str) -> Result<&'a mut Child, Refusal> {
    let mut children = accounts.open(key).children.iter_mut();
    children
        .find(|found| found.key == child)
        .ok_or_else(|| Refusal::about(codes::NO_ACCOUNT, "subAccountKeyId"))
}

/// For one country, or without one for all that have no price of their own.
fn set_price(accounts: &mut Accounts, child: &str, fields: &Fields) -> Result<Code, Refusal> {
    let price = amount(fields, "subAccountPrice")?;
    let account = accounts.open(child);
    match fields.optional("subAccountCountryCode")? {
        None => account.price = price,
        Some(country) => {
            let code = number::calling_code(&country);
            let code =
                code.ok_or_else(|| Refusal::about(codes::NOT_ALLOWED, "subAccountCountryCode"))?;
            account.prices.insert(code.to_owned(), price);
        }
    }
    Ok(codes::PRICE_SET)
}

fn add_credit(
    accounts: &mut Accounts,
    parent: &str,
    child: &str,
    fields: &Fields,
) -> Result<Code, Refusal> {
    let amount = amount(fields, "subAccountAddCredit")?;
    if accounts.transfer(parent, child, amount) {
        Ok(codes::CREDIT_ADDED)
    } else {
        Err(codes::NO_CREDIT.into())
    }
}

/// Kept and shown, but without effect: what 0 and 1 mean is not public.
fn set_restriction(child: &mut Child, fields: &Fields) -> Result<Code, Refusal> {
    let stop = fields.choice("subAccountRestrictionStop", &["0", "1"])?;
    let time = fields.choice("subAccountRestrictionTime", &["0", "1"])?;
    if stop.is_none() && time.is_none() {
        return Err(Refusal::about(codes::MISSING, "subAccountRestrictionStop"));
    }
    child.restriction_stop = stop.or(child.restriction_stop);
    child.restriction_time = time.or(child.restriction_time);
    Ok(codes::RESTRICTION_SET)
}

fn amount(fields: &Fields, name: &'static str) -> Result<Money, Refusal> {
    Money::parse(&fields.required(name)?).ok_or_else(|| Refusal::about(codes::NOT_ALLOWED, name))
}
