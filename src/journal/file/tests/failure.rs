//! Disks that fail and lose power.

use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tokio::sync::{mpsc, oneshot};

use super::OneFile;
use super::disk::{Act, Disk};
use crate::component::{Claim, Fallout, Journal as _, Ticket};
use crate::journal::file::expiry::Expiry;
use crate::journal::file::open::random;
use crate::journal::file::orders::Order;
use crate::journal::file::writer::{Shared, Writer};
use crate::journal::laws::{
    accepted, assert_busy, claim, entry, known, message, run, settle, slot, take,
};
use crate::journal::{FileJournal, State};

/// A claim that may fail.
async fn try_claim(store: &FileJournal, number: u8) -> Result<Claim, crate::component::Error> {
    let slots = [slot(0), slot(1)];
    let wanted = crate::component::Wanted {
        message: message(number),
        scope: crate::journal::laws::SCOPE,
        action: "sendSms",
        account: None,
        slots: &slots,
        resend: false,
        lasts: crate::journal::laws::LASTS,
        progress: None,
    };
    store.claim(wanted).await
}

#[test]
fn a_full_disk_grants_nothing_and_is_forgiven_once_there_is_room() {
    for act in [Act::Write, Act::Grow] {
        run(async {
            let (file, disk) = (OneFile::new(), Disk::default());
            let store = disk.journal(&file.path()).unwrap();
            settle(&store, message(1), &[0], &accepted()).await;
            let ticket = take(&store, message(2), &[0, 1]).await;
            disk.fail_at(Some(act));
            let mut refused = 0;
            for number in 10..100 {
                // A file that may not grow takes a few more claims into the room it has.
                if let Err(error) = try_claim(&store, number).await {
                    assert!(error.to_string().contains("make room"), "{error}");
                    assert!(error.retryable());
                    refused = number;
                    break;
                }
            }
            assert!(act == Act::Grow || refused == 10);
            disk.fail_at(None);
            if refused > 0 {
                let claim = try_claim(&store, refused).await.unwrap();
                assert!(matches!(claim, Claim::Granted(..)), "{claim:?}");
            }
            assert_busy(&claim(&store, message(2), &[0], false).await);
            store.record(ticket, &[(0, accepted()), (1, Fallout::Released)]).await.unwrap();
            let answer = claim(&store, message(1), &[0], false).await;
            assert_eq!(known(answer), [(0, true)]);
            let answer = claim(&store, message(2), &[0, 1], false).await;
            assert_eq!(known(answer), [(0, true)]);
        });
    }
}

#[test]
fn a_disk_that_is_full_in_the_middle_of_a_batch_is_told_to_all_who_wait() {
    let (file, disk) = (OneFile::new(), Disk::default());
    let home = disk.home(&file.path());
    let opened = home.open().unwrap();
    let expiry = Expiry::of(&opened.db, None, jiff::Timestamp::now()).unwrap();
    let shared = Arc::new(Shared::new(home, opened, random().unwrap()));
    let (orders, queue) = mpsc::channel(100);
    let answers: Vec<_> = (0..100)
        .map(|number| {
            let (reply, answer) = oneshot::channel();
            orders.try_send(Order::Save(format!("{number}"), vec![0; 1 << 18], reply)).unwrap();
            answer
        })
        .collect();
    drop(orders);
    disk.fail_at(Some(Act::Grow));
    Writer::new(shared, queue, expiry).run();
    for (place, answer) in answers.into_iter().enumerate() {
        let told = answer.blocking_recv();
        let error = told.unwrap_or_else(|_| panic!("nobody answered {place}")).unwrap_err();
        assert!(error.to_string().contains("make room"), "{place}: {error}");
    }
}

#[test]
fn an_outcome_that_cannot_be_written_leaves_the_claim() {
    run(async {
        let (file, disk) = (OneFile::new(), Disk::default());
        let store = disk.journal(&file.path()).unwrap();
        let ticket = take(&store, message(1), &[0]).await;
        let other = take(&store, message(2), &[0]).await;
        disk.fail_at(Some(Act::Write));
        for _ in 0..3 {
            store.record(Ticket(ticket.0), &[(0, accepted())]).await.unwrap_err();
            store.record(Ticket(other.0), &[(0, accepted())]).await.unwrap_err();
        }
        disk.fail_at(None);
        assert_busy(&claim(&store, message(1), &[0], true).await);
        assert_eq!(entry(&store, message(1), 0).await.unwrap().state, State::Claimed);
        store.record(ticket, &[(0, accepted())]).await.unwrap();
        drop(store);
        let store = disk.journal(&file.path()).unwrap();
        assert_eq!(known(claim(&store, message(1), &[0], false).await), [(0, true)]);
        assert_eq!(known(claim(&store, message(2), &[0], false).await), [(0, false)]);
    });
}

#[test]
fn after_a_failed_sync_nothing_is_granted_until_it_is_started_again() {
    run(async {
        let (file, disk) = (OneFile::new(), Disk::default());
        let store = disk.journal(&file.path()).unwrap();
        settle(&store, message(1), &[0], &accepted()).await;
        let ticket = take(&store, message(2), &[0]).await;
        disk.fail_at(Some(Act::Sync));
        try_claim(&store, 3).await.unwrap_err();
        disk.fail_at(None);
        for number in [3, 4, 1] {
            let error = try_claim(&store, number).await.unwrap_err();
            assert!(error.to_string().contains("start again"), "{error}");
        }
        store.record(ticket, &[(0, accepted())]).await.unwrap_err();
        drop(store);
        let store = disk.journal(&file.path()).unwrap();
        assert_eq!(known(claim(&store, message(1), &[0], false).await), [(0, true)]);
        assert_eq!(known(claim(&store, message(2), &[0], false).await), [(0, false)]);
        // The failed claim was written or not; in doubt it is unknown.
        match try_claim(&store, 3).await.unwrap() {
            Claim::Granted(..) => {}
            answer => assert_eq!(known(answer), [(0, false), (1, false)]),
        }
    });
}

/// What a caller was told of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Granted,
    Accepted,
    Released,
}

/// Claims and records on this disk until an error comes; says what callers were told.
async fn work(store: &FileJournal, messages: u8) -> Vec<(u8, Told)> {
    let mut told = Vec::new();
    for number in 0..messages {
        let Ok(Claim::Granted(ticket, _)) = try_claim(store, number).await else { break };
        told.push((number, Told::Granted));
        let (fallout, outcome) = match number % 3 {
            0 => (accepted(), Told::Accepted),
            1 => (Fallout::Released, Told::Released),
            _ => continue,
        };
        let Ok(()) = store.record(ticket, &[(0, fallout.clone()), (1, fallout)]).await else {
            break;
        };
        told.last_mut().unwrap().1 = outcome;
    }
    told
}

/// What was told must be there; an outcome that failed may be there too.
async fn check(store: &FileJournal, told: &[(u8, Told)]) {
    for (place, (number, told_last)) in told.iter().enumerate() {
        let answer = try_claim(store, *number).await.unwrap();
        let last = place + 1 == told.len();
        match told_last {
            Told::Accepted => assert_eq!(known(answer), [(0, true), (1, true)], "{number}"),
            Told::Released => assert!(matches!(answer, Claim::Granted(..)), "{number}: {answer:?}"),
            Told::Granted if last && matches!(answer, Claim::Granted(..)) => {
                assert_eq!(number % 3, 1, "only a release that failed may have freed it");
            }
            Told::Granted if last && number % 3 == 0 => {
                let known = known(answer);
                assert!(known == [(0, true), (1, true)] || known == [(0, false), (1, false)]);
            }
            Told::Granted => assert_eq!(known(answer), [(0, false), (1, false)], "{number}"),
        }
    }
}

#[test]
fn wherever_the_disk_fails_what_was_told_is_there() {
    run(async {
        for acts in (0..150).step_by(3) {
            let (file, disk) = (OneFile::new(), Disk::default());
            drop(disk.journal(&file.path()).unwrap());
            disk.fail_after(Some(acts));
            let told = match disk.journal(&file.path()) {
                Ok(store) => work(&store, 20).await,
                Err(_) => Vec::new(),
            };
            disk.fail_after(None);
            let store = disk.journal(&file.path()).unwrap();
            check(&store, &told).await;
        }
    });
}

#[test]
fn wherever_the_power_goes_what_was_told_is_there() {
    let config = Config { cases: 40, failure_persistence: None, ..Config::default() };
    let case = (0..250_u64, prop::collection::vec(any::<bool>(), 1..30));
    TestRunner::new(config)
        .run(&case, |(acts, survives)| {
            run(async {
                let (file, disk) = (OneFile::new(), Disk::default());
                drop(disk.journal(&file.path()).unwrap());
                disk.fail_after(Some(acts));
                let store = disk.journal(&file.path());
                let told = match &store {
                    Ok(store) => work(store, 40).await,
                    Err(_) => Vec::new(),
                };
                let mut survives = survives.into_iter().cycle();
                let left = disk.after_power_loss(|| survives.next().unwrap());
                check(&left.journal(&file.path()).unwrap(), &told).await;
            });
            Ok(())
        })
        .unwrap();
}
