//! What is not the API: the ledger, the faults and the state, for tests and for
//! the curious. Keys show their last two characters at most.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::App;
use super::account::{Account, Child, Directory};
use super::ledger::Sent;
use super::money::Money;
use super::number;
use super::scenario::Plan;

/// The routes below `/_simulator`.
pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/sent", get(sent).delete(clear_sent))
        .route("/faults", get(faults).put(set_faults).delete(clear_faults))
        .route("/accounts", get(accounts).put(set_account))
        .route("/health", get(health))
}

async fn health() -> Response {
    answer(&json!({"status": "ok"}))
}

#[derive(Serialize)]
struct Everything {
    total: usize,
    parts: usize,
    sent: Vec<Sent>,
}

/// Every message, or with `?count=1` the counts.
async fn sent(State(app): State<Arc<App>>, RawQuery(query): RawQuery) -> Response {
    if query.as_deref() == Some("count=1") {
        return answer(&app.ledger().counts());
    }
    let everything = {
        let ledger = app.ledger();
        Everything { total: ledger.total(), parts: ledger.parts(), sent: ledger.sent() }
    };
    answer(&everything)
}

async fn clear_sent(State(app): State<Arc<App>>) -> Response {
    answer(&json!({"cleared": app.ledger().clear()}))
}

/// The plan in force, with what remains of it; `{}` without one.
async fn faults(State(app): State<Arc<App>>) -> Response {
    let plan = app.faults().plan().cloned();
    plan.map_or_else(|| answer(&json!({})), |it| answer(&it))
}

async fn set_faults(State(app): State<Arc<App>>, body: Bytes) -> Response {
    match serde_json::from_slice::<Plan>(&body) {
        Ok(plan) => {
            app.faults().set(Some(plan.clone()));
            answer(&plan)
        }
        Err(error) => {
            let error = json!({"error": error.to_string()});
            (StatusCode::BAD_REQUEST, answer(&error)).into_response()
        }
    }
}

async fn clear_faults(State(app): State<Arc<App>>) -> Response {
    answer(&json!({"cleared": app.faults().set(None).is_some()}))
}

/// The state that no operation shows: what accounts hold.
async fn accounts(State(app): State<Arc<App>>) -> Response {
    let accounts: Vec<_> = app.accounts().iter().map(account).collect();
    answer(&json!({"accounts": accounts}))
}

/// What a test may set of an account.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    key: String,
    credit: Option<f64>,
    blacklist: Option<Vec<String>>,
}

/// Sets the credit or the whole blacklist of an account, which is made if there is none.
async fn set_account(State(app): State<Arc<App>>, body: Bytes) -> Response {
    let wanted = match serde_json::from_slice::<Wanted>(&body) {
        Ok(wanted) => wanted,
        Err(error) => {
            let error = json!({"error": error.to_string()});
            return (StatusCode::BAD_REQUEST, answer(&error)).into_response();
        }
    };
    let mut accounts = app.accounts();
    let account = accounts.open(&wanted.key);
    if let Some(credit) = wanted.credit {
        account.credit = Money::euros(credit);
    }
    if let Some(numbers) = &wanted.blacklist {
        account.blacklist = numbers.iter().filter_map(|it| number::international(it)).collect();
    }
    let set = json!({
        "credit": account.credit.to_string(), "blacklist": account.blacklist.len(),
    });
    drop(accounts);
    answer(&set)
}

fn account(account: &Account) -> Value {
    let prices = account.prices.iter();
    let prices: serde_json::Map<_, _> =
        prices.map(|(code, price)| (code.clone(), price.to_string().into())).collect();
    json!({
        "key": account.identity.tail,
        "credit": account.credit.to_string(),
        "price": account.price.to_string(),
        "prices": prices,
        "blacklist": account.blacklist,
        "directories": account.directories.iter().map(directory).collect::<Vec<_>>(),
        "links": account.links.iter()
            .map(|(link, target)| json!({"shortlink": link, "target": target}))
            .collect::<Vec<_>>(),
        "subAccounts": account.children.iter().map(child).collect::<Vec<_>>(),
    })
}

fn directory((id, directory): (&String, &Directory)) -> Value {
    let contacts = directory.contacts.iter();
    let contacts = contacts.map(|(num, fields)| {
        let mut contact = json!({"num": num});
        for (number, value) in fields {
            contact[format!("champ{number}")] = value.as_str().into();
        }
        contact
    });
    json!({
        "repertoireId": id,
        "repertoireNom": directory.name,
        "contacts": contacts.collect::<Vec<_>>(),
    })
}

fn child(child: &Child) -> Value {
    json!({
        "subAccountId": child.id,
        "subAccountLogin": child.login,
        "subAccountRestrictionStop": child.restriction_stop,
        "subAccountRestrictionTime": child.restriction_time,
    })
}

fn answer(value: &impl Serialize) -> Response {
    let text = serde_json::to_vec(value).unwrap_or_default();
    ([(CONTENT_TYPE, "application/json")], text).into_response()
}
