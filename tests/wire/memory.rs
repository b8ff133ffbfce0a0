//! What the engine makes of a journal that remembers.

use isendpro_connector::component::WHOLE;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::journal::{Remembers, accepted, unknown};
use super::run::Step;
use crate::http::{Answer, Api};

#[tokio::test]
async fn what_was_accepted_before_its_date_passed_is_not_denied_afterwards() {
    let api = Api::new([("sms", vec![])]).await;
    let half_an_hour_ago = Timestamp::now() - SignedDuration::from_mins(30);
    let message =
        json!({"num": "0680010203", "sms": "a", "date_envoi": half_an_hour_ago.to_string()});
    let remembers = Remembers { known: vec![(0, accepted())], ..Remembers::default() };
    let ran =
        Step::remembering("sendSms", &api.url(), json!({}), remembers).run(message.clone()).await;
    assert_eq!(
        (&ran.result()["status"], &ran.result()["replayed"]),
        (&json!("accepted"), &json!(true))
    );
    // Nobody knows of it: then it is too late.
    let ran = Step::remembering("sendSms", &api.url(), json!({}), Remembers::default())
        .run(message)
        .await;
    assert!(ran.error().what.contains("has passed"), "{}", ran.error());
    assert_eq!(api.count("sms"), 0);
}

#[tokio::test]
async fn only_the_rest_of_a_bulk_message_is_sent() {
    let answer = r#"{"etat":{"etat":[{"code":"0","tel":"0680010202"}]}}"#;
    let api = Api::new([("smsmulti", vec![Answer::ok(answer)])]).await;
    let remembers =
        Remembers { known: vec![(0, accepted()), (2, unknown())], ..Remembers::default() };
    let message =
        json!({"num": ["0680010201", "0680010202", "0680010203"], "sms": ["a", "b", "c"]});
    let step = Step::remembering("sendSmsMulti", &api.url(), json!({}), remembers);
    let ran = step.run(message).await;
    let told = ran.result()["results"].as_array().unwrap().iter();
    let told: Vec<_> =
        told.map(|it| (it["status"].as_str().unwrap(), it["replayed"] == true)).collect();
    assert_eq!(told, [("accepted", true), ("accepted", false), ("unknown", true)]);
    let body: serde_json::Value = serde_json::from_str(&api.seen()[0].body).unwrap();
    assert_eq!((&body["num"], &body["sms"]), (&json!(["33680010202"]), &json!(["b"])));
}

#[tokio::test]
async fn a_directory_in_doubt_is_told_beside_the_recipients() {
    let answer = r#"{"etat":{"etat":[{"code":"0","tel":"0680010201"}]}}"#;
    let message = json!({"num": ["0680010201"], "sms": "a", "repertoireId": "7"});
    for (known, requests) in
        [(vec![(WHOLE, unknown())], 1), (vec![(0, accepted()), (WHOLE, unknown())], 0)]
    {
        let api = Api::new([("smsmulti", vec![Answer::ok(answer)])]).await;
        let remembers = Remembers { known, ..Remembers::default() };
        let step = Step::remembering("sendSmsMulti", &api.url(), json!({}), remembers);
        let ran = step.run(message.clone()).await;
        assert_eq!((api.count("smsmulti"), &ran.result()["accepted"]), (requests, &json!(1)));
        let warnings = ran.result()["warnings"].to_string();
        assert!(warnings.contains("may have been sent to its directory"), "{warnings}");
        if let Some(seen) = api.seen().first() {
            assert!(!seen.body.contains("repertoireId"), "{}", seen.body);
        }
    }
}
