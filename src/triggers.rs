//! What starts a flow: one file a trigger. See [`crate::component::Trigger`].

pub mod delivery_receipt;
pub mod low_credit;
pub mod new_delivery_reports;
pub mod new_opt_outs;
pub mod start_flow;

mod marks;
mod pages;
mod snapshot;
