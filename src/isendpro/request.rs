//! What can be asked of the API: one type an operation, each field as iSendPro writes it.
//!
//! Every type is what goes on the wire, without the key, and at the same time what a message of the
//! corresponding action holds: the first paragraph of a field's documentation is its label in the
//! low-code UI.

mod account;
mod directory;
mod lists;
mod sms;
mod wire;

pub use account::{
    AddShortlink, Credit, CreditDetail, SubaccountAdd, SubaccountChange, SubaccountEdit,
};
pub use directory::{Champs, RepertoireCrea, RepertoireEdit, RepertoireModif};
pub use lists::{Campagne, DelListeNoire, GetListeNoire, Hlr, RapportCampagne, SetListeNoire};
pub use sms::{Comptage, Sms, SmsMulti};

use serde::Serialize;

use super::Operation;

/// Something that can be asked of the API.
pub trait Request: Serialize + Sync {
    /// The operation.
    fn operation(&self) -> Operation;

    /// How many recipients it concerns; the time allowed grows with it.
    fn recipients(&self) -> usize {
        0
    }

    /// The only numbers that the answer may be about; none if it may be about others.
    fn numbers(&self) -> &[String] {
        &[]
    }

    /// Secrets beside the key that an answer might reflect.
    fn secrets(&self) -> Option<&str> {
        None
    }
}
