//! What triggers remember.

use super::{Stage, accepted, entries, message, run, settle};
use crate::component::State as _;
use crate::journal::{Filter, Ledger as _};

pub fn what_a_trigger_saved_survives_its_owner<S: Stage>() {
    run(async {
        let stage = S::fresh().await;
        let store = stage.open().await;
        assert_eq!(store.load("one").await.unwrap(), None);
        let large: Vec<u8> = (0..600_000_u32).map(|it| it.to_le_bytes()[0]).collect();
        store.save("one", b"before".to_vec()).await.unwrap();
        store.save("one", large.clone()).await.unwrap();
        store.save("two", Vec::new()).await.unwrap();
        settle(&*store, message(1), &[0], &accepted()).await;
        let store = stage.reopen(store).await;
        assert_eq!(store.load("one").await.unwrap(), Some(large));
        assert_eq!(store.load("two").await.unwrap(), Some(Vec::new()));
        assert_eq!(store.load("on").await.unwrap(), None);
        assert_eq!(store.forget(&Filter::default()).await.unwrap(), 1);
        assert!(store.load("two").await.unwrap().is_some(), "it is no entry");
        assert!(entries(&*store, &Filter::default()).await.is_empty());
    });
}
