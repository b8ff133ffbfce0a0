//! Owners that share the data, and those who speak after they were given up. A store that locks its
//! data keeps these laws by having one owner at a time.

use super::{Stage, accepted, assert_busy, claim, entry, granted, known, message, run, take};
use crate::component::{Fallout, Journal as _, Ticket};
use crate::journal::{Begin, Filter, Job, Ledger as _, State};

pub fn living_owners_respect_each_other<S: Stage>() {
    if !S::SHARED {
        return;
    }
    run(async {
        let stage = S::fresh().await;
        let (one, two) = (stage.open().await, stage.open().await);
        let ticket = take(&*one, message(1), &[0]).await;
        for resend in [false, true] {
            assert_busy(&claim(&*two, message(1), &[0], resend).await);
        }
        assert_eq!(entry(&*two, message(1), 0).await.unwrap().state, State::Claimed);
        assert!(!two.accept(message(1), 0).await.unwrap());
        assert_eq!(two.forget(&Filter::default()).await.unwrap(), 0);
        assert!(two.record(Ticket(ticket.0), &[(0, Fallout::Released)]).await.is_err());
        one.record(ticket, &[(0, accepted())]).await.unwrap();
        assert_eq!(known(claim(&*two, message(1), &[0], true).await), [(0, true)]);
        let tel = Filter { tel: Some(super::slot(0).tel.into()), ..Filter::default() };
        assert_eq!(two.entries(&tel, 9).await.unwrap().len(), 1, "they share the secret");
        let job = Job::new(None, "sendSms", None);
        let run = one.begin(&job, [1; 32], Begin::Join).await.unwrap();
        assert_eq!(two.begin(&job, [1; 32], Begin::Join).await.unwrap().scope, run.scope);
    });
}

pub fn a_late_accepted_is_always_written<S: Stage>() {
    if !S::SHARED {
        return;
    }
    run(async {
        let stage = S::fresh().await;
        let ghost = stage.open().await;
        let tickets = [
            take(&*ghost, message(1), &[0]).await,
            take(&*ghost, message(1), &[1]).await,
            take(&*ghost, message(1), &[2]).await,
            take(&*ghost, message(1), &[3]).await,
        ];
        let store = stage.open().await;
        stage.kill(&mut Some(ghost.clone())).await;
        // 0 stays as it is, 1 becomes unknown, 2 is being sent again, 3 was sent again.
        known(claim(&*store, message(1), &[1], false).await);
        let second = granted(claim(&*store, message(1), &[2], true).await);
        let third = granted(claim(&*store, message(1), &[3], true).await);
        store.record(third, &[(3, Fallout::Unknown)]).await.unwrap();
        for (slot, ticket) in (0..).zip(tickets) {
            ghost.record(ticket, &[(slot, accepted())]).await.unwrap();
        }
        let all = [(0, true), (1, true), (2, true), (3, true)];
        assert_eq!(known(claim(&*store, message(1), &[0, 1, 2, 3], true).await), all);
        store.record(second, &[(2, Fallout::Refused { code: Some(11) })]).await.unwrap();
        assert_eq!(known(claim(&*store, message(1), &[2], true).await), [(2, true)]);
        assert_eq!(entry(&*store, message(1), 2).await.unwrap().code, Some(0));
    });
}

pub fn a_late_refusal_frees_nothing_that_changed_hands<S: Stage>() {
    if !S::SHARED {
        return;
    }
    for late in [Fallout::Refused { code: Some(11) }, Fallout::Released, Fallout::Unknown] {
        run(async {
            let stage = S::fresh().await;
            let ghost = stage.open().await;
            let unknown = take(&*ghost, message(1), &[0]).await;
            let resent = take(&*ghost, message(1), &[1]).await;
            let accepted_since = take(&*ghost, message(1), &[2]).await;
            let store = stage.open().await;
            stage.kill(&mut Some(ghost.clone())).await;
            assert_eq!(known(claim(&*store, message(1), &[0], false).await), [(0, false)]);
            let ticket = granted(claim(&*store, message(1), &[1], true).await);
            assert!(store.accept(message(1), 2).await.unwrap());
            ghost.record(unknown, &[(0, late.clone())]).await.unwrap();
            ghost.record(resent, &[(1, late.clone())]).await.unwrap();
            ghost.record(accepted_since, &[(2, late)]).await.unwrap();
            assert_eq!(known(claim(&*store, message(1), &[0], false).await), [(0, false)]);
            assert_busy(&claim(&*store, message(1), &[1], true).await);
            assert_eq!(known(claim(&*store, message(1), &[2], true).await), [(2, true)]);
            store.record(ticket, &[(1, Fallout::Released)]).await.unwrap();
            assert_eq!(known(claim(&*store, message(1), &[1], true).await), [(1, false)]);
        });
    }
}
