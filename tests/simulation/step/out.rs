//! Where the results of a message go.

use std::sync::atomic::{AtomicBool, Ordering};

use isendpro_connector::component::{BoxFuture, Emit, Error, Kind};
use serde_json::Value;

use super::Worker;

pub struct Out<'a> {
    worker: &'a Worker,
    message: usize,
    is_gone: AtomicBool,
}

impl<'a> Out<'a> {
    pub fn new(worker: &'a Worker, message: usize) -> Self {
        Self { worker, message, is_gone: AtomicBool::new(false) }
    }

    /// Whether something could not be published.
    pub fn is_gone(&self) -> bool {
        self.is_gone.load(Ordering::Relaxed)
    }
}

impl Emit for Out<'_> {
    fn emit(&self, result: Value) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            let by = format!("process {}", self.worker.process);
            // Whoever reads it knows by its id that it came before.
            let is_told = AtomicBool::new(false);
            let tell = |_| {
                if !is_told.swap(true, Ordering::Relaxed) {
                    self.worker.world.tell(self.message, &result, &by);
                }
            };
            if self.worker.publish(tell).await {
                return Ok(());
            }
            self.is_gone.store(true, Ordering::Relaxed);
            Err(Error::new(Kind::Unavailable, "a result could not be published"))
        })
    }
}
