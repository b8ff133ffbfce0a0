//! `addShortlink`: a short link for a long one. The code is a number here, and
//! it means success at 250.

use std::sync::Arc;

use serde::Serialize;

use super::App;
use super::codes::LINK_MADE;
use super::fields::Fields;
use super::reply::{Refusal, Reply, nested};

#[derive(Serialize)]
struct Entry {
    code: u16,
    message: &'static str,
    shortlink: String,
}

/// Every call makes another link, also to the same target.
pub(super) fn shortlink(app: &Arc<App>, key: &str, fields: &Fields) -> Result<Reply, Refusal> {
    let target = fields.required("shortlink")?;
    let mut accounts = app.accounts();
    // Without a scheme and with "ww.", as the API answers.
    let link = format!("ww.sms.ht/{}", letters(accounts.next()));
    let account = accounts.open(key);
    account.links.push((link.clone(), target.into_owned()));
    Ok(nested(&Entry { code: LINK_MADE.number, message: LINK_MADE.label, shortlink: link }))
}

/// Four letters; the first ones begin with `a`.
fn letters(mut made: u32) -> String {
    let alphabet = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let mut letters = ['a'; 4];
    for letter in letters.iter_mut().rev() {
        *letter = char::from(alphabet[made as usize % alphabet.len()]);
        made /= 52;
    }
    letters.iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_differ() {
        assert_eq!([0, 1, 52].map(letters), ["aaaa", "aaab", "aaba"]);
    }
}
