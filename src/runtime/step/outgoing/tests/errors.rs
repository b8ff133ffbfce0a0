//! Errors, and the input that goes with them.

use super::*;

#[test]
fn an_error_goes_with_the_input_in_the_first_protocol() {
    let settings = settings(&[]);
    let cipher = &settings.broker.as_ref().unwrap().cipher;
    let plain = br#"{"body":{"num":"06"}}"#;
    let first = String::from_utf8(cipher.encrypt(plain, Protocol::V1)).unwrap();
    let error = Error::invalid("num", "is too short").hint("give ten digits");
    for (payload, version) in
        [(first.clone().into_bytes(), 1), (cipher.encrypt(plain, Protocol::V2), 2)]
    {
        let properties = properties(&[("protocolVersion", AMQPValue::LongInt(version))]);
        let incoming = Incoming::decode(payload, properties, cipher, InputFormat::Default).unwrap();
        let published =
            outgoing(&settings, Some(&incoming)).error(&error, ID, Input::Given).unwrap();
        let payload: Value = serde_json::from_slice(&published.payload).unwrap();
        assert_eq!(payload["errorInput"], first, "protocol {version}");
        let shown = opened(&settings, payload["error"].as_str().unwrap().as_bytes(), Protocol::V1);
        let text = "INVALID, nothing sent: num: is too short; give ten digits";
        let expected =
            json!({"name": "invalid", "message": text, "stack": format!("invalid: {text}")});
        assert_eq!(shown.to_string(), expected.to_string(), "in this order");
    }
}

#[test]
fn what_cannot_be_decrypted_is_reported_all_the_same() {
    let settings = settings(&[]);
    let cipher = &settings.broker.as_ref().unwrap().cipher;
    for (payload, version, expected) in [
        (b"garbage".to_vec(), 1, "garbage"),
        (vec![0xff, 0xfe], 1, "//4="),
        (vec![1, 2], 2, "AQI="),
    ] {
        let properties = properties(&[("protocolVersion", AMQPValue::LongInt(version))]);
        let met = Incoming::decode(payload, properties, cipher, InputFormat::Default).unwrap_err();
        let published =
            outgoing(&settings, Some(&met.incoming)).error(&met.error, ID, Input::Given).unwrap();
        let payload: Value = serde_json::from_slice(&published.payload).unwrap();
        assert_eq!(payload["errorInput"], expected);
    }
}

#[test]
fn an_error_at_the_start_has_neither_input_nor_times() {
    let settings = settings(&[]);
    let out = outgoing(&settings, None);
    let error = Error::config("server", "is unknown");
    let published = out.error(&error, ID, Input::Given).unwrap();
    let payload: Value = serde_json::from_slice(&published.payload).unwrap();
    assert_eq!(payload.as_object().unwrap().keys().collect::<Vec<_>>(), ["error"]);
    assert_eq!(
        names(&published),
        [
            "compId",
            "containerId",
            "execId",
            "function",
            "messageId",
            "stepId",
            "taskId",
            "userId",
            "workspaceId"
        ]
    );
    assert_eq!(out.error_reply(&error, ID).unwrap(), None);
    assert!(out.rebound("later", 1).is_err() && out.next_rebound().is_none());
}

#[test]
fn whoever_waits_for_an_answer_gets_errors_too() {
    let settings = settings(&[]);
    let incoming = delivered(&json!({}), &[("reply_to", "k.reply")]);
    let out = outgoing(&settings, Some(&incoming));
    let error = Error::invalid("num", "is missing");
    let reply = out.error_reply(&error, ID).unwrap().unwrap();
    let payload: Value =
        serde_json::from_slice(&out.error(&error, ID, Input::Given).unwrap().payload).unwrap();
    assert_eq!(payload["error"], String::from_utf8_lossy(&reply.payload).as_ref());
    assert_eq!((&headers(&reply)["x-eio-error-response"], reply.kind), (&json!(true), Kind::Reply));
    let silent = super::settings(&[("ELASTICIO_NO_ERROR_REPLIES", "true")]);
    assert_eq!(outgoing(&silent, Some(&incoming)).error_reply(&error, ID).unwrap(), None);
    let nobody = delivered(&json!({}), &[]);
    let error = outgoing(&silent, Some(&nobody)).http_reply(200, "", &Map::new(), ID).unwrap_err();
    assert!(error.what.contains("reply_to"), "{error}");
    let long = delivered(&json!({}), &[("reply_to", &"k".repeat(256))]);
    assert!(outgoing(&settings, Some(&long)).error_reply(&error, ID).is_err());
}

#[test]
fn the_input_of_an_error_has_no_key_either_where_no_step_reads_it() {
    let settings = settings(&[]);
    let cipher = &settings.broker.as_ref().unwrap().cipher;
    let error = Error::invalid("num", "is too short");
    let told = |payload: Vec<u8>, version| {
        let properties = properties(&[("protocolVersion", AMQPValue::LongInt(version))]);
        let read = Incoming::decode(payload, properties, cipher, InputFormat::Default);
        let incoming = read.unwrap_err().incoming;
        let published =
            outgoing(&settings, Some(&incoming)).error(&error, ID, Input::Given).unwrap();
        let payload: Value = serde_json::from_slice(&published.payload).unwrap();
        payload["errorInput"].as_str().unwrap().to_owned()
    };
    let bare = json!({"keyid": "k1", "num": "06"}).to_string();
    let hidden = json!({"keyid": "***", "num": "06"});
    let input = told(cipher.encrypt(bare.as_bytes(), Protocol::V2), 2);
    assert_eq!(opened(&settings, input.as_bytes(), Protocol::V1), hidden);
    for (body, hidden) in [
        (json!({"body": {"keyid": "k1"}}), json!({"body": {"keyid": "***"}})),
        (json!({"keyid": "k1", "num": "06"}), hidden),
    ] {
        for version in [1, 2] {
            let input = told(body.to_string().into_bytes(), version);
            assert_eq!(serde_json::from_str::<Value>(&input).unwrap(), hidden, "{version}");
        }
    }
    assert_eq!(told(b"keyid k1".to_vec(), 1), "keyid k1");
}

#[test]
fn the_input_of_an_error_has_no_key_of_its_own() {
    let settings = settings(&[]);
    let cipher = &settings.broker.as_ref().unwrap().cipher;
    let error = Error::invalid("num", "is too short");
    for (body, told) in [
        (json!({"keyid": "k1", "num": 1.50}), json!({"keyid": "***", "num": 1.50})),
        (json!({"keyid:k1": 1, "num": "06"}), json!({"keyid***": "***", "num": "06"})),
        (json!({"requestBody": {"KeyId ": "k1"}}), json!({"requestBody": {"KeyId ": "***"}})),
        (json!({"subAccountPassword": "k1"}), json!({"subAccountPassword": "***"})),
        (
            json!({"meta": {"keyid": "own"}, "keyid": "k1"}),
            json!({"meta": {"keyid": "own"}, "keyid": "***"}),
        ),
    ] {
        let plain = json!({"id": "1", "body": body, "headers": {"a": "b"}}).to_string();
        for (protocol, version) in [(Protocol::V1, 1), (Protocol::V2, 2)] {
            let properties = properties(&[("protocolVersion", AMQPValue::LongInt(version))]);
            let payload = cipher.encrypt(plain.as_bytes(), protocol);
            let incoming =
                Incoming::decode(payload, properties, cipher, InputFormat::Default).unwrap();
            let published =
                outgoing(&settings, Some(&incoming)).error(&error, ID, Input::Given).unwrap();
            let payload: Value = serde_json::from_slice(&published.payload).unwrap();
            let input = payload["errorInput"].as_str().unwrap().as_bytes();
            let expected = json!({"id": "1", "body": told, "headers": {"a": "b"}});
            assert_eq!(opened(&settings, input, Protocol::V1), expected, "protocol {version}");
        }
    }
}
