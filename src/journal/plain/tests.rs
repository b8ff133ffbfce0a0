//! It keeps the laws.

use std::sync::{Arc, Mutex};

use super::{Data, Plain};
use crate::component::Fallout;
use crate::journal::laws::{Stage, claim, every_law, granted, known, message, run, settle, take};

/// Data in memory, and how many owners it has had.
struct InMemory(Arc<Mutex<Data>>, Mutex<u32>);

impl Stage for InMemory {
    type Store = Plain;
    const SHARED: bool = true;
    const CASES: u32 = 256;

    async fn fresh() -> Self {
        Self(Arc::default(), Mutex::default())
    }

    async fn open(&self) -> Arc<Plain> {
        let mut owners = self.1.lock().unwrap();
        *owners += 1;
        Arc::new(Plain::open(&self.0, *owners))
    }

    async fn kill(&self, owner: &mut Option<Arc<Plain>>) {
        let owner = owner.as_ref().unwrap().owner;
        self.0.lock().unwrap().kill(owner);
    }
}

every_law!(InMemory);

#[test]
fn a_claim_that_is_given_up_leaves_what_was_there_before() {
    run(async {
        let store = InMemory::fresh().await.open().await;
        store.give_up(&take(&*store, message(1), &[0]).await);
        settle(&*store, message(1), &[0], &Fallout::Unknown).await;
        for _ in 0..2 {
            store.give_up(&granted(claim(&*store, message(1), &[0], true).await));
            assert_eq!(known(claim(&*store, message(1), &[0], false).await), [(0, false)]);
        }
    });
}
