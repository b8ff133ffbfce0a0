//! What a result returned, because it was not sent, is sent by whoever reads it, and by nobody else.

use std::sync::{Arc, Mutex};

use isendpro_connector::component::{
    Account, AccountMark, BoxFuture, Claim, Error, Fallout, Journal, Kept, Kind, Known, MessageKey,
    NumberHash, Past, RETURNED, Ticket, Wanted,
};
use isendpro_connector::delivery::Memory;
use isendpro_connector::journal::FileJournal;
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::journal::{Remembers, SCOPE, accepted, an_hour_ago, unknown};
use super::past::{taken, three, told};
use super::run::{Step, reply};
use crate::http::{Answer, Api};

fn settings() -> Value {
    json!({"batchSize": 1})
}

/// The second request is to come back later, the third recipient is refused.
fn busy() -> Vec<Answer> {
    let refused = r#"{"etat":{"etat":[{"code":"11","tel":"0680010203"}]}}"#;
    vec![taken(1), Answer::new(429, ""), Answer::ok(refused)]
}

#[tokio::test]
async fn what_a_result_returns_is_remembered_before_it_is_told() {
    for (broken, kind) in [(None, None), (Some("return"), Some(Kind::NotSent))] {
        let api = Api::new([("smsmulti", busy())]).await;
        let remembers = Arc::new(Remembers { broken, ..Remembers::default() });
        let memory = Memory::of_step(Arc::clone(&remembers) as _, SCOPE);
        let step = Step::in_run("sendSmsMulti", &api.url(), settings(), memory, false);
        let ran = step.run(three()).await;
        let returned = remembers.recorded.lock().unwrap().iter().any(|it| it.0 == RETURNED);
        assert_eq!(ran.verdict.error.as_ref().map(|it| it.kind), kind, "{ran:?}");
        assert_eq!(
            (returned, ran.verdict.journal_failure.is_some()),
            (kind.is_none(), kind.is_some())
        );
        if kind.is_none() {
            assert_eq!(told(&ran), (vec!["accepted", "notSent", "refused"], 1));
        }
    }
}

/// A message whose first recipient was accepted, and whose third was refused in the result that
/// returned the second.
fn returned() -> Remembers {
    let data = Some(json!({"refused": [[2, 11]]}).to_string().into_boxed_str());
    let kept = Kept { at: an_hour_ago(), code: None, parts: None, data };
    let known = vec![(0, accepted()), (RETURNED, Known::Accepted(kept))];
    Remembers { known, ..Remembers::default() }
}

/// Delivered again by the broker, published twice, or given by a person.
#[tokio::test]
async fn what_a_result_returned_is_not_sent_by_its_message() {
    let api = Api::new([("smsmulti", vec![])]).await;
    let step = Step::remembering("sendSmsMulti", &api.url(), settings(), returned());
    for ran in [step.run(three()).await, step.run_again(three()).await] {
        assert_eq!(told(&ran), (vec!["accepted", "notSent", "refused"], 1));
        assert_eq!(ran.result()["results"][2]["code"], 11);
        assert_eq!(ran.result()["retry"]["recipients"][0]["num"], "0680010202");
    }
    assert_eq!(api.count("smsmulti"), 0);
    // Who asks for it gets it, once.
    let api = Api::new([("smsmulti", vec![taken(2), taken(3)])]).await;
    let step = Step::remembering("sendSmsMulti", &api.url(), settings(), returned());
    let mut message = three();
    message["resend"] = json!(true);
    assert_eq!(told(&step.run(message.clone()).await), (vec!["accepted"; 3], 0));
    let step = Step::remembering("sendSmsMulti", &api.url(), settings(), returned());
    assert_eq!(told(&step.run_again(message).await).0, ["accepted", "notSent", "refused"]);
    assert_eq!(api.count("smsmulti"), 2);
}

/// Whoever died between the two has told nothing: this result is the first.
#[tokio::test]
async fn what_was_about_to_be_returned_is_returned() {
    let api = Api::new([("smsmulti", vec![])]).await;
    let known = vec![(0, accepted()), (RETURNED, unknown())];
    let remembers = Arc::new(Remembers { known, grants: true, ..Remembers::default() });
    let memory = Memory::of_step(Arc::clone(&remembers) as _, SCOPE);
    let step = Step::in_run("sendSmsMulti", &api.url(), settings(), memory, false);
    assert_eq!(told(&step.run_again(three()).await), (vec!["accepted", "notSent", "notSent"], 2));
    assert_eq!(api.count("smsmulti"), 0);
    let recorded = remembers.recorded.lock().unwrap();
    assert!(matches!(recorded.as_slice(), [(RETURNED, Fallout::Accepted(_))]), "{recorded:?}");
}

/// They are not sent either, and may be when there is credit again.
#[tokio::test]
async fn what_the_account_cannot_pay_for_is_returned_too() {
    let routes = [
        ("smsmulti", vec![Answer::ok(reply("general-error"))]),
        ("credit", vec![Answer::ok(reply("getCredit-none"))]),
    ];
    let api = Api::new(routes).await;
    let remembers = Arc::new(Remembers::default());
    let memory = Memory::of_step(Arc::clone(&remembers) as _, SCOPE);
    let step = Step::in_run("sendSmsMulti", &api.url(), json!({}), memory, false);
    let ran = step.run(three()).await;
    assert_eq!(told(&ran), (vec!["notSent"; 3], 3));
    assert_eq!(ran.result()["results"][0]["reason"], "account");
    assert!(remembers.recorded.lock().unwrap().iter().any(|it| it.0 == RETURNED));
}

/// It is an error, and has no `retry`: the message itself comes again.
#[tokio::test]
async fn nothing_is_returned_of_a_message_to_a_directory_alone() {
    let api = Api::new([("smsmulti", vec![Answer::new(429, "")])]).await;
    let remembers = Arc::new(Remembers::default());
    let memory = Memory::of_step(Arc::clone(&remembers) as _, SCOPE);
    let step = Step::in_run("sendSmsMulti", &api.url(), json!({}), memory, false);
    let message = json!({"repertoireId": "7", "sms": "a"});
    for tries in 1..=2 {
        let ran = step.run_again(message.clone()).await;
        assert_eq!((ran.error().kind, api.count("smsmulti")), (Kind::NotSent, tries));
    }
    assert!(remembers.recorded.lock().unwrap().iter().all(|it| it.0 != RETURNED));
}

/// The result was told between the look at the beginning and the claim.
#[tokio::test]
async fn a_claim_that_comes_after_the_result_is_given_back() {
    for size in [1, 3] {
        let api = Api::new([("smsmulti", vec![])]).await;
        let remembers = Arc::new(Remembers { unseen: Mutex::new(1), ..returned() });
        let memory = Memory::of_step(Arc::clone(&remembers) as _, SCOPE);
        let settings = json!({ "batchSize": size });
        let step = Step::in_run("sendSmsMulti", &api.url(), settings, memory, false);
        let ran = step.run_again(three()).await;
        assert_eq!(told(&ran).0, ["accepted", "notSent", "refused"]);
        assert_eq!(api.count("smsmulti"), 0);
        let recorded = remembers.recorded.lock().unwrap();
        assert_eq!(*recorded, [(1, Fallout::Released), (2, Fallout::Released)], "{size}");
    }
}

/// Nobody knows of it but this delivery, and another one would do it again. What is not remembered as
/// returned has no `retry`: the message may come again, and send it.
#[tokio::test]
async fn a_doubt_that_was_asked_for_is_told_although_the_rest_cannot_be_returned() {
    let api = Api::new([("smsmulti", vec![Answer::new(500, ""), Answer::new(429, "")])]).await;
    let remembers = Remembers { broken: Some("return"), ..Remembers::default() };
    let step = Step::remembering("sendSmsMulti", &api.url(), settings(), remembers);
    let mut message = three();
    message["resend"] = json!(true);
    assert_eq!(told(&step.run(message).await), (vec!["unknown"; 3], 0));
}

/// A journal whose claims of one slot wait for a word.
struct Gate {
    journal: Arc<FileJournal>,
    slot: u32,
    go: Notify,
}

impl Journal for Gate {
    fn claim<'a>(&'a self, wanted: Wanted<'a>) -> BoxFuture<'a, Result<Claim, Error>> {
        Box::pin(async move {
            if wanted.slots.iter().any(|it| it.index == self.slot) {
                self.go.notified().await;
            }
            self.journal.claim(wanted).await
        })
    }

    fn recall(&self, message: MessageKey) -> BoxFuture<'_, Result<Vec<Past>, Error>> {
        self.journal.recall(message)
    }

    fn number(&self, tel: &str) -> Option<NumberHash> {
        self.journal.number(tel)
    }

    fn account(&self, account: &Account) -> AccountMark {
        self.journal.account(account)
    }

    fn record<'a>(
        &'a self,
        ticket: Ticket,
        fallout: &'a [(u32, Fallout)],
    ) -> BoxFuture<'a, Result<(), Error>> {
        self.journal.record(ticket, fallout)
    }
}

/// One worker has lost its connection and does not know it; another one has the message too, and sends
/// what the first could not, before that one tells its result.
#[tokio::test]
async fn what_another_worker_has_sent_meanwhile_is_not_returned() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Arc::new(FileJournal::open(folder.path().join("journal")).unwrap());
    let gate = Gate { journal: Arc::clone(&journal), slot: 2, go: Notify::new() };
    let gate = Arc::new(gate);
    let first_api = Api::new([("smsmulti", vec![taken(1), Answer::new(429, "")])]).await;
    let second_api = Api::new([("smsmulti", vec![taken(2), taken(3)])]).await;
    let worker = |url: &str, journal: Arc<dyn Journal>| {
        let memory = Memory::of_step(journal, SCOPE);
        Step::in_run("sendSmsMulti", url, settings(), memory, false)
    };
    let first = worker(&first_api.url(), Arc::clone(&gate) as _);
    let second = worker(&second_api.url(), journal);
    let overtaking = async {
        while first_api.count("smsmulti") < 2 {
            tokio::task::yield_now().await;
        }
        let ran = second.run_again(three()).await;
        gate.go.notify_one();
        ran
    };
    let (first, second) = tokio::join!(first.run(three()), overtaking);
    assert_eq!(told(&second), (vec!["accepted"; 3], 0));
    assert_eq!(told(&first), (vec!["accepted"; 3], 0));
    assert_eq!((first_api.count("smsmulti"), second_api.count("smsmulti")), (2, 2));
}
