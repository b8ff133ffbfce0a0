//! What people can see and settle.

use std::time::Duration;

use jiff::Timestamp;

use super::{
    KEY, Stage, accepted, claim, entries, entry, granted, known, message, run, settle, slot, take,
};
use crate::component::{Account, Fallout, Journal as _, Known, Wanted};
use crate::journal::{Entry, Filter, Ledger, State};

const EVERYTHING: Filter = Filter {
    state: None,
    message: None,
    messages: None,
    slot: None,
    tracker: None,
    trackers: None,
    tel: None,
    before: None,
};

fn of_state(state: State) -> Filter {
    Filter { state: Some(state), ..EVERYTHING }
}

fn places(entries: &[Entry]) -> Vec<(u8, u32)> {
    let mut places: Vec<_> = entries.iter().map(|it| (it.message.0[0], it.slot)).collect();
    places.sort_unstable();
    places
}

/// Message 1: accepted, refused, unknown, claimed. Message 2: a dead owner's claim at 1.
async fn one_of_each<S: Stage>(stage: &S) -> std::sync::Arc<S::Store> {
    let store = stage.open().await;
    take(&*store, message(2), &[1]).await;
    let store = stage.reopen(store).await;
    settle(&*store, message(1), &[0], &accepted()).await;
    settle(&*store, message(1), &[1], &Fallout::Refused { code: Some(11) }).await;
    settle(&*store, message(1), &[2], &Fallout::Unknown).await;
    take(&*store, message(1), &[3]).await;
    store
}

async fn found(store: &(impl Ledger + ?Sized), filter: &Filter) -> Vec<(u8, u32)> {
    places(&entries(store, filter).await)
}

pub fn entries_tell_all_that_is_remembered<S: Stage>() {
    run(async {
        let stage = S::fresh().await;
        let store = one_of_each(&stage).await;
        let now = Timestamp::now();
        let one = entry(&*store, message(1), 0).await.unwrap();
        assert!(one.at <= now && now.duration_since(one.at).as_secs() < 60, "{}", one.at);
        let expected = Entry {
            message: message(1),
            slot: 0,
            scope: super::SCOPE,
            action: "sendSms".into(),
            state: State::Accepted,
            at: one.at,
            settled: one.settled,
            resent: false,
            code: Some(0),
            parts: Some(2),
            tracker: Some("track-0".into()),
            last_digits: Some("00".into()),
            number: store.number("33612345600"),
            account: Some(store.account(&Account::of_key(KEY))),
            data: Some(r#"{"etat":"ok"}"#.into()),
        };
        assert_eq!(one, expected);
        assert!(one.settled.is_some_and(|it| it >= one.at && it <= now), "{:?}", one.settled);
        let refused = entry(&*store, message(1), 1).await.unwrap();
        assert_eq!((refused.state, refused.code), (State::Refused, Some(11)));
        let claimed = entry(&*store, message(1), 3).await.unwrap();
        assert_eq!((claimed.state, claimed.settled), (State::Claimed, None));
        let dead = entry(&*store, message(2), 1).await.unwrap();
        assert_eq!((dead.state, dead.last_digits.as_deref()), (State::Unknown, Some("11")));
        granted(claim(&*store, message(1), &[2], true).await);
        assert!(entry(&*store, message(1), 2).await.unwrap().resent);
    });
}

pub fn what_may_have_been_sent_of_a_message_is_recalled<S: Stage>() {
    run(async {
        let stage = S::fresh().await;
        let store = one_of_each(&stage).await;
        let mut past = store.recall(message(1)).await.unwrap();
        past.sort_by_key(|it| it.slot);
        let [sent, doubtful, called] = past.as_slice() else { panic!("{past:?}") };
        assert_eq!([sent, doubtful, called].map(|it| it.slot), [0, 2, 3]);
        assert!(
            matches!(&sent.known, Some(Known::Accepted(it)) if it.parts == Some(2)),
            "{sent:?}"
        );
        assert!(matches!(doubtful.known, Some(Known::Unknown { .. })), "{doubtful:?}");
        assert_eq!(called.known, None);
        assert_eq!(sent.number, store.number("33612345600"));
        assert_eq!(sent.last_digits.as_deref(), Some("00"));
        let dead = store.recall(message(2)).await.unwrap();
        assert!(matches!(dead[0].known, Some(Known::Unknown { .. })), "{dead:?}");
        assert_eq!(store.recall(message(3)).await.unwrap(), []);
    });
}

pub fn a_number_has_one_hash_in_a_store<S: Stage>() {
    run(async {
        let stage = S::fresh().await;
        let store = one_of_each(&stage).await;
        let number = store.number("33612345611");
        assert!(number.is_some() && number != store.number("33612345600"));
        assert_eq!(store.number(""), None);
        let store = stage.reopen(store).await;
        assert_eq!(store.number("33612345611"), number);
        for (number, slot) in [(1, 1), (2, 1)] {
            let entry = entry(&*store, message(number), slot).await.unwrap();
            assert_eq!(entry.number, store.number("33612345611"));
        }
    });
}

/// Whatever becomes of a slot, also at the hands of a person. A claim that names no account leaves none.
pub fn an_account_has_one_mark_in_a_store_and_slots_keep_it<S: Stage>() {
    run(async {
        let stage = S::fresh().await;
        let store = one_of_each(&stage).await;
        let mark = store.account(&Account::of_key(KEY));
        assert_ne!(mark, store.account(&Account::of_key("another")));
        assert!(store.accept(message(1), 2).await.unwrap());
        let store = stage.reopen(store).await;
        assert_eq!(store.account(&Account::of_key(KEY)), mark);
        for (number, slot) in [(1, 0), (1, 1), (1, 2), (1, 3), (2, 1)] {
            let entry = entry(&*store, message(number), slot).await.unwrap();
            assert_eq!(entry.account, Some(mark), "{number} {slot}");
        }
        let past = store.recall(message(1)).await.unwrap();
        assert!(past.iter().all(|it| it.account == Some(mark)), "{past:?}");
        let slots = [slot(0)];
        let wanted = Wanted {
            message: message(3),
            scope: super::SCOPE,
            action: "sendSms",
            account: None,
            slots: &slots,
            resend: false,
            lasts: super::LASTS,
            progress: None,
        };
        granted(store.claim(wanted).await.unwrap());
        assert_eq!(entry(&*store, message(3), 0).await.unwrap().account, None);
    });
}

pub fn what_is_given_of_a_filter_must_all_hold<S: Stage>() {
    run(async {
        let stage = S::fresh().await;
        let store = one_of_each(&stage).await;
        tokio::time::sleep(Duration::from_millis(5)).await;
        let middle = Timestamp::now();
        tokio::time::sleep(Duration::from_millis(5)).await;
        settle(&*store, message(3), &[0], &accepted()).await;
        let all = [(1, 0), (1, 1), (1, 2), (1, 3), (2, 1), (3, 0)];
        assert_eq!(found(&*store, &EVERYTHING).await, all);
        let mut filter = of_state(State::Accepted);
        assert_eq!(found(&*store, &filter).await, [(1, 0), (3, 0)]);
        filter.before = Some(middle);
        assert_eq!(found(&*store, &filter).await, [(1, 0)]);
        filter.message = Some(message(3));
        assert!(found(&*store, &filter).await.is_empty());
        assert_eq!(found(&*store, &of_state(State::Refused)).await, [(1, 1)]);
        assert_eq!(found(&*store, &of_state(State::Unknown)).await, [(1, 2), (2, 1)]);
        assert_eq!(found(&*store, &of_state(State::Claimed)).await, [(1, 3)]);
        let tel = |tel: &str| Filter { tel: Some(tel.into()), ..EVERYTHING };
        assert_eq!(found(&*store, &tel("33612345611")).await, [(1, 1), (2, 1)]);
        assert!(found(&*store, &tel("33712345611")).await.is_empty());
        assert!(found(&*store, &tel("11")).await.is_empty());
        assert!(found(&*store, &tel("")).await.is_empty());
        let tracker = |it: &str| Filter { tracker: Some(it.into()), ..EVERYTHING };
        assert_eq!(found(&*store, &tracker("track-0")).await, [(1, 0), (3, 0)]);
        assert!(found(&*store, &tracker("track")).await.is_empty());
        let trackers = |them: &[&str]| {
            let trackers = Some(them.iter().copied().map(str::to_owned).collect());
            Filter { trackers, ..EVERYTHING }
        };
        let some = trackers(&["track-0", "track-2", "track-9"]);
        assert_eq!(found(&*store, &some).await, [(1, 0), (1, 2), (3, 0)]);
        assert!(found(&*store, &trackers(&[])).await.is_empty());
        let of_message = Filter { message: Some(message(2)), ..EVERYTHING };
        assert_eq!(found(&*store, &of_message).await, [(2, 1)]);
        let between =
            |first, last| Filter { messages: Some(message(first)..=message(last)), ..EVERYTHING };
        assert_eq!(found(&*store, &between(2, 3)).await, [(2, 1), (3, 0)]);
        assert!(found(&*store, &between(4, 9)).await.is_empty());
        let place = Filter { slot: Some(0), ..EVERYTHING };
        assert_eq!(found(&*store, &place).await, [(1, 0), (3, 0)]);
        let place = Filter { message: Some(message(1)), ..place };
        assert_eq!(found(&*store, &place).await, [(1, 0)]);
        let both = Filter { tel: Some("33612345611".into()), ..tracker("track-0") };
        assert!(found(&*store, &both).await.is_empty());
    });
}

pub fn entries_are_oldest_first_and_no_more_than_asked_for<S: Stage>() {
    run(async {
        let stage = S::fresh().await;
        let store = stage.open().await;
        for number in [5, 9, 1, 7, 3] {
            settle(&*store, message(number), &[0], &accepted()).await;
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
        let order = |them: Vec<Entry>| them.iter().map(|it| it.message.0[0]).collect::<Vec<_>>();
        assert_eq!(order(entries(&*store, &EVERYTHING).await), [5, 9, 1, 7, 3]);
        assert_eq!(order(store.entries(&EVERYTHING, 2).await.unwrap()), [5, 9]);
        assert!(store.entries(&EVERYTHING, 0).await.unwrap().is_empty());
    });
}

pub fn a_person_accepts_only_what_is_in_doubt<S: Stage>() {
    run(async {
        let stage = S::fresh().await;
        let store = one_of_each(&stage).await;
        let mut answers = Vec::new();
        for (number, slot) in [(1, 0), (1, 1), (1, 2), (1, 3), (2, 1), (9, 9)] {
            answers.push(store.accept(message(number), slot).await.unwrap());
        }
        assert_eq!(answers, [false, false, true, false, true, false]);
        let store = stage.reopen(store).await;
        assert_eq!(known(claim(&*store, message(1), &[2], true).await), [(2, true)]);
        assert_eq!(known(claim(&*store, message(2), &[1], true).await), [(1, true)]);
        assert_eq!(entry(&*store, message(9), 9).await, None);
        assert_eq!(entry(&*store, message(1), 0).await.unwrap().parts, Some(2));
        assert!(!store.accept(message(1), 2).await.unwrap(), "it is settled already");
    });
}

pub fn forgotten_slots_are_free<S: Stage>() {
    run(async {
        let stage = S::fresh().await;
        let store = one_of_each(&stage).await;
        let place = Filter { message: Some(message(1)), slot: Some(2), ..EVERYTHING };
        assert_eq!(store.forget(&place).await.unwrap(), 1);
        assert_eq!(found(&*store, &EVERYTHING).await, [(1, 0), (1, 1), (1, 3), (2, 1)]);
        assert_eq!(store.forget(&of_state(State::Accepted)).await.unwrap(), 1);
        assert_eq!(store.forget(&of_state(State::Accepted)).await.unwrap(), 0);
        assert_eq!(store.forget(&of_state(State::Unknown)).await.unwrap(), 1);
        let store = stage.reopen(store).await;
        assert_eq!(found(&*store, &EVERYTHING).await, [(1, 1), (1, 3)]);
        take(&*store, message(1), &[0, 1, 2]).await;
        let before = Filter { before: Some(Timestamp::UNIX_EPOCH), ..EVERYTHING };
        assert_eq!(store.forget(&before).await.unwrap(), 0);
    });
}

pub fn what_a_living_owner_claims_is_never_forgotten<S: Stage>() {
    run(async {
        let stage = S::fresh().await;
        let store = stage.open().await;
        take(&*store, message(2), &[0]).await;
        let store = stage.reopen(store).await;
        settle(&*store, message(1), &[1], &Fallout::Unknown).await;
        let ticket = granted(claim(&*store, message(1), &[0, 1], true).await);
        assert_eq!(store.forget(&of_state(State::Claimed)).await.unwrap(), 0);
        assert_eq!(store.forget(&EVERYTHING).await.unwrap(), 1);
        assert_eq!(found(&*store, &EVERYTHING).await, [(1, 0), (1, 1)]);
        store.record(ticket, &[(0, accepted()), (1, accepted())]).await.unwrap();
        assert_eq!(store.forget(&EVERYTHING).await.unwrap(), 2);
        assert!(found(&*store, &EVERYTHING).await.is_empty());
    });
}
