//! `comptage`: how long a text is and how many SMS it takes. Nothing is sent.

use std::sync::Arc;

use serde::Serialize;

use super::App;
use super::fields::Fields;
use super::message::Terms;
use super::number;
use super::reply::{Refusal, Reply, Text, nested};
use super::text::MOST_PARTS;

#[derive(Serialize)]
struct Entry {
    nb_caractere: Text<usize>,
    nb_sms: Text<usize>,
    tel: String,
}

/// Without `smslong`, any text of up to six parts is counted.
pub(super) fn comptage(_: &Arc<App>, _: &str, fields: &Fields) -> Result<Reply, Refusal> {
    fields.required_choice("comptage", &["1"])?;
    let num = fields.required("num")?;
    let text = fields.required("sms")?;
    let length = Terms::read(fields)?.measure(&text, MOST_PARTS)?;
    Ok(nested(&Entry {
        nb_caractere: Text(length.characters),
        nb_sms: Text(length.parts),
        tel: number::echoed(&num),
    }))
}
