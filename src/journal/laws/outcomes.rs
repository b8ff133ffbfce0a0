//! What becomes of a claim.

use super::{Stage, accepted, assert_busy, claim, entry, known, message, run, settle, take};
use crate::component::{Claim, Fallout, Journal as _, Kept, Known, Slot, Ticket, Wanted};
use crate::journal::State;

pub fn each_outcome_survives_its_owner<S: Stage>() {
    run(async {
        let stage = S::fresh().await;
        let store = stage.open().await;
        let ticket = take(&*store, message(1), &[0, 1, 2, 3]).await;
        let fallout = [
            (3, Fallout::Released),
            (0, accepted()),
            (2, Fallout::Unknown),
            (1, Fallout::Refused { code: Some(21) }),
        ];
        store.record(ticket, &fallout).await.unwrap();
        let store = stage.reopen(store).await;
        let mut states = Vec::new();
        for slot in 0..4 {
            states.push(entry(&*store, message(1), slot).await.map(|it| (it.state, it.code)));
        }
        let expected = [
            Some((State::Accepted, Some(0))),
            Some((State::Refused, Some(21))),
            Some((State::Unknown, None)),
            None,
        ];
        assert_eq!(states, expected);
        let answer = claim(&*store, message(1), &[0, 1, 2, 3], false).await;
        assert_eq!(known(answer), [(0, true), (2, false)]);
        take(&*store, message(1), &[1, 3]).await;
    });
}

pub fn slots_without_an_outcome_become_unknown<S: Stage>() {
    run(async {
        let stage = S::fresh().await;
        let store = stage.open().await;
        let ticket = take(&*store, message(1), &[0, 1]).await;
        store.record(ticket, &[(1, accepted())]).await.unwrap();
        assert_eq!(
            known(claim(&*store, message(1), &[0, 1], false).await),
            [(0, false), (1, true)]
        );
        let ticket = take(&*store, message(2), &[0, 1]).await;
        store.record(ticket, &[]).await.unwrap();
        let answer = claim(&*store, message(2), &[0, 1], false).await;
        assert_eq!(known(answer), [(0, false), (1, false)]);
    });
}

pub fn outcomes_of_other_slots_are_not_heard<S: Stage>() {
    run(async {
        let stage = S::fresh().await;
        let store = stage.open().await;
        let other = take(&*store, message(1), &[1]).await;
        let ticket = take(&*store, message(1), &[0]).await;
        store.record(ticket, &[(0, accepted()), (1, accepted()), (2, accepted())]).await.unwrap();
        assert_busy(&claim(&*store, message(1), &[1], false).await);
        assert_eq!(entry(&*store, message(1), 2).await, None);
        store.record(other, &[(1, Fallout::Released)]).await.unwrap();
        take(&*store, message(1), &[1, 2]).await;
    });
}

pub fn a_ticket_is_used_once<S: Stage>() {
    run(async {
        let stage = S::fresh().await;
        let store = stage.open().await;
        let ticket = take(&*store, message(1), &[0]).await;
        store.record(Ticket(ticket.0), &[(0, accepted())]).await.unwrap();
        assert!(store.record(ticket, &[(0, Fallout::Released)]).await.is_err());
        assert_eq!(known(claim(&*store, message(1), &[0], false).await), [(0, true)]);
        let ticket = take(&*store, message(2), &[0]).await;
        store.record(Ticket(ticket.0), &[(0, Fallout::Unknown)]).await.unwrap();
        assert!(store.record(Ticket(ticket.0), &[(0, Fallout::Released)]).await.is_err());
        assert_eq!(known(claim(&*store, message(2), &[0], false).await), [(0, false)]);
        let never = Ticket(ticket.0.wrapping_add(1 << 40));
        assert!(store.record(never, &[]).await.is_err());
    });
}

pub fn a_ticket_dies_with_its_owner<S: Stage>() {
    run(async {
        let stage = S::fresh().await;
        let store = stage.open().await;
        let ticket = take(&*store, message(1), &[0]).await;
        let store = stage.reopen(store).await;
        assert!(store.record(ticket, &[(0, Fallout::Released)]).await.is_err());
        assert_eq!(known(claim(&*store, message(1), &[0], false).await), [(0, false)]);
    });
}

pub fn long_and_odd_values_come_back<S: Stage>() {
    run(async {
        let stage = S::fresh().await;
        let store = stage.open().await;
        let long = "é\n\"\\\0 ".repeat(500);
        let slots = [
            Slot { index: 0, tel: "7", tracker: Some(&long) },
            Slot { index: WHOLE_BUT_ONE, tel: "33612345678", tracker: Some("") },
        ];
        let wanted = Wanted {
            message: message(1),
            scope: super::SCOPE,
            action: &long,
            account: None,
            slots: &slots,
            resend: false,
            lasts: super::LASTS,
            progress: None,
        };
        let Claim::Granted(ticket, _) = store.claim(wanted).await.unwrap() else {
            panic!("granted")
        };
        let odd = |code, parts| {
            let data = Some(long.as_str().into());
            Fallout::Accepted(Kept { at: jiff::Timestamp::MAX, code, parts, data })
        };
        let fallout =
            [(0, odd(Some(i64::MIN), Some(u32::MAX))), (WHOLE_BUT_ONE, odd(Some(i64::MAX), None))];
        store.record(ticket, &fallout).await.unwrap();
        let store = stage.reopen(store).await;
        let Claim::Known(answer) = store.claim(wanted).await.unwrap() else { panic!("known") };
        let kept: Vec<_> = answer
            .iter()
            .map(|(slot, it)| match it {
                Known::Accepted(it) => (*slot, it.code, it.parts, it.data.as_deref()),
                _ => panic!("{answer:?}"),
            })
            .collect();
        let data = Some(long.as_str());
        let expected = [
            (0, Some(i64::MIN), Some(u32::MAX), data),
            (WHOLE_BUT_ONE, Some(i64::MAX), None, data),
        ];
        assert_eq!(kept, expected);
        let first = entry(&*store, message(1), 0).await.unwrap();
        assert_eq!((first.action, first.tracker), (long.clone(), Some(long.clone())));
        assert_eq!(first.last_digits.as_deref(), Some("7"), "one digit is all there is");
        let second = entry(&*store, message(1), WHOLE_BUT_ONE).await.unwrap();
        assert_eq!(second.tracker.as_deref(), Some(""));
        settle(&*store, message(2), &[0], &accepted()).await;
    });
}

const WHOLE_BUT_ONE: u32 = crate::component::WHOLE - 1;
