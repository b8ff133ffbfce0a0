//! What is said of requests that are not made, when earlier deliveries have a part in it. A false "not
//! sent" is an invitation to send twice.

use std::sync::{Arc, Mutex};

use isendpro_connector::component::{AccountTrouble, BoxFuture, Error, Kind};
use isendpro_connector::delivery::{Admission, Load, Memory};
use serde_json::{Value, json};

use super::journal::{Remembers, SCOPE, accepted, of_run, unknown};
use super::run::{Ran, Step, reply};
use crate::http::{Answer, Api};

/// Three recipients in three requests.
pub fn three() -> Value {
    json!({"num": ["0680010201", "0680010202", "0680010203"], "sms": "a"})
}

pub fn taken(last: u8) -> Answer {
    Answer::ok(format!(r#"{{"etat":{{"etat":[{{"code":"0","tel":"068001020{last}"}}]}}}}"#))
}

/// The statuses of a result, and how many recipients are to be tried again.
pub fn told(ran: &Ran) -> (Vec<&str>, usize) {
    let results = ran.result()["results"].as_array().unwrap().iter();
    let retry = ran.result()["retry"]["recipients"].as_array().map_or(0, Vec::len);
    (results.map(|it| it["status"].as_str().unwrap()).collect(), retry)
}

#[tokio::test]
async fn a_step_says_nothing_of_a_message_that_its_journal_keeps_from_being_claimed() {
    let api = Api::new([("smsmulti", vec![])]).await;
    let remembers = Remembers { broken: Some("claim"), ..Remembers::default() };
    let step = Step::remembering("sendSmsMulti", &api.url(), json!({"batchSize": 1}), remembers);
    let ran = step.run(three()).await;
    assert_eq!((ran.error().kind, api.count("smsmulti")), (Kind::NotSent, 0));
    let amnesia = ran.verdict.journal_failure.as_ref().unwrap();
    assert!(amnesia.why.contains("the disk is full") && !amnesia.unrecorded, "{amnesia:?}");
}

#[tokio::test]
async fn nothing_more_is_sent_after_an_outcome_that_was_not_recorded() {
    let api = Api::new([("smsmulti", vec![taken(1)])]).await;
    let known = vec![(2, accepted())];
    let remembers = Remembers { broken: Some("record"), known, ..Remembers::default() };
    let step = Step::remembering("sendSmsMulti", &api.url(), json!({"batchSize": 1}), remembers);
    let ran = step.run(three()).await;
    // That the rest is returned could not be recorded either: it has no retry.
    assert_eq!(told(&ran), (vec!["accepted", "unknown", "accepted"], 0));
    assert!(ran.verdict.journal_failure.as_ref().unwrap().unrecorded);
    assert_eq!(api.count("smsmulti"), 1);
}

/// A run has to say something of each recipient: what it can read in the journal, what must be so in
/// a new run, and else that it does not know.
#[tokio::test]
async fn a_run_that_cannot_claim_calls_not_sent_only_what_was_not() {
    let cases = [
        ("claim", false, ["accepted", "notSent", "unknown"]),
        ("claim", true, ["accepted", "notSent", "unknown"]),
        ("all", false, ["notSent", "notSent", "notSent"]),
        ("all", true, ["unknown", "unknown", "unknown"]),
    ];
    for (broken, resumed, expected) in cases {
        let api = Api::new([("smsmulti", vec![])]).await;
        let known = vec![(0, accepted()), (2, unknown())];
        let memory =
            of_run(Remembers { broken: Some(broken), known, ..Remembers::default() }, resumed);
        let settings = json!({"batchSize": 1});
        let step = Step::in_run("sendSmsMulti", &api.url(), settings, memory, false);
        let ran = step.run(three()).await;
        let unsent = expected.iter().filter(|it| **it == "notSent").count();
        assert_eq!(told(&ran), (expected.to_vec(), unsent), "{broken} {resumed}");
    }
}

#[tokio::test]
async fn what_somebody_else_is_sending_is_not_called_unsent() {
    let busy = || Remembers { busy: vec![1], ..Remembers::default() };
    let settings = json!({"batchSize": 1});
    let api = Api::new([("smsmulti", vec![taken(1), taken(3)])]).await;
    let memory = of_run(busy(), false);
    let step = Step::in_run("sendSmsMulti", &api.url(), settings.clone(), memory, true);
    assert_eq!(told(&step.run(three()).await), (vec!["accepted", "unknown", "notSent"], 1));
    // A step puts it back.
    let api = Api::new([("smsmulti", vec![taken(1)])]).await;
    let memory = Memory::of_step(Arc::new(Remembers { busy: vec![0], ..busy() }), SCOPE);
    let step = Step::in_run("sendSmsMulti", &api.url(), settings, memory, true);
    let ran = step.run(three()).await;
    assert_eq!((ran.error().kind, ran.error().retryable()), (Kind::NotSent, true));
    assert_eq!(api.count("smsmulti"), 0);
}

#[tokio::test]
async fn nothing_more_is_sent_of_a_message_that_is_put_back() {
    let api = Api::new([("smsmulti", vec![taken(2), taken(3)])]).await;
    let remembers = Remembers { busy: vec![0], broken: Some("record"), ..Remembers::default() };
    let memory = Memory::of_step(Arc::new(remembers), SCOPE);
    let settings = json!({"batchSize": 1});
    let step = Step::in_run("sendSmsMulti", &api.url(), settings, memory, true).finishing();
    let ran = step.run(three()).await;
    assert_eq!((ran.error().kind, api.count("smsmulti")), (Kind::NotSent, 0), "{ran:?}");
}

#[tokio::test]
async fn a_step_that_sends_again_says_nothing_of_half_a_message_either() {
    let api = Api::new([("smsmulti", vec![taken(1)])]).await;
    let memory =
        Memory::of_step(Arc::new(Remembers { busy: vec![1], ..Remembers::default() }), SCOPE);
    let settings = json!({"batchSize": 1, "whenUnknown": "sendAgain"});
    let step = Step::in_run("sendSmsMulti", &api.url(), settings, memory, true).finishing();
    let ran = step.run(three()).await;
    assert_eq!((ran.error().kind, api.count("smsmulti")), (Kind::NotSent, 1), "{ran:?}");
}

/// Whether it is the account, or the end of the run, that keeps the later requests from being made.
#[tokio::test]
async fn what_an_earlier_delivery_sent_is_not_called_unsent() {
    let routes = [
        ("smsmulti", vec![Answer::ok(reply("general-error"))]),
        ("credit", vec![Answer::ok(reply("getCredit-none"))]),
    ];
    let api = Api::new(routes).await;
    let remembers = || Remembers { known: vec![(1, accepted())], ..Remembers::default() };
    let settings = json!({"batchSize": 1});
    let step = Step::remembering("sendSmsMulti", &api.url(), settings.clone(), remembers());
    assert_eq!(told(&step.run(three()).await), (vec!["notSent", "accepted", "notSent"], 2));

    let api = Api::new([("smsmulti", vec![taken(1)])]).await;
    let memory = of_run(remembers(), true);
    let step = Step::in_run("sendSmsMulti", &api.url(), settings, memory, true);
    assert_eq!(told(&step.run(three()).await), (vec!["accepted", "accepted", "notSent"], 1));
}

/// Of 500 recipients one is left: what the others cost is paid.
#[tokio::test]
async fn a_resumed_bulk_asks_whether_the_credit_pays_for_what_is_left() {
    let num: Vec<_> = (0..500).map(|it| format!("06800{it:05}")).collect();
    let message = json!({"num": num, "sms": "a"});
    for (left, credit, trouble) in [
        (1, 0, true),
        (1, 1, false),
        (1, 499, false),
        (2, 1, true),
        (2, 2, false),
        (250, 249, true),
        (250, 250, false),
        (499, 498, true),
        (500, 499, true),
        (500, 500, false),
    ] {
        let quantity = format!(r#"{{"etat":{{"credit":"1","quantite":"{credit}"}}}}"#);
        let routes = [
            ("smsmulti", vec![Answer::ok(reply("general-error"))]),
            ("sms", vec![Answer::ok(reply("general-error"))]),
            ("credit", vec![Answer::ok(quantity)]),
        ];
        let api = Api::new(routes).await;
        let known = (left..500).map(|it| (it, accepted())).collect();
        let memory = of_run(Remembers { known, ..Remembers::default() }, true);
        let step = Step::in_run("sendSmsMulti", &api.url(), json!({}), memory, false);
        let ran = step.run(message.clone()).await;
        let account = trouble.then_some(AccountTrouble::Credit);
        assert_eq!(ran.verdict.account, account, "{left} left, credit for {credit}");
    }
}

/// What was too little for a large message may pay for a small one.
#[tokio::test]
async fn credit_that_lacks_for_one_message_may_pay_for_the_next() {
    let routes = [
        ("smsmulti", vec![Answer::ok(reply("general-error"))]),
        ("credit", vec![Answer::ok(r#"{"etat":{"credit":"1","quantite":"1"}}"#)]),
    ];
    let api = Api::new(routes).await;
    let step = Step::new("sendSmsMulti", &api.url(), json!({}));
    let one = json!({"num": ["0680010201"], "sms": "a"});
    for (message, account, asked) in [
        (three(), Some(AccountTrouble::Credit), 1),
        (three(), Some(AccountTrouble::Credit), 1),
        (one.clone(), None, 2),
        (one, None, 2),
        (three(), Some(AccountTrouble::Credit), 3),
    ] {
        let ran = step.run(message).await;
        assert_eq!((ran.verdict.account, api.count("credit")), (account, asked));
    }
}

/// Lets nothing pass.
pub struct Nothing;

impl Admission for Nothing {
    fn admit(&self, _: Load) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(std::future::ready(Err(Error::new(Kind::NotSent, "the limit was reached"))))
    }
}

#[tokio::test]
async fn a_limit_calls_nothing_unsent_where_the_journal_cannot_be_read() {
    let api = Api::new([("sms", vec![])]).await;
    let message = json!({"num": "0680010201", "sms": "a"});
    for (resumed, kind) in [(true, Kind::Unknown), (false, Kind::NotSent)] {
        let memory = of_run(Remembers { broken: Some("all"), ..Remembers::default() }, resumed);
        let step = Step::in_run("sendSms", &api.url(), json!({}), memory, false);
        let ran = step.guarded(Arc::new(Nothing)).run(message.clone()).await;
        assert_eq!(ran.error().kind, kind, "{}", ran.error());
    }
}

/// Lets a single recipient pass, and remembers what it was asked.
#[derive(Default)]
struct One(Mutex<Vec<usize>>);

impl Admission for One {
    fn admit(&self, load: Load) -> BoxFuture<'_, Result<(), Error>> {
        self.0.lock().unwrap().push(load.recipients);
        let admitted = match load.recipients {
            0 | 1 => Ok(()),
            _ => Err(Error::new(Kind::NotSent, "too many")),
        };
        Box::pin(std::future::ready(admitted))
    }
}

#[tokio::test]
async fn a_guard_counts_what_is_left_of_a_message() {
    let guard = Arc::new(One::default());
    let cases = [
        (vec![(0, accepted()), (1, unknown())], vec!["accepted", "unknown", "accepted"], Some(1)),
        (vec![(0, accepted())], vec!["accepted", "notSent", "notSent"], Some(2)),
        (vec![(0, accepted()), (1, accepted()), (2, accepted())], vec!["accepted"; 3], None),
    ];
    for (known, expected, left) in cases {
        let api = Api::new([("smsmulti", vec![taken(3)])]).await;
        let memory = of_run(Remembers { known, ..Remembers::default() }, true);
        let settings = json!({"batchSize": 1});
        let step = Step::in_run("sendSmsMulti", &api.url(), settings, memory, false);
        let ran = step.guarded(Arc::clone(&guard) as _).run(three()).await;
        assert_eq!(told(&ran).0, expected);
        assert_eq!(guard.0.lock().unwrap().pop(), left);
    }
    let api = Api::new([("smsmulti", vec![])]).await;
    let memory = of_run(Remembers::default(), true);
    let step = Step::in_run("sendSmsMulti", &api.url(), json!({}), memory, false);
    let ran = step.guarded(guard).run(three()).await;
    assert_eq!(ran.error().what, "too many");
}
