//! What starts a flow: one file a trigger. See [`crate::component::Trigger`].

pub mod start_flow;
