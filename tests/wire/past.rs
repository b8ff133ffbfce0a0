//! What is said of requests that are not made, or made again, when earlier deliveries have a part in
//! it. A false "not sent" is an invitation to send twice.

use std::sync::{Arc, Mutex};

use isendpro_connector::component::{
    AccountTrouble, BoxFuture, Error, Kind, Known, Message, NumberHash, Scope,
};
use isendpro_connector::runtime::{Admission, Load, Memory};
use serde_json::{Value, json};

use super::memory::{Remembers, accepted, an_hour_ago};
use super::run::{Ran, Step, reply};
use crate::http::{Answer, Api};

const SCOPE: Scope = Scope([0; 16]);

fn unknown() -> Known {
    Known::Unknown { since: an_hour_ago(), tracker: None }
}

/// Three recipients in three requests.
fn three() -> Value {
    json!({"num": ["0680010201", "0680010202", "0680010203"], "sms": "a"})
}

fn taken(last: u8) -> Answer {
    Answer::ok(format!(r#"{{"etat":{{"etat":[{{"code":"0","tel":"068001020{last}"}}]}}}}"#))
}

fn of_run(remembers: Remembers, resumed: bool) -> Memory {
    Memory::of_run(Arc::new(remembers), SCOPE, resumed)
}

/// The statuses of a result, and how many recipients are to be tried again.
fn told(ran: &Ran) -> (Vec<&str>, usize) {
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
    let amnesia = ran.verdict.amnesia.as_ref().unwrap();
    assert!(amnesia.why.contains("the disk is full") && !amnesia.unrecorded, "{amnesia:?}");
}

#[tokio::test]
async fn nothing_more_is_sent_after_an_outcome_that_was_not_recorded() {
    let api = Api::new([("smsmulti", vec![taken(1)])]).await;
    let known = vec![(2, accepted())];
    let remembers = Remembers { broken: Some("record"), known, ..Remembers::default() };
    let step = Step::remembering("sendSmsMulti", &api.url(), json!({"batchSize": 1}), remembers);
    let ran = step.run(three()).await;
    assert_eq!(told(&ran), (vec!["accepted", "notSent", "accepted"], 1));
    assert!(ran.verdict.amnesia.as_ref().unwrap().unrecorded);
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

#[tokio::test]
async fn without_a_journal_what_is_delivered_again_is_in_doubt_to_its_last_request() {
    let api = Api::new([("smsmulti", vec![])]).await;
    let step = Step::stopped("sendSmsMulti", &api.url(), json!({"batchSize": 1}));
    let mut message = three();
    assert_eq!(told(&step.run_again(message.clone()).await), (vec!["unknown"; 3], 0));
    // Its first delivery may have done what it asks for.
    message["resend"] = json!(true);
    assert_eq!(told(&step.run_again(message).await), (vec!["unknown"; 3], 0));
    assert_eq!(api.count("smsmulti"), 0);
}

#[tokio::test]
async fn a_line_that_was_in_doubt_is_sent_when_its_body_says_so() {
    let api = Api::new([("sms", vec![taken(1)])]).await;
    let step = Step::new("sendSms", &api.url(), json!({}));
    let line = |body: Value| Message::new(json!({"error": {"kind": "unknown"}, "body": body}));
    let ran = step.take(line(json!({"num": "0680010201", "sms": "a"}))).await;
    assert_eq!((ran.error().kind, api.count("sms")), (Kind::Unknown, 0));
    let ran = step.take(line(json!({"num": "0680010201", "sms": "a", "resend": true}))).await;
    assert_eq!(ran.result()["status"], "accepted");
}

/// The second try was refused, or not made; of the first one that says nothing.
#[tokio::test]
async fn what_is_sent_again_and_not_accepted_stays_in_doubt() {
    let blacklisted = r#"{"etat":{"etat":[{"code":"11","tel":"0680010201"}]}}"#;
    let fine = || ("credit", vec![Answer::ok(reply("getCredit-text"))]);
    for answer in
        [Answer::new(429, ""), Answer::ok(reply("general-error")), Answer::ok(blacklisted)]
    {
        let api = Api::new([("sms", vec![answer.clone()]), fine()]).await;
        // A store grants what is to be sent again, and keeps the doubt.
        let memory = Memory::of_step(Arc::new(Resent), SCOPE);
        let step = Step::in_run("sendSms", &api.url(), json!({}), memory, false);
        let message = json!({"num": "0680010201", "sms": "a", "resend": true});
        let ran = step.run(message).await;
        assert_eq!((ran.error().kind, api.count("sms")), (Kind::Unknown, 1), "{ran:?}");
        assert!(ran.error().what.contains("; this one: "), "{}", ran.error());

        let api = Api::new([("smsmulti", vec![answer]), fine()]).await;
        let memory = Memory::of_step(Arc::new(Resent), SCOPE);
        let step = Step::in_run("sendSmsMulti", &api.url(), json!({}), memory, false);
        let message = json!({"num": ["0680010201", "0680010202"], "sms": "a", "resend": true});
        let ran = step.run(message).await;
        assert_eq!(ran.result()["results"][0]["status"], "unknown", "{}", ran.result());
        assert_ne!(ran.result()["results"][1]["status"], "accepted");
        let retried = ran.result()["retry"]["recipients"].to_string();
        assert!(!retried.contains("0680010201"), "{retried}");
    }
}

#[tokio::test]
async fn an_account_that_is_refused_is_told_whatever_is_in_doubt() {
    let answer = Answer::ok(reply("general-error"));
    let credit = ("credit", vec![Answer::ok(reply("getCredit-none"))]);
    let api = Api::new([("sms", vec![answer]), credit]).await;
    let memory = Memory::of_step(Arc::new(Resent), SCOPE);
    let step = Step::in_run("sendSms", &api.url(), json!({}), memory, false);
    let ran = step.run(json!({"num": "0680010201", "sms": "a", "resend": true})).await;
    assert_eq!(
        (ran.error().kind, ran.verdict.account),
        (Kind::Unknown, Some(AccountTrouble::Credit))
    );
}

/// The message would come again, and with it the wish to send what has just ended in doubt.
#[tokio::test]
async fn a_doubt_is_told_at_once_where_it_would_be_sent_again_unseen() {
    let api = Api::new([("smsmulti", vec![Answer::new(500, "")])]).await;
    let remembers = Remembers { busy: vec![1], ..Remembers::default() };
    let memory = Memory::of_step(Arc::new(remembers), SCOPE);
    let step = Step::in_run("sendSmsMulti", &api.url(), json!({"batchSize": 1}), memory, true);
    let mut message = three();
    message["num"].as_array_mut().unwrap().pop();
    message["resend"] = json!(true);
    assert_eq!(told(&step.run(message.clone()).await), (vec!["unknown"; 2], 0));
    // What the broker delivers again has had its one try.
    let api = Api::new([("smsmulti", vec![])]).await;
    let known = vec![(0, unknown()), (1, accepted())];
    let remembers = Remembers { known, ..Remembers::default() };
    let step = Step::remembering("sendSmsMulti", &api.url(), json!({}), remembers);
    assert_eq!(told(&step.run_again(message).await), (vec!["unknown", "accepted"], 0));
}

#[tokio::test]
async fn a_copy_that_was_put_back_does_not_send_what_is_in_doubt() {
    let api = Api::new([("sms", vec![])]).await;
    let remembers = Remembers { known: vec![(0, unknown())], ..Remembers::default() };
    let step = Step::remembering("sendSms", &api.url(), json!({}), remembers);
    let message = Message::new(json!({"num": "0680010201", "sms": "a", "resend": true}));
    let ran = step.take(Message { put_back: true, ..message }).await;
    assert_eq!((ran.error().kind, api.count("sms")), (Kind::Unknown, 0));
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

/// A journal in which another message of the same id is accepted while this one waits; that may be
/// the last that can be read of it.
#[derive(Default)]
struct Overtaken {
    asked: Mutex<usize>,
    broken: bool,
}

#[tokio::test]
async fn an_id_that_is_used_for_another_number_meanwhile_is_refused() {
    for (broken, resend, expected) in [
        (false, false, (Kind::Invalid, Some("reference"))),
        (false, true, (Kind::Invalid, Some("reference"))),
        (true, false, (Kind::Unknown, None)),
    ] {
        let api = Api::new([("sms", vec![])]).await;
        let overtaken = Overtaken { broken, ..Overtaken::default() };
        let memory = Memory::of_ids(Arc::new(overtaken), SCOPE);
        let step = Step::in_run("sendSms", &api.url(), json!({}), memory, false);
        let message = json!({"num": "0680010201", "sms": "a", "reference": "r1", "resend": resend});
        let ran = step.run(message.clone()).await;
        assert_eq!((ran.error().kind, ran.error().field.as_deref()), expected);
        assert_eq!(ran.verdict.amnesia.is_some(), broken);
        // A line's own doubt is not lost for it.
        let line = Message { in_doubt: true, ..Message::new(message) };
        assert_eq!(step.take(line).await.error().kind, Kind::Unknown);
        assert_eq!(api.count("sms"), 0);
    }
}

/// Without a journal, or in one that is new, nobody else knows of the doubt of a line.
#[tokio::test]
async fn the_doubt_of_a_line_lasts_until_it_is_accepted() {
    let line = || {
        let body = json!({"num": "0680010201", "sms": "a", "resend": true});
        Message::new(json!({"error": {"kind": "unknown"}, "body": body}))
    };
    let api = Api::new([("sms", vec![Answer::new(429, ""), taken(1)])]).await;
    let step = Step::new("sendSms", &api.url(), json!({}));
    let ran = step.take(line()).await;
    assert_eq!((ran.error().kind, api.count("sms")), (Kind::Unknown, 1));
    let memory = of_run(Remembers::default(), false);
    let guarded = Step::in_run("sendSms", &api.url(), json!({}), memory, false);
    let ran = guarded.guarded(Arc::new(Nothing)).take(line()).await;
    assert_eq!((ran.error().kind, api.count("sms")), (Kind::Unknown, 1));
    let memory = of_run(Remembers::default(), false);
    let step = Step::in_run("sendSms", &api.url(), json!({}), memory, false);
    assert_eq!(step.take(line()).await.result()["status"], "accepted");
    // So does the broker's, where there is no journal, and the step sends again.
    let api = Api::new([("sms", vec![Answer::new(429, "")])]).await;
    let step = Step::new("sendSms", &api.url(), json!({"whenUnknown": "sendAgain"}));
    let ran = step.run_again(json!({"num": "0680010201", "sms": "a"})).await;
    assert_eq!((ran.error().kind, api.count("sms")), (Kind::Unknown, 1));
}

#[tokio::test]
async fn a_journal_that_cannot_be_read_ends_a_run_that_would_look_into_it() {
    let api = Api::new([("sms", vec![])]).await;
    let remembers = Remembers { broken: Some("all"), ..Remembers::default() };
    let memory = Memory::of_ids(Arc::new(remembers), SCOPE);
    let step = Step::in_run("sendSms", &api.url(), json!({}), memory, false);
    let message = json!({"num": "0680010201", "sms": "a", "reference": "r1", "resend": true});
    let ran = step.run(message).await;
    assert_eq!(ran.error().kind, Kind::Unknown);
    assert!(!ran.verdict.amnesia.as_ref().unwrap().unrecorded);
}

/// Lets nothing pass.
struct Nothing;

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

/// A journal that grants slot 0 although it is in doubt.
struct Resent;

mod resent {
    use isendpro_connector::component::{
        BoxFuture, Claim, Error, Fallout, Journal, Kind, MessageKey, NumberHash, Past, Ticket,
        Wanted,
    };

    use super::{Overtaken, Resent, accepted, an_hour_ago, unknown};

    impl Journal for Overtaken {
        fn claim<'a>(&'a self, _: Wanted<'a>) -> BoxFuture<'a, Result<Claim, Error>> {
            Box::pin(std::future::ready(Ok(Claim::Known(vec![(0, accepted())]))))
        }

        fn recall(&self, _: MessageKey) -> BoxFuture<'_, Result<Vec<Past>, Error>> {
            let mut asked = self.asked.lock().unwrap();
            *asked += 1;
            let number = Some(NumberHash([b'2'; 8]));
            let past = Past { slot: 0, at: an_hour_ago(), number, known: Some(accepted()) };
            let recalled = match *asked {
                1 => Ok(Vec::new()),
                _ if self.broken => Err(Error::new(Kind::Unavailable, "the disk is gone")),
                _ => Ok(vec![past]),
            };
            Box::pin(std::future::ready(recalled))
        }

        fn number(&self, tel: &str) -> Option<NumberHash> {
            Some(NumberHash([tel.bytes().last()?; 8]))
        }

        fn record<'a>(
            &'a self,
            _: Ticket,
            _: &'a [(u32, Fallout)],
        ) -> BoxFuture<'a, Result<(), Error>> {
            Box::pin(std::future::ready(Ok(())))
        }
    }

    impl Journal for Resent {
        fn claim<'a>(&'a self, _: Wanted<'a>) -> BoxFuture<'a, Result<Claim, Error>> {
            Box::pin(std::future::ready(Ok(Claim::Granted(Ticket(1), vec![0]))))
        }

        fn recall(&self, _: MessageKey) -> BoxFuture<'_, Result<Vec<Past>, Error>> {
            let past = Past { slot: 0, at: an_hour_ago(), number: None, known: Some(unknown()) };
            Box::pin(std::future::ready(Ok(vec![past])))
        }

        fn number(&self, _: &str) -> Option<NumberHash> {
            None
        }

        fn record<'a>(
            &'a self,
            _: Ticket,
            _: &'a [(u32, Fallout)],
        ) -> BoxFuture<'a, Result<(), Error>> {
            Box::pin(std::future::ready(Ok(())))
        }
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

#[tokio::test]
async fn an_id_that_was_used_for_another_number_is_refused() {
    let api = Api::new([("sms", vec![])]).await;
    for (last, is_same) in [(b'1', true), (b'2', false)] {
        let number = Some(NumberHash([last; 8]));
        let remembers = Remembers { known: vec![(0, accepted())], number, ..Remembers::default() };
        let memory = Memory::of_ids(Arc::new(remembers), SCOPE);
        let step = Step::in_run("sendSms", &api.url(), json!({}), memory, false);
        let ran = step.run(json!({"num": "0680010201", "sms": "a", "reference": "r1"})).await;
        if is_same {
            assert_eq!(ran.result()["replayed"], true);
        } else {
            assert_eq!(
                (ran.error().kind, ran.error().field.as_deref()),
                (Kind::Invalid, Some("reference"))
            );
        }
    }
    assert_eq!(api.count("sms"), 0);
}
