//! The runs of a job.

use std::time::Duration;

use jiff::Timestamp;

use super::{Stage, accepted, message, run, slot};
use crate::component::{Claim, Fallout, MessageKey, Progress, Scope, Wanted};
use crate::journal::{Begin, EndedRun, Filter, Job, Ledger, Run};

const FIRST: [u8; 32] = [1; 32];
const OTHER: [u8; 32] = [2; 32];

/// The message that stands at this place in the input of its run.
fn at(read: u8) -> Progress {
    Progress { read: read.into(), digest: [read; 32] }
}

fn job(name: &str) -> Job {
    Job::new(Some(name), "sendSms", None)
}

async fn join(store: &(impl Ledger + ?Sized), name: &str) -> Run {
    store.begin(&job(name), FIRST, Begin::Join).await.unwrap()
}

fn accepted_by(run: Run) -> Option<u64> {
    run.resumed.map(|it| it.accepted)
}

async fn end(store: &(impl Ledger + ?Sized), name: &str, scope: Scope, sent: u64) {
    let ended = EndedRun { scope, ended: Timestamp::now(), first: FIRST, read: 3, sent };
    store.end(&job(name), ended).await.unwrap();
}

async fn settle_in(
    store: &(impl Ledger + ?Sized),
    scope: Scope,
    message: MessageKey,
    progress: Progress,
    fallout: [Fallout; 3],
) {
    let slots = [slot(0), slot(1), slot(2)];
    let wanted = Wanted {
        message,
        scope,
        action: "sendSms",
        account: None,
        slots: &slots,
        resend: false,
        lasts: super::LASTS,
        progress: Some(progress),
    };
    let Claim::Granted(ticket, _) = store.claim(wanted).await.unwrap() else { panic!("granted") };
    let fallout: Vec<_> = (0..).zip(fallout).collect();
    store.record(ticket, &fallout).await.unwrap();
}

async fn send_in(store: &(impl Ledger + ?Sized), run: Run, number: u8) {
    let all = [accepted(), accepted(), accepted()];
    settle_in(store, run.scope, message(number), at(number), all).await;
}

pub fn a_run_that_is_not_over_is_resumed<S: Stage>() {
    run(async {
        let stage = S::fresh().await;
        let store = stage.open().await;
        let first = join(&*store, "newsletter").await;
        assert_eq!(first.resumed, None);
        let again = join(&*store, "newsletter").await;
        assert_eq!((again.scope, accepted_by(again)), (first.scope, Some(0)));
        let fallout = || [accepted(), Fallout::Unknown, accepted()];
        settle_in(&*store, first.scope, message(1), at(1), fallout()).await;
        settle_in(&*store, Scope([1; 16]), message(2), at(2), fallout()).await;
        let refused = Fallout::Refused { code: None };
        let fallout = [refused, Fallout::Released, accepted()];
        settle_in(&*store, first.scope, message(3), at(3), fallout).await;
        let again = join(&*store, "newsletter").await;
        assert_eq!((again.scope, accepted_by(again)), (first.scope, Some(3)));
        store.accept(message(1), 1).await.unwrap();
        assert_eq!(accepted_by(join(&*store, "newsletter").await), Some(4));
        let filter = Filter { message: Some(message(1)), ..Filter::default() };
        store.forget(&filter).await.unwrap();
        assert_eq!(accepted_by(join(&*store, "newsletter").await), Some(1));
    });
}

pub fn a_run_that_is_over_is_followed_by_a_new_one<S: Stage>() {
    run(async {
        let stage = S::fresh().await;
        let store = stage.open().await;
        end(&*store, "never begun", Scope([9; 16]), 0).await;
        let first = join(&*store, "newsletter").await;
        send_in(&*store, first, 1).await;
        end(&*store, "newsletter", first.scope, 3).await;
        end(&*store, "newsletter", first.scope, 3).await;
        let second = join(&*store, "newsletter").await;
        assert!(second.scope != first.scope);
        assert_eq!(second.resumed, None);
        send_in(&*store, second, 2).await;
        // Of a run that is no longer the last one.
        end(&*store, "newsletter", first.scope, 3).await;
        let again = join(&*store, "newsletter").await;
        assert_eq!((again.scope, accepted_by(again)), (second.scope, Some(3)));
    });
}

pub fn runs_survive_their_owner<S: Stage>() {
    run(async {
        let stage = S::fresh().await;
        let store = stage.open().await;
        let open = join(&*store, "open").await;
        let ended = join(&*store, "ended").await;
        end(&*store, "ended", ended.scope, 2).await;
        send_in(&*store, open, 1).await;
        let store = stage.reopen(store).await;
        let resumed = join(&*store, "open").await;
        assert_eq!((resumed.scope, accepted_by(resumed)), (open.scope, Some(3)));
        assert_eq!(resumed.resumed.unwrap().progress, Some(at(1)));
        let over = store.ended(&job("ended")).await.unwrap();
        assert_eq!(over.iter().map(|it| it.scope).collect::<Vec<_>>(), [ended.scope]);
        let new = join(&*store, "ended").await;
        assert!(new.scope != ended.scope && new.resumed.is_none());
    });
}

pub fn each_job_has_runs_of_its_own<S: Stage>() {
    run(async {
        let stage = S::fresh().await;
        let store = stage.open().await;
        let one = join(&*store, "one").await;
        let two = join(&*store, "two").await;
        let nameless = join(&*store, "").await;
        assert!(one.scope != two.scope && two.scope != nameless.scope);
        end(&*store, "one", one.scope, 1).await;
        assert_eq!(join(&*store, "two").await.scope, two.scope);
        assert_eq!(join(&*store, "").await.scope, nameless.scope);
        assert_eq!(store.ended(&job("two")).await.unwrap(), []);
    });
}

pub fn a_claim_tells_how_far_its_run_has_read<S: Stage>() {
    run(async {
        let stage = S::fresh().await;
        let store = stage.open().await;
        let first = join(&*store, "newsletter").await;
        let progress =
            async |store: &S::Store| join(store, "newsletter").await.resumed.unwrap().progress;
        assert_eq!(progress(&store).await, Some(Progress::default()));
        // Claims come in any order, and the furthest counts.
        for (read, furthest) in [(2, 2), (5, 5), (3, 5)] {
            send_in(&*store, first, read).await;
            assert_eq!(progress(&store).await, Some(at(furthest)));
        }
        settle_in(&*store, Scope([8; 16]), message(9), at(9), [accepted(), accepted(), accepted()])
            .await;
        assert_eq!(progress(&store).await, Some(at(5)), "of another run");
    });
}

pub fn a_run_that_claimed_nothing_is_joined_by_its_own_input_only<S: Stage>() {
    run(async {
        let stage = S::fresh().await;
        let store = stage.open().await;
        let begin = async |first| store.begin(&job("a"), first, Begin::Join).await.unwrap();
        let one = begin(FIRST).await;
        assert_eq!(begin(FIRST).await.scope, one.scope);
        let two = begin(OTHER).await;
        assert!(two.scope != one.scope && two.resumed.is_none());
        send_in(&*store, two, 1).await;
        // Whoever asks has to look at the rest of its input.
        assert_eq!(begin(FIRST).await.scope, two.scope);
    });
}

pub fn a_person_begins_anew_or_takes_a_run_again<S: Stage>() {
    run(async {
        let stage = S::fresh().await;
        let store = stage.open().await;
        let first = join(&*store, "a").await;
        send_in(&*store, first, 1).await;
        let anew = store.begin(&job("a"), FIRST, Begin::Anew).await.unwrap();
        assert!(anew.scope != first.scope && anew.resumed.is_none());
        end(&*store, "a", anew.scope, 1).await;
        let taken = store.begin(&job("a"), OTHER, Begin::Take(first.scope)).await.unwrap();
        assert_eq!(taken.scope, first.scope);
        let joined = store.begin(&job("a"), OTHER, Begin::Join).await.unwrap();
        assert_eq!((joined.scope, accepted_by(joined)), (first.scope, Some(3)));
        assert_eq!(joined.resumed.unwrap().progress, Some(Progress::default()));
    });
}

pub fn runs_that_are_over_are_remembered_for_a_while<S: Stage>() {
    run(async {
        let stage = S::fresh().await;
        let store = stage.open().await;
        let ended = async || store.ended(&job("a")).await.unwrap();
        assert_eq!(ended().await, []);
        let mut scopes = Vec::new();
        for sent in [2, 0, 5] {
            let run = store.begin(&job("a"), FIRST, Begin::Anew).await.unwrap();
            end(&*store, "a", run.scope, sent).await;
            scopes.push(run.scope);
        }
        let found: Vec<_> =
            ended().await.iter().map(|it| (it.scope, it.first, it.read, it.sent)).collect();
        assert_eq!(found, [(scopes[0], FIRST, 3, 2), (scopes[2], FIRST, 3, 5)]);
        let age = ended().await[0].ended.duration_until(Timestamp::now());
        assert!(age.unsigned_abs() < Duration::from_secs(60), "{age:?}");
    });
}
