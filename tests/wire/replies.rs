//! Recorded replies, in every shape that the API's description and its examples have: one file each.

use std::collections::BTreeSet;

use isendpro_connector::component::{Kind, Reason};
use serde_json::{Value, json};

use super::operations::{OPS, Op};
use super::run::{Ran, Step, holds, reply, run};
use crate::http::{Answer, Api};

/// What an action makes of a reply that says yes.
const ANSWERED: [(&str, &str); 31] = [
    (
        "sendSms-list-number",
        r#"{"status":"accepted","num":"06 80 01 02 03","tel":"33680010203","code":0,"message":"Votre message a bien ete envoye"}"#,
    ),
    ("sendSms-object-text", r#"{"status":"accepted","code":0,"message":"hello world!"}"#),
    ("sendSms-level-lost", r#"{"status":"accepted","code":0,"tel":"33680010203"}"#),
    ("sendSms-level-lost-list", r#"{"status":"accepted","code":0,"tel":"33680010203"}"#),
    ("sendSms-masked", r#"{"status":"accepted","code":0,"tel":"33680010203"}"#),
    ("sendSms-no-number", r#"{"status":"accepted","code":0,"tel":"33680010203"}"#),
    ("sendSms-tel-number", r#"{"status":"accepted","code":0,"smslong":2}"#),
    ("sendSms-parts", r#"{"status":"accepted","code":0,"smslong":3}"#),
    ("sendSms-unknown-fields", r#"{"status":"accepted","code":0}"#),
    ("sendSms-bom", r#"{"status":"accepted","message":"Votre message à bien été envoyé"}"#),
    (
        "sendSms-blacklisted",
        r#"{"status":"refused","code":11,"reason":"blacklisted","message":"Le numéro de téléphone est dans la liste noire!"}"#,
    ),
    (
        "sendSms-not-allocated-1252",
        r#"{"status":"refused","code":21,"reason":"notAllocated","message":"Le numéro de téléphone n'est pas attribué!"}"#,
    ),
    ("sendSms-other-code", r#"{"status":"refused","code":42,"reason":"other","message":"Refus"}"#),
    ("comptage-object", r#"{"nb_caractere":222,"nb_sms":2,"tel":"0680010203"}"#),
    ("comptage-list-number", r#"{"nb_caractere":222,"nb_sms":2,"tel":"0680010203"}"#),
    ("comptage-level-lost", r#"{"nb_caractere":222,"nb_sms":2,"tel":"0680010203"}"#),
    ("getCredit-text", r#"{"credit":10.0}"#),
    ("getCredit-number", r#"{"credit":10.5,"quantite":250}"#),
    ("getCredit-quantity", r#"{"credit":12.4,"quantite":250}"#),
    ("getCredit-deeper", r#"{"credit":-1.5,"quantite":0}"#),
    ("setListeNoire-listed", r#"{"listeNoire":"OK","tel":"0680010203"}"#),
    ("setListeNoire-level-lost", r#"{"listeNoire":"ok","tel":"0680010203"}"#),
    ("delListeNoire-listed", r#"{"listeNoire":"OK","tel":"33680010203"}"#),
    ("repertoireCrea-created", r#"{"repertoireId":"100001","code":0,"message":"Repertoire cree"}"#),
    (
        "repertoireCrea-id-number",
        r#"{"repertoireId":"100001","code":310,"message":"Le repertoire a ete cree"}"#,
    ),
    (
        "repertoire-unknown-codes",
        r#"{"repertoireId":"100001","results":[{"tel":"06123456789","code":320,"message":"Ajoute"},{"tel":"07123456789","code":321,"message":"Deja present"}]}"#,
    ),
    (
        "addShortlink-created",
        r#"{"shortlink":"ww.sms.ht/aOHi","code":250,"message":"Le lien court a ete genere"}"#,
    ),
    ("addShortlink-text", r#"{"shortlink":"ww.sms.ht/aOHi","code":250}"#),
    (
        "subaccountAdd-created",
        r#"{"subAccountId":"20150","subAccountKeyId":"a9bc68fe78","subAccountLogin":"marion.peltier.agence06","code":230,"message":"Le sous compte a ete ajoute"}"#,
    ),
    (
        "subaccountAdd-text",
        r#"{"subAccountId":"20150","code":230,"message":"Le sous compte a ete ajoute"}"#,
    ),
    (
        "subaccountEdit-changed",
        r#"{"subAccountId":"20150","code":240,"message":"Le sous compte a ete modifie"}"#,
    ),
];

/// The name of a recorded reply begins with that of its action.
async fn answered(name: &str, answer: impl Fn(Vec<u8>) -> Answer) -> Ran {
    let op = Op::of(name.split_once('-').unwrap().0);
    let api = Api::new([(op.path, vec![answer(reply(name))])]).await;
    let ran = run(op.name, &api.url(), op.message()).await;
    assert_eq!(api.count(op.path), 1, "{name}");
    ran
}

#[tokio::test]
async fn replies_are_read_in_every_shape() {
    for (name, expected) in ANSWERED {
        let ran = answered(name, Answer::ok).await;
        let expected: Value = serde_json::from_str(expected).unwrap();
        assert!(holds(ran.result(), &expected), "{name}: {}", ran.result());
    }
}

#[tokio::test]
async fn the_content_type_says_nothing() {
    for content_type in
        ["", "text/html; charset=iso-8859-1", "application/octet-stream", "etat", "file"]
    {
        for (name, _) in ANSWERED.iter().step_by(5) {
            answered(name, |it| Answer::ok(it).content_type(content_type)).await.result();
        }
    }
}

#[tokio::test]
async fn a_reply_beats_the_http_status() {
    for (name, expected) in ANSWERED {
        // Where codes are not published, only the status tells yes from no.
        let undocumented = ["repertoire", "subaccountEdit"].iter().any(|it| name.starts_with(it));
        for status in [400, 500, 429] {
            let ran = answered(name, |it| Answer::new(status, it)).await;
            if undocumented {
                let kind = ran.error().kind;
                let expected = match status {
                    400 => Kind::Refused,
                    429 => Kind::NotSent,
                    _ => Kind::Unknown,
                };
                assert_eq!(kind, expected, "{name} {status}");
            } else if (name, status) == ("sendSms-other-code", 500) {
                // Nobody knows what it says beside a server error.
                assert_eq!((ran.error().kind, ran.error().code), (Kind::Unknown, Some(42)));
            } else {
                let expected: Value = serde_json::from_str(expected).unwrap();
                assert!(holds(ran.result(), &expected), "{name} {status}: {}", ran.result());
            }
        }
    }
}

#[tokio::test]
async fn replies_that_do_not_say_yes_are_errors() {
    let cases = [
        (
            "sendSms-no-entry",
            Kind::Unknown,
            None,
            Reason::Unavailable,
            "MAY HAVE BEEN SENT, retrying may send twice: HTTP 200 with a JSON text of another kind",
        ),
        (
            "sendSms-truncated",
            Kind::Unknown,
            None,
            Reason::Unavailable,
            "MAY HAVE BEEN SENT, retrying may send twice: HTTP 200 with a JSON text that breaks off",
        ),
        (
            "sendSms-stray-letter",
            Kind::Unknown,
            None,
            Reason::Unavailable,
            "MAY HAVE BEEN SENT, retrying may send twice: HTTP 200 with a JSON text that breaks off",
        ),
        (
            "setListeNoire-not-listed",
            Kind::Refused,
            None,
            Reason::Other,
            "REFUSED by iSendPro, nothing done: the blacklist answers \"KO\"",
        ),
        (
            "getHlr-not-allocated",
            Kind::Refused,
            Some(21),
            Reason::NotAllocated,
            "REFUSED by iSendPro (code 21, notAllocated), nothing done: non attribue",
        ),
        (
            "addShortlink-zero",
            Kind::Refused,
            Some(0),
            Reason::Other,
            "REFUSED by iSendPro (code 0), nothing done: Lien vide",
        ),
    ];
    for (name, kind, code, reason, said) in cases {
        let op = Op::of(name.split_once('-').unwrap().0);
        let fine = Answer::ok(reply("getCredit-text"));
        let api =
            Api::new([(op.path, vec![Answer::ok(reply(name))]), ("credit", vec![fine])]).await;
        let step = Step::new(op.name, &api.url(), json!({"requestStyle": "published"}));
        let ran = step.run(op.message()).await;
        let error = ran.error();
        assert_eq!((error.kind, error.code, error.reason), (kind, code, Some(reason)), "{name}");
        assert!(error.to_string().starts_with(said), "{name}: {error}");
        assert_eq!(api.count(op.path), 1);
    }
}

#[tokio::test]
async fn a_refused_number_is_an_error_where_the_step_says_so() {
    let api = Api::new([("sms", vec![Answer::ok(reply("sendSms-blacklisted"))])]).await;
    let step = Step::new("sendSms", &api.url(), json!({"whenRefused": "throw"}));
    let said = step.run(Op::of("sendSms").message()).await.error().to_string();
    assert!(
        said.starts_with("REFUSED by iSendPro (code 11, blacklisted), nothing sent: Le num"),
        "{said}"
    );
}

/// What a general error says of the account, told by the credit.
#[tokio::test]
async fn a_general_error_is_refused_or_an_account_problem() {
    let cases = [
        ("getCredit-text", Kind::Refused, "REFUSED by iSendPro (code 99), nothing "),
        (
            "getCredit-none",
            Kind::AccountCredit,
            "REFUSED by iSendPro (code 99, no credit), nothing ",
        ),
        (
            "general-error",
            Kind::AccountKey,
            "REFUSED by iSendPro (code 99, key or address), nothing ",
        ),
    ];
    let settled_by_bulk = |op: &Op| op.name == "sendSmsMulti";
    for op in OPS.into_iter().filter(|it| !settled_by_bulk(it) && it.name != "getCredit") {
        for (credit, kind, said) in cases {
            let routes = [
                (op.path, vec![Answer::new(400, reply("general-error"))]),
                ("credit", vec![Answer::ok(reply(credit))]),
            ];
            let api = Api::new(routes).await;
            let step = Step::new(op.name, &api.url(), json!({"requestStyle": "published"}));
            let ran = step.run(op.message()).await;
            let error = ran.error();
            assert_eq!((error.kind, error.code), (kind, Some(99)), "{}", op.name);
            assert!(error.to_string().starts_with(said), "{}: {error}", op.name);
            assert_eq!(ran.verdict.account.is_some(), kind != Kind::Refused, "{}", op.name);
            assert_eq!((api.count(op.path), api.count("credit")), (1, 1), "{}", op.name);
        }
    }
}

#[tokio::test]
async fn operators_are_told_number_by_number() {
    let cases = [
        ("getHlr-list", json!([["accepted", "ORAN"], ["accepted", "SFR0"]])),
        ("getHlr-question-mark", json!([["accepted", "?"], ["accepted", "Numero blackliste"]])),
        ("getHlr-object", json!([["accepted", "ORAN"], ["unknown", null]])),
    ];
    for (name, expected) in cases {
        let ran = answered(name, Answer::ok).await;
        let results = ran.result()["results"].as_array().unwrap().iter();
        let told: Value = results.map(|it| json!([it["status"], it["operateur"]])).collect();
        assert_eq!(told, expected, "{name}");
    }
}

#[tokio::test]
async fn what_the_sender_gave_comes_back_with_the_result() {
    let api = Api::new([("sms", vec![Answer::ok(reply("sendSms-unknown-fields"))])]).await;
    let body = json!({"num": "0680010203", "sms": "a", "tracker": "t1", "reference": 7,
        "meta": {"customer": [1, null]}, "raw": true});
    let ran = run("sendSms", &api.url(), body).await;
    let raw: Value = serde_json::from_slice(&reply("sendSms-unknown-fields")).unwrap();
    let expected =
        json!({"tracker": "t1", "reference": "7", "meta": {"customer": [1, null]}, "raw": raw});
    assert!(holds(ran.result(), &expected), "{}", ran.result());
}

#[test]
fn every_recorded_reply_is_used() {
    let here = env!("CARGO_MANIFEST_DIR");
    let sources: String = ["replies", "operations", "bulk", "styles", "judge", "secrets"]
        .map(|it| std::fs::read_to_string(format!("{here}/tests/wire/{it}.rs")).unwrap())
        .concat();
    let files = std::fs::read_dir(format!("{here}/tests/resources/replies")).unwrap();
    let names: BTreeSet<String> =
        files.map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
    for name in names {
        let name = name.strip_suffix(".json").unwrap();
        assert!(sources.contains(&format!("\"{name}\"")), "{name}");
    }
}
