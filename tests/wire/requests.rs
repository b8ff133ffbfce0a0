//! What leaves: method, path, headers and every field, exactly.

use serde_json::{Value, json};

use super::operations::{MOVED, OPS, Op};
use super::run::{KEY, Step, next_month, reply, run};
use crate::http::{Answer, Api, Seen};

const JSON: &str = "application/json; charset=utf-8";

/// The only request that this message leads to.
async fn request(op: Op, settings: Value, message: Value) -> Seen {
    let api = Api::new([(op.path, vec![Answer::ok(reply(op.reply))])]).await;
    Step::new(op.name, &api.url(), settings).run(message).await.result();
    let mut seen = api.seen();
    assert_eq!(seen.len(), 1, "{op:?}");
    seen.remove(0)
}

fn json_of(seen: &Seen) -> Value {
    serde_json::from_str(&seen.body).unwrap()
}

#[tokio::test]
async fn each_operation_is_asked_for_as_documented() {
    for op in OPS.into_iter().filter(|it| !MOVED.contains(&it.name)) {
        let seen = request(op, json!({}), op.message()).await;
        let expected = Seen {
            method: op.method.to_owned(),
            path: format!("/cgi-bin/{}", op.path),
            content_type: JSON.to_owned(),
            accept: "application/json".to_owned(),
            body: seen.body.clone(),
            ..Seen::default()
        };
        assert_eq!(seen, expected, "{}", op.name);
        assert_eq!(json_of(&seen), op.wire(KEY), "{}", op.name);
    }
}

#[tokio::test]
async fn every_documented_field_of_a_message_goes_out_as_documented() {
    let date = next_month();
    let common = json!({"emetteur": "iSendPro", "smslong": 3, "date_envoi": date,
        "gmt_zone": "Europe/Brussels", "nostop": true, "ucs2": "on", "numAzur": 1, "sandbox": "1"});
    // Parts are as many as the text needs, not as many as it might have.
    let written = json!({"keyid": KEY, "emetteur": "iSendPro", "smslong": "1", "nostop": "1",
        "date_envoi": date, "gmt_zone": "Europe/Brussels", "ucs2": "1",
        "numAzur": "1", "sandbox": 1});
    let own = [
        (
            "sendSms",
            json!({"num": "0692010203", "sms": "à", "tracker": "rdv4711"}),
            json!({"num": "262692010203", "sms": "à", "tracker": "rdv4711"}),
        ),
        (
            "sendSmsMulti",
            json!({"num": ["0692010203", "0692010204"], "sms": ["a", "b"], "tracker": ["t1", "t2"]}),
            json!({"num": ["262692010203", "262692010204"], "sms": ["a", "b"], "tracker": ["t1", "t2"]}),
        ),
        (
            "comptage",
            json!({"num": "0680010203", "sms": "a", "tracker": "t", "smslong": "999"}),
            json!({"num": "33680010203", "sms": "a", "tracker": "t", "smslong": "999", "comptage": "1"}),
        ),
    ];
    for (name, own, own_written) in own {
        // An answer that fits any number.
        let op = match Op::of(name) {
            op if name == "sendSms" => Op { reply: "sendSms-no-number", ..op },
            op => op,
        };
        let seen = request(op, json!({}), joined(&common, &own)).await;
        assert_eq!(json_of(&seen), joined(&written, &own_written), "{name}");
    }
}

fn joined(some: &Value, more: &Value) -> Value {
    let mut all = some.as_object().unwrap().clone();
    all.extend(more.as_object().unwrap().clone());
    Value::Object(all)
}

#[tokio::test]
async fn a_directory_is_sent_to_beside_numbers_as_text() {
    let message = json!({"num": "0680010203; 0680010204", "sms": "a, b", "repertoireId": 100_001});
    let seen = request(Op::of("sendSmsMulti"), json!({}), message).await;
    let expected = json!({"keyid": KEY, "num": ["33680010203", "33680010204"], "sms": ["a, b"],
        "repertoireId": "100001", "smslong": "1"});
    assert_eq!(json_of(&seen), expected);
}

#[tokio::test]
async fn unset_flags_are_left_out_and_the_count_takes_no_other_limit_than_999() {
    let unset = json!({"num": "0680010203", "sms": "a", "nostop": false, "ucs2": 0, "numAzur": "off",
        "sandbox": null, "emetteur": "", "tracker": null, "smslong": 2});
    let seen = request(Op::of("comptage"), json!({}), unset).await;
    assert_eq!(
        json_of(&seen),
        json!({"keyid": KEY, "comptage": "1", "num": "33680010203", "sms": "a"})
    );
}

#[tokio::test]
async fn a_directory_takes_27_lists_beside_its_numbers() {
    let mut message = json!({"repertoireId": "100001", "num": ["0680010203", "0680010204"]});
    for place in 1..=27 {
        message[format!("champ{place}")] = json!([format!("{place}a"), format!("{place}b")]);
    }
    for edit in ["add", "del"] {
        let op = Op::of("repertoire");
        let seen = request(op, json!({"repertoireEdit": edit}), message.clone()).await;
        let mut expected = message.clone();
        expected["num"] = json!(["33680010203", "33680010204"]);
        expected["keyid"] = KEY.into();
        expected["repertoireEdit"] = edit.into();
        assert_eq!(json_of(&seen), expected);
    }
}

#[tokio::test]
async fn each_change_of_a_sub_account_has_its_fields() {
    let changes = [
        json!({"subAccountEdit": "setPrice", "subAccountPrice": "0.05", "subAccountCountryCode": "FR"}),
        json!({"subAccountEdit": "addCredit", "subAccountAddCredit": "2"}),
        json!({"subAccountEdit": "setRestriction", "subAccountRestrictionStop": "1",
            "subAccountRestrictionTime": "0"}),
    ];
    for mut change in changes {
        change["subAccountKeyId"] = "a9bc68fe78".into();
        let seen = request(Op::of("subaccountEdit"), json!({}), change.clone()).await;
        change["keyid"] = KEY.into();
        assert_eq!((seen.method.as_str(), json_of(&seen)), ("PUT", change));
    }
}

#[tokio::test]
async fn settings_and_the_body_may_change_what_goes_out() {
    let op = Op::of("sendSms");
    let seen = request(op, json!({"emetteur": "Garage"}), op.message()).await;
    assert_eq!(json_of(&seen)["emetteur"], "Garage");

    let nested = json!({"requestBody": {"keyid": "of another account", "num": 33_680_010_203_u64,
        "sms": "a", "meta": {"a": 1}, "reference": "r", "raw": true}});
    let seen = request(op, json!({}), nested).await;
    let expected =
        json!({"keyid": "of another account", "num": "33680010203", "sms": "a", "smslong": "1"});
    assert_eq!(json_of(&seen), expected);

    let op = Op::of("getHlr");
    let seen = request(op, json!({}), json!({"num": "0680010203,0680010204", "getHLR": "1"})).await;
    assert_eq!(json_of(&seen), op.wire(KEY));
}

#[tokio::test]
async fn numbers_that_cannot_be_called_are_not_asked_for() {
    let api = Api::new([("smsmulti", vec![Answer::ok(reply("sendSmsMulti-accepted"))])]).await;
    let message = json!({"num": ["0142000000", "0680010203", "+33 6 80 01 02 03", "36180", "0680010204"],
        "sms": ["a", "b", "b", "d", "e"], "tracker": ["t1", "t2", "t3", "t4", "t5"]});
    let ran = run("sendSmsMulti", &api.url(), message).await;
    let expected = json!({"keyid": KEY, "num": ["33680010203", "33680010204"], "sms": ["b", "e"],
        "tracker": ["t2", "t5"], "smslong": "1"});
    assert_eq!(json_of(&api.seen()[0]), expected);
    let counts = ["accepted", "refused", "duplicate"].map(|it| ran.result()[it].as_u64().unwrap());
    assert_eq!(counts, [2, 2, 1]);

    for (name, message) in [
        ("sendSmsMulti", json!({"num": ["0142000000"], "sms": "a"})),
        ("getHlr", json!({"num": ["0142000000"]})),
    ] {
        run(name, &api.url(), message).await.result();
    }
    assert_eq!(api.seen().len(), 1);
}
