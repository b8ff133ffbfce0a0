//! The five operations that the vendor moved, in every style, and how the right one is found.

use isendpro_connector::component::{Kind, Status, Tally};
use serde_json::{Value, json};

use super::downloads::zipped;
use super::operations::{MOVED, Op};
use super::run::{KEY, Step, reply, run};
use crate::http::{Answer, Api, Seen};

const HTML: &str = "<html><body>moved</body></html>";

fn yes(op: Op) -> Answer {
    if op.downloads() {
        Answer::ok(zipped("tel\n33680010203\n"))
    } else {
        Answer::ok(reply(op.reply))
    }
}

/// The style of a request, once it was found to hold just what it should.
fn style(op: Op, seen: &Seen) -> &'static str {
    assert_eq!(seen.path, format!("/cgi-bin/{}", op.path));
    assert_eq!(seen.accept, "application/json");
    let form = |text: &str| {
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(text).unwrap();
        Value::Object(pairs.into_iter().map(|(name, value)| (name, value.into())).collect())
    };
    let (style, fields) = match seen.content_type.as_str() {
        "" => ("published", form(&seen.query)),
        "application/json; charset=utf-8" => ("json", serde_json::from_str(&seen.body).unwrap()),
        "application/x-www-form-urlencoded" => ("form", form(&seen.body)),
        other => panic!("{other}"),
    };
    assert_eq!(fields, op.wire(KEY), "{style}");
    let method = if style == "published" { op.method } else { "POST" };
    assert_eq!(seen.method, method);
    assert!(if style == "published" { seen.body.is_empty() } else { seen.query.is_empty() });
    style
}

fn styles(op: Op, api: &Api) -> Vec<&'static str> {
    api.seen().iter().map(|it| style(op, it)).collect()
}

#[tokio::test]
async fn each_style_puts_the_same_fields_elsewhere() {
    for op in MOVED.map(Op::of) {
        for wanted in ["published", "json", "form"] {
            let api = Api::new([(op.path, vec![yes(op)])]).await;
            let step = Step::new(op.name, &api.url(), json!({"requestStyle": wanted}));
            step.run(op.message()).await.result();
            assert_eq!(styles(op, &api), [wanted], "{}", op.name);
        }
    }
}

#[tokio::test]
async fn a_query_is_encoded_as_forms_are() {
    let op = Op::of("getCampagne");
    let api = Api::new([(op.path, vec![yes(op)])]).await;
    run(op.name, &api.url(), op.message()).await.result();
    let expected = format!(
        "keyid={KEY}&rapportCampagne=1&date_deb=2026-07-01+00%3A00&date_fin=2026-07-13+23%3A00"
    );
    assert_eq!(api.seen()[0].query, expected);
}

#[tokio::test]
async fn the_report_of_sends_is_asked_for_at_the_root() {
    let op = Op::of("getCampagne");
    let api = Api::new([("", vec![yes(op)])]).await;
    let step = Step::new(op.name, &api.url(), json!({"rapportCampagne": "2"}));
    step.run(op.message()).await.result();
    let [seen] = api.seen().try_into().unwrap();
    assert_eq!((seen.method.as_str(), seen.path.as_str()), ("GET", "/cgi-bin/"));
    let dates = "date_deb=2026-07-01+00%3A00&date_fin=2026-07-13+23%3A00";
    assert_eq!(seen.query, format!("keyid={KEY}&rapportCampagne=2&{dates}"));
}

#[tokio::test]
async fn a_chosen_style_is_the_only_one() {
    for op in MOVED.map(Op::of) {
        let api = Api::new([(op.path, vec![Answer::new(405, HTML), yes(op)])]).await;
        let step = Step::new(op.name, &api.url(), json!({"requestStyle": "json"}));
        assert_eq!(step.run(op.message()).await.error().kind, Kind::Refused);
        assert_eq!(styles(op, &api), ["json"]);
    }
}

/// Answers that say that the style was not understood.
fn misunderstandings() -> [Answer; 6] {
    [
        Answer::new(404, HTML),
        Answer::new(405, ""),
        Answer::ok(HTML),
        Answer::ok(""),
        Answer::new(500, HTML),
        Answer::new(400, reply("general-error")),
    ]
}

#[tokio::test]
async fn auto_finds_what_is_understood_and_remembers_it() {
    for op in MOVED.map(Op::of) {
        for (failures, found) in [(1, "json"), (2, "form")] {
            for no in misunderstandings() {
                let mut answers = vec![no; failures];
                answers.push(yes(op));
                let api = Api::new([(op.path, answers)]).await;
                let step = Step::new(op.name, &api.url(), json!({}));
                step.run(op.message()).await.result();
                step.run(op.message()).await.result();
                let mut expected = ["published", "json", "form"][..=failures].to_vec();
                expected.push(found);
                assert_eq!(styles(op, &api), expected, "{}", op.name);
            }
        }
    }
}

#[tokio::test]
async fn auto_tries_no_other_style_when_asked_to_come_back_later() {
    for op in MOVED.map(Op::of) {
        let api = Api::new([(op.path, vec![Answer::new(429, ""), yes(op)])]).await;
        let step = Step::new(op.name, &api.url(), json!({}));
        let ran = step.run(op.message()).await;
        assert_eq!(
            (ran.error().kind, ran.verdict.tally),
            (Kind::NotSent, Tally::of(Status::NotSent))
        );
        assert_eq!(styles(op, &api), ["published"]);
        // And nothing was learned from it.
        step.run(op.message()).await.result();
        assert_eq!(styles(op, &api), ["published", "published"]);
    }
}

#[tokio::test]
async fn auto_reports_the_refusal_that_says_most() {
    let told = || Answer::new(400, reply("general-error"));
    let other = || Answer::new(400, reply("refused-45"));
    let vague = || Answer::new(404, HTML);
    let cases = [
        ([told(), vague(), vague()], Some(99)),
        ([vague(), told(), vague()], Some(99)),
        ([vague(), Answer::new(500, ""), told()], Some(99)),
        ([told(), other(), other()], Some(99)),
        ([vague(), other(), told()], Some(45)),
        ([vague(), Answer::new(405, ""), Answer::new(500, "")], None),
    ];
    for op in MOVED.map(Op::of).into_iter().filter(|it| it.name != "getCredit") {
        for (answers, code) in &cases {
            let fine = Answer::ok(reply("getCredit-text"));
            let api = Api::new([(op.path, answers.to_vec()), ("credit", vec![fine])]).await;
            let ran = run(op.name, &api.url(), op.message()).await;
            let error = ran.error();
            assert_eq!((error.kind, error.code), (Kind::Refused, *code), "{}: {error}", op.name);
            assert!(code.is_some() || error.what.contains("404"), "the first one: {error}");
            assert_eq!(api.count(op.path), 3);
        }
    }
}

#[tokio::test]
async fn each_operation_learns_for_itself() {
    let fine = Answer::ok(reply("setListeNoire-listed"));
    let routes = [
        ("setlistenoire", vec![Answer::new(404, HTML), fine.clone()]),
        ("dellistenoire", vec![fine]),
    ];
    let api = Api::new(routes).await;
    for name in ["setListeNoire", "delListeNoire"] {
        run(name, &api.url(), Op::of(name).message()).await.result();
    }
    assert_eq!((api.count("setlistenoire"), api.count("dellistenoire")), (2, 1));
}
