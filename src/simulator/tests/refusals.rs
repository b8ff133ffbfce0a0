//! Requests that are refused as a whole, and those that just pass.

use super::*;

/// Sends with some fields changed; the code of the answer.
async fn with(server: &Simulator, changes: Value) -> String {
    let mut fields = sms_to("0680010203");
    for (name, value) in changes.as_object().unwrap() {
        fields[name] = value.clone();
    }
    post(server, "sms", &fields).await.code()
}

#[tokio::test]
async fn fields_are_checked() {
    let server = simulator().await;
    for (changes, code) in [
        (json!({"num": null}), "910"),
        (json!({"sms": ""}), "910"),
        (json!({"num": ["0680010203"]}), "911"),
        (json!({"numAzur": "0"}), "911"),
        (json!({"nostop": true}), "911"),
        (json!({"smslong": "0"}), "911"),
        (json!({"sandbox": 2}), "911"),
        (json!({"emetteur": "abc"}), "911"),
        (json!({"emetteur": "123456"}), "911"),
        (json!({"emetteur": "douze lettres"}), "911"),
        (json!({"tracker": "a-b"}), "911"),
        (json!({"tracker": "a".repeat(50)}), "911"),
        (json!({"date_envoi": "2030-01-01"}), "912"),
        (json!({"date_envoi": "2030-01-01 10:00", "gmt_zone": "Europe/Paris"}), "912"),
        (json!({"keyid": "refused-key"}), "902"),
        (json!({"keyid": " "}), "901"),
        (json!({"keyid": "empty-key"}), "903"),
    ] {
        assert_eq!(with(&server, changes.clone()).await, code, "{changes}");
    }
    assert_eq!(server.sent(), []);
}

#[tokio::test]
async fn numbers_and_strings_are_taken_alike() {
    let server = simulator().await;
    for changes in [
        json!({"num": 33_680_010_203_u64, "smslong": 999, "nostop": 1, "tracker": 12}),
        json!({"num": "+33680010203", "smslong": "2", "emetteur": "SO-SHOOTING"}),
        json!({"date_envoi": "2030-01-01 10:00", "gmt_zone": "Europe/Brussels", "numAzur": "1"}),
    ] {
        assert_eq!(with(&server, changes.clone()).await, "0", "{changes}");
    }
    let sent = server.sent();
    assert!(sent.iter().all(|sent| sent.tel == "33680010203"));
    assert_eq!(sent[2].due.as_deref(), Some("2030-01-01T09:00:00.000Z"));
}

#[tokio::test]
async fn long_texts_need_smslong() {
    let server = simulator().await;
    let long = |length: usize| "a".repeat(length);
    for (changes, code) in [
        (json!({"sms": long(160)}), "0"),
        (json!({"sms": long(161)}), "921"),
        (json!({"sms": long(161), "smslong": "2"}), "0"),
        (json!({"sms": long(307), "smslong": "2"}), "921"),
        (json!({"sms": long(918), "smslong": "999"}), "0"),
        (json!({"sms": long(919), "smslong": "999"}), "921"),
        (json!({"sms": long(149), "emetteur": "iSendPro"}), "921"),
        (json!({"sms": long(149), "emetteur": "iSendPro", "nostop": "1"}), "0"),
        (json!({"sms": "forêt"}), "920"),
        (json!({"sms": "forêt", "ucs2": "1", "num": "4915112345678"}), "0"),
        (json!({"sms": "forêt", "ucs2": "1"}), "924"),
    ] {
        assert_eq!(with(&server, changes.clone()).await, code, "{changes}");
    }
    let parts: Vec<_> = server.sent().iter().map(|sent| sent.parts).collect();
    assert_eq!(parts, [1, 2, 6, 1, 1]);
}

#[tokio::test]
async fn smsmulti_has_one_text_or_one_each() {
    let server = simulator().await;
    let send = async |sms: Value| {
        let fields = json!({"keyid": "key-01", "num": ["0600000001", "0600000002"], "sms": sms});
        post(&server, "smsmulti", &fields).await
    };
    for sms in [json!("a"), json!(["a"]), json!(["a", "b"])] {
        assert_eq!(send(sms).await.status, 200);
    }
    for sms in [json!(["a", "b", "c"]), json!([]), json!(["a", ""]), json!({"a": "b"})] {
        assert_eq!(send(sms.clone()).await.status, 400, "{sms}");
    }
    let texts: Vec<_> = server.sent().into_iter().map(|sent| sent.sms).collect();
    assert_eq!(texts, ["a", "a", "a", "a", "a", "b"]);
}

#[tokio::test]
async fn constants_are_checked() {
    let server = simulator().await;
    for (method, operation) in [
        ("POST", "comptage"),
        ("POST", "hlr"),
        ("POST", "credit"),
        ("POST", "campagne"),
        ("POST", "setlistenoire"),
        ("POST", "dellistenoire"),
        ("POST", "getlistenoire"),
        ("POST", "repertoire"),
        ("PUT", "repertoire"),
        ("POST", "shortlink"),
        ("POST", "subaccount"),
        ("PUT", "subaccount"),
        ("POST", "smsmulti"),
    ] {
        let answer = call(&server, method, operation, &json!({"keyid": "key-01"})).await;
        assert_eq!((answer.status, &*answer.code()), (400, "910"), "{operation}");
    }
    let broken = exchange(&server, "POST", "/cgi-bin/sms", "{").await.unwrap();
    assert_eq!((broken.status, &*broken.code()), (400, "904"));
}

#[tokio::test]
async fn a_form_is_as_good_as_json() {
    let server = simulator().await;
    let form = "keyid=key-01&num=0680010203&sms=Bonjour+%C3%A0+tous";
    let answer = exchange(&server, "POST", "/cgi-bin/sms", form).await.unwrap();
    assert_eq!(answer.code(), "0");
    assert_eq!(server.sent()[0].sms, "Bonjour à tous");
}

#[tokio::test]
async fn moved_operations_take_the_styles_they_are_told_to() {
    use crate::simulator::Accepts::{Any, Form, Json, Published};
    for (requests, expected) in [
        (Published, [200, 405, 405]),
        (Json, [405, 200, 400]),
        (Form, [405, 400, 200]),
        (Any, [200, 200, 200]),
    ] {
        let options = Options { requests, ..Options::default() };
        let server = start(options).await.unwrap();
        let query = exchange(&server, "GET", "/cgi-bin/credit?keyid=key-01&credit=1", "").await;
        let body = r#"{"keyid":"key-01","credit":"1"}"#;
        let json = exchange(&server, "POST", "/cgi-bin/credit", body).await;
        let form = exchange(&server, "POST", "/cgi-bin/credit", "keyid=key-01&credit=1").await;
        let statuses = [query, json, form].map(|answer| answer.unwrap().status);
        assert_eq!(statuses, expected, "{requests:?}");
    }
}

#[tokio::test]
async fn other_paths_and_methods_are_no_envelope() {
    let server = simulator().await;
    let unknown = exchange(&server, "GET", "/cgi-bin/nothing", "").await.unwrap();
    assert_eq!((unknown.status, unknown.json()), (404, Value::Null));
    let method = exchange(&server, "GET", "/cgi-bin/sms", "").await.unwrap();
    assert_eq!((method.status, method.json()), (405, Value::Null));
}
