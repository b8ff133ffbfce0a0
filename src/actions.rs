//! What the connector can do: one file an action.
//!
//! Each has the same shape: an input, options, an output, and three functions: plan (pure), call
//! (one request), finish. See [`crate::component::Action`].

pub mod add_shortlink;
pub mod comptage;
pub mod del_liste_noire;
pub mod get_campagne;
pub mod get_credit;
pub mod get_hlr;
pub mod get_liste_noire;
pub mod repertoire;
pub mod repertoire_crea;
pub mod send_sms;
pub mod send_sms_multi;
pub mod set_liste_noire;
pub mod subaccount_add;
pub mod subaccount_edit;

mod answer;
mod blacklist;
mod bulk;
mod fate;
mod recipients;
mod rows;
mod sending;
mod table;

pub use crate::isendpro::report::is_for_trackers;
pub use blacklist::{Listed, OneNumber};
pub use bulk::Batch;
pub use fate::{Fate, RecipientResult, Sent};
pub use rows::kept as kept_report;
pub use sending::{Account, Content, Numbers, Purpose, Rules, Sending, TextPolicy, cost};
pub use table::{Reading, Table};
