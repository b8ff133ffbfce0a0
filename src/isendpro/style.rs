//! How the five operations are asked for whose published form the vendor changed.

use std::sync::atomic::{AtomicU8, Ordering};

use super::{Operation, Outcome};

/// How the five moved operations ([`Operation::moved`]) are asked for. The others are always JSON.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RequestStyle {
    /// The published form, then JSON, then a form, until one is understood; what worked is
    /// remembered. Safe because these operations only read, or may be repeated.
    #[default]
    Auto,
    /// As published: the fields in the query.
    Published,
    /// A POST with a JSON body.
    Json,
    /// A POST with a form as its body.
    Form,
}

impl RequestStyle {
    /// The style of this name: `auto`, `published`, `json` or `form`.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "auto" => Some(Self::Auto),
            "published" => Some(Self::Published),
            "json" => Some(Self::Json),
            "form" => Some(Self::Form),
            _ => None,
        }
    }
}

/// A style that was decided on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wire {
    Query,
    Json,
    Form,
}

/// Which style each operation was understood in.
#[derive(Debug)]
pub(super) struct Styles {
    wanted: RequestStyle,
    learned: [AtomicU8; Operation::ALL.len()],
}

impl Styles {
    pub(super) fn new(wanted: RequestStyle) -> Self {
        Self { wanted, learned: Default::default() }
    }

    /// The styles to try, in order.
    pub(super) fn to_try(&self, operation: Operation) -> &'static [Wire] {
        if !operation.moved() {
            return &[Wire::Json];
        }
        match self.wanted {
            RequestStyle::Published => &[Wire::Query],
            RequestStyle::Json => &[Wire::Json],
            RequestStyle::Form => &[Wire::Form],
            RequestStyle::Auto => match self.learned[operation as usize].load(Ordering::Relaxed) {
                1 => &[Wire::Query],
                2 => &[Wire::Json],
                3 => &[Wire::Form],
                _ => &[Wire::Query, Wire::Json, Wire::Form],
            },
        }
    }

    /// Remembers what an operation was understood in.
    pub(super) fn learn<T>(&self, operation: Operation, wire: Wire, outcome: &Outcome<T>) {
        if !matches!(outcome, Outcome::Answered(_)) {
            return;
        }
        let code = match wire {
            Wire::Query => 1,
            Wire::Json => 2,
            Wire::Form => 3,
        };
        self.learned[operation as usize].store(code, Ordering::Relaxed);
    }
}
