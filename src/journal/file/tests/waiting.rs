//! Callers who do not wait, readers who take their time.

use std::pin::pin;
use std::task::{Context, Waker};

use super::OneFile;
use crate::component::{Claim, Journal as _};
use crate::journal::laws::{accepted, claim, entries, known, message, run, settle, take};
use crate::journal::{FileJournal, Filter, Ledger as _};

fn poll_once(future: impl Future) {
    let _pending = pin!(future).poll(&mut Context::from_waker(Waker::noop()));
}

#[test]
fn a_claim_that_nobody_waits_for_is_given_back() {
    run(async {
        let file = OneFile::new();
        let store = FileJournal::open(file.path()).unwrap();
        for turn in 0..50_u32 {
            for number in 0..8 {
                poll_once(claim(&store, message(number), &[0], false));
            }
            // Some are dropped before the answer comes, some after.
            tokio::time::sleep(std::time::Duration::from_micros(u64::from(turn) * 20)).await;
        }
        for number in 0..8 {
            loop {
                match claim(&store, message(number), &[0], false).await {
                    Claim::Granted(..) => break,
                    Claim::Busy(_) => tokio::task::yield_now().await,
                    Claim::Known(known) => panic!("nothing was called: {known:?}"),
                }
            }
        }
        let mut late = Box::pin(claim(&store, message(10), &[0], false));
        poll_once(late.as_mut());
        // Its answer comes meanwhile.
        take(&store, message(11), &[0]).await;
        drop(late);
        take(&store, message(10), &[0]).await;
        poll_once(claim(&store, message(9), &[0], false));
        drop(store);
        let store = FileJournal::open(file.path()).unwrap();
        take(&store, message(9), &[0]).await;
    });
}

#[test]
fn what_was_queued_is_written_before_the_store_is_gone() {
    run(async {
        let file = OneFile::new();
        let store = FileJournal::open(file.path()).unwrap();
        let mut tickets = Vec::new();
        for number in 0..100 {
            tickets.push(take(&store, message(number), &[0]).await);
        }
        let fallout = [(0, accepted())];
        for ticket in tickets {
            poll_once(store.record(ticket, &fallout));
        }
        drop(store);
        let store = FileJournal::open(file.path()).unwrap();
        for number in 0..100 {
            assert_eq!(known(claim(&store, message(number), &[0], false).await), [(0, true)]);
        }
    });
}

#[test]
fn a_reader_does_not_stop_the_writer() {
    run(async {
        let file = OneFile::new();
        let store = FileJournal::open(file.path()).unwrap();
        let reading = store.shared.begin_read().unwrap();
        settle(&store, message(1), &[0], &accepted()).await;
        assert_eq!(entries(&store, &Filter::default()).await.len(), 1);
        drop(reading);
    });
}

#[test]
fn a_reader_does_not_keep_a_failed_file_closed() {
    run(async {
        let file = OneFile::new();
        let store = FileJournal::open(file.path()).unwrap();
        settle(&store, message(1), &[0], &accepted()).await;
        let reading = store.shared.begin_read().unwrap();
        store.shared.close();
        take(&store, message(2), &[0]).await;
        store.shared.close();
        assert_eq!(entries(&store, &Filter::default()).await.len(), 2);
        drop(reading);
        std::fs::remove_file(file.path()).unwrap();
        drop(FileJournal::open(file.path()).unwrap());
        store.shared.close();
        let error = store.entries(&Filter::default(), 1).await.unwrap_err();
        assert!(error.what.contains("was replaced by another file"), "{error}");
    });
}
