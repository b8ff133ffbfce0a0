//! The table of all that a component does.

use super::Handler;

/// All that a component does: the table that the runtimes are driven by.
#[derive(Debug)]
pub struct Component {
    /// The component's name.
    pub name: &'static str,
    /// Its actions and triggers.
    pub handlers: &'static [Handler],
}

impl Component {
    /// The action or trigger of this name.
    pub fn handler(&self, name: &str) -> Option<&'static Handler> {
        self.handlers.iter().find(|it| it.meta.name == name)
    }
}
