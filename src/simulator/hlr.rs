//! `getHlr`: the operator of each number. Nothing is billed: the price of a
//! look-up is not public.

use std::sync::Arc;

use serde::Serialize;

use super::App;
use super::fields::Fields;
use super::number;
use super::reply::{Refusal, Reply, one_or_many};

#[derive(Serialize)]
struct Entry {
    operateur: &'static str,
    tel: String,
}

/// One entry a number, `?` for an impossible one.
pub(super) fn hlr(_: &Arc<App>, _: &str, fields: &Fields) -> Result<Reply, Refusal> {
    fields.required_choice("getHLR", &["1"])?;
    let entries: Vec<_> = fields
        .required_list("num")?
        .iter()
        .map(|num| Entry { operateur: number::operator(num), tel: number::echoed(num) })
        .collect();
    Ok(one_or_many(&entries))
}
