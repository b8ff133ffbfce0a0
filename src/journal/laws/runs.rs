//! The runs of a job.

use super::{Stage, accepted, message, run, slot};
use crate::component::{Claim, Fallout, MessageKey, Scope, Wanted};
use crate::journal::{Filter, Ledger, Run};

async fn settle_in(
    store: &(impl Ledger + ?Sized),
    scope: Scope,
    message: MessageKey,
    fallout: [Fallout; 3],
) {
    let slots = [slot(0), slot(1), slot(2)];
    let wanted = Wanted {
        message,
        scope,
        action: "sendSms",
        slots: &slots,
        resend: false,
        lasts: super::LASTS,
    };
    let Claim::Granted(ticket, _) = store.claim(wanted).await.unwrap() else { panic!("granted") };
    let fallout: Vec<_> = (0..).zip(fallout).collect();
    store.record(ticket, &fallout).await.unwrap();
}

pub fn a_run_that_did_not_end_is_resumed<S: Stage>() {
    run(async {
        let stage = S::fresh().await;
        let store = stage.open().await;
        let first = store.begin("newsletter").await.unwrap();
        assert_eq!(first.resumed, None);
        let again = store.begin("newsletter").await.unwrap();
        assert_eq!(again, Run { scope: first.scope, resumed: Some(0) });
        let fallout = || [accepted(), Fallout::Unknown, accepted()];
        settle_in(&*store, first.scope, message(1), fallout()).await;
        settle_in(&*store, Scope([1; 16]), message(2), fallout()).await;
        let refused = Fallout::Refused { code: None };
        let fallout = [refused, Fallout::Released, accepted()];
        settle_in(&*store, first.scope, message(3), fallout).await;
        let again = store.begin("newsletter").await.unwrap();
        assert_eq!(again, Run { scope: first.scope, resumed: Some(3) });
        store.accept(message(1), 1).await.unwrap();
        assert_eq!(store.begin("newsletter").await.unwrap().resumed, Some(4));
        let filter = Filter { message: Some(message(1)), ..Filter::default() };
        store.forget(&filter).await.unwrap();
        assert_eq!(store.begin("newsletter").await.unwrap().resumed, Some(1));
    });
}

pub fn a_run_that_ended_is_followed_by_a_new_one<S: Stage>() {
    run(async {
        let stage = S::fresh().await;
        let store = stage.open().await;
        store.end("never begun").await.unwrap();
        let first = store.begin("newsletter").await.unwrap();
        settle_in(&*store, first.scope, message(1), [accepted(), accepted(), accepted()]).await;
        store.end("newsletter").await.unwrap();
        store.end("newsletter").await.unwrap();
        let second = store.begin("newsletter").await.unwrap();
        assert!(second.scope != first.scope);
        assert_eq!(second.resumed, None);
        let again = store.begin("newsletter").await.unwrap();
        assert_eq!(again, Run { scope: second.scope, resumed: Some(0) });
    });
}

pub fn runs_survive_their_owner<S: Stage>() {
    run(async {
        let stage = S::fresh().await;
        let store = stage.open().await;
        let open = store.begin("open").await.unwrap();
        let ended = store.begin("ended").await.unwrap();
        store.end("ended").await.unwrap();
        settle_in(&*store, open.scope, message(1), [accepted(), accepted(), accepted()]).await;
        let store = stage.reopen(store).await;
        let resumed = Run { scope: open.scope, resumed: Some(3) };
        assert_eq!(store.begin("open").await.unwrap(), resumed);
        let new = store.begin("ended").await.unwrap();
        assert!(new.scope != ended.scope && new.resumed.is_none());
    });
}

pub fn each_job_has_runs_of_its_own<S: Stage>() {
    run(async {
        let stage = S::fresh().await;
        let store = stage.open().await;
        let one = store.begin("one").await.unwrap();
        let two = store.begin("two").await.unwrap();
        let nameless = store.begin("").await.unwrap();
        assert!(one.scope != two.scope && two.scope != nameless.scope);
        store.end("one").await.unwrap();
        assert_eq!(store.begin("two").await.unwrap().scope, two.scope);
        assert_eq!(store.begin("").await.unwrap().scope, nameless.scope);
    });
}
