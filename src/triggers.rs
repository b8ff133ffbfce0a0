//! What starts a flow: one file a trigger. See [`crate::component::Trigger`].

pub mod new_delivery_reports;
pub mod start_flow;

mod marks;
mod snapshot;
