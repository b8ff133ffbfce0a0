//! The trackers of messages that are remembered.

use isendpro_connector::component::Known;
use serde_json::{Value, json};

use super::journal::{Remembers, accepted, an_hour_ago};
use super::run::{Ran, Step};
use crate::http::{Answer, Api};

/// An answer that accepts one recipient.
fn taken(tel: &str) -> Answer {
    Answer::ok(format!(r#"{{"etat":{{"etat":[{{"code":"0","tel":"{tel}"}}]}}}}"#))
}

/// The bodies of the requests that a message leads to, and its results.
async fn sent(
    action: &str,
    settings: Value,
    known: Vec<(u32, Known)>,
    body: Value,
) -> (Vec<Value>, Ran) {
    let path = if action == "sendSms" { "sms" } else { "smsmulti" };
    let answers = vec![taken("0680010201"), taken("0680010203")];
    let api = Api::new([(path, answers)]).await;
    let remembers = Remembers { known, ..Remembers::default() };
    let ran = Step::remembering(action, &api.url(), settings, remembers).run(body).await;
    let bodies = api.seen().iter().map(|it| serde_json::from_str(&it.body).unwrap()).collect();
    (bodies, ran)
}

fn is_ours(tracker: &Value) -> bool {
    let text = tracker.as_str().unwrap_or_default();
    text.len() == 32 && text.bytes().all(|it| it.is_ascii_hexdigit())
}

#[tokio::test]
async fn a_message_without_a_tracker_has_the_same_one_whenever_it_comes() {
    let body = json!({"num": "0680010201", "sms": "a"});
    let (first, ran) = sent("sendSms", json!({}), Vec::new(), body.clone()).await;
    let tracker = &first[0]["tracker"];
    assert!(is_ours(tracker), "{tracker}");
    assert_eq!(ran.result()["tracker"], *tracker);
    let (again, _) = sent("sendSms", json!({}), Vec::new(), body.clone()).await;
    assert_eq!(again[0]["tracker"], *tracker);
    let (replayed, ran) = sent("sendSms", json!({}), vec![(0, accepted())], body).await;
    assert_eq!((replayed.len(), &ran.result()["tracker"]), (0, tracker));
    let other = json!({"num": "0680010201", "sms": "b"});
    assert_ne!(sent("sendSms", json!({}), Vec::new(), other).await.0[0]["tracker"], *tracker);
}

#[tokio::test]
async fn a_tracker_of_the_users_stays_and_without_a_journal_there_is_no_other() {
    let own = json!({"num": "0680010201", "sms": "a", "tracker": "rdv4711"});
    let (bodies, ran) = sent("sendSms", json!({}), Vec::new(), own).await;
    assert_eq!(bodies[0]["tracker"], "rdv4711");
    assert_eq!(ran.result()["tracker"], "rdv4711");
    for (action, path, num) in [
        ("sendSms", "sms", json!("0680010201")),
        ("sendSmsMulti", "smsmulti", json!(["0680010201"])),
    ] {
        let api = Api::new([(path, vec![taken("0680010201")])]).await;
        let step = Step::new(action, &api.url(), json!({}));
        let ran = step.run(json!({"num": num, "sms": "a"})).await;
        assert!(
            !api.seen()[0].body.contains("tracker")
                && !ran.result().to_string().contains("tracker")
        );
    }
}

#[tokio::test]
async fn each_recipient_of_a_bulk_message_has_its_tracker_in_whatever_requests_it_goes() {
    let body = json!({"recipients": [
        {"num": "0680010201", "sms": "a"},
        {"num": "0680010202", "sms": "b", "tracker": "own2"},
        {"num": "0680010203", "sms": "c"},
    ]});
    let (whole, ran) = sent("sendSmsMulti", json!({}), Vec::new(), body.clone()).await;
    let trackers = whole[0]["tracker"].as_array().unwrap().clone();
    assert!(is_ours(&trackers[0]) && is_ours(&trackers[2]) && trackers[0] != trackers[2]);
    assert_eq!(trackers[1], "own2");
    let told = ran.result()["results"].as_array().unwrap().iter();
    assert_eq!(told.map(|it| it["tracker"].clone()).collect::<Vec<_>>(), trackers);
    let (batches, _) =
        sent("sendSmsMulti", json!({"batchSize": 2}), Vec::new(), body.clone()).await;
    assert_eq!(batches[0]["tracker"], json!(trackers[..2]));
    assert_eq!(batches[1]["tracker"], json!(trackers[2..]));
    let (rest, ran) = sent("sendSmsMulti", json!({}), vec![(0, accepted())], body.clone()).await;
    assert_eq!(rest[0]["tracker"], json!(trackers[1..]));
    assert_eq!(ran.result()["results"][0]["tracker"], trackers[0]);
    // What went with it then is told, not what would go with it now.
    let unknown = Known::Unknown { since: an_hour_ago(), tracker: Some("then".to_owned()) };
    let (_, ran) = sent("sendSmsMulti", json!({}), vec![(2, unknown)], body).await;
    assert_eq!(ran.result()["results"][2]["tracker"], "then");
}

#[tokio::test]
async fn our_tracker_goes_with_no_other_message() {
    let api = Api::new([("smsmulti", vec![Answer::new(429, "")])]).await;
    let step = Step::remembering("sendSmsMulti", &api.url(), json!({}), Remembers::default());
    let recipients = json!([{"num": "0680010201"}, {"num": "0680010202", "tracker": "own2"}]);
    let ran = step.run(json!({"recipients": recipients, "sms": "a"})).await;
    assert!(is_ours(&ran.result()["results"][0]["tracker"]));
    assert_eq!(ran.result()["retry"], json!({"recipients": recipients, "sms": ["a"]}));
}

#[tokio::test]
async fn a_directory_has_no_tracker() {
    let body = json!({"repertoireId": "7", "sms": "a"});
    let (bodies, _) = sent("sendSmsMulti", json!({}), Vec::new(), body).await;
    assert_eq!(bodies[0].get("tracker"), None);
}

#[tokio::test]
async fn an_error_that_leaves_a_doubt_names_the_tracker() {
    let body = json!({"num": "0680010201", "sms": "a"});
    let (first, _) = sent("sendSms", json!({}), Vec::new(), body.clone()).await;
    let tracker = first[0]["tracker"].as_str().unwrap();
    let api = Api::new([("sms", vec![Answer::new(500, "")])]).await;
    let step = Step::remembering("sendSms", &api.url(), json!({}), Remembers::default());
    let lost = step.run(body.clone()).await;
    assert!(lost.error().to_string().contains(&format!("(tracker {tracker})")));
    let unknown = Known::Unknown { since: an_hour_ago(), tracker: Some("then".to_owned()) };
    let (_, again) = sent("sendSms", json!({}), vec![(0, unknown)], body.clone()).await;
    assert!(again.error().to_string().contains("(tracker then)"), "{}", again.error());
    let without = Step::new("sendSms", &api.url(), json!({})).run(body).await;
    assert!(!without.error().to_string().contains("tracker"), "{}", without.error());
}
