//! What a claim answers.

use jiff::{Timestamp, ToSpan as _};

use super::{
    Stage, accepted, assert_busy, claim, entry, granted, known, message, run, settle, slot, take,
};
use crate::component::{Claim, Fallout, Journal as _, Known, Scope, Slot, WHOLE, Wanted};
use crate::journal::State;

pub fn free_slots_are_granted<S: Stage>() {
    run(async {
        let stage = S::fresh().await;
        let store = stage.open().await;
        let first = take(&*store, message(1), &[0, 1]).await;
        let other_slot = take(&*store, message(1), &[2]).await;
        let other_message = take(&*store, message(2), &[0, 1]).await;
        assert!(first != other_slot && other_slot != other_message && first != other_message);
    });
}

pub fn a_claim_of_a_living_owner_makes_busy<S: Stage>() {
    run(async {
        let stage = S::fresh().await;
        let store = stage.open().await;
        take(&*store, message(1), &[0, 1]).await;
        for resend in [false, true] {
            assert_busy(&claim(&*store, message(1), &[1], resend).await);
            assert_busy(&claim(&*store, message(1), &[2, 1, 3], resend).await);
        }
        take(&*store, message(1), &[2, 3]).await;
    });
}

pub fn busy_comes_before_known_and_changes_nothing<S: Stage>() {
    run(async {
        let stage = S::fresh().await;
        let store = stage.open().await;
        settle(&*store, message(1), &[0], &accepted()).await;
        settle(&*store, message(1), &[1], &Fallout::Unknown).await;
        take(&*store, message(1), &[2]).await;
        assert_busy(&claim(&*store, message(1), &[0, 1, 2, 3], false).await);
        assert_busy(&claim(&*store, message(1), &[0, 1, 2, 3], true).await);
        assert_eq!(
            known(claim(&*store, message(1), &[0, 1], false).await),
            [(0, true), (1, false)]
        );
        take(&*store, message(1), &[3]).await;
    });
}

pub fn accepted_slots_are_known_with_what_was_kept<S: Stage>() {
    run(async {
        let stage = S::fresh().await;
        let store = stage.open().await;
        let before = Timestamp::now() - 1.milliseconds();
        settle(&*store, message(1), &[0], &accepted()).await;
        let after = Timestamp::now();
        let Claim::Known(known) = claim(&*store, message(1), &[0], false).await else {
            panic!("an accepted slot is known");
        };
        let [(0, Known::Accepted(kept))] = known.as_slice() else { panic!("{known:?}") };
        assert!(before <= kept.at && kept.at <= after, "the claim's time counts: {kept:?}");
        assert_eq!((kept.code, kept.parts), (Some(0), Some(2)));
        assert_eq!(kept.data.as_deref(), Some(r#"{"etat":"ok"}"#));
    });
}

pub fn unknown_slots_are_known_with_their_time_and_tracker<S: Stage>() {
    run(async {
        let stage = S::fresh().await;
        let store = stage.open().await;
        let before = Timestamp::now() - 1.milliseconds();
        settle(&*store, message(1), &[2], &Fallout::Unknown).await;
        let after = Timestamp::now();
        let Claim::Known(known) = claim(&*store, message(1), &[2], false).await else {
            panic!("an unknown slot is known");
        };
        let [(2, Known::Unknown { since, tracker })] = known.as_slice() else {
            panic!("{known:?}")
        };
        assert!(before <= *since && *since <= after, "{since}");
        assert_eq!(tracker.as_deref(), Some("track-2"));
    });
}

pub fn known_lists_all_of_them_and_claims_nothing<S: Stage>() {
    run(async {
        let stage = S::fresh().await;
        let store = stage.open().await;
        take(&*store, message(1), &[3]).await;
        let store = stage.reopen(store).await;
        settle(&*store, message(1), &[0], &accepted()).await;
        settle(&*store, message(1), &[1], &Fallout::Unknown).await;
        let answer = claim(&*store, message(1), &[0, 1, 2, 3], false).await;
        assert_eq!(known(answer), [(0, true), (1, false), (3, false)]);
        assert_eq!(entry(&*store, message(1), 2).await, None);
        take(&*store, message(1), &[2]).await;
    });
}

pub fn a_resend_takes_unknown_slots_and_never_accepted_ones<S: Stage>() {
    run(async {
        let stage = S::fresh().await;
        let store = stage.open().await;
        settle(&*store, message(1), &[0], &accepted()).await;
        settle(&*store, message(1), &[1], &Fallout::Unknown).await;
        assert_eq!(known(claim(&*store, message(1), &[0, 1, 2], true).await), [(0, true)]);
        let seen = entry(&*store, message(1), 1).await.unwrap().state;
        assert_eq!(seen, State::Unknown, "nothing is claimed when anything is known");
        let ticket = granted(claim(&*store, message(1), &[1, 2], true).await);
        store.record(ticket, &[(1, accepted()), (2, accepted())]).await.unwrap();
        let answer = claim(&*store, message(1), &[0, 1, 2], true).await;
        assert_eq!(known(answer), [(0, true), (1, true), (2, true)]);
    });
}

pub fn what_is_in_doubt_is_sent_again_once<S: Stage>() {
    run(async {
        let stage = S::fresh().await;
        let store = stage.open().await;
        settle(&*store, message(1), &[0], &Fallout::Unknown).await;
        let ticket = granted(claim(&*store, message(1), &[0], true).await);
        store.record(ticket, &[(0, Fallout::Unknown)]).await.unwrap();
        for resend in [false, true] {
            assert_eq!(known(claim(&*store, message(1), &[0], resend).await), [(0, false)]);
        }
    });
}

/// The first try may have been sent, whatever became of the second.
pub fn what_was_sent_again_in_vain_stays_in_doubt<S: Stage>() {
    run(async {
        for outcome in [Fallout::Released, Fallout::Refused { code: None }] {
            let stage = S::fresh().await;
            let store = stage.open().await;
            settle(&*store, message(1), &[0], &Fallout::Unknown).await;
            let claimed = claim(&*store, message(1), &[1, 0], true).await;
            assert!(matches!(&claimed, Claim::Granted(_, again) if *again == [0]), "{claimed:?}");
            store.record(granted(claimed), &[(0, outcome.clone()), (1, outcome)]).await.unwrap();
            assert_eq!(known(claim(&*store, message(1), &[0], false).await), [(0, false)]);
        }
    });
}

pub fn refused_and_released_slots_are_free<S: Stage>() {
    run(async {
        let stage = S::fresh().await;
        let store = stage.open().await;
        for _ in 0..2 {
            settle(&*store, message(1), &[0, 1], &Fallout::Refused { code: Some(11) }).await;
            assert_eq!(entry(&*store, message(1), 0).await.unwrap().state, State::Refused);
            settle(&*store, message(1), &[0, 1], &Fallout::Released).await;
            assert_eq!(entry(&*store, message(1), 0).await, None, "what is free is no entry");
        }
        let store = stage.reopen(store).await;
        settle(&*store, message(1), &[0, 1], &accepted()).await;
    });
}

pub fn a_new_claim_replaces_what_was_remembered<S: Stage>() {
    run(async {
        let stage = S::fresh().await;
        let store = stage.open().await;
        settle(&*store, message(1), &[0], &Fallout::Refused { code: Some(11) }).await;
        let old = entry(&*store, message(1), 0).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(3)).await;
        let slots = [Slot { index: 0, tel: "33712345699", tracker: None }];
        let scope = Scope([9; 16]);
        let wanted = Wanted {
            message: message(1),
            scope,
            action: "comptage",
            account: None,
            slots: &slots,
            resend: false,
            lasts: super::LASTS,
            progress: None,
        };
        let ticket = granted(store.claim(wanted).await.unwrap());
        let new = entry(&*store, message(1), 0).await.unwrap();
        assert_eq!((new.state, new.scope, new.code), (State::Claimed, scope, None));
        assert_eq!((new.action.as_str(), new.tracker.as_deref()), ("comptage", None));
        assert_eq!(new.last_digits.as_deref(), Some("99"));
        assert!(old.at < new.at);
        store.record(ticket, &[]).await.unwrap();
    });
}

pub fn the_whole_is_a_slot_of_its_own<S: Stage>() {
    run(async {
        let stage = S::fresh().await;
        let store = stage.open().await;
        settle(&*store, message(1), &[0], &accepted()).await;
        let slots = [Slot { index: WHOLE, tel: "a directory", tracker: None }];
        let wanted = Wanted {
            message: message(1),
            scope: super::SCOPE,
            action: "repertoireCrea",
            account: None,
            slots: &slots,
            resend: false,
            lasts: super::LASTS,
            progress: None,
        };
        let ticket = granted(store.claim(wanted).await.unwrap());
        store.record(ticket, &[(WHOLE, accepted())]).await.unwrap();
        let whole = entry(&*store, message(1), WHOLE).await.unwrap();
        assert_eq!((whole.last_digits, whole.tracker), (None, None), "it is no number");
        assert_eq!(whole.number, store.number("a directory"));
        let Claim::Known(answer) = store.claim(wanted).await.unwrap() else { panic!("known") };
        assert!(matches!(answer.as_slice(), [(WHOLE, Known::Accepted(_))]), "{answer:?}");
    });
}

pub fn a_claim_of_a_dead_owner_is_unknown<S: Stage>() {
    run(async {
        let stage = S::fresh().await;
        let store = stage.open().await;
        let before = Timestamp::now() - 1.milliseconds();
        take(&*store, message(1), &[0, 1]).await;
        let after = Timestamp::now();
        let mut store = stage.reopen(store).await;
        assert_eq!(entry(&*store, message(1), 0).await.unwrap().state, State::Unknown);
        for _ in 0..2 {
            let answer = claim(&*store, message(1), &[0], false).await;
            let Claim::Known(answer) = answer else { panic!("{answer:?}") };
            let [(0, Known::Unknown { since, tracker })] = answer.as_slice() else {
                panic!("{answer:?}")
            };
            assert!(before <= *since && *since <= after, "{since}");
            assert_eq!(tracker.as_deref(), slot(0).tracker);
            store = stage.reopen(store).await;
        }
    });
}

pub fn a_resend_takes_the_claim_of_a_dead_owner<S: Stage>() {
    run(async {
        let stage = S::fresh().await;
        let store = stage.open().await;
        take(&*store, message(1), &[0]).await;
        let store = stage.reopen(store).await;
        let ticket = granted(claim(&*store, message(1), &[0, 1], true).await);
        assert_busy(&claim(&*store, message(1), &[0], true).await);
        store.record(ticket, &[(0, accepted()), (1, accepted())]).await.unwrap();
        assert_eq!(known(claim(&*store, message(1), &[0, 1], true).await), [(0, true), (1, true)]);
    });
}

/// Whether the old claim became unknown shows by a late refusal: it frees a claim, and leaves what
/// is unknown.
pub fn only_a_claim_that_answers_known_settles_a_dead_owners_slots<S: Stage>() {
    if !S::SHARED {
        return;
    }
    run(async {
        let stage = S::fresh().await;
        let ghost = stage.open().await;
        let spared = take(&*ghost, message(1), &[0]).await;
        let settled = take(&*ghost, message(1), &[1]).await;
        let store = stage.open().await;
        stage.kill(&mut Some(ghost.clone())).await;
        take(&*store, message(1), &[2]).await;
        assert_busy(&claim(&*store, message(1), &[0, 2], false).await);
        assert_eq!(known(claim(&*store, message(1), &[1], false).await), [(1, false)]);
        ghost.record(spared, &[(0, Fallout::Refused { code: None })]).await.unwrap();
        ghost.record(settled, &[(1, Fallout::Refused { code: None })]).await.unwrap();
        assert_eq!(entry(&*store, message(1), 0).await.unwrap().state, State::Refused);
        assert_eq!(entry(&*store, message(1), 1).await.unwrap().state, State::Unknown);
    });
}
