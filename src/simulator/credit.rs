//! `getCredit`: the credit left, and how many SMS it buys.

use std::sync::Arc;

use serde::Serialize;

use super::App;
use super::fields::Fields;
use super::reply::{Refusal, Reply, Text, flat};

#[derive(Serialize)]
struct Etat {
    credit: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    quantite: Option<Text<i64>>,
}

/// `credit` is `1` for euros, `2` for euros and the quantity.
pub(super) fn credit(app: &Arc<App>, key: &str, fields: &Fields) -> Result<Reply, Refusal> {
    let wanted = fields.required_choice("credit", &["1", "2"])?;
    let mut accounts = app.accounts();
    let account = accounts.open(key);
    Ok(flat(&Etat {
        credit: account.credit.to_string(),
        quantite: (wanted == "2").then(|| Text(account.quantity())),
    }))
}
