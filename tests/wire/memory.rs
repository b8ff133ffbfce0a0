//! What the engine makes of a journal that remembers.

use std::sync::Mutex;
use std::time::Duration;

use isendpro_connector::component::{
    BoxFuture, Claim, Error, Fallout, Journal, Kept, Kind, Known, MessageKey, NumberHash, Past,
    Ticket, WHOLE, Wanted,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::run::Step;
use crate::http::{Answer, Api};

/// A journal of one message, claimed an hour ago.
#[derive(Default)]
pub struct Remembers {
    pub known: Vec<(u32, Known)>,
    /// The number that they all belong to.
    pub number: Option<NumberHash>,
    /// Slots that somebody is calling.
    pub busy: Vec<u32>,
    /// What fails: `claim`, `record`, or `all`.
    pub broken: Option<&'static str>,
    pub recorded: Mutex<Vec<(u32, Fallout)>>,
}

pub fn an_hour_ago() -> Timestamp {
    Timestamp::now() - SignedDuration::from_hours(1)
}

pub fn accepted() -> Known {
    Known::Accepted(Kept { at: an_hour_ago(), code: Some(0), parts: Some(1), data: None })
}

impl Journal for Remembers {
    fn claim<'a>(&'a self, wanted: Wanted<'a>) -> BoxFuture<'a, Result<Claim, Error>> {
        let asked = |it: &&(u32, Known)| wanted.slots.iter().any(|slot| slot.index == it.0);
        let known: Vec<_> = self.known.iter().filter(asked).cloned().collect();
        let claim = match self.broken {
            Some("claim" | "all") => Err(Error::new(Kind::Unavailable, "the disk is full")),
            _ if wanted.slots.iter().any(|it| self.busy.contains(&it.index)) => {
                Ok(Claim::Busy(Duration::from_millis(1)))
            }
            _ if known.is_empty() => Ok(Claim::Granted(Ticket(1), Vec::new())),
            _ => Ok(Claim::Known(known)),
        };
        Box::pin(std::future::ready(claim))
    }

    fn recall(&self, _: MessageKey) -> BoxFuture<'_, Result<Vec<Past>, Error>> {
        let past = |slot, known| Past { slot, at: an_hour_ago(), number: self.number, known };
        let known = self.known.iter().map(|(slot, known)| past(*slot, Some(known.clone())));
        let recalled = match self.broken {
            Some("all") => Err(Error::new(Kind::Unavailable, "the disk is gone")),
            _ => Ok(known.chain(self.busy.iter().map(|it| past(*it, None))).collect()),
        };
        Box::pin(std::future::ready(recalled))
    }

    fn number(&self, tel: &str) -> Option<NumberHash> {
        Some(NumberHash([tel.bytes().last()?; 8]))
    }

    fn record<'a>(
        &'a self,
        _: Ticket,
        fallout: &'a [(u32, Fallout)],
    ) -> BoxFuture<'a, Result<(), Error>> {
        self.recorded.lock().unwrap().extend_from_slice(fallout);
        let recorded = match self.broken {
            Some("record") => Err(Error::new(Kind::Unavailable, "the disk is full")),
            _ => Ok(()),
        };
        Box::pin(std::future::ready(recorded))
    }
}

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
    let unknown = Known::Unknown { since: an_hour_ago(), tracker: None };
    let remembers =
        Remembers { known: vec![(0, accepted()), (2, unknown)], ..Remembers::default() };
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
    let unknown = || Known::Unknown { since: an_hour_ago(), tracker: None };
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
