//! Answers to bulk messages: mixed, in another order, with gaps; and what is to be retried.

use isendpro_connector::component::{AccountTrouble, Kind};
use serde_json::{Value, json};

use super::run::{KEY, Ran, Step, holds, next_month, reply, run};
use crate::http::{Answer, Api};

fn message() -> Value {
    json!({"num": ["0600208432", "0771058335", "0695208432"], "sms": "Bonjour"})
}

async fn answered(name: &str, status: u16, message: Value) -> Ran {
    let api = Api::new([("smsmulti", vec![Answer::new(status, reply(name))])]).await;
    let ran = run("sendSmsMulti", &api.url(), message).await;
    assert_eq!(api.seen().len(), 1);
    ran
}

/// Status and code of each recipient.
fn fates(ran: &Ran) -> Value {
    let results = ran.result()["results"].as_array().unwrap().iter();
    results.map(|it| json!([it["status"], it["code"]])).collect()
}

#[tokio::test]
async fn every_recipient_has_its_own_fate() {
    let cases = [
        ("sendSmsMulti-mixed", json!([["refused", 21], ["refused", 11], ["accepted", 0]])),
        (
            "sendSmsMulti-another-order",
            json!([["refused", 11], ["unknown", null], ["accepted", 0]]),
        ),
        ("sendSmsMulti-one-object", json!([["unknown", null], ["accepted", 0], ["unknown", null]])),
        ("sendSmsMulti-repeated", json!([["accepted", 0], ["accepted", 0], ["refused", 21]])),
        ("sendSms-masked", json!([["unknown", null], ["unknown", null], ["unknown", null]])),
    ];
    for (name, expected) in cases {
        for status in [200, 400, 500] {
            let ran = answered(name, status, message()).await;
            assert_eq!(fates(&ran), expected, "{name} {status}");
            let output = ran.result();
            for count in ["accepted", "refused", "unknown"] {
                let fates = expected.as_array().unwrap().iter();
                assert_eq!(
                    output[count],
                    fates.filter(|it| it[0] == count).count(),
                    "{name} {count}"
                );
            }
            assert_eq!(output.get("retry"), None, "nothing here is safe to send again");
        }
    }
}

#[tokio::test]
async fn the_mixed_answer_is_told_in_full() {
    let ran = answered("sendSmsMulti-mixed", 200, message()).await;
    let expected = json!({"accepted": 1, "refused": 2, "notSent": 0, "unknown": 0, "duplicate": 0, "smslong": 2,
        "results": [
            {"index": 0, "num": "0600208432", "tel": "33600208432", "reason": "notAllocated"},
            {"index": 1, "reason": "blacklisted", "message": "Le numéro de téléphone est dans la liste noire!"},
            {"index": 2, "status": "accepted", "smslong": 2}]});
    assert!(holds(ran.result(), &expected), "{}", ran.result());
    let tally = ran.verdict.tally;
    assert_eq!((tally.accepted, tally.refused, tally.parts), (1, 2, 2));
}

#[tokio::test]
async fn overseas_numbers_are_matched_in_either_form() {
    let message = json!({"num": ["+262639112233", "0692112233"], "sms": "Bonjour"});
    let ran = answered("sendSmsMulti-overseas", 200, message).await;
    assert_eq!(fates(&ran), json!([["refused", 11], ["accepted", 0]]));
}

#[tokio::test]
async fn one_recipient_and_one_entry_belong_together() {
    for name in ["sendSms-masked", "sendSms-no-number", "sendSms-object-text"] {
        let message = json!({"num": "0680010203", "sms": "Bonjour"});
        assert_eq!(fates(&answered(name, 200, message).await), json!([["accepted", 0]]));
    }
}

#[tokio::test]
async fn the_numbers_of_a_directory_are_told_too() {
    for (message, indexes) in [
        (json!({"repertoireId": "100001", "sms": "Bonjour"}), json!([0, 1, 2])),
        (
            json!({"repertoireId": "100001", "num": "0771058335", "sms": "Bonjour"}),
            json!([0, 1, 2]),
        ),
    ] {
        let ran = answered("sendSmsMulti-mixed", 200, message).await;
        let results = ran.result()["results"].as_array().unwrap();
        let told: Value = results.iter().map(|it| it["index"].clone()).collect();
        assert_eq!(told, indexes);
        assert_eq!((&ran.result()["accepted"], &ran.result()["refused"]), (&json!(1), &json!(2)));
    }
}

#[tokio::test]
async fn each_way_of_emitting() {
    let api = Api::new([("smsmulti", vec![Answer::ok(reply("sendSmsMulti-mixed"))])]).await;
    for (behaviour, messages, recipients) in
        [("fetchAll", 1, 3), ("emitIndividually", 3, 1), ("problemsOnly", 1, 2)]
    {
        let step = Step::new("sendSmsMulti", &api.url(), json!({"emitBehaviour": behaviour}));
        let ran = step.run(message()).await;
        assert_eq!((ran.results.len(), ran.verdict.tally.accepted), (messages, 1), "{behaviour}");
        for result in &ran.results {
            assert_eq!(result["results"].as_array().unwrap().len(), recipients, "{behaviour}");
        }
    }
}

/// The whole request is refused: by the account, all of it may be sent once that is mended.
#[tokio::test]
async fn a_general_error_concerns_every_recipient() {
    let cases = [
        ("getCredit-text", "refused", "other", None),
        ("getCredit-none", "notSent", "account", Some(AccountTrouble::Credit)),
        ("general-error", "notSent", "account", Some(AccountTrouble::KeyOrAddress)),
    ];
    for (credit, status, reason, account) in cases {
        for http in [200, 400] {
            let routes = [
                ("smsmulti", vec![Answer::new(http, reply("general-error"))]),
                ("credit", vec![Answer::ok(reply(credit))]),
            ];
            let api = Api::new(routes).await;
            let ran = run("sendSmsMulti", &api.url(), message()).await;
            let one = json!({"status": status, "reason": reason, "code": 99});
            assert!(holds(&ran.result()["results"], &json!([one, one, one])), "{}", ran.result());
            assert_eq!((ran.verdict.account, ran.result()[status].as_u64()), (account, Some(3)));
            assert_eq!(ran.result().get("retry").is_some(), account.is_some());
            assert_eq!(api.count("smsmulti"), 1);
        }
    }
}

/// It may say no more than that the server failed after it took the request.
#[tokio::test]
async fn a_general_error_under_a_server_error_refuses_nobody() {
    for status in [500, 502, 503] {
        let credit = Answer::ok(reply("getCredit-none"));
        let answers = vec![Answer::new(status, reply("general-error"))];
        let api = Api::new([("smsmulti", answers), ("credit", vec![credit])]).await;
        let ran = run("sendSmsMulti", &api.url(), message()).await;
        assert_eq!((&ran.result()["unknown"], ran.verdict.account), (&json!(3), None), "{status}");
        assert_eq!(ran.result().get("retry"), None);
        let ran = run("sendSms", &api.url(), json!({"num": "0680010203", "sms": "a"})).await;
        assert_eq!(ran.error().kind, Kind::Unknown);
    }
}

/// One of three was accepted, and what says so did not come as it should.
#[tokio::test]
async fn a_mixed_answer_that_cannot_be_read_refuses_nobody() {
    let mixed = String::from_utf8(reply("sendSmsMulti-mixed")).unwrap();
    let general = String::from_utf8(reply("general-error")).unwrap();
    let warning = "<br />\n<b>Warning</b>:  x in <b>/www/sms.php</b> on line <b>12</b><br />\n";
    let bodies = [
        mixed[..mixed.len() / 2].to_owned(),
        format!("{warning}{mixed}"),
        format!("{mixed}<html></html>"),
        format!("{general}\n{mixed}"),
    ];
    for (status, body) in
        [400, 403, 429].into_iter().flat_map(|it| bodies.iter().map(move |b| (it, b)))
    {
        let api = Api::new([("smsmulti", vec![Answer::new(status, body.as_str())])]).await;
        let ran = run("sendSmsMulti", &api.url(), message()).await;
        assert_eq!(ran.result()["unknown"], 3, "{status} {body}: {}", ran.result());
        assert_eq!(ran.result().get("retry"), None);
    }
}

#[tokio::test]
async fn one_recipient_is_not_answered_for_by_another_number() {
    let other = r#"{"etat":{"etat":[{"code":"0","tel":"0699999999"}]}}"#;
    let api = Api::new([("smsmulti", vec![Answer::ok(other)]), ("sms", vec![Answer::ok(other)])]);
    let api = api.await;
    let message = json!({"num": "0680010203", "sms": "a"});
    let ran = run("sendSmsMulti", &api.url(), message.clone()).await;
    assert_eq!(fates(&ran), json!([["unknown", null]]));
    let ran = run("sendSms", &api.url(), message).await;
    assert_eq!((ran.error().kind, ran.verdict.tally.accepted), (Kind::Unknown, 0));
}

#[tokio::test]
async fn what_was_not_sent_can_be_given_to_the_same_action_again() {
    let message = json!({"recipients": [
            {"num": "0680010203", "sms": "Bonjour Anne", "tracker": "t1", "meta": {"id": 1}},
            {"num": "0142000000"}, {"num": "+33 680 01 02 04"}, {"num": "0680010204"}],
        "sms": "Bonjour", "emetteur": "Garage", "smslong": 999, "nostop": true, "sandbox": true,
        "date_envoi": next_month(), "gmt_zone": "Europe/Brussels"});
    let answers = vec![Answer::new(429, ""), Answer::ok(reply("sendSmsMulti-accepted"))];
    let api = Api::new([("smsmulti", answers)]).await;
    let first = run("sendSmsMulti", &api.url(), message).await;
    let counts =
        ["notSent", "refused", "duplicate", "accepted"].map(|it| first.result()[it].clone());
    assert_eq!(counts, [2, 1, 1, 0]);
    let second = run("sendSmsMulti", &api.url(), first.result()["retry"].clone()).await;
    assert_eq!(second.result()["accepted"], 2);
    assert_eq!(second.result()["results"][0]["meta"], json!({"id": 1}));
    let bodies: Vec<Value> =
        api.seen().iter().map(|it| serde_json::from_str(&it.body).unwrap()).collect();
    assert_eq!(bodies[0], bodies[1]);
    assert!(holds(&bodies[0], &json!({"keyid": KEY, "sms": ["Bonjour Anne", "Bonjour"]})));
}

/// Three requests: what each of them answers decides only about its own recipients, unless it is the
/// account that is refused.
#[tokio::test]
async fn a_large_message_goes_in_several_requests() {
    let message = json!({"num": ["0680010201", "0680010202", "0680010203", "0680010204", "0680010205"],
        "sms": ["a", "b", "c", "d", "e"], "tracker": ["t1", "t2", "t3", "t4", "t5"]});
    let accepted = |nums: [&str; 2]| {
        let entries: Vec<_> = nums.iter().map(|it| json!({"code": "0", "tel": it})).collect();
        Answer::ok(json!({"etat": {"etat": entries}}).to_string())
    };
    let last = Answer::ok(r#"{"etat":{"etat":[{"code":"0","tel":"0680010205"}]}}"#);
    let refused = || Answer::ok(reply("general-error"));
    let cases = [
        (Answer::new(500, ""), ["accepted", "accepted", "unknown", "unknown", "accepted"], 3),
        (Answer::new(429, ""), ["accepted", "accepted", "notSent", "notSent", "accepted"], 3),
        (refused(), ["accepted", "accepted", "notSent", "notSent", "notSent"], 2),
    ];
    for (middle, fates, requests) in cases {
        let answers = vec![accepted(["0680010201", "0680010202"]), middle, last.clone()];
        let credit = vec![Answer::ok(reply("getCredit-none"))];
        let api = Api::new([("smsmulti", answers), ("credit", credit)]).await;
        let step = Step::new("sendSmsMulti", &api.url(), json!({"batchSize": 2}));
        let ran = step.run(message.clone()).await;
        let result = ran.result();
        let told = result["results"].as_array().unwrap().iter();
        let told: Vec<_> = told.map(|it| it["status"].as_str().unwrap()).collect();
        assert_eq!(told, fates);
        assert_eq!(api.count("smsmulti"), requests);
        let unsent: Vec<_> = (0..5).filter(|it| fates[*it] == "notSent").collect();
        let retried = result["retry"]["recipients"].as_array().map_or(0, Vec::len);
        assert_eq!(retried, unsent.len(), "{result}");
        let first: Value = serde_json::from_str(&api.seen()[0].body).unwrap();
        assert!(holds(&first, &json!({"sms": ["a", "b"], "tracker": ["t1", "t2"]})), "{first}");
    }
}

#[tokio::test]
async fn a_run_that_is_stopped_makes_no_further_request_of_a_message() {
    let accepted = r#"{"etat":{"etat":[{"code":"0","tel":"0680010201"}]}}"#;
    let api = Api::new([("smsmulti", vec![Answer::ok(accepted)])]).await;
    let message = json!({"num": ["0680010201", "0680010202", "0680010203"], "sms": "a"});
    let ran = Step::stopped("sendSmsMulti", &api.url(), json!({"batchSize": 1})).run(message).await;
    let counts = ["accepted", "notSent"].map(|it| ran.result()[it].as_u64().unwrap());
    assert_eq!((counts, api.count("smsmulti")), ([1, 2], 1));
    assert_eq!(ran.result()["retry"]["recipients"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn credit_that_pays_for_less_than_the_request_is_the_accounts_trouble() {
    let routes = [
        ("smsmulti", vec![Answer::ok(reply("general-error"))]),
        ("credit", vec![Answer::ok(r#"{"etat":{"credit":"0.06","quantite":"1"}}"#)]),
    ];
    let api = Api::new(routes).await;
    let ran = run("sendSmsMulti", &api.url(), message()).await;
    assert_eq!(ran.verdict.account, Some(AccountTrouble::Credit));
    assert_eq!(ran.result()["notSent"], 3);
    assert!(ran.result().get("retry").is_some());
}

/// No result holds a key; sent as it is, the rest would be paid by somebody else.
#[tokio::test]
async fn a_message_to_retry_says_that_it_has_lost_its_key() {
    let message = json!({"num": ["0680010203", "0680010204"], "sms": "a", "keyid": "other"});
    for (keyid, warned) in [(json!("other"), true), (json!(null), false)] {
        let taken = r#"{"etat":{"etat":[{"code":"0","tel":"0680010203"}]}}"#;
        let answers = vec![Answer::ok(taken), Answer::new(429, "")];
        let api = Api::new([("smsmulti", answers)]).await;
        let settings = json!({"batchSize": 1, "giveUpAfter": 0});
        let mut message = message.clone();
        message["keyid"] = keyid;
        let ran = Step::new("sendSmsMulti", &api.url(), settings).run(message).await;
        assert!(ran.result()["retry"].is_object(), "{}", ran.result());
        let warnings = ran.result()["warnings"].to_string();
        assert_eq!(warnings.contains("put it in again"), warned, "{warnings}");
        assert!(!ran.result().to_string().contains("other"));
    }
}

#[tokio::test]
async fn a_directory_goes_with_one_of_the_messages_to_retry() {
    let api = Api::new([("smsmulti", vec![Answer::new(429, "")])]).await;
    let settings = json!({"emitBehaviour": "emitIndividually"});
    let step = Step::new("sendSmsMulti", &api.url(), settings);
    let num = ["0680010203", "0680010204"];
    let ran = step.run(json!({"num": num, "sms": "a", "repertoireId": "7"})).await;
    let retries: Vec<_> = ran.results.iter().map(|it| &it["retry"]).collect();
    let directories: Vec<_> = retries.iter().map(|it| it["repertoireId"].as_str()).collect();
    assert_eq!(directories, [Some("7"), None], "{retries:?}");
    assert!(retries.iter().all(|it| it["recipients"].is_array()));
}
