//! What HTTP statuses and bodies that are no reply mean, for an action of each effect.

use std::time::{Duration, Instant};

use isendpro_connector::component::Kind;
use serde_json::json;

use super::operations::Op;
use super::run::{Step, reply};
use crate::http::{Answer, Api};

const HTML: &str = "<!doctype html><html><body>Bad gateway</body></html>";

/// `Once`, `Idempotent`, `Read`, and a stream.
const ACTIONS: [&str; 4] = ["sendSms", "setListeNoire", "comptage", "getListeNoire"];

fn step(action: &str, url: &str, minutes: f64) -> Step {
    Step::new(action, url, json!({"requestStyle": "published", "giveUpAfter": minutes}))
}

fn starts(once: bool, kind: Kind, deed: &str) -> String {
    match (kind, once) {
        (Kind::NotSent, _) => format!("NOT {}, retry is safe: ", deed.to_uppercase()),
        (Kind::Refused, _) => format!("REFUSED by iSendPro, nothing {deed}: "),
        (_, true) => "MAY HAVE BEEN SENT, retrying may send twice: ".to_owned(),
        (_, false) => "NO USABLE ANSWER, retry is safe: ".to_owned(),
    }
}

#[tokio::test]
async fn answers_that_are_no_reply() {
    let cases: [(u16, &str, Kind, &str); 17] = [
        (429, "", Kind::NotSent, "iSendPro asks to come back later (HTTP 429)"),
        (429, HTML, Kind::NotSent, "iSendPro asks to come back later (HTTP 429)"),
        (301, "", Kind::Refused, "HTTP 301 with an empty body"),
        (307, "", Kind::Refused, "HTTP 307 with an empty body"),
        (400, "{}", Kind::Refused, "HTTP 400 with a JSON text of another kind"),
        (401, "", Kind::Refused, "HTTP 401 with an empty body"),
        (403, "Forbidden", Kind::Refused, "HTTP 403 with a text"),
        (404, HTML, Kind::Refused, "HTTP 404 with a web page"),
        (405, "", Kind::Refused, "HTTP 405 with an empty body"),
        (500, HTML, Kind::Unknown, "HTTP 500 with a web page"),
        (502, "", Kind::Unknown, "HTTP 502 with an empty body"),
        (503, "Busy", Kind::Unknown, "HTTP 503 with a text"),
        (504, "{\"etat\":", Kind::Unknown, "HTTP 504 with a JSON text that breaks off"),
        (200, HTML, Kind::Unknown, "HTTP 200 with a web page"),
        (200, "", Kind::Unknown, "HTTP 200 with an empty body"),
        (
            200,
            "{\"etat\":{\"etat\":[{\"code\":",
            Kind::Unknown,
            "HTTP 200 with a JSON text that breaks off",
        ),
        (200, "[]", Kind::Unknown, "HTTP 200 with a JSON text of another kind"),
    ];
    for (status, body, kind, said) in cases {
        for action in ACTIONS {
            let op = Op::of(action);
            let yes =
                if op.downloads() { Answer::new(501, "") } else { Answer::ok(reply(op.reply)) };
            let api = Api::new([(op.path, vec![Answer::new(status, body), yes])]).await;
            let ran = step(action, &api.url(), 0.0).run(op.message()).await;
            let once = action == "sendSms";
            let deed = if once { "sent" } else { "done" };
            let error = ran.error();
            let expected = match kind {
                Kind::Unknown if !once => Kind::Unavailable,
                kind => kind,
            };
            assert_eq!(error.kind, expected, "{action} {status} {body}: {error}");
            let starts = starts(once, expected, deed) + said;
            assert!(error.to_string().starts_with(&starts), "{action}: {error}\n{starts}");
            assert_eq!(error.retryable(), !matches!(expected, Kind::Unknown | Kind::Refused));
            assert_eq!(api.seen().len(), 1, "{action} {status}: nothing is tried again");
        }
    }
}

/// What a gateway says that waited no longer, what a form is answered with that was carried out, and
/// what nobody expects: it refuses only what may be asked again anyway.
#[tokio::test]
async fn statuses_that_may_come_after_the_deed() {
    for status in [302, 303, 402, 408, 409, 418, 422, 425, 499] {
        for action in ACTIONS {
            let op = Op::of(action);
            let api = Api::new([(op.path, vec![Answer::new(status, HTML)])]).await;
            let ran = step(action, &api.url(), 0.0).run(op.message()).await;
            let expected = if action == "sendSms" { Kind::Unknown } else { Kind::Refused };
            assert_eq!((ran.error().kind, api.seen().len()), (expected, 1), "{action} {status}");
        }
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        for action in ACTIONS {
            let op = Op::of(action);
            let other = Api::new([(op.path, vec![Answer::ok(reply("general-error"))])]).await;
            let location = format!("{}/{}", other.url(), op.path);
            let api = Api::new([(op.path, vec![Answer::new(status, "").location(location)])]).await;
            let ran = step(action, &api.url(), 0.0).run(op.message()).await;
            let may_be_done = action == "sendSms" && matches!(status, 302 | 303);
            let expected = if may_be_done { Kind::Unknown } else { Kind::Refused };
            assert_eq!(ran.error().kind, expected, "{action} {status}");
            assert_eq!((api.seen().len(), other.seen().len()), (1, 0), "{action} {status}");
        }
    }
}

#[tokio::test]
async fn what_was_not_sent_is_tried_again_when_the_server_says() {
    for action in ["sendSms", "setListeNoire", "comptage"] {
        let op = Op::of(action);
        let later = Answer::new(429, "").retry_after("1");
        let api = Api::new([(op.path, vec![later, Answer::ok(reply(op.reply))])]).await;
        let start = Instant::now();
        step(action, &api.url(), 0.5).run(op.message()).await.result();
        assert!(start.elapsed() >= Duration::from_secs(1), "{action}");
        assert_eq!(api.seen().len(), 2, "{action}");
    }
}

#[tokio::test]
async fn a_wait_beyond_the_patience_is_an_error_at_once() {
    let past = "Sun, 06 Nov 1994 08:49:37 GMT";
    for (retry_after, minutes, requests) in [("3600", 0.5, 1), ("1", 0.0, 1), (past, 0.05, 2)] {
        let op = Op::of("sendSms");
        let later = Answer::new(429, "").retry_after(retry_after);
        let answers = vec![later, Answer::ok(reply(op.reply))];
        let api = Api::new([(op.path, answers)]).await;
        let start = Instant::now();
        let ran = step("sendSms", &api.url(), minutes).run(op.message()).await;
        assert_eq!(ran.verdict.error.map(|it| it.kind), (requests == 1).then_some(Kind::NotSent));
        assert!(start.elapsed() < Duration::from_secs(3));
        assert_eq!(api.seen().len(), requests, "{retry_after}");
    }
}

#[tokio::test]
async fn only_what_may_be_repeated_is_tried_again_after_a_doubt() {
    for action in [
        "sendSms",
        "addShortlink",
        "subaccountAdd",
        "repertoireCrea",
        "getHlr",
        "repertoire",
        "subaccountEdit",
    ] {
        let op = Op::of(action);
        for doubt in [Answer::new(500, HTML), Answer::ok("")] {
            let api = Api::new([(op.path, vec![doubt, Answer::ok(reply(op.reply))])]).await;
            let ran = step(action, &api.url(), 0.5).run(op.message()).await;
            assert_eq!((ran.error().kind, api.seen().len()), (Kind::Unknown, 1), "{action}");
        }
    }
    for action in ["setListeNoire", "delListeNoire", "comptage", "getCredit"] {
        let op = Op::of(action);
        for doubt in [Answer::new(500, HTML), Answer::ok("")] {
            let api = Api::new([(op.path, vec![doubt, Answer::ok(reply(op.reply))])]).await;
            step(action, &api.url(), 0.5).run(op.message()).await.result();
            assert_eq!(api.seen().len(), 2, "{action}");
        }
    }
}

#[tokio::test]
async fn a_bulk_message_tells_it_of_each_recipient() {
    let op = Op::of("sendSmsMulti");
    for (status, fate, retry) in [
        (429, "notSent", true),
        (404, "refused", false),
        (500, "unknown", false),
        (200, "unknown", false),
    ] {
        let api = Api::new([(op.path, vec![Answer::new(status, HTML)])]).await;
        let ran = step(op.name, &api.url(), 0.0).run(op.message()).await;
        assert_eq!(ran.result()[fate], 2, "{status}");
        assert_eq!(ran.result().get("retry").is_some(), retry, "{status}");
        assert_eq!(api.seen().len(), 1);
    }
}
