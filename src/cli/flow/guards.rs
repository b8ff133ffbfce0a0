//! What holds a run back.

use std::sync::Arc;

use crate::cli::limits::{Count, LimitArgs, Limits};
use crate::runtime::{Engine, Stopper};

/// What holds a run back, and what counts it.
pub struct Guards {
    limits: Option<Arc<Limits>>,
    /// What would be sent, for the comparison with the credit.
    pub count: Arc<Count>,
}

impl Guards {
    /// The guards for these flags. `stopper` ends the reading when one trips.
    pub fn new(args: &LimitArgs, dry_run: bool, stopper: Stopper) -> Self {
        // A plan is told to its end, whatever a run would do.
        let ending = (!dry_run).then_some(stopper);
        let limits = Limits::new(args, ending).map(Arc::new);
        Self { limits, count: Arc::default() }
    }

    /// The engine, held back. What the credit is compared with is counted in plans only.
    pub fn guard(&self, engine: Engine) -> Engine {
        let engine = match &self.limits {
            Some(limits) => engine.admission(Arc::clone(limits) as _),
            None => engine,
        };
        if engine.test_mode() == Some("dryRun") {
            engine.admission(Arc::clone(&self.count) as _)
        } else {
            engine
        }
    }

    /// The flag whose limit was reached.
    pub fn reached(&self) -> Option<&'static str> {
        self.limits.as_ref().and_then(|it| it.reached())
    }
}
